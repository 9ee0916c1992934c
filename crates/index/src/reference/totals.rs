//! Aggregates over rows that match.

use bigdecimal::BigDecimal;

use super::{Row, World};
use crate::{Aggregate, Datum, Extreme, Function, Moments, Total, number};

pub(super) fn totals(world: &World<'_>, rows: &[Row<'_>], aggregates: &[Aggregate]) -> Vec<Total> {
    aggregates.iter().map(|aggregate| total(world, rows, aggregate)).collect()
}

pub(super) fn total(world: &World<'_>, rows: &[Row<'_>], aggregate: &Aggregate) -> Total {
    let (mut numbers, mut moments, mut missing) = (Vec::new(), Vec::new(), 0);
    for row in rows {
        match Datum::read(row.document, &aggregate.field, world.projects) {
            None => missing += 1,
            Some(Datum::Number(number)) => numbers.push(number),
            Some(other) => moments.extend(other.moment()),
        }
    }
    numbers.sort();
    let dates = numbers.is_empty() && aggregate.function.orders();
    let counted = if dates { moments.len() } else { numbers.len() } as u64;
    let value = if dates {
        moments.into_iter().collect::<Moments>().extreme(aggregate.function, &world.zone)
    } else {
        of(aggregate.function, &numbers)
    };
    Total { value, counted, skipped: rows.len() as u64 - missing - counted, missing }
}

/// A function of numbers in ascending order.
fn of(function: Function, numbers: &[BigDecimal]) -> Option<Extreme> {
    let sum = || numbers.iter().sum::<BigDecimal>();
    let count = numbers.len();
    let value = match function {
        Function::Sum => sum(),
        _ if count == 0 => return None,
        Function::Avg => number::average(&sum(), count as u64),
        Function::Min => numbers[0].clone(),
        Function::Max => numbers[count - 1].clone(),
        Function::Median => number::middle(&numbers[(count - 1) / 2], &numbers[count / 2]),
    };
    Some(Extreme::Number(value.normalized()))
}
