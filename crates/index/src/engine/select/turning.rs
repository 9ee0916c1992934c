//! When rows begin and cease to match, for a predicate that does not move with the clock: it turns where a value of the row
//! does, and nowhere else.

use std::{ops::RangeBounds as _, rc::Rc};

use filter::{
    Field,
    predicate::{Changed, Condition, Node, Order, Own, Range, Stretch, Test, When},
    value::Instant,
};

use super::{
    Moment, Ready, Time,
    clocked::{Beside, Clocked},
    runs::{Runs, Within},
    walker::Walker,
};
use crate::{
    bits::Bits,
    engine::{Seen, past},
};

/// Whether what a predicate says of a row follows from the row's own changes. The days on which somebody was seen, the latest
/// activity, numbers held against one another and a customer's other relationships have moments of their own.
pub(in crate::engine) fn is_still(node: &Node) -> bool {
    let moves = |own: &Own| own.from.field() == Some(&Field::LastActivity);
    node.firsts().all(|first| is_still(&first.node))
        && match node {
            Node::All(nodes) | Node::Any(nodes) => nodes.iter().all(is_still),
            Node::Was { when: When::Own { time, .. }, node, .. } => !moves(time) && is_still(node),
            Node::First { test, .. } => !test.own().is_some_and(moves),
            Node::Not(node) | Node::Was { node, .. } => is_still(node),
            Node::Search(_) => true,
            Node::Elsewhere { .. } | Node::Seen { .. } => false,
            Node::Condition(condition) => {
                condition.fields().all(|field| *field != Field::LastActivity)
                    && !matches!(condition.test, Test::Moved(_))
            }
        }
}

/// A test of the rows of a part, at any moment.
pub(in crate::engine) struct Turning<'w> {
    /// Since when each row has been there.
    born: Rc<[i64]>,
    /// The rows that began at another time, and when.
    odd: Vec<(usize, i64)>,
    test: Tested<'w>,
}

/// So few moments are looked at one by one, be some of them the same.
const FEW: usize = 16;

/// Each moment once, where there are many: many conditions ask of the same changes.
pub(super) fn once(moments: &mut Vec<i64>) {
    if moments.len() > FEW {
        moments.sort_unstable();
        moments.dedup();
    }
}

/// No time at all.
pub(in crate::engine) const NEVER: i64 = i64::MAX;

