//! Dates in other forms than ours, read by a format in strptime's words, and told by their looks.

use jiff::{Timestamp, civil, fmt::strtime::BrokenDownTime, tz::TimeZone};

/// How dates are written, in strptime's words; the first that fits most cells of a column is proposed.
const DATES: [&str; 20] = [
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%b %d, %Y",
    "%d %b %Y",
    "%B %d, %Y",
    "%d %B %Y",
    "%d-%b-%Y",
    "%b %d %Y",
    "%a, %d %b %Y",
    "%a %b %d %Y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%d-%b-%y",
    "%Y-%m-%d",
];

/// What may follow: a time of day.
const TIMES: [&str; 14] = [
    "",
    " %H:%M:%S",
    " %H:%M",
    " %I:%M:%S %p",
    " %I:%M %p",
    ", %H:%M:%S",
    ", %H:%M",
    ", %I:%M:%S %p",
    ", %I:%M %p",
    " %H:%M:%S %z",
    " %H:%M:%S GMT",
    " %H:%M:%S UTC",
    " at %I:%M %p",
    "T%H:%M:%S",
];

/// How many forms there are.
pub(crate) const FORMS: usize = DATES.len() * TIMES.len();

/// Whether a format can be read with at all.
pub(crate) fn check(format: &str) -> Result<(), String> {
    let names_a_day =
        ["%d", "%e", "%D", "%F", "%j", "%s", "%c", "%x"].iter().any(|part| format.contains(part));
    match BrokenDownTime::parse(format, "") {
        // Formats that are wrong as such say so by the directive; the others only miss their text.
        Err(error) if error.to_string().contains("unrecognized") => {
            Err(format!("the date's format \"{format}\" cannot be used: {error}"))
        }
        _ if !format.contains('%') || !names_a_day => Err(format!(
            "the date's format \"{format}\" names no day; write it as in date:%d/%m/%Y, date:%b %d, %Y or date:%Y%m%d"
        )),
        _ => Ok(()),
    }
}

/// A date as we write it: `2026-03-01`, or `2026-03-01T09:00:00Z` where it has a time. Without a zone it is in UTC.
pub(crate) fn read(format: &str, text: &str) -> Result<String, String> {
    let parsed = BrokenDownTime::parse(format, text).map_err(|error| error.to_string())?;
    written(&parsed).ok_or_else(|| "there is no such day".to_owned())
}

