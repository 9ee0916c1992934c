//! What a field of a chunk's rows was: the changes of each row, with what it had been before each.
//!
//! What a row became is what it had been before its next change, or what the present says. So the past is the present with
//! the changes that came later undone: for each row the first of them says what it was. Past and present values share one
//! dictionary.

use std::{cell::Cell, ops::Range, sync::Arc};

use super::At;
use crate::{
    Datum,
    bits::Bits,
    chunk::Held,
    column::{CodeSet, Column, ColumnBuilder, Dense, Symbol, Symbols, times::Times},
};

/// The changes of one field, by row, then by time.
#[derive(Debug)]
pub(crate) struct Track {
    rows: Box<[u16]>,
    times: Times,
    /// The code before each change; [`Track::missing`] where there was no value. Before the first change of a row it is what
    /// the row was born with.
    before: Box<[u16]>,
    /// The changes that come after another of their row.
    further: Bits,
    /// Where the changes of each block of rows begin.
    blocks: Box<[u32]>,
    /// What rows became at last, in order, where no kept column says so.
    last: Box<[(u16, u16)]>,
    pub(crate) symbols: Arc<Symbols>,
    /// The code here of each code of the present column, and of what is missing there.
    present: Box<[u16]>,
}

/// A row with more changes of one path changes it without end.
pub(super) const ENDLESS: usize = 1_000;
/// Rows of a block.
const BLOCK: usize = 16;

/// A change: the row, when, and the id of the value from then on in the dictionary under construction.
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

    /// Whether the last entry is of this row.
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

    /// The track of a field whose present column is that, of rows that began then; `None` where the values are too many for
    /// codes, or a row's changes are too many to be taken along whenever it is written.
    pub(super) fn finish(mut self, present: Option<&Held<'_>>, began: &[i64]) -> Option<Track> {
        let is_kept = matches!(present, Some(Held::Kept(_)));
        let present = present.map(|held| &**held);
        let own: Vec<u32> = present.map_or_else(Vec::new, |column| {
            (0..column.symbols.len()).map(|code| self.values.id(&column.symbols.get(code))).collect()
        });
        let (symbols, codes) = self.values.into_symbols();
        let missing = u16::try_from(symbols.len()).ok()?;
        let code = |id: Option<u32>| id.map_or(missing, |id| codes[id as usize] as u16);
        let present_codes: Box<[u16]> = own.into_iter().map(Some).chain([None]).map(code).collect();
        let is = |row: u16| {
            let place = present.map_or(present_codes.len() - 1, |column| column.code(usize::from(row)));
            present_codes.get(place).copied().unwrap_or(missing)
        };
        self.events.sort_by_key(|(row, time, _)| (*row, *time));
        let (mut rows, mut times, mut before) = (Vec::new(), Vec::new(), Vec::new());
        let mut last = Vec::new();
        for events in self.events.chunk_by(|a, b| a.0 == b.0) {
            let row = events[0].0;
            let born = events[0].1 == began[usize::from(row)];
            if events.len() > ENDLESS {
                return None;
            }
            let mut value = if born { code(events[0].2) } else { missing };
            for (_, time, id) in &events[usize::from(born)..] {
                rows.push(row);
                times.push(*time);
                before.push(std::mem::replace(&mut value, code(*id)));
            }
            if value != is(row) || !is_kept {
                last.push((row, value));
            }
        }
        let count = began.len().div_ceil(BLOCK) + 1;
        let start = |block: usize| rows.partition_point(|row| usize::from(*row) < block * BLOCK) as u32;
        let mut further = Bits::none(rows.len());
        (1..rows.len())
            .filter(|place| rows[*place] == rows[*place - 1])
            .for_each(|place| further.insert(place));
        Some(Track {
            further,
            blocks: (0..count).map(start).collect(),
            rows: rows.into(),
            times: Times::new(&times),
            before: before.into(),
            last: last.into(),
            symbols: Arc::new(symbols),
            present: present_codes,
        })
    }
}

impl Track {
    /// The code of what is missing.
    pub(crate) fn missing(&self) -> usize {
        self.symbols.len()
    }

    /// The code of a present column's code; of what is missing where the column has none.
    fn present(&self, code: usize) -> u16 {
        self.present.get(code).copied().unwrap_or(self.missing() as u16)
    }

    /// The rows that have any.
    pub(super) fn changed_rows(&self) -> impl Iterator<Item = u16> {
        let first = self.rows.iter().enumerate().filter(|(place, _)| !self.further.has(*place));
        first.map(|(_, row)| *row)
    }

    /// The places of the changes that came later than a moment.
    pub(crate) fn later(&self, than: i64) -> Bits {
        self.times.later(than)
    }

