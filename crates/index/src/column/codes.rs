//! Which value each row of a column has: a code a row, as narrow as it can be; or the rows that have any, where few do.

use std::borrow::Cow;

use super::{
    code_set::CodeSet,
    planes::{PLANES_MAX, Planes},
};
use crate::bits::{self, Bits};

/// The codes of the rows of a chunk. `missing`, one more than the greatest code of a value, stands for no value.
#[derive(Debug)]
pub(crate) enum Codes {
    /// Every row has the only value there is.
    Same,
    /// A few bits a row.
    Planes(Planes),
    /// A byte a row.
    Bytes(Box<[u8]>),
    /// Two bytes a row.
    Shorts(Box<[u16]>),
    /// The rows that have a value, in order, and its code.
    Sparse { rows: Box<[u16]>, codes: Box<[u16]> },
}

impl Codes {
    /// The codes of `rows` rows: `cells` are the rows that have a value, in order, with its code.
    pub(crate) fn new(rows: usize, cells: &[(u16, u16)], missing: usize) -> Codes {
        let whole = cells.len() == rows;
        let greatest = if whole { missing.saturating_sub(1) } else { missing };
        let width = if greatest > usize::from(u8::MAX) { 2 } else { 1 };
        if whole && missing == 1 {
            return Codes::Same;
        }
        if cells.len() * 4 < rows * width {
            let (rows, codes): (Vec<u16>, Vec<u16>) = cells.iter().copied().unzip();
            return Codes::Sparse { rows: rows.into(), codes: codes.into() };
        }
        if width == 1 {
            let mut codes = vec![missing as u8; rows];
            cells.iter().for_each(|(row, code)| codes[usize::from(*row)] = *code as u8);
            // The bits that the greatest code needs.
            let planes = (usize::BITS - greatest.leading_zeros()) as usize;
            return match planes <= PLANES_MAX {
                true => Codes::Planes(Planes::new(&codes, planes.max(1))),
                false => Codes::Bytes(codes.into()),
            };
        }
        let mut codes = vec![missing as u16; rows];
        cells.iter().for_each(|(row, code)| codes[usize::from(*row)] = *code);
        Codes::Shorts(codes.into())
    }

    /// The code of a row.
    pub(crate) fn get(&self, row: usize, missing: usize) -> usize {
        match self {
            Codes::Same => 0,
            Codes::Planes(planes) => planes.get(row),
            Codes::Bytes(codes) => usize::from(codes[row]),
            Codes::Shorts(codes) => usize::from(codes[row]),
            Codes::Sparse { rows, codes } => {
                let place = rows.binary_search(&(row as u16));
                place.map_or(missing, |place| usize::from(codes[place]))
            }
        }
    }

