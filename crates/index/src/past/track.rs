//! What a field of a chunk's rows was: for each row that has changed, its values by when they began to hold.
//!
//! Past and present values share one dictionary, so a column as of a moment is the present's codes with those of the rows
//! that changed later put back.

use std::sync::Arc;

use crate::{
    Datum,
    column::{Column, ColumnBuilder, Symbol, Symbols},
};

/// The changes of one field, by row, then by time.
#[derive(Debug)]
pub(crate) struct Track {
    rows: Box<[u16]>,
    times: Box<[i64]>,
    /// The value from then on; [`Track::missing`] where there was none.
    codes: Box<[u16]>,
    pub(crate) symbols: Arc<Symbols>,
    /// The code here of each code of the present column, and of what is missing there.
    present: Box<[u16]>,
}

/// A row with more changes of one path changes it without end.
const ENDLESS: usize = 1_000;

/// A change: the row, when, and the value's id in the dictionary under construction.
type Event = (u16, i64, Option<u32>);

/// A track under construction.
#[derive(Default)]
pub(crate) struct TrackBuilder {
    values: ColumnBuilder,
    events: Vec<Event>,
}

impl TrackBuilder {
    /// Enters what a row was from a time on; of one row in the order of time.
    pub(super) fn enter(&mut self, row: u16, time: i64, value: Option<&Symbol<'_>>) {
        let id = value.map(|value| self.values.id(value));
        self.events.push((row, time, id));
    }

    /// Whether nothing was entered.
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Whether a row that was entered last has been entered.
    pub(super) fn has(&self, row: u16) -> bool {
        self.events.last().is_some_and(|(last, _, _)| *last == row)
    }

    /// Every change of the only row.
    pub(super) fn told(self) -> Vec<(i64, Option<Datum>)> {
        let (symbols, codes) = self.values.into_symbols();
        let datum = |id: Option<u32>| id.map(|id| symbols.get(codes[id as usize] as usize).datum());
        let mut told: Vec<_> = self.events.iter().map(|(_, time, id)| (*time, datum(*id))).collect();
        told.sort_by_key(|(time, _)| *time);
        told
    }

    /// The track of a field whose present column is that; `None` where the values are too many for codes, or a row's changes
    /// are too many to be taken along whenever it is written.
    pub(super) fn finish(mut self, present: Option<&Column>) -> Option<Track> {
        let own: Vec<u32> = present.map_or_else(Vec::new, |column| {
            (0..column.symbols.len()).map(|code| self.values.id(&column.symbols.get(code))).collect()
        });
        let (symbols, codes) = self.values.into_symbols();
        let missing = u16::try_from(symbols.len()).ok()?;
        let code = |id: Option<u32>| id.map_or(missing, |id| codes[id as usize] as u16);
        self.events.sort_by_key(|(row, time, _)| (*row, *time));
        if self.events.chunk_by(|a, b| a.0 == b.0).any(|of_row| of_row.len() > ENDLESS) {
            return None;
        }
        Some(Track {
            rows: self.events.iter().map(|(row, _, _)| *row).collect(),
            times: self.events.iter().map(|(_, time, _)| *time).collect(),
            codes: self.events.iter().map(|(_, _, id)| code(*id)).collect(),
            symbols: Arc::new(symbols),
            present: own.into_iter().map(Some).chain([None]).map(code).collect(),
        })
    }
}

impl Track {
    /// The code of what is missing.
    pub(crate) fn missing(&self) -> usize {
        self.symbols.len()
    }

    /// The code of a present column's code; of what is missing where the column has none.
    pub(crate) fn present(&self, code: usize) -> u16 {
        self.present.get(code).copied().unwrap_or(self.missing() as u16)
    }

    /// The changes of each row that has any: the row, when each was, and the code from then on.
    pub(crate) fn each_row<'t>(&'t self, mut call: impl FnMut(usize, &'t [i64], &'t [u16])) {
        let mut start = 0;
        for run in self.rows.chunk_by(|a, b| a == b) {
            let range = start..start + run.len();
            call(usize::from(run[0]), &self.times[range.clone()], &self.codes[range.clone()]);
            start = range.end;
        }
    }

    /// The changes of a row.
    pub(crate) fn of(&self, row: usize) -> (&[i64], &[u16]) {
        let row = row as u16;
        let start = self.rows.partition_point(|own| *own < row);
        let end = start + self.rows[start..].partition_point(|own| *own == row);
        (&self.times[start..end], &self.codes[start..end])
    }

    /// Puts the changes of a row into a builder, under another number.
    pub(super) fn feed(&self, row: usize, builder: &mut TrackBuilder, place: u16) {
        let (times, codes) = self.of(row);
        for (time, code) in times.iter().zip(codes) {
            let code = usize::from(*code);
            let value = (code < self.missing()).then(|| self.symbols.get(code));
            builder.enter(place, *time, value.as_ref());
        }
    }

    /// Bytes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        self.rows.len() * (2 + 8 + 2) + self.symbols.bytes() + self.present.len() * 2 + size_of::<Track>()
    }
}
