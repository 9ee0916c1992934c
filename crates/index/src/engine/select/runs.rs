//! When something was true of the rows of a part: read from the changes as they lie, and where several conditions are joined, from
//! what each of them is by itself.

use super::{NEVER, walker::Walker};
use crate::{
    bits::Bits,
    past::{Track, Turns},
};

/// A time: its first moment and its last.
pub(super) type Within = (i64, i64);

/// Of which rows something was true at the first moment of a time, and when it turned for them until the last.
pub(in crate::engine) struct Runs {
    first: Bits,
    /// By row, then by time; of one row no two at one time.
    turns: Vec<Turn>,
}

/// From a time on it is true of a row if it was not, and not true if it was.
#[derive(Clone, Copy)]
struct Turn {
    row: u16,
    at: i64,
}

impl Runs {
    /// Of these rows always, and of no other.
    pub(super) fn always(first: Bits) -> Runs {
        Runs { first, turns: Vec::new() }
    }

    /// True of each row from a time on.
    pub(super) fn since(times: &[i64], (from, until): Within) -> Runs {
        let mut runs = Runs::always(crate::bits::filter(times, |at| at <= from));
        for (row, at) in times.iter().enumerate().filter(|(_, at)| from < **at && **at <= until) {
            runs.turn(row, *at);
        }
        runs
    }

    /// Of rows that pass now, and codes that do. Before a row was there it counts what it was born with.
    pub(super) fn of_track(turns: &Turns<'_>, now: &Bits, codes: &Bits, (from, until): Within) -> Runs {
        let track: &Track = turns.track;
        let mut between = track.later(from);
        let mut runs = Runs::always(track.passed(now.clone(), between.clone(), |code| codes.has(code)));
        between.remove_all(&track.later(until));
        runs.turns.reserve(track.changes());
        between.each(|place| {
            let row = track.row(place);
            let is = track.next(place).map_or_else(|| now.has(row), |code| codes.has(code));
            // Whether it turns no processor can foresee: it is entered, and taken back where it did not.
            runs.turn(row, track.time(place));
            let stays = codes.has(track.before(place)) == is;
            runs.turns.truncate(runs.turns.len() - usize::from(stays));
        });
        runs
    }

    /// What single rows say at single moments: those at which it may turn, in any order, and all of them at the first.
    pub(super) fn asked(
        first: Bits,
        mut moments: Vec<(usize, i64)>,
        holds: impl Fn(usize, i64) -> bool,
    ) -> Runs {
        moments.sort_unstable();
        moments.dedup();
        let mut runs = Runs::always(first);
        for of_row in moments.chunk_by(|one, next| one.0 == next.0) {
            let mut was = runs.first.has(of_row[0].0);
            for (row, at) in of_row.iter().copied() {
                let is = holds(row, at);
                if is != was {
                    runs.turn(row, at);
                }
                was = is;
            }
        }
        runs
    }

    /// When it was not.
    pub(super) fn inverted(mut self) -> Runs {
        self.first.invert();
        self
    }

    /// When both were true, or one of two.
    pub(super) fn joined(self, other: &Runs, both: bool) -> Runs {
        let mut joined = Runs::always(self.first.clone());
        match both {
            true => joined.first.keep(&other.first),
            false => joined.first.add(&other.first),
        }
        let (mut left, mut right) = (self.turns.as_slice(), other.turns.as_slice());
        while let Some(row) = left.first().into_iter().chain(right.first()).map(|turn| turn.row).min() {
            let sides = [(taken(&mut left, row), &self.first), (taken(&mut right, row), &other.first)];
            match sides {
                // What never turns lets the other through, or decides alone.
                [(turns, _), ([], first)] | [([], first), (turns, _)] => {
                    joined
                        .turns
                        .extend(Some(turns).filter(|_| first.has(row.into()) == both).into_iter().flatten());
                }
                [(own, first), (others, first_of_other)] => {
                    let states = [first.has(row.into()), first_of_other.has(row.into())];
                    joined.weave([own, others], states, both);
                }
            }
        }
        joined
    }

    /// The turns of a row, of those of two, which begin so.
    fn weave(&mut self, mut sides: [&[Turn]; 2], mut states: [bool; 2], both: bool) {
        let is = |states: [bool; 2]| if both { states[0] && states[1] } else { states[0] || states[1] };
        let mut was = is(states);
        while let Some(next) =
            sides.iter().filter_map(|side| side.first()).min_by_key(|turn| turn.at).copied()
        {
            for (side, state) in sides.iter_mut().zip(&mut states) {
                if side.first().is_some_and(|turn| turn.at == next.at) {
                    *side = &side[1..];
                    *state = !*state;
                }
            }
            if is(states) != was {
                self.turns.push(next);
                was = !was;
            }
        }
    }

