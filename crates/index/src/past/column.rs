//! Columns, selections and counts as of a moment: what the present says, with what changed later undone.

use std::sync::Arc;

use filter::{
    Field,
    calendar::{day_of, last_instant},
    value::Instant,
};
use jiff::{ToSpan, civil::Date, tz::TimeZone};

use super::{Past, Track, lists};
use crate::{
    bits::Bits,
    chunk::{Chunk, Held},
    column::{CodeSet, Column, ColumnBuilder, Symbols},
};

/// A moment of the past, in a zone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment<'a> {
    pub(crate) at: i64,
    pub(crate) zone: &'a TimeZone,
}

/// The moment that rows are asked of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum At<'a> {
    /// All of them of this one.
    One(i64),
    /// Each of its own, by row.
    Own(&'a [i64]),
}

impl At<'_> {
    pub(super) fn of(&self, row: usize) -> i64 {
        match self {
            At::One(at) => *at,
            At::Own(moments) => moments[row],
        }
    }
}

/// The days are counted from here.
const EPOCH: Date = Date::constant(1970, 1, 1);

/// A day by its number.
pub(crate) fn day(number: u16) -> Date {
    EPOCH.saturating_add(i64::from(number).days())
}

/// The day as it is kept; days before 1970 and after 2149 are not.
pub(crate) fn number(day: Date) -> Option<u16> {
    let since = day.duration_since(EPOCH);
    u16::try_from(since.as_hours() / 24).ok()
}

impl Moment<'_> {
    /// How many of the days since 1970 had ended.
    pub(crate) fn days(&self) -> u16 {
        let day = day_of(Instant(self.at), self.zone);
        let over =
            if last_instant(day, self.zone).0 <= self.at { day.tomorrow().unwrap_or(day) } else { day };
        let days = over.duration_since(EPOCH).as_hours() / 24;
        u16::try_from(days.max(0)).unwrap_or(u16::MAX)
    }
}

/// Whether the values of a field have changes of their own.
fn has_track(field: &Field) -> bool {
    matches!(field, Field::Status | Field::Params(_))
}

impl Past {
    /// The rows that there were.
    pub(crate) fn existing(&self, chunk: &Chunk, at: i64) -> Bits {
        let Some(seen) = chunk.column(&Field::FirstSeen) else { return Bits::none(chunk.rows()) };
        let times = seen.symbols.time_codes();
        let until = seen.symbols.times_before(|time| time <= at);
        seen.select(&CodeSet::Range(times.start..until))
    }

