//! Dates in forms that filters do not read, as spreadsheets and other systems write them: recognised to be told about.

use jiff::fmt::strtime;

use crate::value::moment;

/// Longer texts, in characters, are no dates.
pub const CHARS_MAX: usize = 40;

/// What [`is_foreign`] looks for, as a regular expression of Postgres that ignores case; real dates match it too.
pub const PATTERN: &str = "^([0-9]{1,4}[/.-][0-9]{1,2}[/.-][0-9]{1,4}($|[^0-9])\
    |((mon|monday|tue|tuesday|wed|wednesday|thu|thursday|fri|friday|sat|saturday|sun|sunday)[., ]+)?([0-9]{1,2}[. -]+)?\
    (jan|january|feb|february|mar|march|apr|april|may|jun|june|jul|july|aug|august|sep|sept|september|oct|october\
    |nov|november|dec|december)\
    [., -]+[0-9])";

/// The words that the pattern knows.
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
const MONTHS: [&str; 24] = [
    "jan",
    "january",
    "feb",
    "february",
    "mar",
    "march",
    "apr",
    "april",
    "may",
    "jun",
    "june",
    "jul",
    "july",
    "aug",
    "august",
    "sep",
    "sept",
    "september",
    "oct",
    "october",
    "nov",
    "november",
    "dec",
    "december",
];

/// Whether a text looks like a date in a form that filters do not read.
///
/// ```
/// assert!(filter::date_form::is_foreign("03/01/2026") && filter::date_form::is_foreign("Mar 1, 2026"));
/// assert!(!filter::date_form::is_foreign("2026-03-01") && !filter::date_form::is_foreign("pro"));
/// ```
pub fn is_foreign(text: &str) -> bool {
    let looks = |text: &str| in_numbers(text).is_some() || in_words(text).is_some();
    text.chars().nth(CHARS_MAX).is_none() && looks(text) && moment(text).is_none()
}

/// `3/1/2026`, `01.03.26`, `2026/3/1`, and whatever comes behind.
fn in_numbers(text: &str) -> Option<()> {
    let rest = one(digits(text, 4)?, "/.-")?;
    let rest = one(digits(rest, 2)?, "/.-")?;
    let rest = digits(rest, 4)?;
    (!rest.starts_with(|c: char| c.is_ascii_digit())).then_some(())
}

/// `Mar 1, 2026`, `Sunday, 1. March 2026`, and whatever comes behind.
fn in_words(text: &str) -> Option<()> {
    let rest = named(text, &WEEKDAYS).and_then(|rest| some(rest, "., ")).unwrap_or(text);
    let rest = digits(rest, 2).and_then(|rest| some(rest, ". -")).unwrap_or(rest);
    let rest = some(named(rest, &MONTHS)?, "., -")?;
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

/// What follows one of some names.
fn named<'t>(text: &'t str, names: &[&str]) -> Option<&'t str> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let word = &text[..text.len() - rest.len()];
    names.iter().any(|name| name.eq_ignore_ascii_case(word)).then_some(rest)
}

/// How days are written elsewhere, the most common form first; but for short years, which long ones would be read as.
const DAYS: [&str; 17] = [
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d %b %Y",
    "%d %B %Y",
    "%d-%b-%Y",
    "%b %d %Y",
];
/// What stands behind a day.
const CLOCKS: [&str; 4] = ["", " %H:%M", " %H:%M:%S", " %I:%M %p"];

/// The format (of `strftime`) in which a text is a date, if it is a common one. Where day and month could be either, the
/// month comes first.
///
/// ```
/// assert_eq!(filter::date_form::format("03/01/2026").as_deref(), Some("%m/%d/%Y"));
/// assert_eq!(filter::date_form::format("31/01/2026 10:00").as_deref(), Some("%d/%m/%Y %H:%M"));
/// ```
pub fn format(text: &str) -> Option<String> {
    let mut formats = CLOCKS.iter().flat_map(|clock| DAYS.iter().map(move |day| format!("{day}{clock}")));
    formats.find(|format| strtime::parse(format, text).is_ok_and(|read| read.to_date().is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_other_systems_are_told_with_their_format() {
        for (text, found) in [
            ("03/01/2026", Some("%m/%d/%Y")),
            ("3/1/2026", Some("%m/%d/%Y")),
            ("13/01/2026", Some("%d/%m/%Y")),
            ("31.12.2026", Some("%d.%m.%Y")),
            ("2026/03/01", Some("%Y/%m/%d")),
            ("03/01/26", Some("%m/%d/%y")),
            ("Mar 1, 2026", Some("%b %d, %Y")),
            ("March 1, 2026", Some("%B %d, %Y")),
            ("1 Mar 2026", Some("%d %b %Y")),
            ("01-MAR-2026", Some("%d-%b-%Y")),
            ("03/01/2026 10:30", Some("%m/%d/%Y %H:%M")),
            ("03/01/2026 10:30 PM", Some("%m/%d/%Y %I:%M %p")),
            ("Sun, 01 Mar 2026 10:00:00 GMT", None),
            ("Sunday, 1. March 2026", None),
            ("2026-3-1", Some("%Y-%m-%d")),
        ] {
            assert!(is_foreign(text), "{text}");
            assert_eq!(format(text).as_deref(), found, "{text}");
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
}
