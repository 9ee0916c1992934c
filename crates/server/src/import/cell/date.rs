//! Dates of a column: whether a format can be read with, and counts of seconds.

use filter::date_form;
use jiff::{Timestamp, civil, fmt::strtime::BrokenDownTime, tz::TimeZone};

/// Whether a format can be read with at all.
pub(crate) fn check(format: &str) -> Result<(), String> {
    let names_a_day =
        ["%d", "%e", "%D", "%F", "%j", "%s", "%c", "%x"].iter().any(|part| format.contains(part));
    match example(format) {
        None => Err(format!(
            "the date's format \"{format}\" holds a % that stands for nothing; there are %Y %m %d %H %M %S %b %B %y %p %z and the \
             others of strptime"
        )),
        _ if !format.contains('%') || !names_a_day => Err(format!(
            "the date's format \"{format}\" names no day; write it as in date:%d/%m/%Y, date:%b %d, %Y or date:%Y%m%d"
        )),
        _ => Ok(()),
    }
}

/// A date as we write it: `2026-03-01`, or `2026-03-01T09:00:00Z` where it has a time. Without a zone it is in UTC. Else what
/// the text is not.
pub(crate) fn read(format: &str, text: &str) -> Result<String, String> {
    date_form::read(format, text).ok_or_else(|| {
        let example = example(format).map(|date| format!(", as {date} is")).unwrap_or_default();
        format!("no date in the form {format}{example}")
    })
}

/// A date in a format; `None` when the format cannot be used.
fn example(format: &str) -> Option<String> {
    let day = civil::date(2026, 12, 31).at(23, 59, 58, 0).to_zoned(TimeZone::UTC).ok()?;
    BrokenDownTime::from(&day).to_string(format).ok()
}

/// Seconds since 1970, or milliseconds or microseconds where there are too many; perhaps with decimals.
pub(crate) fn unix(text: &str) -> Option<String> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    let digits = whole.trim_start_matches('-');
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.is_empty() && digits.len() <= 17;
    let count: f64 = text.parse().ok().filter(|_| plain)?;
    let whole: i64 = whole.parse().ok()?;
    let at = match digits.len() {
        ..=11 => Timestamp::from_microsecond((count * 1e6).round() as i64),
        12..=14 => Timestamp::from_millisecond(whole),
        _ => Timestamp::from_microsecond(whole),
    };
    at.ok().map(|at| at.to_string())
}

/// Whether a plain number is surely a moment: 10 digits of seconds or 13 of milliseconds.
pub(crate) fn is_unix(text: &str) -> bool {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    let in_range = match whole.len() {
        10 => whole.starts_with(['1', '2', '3']),
        13 => whole.starts_with(['1', '2', '3']),
        _ => false,
    };
    in_range && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_names_a_day() {
        for format in ["%d/%m/%Y", "%b %d, %Y", "%Y%m%d", "%s"] {
            assert_eq!(check(format), Ok(()), "{format}");
        }
        for text in ["31/02/2026", "12/31/2026", "31/12/26 ", "soon"] {
            let expected = "no date in the form %d/%m/%Y, as 31/12/2026 is";
            assert_eq!(read("%d/%m/%Y", text), Err(expected.to_owned()), "{text}");
        }
        assert!(check("%Y").is_err() && check("DD/MM/YYYY").is_err());
    }

    #[test]
    fn moments_are_counted_in_seconds_or_milliseconds() {
        for (text, expected) in [
            ("1772355600", Some("2026-03-01T09:00:00Z")),
            ("1772355600.5", Some("2026-03-01T09:00:00.5Z")),
            ("1772355600000", Some("2026-03-01T09:00:00Z")),
            ("1772355600000000", Some("2026-03-01T09:00:00Z")),
            ("0", Some("1970-01-01T00:00:00Z")),
            ("1e9", None),
            ("", None),
            ("12345678901234567890", None),
        ] {
            assert_eq!(unix(text).as_deref(), expected, "{text}");
        }
        assert!(
            is_unix("1772355600") && is_unix("1772355600000") && !is_unix("42") && !is_unix("9007199254")
        );
    }
}