    /// The column of a field as of a moment; `None` when no row had it.
    pub(crate) fn column<'c>(
        &'c self,
        chunk: &'c Chunk,
        field: &Field,
        moment: Moment<'_>,
    ) -> Option<Held<'c>> {
        let present = || chunk.column(field);
        match field {
            Field::FirstPaid => present().map(|column| made(earlier(&column, moment.at))),
            Field::LastActivity => present().map(|column| made(self.last_seen(&column, moment))),
            Field::StatusSince => present().map(|column| made(self.since(chunk, &column, moment.at))),
            field if has_track(field) => match self.turns(chunk, field) {
                Some(turns) => {
                    let mut codes = turns.codes(chunk.rows(), moment.at);
                    let missing = turns.track.missing() as u16;
                    self.unborn(Some(turns.track), At::One(moment.at), |row| codes[row] = missing);
                    Some(made(Column::of_codes(turns.track.symbols.clone(), codes)))
                }
                None => present().map(|column| self.begun(column, moment.at)),
            },
            _ => present(),
        }
    }

    /// The rows whose value passed a test at a moment; `codes` says which values of a dictionary do. `None` where a column must
    /// be made.
    pub(crate) fn selection(
        &self,
        chunk: &Chunk,
        field: &Field,
        at: i64,
        codes: impl Fn(&Symbols) -> CodeSet,
    ) -> Option<Bits> {
        if !has_track(field) {
            return None;
        }
        let Some(turns) = self.turns(chunk, field) else {
            let column = chunk.column(field);
            let mut rows = column
                .map_or_else(|| Bits::none(chunk.rows()), |column| column.select(&codes(&column.symbols)));
            self.unborn(None, At::One(at), |row| rows.set(row, false));
            return Some(rows);
        };
        let (track, rows) = (turns.track, chunk.rows());
        let mut rows = match codes(&track.symbols) {
            CodeSet::Range(range) => {
                let passes = |code: usize| range.contains(&code);
                track.passed(turns.now(rows, passes), track.later(at), passes)
            }
            CodeSet::Some(codes) => {
                let passes = |code: usize| codes.has(code);
                track.passed(turns.now(rows, passes), track.later(at), passes)
            }
        };
        self.unborn(Some(track), At::One(at), |row| rows.set(row, false));
        Some(rows)
    }

    /// The rows whose list held a member at a moment, of those whose list holds it now; `wanted` says which members it is of
    /// all that there are.
    pub(crate) fn held(&self, field: &Field, now: Bits, at: i64, wanted: impl Fn(&Symbols) -> Bits) -> Bits {
        let (mut rows, track) = (now, self.lists(field));
        if let Some(track) = track {
            let lists = lists::holding(&track.symbols, wanted);
            rows = track.passed(rows, track.later(at), |code| lists.has(code));
        }
        self.unborn(track, At::One(at), |row| rows.set(row, false));
        rows
    }

    /// How many of the rows had a list with each member at a moment: those whose list is what it is, and the others.
    pub(crate) fn members(
        &self,
        chunk: &Chunk,
        field: &Field,
        rows: &Bits,
        at: At<'_>,
    ) -> Vec<(Arc<Symbols>, Vec<u32>)> {
        let (mut born, track) = (rows.clone(), self.lists(field));
        self.unborn(track, at, |row| born.set(row, false));
        let (mut kept, mut counts) = (born.clone(), Vec::new());
        if let Some(track) = track {
            counts = vec![0_u32; track.missing() + 1];
            track.undone(track.later_than(at), |row, code| {
                if born.has(row) {
                    kept.set(row, false);
                    counts[code] += 1;
                }
            });
        }
        let column = chunk.column(field);
        let now = column.as_ref().and_then(|column| column.members.as_ref());
        let now = now.map(|members| (members.symbols.clone(), members.histogram(&kept)));
        let then = track.map(|track| lists::counts(&track.symbols, &counts));
        now.into_iter().chain(then).collect()
    }

    /// How many of the rows, `count` of them, had each value of a field at a moment, what is missing last; `None` where a
    /// column must be made, and where there is none.
    pub(crate) fn histogram(
        &self,
        chunk: &Chunk,
        field: &Field,
        (rows, count): (&Bits, usize),
        at: At<'_>,
    ) -> Option<(Arc<Symbols>, Vec<u32>)> {
        if !has_track(field) {
            return None;
        }
        let mut born = rows.clone();
        self.unborn(self.track(field), at, |row| born.set(row, false));
        let number = born.count();
        let (symbols, mut counts) = match self.turns(chunk, field) {
            Some(turns) => (turns.track.symbols.clone(), turns.histogram((&born, number), at)),
            None => {
                let column = chunk.column(field)?;
                (column.symbols.clone(), column.histogram(&born, number))
            }
        };
        counts[symbols.len()] += (count - number) as u32;
        Some((symbols, counts))
    }

    /// Calls with each row that was not born at a moment though it had been seen, as far as no change says what it was.
    fn unborn(&self, track: Option<&Track>, at: At<'_>, mut call: impl FnMut(usize)) {
        for (row, _) in self.odd().filter(|(row, began)| *began > at.of(*row)) {
            let is_later = |change| track.is_none_or(|track| track.time(change) > at.of(row));
            if track.and_then(|track| track.of(row).next()).is_none_or(is_later) {
                call(row);
            }
        }
    }

    /// A field that has never changed: rows had it since they began.
    fn begun<'c>(&self, column: Held<'c>, at: i64) -> Held<'c> {
        let mut born: Vec<Option<u16>> = Vec::new();
        self.unborn(None, At::One(at), |row| {
            if born.is_empty() {
                born = (0..column.rows()).map(|row| Some(row as u16)).collect();
            }
            born[row] = None;
        });
        if born.is_empty() {
            return column;
        }
        let mut builder = ColumnBuilder::default();
        column.feed(&mut builder, &born);
        made(builder.finish(column.rows()))
    }

    /// Since when each row had the status that it had.
    fn since(&self, chunk: &Chunk, column: &Column, at: i64) -> Column {
        let mut others = Vec::new();
        match self.turns(chunk, &Field::Status) {
            Some(turns) => {
                turns.track.undone(turns.track.later(at), |row, _| {
                    others.push((row, turns.run(row, at, self.began(chunk, row))));
                });
                let odd = self.odd().filter(|(_, began)| *began > at);
                others.extend(odd.map(|(row, began)| (row, turns.run(row, at, began))));
            }
            None => self.unborn(None, At::One(at), |row| others.push((row, None))),
        }
        let mut times: Vec<i64> = others.iter().filter_map(|(_, time)| *time).collect();
        times.sort_unstable();
        times.dedup();
        let place = |time: i64| times.partition_point(|own| *own < time);
        let others: Vec<_> = others.into_iter().map(|(row, time)| (row, time.map(place))).collect();
        with_times(column, &times, &others)
    }

    /// The latest activity: exactly where that was not later, else the end of the last day before.
    fn last_seen(&self, column: &Column, moment: Moment<'_>) -> Column {
        let later = column.symbols.times_before(|time| time <= moment.at);
        let ended = moment.days();
        let (mut others, mut known) = (Vec::new(), Bits::none(usize::from(ended)));
        for (row, code) in column.all_codes().into_iter().enumerate() {
            if usize::from(code) >= later {
                let last = self.days(row).iter().rfind(|day| **day < ended).copied().map(usize::from);
                last.iter().for_each(|day| known.insert(*day));
                others.push((row, last));
            }
        }
        let end = |number: usize| last_instant(day(number as u16), moment.zone).0;
        let times: Vec<i64> = known.iter().map(end).collect();
        let mut places = vec![0; known.len()];
        known.iter().enumerate().for_each(|(place, day)| places[day] = place);
        others.iter_mut().for_each(|(_, last)| *last = last.map(|day| places[day]));
        with_times(column, &times, &others)
    }
}

