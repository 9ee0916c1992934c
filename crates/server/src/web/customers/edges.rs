//! Round edges between the least and the greatest value of a field, and the bars between them.

use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive};
use filter::{
    Field,
    calendar::{Unit, day_of},
};
use index::{Bucket, Extreme, Group, Grouping};
use jiff::{civil::Date, tz::TimeZone};

use crate::{model::Formats, web::page::value::number_text};

/// Bars of numbers.
const BARS: i64 = 20;
/// Bars of dates.
pub(super) const PERIODS: usize = 40;

/// A bar: what is between two edges.
pub(super) struct Bar {
    /// What it stands for.
    pub(super) name: String,
    /// Its first value, and its last or where the next begins.
    pub(super) from: String,
    pub(super) to: String,
    pub(super) count: u64,
    /// The condition of its people.
    pub(super) condition: String,
}

/// How values between two ends are put into bars: numbers between round edges, dates by the shortest unit that is long enough.
pub(super) fn grouping(field: &Field, min: &Extreme, max: &Extreme, is_whole: bool) -> Option<Grouping> {
    match (min, max) {
        (Extreme::Number(min), Extreme::Number(max)) => {
            Some(Grouping::Bucket(field.clone(), width(min, max, is_whole)?))
        }
        (Extreme::Number(_), _) | (_, Extreme::Number(_)) => None,
        (min, max) => {
            let (first, last) = (day(min)?, day(max)?);
            let fits =
                |unit: &Unit| periods(*unit, first, last).is_some_and(|periods| periods.len() <= PERIODS);
            Some(Grouping::Period(Unit::ALL.into_iter().find(fits)?, field.clone()))
        }
    }
}

/// The day of a date; none of a number.
pub(super) fn day(end: &Extreme) -> Option<Date> {
    match end {
        Extreme::Number(_) => None,
        Extreme::Day(day) => Some(*day),
        Extreme::Instant(instant) => Some(day_of(*instant, &TimeZone::UTC)),
    }
}

/// The first days of the units between two days; `None` where there are many.
fn periods(unit: Unit, first: Date, last: Date) -> Option<Vec<Date>> {
    let mut days = vec![unit.first(first)];
    while let Some(next) = days.last().and_then(|day| unit.next(*day)).filter(|next| *next <= last) {
        days.push(next);
        if days.len() > PERIODS * 2 {
            return None;
        }
    }
    Some(days)
}

/// The narrowest of 1, 2 and 5, times a power of ten, that needs no more bars than there may be.
fn width(min: &BigDecimal, max: &BigDecimal, is_whole: bool) -> Option<BigDecimal> {
    let span = max - min;
    let places = span.to_f64().filter(|span| *span > 0.0)?.log10().floor().to_i64()?;
    let widths = (places - 3..=places + 1)
        .flat_map(|power| [1, 2, 5].map(|digit| BigDecimal::new(digit.into(), -power).normalized()));
    let fits = |width: &BigDecimal| {
        let bars = place(max, width).zip(place(min, width)).map(|(last, first)| last - first + 1);
        bars.is_some_and(|bars| bars <= BARS) && (!is_whole || width.is_integer())
    };
    widths.into_iter().find(fits)
}

/// In which interval of a width a number lies.
fn place(number: &BigDecimal, width: &BigDecimal) -> Option<i64> {
    (number / width).with_scale_round(0, RoundingMode::Floor).to_i64()
}

/// The bars from the first group to the last, also those in which nobody is.
pub(super) fn bars(by: &Grouping, groups: &[(Bucket, Group)], formats: Formats) -> Vec<Bar> {
    let count =
        |bucket: &Bucket| groups.iter().find(|(own, _)| own == bucket).map_or(0, |(_, group)| group.count);
    match by {
        Grouping::Bucket(field, width) => {
            let places = groups.iter().filter_map(|(bucket, _)| match bucket {
                Bucket::From(from) => place(from, width),
                _ => None,
            });
            let places: Vec<i64> = places.collect();
            let (Some(first), Some(last)) = (places.iter().min(), places.iter().max()) else {
                return Vec::new();
            };
            let bar = |place: i64| {
                let edge = |place: i64| (width * BigDecimal::from(place)).normalized();
                let count = count(&Bucket::From(edge(place)));
                interval(field, (&edge(place), &edge(place + 1)), count, formats)
            };
            (*first..=(*last).min(first + BARS)).map(bar).collect()
        }
        Grouping::Period(unit, field) => {
            let days: Vec<Date> = groups
                .iter()
                .filter_map(|(bucket, _)| match bucket {
                    Bucket::Period(day) => Some(*day),
                    _ => None,
                })
                .collect();
            let (Some(first), Some(last)) = (days.iter().min(), days.iter().max()) else { return Vec::new() };
            let periods = periods(*unit, *first, *last).unwrap_or_default();
            let bar = |day: Date| period(field, (*unit, day), count(&Bucket::Period(day)), formats);
            periods.into_iter().map(bar).collect()
        }
        Grouping::Value(_) => Vec::new(),
    }
}

fn interval(field: &Field, (from, to): (&BigDecimal, &BigDecimal), count: u64, formats: Formats) -> Bar {
    let (low, high) = (index::number::plain(from), index::number::plain(to));
    Bar {
        name: format!("{} to {}", number_text(from, formats), number_text(to, formats)),
        condition: format!("{field} >= {low} and {field} < {high}"),
        from: low,
        to: high,
        count,
    }
}

fn period(field: &Field, (unit, first): (Unit, Date), count: u64, formats: Formats) -> Bar {
    let last = unit.last(first);
    let name = match unit {
        Unit::Day => formats.date(first),
        Unit::Week => format!("week of {}", formats.date(first)),
        _ => unit.label(first),
    };
    let condition = format!("{field} in {first} .. {last}");
    Bar { name, condition, from: first.to_string(), to: last.to_string(), count }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> BigDecimal {
        text.parse().unwrap()
    }

    #[test]
    fn edges_are_round_and_bars_are_few() {
        for (min, max, is_whole, expected) in [
            ("0", "100", false, "10"),
            ("0", "99.9", false, "5"),
            ("0", "7", true, "1"),
            ("0", "7", false, "0.5"),
            ("-3", "12000", false, "1000"),
            ("0.001", "0.0098", false, "0.0005"),
            ("1000000", "1000019", true, "1"),
        ] {
            let width = width(&number(min), &number(max), is_whole).unwrap();
            assert_eq!(index::number::plain(&width), expected, "{min} to {max}");
        }
        assert_eq!(width(&number("3"), &number("3"), false), None);
    }

    #[test]
    fn dates_are_told_by_the_shortest_unit_that_fits() {
        let field = Field::FirstSeen;
        let end = |text: &str| Extreme::Day(text.parse().unwrap());
        for (min, max, expected) in [
            ("2026-03-01", "2026-03-31", "day(first_seen)"),
            ("2026-01-01", "2026-06-30", "week(first_seen)"),
            ("2024-01-01", "2026-12-31", "month(first_seen)"),
            ("2018-01-01", "2026-12-31", "quarter(first_seen)"),
            ("1995-01-01", "2026-12-31", "year(first_seen)"),
        ] {
            let by = grouping(&field, &end(min), &end(max), false).unwrap();
            assert_eq!(by.to_string(), expected, "{min} to {max}");
        }
        assert_eq!(grouping(&field, &end("0001-01-01"), &end("9999-01-01"), false), None);
    }
}
