//! Columns as of a moment.

use filter::{
    Field,
    calendar::{day_of, first_instant},
    value::Instant,
};
use hashbrown::HashMap;
use jiff::{ToSpan, civil::Date, tz::TimeZone};

use super::{Past, Track};
use crate::{
    bits::Bits,
    chunk::{Chunk, Held},
    column::{CodeSet, Column, ColumnBuilder, Symbol},
};

/// A moment of the past, in a zone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment<'a> {
    pub(crate) at: i64,
    pub(crate) zone: &'a TimeZone,
}

/// The days are counted from here.
const EPOCH: Date = Date::constant(1970, 1, 1);

/// A day by its number.
pub(crate) fn day(number: u16) -> Date {
    EPOCH.saturating_add(i64::from(number).days())
}

/// The last instant of a day.
pub(crate) fn end_of(day: Date, zone: &TimeZone) -> i64 {
    first_instant(day.tomorrow().unwrap_or(day), zone).0 - 1
}

impl Moment<'_> {
    /// How many of the days since 1970 had ended.
    pub(crate) fn days(&self) -> u16 {
        let day = day_of(Instant(self.at), self.zone);
        let over = if end_of(day, self.zone) <= self.at { day.tomorrow().unwrap_or(day) } else { day };
        let days = over.duration_since(EPOCH).as_hours() / 24;
        u16::try_from(days.max(0)).unwrap_or(u16::MAX)
    }
}

impl Past {
    /// The rows that there were.
    pub(crate) fn existing(&self, chunk: &Chunk, moment: Moment<'_>) -> Bits {
        let Some(seen) = chunk.column(&Field::FirstSeen) else { return Bits::none(chunk.rows()) };
        let times = seen.symbols.time_codes();
        let until = seen.symbols.times_before(|time| time <= moment.at);
        seen.select(&CodeSet::Range(times.start..until))
    }

    /// The column of a field as of a moment; `None` when no row had it.
    pub(crate) fn column<'c>(&self, chunk: &'c Chunk, field: &Field, moment: Moment<'_>) -> Option<Held<'c>> {
        let present = chunk.column(field);
        match field {
            Field::FirstPaid => present.map(|column| made(self.earlier(&column, moment.at))),
            Field::LastActivity => present.map(|column| made(self.last_seen(&column, moment))),
            Field::StatusSince => present.map(|column| match self.track(&Field::Status) {
                Some(track) => made(self.since(track, &column, moment.at)),
                None => self.begun(column, moment.at),
            }),
            Field::Status | Field::Params(_) => match self.track(field) {
                Some(track) => Some(made(self.patched(track, present.as_deref(), chunk.rows(), moment.at))),
                None => present.map(|column| self.begun(column, moment.at)),
            },
            _ => present,
        }
    }

    /// A track's field: the present codes, and those of the rows that changed later put back.
    fn patched(&self, track: &Track, present: Option<&Column>, rows: usize, at: i64) -> Column {
        let missing = track.missing() as u16;
        let present = match present {
            Some(column) => {
                column.all_codes().into_iter().map(|code| track.present(usize::from(code))).collect()
            }
            None => vec![missing; rows],
        };
        let mut codes = present.clone();
        self.clear_unborn(&mut codes, missing, at);
        track.each_row(|row, times, own| {
            codes[row] = match times.last() {
                Some(last) if *last > at => match times.iter().rposition(|time| *time <= at) {
                    Some(known) => own[known],
                    None => missing,
                },
                _ => present[row],
            };
        });
        Column::of_codes(track.symbols.clone(), codes)
    }

    /// A field that has never changed: rows had it since they began.
    fn begun<'c>(&self, column: Held<'c>, at: i64) -> Held<'c> {
        if self.began.iter().all(|began| *began <= at) {
            return column;
        }
        let missing = column.missing();
        let mut codes = column.all_codes();
        self.clear_unborn(&mut codes, missing as u16, at);
        made(Column::of_codes(column.symbols.clone(), codes))
    }

    fn clear_unborn(&self, codes: &mut [u16], missing: u16, at: i64) {
        for (code, began) in codes.iter_mut().zip(&self.began) {
            if *began > at {
                *code = missing;
            }
        }
    }

    /// Since when each row had the status that it had.
    fn since(&self, track: &Track, column: &Column, at: i64) -> Column {
        let time = |row| match column.symbols.get(column.code(row)) {
            Symbol::Time(time) => Some(time),
            _ => None,
        };
        let born = |row: usize| self.began[row] <= at;
        let mut times: Vec<Option<i64>> =
            (0..column.rows()).map(|row| born(row).then(|| time(row)).flatten()).collect();
        track.each_row(|row, changed, codes| {
            let is_later = changed.last().is_some_and(|last| *last > at);
            times[row] = if is_later { run(changed, codes, track.missing(), at) } else { time(row) };
        });
        let mut builder = ColumnBuilder::default();
        for (row, time) in times.iter().enumerate() {
            time.iter().for_each(|time| builder.put(row as u16, &Symbol::Time(*time)));
        }
        builder.finish(column.rows())
    }

    /// Times that had come.
    fn earlier(&self, column: &Column, at: i64) -> Column {
        let (later, missing) = (column.symbols.times_before(|time| time <= at), column.missing());
        let had_come = |code: u16| if usize::from(code) < later { code } else { missing as u16 };
        let codes = column.all_codes().into_iter().map(had_come).collect();
        Column::of_codes(column.symbols.clone(), codes)
    }

    /// The latest activity: exactly where that was not later, else the end of the last day before.
    fn last_seen(&self, column: &Column, moment: Moment<'_>) -> Column {
        let later = column.symbols.times_before(|time| time <= moment.at);
        let ended = moment.days();
        let mut ends: HashMap<u16, i64> = HashMap::new();
        let mut builder = ColumnBuilder::default();
        let rows = self.began.len();
        for row in 0..rows {
            let code = column.code(row);
            if code < later {
                builder.put(row as u16, &column.symbols.get(code));
                continue;
            }
            let days = self.days(row);
            if let Some(last) = days[..days.partition_point(|day| *day < ended)].last() {
                let end = *ends.entry(*last).or_insert_with(|| end_of(day(*last), moment.zone));
                builder.put(row as u16, &Symbol::Time(end));
            }
        }
        builder.finish(rows)
    }
}

/// When the run of one value began that a row was in at a moment; `None` where it had none.
pub(crate) fn run(times: &[i64], codes: &[u16], missing: usize, at: i64) -> Option<i64> {
    let known = times.partition_point(|time| *time <= at);
    let last = *codes[..known].last()?;
    if usize::from(last) == missing {
        return None;
    }
    let start = codes[..known].iter().rposition(|code| *code != last).map_or(0, |place| place + 1);
    Some(times[start])
}

fn made<'c>(column: Column) -> Held<'c> {
    Held::Made(Box::new(column))
}
