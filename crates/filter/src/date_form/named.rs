//! What a value in a condition names, if it is a time in words or signs that filters do not read: `2026/1/1`, `01.03.2026`,
//! `March 2026`, `Q1 2026`, `2026`, `1772355600`. Only told of, never taken: some of them could be two days.

use jiff::civil::Date;

use super::{form, format, forms};
use crate::calendar::Unit;
use crate::epoch;
use crate::expr::{Comparison, DateLiteral};
use crate::value::{Moment, decimal, moment};

/// A time that a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A day or a point in time.
    At(DateLiteral),
    /// A year, a quarter or a month: its first and its last day.
    Within(Date, Date),
}

impl Named {
    /// What to write in its place behind a comparison; without one, in a list, a stretch of days has no place.
    pub fn literal(self, comparison: Option<Comparison>) -> Option<String> {
        match (self, comparison) {
            (Named::At(date), _) => Some(date.to_string()),
            (Named::Within(first, last), Some(Comparison::Equal | Comparison::NotEqual)) => {
                Some(format!("{first} .. {last}"))
            }
            (Named::Within(_, last), Some(Comparison::LessOrEqual)) => Some(last.to_string()),
            (Named::Within(first, _), Some(_)) => Some(first.to_string()),
            (Named::Within(..), None) => None,
        }
    }

    /// All that may be meant in its place, best first: `> 2026` can be after its first day or after all of it.
    pub fn literals(self, comparison: Option<Comparison>) -> Vec<String> {
        let after = match (self, comparison) {
            (Named::Within(_, last), Some(Comparison::Greater)) => Some(last.to_string()),
            _ => None,
        };
        self.literal(comparison).into_iter().chain(after).collect()
    }
}

/// The times that a text may name in another form than that of filters, best first: two where day and month could be
/// either.
///
/// ```
/// use filter::{date_form::named, expr::Comparison};
/// let dates = |text| named(text).into_iter().filter_map(|n| n.literal(Some(Comparison::Equal))).collect::<Vec<_>>();
/// assert_eq!(dates("2026/1/1"), ["2026-01-01"]);
/// assert_eq!(dates("03/01/2026"), ["2026-03-01", "2026-01-03"]);
/// assert_eq!(dates("March 2026"), ["2026-03-01 .. 2026-03-31"]);
/// assert!(dates("pro").is_empty() && dates("29").is_empty());
/// ```
pub fn named(text: &str) -> Vec<Named> {
    let text = text.trim();
    if !super::is_short(text) {
        return Vec::new();
    }
    let at = |text: &str| moment(text).and_then(literal).map(Named::At);
    if let Some(named) = at(text).or_else(|| stretch(text)).or_else(|| counted(text)) {
        return vec![named];
    }
    let mut found: Vec<Named> = Vec::new();
    for form in forms(text) {
        let named = form::read(&format(form), text).and_then(|read| at(&read));
        found.extend(named.filter(|named| !found.contains(named)));
    }
    found
}

fn literal(moment: Moment) -> Option<DateLiteral> {
    match moment {
        Moment::Day(day) => Some(DateLiteral::Day(day)),
        Moment::Instant(instant) => instant.is_printable().then_some(DateLiteral::Instant(instant)),
    }
}

/// `20260301`, or seconds or milliseconds since 1970.
fn counted(text: &str) -> Option<Named> {
    if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        let day = format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]);
        return year(&text[..4]).and_then(|_| moment(&day)).and_then(literal).map(Named::At);
    }
    let number = decimal(&text.parse().ok()?)?;
    literal(Moment::Instant(epoch::instant(&number)?)).map(Named::At)
}

/// A year, a quarter or a month.
fn stretch(text: &str) -> Option<Named> {
    let parts: Vec<&str> = text.split([' ', '-', '/', '.', ',']).filter(|part| !part.is_empty()).collect();
    let (first, unit) = match parts.as_slice() {
        [only] => match year(only) {
            Some(year) => (Date::new(year, 1, 1), Unit::Year),
            None => {
                // `2026Q1`
                let (year, quarter) = (year(only.get(..4)?)?, quarter(only.get(4..)?)?);
                (Date::new(year, quarter, 1), Unit::Quarter)
            }
        },
        [a, b] => {
            let (year, other) = match (year(a), year(b)) {
                (Some(year), None) => (year, b),
                (None, Some(year)) => (year, a),
                _ => return None,
            };
            match quarter(other) {
                Some(first) => (Date::new(year, first, 1), Unit::Quarter),
                None => (Date::new(year, month(other)?, 1), Unit::Month),
            }
        }
        _ => return None,
    };
    let first = first.ok()?;
    Some(Named::Within(first, unit.next(first)?.yesterday().ok()?))
}