/// Times that had come.
fn earlier(column: &Column, at: i64) -> Column {
    let later = column.symbols.times_before(|time| time <= at);
    let later = column.select(&CodeSet::Range(later..column.missing()));
    with_times(column, &[], &later.iter().map(|row| (row, None)).collect::<Vec<_>>())
}

/// A column of times in which some rows have others, by their places among those; of a row that is named twice the last counts.
fn with_times(column: &Column, times: &[i64], others: &[(usize, Option<usize>)]) -> Column {
    let (mut codes, missing) = (column.all_codes(), column.missing());
    let mut kept = Bits::all(codes.len());
    others.iter().for_each(|(row, _)| kept.set(*row, false));
    let mut used = Bits::none(missing + 1);
    kept.each(|row| used.insert(usize::from(codes[row])));
    // Both are in order; together they are the new dictionary.
    let mut all = Vec::with_capacity(times.len() + missing);
    let (mut own, mut other) = (vec![0_u16; missing + 1], Vec::with_capacity(times.len()));
    let mut rest = times.iter().copied().peekable();
    let mut take = |all: &mut Vec<i64>, before: i64| {
        while let Some(time) = rest.next_if(|time| *time < before) {
            other.push(all.len() as u16);
            all.push(time);
        }
        if rest.next_if_eq(&before).is_some() {
            other.push(all.len() as u16);
        }
    };
    for code in used.iter().filter(|code| *code < missing) {
        let time = column.symbols.time(code).unwrap_or(i64::MIN);
        take(&mut all, time);
        own[code] = all.len() as u16;
        all.push(time);
    }
    take(&mut all, i64::MAX);
    own[missing] = all.len() as u16;
    kept.each(|row| codes[row] = own[usize::from(codes[row])]);
    for (row, place) in others {
        codes[*row] = place.map_or(all.len() as u16, |place| other[place]);
    }
    Column::of_codes(Arc::new(Symbols::of_times(&all)), codes)
}

fn made<'c>(column: Column) -> Held<'c> {
    Held::Made(Box::new(column))
}
