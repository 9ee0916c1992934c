//! Times of each row's own: held against each other, within a range, and as the moment of `was (…) on first_seen + 14d`.

use std::ops::RangeBounds as _;

use filter::{
    predicate::{Order, Range, is_beside},
    value::Instant,
};

use super::{Moment, NEVER, Ready, Time, Turning, clocked::time};
use crate::{bits::Bits, chunk::Held, engine::Seen};

/// A time of each of a part's rows, as it is at the moment that the part is seen at.
enum Times<'w> {
    Column(Option<Held<'w>>),
    /// When it was first true, where that is not after the moment.
    First(Vec<i64>, i64),
}

impl<'w> Times<'w> {
    fn of(time: &Time<'_>, seen: &Seen<'w>) -> Times<'w> {
        match time {
            Time::Field(field) => Times::Column(seen.column(field)),
            Time::First(within, test) => {
                let firsts = Turning::of(test, seen).map(|test| test.firsts(*within));
                Times::First(firsts.unwrap_or_default(), seen.moment.map_or(NEVER - 1, |moment| moment.at))
            }
        }
    }

    /// That of a row.
    fn at(&self, row: usize) -> Option<i64> {
        match self {
            Times::Column(column) => time(column.as_deref(), row),
            Times::First(firsts, until) => firsts.get(row).copied().filter(|first| first <= until),
        }
    }
}

impl Time<'_> {
    /// What it is for each row of a part, at the moment that the part is seen at.
    pub(in crate::engine) fn of(&self, seen: &Seen<'_>) -> Vec<Option<i64>> {
        match Times::of(self, seen) {
            Times::Column(Some(column)) => column.all_times().collect(),
            times => (0..seen.chunk().rows()).map(|row| times.at(row)).collect(),
        }
    }
}

/// The rows whose time is on that side of another.
pub(super) fn beside(own: &Time<'_>, order: Option<Order>, other: &Moment<'_>, seen: &Seen<'_>) -> Bits {
    if seen.is_late() {
        return Bits::none(seen.chunk().rows());
    }
    let (own, against) = (Times::of(own, seen), Times::of(&other.time, seen));
    rows(seen, |row| {
        let times = own.at(row).zip(against.at(row));
        times.is_some_and(|(own, against)| is_beside(order, Instant(own), Instant(against + other.shift)))
    })
}

/// The rows whose time lies within a range.
pub(super) fn during(own: &Time<'_>, range: &Range, seen: &Seen<'_>) -> Bits {
    if seen.is_late() {
        return Bits::none(seen.chunk().rows());
    }
    let own = Times::of(own, seen);
    rows(seen, |row| own.at(row).is_some_and(|time| range.instants.contains(&Instant(time))))
}

/// The rows of which a node was true at a moment of their own.
pub(super) fn was(
    own: &Moment<'_>,
    (since, now): (Instant, Instant),
    test: &Ready<'_>,
    seen: &Seen<'_>,
) -> Bits {
    let Some(turning) = Turning::of(test, seen) else { return Bits::none(seen.chunk().rows()) };
    let times = Times::of(&own.time, seen);
    let asked = seen.moment.map_or(now.0, |moment| moment.at);
    let known = |moment: &i64| since.0 <= *moment && *moment <= asked;
    // No row was there at the least of all moments.
    let moment = |row| times.at(row).map(|time| time + own.shift).filter(known).unwrap_or(i64::MIN);
    let moments: Vec<i64> = (0..seen.chunk().rows()).map(moment).collect();
    turning.each_at(&moments)
}

fn rows(seen: &Seen<'_>, is_one: impl Fn(usize) -> bool) -> Bits {
    let mut found = Bits::none(seen.chunk().rows());
    for row in 0..found.len() {
        found.set(row, is_one(row));
    }
    found
}