enum Tested<'w> {
    All(Vec<Tested<'w>>),
    Any(Vec<Tested<'w>>),
    Not(Box<Tested<'w>>),
    /// What a value says.
    Value(Walker<'w>),
    /// True of each row from a time on.
    Since(Vec<i64>),
    /// As it was at a moment, once that has come.
    At(i64, Box<Turning<'w>>),
    /// The same with a moment of each row's own, moved so far, which is not before another moment.
    Own {
        time: Clocked<'w>,
        shift: i64,
        since: i64,
        test: Box<Turning<'w>>,
    },
    /// A time on one side of another.
    Beside(Box<Beside<'w>>),
    /// A time within a range.
    During(Clocked<'w>, &'w Range),
}

impl<'w> Turning<'w> {
    /// The test of a predicate that [`is_still`]; `None` where the part has no past.
    pub(in crate::engine) fn of(test: &'w Ready<'w>, seen: &Seen<'w>) -> Option<Turning<'w>> {
        let past = seen.past()?;
        let column = seen.chunk().column(&Field::FirstSeen);
        let born = match column {
            Some(column) => column.all_times().map(|time| time.unwrap_or(NEVER)).collect(),
            None => vec![NEVER; seen.chunk().rows()].into(),
        };
        Some(Turning { born, odd: past.odd().collect(), test: Tested::of(test, seen)? })
    }

    /// Another test of the same part.
    pub(in crate::engine) fn other<'o>(&self, test: &'o Ready<'o>, seen: &Seen<'o>) -> Option<Turning<'o>> {
        Some(Turning { born: Rc::clone(&self.born), odd: self.odd.clone(), test: Tested::of(test, seen)? })
    }

    /// Whether a row was there at a moment and it was true of it.
    pub(in crate::engine) fn holds(&self, row: usize, at: i64) -> bool {
        self.born[row] <= at && self.test.holds(row, at, self.began(row))
    }

    /// The rows that were there, each at a moment of its own, and of which it was true then.
    pub(in crate::engine) fn each_at(&self, moments: &[i64]) -> Bits {
        let mut rows = self.test.each_at(moments, self);
        let unborn = self.born.iter().zip(moments).enumerate().filter(|(_, (born, at))| born > at);
        unborn.for_each(|(row, _)| rows.set(row, false));
        rows
    }

    /// Whether it was true of a row at one moment at least of a time.
    pub(in crate::engine) fn held(&self, row: usize, within: Stretch, moments: &mut Vec<i64>) -> bool {
        let Stretch { from, until } = within;
        let (born, began) = (self.born[row], self.began(row));
        moments.clear();
        moments.extend([from.0, born, began]);
        self.test.moments(row, moments);
        once(moments);
        let mut within = moments.iter().filter(|at| from.0.max(born) <= **at && **at <= until.0);
        within.any(|at| self.test.holds(row, *at, began))
    }

    fn began(&self, row: usize) -> i64 {
        match self.odd.binary_search_by_key(&row, |(row, _)| *row) {
            Ok(place) => self.odd[place].1,
            Err(_) => self.born[row],
        }
    }

    /// Calls with every row and time after a moment at which the answer may change.
    pub(in crate::engine) fn each_turn(&self, after: i64, call: &mut dyn FnMut(usize, i64)) {
        let born = self.born.iter().copied().enumerate();
        born.chain(self.odd.iter().copied())
            .filter(|(_, at)| *at > after)
            .for_each(|(row, at)| call(row, at));
        self.test.each_turn(self.born.len(), after, call);
    }

    /// When it was true of the rows that were there, within a time.
    pub(in crate::engine) fn runs(&self, within: Stretch) -> Runs {
        let within = (within.from.0, within.until.0);
        let mut moments = Vec::new();
        let mut of_odd: Vec<(usize, i64)> = Vec::new();
        let mut first = Bits::none(self.born.len());
        for (row, began) in self.odd.iter().copied() {
            moments.clear();
            moments.extend([self.born[row], began]);
            self.test.moments(row, &mut moments);
            let later = moments.iter().filter(|at| within.0 < **at && **at <= within.1);
            of_odd.extend(later.map(|at| (row, *at)));
            first.set(row, self.holds(row, within.0));
        }
        let odd = Runs::asked(first, of_odd, |row, at| self.holds(row, at));
        self.test.runs(self, within).living(&self.born, &odd, &self.odd, within)
    }

    /// When it was first true of each row within a time.
    pub(in crate::engine) fn firsts(&self, within: Stretch) -> Vec<i64> {
        if within.from > within.until {
            return vec![NEVER; self.born.len()];
        }
        self.runs(within).firsts(within.from.0)
    }
}

impl<'w> Tested<'w> {
    fn of(test: &'w Ready<'w>, seen: &Seen<'w>) -> Option<Tested<'w>> {
        let each = |tests: &'w [Ready<'w>]| {
            tests.iter().map(|test| Tested::of(test, seen)).collect::<Option<Vec<_>>>()
        };
        Some(match test {
            Ready::All(tests) => Tested::All(each(tests)?),
            Ready::Any(tests) => Tested::Any(each(tests)?),
            Ready::Not(test) => Tested::Not(Box::new(Tested::of(test, seen)?)),
            Ready::Search(_) => Tested::Value(test.walker(seen, seen)),
            Ready::Condition(condition) => match &condition.test {
                Test::Changed(changed) => Tested::Since(since_changed(condition, changed, seen)),
                _ => Tested::Value(test.walker(seen, seen)),
            },
            Ready::At(moment, test) => Tested::At(moment.0, Box::new(Turning::of(test, seen)?)),
            Ready::Beside(time, order, moment) => {
                Tested::Beside(Box::new(beside(time, *order, moment, seen)?))
            }
            Ready::During(time, range) => Tested::During(clocked(time, seen)?, range),
            Ready::Own(own, (since, _), test) => Tested::Own {
                time: clocked(&own.time, seen)?,
                shift: own.shift,
                since: since.0,
                test: Box::new(Turning::of(test, seen)?),
            },
            Ready::Within(within, test) => Tested::Since(Turning::of(test, seen)?.firsts(*within)),
            Ready::Customers(_) | Ready::Seen(..) => return None,
        })
    }

    fn holds(&self, row: usize, at: i64, began: i64) -> bool {
        match self {
            Tested::All(all) => all.iter().all(|test| test.holds(row, at, began)),
            Tested::Any(any) => any.iter().any(|test| test.holds(row, at, began)),
            Tested::Not(test) => !test.holds(row, at, began),
            Tested::Value(walker) => walker.holds(row, at, began),
            Tested::Since(times) => times[row] <= at,
            Tested::At(moment, test) => test.holds(row, at.min(*moment)),
            Tested::Beside(beside) => beside.holds(row, at, began),
            Tested::During(time, range) => {
                time.at(row, at, began).is_some_and(|time| range.instants.contains(&Instant(time)))
            }
            Tested::Own { time, shift, since, test } => {
                let moment = time.at(row, at, began).map(|time| time + shift);
                let known = moment.filter(|moment| *since <= *moment && *moment <= at);
                known.is_some_and(|moment| test.holds(row, moment))
            }
        }
    }

    /// The rows of which it was true, each at a moment of its own.
    fn each_at(&self, moments: &[i64], whole: &Turning<'_>) -> Bits {
        let each = |tests: &[Tested<'_>], join: fn(&mut Bits, &Bits), start: Bits| {
            tests.iter().fold(start, |mut rows, test| {
                join(&mut rows, &test.each_at(moments, whole));
                rows
            })
        };
        let rows = || {
            let mut rows = Bits::none(moments.len());
            for (row, at) in moments.iter().enumerate() {
                rows.set(row, self.holds(row, *at, whole.began(row)));
            }
            rows
        };
        match self {
            Tested::All(tests) => each(tests, Bits::keep, Bits::all(moments.len())),
            Tested::Any(tests) => each(tests, Bits::add, Bits::none(moments.len())),
            Tested::Not(test) => {
                let mut rows = test.each_at(moments, whole);
                rows.invert();
                rows
            }
            Tested::Value(walker) => walker.each_at(moments, &whole.odd).unwrap_or_else(rows),
            Tested::Since(_)
            | Tested::At(..)
            | Tested::Own { .. }
            | Tested::Beside(_)
            | Tested::During(..) => rows(),
        }
    }

    /// When it was true of the rows; before they were there, what they were born with counts.
    fn runs(&self, whole: &Turning<'_>, within: Within) -> Runs {
        let each = |tests: &[Tested<'_>], both: bool| {
            let runs = tests.iter().map(|test| test.runs(whole, within));
            runs.reduce(|runs, other| runs.joined(&other, both))
        };
        let asked = || {
            let rows = whole.born.len();
            let mut first = Bits::none(rows);
            let mut moments = Vec::new();
            for (row, born) in whole.born.iter().copied().enumerate() {
                match born {
                    born if born <= within.0 => first.set(row, self.holds(row, within.0, whole.began(row))),
                    born => moments.extend(Some((row, born)).filter(|_| born <= within.1)),
                }
            }
            self.each_turn(rows, within.0, &mut |row, at| {
                moments.extend(Some((row, at)).filter(|_| at <= within.1));
            });
            Runs::asked(first, moments, |row, at| self.holds(row, at, whole.began(row)))
        };
        let none = || Bits::none(whole.born.len());
        match self {
            Tested::All(tests) => each(tests, true).unwrap_or_else(|| Runs::always(none()).inverted()),
            Tested::Any(tests) => each(tests, false).unwrap_or_else(|| Runs::always(none())),
            Tested::Not(test) => test.runs(whole, within).inverted(),
            Tested::Value(walker) => walker.runs(within).unwrap_or_else(asked),
            Tested::Since(times) => Runs::since(times, within),
            Tested::At(..) | Tested::Own { .. } | Tested::Beside(_) | Tested::During(..) => asked(),
        }
    }

    /// When it may have turned for a row.
    fn moments(&self, row: usize, moments: &mut Vec<i64>) {
        match self {
            Tested::All(tests) | Tested::Any(tests) => {
                tests.iter().for_each(|test| test.moments(row, moments));
            }
            Tested::Not(test) => test.moments(row, moments),
            Tested::Value(walker) => walker.moments(row, moments),
            Tested::Since(times) => moments.push(times[row]),
            Tested::At(_, test) => test.test.moments(row, moments),
            Tested::Beside(beside) => beside.moments(row, &mut |at| moments.push(at)),
            Tested::During(time, _) => time.moments(row, &mut |at| moments.push(at)),
            // It turns with the time, and when the moment has come.
            Tested::Own { time, shift, test, .. } => {
                moments.extend([test.born[row], test.began(row)].map(|at| at.saturating_add(*shift)));
                time.moments(row, &mut |at| moments.extend([at, at + shift]));
            }
        }
    }

    fn each_turn(&self, rows: usize, after: i64, call: &mut dyn FnMut(usize, i64)) {
        let mut later = |row: usize, at: i64| {
            if at > after {
                call(row, at);
            }
        };
        match self {
            Tested::Beside(beside) => {
                (0..rows).for_each(|row| beside.moments(row, &mut |at| later(row, at)));
            }
            Tested::During(time, _) => {
                (0..rows).for_each(|row| time.moments(row, &mut |at| later(row, at)));
            }
            Tested::All(tests) | Tested::Any(tests) => {
                tests.iter().for_each(|test| test.each_turn(rows, after, call));
            }
            Tested::Not(test) => test.each_turn(rows, after, call),
            Tested::Value(walker) => walker.each_turn(after, call),
            Tested::Since(times) => {
                let later = times.iter().enumerate().filter(|(_, at)| **at > after);
                later.for_each(|(row, at)| call(row, *at));
            }
            Tested::Own { time, shift, test, .. } => {
                for row in 0..rows {
                    [test.born[row], test.began(row)]
                        .iter()
                        .for_each(|at| later(row, at.saturating_add(*shift)));
                    time.moments(row, &mut |at| [at, at + shift].into_iter().for_each(|at| later(row, at)));
                }
            }
            Tested::At(moment, test) => test.each_turn(after, &mut |row, at| {
                if at <= *moment {
                    call(row, at);
                }
            }),
        }
    }
}

/// A time at any moment; `None` where the part has no past.
fn clocked<'w>(time: &'w Time<'w>, seen: &Seen<'w>) -> Option<Clocked<'w>> {
    match time {
        Time::Field(field) => Clocked::of(field, seen),
        Time::First(within, test) => Some(Clocked::first(Turning::of(test, seen)?.firsts(*within))),
    }
}

/// A time on one side of another, at any moment; `None` where the part has no past.
pub(super) fn beside<'w>(
    time: &'w Time<'w>,
    order: Option<Order>,
    other: &'w Moment<'w>,
    seen: &Seen<'w>,
) -> Option<Beside<'w>> {
    let times = [clocked(time, seen)?, clocked(&other.time, seen)?];
    Some(Beside { times, order, shift: other.shift })
}

/// When each row first changed so.
fn since_changed(condition: &Condition, changed: &Changed, seen: &Seen<'_>) -> Vec<i64> {
    let mut since = vec![NEVER; seen.chunk().rows()];
    past::each_change(&condition.field, changed, seen, |row, at| since[row] = since[row].min(at));
    since
}
