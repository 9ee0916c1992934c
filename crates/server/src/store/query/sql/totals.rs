//! Counts and aggregates: one statement over all rows that match, and the same columns for each group.

use filter::{Binds, value::Instant};
use index::{Aggregate, Extreme, Function, Moments, Total, number};
use jiff::tz::TimeZone;
use tokio_postgres::Row;

use super::{dates, field};
use crate::store::{query::key::decimal, statement::unsigned};

/// The columns that [`columns`] makes for one aggregate.
pub(super) const WIDTH: usize = 7;

/// What the aggregates need of each row, named after their places: whether there is a value, its number, its day and
/// its instant in microseconds.
pub(super) fn sources(aggregates: &[Aggregate], binds: &mut Binds) -> Vec<String> {
    aggregates.iter().enumerate().map(|(place, aggregate)| source(place, aggregate, binds)).collect()
}

fn source(place: usize, aggregate: &Aggregate, binds: &mut Binds) -> String {
    let (present, number, day, instant) = match field::column(&aggregate.field) {
        Some(column) => {
            let micros = field::micros(&column);
            (column, "null::numeric".to_owned(), "null::text".to_owned(), micros)
        }
        None => {
            let value = field::json(&aggregate.field, binds);
            let (dates, text) = (aggregate.function.orders(), format!("({})", field::string(&value)));
            let date = |make: fn(&str) -> String, kind: &str| {
                if dates { make(&text) } else { format!("null::{kind}") }
            };
            let (day, instant) = (date(dates::day, "text"), date(dates::instant, "bigint"));
            (value.clone(), field::number(&value), day, instant)
        }
    };
    format!(
        "({present}) is not null as p{place}, {number} as n{place}, {day} as d{place}, {instant} as i{place}"
    )
}

/// The columns of the aggregates over a relation that has their [`sources`].
pub(super) fn columns(aggregates: &[Aggregate]) -> Vec<String> {
    aggregates.iter().enumerate().map(|(place, aggregate)| column(place, aggregate.function)).collect()
}

fn column(place: usize, function: Function) -> String {
    let n = format!("n{place}");
    let (value, upper) = match function {
        Function::Sum | Function::Avg => (format!("sum({n})"), "null::numeric".to_owned()),
        Function::Min => (format!("min({n})"), "null::numeric".to_owned()),
        Function::Max => (format!("max({n})"), "null::numeric".to_owned()),
        Function::Median => (
            format!("percentile_disc(0.5) within group (order by {n})"),
            format!("percentile_disc(0.5) within group (order by {n} desc)"),
        ),
    };
    let extreme = if function == Function::Max { "max" } else { "min" };
    format!(
        "count(*) filter (where p{place}), count({n}), ({value})::text, ({upper})::text, \
         count(d{place}) + count(i{place}), {extreme}(d{place} collate \"C\"), {extreme}(i{place})"
    )
}

/// Reads the columns of the aggregates from a row that stands for so many relationships.
pub(super) fn totals(
    aggregates: &[Aggregate],
    row: &Row,
    first: usize,
    relationships: u64,
    zone: &TimeZone,
) -> Vec<Total> {
    let at = |place: usize| first + place * WIDTH;
    aggregates
        .iter()
        .enumerate()
        .map(|(place, aggregate)| total(aggregate, row, at(place), relationships, zone))
        .collect()
}

fn total(aggregate: &Aggregate, row: &Row, first: usize, relationships: u64, zone: &TimeZone) -> Total {
    let (present, numbers) = (unsigned(row, first), unsigned(row, first + 1));
    let number = |column: usize| row.get::<_, Option<&str>>(first + column).map(decimal);
    let function = aggregate.function;
    let dates = numbers == 0 && function.orders();
    let counted = if dates { unsigned(row, first + 4) } else { numbers };
    let value = match (function, number(2)) {
        _ if dates => moments(row, first + 5).extreme(function, zone),
        (Function::Sum, sum) => Some(Extreme::Number(sum.unwrap_or_default())),
        (Function::Avg, Some(sum)) => Some(Extreme::Number(number::average(&sum, numbers))),
        (Function::Median, Some(lower)) => {
            let upper = number(3).unwrap_or_else(|| lower.clone());
            Some(Extreme::Number(number::middle(&lower, &upper)))
        }
        (_, value) => value.map(Extreme::Number),
    };
    Total { value, counted, skipped: present - counted, missing: relationships - present }
}

/// The extreme day and the extreme instant of two columns.
pub(super) fn moments(row: &Row, first: usize) -> Moments {
    let day = row.get::<_, Option<&str>>(first).and_then(|day| day.parse().ok());
    let instant = row.get::<_, Option<i64>>(first + 1).map(Instant);
    Moments { days: day.map(|day| (day, day)), instants: instant.map(|instant| (instant, instant)) }
}
