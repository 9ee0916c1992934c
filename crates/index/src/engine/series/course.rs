//! What each row of a part was at the first of the steps, and at which it became something else.

use std::sync::Arc;

use filter::{Field, predicate::Stretch, value::Instant};

use crate::{
    bits::Bits,
    column::Symbols,
    engine::{Seen, select::Runs},
    insight::people::travels,
    past::{Past, Turns},
};

/// The moments of the steps, in order.
pub(in crate::engine) struct Steps {
    moments: Vec<i64>,
    /// The first step that may know of a time, by how many times 2^`shift` it is after the first moment.
    near: Vec<u16>,
    shift: u32,
}

/// So many entries of [`Steps::near`] there are by each step, at least: few hold the moment of a step.
const NEAR: usize = 8;

impl Steps {
    /// Of these moments there is one at least.
    pub(in crate::engine) fn new(moments: Vec<i64>) -> Steps {
        let (first, last) = (moments[0], moments[moments.len() - 1]);
        let span = last.abs_diff(first);
        let shift = (span / (NEAR * moments.len()) as u64).checked_ilog2().unwrap_or(0);
        let mut step = 0;
        let near = (0..=span >> shift).map(|place| {
            while moments[step].abs_diff(first) < place << shift {
                step += 1;
            }
            step as u16
        });
        Steps { near: near.collect(), shift, moments }
    }

    /// How many they are.
    pub(in crate::engine) fn len(&self) -> usize {
        self.moments.len()
    }

    /// The moment of a step.
    pub(in crate::engine) fn at(&self, step: usize) -> i64 {
        self.moments[step]
    }

    /// From the first to the last.
    pub(in crate::engine) fn stretch(&self) -> Stretch {
        Stretch { from: Instant(self.first()), until: Instant(self.last()) }
    }

    /// The first step that knows of a time; `None` where none does.
    pub(in crate::engine) fn of(&self, time: i64) -> Option<u16> {
        if time > self.last() {
            return None;
        }
        let after = time.max(self.first()).abs_diff(self.first());
        let mut step = self.near[(after >> self.shift) as usize];
        while self.moments[usize::from(step)] < time {
            step += 1;
        }
        Some(step)
    }

    fn first(&self) -> i64 {
        self.moments[0]
    }

    fn last(&self) -> i64 {
        self.moments[self.moments.len() - 1]
    }
}

/// From a step on, a row has this code.
struct Turn {
    row: u16,
    step: u16,
    code: u16,
}

/// A code of every row, and how it turns; by row, then by step, of a step only the last.
pub(in crate::engine) struct Course {
    base: Vec<u16>,
    turns: Vec<Turn>,
}

/// The code of rows that do not match.
pub(in crate::engine) const OUT: u16 = u16::MAX;
/// The code of rows that do.
pub(in crate::engine) const IN: u16 = 0;

impl Course {
    /// Which rows match: [`IN`] or [`OUT`]. The runs are of a time that ends with the last step, and begins with the first or
    /// before it.
    pub(in crate::engine) fn matching(seen: &Seen<'_>, runs: &Runs, steps: &Steps) -> Course {
        let live = &seen.part.live;
        let code = |is_in| if is_in { IN } else { OUT };
        let base = (0..seen.chunk().rows()).map(|row| code(runs.first().has(row) && live.has(row)));
        let mut course = Course { base: base.collect(), turns: Vec::new() };
        runs.each(|row, at, is_in| match live.has(row) {
            true if at <= steps.first() => course.base[row] = code(is_in),
            true => course.turn(row, at, code(is_in), steps),
            false => {}
        });
        course
    }

    /// The rows that are ever something else than this.
    pub(in crate::engine) fn ever_but(&self, code: u16) -> Bits {
        let mut rows = crate::bits::filter(&self.base, |own| own != code);
        self.turns
            .iter()
            .filter(|turn| turn.code != code)
            .for_each(|turn| rows.insert(usize::from(turn.row)));
        rows
    }

