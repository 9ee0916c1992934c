//! The first and the last of dates: civil days and instants are told apart and compared in a zone.

use filter::{
    calendar::first_instant,
    value::{Instant, Moment},
};
use jiff::{civil::Date, tz::TimeZone};

use crate::{Extreme, Function};

/// The first and last of the days, and of the instants, that were seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    /// The first and the last civil day.
    pub days: Option<(Date, Date)>,
    /// The first and the last instant.
    pub instants: Option<(Instant, Instant)>,
}

impl Moments {
    /// The earliest ([`Function::Min`]) or the latest of all. A day counts from its first instant in the zone; where
    /// a day begins at an instant that was seen too, the day is the earlier.
    pub fn extreme(&self, function: Function, zone: &TimeZone) -> Option<Extreme> {
        let first = function == Function::Min;
        let day = self.days.map(|(least, greatest)| if first { least } else { greatest });
        let instant = self.instants.map(|(least, greatest)| if first { least } else { greatest });
        match (day, instant) {
            (Some(day), Some(instant)) => {
                let earlier = first_instant(day, zone) <= instant;
                Some(if earlier == first { Extreme::Day(day) } else { Extreme::Instant(instant) })
            }
            (Some(day), None) => Some(Extreme::Day(day)),
            (None, instant) => instant.map(Extreme::Instant),
        }
    }
}

impl FromIterator<Moment> for Moments {
    fn from_iter<T: IntoIterator<Item = Moment>>(moments: T) -> Self {
        let mut seen = Moments::default();
        for moment in moments {
            match moment {
                Moment::Day(day) => seen.days = Some(widen(seen.days, day)),
                Moment::Instant(instant) => seen.instants = Some(widen(seen.instants, instant)),
            }
        }
        seen
    }
}

fn widen<T: Copy + Ord>(range: Option<(T, T)>, value: T) -> (T, T) {
    range.map_or((value, value), |(least, greatest)| (least.min(value), greatest.max(value)))
}
