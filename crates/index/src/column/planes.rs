//! The codes of a column of few values, bit by bit: a plane for each bit of the code, with a bit for each row.
//!
//! Two planes hold four values in a quarter of a byte a row, and 64 rows are looked at at once: an equality is an `and` of
//! the planes or their complements, a histogram counts the bits of each such `and`.

use super::code_set::CodeSet;
use crate::bits::Bits;

/// Codes of at most so many bits are kept in planes.
pub(super) const PLANES_MAX: usize = 4;

/// The bits of codes. The words of all planes for the first 64 rows come first, then those for the next 64 …
#[derive(Debug)]
pub(super) struct Planes {
    planes: usize,
    words: Box<[u64]>,
}

/// Bytes that are 1 where a bit of the index is.
const SPREAD: [u64; 256] = spread();

const fn spread() -> [u64; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut bit = 0;
        while bit < 8 {
            table[byte] |= ((byte as u64 >> bit) & 1) << (8 * bit);
            bit += 1;
        }
        byte += 1;
    }
    table
}

impl Planes {
    /// The planes of codes of so many bits.
    pub(super) fn new(codes: &[u8], planes: usize) -> Planes {
        let mut words = vec![0_u64; codes.len().div_ceil(64) * planes];
        for (row, code) in codes.iter().enumerate() {
            let word = &mut words[row / 64 * planes..][..planes];
            word.iter_mut()
                .enumerate()
                .for_each(|(plane, word)| *word |= u64::from(code >> plane & 1) << (row % 64));
        }
        Planes { planes, words: words.into() }
    }

    /// The code of a row.
    pub(super) fn get(&self, row: usize) -> usize {
        let word = &self.words[row / 64 * self.planes..][..self.planes];
        word.iter().rev().fold(0, |code, plane| code << 1 | (plane >> (row % 64) & 1) as usize)
    }

    /// The rows whose code is in a set.
    pub(super) fn select(&self, len: usize, set: &CodeSet) -> Bits {
        let all = 1 << self.planes;
        let wanted: Vec<usize> = (0..all).filter(|code| set.has(*code)).collect();
        // Of many codes the others are fewer.
        let (codes, invert) = match wanted.len() * 2 > all {
            true => ((0..all).filter(|code| !set.has(*code)).collect(), true),
            false => (wanted, false),
        };
        let word = |planes: &[u64]| {
            let found = codes.iter().fold(0, |found, code| found | equal(planes, *code));
            if invert { !found } else { found }
        };
        Bits::of(self.words.chunks_exact(self.planes).map(word).collect(), len)
    }

    /// How many of the rows have each code.
    pub(super) fn histogram(&self, rows: &Bits, counts: &mut [u32]) {
        match self.planes {
            1 => self.count::<1>(rows, counts),
            2 => self.count::<2>(rows, counts),
            3 => self.count::<3>(rows, counts),
            _ => self.count::<PLANES_MAX>(rows, counts),
        }
    }

    /// Splits each word of rows by one plane after the other, which leaves a word for each code.
    fn count<const P: usize>(&self, rows: &Bits, counts: &mut [u32]) {
        let mut totals = [0_u32; 1 << PLANES_MAX];
        let (words, _) = self.words.as_chunks::<P>();
        for (rows, planes) in rows.words().iter().zip(words).filter(|(rows, _)| **rows != 0) {
            let mut split = [0_u64; 1 << PLANES_MAX];
            split[0] = *rows;
            for (bit, plane) in planes.iter().enumerate() {
                for code in 0..1 << bit {
                    let own = split[code];
                    split[code | 1 << bit] = own & plane;
                    split[code] = own & !plane;
                }
            }
            totals.iter_mut().zip(split).take(1 << P).for_each(|(total, rows)| *total += rows.count_ones());
        }
        counts.iter_mut().zip(totals).for_each(|(count, total)| *count += total);
    }

    /// A byte a row.
    pub(super) fn bytes_of(&self, len: usize) -> Vec<u8> {
        let mut bytes = match self.planes {
            1 => self.spread::<1>(),
            2 => self.spread::<2>(),
            3 => self.spread::<3>(),
            _ => self.spread::<PLANES_MAX>(),
        };
        bytes.truncate(len);
        bytes
    }

    /// A byte for each bit of each plane.
    fn spread<const P: usize>(&self) -> Vec<u8> {
        let (words, _) = self.words.as_chunks::<P>();
        let mut bytes = vec![0; words.len() * 64];
        for (planes, rows) in words.iter().zip(bytes.as_chunks_mut::<64>().0) {
            for (eight, rows) in rows.as_chunks_mut::<8>().0.iter_mut().enumerate() {
                let byte = |plane: &u64| SPREAD[(plane >> (8 * eight) & 0xff) as usize];
                let codes =
                    planes.iter().enumerate().fold(0, |codes, (bit, plane)| codes | byte(plane) << bit);
                *rows = codes.to_le_bytes();
            }
        }
        bytes
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.words)
    }
}

/// The rows of a word whose code is this.
fn equal(planes: &[u64], code: usize) -> u64 {
    planes
        .iter()
        .enumerate()
        .fold(u64::MAX, |rows, (bit, plane)| rows & if code >> bit & 1 == 1 { *plane } else { !plane })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_hold_what_bytes_do() {
        for planes in 1..=PLANES_MAX {
            for len in [1, 63, 64, 200] {
                let codes: Vec<u8> =
                    (0..len).map(|row| ((row * 7 + row / 5) % (1 << planes)) as u8).collect();
                let own = Planes::new(&codes, planes);
                assert_eq!(own.bytes_of(len), codes);
                assert!(codes.iter().enumerate().all(|(row, code)| own.get(row) == usize::from(*code)));
                for from in 0..1 << planes {
                    let set = CodeSet::Range(from..(from + 3).min(1 << planes));
                    let found: Vec<usize> = own.select(len, &set).iter().collect();
                    let expected: Vec<usize> =
                        (0..len).filter(|row| set.has(usize::from(codes[*row]))).collect();
                    assert_eq!(found, expected);
                    let mut counts = vec![0; 1 << planes];
                    own.histogram(&own.select(len, &set), &mut counts);
                    let count =
                        |code: usize| expected.iter().filter(|row| usize::from(codes[**row]) == code).count();
                    assert_eq!(counts, (0..1 << planes).map(|code| count(code) as u32).collect::<Vec<_>>());
                }
            }
        }
    }
}