    /// The same where each row may have a moment of its own.
    pub(crate) fn later_than(&self, at: At<'_>) -> Bits {
        let moments = match at {
            At::One(moment) => return self.later(moment),
            At::Own(moments) => moments,
        };
        let mut later = Bits::none(self.rows.len());
        for (place, row) in self.rows.iter().enumerate() {
            later.set(place, self.time(place) > moments[usize::from(*row)]);
        }
        later
    }

    /// The places of the changes that came after one moment and not after another.
    pub(crate) fn between(&self, after: i64, until: i64) -> Bits {
        let mut places = self.later(after);
        places.remove_all(&self.later(until));
        places
    }

    /// Of rows that pass now, and codes that do: the rows that passed before the changes that came later than a moment. Of who was
    /// not born then it is asked what it was born with.
    pub(crate) fn passed(&self, mut now: Bits, later: Bits, passes: impl Fn(usize) -> bool) -> Bits {
        self.undone(later, |row, code| now.set(row, passes(code)));
        now
    }

    /// Calls with each row that has changes later than a moment, and the code that it had then; of who was not born then, the one
    /// that it was born with.
    pub(crate) fn undone(&self, mut later: Bits, mut call: impl FnMut(usize, usize)) {
        later.remove_next(&self.further);
        later.each(|first| call(self.row(first), self.before(first)));
    }

    /// Calls with the row and the time of every change that came later than a moment, by row, then by time.
    pub(crate) fn each_later(&self, than: i64, call: &mut dyn FnMut(usize, i64)) {
        self.later(than).each(|place| call(self.row(place), self.time(place)));
    }

    /// The row of a change.
    pub(crate) fn row(&self, place: usize) -> usize {
        usize::from(self.rows[place])
    }

    /// How many changes there are.
    pub(crate) fn changes(&self) -> usize {
        self.rows.len()
    }

    /// When a change was.
    pub(crate) fn time(&self, place: usize) -> i64 {
        self.times.get(place)
    }

    /// The code before a change.
    pub(crate) fn before(&self, place: usize) -> usize {
        usize::from(self.before[place])
    }

    /// The code before the next change of the same row; `None` where there is none.
    pub(crate) fn next(&self, place: usize) -> Option<usize> {
        let next = place + 1;
        (next < self.rows.len() && self.further.has(next)).then(|| self.before(next))
    }

    /// The places of a row's changes.
    pub(super) fn of(&self, row: usize) -> Range<usize> {
        let (Some(start), Some(end)) = (self.blocks.get(row / BLOCK), self.blocks.get(row / BLOCK + 1))
        else {
            return 0..0;
        };
        let block = &self.rows[*start as usize..*end as usize];
        let first = block.partition_point(|own| usize::from(*own) < row);
        let length = block[first..].iter().take_while(|own| usize::from(**own) == row).count();
        *start as usize + first..*start as usize + first + length
    }

    /// Bytes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        let changes = self.rows.len() * (2 + 2)
            + self.further.words().len() * 8
            + self.times.bytes()
            + self.last.len() * 4;
        changes + self.blocks.len() * 4 + self.symbols.bytes() + self.present.len() * 2 + size_of::<Track>()
    }
}

/// A track beside the present column of its field.
pub(crate) struct Turns<'c> {
    pub(crate) track: &'c Track,
    column: Option<Held<'c>>,
    /// The row that was looked at last, and the places of its changes: it is mostly looked at again.
    looked_at: Cell<(usize, (usize, usize))>,
}

impl<'c> Turns<'c> {
    pub(crate) fn new(track: &'c Track, column: Option<Held<'c>>) -> Turns<'c> {
        Turns { track, column, looked_at: Cell::new((usize::MAX, (0, 0))) }
    }
}

