//! A time field of single rows at single moments.

use filter::Field;

use crate::{bits::Bits, chunk::Held, column::Column, engine::Seen, past::Turns};

/// The time that a row has in a column of times.
pub(super) fn time(column: Option<&Column>, row: usize) -> Option<i64> {
    let column = column?;
    column.symbols.time(column.code(row))
}

/// A time field of a part's rows, at any moment.
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
}

impl<'w> Clocked<'w> {
    /// The time field; `None` where the part has no past. Of the latest activity it knows the present only.
    pub(super) fn of(field: &Field, seen: &Seen<'w>) -> Option<Clocked<'w>> {
        let (past, chunk) = (seen.past()?, seen.chunk());
        let kind = match field {
            Field::StatusSince => Kind::Status(past.turns(chunk, &Field::Status)),
            Field::FirstSeen => Kind::Always,
            _ => Kind::Once,
        };
        Some(Clocked { column: chunk.column(field), kind })
    }

    /// What it was for a row, which began then, at a moment.
    pub(super) fn at(&self, row: usize, at: i64, began: i64) -> Option<i64> {
        let now = || time(self.column.as_deref(), row);
        match &self.kind {
            Kind::Always => now(),
            Kind::Once => now().filter(|time| *time <= at),
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
            Kind::Status(None) | Kind::Always | Kind::Once => {}
        }
        time(self.column.as_deref(), row).into_iter().for_each(call);
    }

    /// The rows for which it became another in a time.
    pub(super) fn turned(&self, (after, until): (i64, i64), rows: usize) -> Bits {
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
