//! Times of each row's own: held against each other, and as the moment of `was (…) on first_seen + 14d`.

use filter::{
    Field,
    predicate::{Order, Own, is_beside},
    value::Instant,
};

use super::{Ready, Turning, clocked::time};
use crate::{bits::Bits, engine::Seen};

/// The rows whose time is on that side of another.
pub(super) fn beside(field: &Field, (order, other): (Option<Order>, &Own), seen: &Seen<'_>) -> Bits {
    let rows = seen.chunk().rows();
    let (own, against) = (seen.column(field), seen.column(&other.field));
    let mut found = Bits::none(rows);
    for row in 0..rows {
        let times = time(own.as_deref(), row).zip(time(against.as_deref(), row));
        let is_there = times
            .is_some_and(|(own, against)| is_beside(order, Instant(own), Instant(against + other.shift)));
        found.set(row, is_there);
    }
    found
}

/// The rows of which a node was true at a time of their own.
pub(super) fn was(own: &Own, (since, now): (Instant, Instant), test: &Ready<'_>, seen: &Seen<'_>) -> Bits {
    let rows = seen.chunk().rows();
    let mut found = Bits::none(rows);
    let (Some(turning), Some(column)) = (Turning::of(test, seen), seen.column(&own.field)) else {
        return found;
    };
    let asked = seen.moment.map_or(now.0, |moment| moment.at);
    for row in 0..rows {
        let moment = time(Some(&column), row).map(|time| time + own.shift);
        let known = moment.filter(|moment| since.0 <= *moment && *moment <= asked);
        found.set(row, known.is_some_and(|moment| turning.holds(row, moment)));
    }
    found
}
