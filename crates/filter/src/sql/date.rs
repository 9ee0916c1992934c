//! The dates among strings, for Postgres: the regular expressions that recognise them, and the days between which the
//! expensive part of the question can be skipped.

use std::ops::Bound;

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::predicate::Range;
use crate::value::Instant;

macro_rules! day {
    () => {
        concat!(
            "(?:[0-9]{4}-(?:",
            "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])",
            "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)",
            "|02-(?:0[1-9]|1[0-9]|2[0-8]))",
            // Leap years: divisible by 4 but not by 100, or by 400.
            "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"
        )
    };
}

/// `YYYY-MM-DD`, real calendar days only, as [`crate::value::moment`] has it; but for the year 0, which `Days::near`
/// leaves out.
pub(super) const DAY: &str = concat!("^", day!(), "$");

/// A day, `T`, `t` or one space, `HH:MM[:SS[.f…]]` and a zone or nothing. The cast of what matches cannot fail.
pub(super) const DATE_TIME: &str = concat!(
    "^",
    day!(),
    "[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]+)?)?",
    "(?:[Zz]| UTC| ?[+-](?:(?:0[0-9]|1[0-3])(?::?[0-5][0-9])?|14(?::?00)?))?$"
);

/// The day and the time of a date-time, its digits beyond microseconds cut off.
pub(super) const LOCAL: &str = "^.{16}(?::[0-9]{2}(?:[.][0-9]{1,6})?)?";

/// The offset at the end of a date-time.
pub(super) const OFFSET: &str = "[+-][0-9:]+$";

/// From this day, and before that one, as the first ten characters of a date compare.
pub(super) type Days = (Option<Date>, Option<Date>);

/// The days outside of which no date can lie in the range, whatever its offset from Greenwich; offsets are less than a
/// day. Never before the year 1, where dates begin.
pub(super) fn near(range: &Range) -> Days {
    let from = bound(range.instants.0, |instant| add(instant.utc().date(), -1));
    let from = from.min(bound(range.days.0, Some)).max(Date::new(1, 1, 1).ok());
    let until = bound(range.instants.1, |instant| add(instant.utc().date(), 2));
    let last = bound(range.days.1, |day| add(day, 1));
    (from, until.zip(last).map(|(until, last)| until.max(last)))
}

/// The days on which every date-time lies in the range, whatever its offset; `None` where there are none.
pub(super) fn sure(range: &Range) -> Option<Days> {
    let day = |end: Bound<Instant>, days| match end {
        Bound::Unbounded => Some(None),
        Bound::Included(instant) | Bound::Excluded(instant) => add(instant.utc().date(), days).map(Some),
    };
    let (from, until) = (day(range.instants.0, 2)?, day(range.instants.1, -1)?);
    let is_empty = from.zip(until).is_some_and(|(from, until)| from >= until);
    (!is_empty).then_some((from, until))
}

fn bound<T>(bound: Bound<T>, day: impl Fn(T) -> Option<Date>) -> Option<Date> {
    match bound {
        Bound::Included(value) | Bound::Excluded(value) => day(value),
        Bound::Unbounded => None,
    }
}

/// The day some days later, if it can be written with four digits.
fn add(day: Date, days: i64) -> Option<Date> {
    day.checked_add(days.days()).ok().filter(|day| day.year() >= 1)
}
