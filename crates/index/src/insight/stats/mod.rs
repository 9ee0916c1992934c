//! The statistics of the insights: plain functions of counts. What they are held against is in `tests/insights`.

mod discovery;
mod fisher;
mod proportion;
mod survival;

pub use discovery::discovery;
pub use fisher::fisher;
pub use proportion::{Difference, Rate, Ratio, SMALL, difference, ratio, wilson};
pub use survival::{Exits, Median, Row, life_table, median};

/// The standard normal quantile of 0.975, which makes an interval a 95% one. 1.96 is off in the sixth digit.
pub const Z: f64 = 1.959963984540054;

/// The two ends of a 95% confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}