    /// A code a row, also of those that are sparse.
    pub(crate) fn dense(&self, len: usize, missing: usize) -> Dense<'_> {
        match self {
            Codes::Same => Dense::Same,
            Codes::Planes(planes) => Dense::Bytes(planes.bytes_of(len).into()),
            Codes::Bytes(codes) => Dense::Bytes(codes.as_ref().into()),
            Codes::Shorts(codes) => Dense::Shorts(codes.as_ref().into()),
            Codes::Sparse { rows, codes } => {
                let mut all = vec![missing as u16; len];
                rows.iter().zip(codes).for_each(|(row, code)| all[usize::from(*row)] = *code);
                Dense::Shorts(all.into())
            }
        }
    }

    /// The rows whose code is in the set, which does not hold `missing`.
    pub(crate) fn select(&self, len: usize, set: &CodeSet) -> Bits {
        match (self, set) {
            (Codes::Same, set) if set.has(0) => Bits::all(len),
            (Codes::Same, _) => Bits::none(len),
            (Codes::Planes(planes), set) => planes.select(len, set),
            (Codes::Bytes(_) | Codes::Shorts(_), CodeSet::Range(range)) if range.is_empty() => {
                Bits::none(len)
            }
            // In the width of the codes, so that many are compared at once.
            (Codes::Bytes(codes), CodeSet::Range(range)) => {
                let (start, last) = (range.start as u8, (range.len() - 1) as u8);
                bits::filter(codes, |code| code.wrapping_sub(start) <= last)
            }
            (Codes::Bytes(codes), CodeSet::Some(set)) => {
                let table: [bool; 256] = std::array::from_fn(|code| set.has(code));
                bits::filter(codes, |code| table[usize::from(code)])
            }
            (Codes::Shorts(codes), CodeSet::Range(range)) => {
                let (start, last) = (range.start as u16, (range.len() - 1) as u16);
                bits::filter(codes, |code| code.wrapping_sub(start) <= last)
            }
            (Codes::Shorts(codes), CodeSet::Some(set)) => {
                bits::filter(codes, |code| set.has(usize::from(code)))
            }
            (Codes::Sparse { .. }, CodeSet::Range(range)) if range.is_empty() => Bits::none(len),
            (Codes::Sparse { rows, codes }, CodeSet::Range(range)) => {
                let (start, last) = (range.start as u16, (range.len() - 1) as u16);
                bits::scatter(len, rows.iter().zip(codes), |code| code.wrapping_sub(start) <= last)
            }
            (Codes::Sparse { rows, codes }, CodeSet::Some(set)) => {
                bits::scatter(len, rows.iter().zip(codes), |code| set.has(usize::from(code)))
            }
        }
    }

    /// How many of the rows have each code; what is missing comes last.
    pub(crate) fn histogram(&self, rows: &Bits, missing: usize) -> Vec<u32> {
        let mut counts = vec![0_u32; missing + 1];
        match self {
            Codes::Same => counts[0] = rows.count() as u32,
            Codes::Planes(planes) => planes.histogram(rows, &mut counts),
            Codes::Bytes(codes) => count_bytes(codes, rows, &mut counts),
            Codes::Shorts(codes) => rows.each(|row| counts[usize::from(codes[row])] += 1),
            Codes::Sparse { rows: own, codes } => {
                let mut present = 0;
                for (_, code) in own.iter().zip(codes).filter(|(row, _)| rows.has(usize::from(**row))) {
                    counts[usize::from(*code)] += 1;
                    present += 1;
                }
                counts[missing] = rows.count() as u32 - present;
            }
        }
        counts
    }

    /// Calls with each row that has a value, in order, and its code.
    pub(crate) fn each(&self, len: usize, missing: usize, mut call: impl FnMut(usize, usize)) {
        match self {
            Codes::Same => (0..len).for_each(|row| call(row, 0)),
            Codes::Planes(planes) => {
                let present = (0..len).map(|row| (row, planes.get(row)));
                present.filter(|(_, code)| *code != missing).for_each(|(row, code)| call(row, code));
            }
            Codes::Bytes(codes) => {
                let present = codes.iter().map(|code| usize::from(*code)).enumerate();
                present.filter(|(_, code)| *code != missing).for_each(|(row, code)| call(row, code));
            }
            Codes::Shorts(codes) => {
                let present = codes.iter().map(|code| usize::from(*code)).enumerate();
                present.filter(|(_, code)| *code != missing).for_each(|(row, code)| call(row, code));
            }
            Codes::Sparse { rows, codes } => {
                rows.iter().zip(codes).for_each(|(row, code)| call(usize::from(*row), usize::from(*code)));
            }
        }
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Codes::Same => 0,
            Codes::Planes(planes) => planes.bytes(),
            Codes::Bytes(codes) => codes.len(),
            Codes::Shorts(codes) => size_of_val(&**codes),
            Codes::Sparse { rows, codes } => size_of_val(&**rows) + size_of_val(&**codes),
        }
    }
}

/// Counts in four tables by turns, so that rows of the same code do not wait for each other's count.
fn count_bytes(codes: &[u8], rows: &Bits, counts: &mut [u32]) {
    let mut tables = [[0_u32; 256]; 4];
    rows.each(|row| tables[row % 4][usize::from(codes[row])] += 1);
    for (code, count) in counts.iter_mut().enumerate() {
        *count = tables.iter().filter_map(|table| table.get(code)).sum();
    }
}

/// A code a row.
pub(crate) enum Dense<'a> {
    /// Always the first.
    Same,
    /// A byte each.
    Bytes(Cow<'a, [u8]>),
    /// Two bytes each.
    Shorts(Cow<'a, [u16]>),
}

impl Dense<'_> {
    /// Two bytes a row, of which there are so many.
    pub(crate) fn shorts(&self, rows: usize) -> Cow<'_, [u16]> {
        match self {
            Dense::Same => vec![0; rows].into(),
            Dense::Bytes(codes) => codes.iter().map(|code| u16::from(*code)).collect(),
            Dense::Shorts(codes) => Cow::Borrowed(codes),
        }
    }
}
