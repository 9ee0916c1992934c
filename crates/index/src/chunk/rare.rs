//! Paths that very few rows of a chunk have. A column for each would cost hundreds of bytes, and a project may have a
//! million of them; so they are kept as single values, and made a column of when somebody asks.

use bigdecimal::BigDecimal;

use super::{Known, Place};
use crate::{
    Datum,
    bits::Bits,
    column::{Cell, Column, ColumnBuilder},
};

/// A path that so many rows of a chunk have, or fewer, is rare.
pub(super) const RARE: usize = 4;

/// Single values, in order of their paths.
#[derive(Debug, Default)]
pub(super) struct Rare(Box<[(Box<str>, Cell)]>);

impl Rare {
    /// Values by the keys of their paths, in any order.
    pub(super) fn new(mut cells: Vec<(Box<str>, Cell)>) -> Rare {
        cells.sort_by(|(a, x), (b, y)| a.cmp(b).then(x.row.cmp(&y.row)));
        Rare(cells.into())
    }

    /// The values of a path.
    fn cells(&self, key: &str) -> &[(Box<str>, Cell)] {
        let start = self.0.partition_point(|(own, _)| **own < *key);
        let length = self.0[start..].partition_point(|(own, _)| **own == *key);
        &self.0[start..start + length]
    }

    /// Whether there is a value of a path.
    pub(super) fn has(&self, key: &str) -> bool {
        self.0.binary_search_by(|(own, _)| (**own).cmp(key)).is_ok()
    }

    /// The column of a path in a chunk of so many rows.
    pub(super) fn column(&self, key: &str, rows: usize) -> Option<Column> {
        let cells = self.cells(key);
        let mut builder = ColumnBuilder::default();
        cells.iter().for_each(|(_, cell)| builder.put_cell(cell.row, cell));
        (!cells.is_empty()).then(|| builder.finish(rows))
    }

    /// The paths that some of the rows have.
    pub(super) fn paths<'s>(&'s self, rows: &Bits) -> impl Iterator<Item = Known<'s>> {
        self.0.chunk_by(|(a, _), (b, _)| a == b).filter_map(|cells| {
            let own = cells.iter().filter(|(_, cell)| rows.has(usize::from(cell.row)));
            let (count, scalars) =
                own.fold((0, 0), |(count, all), (_, cell)| (count + 1, all + 1 + cell.members.len()));
            let known = Known { key: &cells[0].0, rows: count, scalars, place: Place::Cells(cells) };
            (count > 0).then_some(known)
        })
    }

    /// Every value, by its path.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(Box<str>, Cell)> {
        self.0.iter()
    }

    /// What a row holds.
    pub(super) fn of(&self, row: usize) -> impl Iterator<Item = (&str, Datum, Vec<Datum>)> {
        let own = self.0.iter().filter(move |(_, cell)| usize::from(cell.row) == row);
        own.map(|(key, cell)| {
            let mut members = cell.members.to_vec();
            members.sort();
            members.dedup();
            (&**key, cell.value.clone(), members)
        })
    }

    /// Bytes of strings and keys.
    pub(super) fn text(&self) -> usize {
        let inside = |datum: &Datum| if let Datum::String(text) = datum { text.len() } else { 0 };
        let cell = |(key, cell): &(Box<str>, Cell)| {
            key.len() + inside(&cell.value) + cell.members.iter().map(inside).sum::<usize>()
        };
        self.0.iter().map(cell).sum()
    }

    /// Bytes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        let inside = |datum: &Datum| match datum {
            Datum::String(text) => text.len(),
            Datum::Number(_) => size_of::<BigDecimal>(),
            _ => 0,
        };
        let cell = |(key, cell): &(Box<str>, Cell)| {
            let members: usize = cell.members.iter().map(|member| size_of::<Datum>() + inside(member)).sum();
            size_of::<(Box<str>, Cell)>() + key.len() + inside(&cell.value) + members
        };
        self.0.iter().map(cell).sum()
    }
}
