//! The text of a cell, and what it means: numbers, amounts, dates, statuses.

pub(crate) mod amount;
pub(crate) mod date;
pub(crate) mod status;
pub(crate) mod tally;
pub(crate) mod value;
