//! The first and the last of dates: civil days and instants are told apart and compared in a zone.

use filter::value::{Instant, Moment};
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
                let earlier = day_start(day, zone) <= instant;
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

/// The civil day that an instant belongs to: the last one that had begun. Where clocks go back over midnight, the hour
/// that is lived twice belongs to the later day, so that days are intervals.
pub fn civil_day(instant: Instant, zone: &TimeZone) -> Date {
    let shown = instant.day(zone);
    match shown.tomorrow() {
        Ok(next) if day_start(next, zone) <= instant => next,
        _ => shown,
    }
}

/// The first instant of a civil day in a zone: what lies before it belongs to the day before.
pub fn day_start(day: Date, zone: &TimeZone) -> Instant {
    match zone.to_ambiguous_zoned(day.at(0, 0, 0, 0)).compatible() {
        Ok(start) => Instant::from(start.timestamp()),
        Err(_) if day.year() > 0 => Instant::from(jiff::Timestamp::MAX),
        Err(_) => Instant::from(jiff::Timestamp::MIN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_intervals_where_clocks_go_back_over_midnight() {
        // St John's went back from 00:01 on 2006-10-29 to 23:01 on the 28th.
        let zone = TimeZone::get("America/St_Johns").unwrap();
        let at = |text: &str| Instant::from(text.parse::<jiff::Timestamp>().unwrap());
        for (instant, day) in [
            ("2006-10-29T02:29:59Z", "2006-10-28"),
            ("2006-10-29T02:30:00Z", "2006-10-29"),
            ("2006-10-29T02:45:00Z", "2006-10-29"),
            ("2006-10-29T03:30:00Z", "2006-10-29"),
        ] {
            assert_eq!(civil_day(at(instant), &zone).to_string(), day, "{instant}");
        }
    }
}
