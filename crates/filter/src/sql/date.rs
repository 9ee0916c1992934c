//! The dates among strings, as regular expressions of Postgres. They say what [`crate::value::moment`] says, and let
//! real calendar days only through, so that the cast behind them cannot fail.

macro_rules! day {
    () => {
        concat!(
            "(?!0000)(?:",
            "[0-9]{4}-(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])",
            "|[0-9]{4}-(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)",
            "|[0-9]{4}-02-(?:0[1-9]|1[0-9]|2[0-8])",
            // Leap years: divisible by 4 but not by 100, or by 400.
            "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29",
            ")"
        )
    };
}

/// `YYYY-MM-DD`
pub(super) const DAY: &str = concat!("^", day!(), "$");

/// A day, `T` or one space, `HH:MM[:SS[.f…]]` and a zone or nothing.
pub(super) const DATE_TIME: &str = concat!(
    "^",
    day!(),
    "[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]+)?)?",
    "(?:Z| UTC|[+-](?:(?:0[0-9]|1[0-3])(?::?[0-5][0-9])?|14(?::?00)?))?$"
);

/// The day and the time of a date-time, its digits beyond microseconds cut off.
pub(super) const LOCAL: &str = "^.{16}(?::[0-9]{2}(?:[.][0-9]{1,6})?)?";

/// The offset at the end of a date-time.
pub(super) const OFFSET: &str = "[+-][0-9:]+$";