    /// Calls with each row and step from which it has a code, the first included: the code before, of the first none, and the
    /// code.
    pub(in crate::engine) fn each(&self, mut call: impl FnMut(usize, usize, Option<u16>, u16)) {
        self.base.iter().enumerate().for_each(|(row, code)| call(row, 0, None, *code));
        for of_row in self.turns.chunk_by(|one, next| one.row == next.row) {
            let row = usize::from(of_row[0].row);
            let mut before = self.base[row];
            for turn in of_row {
                call(row, usize::from(turn.step), Some(before), turn.code);
                before = turn.code;
            }
        }
    }

    /// The same of two courses, for some rows: with each step from which either has another code.
    pub(in crate::engine) fn both(
        &self,
        other: &Course,
        rows: &Bits,
        mut call: impl FnMut(usize, usize, Option<(u16, u16)>, (u16, u16)),
    ) {
        let (mut left, mut right) = (self.turns.as_slice(), other.turns.as_slice());
        rows.each(|row| {
            let mut codes = (self.base[row], other.base[row]);
            call(row, 0, None, codes);
            skip(&mut left, row);
            skip(&mut right, row);
            loop {
                let [own, others] = [left, right].map(|turns| next(turns, row));
                let Some(step) = own.into_iter().chain(others).min() else { break };
                let before = codes;
                if own == Some(step) {
                    codes.0 = left[0].code;
                    left = &left[1..];
                }
                if others == Some(step) {
                    codes.1 = right[0].code;
                    right = &right[1..];
                }
                call(row, usize::from(step), Some(before), codes);
            }
        });
    }

    /// The first course where it is [`OUT`], else what is made of the code of the second.
    pub(super) fn joined(&self, other: &Course, rows: &Bits, code: impl Fn(u16) -> u16) -> Course {
        self.with(other, rows, |own, others| if own == OUT { OUT } else { code(others) })
    }

    /// What is made of the codes of two courses, for some rows.
    pub(in crate::engine) fn with(
        &self,
        other: &Course,
        rows: &Bits,
        code: impl Fn(u16, u16) -> u16,
    ) -> Course {
        let mut made = Course { base: vec![OUT; self.base.len()], turns: Vec::new() };
        let of = |codes: (u16, u16)| code(codes.0, codes.1);
        self.both(other, rows, |row, step, before, after| match before.map(of) {
            None => made.base[row] = of(after),
            Some(before) if before == of(after) => {}
            Some(_) => made.turns.push(Turn { row: row as u16, step: step as u16, code: of(after) }),
        });
        made
    }

    /// Of rows that never turn.
    pub(in crate::engine) fn still(base: Vec<u16>) -> Course {
        Course { base, turns: Vec::new() }
    }

    /// The code of every row, if none ever turns.
    pub(in crate::engine) fn never_turns(&self) -> Option<&[u16]> {
        self.turns.is_empty().then_some(&*self.base)
    }

    /// The same with what stands for each code.
    pub(in crate::engine) fn standing_for(mut self, of: &[u16]) -> Course {
        let turns = self.turns.iter_mut().map(|turn| &mut turn.code);
        self.base.iter_mut().chain(turns).for_each(|code| *code = of[usize::from(*code)]);
        self
    }
}

/// Leaves out the turns of the rows before.
fn skip(turns: &mut &[Turn], row: usize) {
    while turns.first().is_some_and(|turn| usize::from(turn.row) < row) {
        *turns = &turns[1..];
    }
}

/// The step of the next turn of a row.
fn next(turns: &[Turn], row: usize) -> Option<u16> {
    turns.first().filter(|turn| usize::from(turn.row) == row).map(|turn| turn.step)
}

/// Whether the values of a field turn where something is entered. Times that follow from what else was so have moments of their
/// own.
pub(super) fn turns(field: &Field) -> bool {
    !matches!(field, Field::StatusSince | Field::FirstPaid | Field::LastActivity)
}

/// How many values a part has of a field, now and ever.
pub(in crate::engine) fn values(seen: &Seen<'_>, field: &Field) -> usize {
    match seen.past().filter(|_| travels(field)).and_then(|past| past.track(field)) {
        Some(track) => track.missing(),
        None => seen.column(field).map_or(0, |column| column.missing()),
    }
}

