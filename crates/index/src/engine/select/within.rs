//! `was (…)` at some moment or other of a time: what was true at its ends, and after each change between.

use filter::{
    Field,
    predicate::{Condition, Stretch, Test},
    value::Instant,
};

use super::Ready;
use crate::{
    bits::Bits,
    chunk::Held,
    column::{CodeSet, Column, Symbol},
    engine::{Seen, condition, past::each_code},
    past::{self, Past, Track},
};

/// The rows of which a node was true at one moment at least of a time: at its first, at its last, or after a change between.
pub(super) fn within(test: &Ready<'_>, within: Stretch, seen: &Seen<'_>) -> Bits {
    let chunk = seen.chunk();
    let mut found = Bits::none(chunk.rows());
    let Some(past) = seen.past() else { return found };
    let until = seen.moment.map_or(within.until, |moment| within.until.min(Instant(moment.at)));
    if within.from > until {
        return found;
    }
    found.add(&test.rows_at(&seen.at(within.from)));
    found.add(&test.rows_at(&seen.at(until)));
    let mut tracks = Vec::new();
    test.tracks(past, &mut tracks);
    let mut turns: Vec<(u16, i64)> = Vec::new();
    let between = |time: i64| within.from.0 < time && time < until.0;
    for track in tracks {
        track.each_row(|row, times, _| {
            if !found.has(row) {
                let own = times.iter().copied().filter(|time| between(*time));
                turns.extend(own.map(|time| (row as u16, time)));
            }
        });
    }
    // What comes without a change: the first moment, and the first payment.
    for field in [Field::FirstSeen, Field::FirstPaid] {
        let Some(column) = chunk.column(&field) else { continue };
        let times = column.symbols.time_codes();
        let from = column.symbols.times_before(|time| time <= within.from.0);
        let to = column.symbols.times_before(|time| time < until.0);
        debug_assert!(times.start <= from);
        column.select(&CodeSet::Range(from..to.max(from))).each(|row| {
            if let Some(time) = time(Some(&column), row).filter(|_| !found.has(row)) {
                turns.push((row as u16, time));
            }
        });
    }
    let began = (0..chunk.rows()).map(|row| (row as u16, past.began(row)));
    turns.extend(began.filter(|(row, began)| between(*began) && !found.has(usize::from(*row))));
    turns.sort_unstable();
    turns.dedup();
    walk(test, seen, &turns, &mut found);
    found
}

/// Looks at each row that is not found yet at each of its moments.
fn walk(test: &Ready<'_>, seen: &Seen<'_>, turns: &[(u16, i64)], found: &mut Bits) {
    let walker = Walk { born: seen.chunk().column(&Field::FirstSeen), walker: test.walker(seen) };
    for turns in turns.chunk_by(|a, b| a.0 == b.0) {
        let row = usize::from(turns[0].0);
        if turns.iter().any(|(_, at)| walker.holds(row, *at)) {
            found.insert(row);
        }
    }
}

/// A test that is asked of single rows at single moments.
pub(super) enum Walker<'w> {
    All(Vec<Walker<'w>>),
    Any(Vec<Walker<'w>>),
    Not(Box<Walker<'w>>),
    /// It does not change: who somebody is.
    Rows(Bits),
    /// A value that has a track.
    Track {
        past: &'w Past,
        track: &'w Track,
        column: Option<Held<'w>>,
        codes: Bits,
    },
    /// A value that has been the same since the row began.
    Begun {
        past: &'w Past,
        rows: Bits,
    },
    /// When a status began.
    Since {
        past: &'w Past,
        track: Option<&'w Track>,
        column: Option<Held<'w>>,
        test: &'w Test,
    },
    /// A time that had come.
    Paid {
        column: Option<Held<'w>>,
        test: &'w Test,
    },
}

/// A walker over rows that there were.
struct Walk<'w> {
    born: Option<Held<'w>>,
    walker: Walker<'w>,
}

impl Walk<'_> {
    fn holds(&self, row: usize, at: i64) -> bool {
        time(self.born.as_deref(), row).is_some_and(|born| born <= at) && self.walker.holds(row, at)
    }
}

fn time(column: Option<&Column>, row: usize) -> Option<i64> {
    let column = column?;
    let code = column.code(row);
    match (code < column.missing()).then(|| column.symbols.get(code))? {
        Symbol::Time(time) => Some(time),
        _ => None,
    }
}

impl<'w> Walker<'w> {
    /// The walker of a condition.
    pub(super) fn of(condition: &'w Condition, seen: &Seen<'w>) -> Walker<'w> {
        let Some(past) = seen.past() else { return Walker::Any(Vec::new()) };
        let (chunk, test) = (seen.chunk(), &condition.test);
        let column = chunk.column(&condition.field);
        match &condition.field {
            Field::StatusSince => Walker::Since { past, track: past.track(&Field::Status), column, test },
            Field::FirstPaid => Walker::Paid { column, test },
            field @ (Field::Status | Field::Params(_)) => match past.track(field) {
                Some(track) => {
                    let mut codes = Bits::none(track.missing() + 1);
                    each_code(&condition::codes(&track.symbols, field, test), |code| codes.insert(code));
                    Walker::Track { past, track, column, codes }
                }
                None => Walker::Begun { past, rows: Ready::Condition(condition).rows_of(&seen.present()) },
            },
            _ => Walker::Rows(Ready::Condition(condition).rows_of(&seen.present())),
        }
    }

    fn holds(&self, row: usize, at: i64) -> bool {
        match self {
            Walker::All(all) => all.iter().all(|walker| walker.holds(row, at)),
            Walker::Any(any) => any.iter().any(|walker| walker.holds(row, at)),
            Walker::Not(walker) => !walker.holds(row, at),
            Walker::Rows(rows) => rows.has(row),
            Walker::Begun { past, rows } => past.began(row) <= at && rows.has(row),
            Walker::Track { past, track, column, codes } => {
                let (times, own) = track.of(row);
                let present = || {
                    column
                        .as_ref()
                        .map_or(track.missing(), |column| usize::from(track.present(column.code(row))))
                };
                let code = match times.last() {
                    Some(last) if *last > at => match times.partition_point(|time| *time <= at) {
                        0 => track.missing(),
                        known => usize::from(own[known - 1]),
                    },
                    None if past.began(row) > at => track.missing(),
                    _ => present(),
                };
                codes.has(code)
            }
            Walker::Since { past, track, column, test } => {
                let own = track.map(|track| (track.of(row), track.missing()));
                let since = match own {
                    Some(((times, codes), missing)) if times.last().is_some_and(|last| *last > at) => {
                        past::run(times, codes, missing, at)
                    }
                    Some(((times, _), _)) if !times.is_empty() => time(column.as_deref(), row),
                    _ if past.began(row) > at => None,
                    _ => time(column.as_deref(), row),
                };
                since.is_some_and(|since| is_time(test, since))
            }
            Walker::Paid { column, test } => {
                time(column.as_deref(), row).is_some_and(|paid| paid <= at && is_time(test, paid))
            }
        }
    }
}

/// Whether a test is true of a point in time.
fn is_time(test: &Test, time: i64) -> bool {
    use std::ops::RangeBounds;
    match test {
        Test::Exists | Test::Is(filter::value::Kind::String) => true,
        Test::During(range) => range.instants.contains(&Instant(time)),
        _ => false,
    }
}