/// A year that somebody may mean.
fn year(text: &str) -> Option<i16> {
    let plain = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|year| plain && (1970..=2100).contains(year))
}

/// The first month of `Q1` to `Q4`.
fn quarter(text: &str) -> Option<i8> {
    let number: i8 = text.strip_prefix(['q', 'Q'])?.parse().ok()?;
    (1..=4).contains(&number).then_some(number * 3 - 2)
}

/// The number of a month: `3`, `03`, `Mar`, `march`.
fn month(text: &str) -> Option<i8> {
    if text.len() <= 2 {
        return text.parse().ok().filter(|month| (1..=12).contains(month));
    }
    super::MONTHS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, month)| *month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_other_words_are_told() {
        for (text, equal, after, until) in [
            ("2026-1-1", "2026-01-01", "2026-01-01", "2026-01-01"),
            ("01.03.2026", "2026-03-01", "2026-03-01", "2026-03-01"),
            ("Mar 1, 2026", "2026-03-01", "2026-03-01", "2026-03-01"),
            ("1 March 2026", "2026-03-01", "2026-03-01", "2026-03-01"),
            ("2026-01-01 10:00", "2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z"),
            ("1/31/2026 2:05 PM", "2026-01-31T14:05:00Z", "2026-01-31T14:05:00Z", "2026-01-31T14:05:00Z"),
            ("20260301", "2026-03-01", "2026-03-01", "2026-03-01"),
            ("1772355600", "2026-03-01T09:00:00Z", "2026-03-01T09:00:00Z", "2026-03-01T09:00:00Z"),
            ("1772355600000", "2026-03-01T09:00:00Z", "2026-03-01T09:00:00Z", "2026-03-01T09:00:00Z"),
            ("2026", "2026-01-01 .. 2026-12-31", "2026-01-01", "2026-12-31"),
            ("2026-02", "2026-02-01 .. 2026-02-28", "2026-02-01", "2026-02-28"),
            ("2/2024", "2024-02-01 .. 2024-02-29", "2024-02-01", "2024-02-29"),
            ("FEB 2026", "2026-02-01 .. 2026-02-28", "2026-02-01", "2026-02-28"),
            ("September, 2026", "2026-09-01 .. 2026-09-30", "2026-09-01", "2026-09-30"),
            ("Q4 2026", "2026-10-01 .. 2026-12-31", "2026-10-01", "2026-12-31"),
            ("2026-q1", "2026-01-01 .. 2026-03-31", "2026-01-01", "2026-03-31"),
            ("2026Q2", "2026-04-01 .. 2026-06-30", "2026-04-01", "2026-06-30"),
        ] {
            let named = named(text);
            let written = |comparison| named.first().and_then(|named| named.literal(Some(comparison)));
            assert_eq!(written(Comparison::Equal).as_deref(), Some(equal), "{text}");
            assert_eq!(written(Comparison::Greater).as_deref(), Some(after), "{text}");
            assert_eq!(written(Comparison::LessOrEqual).as_deref(), Some(until), "{text}");
            assert_eq!(named.len(), 1, "{text}");
        }
        assert_eq!(named("03/01/2026").len(), 2);
        assert_eq!(named("2026")[0].literal(None), None, "a list has no stretches");
    }

    #[test]
    fn other_values_name_no_time() {
        for text in [
            "",
            "pro",
            "29",
            "1969",
            "2101",
            "9999",
            "March",
            "Q1",
            "2026-13",
            "13/2026",
            "2026-Q5",
            "20261301",
            "2026é",
            "q",
            "é",
            "10.0.0.1",
            "1.2.3",
            "02134",
            "may 5",
            "1e400",
            "1e999999999",
            "2026 2026",
            "31/02/2026",
        ] {
            assert_eq!(named(text), [], "{text}");
        }
    }
}
