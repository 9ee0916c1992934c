//! How pages write numbers and times.

use std::{borrow::Borrow, fmt::Display};

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

/// A whole number in groups of three: `12,345`.
pub fn count(number: impl Display) -> String {
    group(&number.to_string())
}

/// Groups the whole digits of a decimal number; its decimals stay as they are.
pub fn group(number: &str) -> String {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("−", rest));
    let (whole, decimals) = rest.split_once('.').map_or((rest, ""), |(whole, d)| (whole, d));
    if !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return number.to_owned();
    }
    let mut grouped = String::from(sign);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !decimals.is_empty() {
        grouped.push('.');
        grouped.push_str(decimals);
    }
    grouped
}

/// A number that somebody has stored: in groups from five whole digits on, for most of four are years.
pub fn value(number: &str) -> String {
    let whole = number.trim_start_matches('-').split('.').next().unwrap_or_default();
    if whole.len() > 4 { group(number) } else { number.replacen('-', "−", 1) }
}

/// `5 people`, `1 person`.
pub fn of(number: impl Display, one: &str, many: &str) -> String {
    let number = number.to_string();
    format!("{} {}", group(&number), if number == "1" { one } else { many })
}

/// A day as `12 Mar 2026`, in UTC; the element's title has the instant.
pub fn day(at: &Timestamp) -> String {
    at.strftime("%-d %b %Y").to_string()
}

/// A day of the zone as `12 Mar 2026`; the element's title has the instant.
pub fn day_in(at: &Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%-d %b %Y").to_string()
}

/// A day of some zone as `12 Mar 2026`.
pub fn date(day: impl Borrow<Date>) -> String {
    day.borrow().strftime("%-d %b %Y").to_string()
}

/// A date of the zone as `12 Mar 2026`, with the time where it is not the day's first.
pub fn civil(at: Timestamp, zone: &TimeZone) -> String {
    let zoned = at.to_zoned(zone.clone());
    let form = if zoned.time() == Time::midnight() { "%-d %b %Y" } else { "%-d %b %Y, %H:%M" };
    zoned.strftime(form).to_string()
}

/// A word with its first letter in capitals.
pub fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}

/// A detail as a sentence; only of details that begin with no name, whose case would be another's.
pub fn sentence(detail: &str) -> String {
    capital(detail) + "."
}

/// How long ago: `now`, `5 min ago`, `3 h ago`, `2 days ago`, then the day.
pub fn ago(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let minutes = now.duration_since(at).as_mins();
    match minutes {
        ..1 => "now".to_owned(),
        1..60 => format!("{minutes} min ago"),
        60..1_440 => format!("{} h ago", minutes / 60),
        1_440..43_200 => format!("{} ago", of(minutes / 1_440, "day", "days")),
        _ => day_in(&at, zone),
    }
}

/// How long until then: `in 5 min`, `in 3 h`, `in 6 days`; `now` where it has passed.
pub fn ahead(at: Timestamp, now: Timestamp) -> String {
    let minutes = (at.duration_since(now).as_secs() + 59) / 60;
    match minutes {
        ..1 => "now".to_owned(),
        1..60 => format!("in {minutes} min"),
        60..2_160 => format!("in {} h", (minutes + 30) / 60),
        _ => format!("in {}", of((minutes + 720) / 1_440, "day", "days")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let now: Timestamp = "2026-03-29T12:00:00Z".parse().unwrap();
        for (at, shown) in [
            ("2026-03-29T12:04:00Z", "now"),
            ("2026-03-29T11:15:00Z", "45 min ago"),
            ("2026-03-29T09:59:00Z", "2 h ago"),
            ("2026-03-28T11:00:00Z", "1 day ago"),
            ("2026-01-02T12:00:00Z", "2 Jan 2026"),
        ] {
            assert_eq!(ago(at.parse().unwrap(), now, &TimeZone::UTC), shown);
        }
    }

    #[test]
    fn what_is_ahead() {
        let now: Timestamp = "2026-03-29T12:00:00Z".parse().unwrap();
        for (at, shown) in [
            ("2026-03-29T12:00:00Z", "now"),
            ("2026-03-29T12:00:01Z", "in 1 min"),
            ("2026-03-29T12:59:00Z", "in 59 min"),
            ("2026-03-30T11:40:00Z", "in 24 h"),
            ("2026-04-05T11:59:00Z", "in 7 days"),
            ("2026-04-04T12:00:00Z", "in 6 days"),
        ] {
            assert_eq!(ahead(at.parse().unwrap(), now), shown);
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(group("-1234.50"), "−1,234.50");
        assert_eq!(group("100"), "100");
        for (number, shown) in
            [("2030", "2030"), ("-1234.50", "−1234.50"), ("12345.5", "12,345.5"), ("(array)", "(array)")]
        {
            assert_eq!(value(number), shown);
        }
        assert_eq!(group("(array)"), "(array)");
        assert_eq!(of(1, "customer", "customers"), "1 customer");
    }
}