/// What rows hold in a field.
pub(in crate::engine) struct Values {
    pub(in crate::engine) course: Course,
    pub(in crate::engine) symbols: Arc<Symbols>,
}

impl Values {
    /// The values of these rows of a part; what is said of others means nothing.
    pub(in crate::engine) fn of(
        seen: &Seen<'_>,
        past: &Past,
        field: &Field,
        rows: &Bits,
        steps: &Steps,
    ) -> Values {
        let turns = if travels(field) { past.turns(seen.chunk(), field) } else { None };
        let (base, symbols) = match (&turns, seen.column(field)) {
            (Some(turns), _) => (turns.codes(rows.len(), steps.first()), Arc::clone(&turns.track.symbols)),
            (None, Some(column)) => (column.all_codes(), Arc::clone(&column.symbols)),
            (None, None) => (vec![0; rows.len()], Arc::default()),
        };
        let missing = symbols.len() as u16;
        let mut course = Course { base, turns: Vec::new() };
        if let Some(turns) = &turns {
            course.change(turns, rows, steps);
        }
        if travels(field) {
            course.begin(turns.as_ref(), past, rows, steps, missing);
        }
        Values { course, symbols }
    }
}

impl Course {
    /// What changed after the first step.
    fn change(&mut self, turns: &Turns<'_>, rows: &Bits, steps: &Steps) {
        turns.track.between(steps.first(), steps.last()).each(|place| {
            let row = turns.track.row(place);
            if rows.has(row) {
                let code = turns.held(place) as u16;
                self.turn(row, turns.track.time(place), code, steps);
            }
        });
    }

    /// A row has had a value since it began; before it began, where it was seen before, it had none.
    fn begin(&mut self, track: Option<&Turns<'_>>, past: &Past, rows: &Bits, steps: &Steps, missing: u16) {
        let late = past.odd().filter(|(row, began)| rows.has(*row) && *began > steps.first());
        let mut turns = Vec::new();
        for (row, began) in late {
            let birth = track.map_or(Some(usize::from(self.base[row])), |turns| turns.birth(row));
            // Otherwise its changes say what it was.
            if let Some(birth) = birth {
                self.base[row] = missing;
                turns.extend(steps.of(began).map(|step| Turn { row: row as u16, step, code: birth as u16 }));
            }
        }
        if !turns.is_empty() {
            // Of one step what came last counts: a birth comes before every change.
            turns.append(&mut self.turns);
            turns.sort_by_key(|turn| (turn.row, turn.step));
            turns.reverse();
            turns.dedup_by_key(|turn| (turn.row, turn.step));
            turns.reverse();
            self.turns = turns;
        }
    }

    /// A row has a code from a time on; what it was again at the end of a step has not turned.
    fn turn(&mut self, row: usize, time: i64, code: u16, steps: &Steps) {
        let Some(step) = steps.of(time) else { return };
        let turn = Turn { row: row as u16, step, code };
        self.turns.pop_if(|last| last.row == turn.row && last.step == step);
        let before = self.turns.last().filter(|last| last.row == turn.row);
        if before.map_or(self.base[row], |before| before.code) != code {
            self.turns.push(turn);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_known_from_the_first_step_that_is_not_before_it() {
        for moments in [
            vec![7],
            vec![-5, -5, 3, 3],
            vec![0, 1, 1_000_000, 1_000_001, 5_000_000],
            vec![i64::MIN, 0, i64::MAX],
            (0..500).map(|step| step * step * 86_400 - 9).collect(),
        ] {
            let steps = Steps::new(moments.clone());
            let around = moments
                .iter()
                .flat_map(|moment| [moment.saturating_sub(1), *moment, moment.saturating_add(1)]);
            for time in around.chain([i64::MIN, i64::MAX, 400_000, 999_999]) {
                let wanted = moments.iter().position(|moment| *moment >= time).map(|step| step as u16);
                assert_eq!(steps.of(time), wanted, "{time} of {moments:?}");
            }
        }
    }
}
