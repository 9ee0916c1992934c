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
    past::Turns,
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
        track.between(within.from.0, until.0 - 1).each(|place| {
            if !found.has(track.row(place)) {
                turns.push((track.row(place) as u16, track.time(place)));
            }
        });
    }
    // What comes without a change: the first moment, and the first payment.
    for field in [Field::FirstSeen, Field::FirstPaid] {
        let Some(column) = chunk.column(&field) else { continue };
        let from = column.symbols.times_before(|time| time <= within.from.0);
        let to = column.symbols.times_before(|time| time < until.0);
        column.select(&CodeSet::Range(from..to.max(from))).each(|row| {
            if let Some(time) = time(Some(&column), row).filter(|_| !found.has(row)) {
                turns.push((row as u16, time));
            }
        });
    }
    let began = past.odd().filter(|(row, began)| between(*began) && !found.has(*row));
    turns.extend(began.map(|(row, began)| (row as u16, began)));
    turns.sort_unstable();
    turns.dedup();
    walk(test, seen, &turns, &mut found);
    found
}

/// Looks at each row that is not found yet at each of its moments.
fn walk(test: &Ready<'_>, seen: &Seen<'_>, turns: &[(u16, i64)], found: &mut Bits) {
    let Some(past) = seen.past() else { return };
    let (first_seen, walker) = (seen.chunk().column(&Field::FirstSeen), test.walker(seen));
    for turns in turns.chunk_by(|a, b| a.0 == b.0) {
        let row = usize::from(turns[0].0);
        let Some(first_seen) = time(first_seen.as_deref(), row) else { continue };
        let began = past.began(seen.chunk(), row);
        if turns.iter().any(|(_, at)| first_seen <= *at && walker.holds(row, *at, began)) {
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
        turns: Turns<'w>,
        codes: Bits,
    },
    /// A value that has been the same since the row began.
    Begun(Bits),
    /// When a status began.
    Since {
        turns: Option<Turns<'w>>,
        column: Option<Held<'w>>,
        test: &'w Test,
    },
    /// A time that had come.
    Paid {
        column: Option<Held<'w>>,
        test: &'w Test,
    },
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
        let column = || chunk.column(&condition.field);
        match &condition.field {
            Field::StatusSince => {
                Walker::Since { turns: past.turns(chunk, &Field::Status), column: column(), test }
            }
            Field::FirstPaid => Walker::Paid { column: column(), test },
            field @ (Field::Status | Field::Params(_)) => match past.turns(chunk, field) {
                Some(turns) => {
                    let mut codes = Bits::none(turns.track.missing() + 1);
                    each_code(&condition::codes(&turns.track.symbols, field, test), |code| {
                        codes.insert(code)
                    });
                    Walker::Track { turns, codes }
                }
                None => Walker::Begun(Ready::Condition(condition).rows_of(&seen.present())),
            },
            _ => Walker::Rows(Ready::Condition(condition).rows_of(&seen.present())),
        }
    }

    /// Whether it was true of a row, which began then, at a moment.
    fn holds(&self, row: usize, at: i64, began: i64) -> bool {
        match self {
            Walker::All(all) => all.iter().all(|walker| walker.holds(row, at, began)),
            Walker::Any(any) => any.iter().any(|walker| walker.holds(row, at, began)),
            Walker::Not(walker) => !walker.holds(row, at, began),
            Walker::Rows(rows) => rows.has(row),
            Walker::Begun(rows) => began <= at && rows.has(row),
            Walker::Track { turns, codes } => codes.has(turns.at(row, at, began)),
            Walker::Since { turns, column, test } => {
                let since = match turns {
                    Some(turns) if turns.changed_after(row, at) || began > at => turns.run(row, at, began),
                    None if began > at => None,
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
