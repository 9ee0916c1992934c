//! Dates in forms that filters do not read, as spreadsheets and other systems write them: recognised to be told about,
//! and read by a format.

mod form;
mod named;

pub use form::{FORMS, common, format, forms, read, swapped};
pub use named::{Named, named};

use crate::value::moment;

/// Longer texts, in characters, are no dates.
pub const CHARS_MAX: usize = 40;

/// Whether a text is not too long to be a date.
fn is_short(text: &str) -> bool {
    text.chars().nth(CHARS_MAX).is_none()
}

/// What [`is_foreign`] looks for, as a regular expression of Postgres that ignores case; real dates match it too.
pub const PATTERN: &str = "^([0-9]{1,4}[/.-][0-9]{1,2}[/.-][0-9]{1,4}($|[^0-9])\
    |((mon|monday|tue|tuesday|wed|wednesday|thu|thursday|fri|friday|sat|saturday|sun|sunday)[., ]+)?([0-9]{1,2}[. -]+)?\
    (jan|january|feb|february|mar|march|apr|april|may|jun|june|jul|july|aug|august|sep|sept|september|oct|october\
    |nov|november|dec|december)\
    [., -]+[0-9])";

/// The words that the pattern knows; months with their number.
const WEEKDAYS: [&str; 14] = [
    "mon",
    "monday",
    "tue",
    "tuesday",
    "wed",
    "wednesday",
    "thu",
    "thursday",
    "fri",
    "friday",
    "sat",
    "saturday",
    "sun",
    "sunday",
];
const MONTHS: [(&str, i8); 24] = [
    ("jan", 1),
    ("january", 1),
    ("feb", 2),
    ("february", 2),
    ("mar", 3),
    ("march", 3),
    ("apr", 4),
    ("april", 4),
    ("may", 5),
    ("jun", 6),
    ("june", 6),
    ("jul", 7),
    ("july", 7),
    ("aug", 8),
    ("august", 8),
    ("sep", 9),
    ("sept", 9),
    ("september", 9),
    ("oct", 10),
    ("october", 10),
    ("nov", 11),
    ("november", 11),
    ("dec", 12),
    ("december", 12),
];

/// Whether a text looks like a date in a form that filters do not read.
///
/// ```
/// assert!(filter::date_form::is_foreign("03/01/2026") && filter::date_form::is_foreign("Mar 1, 2026"));
/// assert!(!filter::date_form::is_foreign("2026-03-01") && !filter::date_form::is_foreign("pro"));
/// ```
pub fn is_foreign(text: &str) -> bool {
    let looks = |text: &str| in_numbers(text).is_some() || in_words(text).is_some();
    is_short(text) && looks(text) && moment(text).is_none()
}

/// `3/1/2026`, `01.03.26`, `2026/3/1`, and whatever comes behind.
fn in_numbers(text: &str) -> Option<()> {
    let rest = one(digits(text, 4)?, "/.-")?;
    let rest = one(digits(rest, 2)?, "/.-")?;
    let rest = digits(rest, 4)?;
    (!rest.starts_with(|c: char| c.is_ascii_digit())).then_some(())
}

/// Whether a text in numbers can only begin with the day (`31/12/2026`), or only with the month (`12/31/2026`).
/// [`DAY_FIRST`] and [`MONTH_FIRST`] are the same as regular expressions of Postgres.
pub fn begins_with(text: &str) -> Option<Begin> {
    let first = digits(text, 2)?;
    let second = one(first, "/.-")?;
    let rest = one(digits(second, 2)?, "/.-")?;
    let is_no_month =
        |from: &str, until: &str| from[..from.len() - until.len()].parse().is_ok_and(|n: u8| n > 12);
    let digit = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    match (is_no_month(text, first), is_no_month(second, digits(second, 2)?)) {
        _ if !digit(rest) => None,
        (true, false) => Some(Begin::Day),
        (false, true) => Some(Begin::Month),
        _ => None,
    }
}

/// What a date in numbers begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// `31/12/2026`
    Day,
    /// `12/31/2026`
    Month,
}

/// What begins with a day that is no month.
pub const DAY_FIRST: &str = "^(1[3-9]|[2-9][0-9])[/.-](0?[0-9]|1[0-2])[/.-][0-9]";
/// What has such a day in the second place.
pub const MONTH_FIRST: &str = "^(0?[0-9]|1[0-2])[/.-](1[3-9]|[2-9][0-9])[/.-][0-9]";

/// `Mar 1, 2026`, `Sunday, 1. March 2026`, and whatever comes behind.
fn in_words(text: &str) -> Option<()> {
    let is_weekday = |word: &str| WEEKDAYS.iter().any(|name| name.eq_ignore_ascii_case(word));
    let rest = word(text, is_weekday).and_then(|rest| some(rest, "., ")).unwrap_or(text);
    let rest = digits(rest, 2).and_then(|rest| some(rest, ". -")).unwrap_or(rest);
    let rest =
        some(word(rest, |word| MONTHS.iter().any(|(name, _)| name.eq_ignore_ascii_case(word)))?, "., -")?;
    rest.starts_with(|c: char| c.is_ascii_digit()).then_some(())
}

/// What follows one to so many digits.
fn digits(text: &str, most: usize) -> Option<&str> {
    let length = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    (length > 0).then(|| &text[length..])
}

/// What follows one character of a set.
fn one<'t>(text: &'t str, of: &str) -> Option<&'t str> {
    text.strip_prefix(|c| of.contains(c))
}

/// What follows one or more characters of a set.
fn some<'t>(text: &'t str, of: &str) -> Option<&'t str> {
    one(text, of).map(|rest| rest.trim_start_matches(|c| of.contains(c)))
}

/// What follows a word of letters that is a certain one.
fn word(text: &str, is_it: impl Fn(&str) -> bool) -> Option<&str> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    is_it(&text[..text.len() - rest.len()]).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_other_systems_are_told() {
        for text in [
            "03/01/2026",
            "31.12.2026",
            "2026/03/01",
            "03/01/26",
            "Mar 1, 2026",
            "01-MAR-2026",
            "03/01/2026 10:30 PM",
            "Sun, 01 Mar 2026 10:00:00 GMT",
            "Sunday, 1. March 2026",
            "2026-3-1",
        ] {
            assert!(is_foreign(text), "{text}");
        }
        for text in [
            "2026-03-01",
            "2026-03-01T10:00",
            "pro",
            "marvin 7",
            "",
            "1.2",
            "10/20",
            "é/1/2026",
            "may",
            "12345/1/1",
        ] {
            assert!(!is_foreign(text), "{text}");
        }
    }

    #[test]
    fn a_number_above_twelve_tells_the_day() {
        for (text, begin) in [
            ("31/12/2026", Some(Begin::Day)),
            ("12/31/2026", Some(Begin::Month)),
            ("13.1.26", Some(Begin::Day)),
            ("1-13-26 10:00", Some(Begin::Month)),
            ("12/12/2026", None),
            ("13/13/2026", None),
            ("2026/12/31", None),
            ("13/1/", None),
            ("13/1", None),
            ("Mar 13, 2026", None),
        ] {
            assert_eq!(begins_with(text), begin, "{text}");
        }
    }
}
