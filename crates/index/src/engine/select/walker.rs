//! A test that is asked of single rows at single moments.

use filter::{
    Field,
    predicate::{Condition, Test},
    value::Instant,
};

use super::{
    Ready,
    clocked::{Beside, Clocked},
};
use crate::{
    bits::Bits,
    engine::{Seen, condition},
    past::{At, Turns, lists},
};

/// A test of a part's rows; what each leaf needs is made ready once.
pub(super) enum Walker<'w> {
    All(Vec<Walker<'w>>),
    Any(Vec<Walker<'w>>),
    Not(Box<Walker<'w>>),
    /// It does not change: who somebody is.
    Rows(Bits),
    /// A value, or what a list holds, that has a track: the rows that pass now, and the codes that do.
    Track {
        turns: Turns<'w>,
        now: Bits,
        codes: Bits,
    },
    /// A value that has been the same since the row began.
    Begun(Bits),
    /// A time of the row.
    Clocked(Clocked<'w>, &'w Test, (Bits, Bits)),
    /// A time on one side of another.
    Beside(Box<Beside<'w>>, (Bits, Bits)),
}

/// Of which rows a test was true in a time.
pub(super) struct Ever {
    /// At one moment or other; some rows more where this is not exact.
    pub(super) rows: Bits,
    /// At the first moment, and at the last.
    pub(super) first: Bits,
    pub(super) last: Bits,
    /// For which rows something turned between.
    pub(super) turned: Bits,
    pub(super) is_exact: bool,
}

impl Ever {
    /// Of these rows it has always been true.
    fn always(rows: Bits) -> Ever {
        let turned = Bits::none(rows.len());
        Ever { first: rows.clone(), last: rows.clone(), rows, turned, is_exact: true }
    }

    /// Of which both, or one of two, were true. Each may have been at its own moment, unless one of them never turned.
    fn joined(mut self, other: &Ever, both: bool) -> Ever {
        self.is_exact &= other.is_exact && (!both || self.turned.is_empty() || other.turned.is_empty());
        let sides =
            [(&mut self.rows, &other.rows), (&mut self.first, &other.first), (&mut self.last, &other.last)];
        for (own, other) in sides {
            if both { own.keep(other) } else { own.add(other) }
        }
        self.turned.add(&other.turned);
        self
    }
}

impl<'w> Walker<'w> {
    /// The walker of a condition.
    pub(super) fn of(condition: &'w Condition, first: &Seen<'w>, last: &Seen<'w>) -> Walker<'w> {
        let Some(past) = first.past() else { return Walker::Any(Vec::new()) };
        let (chunk, test) = (first.chunk(), &condition.test);
        let rows = |seen: &Seen<'_>| Ready::Condition(condition).rows_of(seen);
        let ends = || (rows(first), rows(last));
        match &condition.field {
            field @ (Field::StatusSince | Field::FirstPaid) => match Clocked::of(field, first) {
                Some(clocked) => Walker::Clocked(clocked, test, ends()),
                None => Walker::Any(Vec::new()),
            },
            field @ (Field::Status | Field::Params(_)) => {
                let now = rows(&first.present());
                let turns = match condition::is_of_members(test) {
                    true => past.lists(field).map(|track| Turns::new(track, None)),
                    false => past.turns(chunk, field),
                };
                let Some(turns) = turns else { return Walker::Begun(now) };
                let symbols = &turns.track.symbols;
                let codes = match condition::is_of_members(test) {
                    true => lists::holding(symbols, |members| condition::members(members, test)),
                    false => condition::codes(symbols, field, test).into_bits(symbols.len()),
                };
                Walker::Track { turns, now, codes }
            }
            _ => Walker::Rows(rows(&first.present())),
        }
    }

    /// When it may have turned for a row.
    pub(super) fn moments(&self, row: usize, moments: &mut Vec<i64>) {
        match self {
            Walker::All(all) | Walker::Any(all) => all.iter().for_each(|walker| walker.moments(row, moments)),
            Walker::Not(walker) => walker.moments(row, moments),
            Walker::Track { turns, .. } => {
                moments.extend(turns.of(row).map(|place| turns.track.time(place)));
            }
            Walker::Clocked(clocked, ..) => clocked.moments(row, &mut |at| moments.push(at)),
            Walker::Beside(beside, _) => beside.moments(row, &mut |at| moments.push(at)),
            Walker::Rows(_) | Walker::Begun(_) => {}
        }
    }

    /// Calls with every row and time after a moment at which it may turn.
    pub(super) fn each_turn(&self, after: i64, call: &mut dyn FnMut(usize, i64)) {
        match self {
            Walker::All(all) | Walker::Any(all) => {
                all.iter().for_each(|walker| walker.each_turn(after, call));
            }
            Walker::Not(walker) => walker.each_turn(after, call),
            Walker::Track { turns, .. } => turns.track.each_later(after, call),
            Walker::Clocked(clocked, ..) => clocked.each_turn(after, call),
            Walker::Beside(beside, (rows, _)) => {
                for row in 0..rows.len() {
                    beside.moments(row, &mut |at| {
                        if at > after {
                            call(row, at);
                        }
                    });
                }
            }
            Walker::Rows(_) | Walker::Begun(_) => {}
        }
    }

    /// Of which rows it, or its contrary, may have been true at a moment of a time, the first and the last among them. Rows that
    /// did not begin when they were first seen are not thought of.
    pub(super) fn ever(&self, contrary: bool, (from, until): (i64, i64), rows: usize) -> Ever {
        let none = || Bits::none(rows);
        let side = |rows: &Bits| {
            let mut rows = rows.clone();
            if contrary {
                rows.invert();
            }
            rows
        };
        match self {
            Walker::All(all) | Walker::Any(all) => {
                let both = matches!(self, Walker::All(_)) != contrary;
                let start = if both { Bits::all(rows) } else { none() };
                let each = all.iter().map(|walker| walker.ever(contrary, (from, until), rows));
                each.fold(Ever::always(start), |ever, other| ever.joined(&other, both))
            }
            Walker::Not(walker) => walker.ever(!contrary, (from, until), rows),
            Walker::Rows(own) | Walker::Begun(own) => Ever::always(side(own)),
            Walker::Track { turns, now, codes } => {
                let is = |code: usize| codes.has(code) != contrary;
                let (mut between, later) = (turns.track.later(from), turns.track.later(until));
                let first = turns.track.passed(side(now), between.clone(), is);
                between.remove_all(&later);
                let last = turns.track.passed(side(now), later, is);
                let (mut ever, mut turned) = (first.clone(), none());
                ever.add(&last);
                // What it was between two changes is what it was before the second.
                between.each(|place| {
                    let row = turns.track.row(place);
                    turned.insert(row);
                    if is(turns.track.before(place)) {
                        ever.insert(row);
                    }
                });
                Ever { rows: ever, first, last, turned, is_exact: true }
            }
            Walker::Clocked(clocked, _, (first, last)) => {
                let (first, last) = (side(first), side(last));
                let turned = clocked.turned((from, until), rows);
                Ever { rows: Bits::all(rows), first, last, turned, is_exact: false }
            }
            Walker::Beside(beside, (first, last)) => {
                let (first, last, mut turned) = (side(first), side(last), none());
                beside.times.iter().for_each(|time| turned.add(&time.turned((from, until), rows)));
                Ever { rows: Bits::all(rows), first, last, turned, is_exact: false }
            }
        }
    }

    /// The rows of which it was true, each at a moment of its own; `None` where each must be asked. `odd` are those that did not
    /// begin when they were first seen, and when they began.
    pub(super) fn each_at(&self, moments: &[i64], odd: &[(usize, i64)]) -> Option<Bits> {
        let mut rows = match self {
            Walker::Rows(rows) => return Some(rows.clone()),
            Walker::Begun(rows) => rows.clone(),
            Walker::Track { turns, now, codes } => {
                let later = turns.track.later_than(At::Own(moments));
                turns.track.passed(now.clone(), later, |code| codes.has(code))
            }
            _ => return None,
        };
        odd.iter().for_each(|(row, began)| rows.set(*row, self.holds(*row, moments[*row], *began)));
        Some(rows)
    }

    /// Whether it was true of a row, which began then, at a moment.
    pub(super) fn holds(&self, row: usize, at: i64, began: i64) -> bool {
        match self {
            Walker::All(all) => all.iter().all(|walker| walker.holds(row, at, began)),
            Walker::Any(any) => any.iter().any(|walker| walker.holds(row, at, began)),
            Walker::Not(walker) => !walker.holds(row, at, began),
            Walker::Rows(rows) => rows.has(row),
            Walker::Begun(rows) => began <= at && rows.has(row),
            Walker::Track { turns, now, codes } => match turns.then(row, at, began) {
                Some(code) => codes.has(code),
                None => now.has(row),
            },
            Walker::Clocked(clocked, test, _) => {
                clocked.at(row, at, began).is_some_and(|time| is_time(test, time))
            }
            Walker::Beside(beside, _) => beside.holds(row, at, began),
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
