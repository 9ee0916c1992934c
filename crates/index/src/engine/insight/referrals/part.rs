//! A part as it is asked: who is told of, who pays, and by which code each row came.

use filter::{Field, Status};

use crate::{
    bits::Bits,
    chunk::Held,
    column::{CodeSet, Symbol},
    engine::{
        Seen,
        select::{self, Ready},
    },
};

/// A part of the rows.
pub(super) struct Part<'s> {
    pub(super) seen: Seen<'s>,
    /// All rows that there are.
    pub(super) live: Bits,
    /// Those who are told of, how many they are, and who of them pays.
    pub(super) people: Bits,
    pub(super) count: usize,
    pub(super) paid: Bits,
    /// What the rows have at the path.
    pub(super) column: Option<Held<'s>>,
}

impl<'s> Part<'s> {
    pub(super) fn of(seen: Seen<'s>, people: &Ready<'_>, path: &Field) -> Part<'s> {
        let people = select::living(&seen, people);
        let count = people.count();
        let mut paid = Bits::none(seen.chunk().rows());
        if let Some(column) = seen.column(&Field::Status)
            && let Some(code) = column.symbols.find(&Symbol::Text(Status::Paid.as_str()))
        {
            paid = column.select(&CodeSet::Range(code..code + 1));
            paid.keep(&people);
        }
        Part { live: seen.live().into_owned(), column: seen.column(path), seen, people, count, paid }
    }
}
