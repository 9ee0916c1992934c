//! The slice that each row of a part is in.

use filter::Field;

use crate::{
    column::{Column, Dense, Symbol, Symbols},
    engine::Seen,
    insight::{Kept, Slice},
};

/// Where rows are that are in no slice: those of values that nobody of the population has.
pub(super) const NOWHERE: u16 = u16::MAX;

/// The slice of each row of a part; of everybody, where they are not told apart.
pub(super) fn slots(seen: &Seen<'_>, field: Option<&Field>, slices: &[Slice]) -> Vec<u16> {
    let rows = seen.chunk().rows();
    let Some(field) = field else { return vec![0; rows] };
    match seen.column(field).as_deref() {
        Some(column) => by_code(column, &of_symbols(&column.symbols, slices)),
        None => vec![of_symbols(&Symbols::default(), slices)[0]; rows],
    }
}

/// The slice of those who hold each of some values, and of those who hold none.
pub(super) fn of_symbols(symbols: &Symbols, slices: &[Slice]) -> Vec<u16> {
    let place = |kept: &Kept| slices.iter().position(|slice| slice.kept == *kept);
    let rest = |kept: &Kept| place(kept).map_or(NOWHERE, |place| place as u16);
    let mut slots = vec![rest(&Kept::Other); symbols.len() + 1];
    slots[symbols.len()] = rest(&Kept::Missing);
    for (place, slice) in slices.iter().enumerate() {
        if let Kept::Value(value) = &slice.kept
            && let Some(code) = symbols.find(&Symbol::from_datum(value))
        {
            slots[code] = place as u16;
        }
    }
    slots
}

/// What stands for each row's code.
pub(super) fn by_code<T: Copy>(column: &Column, of: &[T]) -> Vec<T> {
    match column.dense() {
        Dense::Same => vec![of[0]; column.rows()],
        Dense::Bytes(codes) => codes.iter().map(|code| of[usize::from(*code)]).collect(),
        Dense::Shorts(codes) => codes.iter().map(|code| of[usize::from(*code)]).collect(),
    }
}