impl Turns<'_> {
    /// The places of a row's changes.
    pub(crate) fn of(&self, row: usize) -> Range<usize> {
        let (last, (start, end)) = self.looked_at.get();
        if last == row {
            return start..end;
        }
        let own = self.track.of(row);
        self.looked_at.set((row, (own.start, own.end)));
        own
    }

    /// The code that a row has.
    fn present(&self, row: usize) -> usize {
        match &self.column {
            Some(column) => usize::from(self.track.present(column.code(row))),
            None => self.track.missing(),
        }
    }

    /// The code after a change.
    pub(crate) fn after(&self, place: usize) -> usize {
        self.track.next(place).unwrap_or_else(|| {
            let row = self.track.row(place);
            match self.track.last.binary_search_by_key(&row, |(row, _)| usize::from(*row)) {
                Ok(place) => usize::from(self.track.last[place].1),
                Err(_) => self.present(row),
            }
        })
    }

    /// The code that a row had from a change on: after the last it had what it has.
    pub(crate) fn held(&self, place: usize) -> usize {
        self.track.next(place).unwrap_or_else(|| self.present(self.track.row(place)))
    }

    /// The code that a row was born with; `None` when its first change says what it was from then on.
    pub(crate) fn birth(&self, row: usize) -> Option<usize> {
        match self.of(row).next() {
            Some(first) => Some(self.track.before(first)).filter(|code| *code != self.track.missing()),
            None => Some(self.present(row)),
        }
    }

    /// The code that a row had at a moment, when it began at another; `None` where it had what it has.
    pub(crate) fn then(&self, row: usize, at: i64, began: i64) -> Option<usize> {
        let own = self.of(row);
        let later = own.clone().find(|place| self.track.time(*place) > at);
        let is_first = later.unwrap_or(own.end) == own.start;
        match later {
            _ if is_first && began > at => Some(self.track.missing()),
            later => later.map(|later| self.track.before(later)),
        }
    }

    /// The same; what it has where it was that.
    pub(crate) fn at(&self, row: usize, at: i64, began: i64) -> usize {
        self.then(row, at, began).unwrap_or_else(|| self.present(row))
    }

    /// Whether a row changed later than a moment.
    pub(crate) fn changed_after(&self, row: usize, at: i64) -> bool {
        self.of(row).next_back().is_some_and(|last| self.track.time(last) > at)
    }

    /// When the run of one value began that a row was in at a moment; `None` where it had none.
    pub(crate) fn run(&self, row: usize, at: i64, began: i64) -> Option<i64> {
        let own = self.of(row);
        let known = own.clone().take_while(|place| self.track.time(*place) <= at).last();
        let value = match known {
            Some(last) => self.after(last),
            None if began > at => return None,
            None => own.clone().next().map_or_else(|| self.present(row), |first| self.track.before(first)),
        };
        if value == self.track.missing() {
            return None;
        }
        let mut turned = (own.start..known.map_or(own.start, |last| last + 1)).rev();
        // Before the first change it was what it was born with.
        let start = turned.find(|place| self.track.before(*place) != value);
        Some(start.map_or(began, |place| self.track.time(place)))
    }

    /// The rows whose code passes now.
    pub(crate) fn now(&self, rows: usize, passes: impl Fn(usize) -> bool) -> Bits {
        let missing = passes(self.track.missing());
        let Some(column) = &self.column else {
            return if missing { Bits::all(rows) } else { Bits::none(rows) };
        };
        let codes = CodeSet::of(column.missing(), |code| passes(usize::from(self.track.present(code))));
        let mut found = column.select(&codes);
        if missing {
            let mut missing = column.select(&CodeSet::Range(0..column.missing()));
            missing.invert();
            found.add(&missing);
        }
        found
    }

    /// The code of every row as of a moment, but that of who was not born then it says what it was born with.
    pub(crate) fn codes(&self, rows: usize, at: i64) -> Vec<u16> {
        let track = self.track;
        let mut codes: Vec<u16> = match self.column.as_deref().map(Column::dense) {
            None => vec![track.missing() as u16; rows],
            Some(Dense::Same) => vec![track.present(0); rows],
            Some(Dense::Bytes(codes)) => codes.iter().map(|code| track.present(usize::from(*code))).collect(),
            Some(Dense::Shorts(codes)) => {
                codes.iter().map(|code| track.present(usize::from(*code))).collect()
            }
        };
        track.undone(track.later(at), |row, code| codes[row] = code as u16);
        codes
    }

    /// How many of the rows, `count` of them, had each code at a moment; what is missing comes last. Of who was not born then it
    /// counts what it was born with.
    pub(super) fn histogram(&self, (rows, count): (&Bits, usize), at: At<'_>) -> Vec<u32> {
        let mut counts = vec![0_u32; self.track.missing() + 1];
        match &self.column {
            Some(column) => {
                for (code, count) in column.histogram(rows, count).into_iter().enumerate() {
                    counts[usize::from(self.track.present(code))] += count;
                }
            }
            None => counts[self.track.missing()] = count as u32,
        }
        self.track.undone(self.track.later_than(at), |row, code| {
            if rows.has(row) {
                counts[self.present(row)] -= 1;
                counts[code] += 1;
            }
        });
        counts
    }

    /// Puts the changes of a row that began then into a builder, under another number; the column is one that is kept.
    pub(super) fn feed(&self, row: usize, began: i64, builder: &mut TrackBuilder, place: u16) {
        let mut enter = |time: i64, code: usize| {
            let value = (code < self.track.missing()).then(|| self.track.symbols.get(code));
            builder.enter(place, time, value.as_ref());
        };
        let own = self.of(row);
        if !own.is_empty() && self.track.before(own.start) != self.track.missing() {
            enter(began, self.track.before(own.start));
        }
        own.for_each(|change| enter(self.track.time(change), self.after(change)));
    }
}
