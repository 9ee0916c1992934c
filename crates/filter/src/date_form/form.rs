//! The forms in which dates are written elsewhere, in strptime's words: which of them a text has, and reading it by one.

use jiff::civil::Time;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

use crate::value::moment;

/// How days are written; the first that fits most is proposed.
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
pub const FORMS: usize = DATES.len() * TIMES.len();

/// The forms that a text may be a date in: their numbers. None for text that is no date, or one in our own form.
pub fn forms(text: &str) -> Vec<usize> {
    let likely = text.len() >= 6
        && super::is_short(text)
        && text.bytes().any(|b| b.is_ascii_digit())
        && text.bytes().any(|b| matches!(b, b'/' | b'.' | b'-' | b' '));
    if !likely || moment(text).is_some() {
        return Vec::new();
    }
    let mut fitting = Vec::new();
    for (number, date) in DATES.iter().enumerate() {
        let Ok((read, end)) = BrokenDownTime::parse_prefix(date, text) else { continue };
        if read.to_date().is_err() || !is_whole(date, &text[..end]) {
            continue;
        }
        let rest = &text[end..];
        let time =
            TIMES.iter().position(|time| if rest.is_empty() { time.is_empty() } else { fits(time, rest) });
        fitting.extend(time.map(|time| number * TIMES.len() + time));
    }
    fitting
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

/// The forms that all of some texts may be dates in.
///
/// ```
/// use filter::date_form::{common, format};
/// let formats = |texts: &[&str]| common(texts).into_iter().map(format).collect::<Vec<_>>();
/// assert_eq!(formats(&["03/01/2026"]), ["%m/%d/%Y", "%d/%m/%Y"]);
/// assert_eq!(formats(&["03/01/2026", "13/01/2026"]), ["%d/%m/%Y"]);
/// ```
pub fn common(texts: &[&str]) -> Vec<usize> {
    let mut each = texts.iter().map(|text| forms(text));
    let mut common = each.next().unwrap_or_default();
    for forms in each {
        common.retain(|form| forms.contains(form));
    }
    common
}

/// A form in strptime's words.
pub fn format(form: usize) -> String {
    format!("{}{}", DATES[form / TIMES.len() % DATES.len()], TIMES[form % TIMES.len()])
}

/// The same form with day and month the other way round, if there is one.
pub fn swapped(format: &str) -> Option<String> {
    let (day, month) = (format.find("%d")?, format.find("%m")?);
    (day.abs_diff(month) == 3).then(|| format.replace("%d", "%\0").replace("%m", "%d").replace("%\0", "%m"))
}

/// A date as we write it: `2026-03-01`, or `2026-03-01T09:00:00Z` where it has a time. Without a zone it is in UTC.
/// `None` where the text is no date in that form.
pub fn read(format: &str, text: &str) -> Option<String> {
    written(&BrokenDownTime::parse(format, text).ok()?)
}

fn written(parsed: &BrokenDownTime) -> Option<String> {
    if let Ok(at) = parsed.to_timestamp() {
        return Some(at.to_string());
    }
    let date = parsed.to_date().ok()?;
    if parsed.hour().is_none() {
        return Some(date.to_string());
    }
    let time = parsed.to_time().unwrap_or(Time::midnight());
    let at = date.to_datetime(time).to_zoned(TimeZone::UTC).ok()?;
    Some(at.timestamp().to_string())
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
            assert_eq!(read(expected_format, text).as_deref(), Some(expected), "{text}");
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
        assert!(read("%d/%m/%Y", "31/02/2026").is_none());
    }

    #[test]
    fn day_and_month_change_places() {
        assert_eq!(swapped("%m/%d/%Y %H:%M").as_deref(), Some("%d/%m/%Y %H:%M"));
        assert_eq!(swapped("%d %b %Y"), None);
    }
}
