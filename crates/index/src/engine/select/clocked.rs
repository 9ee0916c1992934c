//! Times of single rows at single moments.

use filter::{
    Field,
    predicate::{Order, is_beside},
    value::Instant,
};

use super::NEVER;
use crate::{
    bits::Bits,
    chunk::Held,
    column::{CodeSet, Column},
    engine::Seen,
    past::Turns,
};

/// The time that a row has in a column of times.
pub(super) fn time(column: Option<&Column>, row: usize) -> Option<i64> {
    let column = column?;
    column.symbols.time(column.code(row))
}

/// A time of a part's rows, at any moment.
pub(super) struct Clocked<'w> {
    column: Option<Held<'w>>,
    kind: Kind<'w>,
}

enum Kind<'w> {
    /// It is there as long as the row is.
    Always,
    /// It is there once it has come.
    Once,
    /// When a status began.
    Status(Option<Turns<'w>>),
    /// When something was first true of each row. It is there once it has come.
    First(Vec<i64>),
}

impl<'w> Clocked<'w> {
    /// The time field; `None` where the part has no past. Of the latest activity it knows the present only.
    pub(super) fn of(field: &Field, seen: &Seen<'w>) -> Option<Clocked<'w>> {
        let (past, chunk) = (seen.past()?, seen.chunk());
        let kind = match field {
            Field::StatusSince => Kind::Status(past.turns(chunk, &Field::Status)),
            Field::FirstSeen | Field::Imported => Kind::Always,
            _ => Kind::Once,
        };
        Some(Clocked { column: chunk.column(field), kind })
    }

    /// When something was first true of each row.
    pub(super) fn first(times: Vec<i64>) -> Clocked<'w> {
        Clocked { column: None, kind: Kind::First(times) }
    }

    /// What it was for a row, which began then, at a moment.
    pub(super) fn at(&self, row: usize, at: i64, began: i64) -> Option<i64> {
        let now = || time(self.column.as_deref(), row);
        match &self.kind {
            Kind::Always => now(),
            Kind::Once => now().filter(|time| *time <= at),
            Kind::First(times) => Some(times[row]).filter(|time| *time <= at && *time != NEVER),
            Kind::Status(Some(turns)) if turns.changed_after(row, at) || began > at => {
                turns.run(row, at, began)
            }
            Kind::Status(None) if began > at => None,
            Kind::Status(_) => now(),
        }
    }

    /// When it may have become another for a row.
    pub(super) fn moments(&self, row: usize, call: &mut dyn FnMut(i64)) {
        match &self.kind {
            Kind::Status(Some(turns)) => turns.of(row).for_each(|place| call(turns.track.time(place))),
            Kind::First(times) => {
                Some(times[row]).filter(|time| *time != NEVER).into_iter().for_each(&mut *call);
            }
            Kind::Status(None) | Kind::Always | Kind::Once => {}
        }
        time(self.column.as_deref(), row).into_iter().for_each(call);
    }

    /// Calls with every row and time after a moment at which it may have become another.
    pub(super) fn each_turn(&self, after: i64, call: &mut dyn FnMut(usize, i64)) {
        if let Kind::Status(turns) = &self.kind {
            return turns.iter().for_each(|turns| turns.track.each_later(after, call));
        }
        let rows = match &self.kind {
            Kind::First(times) => times.len(),
            _ => self.column.as_deref().map_or(0, Column::rows),
        };
        for row in 0..rows {
            self.moments(row, &mut |at| {
                if at > after {
                    call(row, at);
                }
            });
        }
    }

    /// The rows for which it became another in a time.
    pub(super) fn turned(&self, (after, until): (i64, i64), rows: usize) -> Bits {
        if let (Kind::Once, Some(column)) = (&self.kind, &self.column) {
            let before = |moment: i64| column.symbols.times_before(|own| own <= moment);
            return column.select(&CodeSet::Range(before(after)..before(until)));
        }
        let mut turned = Bits::none(rows);
        for row in 0..rows {
            self.moments(row, &mut |at| {
                if after < at && at <= until {
                    turned.insert(row);
                }
            });
        }
        turned
    }
}

/// A time on one side of another, which is moved so far.
pub(super) struct Beside<'w> {
    pub(super) times: [Clocked<'w>; 2],
    pub(super) order: Option<Order>,
    pub(super) shift: i64,
}

impl Beside<'_> {
    /// Whether it was for a row, which began then, at a moment.
    pub(super) fn holds(&self, row: usize, at: i64, began: i64) -> bool {
        let [own, against] = &self.times;
        let times = own.at(row, at, began).zip(against.at(row, at, began));
        times.is_some_and(|(own, against)| is_beside(self.order, Instant(own), Instant(against + self.shift)))
    }

    /// When it may have turned for a row.
    pub(super) fn moments(&self, row: usize, call: &mut dyn FnMut(i64)) {
        self.times.iter().for_each(|time| time.moments(row, call));
    }
}