fn written(parsed: &BrokenDownTime) -> Option<String> {
    if let Ok(at) = parsed.to_timestamp() {
        return Some(at.to_string());
    }
    let date = parsed.to_date().ok()?;
    if parsed.hour().is_none() {
        return Some(date.to_string());
    }
    let time = parsed.to_time().unwrap_or(civil::Time::midnight());
    let at = date.to_datetime(time).to_zoned(TimeZone::UTC).ok()?;
    Some(at.timestamp().to_string())
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

/// The forms that a text may be a date in: their numbers. None for text that is no date, or one in our own form.
pub(crate) fn forms(text: &str) -> Vec<usize> {
    let likely = (6..=40).contains(&text.len())
        && text.bytes().any(|b| b.is_ascii_digit())
        && text.bytes().any(|b| matches!(b, b'/' | b'.' | b'-' | b' '));
    if !likely || filter::value::moment(text).is_some() {
        return Vec::new();
    }
    let mut fitting = Vec::new();
    for (number, date) in DATES.iter().enumerate() {
        let mut prefix = BrokenDownTime::default();
        let Ok(end) = prefix_of(date, text, &mut prefix) else { continue };
        if prefix.to_date().is_err() || !is_whole(date, &text[..end]) {
            continue;
        }
        let rest = &text[end..];
        let time =
            TIMES.iter().position(|time| if rest.is_empty() { time.is_empty() } else { fits(time, rest) });
        fitting.extend(time.map(|time| number * TIMES.len() + time));
    }
    fitting
}

fn prefix_of(format: &str, text: &str, parsed: &mut BrokenDownTime) -> Result<usize, jiff::Error> {
    let (read, end) = BrokenDownTime::parse_prefix(format, text)?;
    *parsed = read;
    Ok(end)
}

/// `%Y` reads 26 as a year; a year of four digits is meant.
fn is_whole(format: &str, text: &str) -> bool {
    let digits = |part: &str| part.bytes().filter(u8::is_ascii_digit).count();
    let longest = text.split(|c: char| !c.is_ascii_digit()).map(digits).max().unwrap_or_default();
    (longest == 4) == format.contains("%Y")
}

fn fits(format: &str, text: &str) -> bool {
    !format.is_empty() && BrokenDownTime::parse(format, text).is_ok()
}

/// A form in strptime's words.
pub(crate) fn format(form: usize) -> String {
    format!("{}{}", DATES[form / TIMES.len() % DATES.len()], TIMES[form % TIMES.len()])
}

/// The same form with day and month the other way round, if there is one.
pub(crate) fn swapped(format: &str) -> Option<String> {
    let (day, month) = (format.find("%d")?, format.find("%m")?);
    (day.abs_diff(month) == 3).then(|| format.replace("%d", "%\0").replace("%m", "%d").replace("%\0", "%m"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_other_forms_are_told_and_read() {
        for (text, expected_format, expected) in [
            ("3/1/2026", "%m/%d/%Y", "2026-03-01"),
            ("3/1/2026 10:00:00", "%m/%d/%Y %H:%M:%S", "2026-03-01T10:00:00Z"),
            ("13/01/2026", "%d/%m/%Y", "2026-01-13"),
            ("01.03.2026", "%d.%m.%Y", "2026-03-01"),
            ("01.03.2026 09:05", "%d.%m.%Y %H:%M", "2026-03-01T09:05:00Z"),
            ("Mar 1, 2026", "%b %d, %Y", "2026-03-01"),
            ("1 March 2026", "%d %B %Y", "2026-03-01"),
            ("01-Mar-2026", "%d-%b-%Y", "2026-03-01"),
            ("01-Mar-26", "%d-%b-%y", "2026-03-01"),
            ("03/01/26", "%m/%d/%y", "2026-03-01"),
            ("2026/03/01", "%Y/%m/%d", "2026-03-01"),
            ("Sun, 01 Mar 2026 10:00:00 +0100", "%a, %d %b %Y %H:%M:%S %z", "2026-03-01T09:00:00Z"),
            ("03/01/2026, 2:05 PM", "%m/%d/%Y, %I:%M %p", "2026-03-01T14:05:00Z"),
            ("2026-03-01 2:05 PM", "%Y-%m-%d %I:%M %p", "2026-03-01T14:05:00Z"),
        ] {
            let forms: Vec<String> = forms(text).into_iter().map(format).collect();
            assert_eq!(forms.first().map(String::as_str), Some(expected_format), "{text}: {forms:?}");
            assert_eq!(read(expected_format, text).as_deref(), Ok(expected), "{text}");
            assert_eq!(check(expected_format), Ok(()));
        }
    }

    #[test]
    fn our_own_dates_and_other_texts_are_no_other_form() {
        for text in [
            "2026-03-01",
            "2026-03-01T09:00:00Z",
            "4 / 5",
            "10.0.0.1",
            "1.2.3",
            "v1.2.2026",
            "12:30",
            "Mar",
            "+49 30 1234",
        ] {
            assert!(forms(text).is_empty(), "{text}");
        }
        assert!(read("%d/%m/%Y", "31/02/2026").is_err());
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

    #[test]
    fn day_and_month_change_places() {
        assert_eq!(swapped("%m/%d/%Y %H:%M").as_deref(), Some("%d/%m/%Y %H:%M"));
        assert_eq!(swapped("%d %b %Y"), None);
    }
}
