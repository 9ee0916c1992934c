//! The scalar members of the arrays of a column: for each distinct member the rows whose array has it.

use super::{Symbol, Symbols};
use crate::bits::Bits;

/// Members and their rows.
#[derive(Debug)]
pub(crate) struct Members {
    /// The distinct members.
    pub(crate) symbols: Symbols,
    /// Where the rows of each end.
    ends: Box<[u32]>,
    /// The rows of the first member in order, then those of the second …
    rows: Box<[u16]>,
}

impl Members {
    /// Members of rows: `cells` are pairs of a member's code and a row, in order, each once.
    pub(super) fn new(symbols: Symbols, cells: &[(u32, u16)]) -> Members {
        let mut ends = vec![0_u32; symbols.len()];
        cells.iter().for_each(|(code, _)| ends[*code as usize] += 1);
        let mut end = 0;
        for count in &mut ends {
            end += *count;
            *count = end;
        }
        Members { symbols, ends: ends.into(), rows: cells.iter().map(|(_, row)| *row).collect() }
    }

    /// The rows that have a member.
    pub(crate) fn rows(&self, code: usize) -> &[u16] {
        let start = if code == 0 { 0 } else { self.ends[code - 1] as usize };
        &self.rows[start..self.ends[code] as usize]
    }

    /// How many of the rows have each member.
    pub(crate) fn histogram(&self, rows: &Bits) -> Vec<u32> {
        let count = |code| self.rows(code).iter().filter(|row| rows.has(usize::from(**row))).count() as u32;
        (0..self.symbols.len()).map(count).collect()
    }

    /// Calls with each row and member.
    pub(super) fn each(&self, mut call: impl FnMut(usize, &Symbol<'_>)) {
        for code in 0..self.symbols.len() {
            let member = self.symbols.get(code);
            self.rows(code).iter().for_each(|row| call(usize::from(*row), &member));
        }
    }

    /// The members of one row.
    pub(crate) fn of(&self, row: usize) -> impl Iterator<Item = Symbol<'_>> {
        let holds = move |code: &usize| self.rows(*code).binary_search(&(row as u16)).is_ok();
        (0..self.symbols.len()).filter(holds).map(|code| self.symbols.get(code))
    }

    /// Bytes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Members>() + self.symbols.bytes() + size_of_val(&*self.ends) + size_of_val(&*self.rows)
    }
}
