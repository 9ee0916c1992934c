//! The scalar members of the arrays of a column: for each distinct member the rows whose array has it.

use std::sync::Arc;

use super::{Symbol, Symbols};
use crate::bits::Bits;

/// Members and their rows.
#[derive(Debug)]
pub(crate) struct Members {
    /// The distinct members.
    pub(crate) symbols: Arc<Symbols>,
    /// The rows of those that few have: where those of each end, and all of them, each member's in order.
    ends: Box<[u32]>,
    rows: Box<[u16]>,
    /// The rows of those that many have, by code.
    common: Box<[(u32, Bits)]>,
}

/// A member that more than one in so many rows has is common: a bit a row is less than two bytes for each that has it.
const COMMON: usize = 16;

impl Members {
    /// Members of so many rows: `cells` are pairs of a member's code and a row, in order, each once.
    pub(super) fn new(symbols: Symbols, cells: &[(u32, u16)], len: usize) -> Members {
        let mut ends = vec![0_u32; symbols.len()];
        let (mut rows, mut common) = (Vec::new(), Vec::new());
        for cells in cells.chunk_by(|(a, _), (b, _)| a == b) {
            let (code, own) = (cells[0].0, cells.iter().map(|(_, row)| *row));
            if cells.len() * COMMON > len {
                let mut bits = Bits::none(len);
                own.for_each(|row| bits.insert(usize::from(row)));
                common.push((code, bits));
            } else {
                rows.extend(own);
            }
            ends[code as usize] = rows.len() as u32;
        }
        Members { symbols: Arc::new(symbols), ends: ends.into(), rows: rows.into(), common: common.into() }
    }

    /// The rows of a member, if many have it.
    fn common(&self, code: usize) -> Option<&Bits> {
        let place = self.common.binary_search_by_key(&(code as u32), |(code, _)| *code);
        place.ok().map(|place| &self.common[place].1)
    }

    /// The rows of a member that few have.
    fn few(&self, code: usize) -> &[u16] {
        let start = if code == 0 { 0 } else { self.ends[code - 1] as usize };
        &self.rows[start..self.ends[code] as usize]
    }

    /// Calls with the rows that have a member, in order.
    pub(crate) fn each_row(&self, code: usize, mut call: impl FnMut(usize)) {
        match self.common(code) {
            Some(rows) => rows.each(call),
            None => self.few(code).iter().for_each(|row| call(usize::from(*row))),
        }
    }

    /// How many of the rows have each member.
    pub(crate) fn histogram(&self, rows: &Bits) -> Vec<u32> {
        let count = |code| match self.common(code) {
            Some(own) => own.common_with(rows) as u32,
            None => self.few(code).iter().filter(|row| rows.has(usize::from(**row))).count() as u32,
        };
        (0..self.symbols.len()).map(count).collect()
    }

    /// Calls with each row and member.
    pub(super) fn each(&self, mut call: impl FnMut(usize, &Symbol<'_>)) {
        for code in 0..self.symbols.len() {
            let member = self.symbols.get(code);
            self.each_row(code, |row| call(row, &member));
        }
    }

    /// The members of one row.
    pub(crate) fn of(&self, row: usize) -> impl Iterator<Item = Symbol<'_>> {
        let holds = move |code: &usize| match self.common(*code) {
            Some(rows) => rows.has(row),
            None => self.few(*code).binary_search(&(row as u16)).is_ok(),
        };
        (0..self.symbols.len()).filter(holds).map(|code| self.symbols.get(code))
    }

    /// Bytes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        let common: usize =
            self.common.iter().map(|(_, rows)| size_of::<(u32, Bits)>() + rows.words().len() * 8).sum();
        size_of::<Members>()
            + self.symbols.bytes()
            + size_of_val(&*self.ends)
            + size_of_val(&*self.rows)
            + common
    }
}