    /// The same, of rows only since they were there. `odd` says of some rows when it was true of them, in their order.
    pub(super) fn living(
        mut self,
        born: &[i64],
        odd: &Runs,
        is_odd: &[(usize, i64)],
        within: Within,
    ) -> Runs {
        let mut apart = crate::bits::filter(born, |born| born > within.0);
        is_odd.iter().for_each(|(row, _)| apart.insert(*row));
        let mut living = Vec::with_capacity(self.turns.len());
        let (mut rest, mut rest_of_odd) = (self.turns.as_slice(), odd.turns.as_slice());
        let mut is_odd = is_odd.iter().map(|(row, _)| *row).peekable();
        apart.each(|row| {
            living.extend_from_slice(taken_while(&mut rest, |turn| usize::from(turn.row) < row));
            let own = taken(&mut rest, row as u16);
            let born = born[row];
            if is_odd.next_if_eq(&row).is_some() {
                self.first.set(row, odd.first.has(row));
                living.extend_from_slice(taken(&mut rest_of_odd, row as u16));
                return;
            }
            let before = own.iter().take_while(|turn| turn.at <= born).count();
            let is_born_so = self.first.remove(row) != (before % 2 == 1);
            if born <= within.1 {
                living.extend(is_born_so.then_some(Turn { row: row as u16, at: born }));
                living.extend_from_slice(&own[before..]);
            }
        });
        living.extend_from_slice(rest);
        Runs { first: self.first, turns: living }
    }

    /// Of which rows it was true at the first moment.
    pub(in crate::engine) fn first(&self) -> &Bits {
        &self.first
    }

    /// Calls with each row and time at which it turns, by row, then by time, and with what it is from then on.
    pub(in crate::engine) fn each(&self, mut call: impl FnMut(usize, i64, bool)) {
        for of_row in self.turns.chunk_by(|one, next| one.row == next.row) {
            let mut is = self.first.has(of_row[0].row.into());
            for turn in of_row {
                is = !is;
                call(turn.row.into(), turn.at, is);
            }
        }
    }

    /// When it was first true of each row, from the first moment on.
    pub(in crate::engine) fn firsts(&self, from: i64) -> Vec<i64> {
        let mut firsts = vec![NEVER; self.first.len()];
        self.each(|row, at, is| {
            if is {
                firsts[row] = firsts[row].min(at);
            }
        });
        self.first.each(|row| firsts[row] = from);
        firsts
    }

    fn turn(&mut self, row: usize, at: i64) {
        self.turns.push(Turn { row: row as u16, at });
    }
}

/// The turns of a row, which are taken from the front.
fn taken<'t>(turns: &mut &'t [Turn], row: u16) -> &'t [Turn] {
    taken_while(turns, |turn| turn.row == row)
}

fn taken_while<'t>(turns: &mut &'t [Turn], is_one: impl Fn(&Turn) -> bool) -> &'t [Turn] {
    let count = turns.iter().take_while(|turn| is_one(turn)).count();
    let (own, rest) = turns.split_at(count);
    *turns = rest;
    own
}

impl Walker<'_> {
    /// When it was true of each row; `None` where each must be asked.
    pub(super) fn runs(&self, within: Within) -> Option<Runs> {
        match self {
            Walker::Rows(rows) | Walker::Begun(rows) => Some(Runs::always(rows.clone())),
            Walker::Track { turns, now, codes } => Some(Runs::of_track(turns, now, codes, within)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: usize = 3;
    const WITHIN: Within = (0, 6);

    /// Of each row when it turned, and whether it began so.
    fn runs(rows: [(bool, &[i64]); ROWS]) -> Runs {
        let mut runs = Runs::always(Bits::none(ROWS));
        for (row, (first, turns)) in rows.into_iter().enumerate() {
            runs.first.set(row, first);
            turns.iter().for_each(|at| runs.turn(row, *at));
        }
        runs
    }

    /// What is true of a row at each moment.
    fn told(runs: &Runs, row: usize) -> String {
        let mut told = vec![runs.first.has(row); WITHIN.1 as usize + 1];
        runs.each(|own, at, is| {
            if own == row {
                told[at as usize..].fill(is);
            }
        });
        told.into_iter().map(|is| if is { '1' } else { '.' }).collect()
    }

    fn all(runs: &Runs) -> [String; ROWS] {
        std::array::from_fn(|row| told(runs, row))
    }

    #[test]
    fn runs_are_joined_moment_by_moment() {
        let own = || runs([(false, &[1, 4]), (true, &[3]), (false, &[2])]);
        let other = runs([(false, &[2, 4, 5]), (true, &[]), (true, &[2, 4])]);
        assert_eq!(all(&own()), [".111...", "111....", "..11111"]);
        assert_eq!(all(&other), ["..11.11", "1111111", "11..111"]);
        assert_eq!(all(&own().joined(&other, true)), ["..11...", "111....", "....111"]);
        assert_eq!(all(&own().joined(&other, false)), [".111.11", "1111111", "1111111"]);
        assert_eq!(all(&own().inverted()), ["1...111", "...1111", "11....."]);
    }

    #[test]
    fn a_row_counts_since_it_was_there() {
        let own = runs([(true, &[1, 3]), (true, &[4]), (true, &[2, 5])]);
        let odd = runs([(false, &[]), (false, &[5]), (false, &[])]);
        let living = own.living(&[2, 0, NEVER], &odd, &[(1, 5)], WITHIN);
        assert_eq!(all(&living), ["...1111", ".....11", "......."]);
        assert_eq!(living.firsts(WITHIN.0), [3, 5, NEVER]);
        assert_eq!(all(&Runs::since(&[0, 3, NEVER], WITHIN)), ["1111111", "...1111", "......."]);
    }

    #[test]
    fn single_rows_are_asked_at_each_moment_once() {
        let mut first = Bits::none(ROWS);
        first.insert(1);
        let moments = vec![(2, 5), (0, 4), (0, 4), (1, 3), (2, 1)];
        let asked = Runs::asked(first, moments, |row, at| row != 1 && at < 5);
        assert_eq!(all(&asked), ["....111", "111....", ".1111.."]);
    }
}
