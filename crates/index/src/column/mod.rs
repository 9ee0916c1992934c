//! One field of a chunk's rows: its distinct values in order, and for each row the place of its value among them.
//!
//! Codes are in the order of values, so a comparison is a range of codes, a sort compares codes, and a histogram of codes
//! says everything that counts, sums, groups and facets need.

mod builder;
mod code_set;
mod codes;
mod members;
pub(crate) mod numbers;
mod planes;
mod search;
pub(crate) mod strings;
pub(crate) mod symbol;
mod symbols;
pub(crate) mod times;

pub(crate) use builder::{Cell, ColumnBuilder};
pub(crate) use code_set::CodeSet;
use codes::Codes;
pub(crate) use codes::Dense;
pub(crate) use members::Members;
pub(crate) use search::holding;
pub(crate) use symbol::Symbol;
pub(crate) use symbols::Symbols;

use std::sync::Arc;

use crate::bits::Bits;

/// Columns of at most so many codes know how often each occurs.
const COUNTED: usize = 257;

/// A field of the rows of a chunk.
#[derive(Debug)]
pub(crate) struct Column {
    /// The distinct values.
    pub(crate) symbols: Arc<Symbols>,
    codes: Codes,
    /// The members of the arrays among the values.
    pub(crate) members: Option<Box<Members>>,
    /// How many rows there are, and how many of them have a value.
    rows: usize,
    present: usize,
    /// How many of all rows have each code, where there are few codes.
    counts: Option<Box<[u32]>>,
}

impl Column {
    fn new(symbols: Symbols, cells: &[(u16, u16)], members: Option<Box<Members>>, rows: usize) -> Column {
        let codes = Codes::new(rows, cells, symbols.len());
        let few = symbols.len() < COUNTED;
        let counts = few.then(|| codes.histogram(&Bits::all(rows), symbols.len()).into());
        Column { codes, members, rows, present: cells.len(), counts, symbols: Arc::new(symbols) }
    }

    /// A column of a code a row, over symbols that it shares with others; not all of them need occur.
    pub(crate) fn of_codes(symbols: Arc<Symbols>, codes: Vec<u16>) -> Column {
        let (rows, missing) = (codes.len(), symbols.len());
        let present = codes.iter().filter(|code| usize::from(**code) != missing).count();
        Column { codes: Codes::Shorts(codes.into()), members: None, rows, present, counts: None, symbols }
    }

    /// How many rows there are, living or not.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// A column in which every row has the same text.
    pub(crate) fn constant(text: &str, rows: usize) -> Column {
        let symbols = Arc::new(Symbols::sort(&[Symbol::Text(text)]).0);
        let counts = Some([rows as u32, 0].into());
        Column { symbols, codes: Codes::Same, members: None, rows, present: rows, counts }
    }

    /// How many rows have a value, living or not.
    pub(crate) fn present(&self) -> usize {
        self.present
    }

    /// The code of what is missing: one more than that of the greatest value.
    pub(crate) fn missing(&self) -> usize {
        self.symbols.len()
    }

    /// The code of a row.
    pub(crate) fn code(&self, row: usize) -> usize {
        self.codes.get(row, self.missing())
    }

    /// The rows with one of these codes.
    pub(crate) fn select(&self, codes: &CodeSet) -> Bits {
        self.codes.select(self.rows, codes)
    }

    /// About how many rows have one of these codes.
    pub(crate) fn expected(&self, codes: &CodeSet) -> usize {
        match (&self.counts, codes) {
            (Some(counts), CodeSet::Range(range)) => {
                counts[range.clone()].iter().map(|count| *count as usize).sum()
            }
            (Some(counts), CodeSet::Some(codes)) => codes.iter().map(|code| counts[code] as usize).sum(),
            (None, CodeSet::Range(range)) => self.present * range.len() / self.symbols.len().max(1),
            (None, CodeSet::Some(codes)) => self.present * codes.count() / self.symbols.len().max(1),
        }
    }

    /// A code a row, for loops over all of them.
    pub(crate) fn dense(&self) -> Dense<'_> {
        self.codes.dense(self.rows, self.missing())
    }

    /// The code of every row.
    pub(crate) fn all_codes(&self) -> Vec<u16> {
        match self.dense() {
            Dense::Shorts(codes) => codes.into_owned(),
            codes => codes.shorts(self.rows).into_owned(),
        }
    }

    /// The time of every row.
    pub(crate) fn all_times(&self) -> impl Iterator<Item = Option<i64>> {
        self.all_codes().into_iter().map(|code| self.symbols.time(usize::from(code)))
    }

    /// Calls with each row that has a value, in order, and its code.
    pub(crate) fn each(&self, call: impl FnMut(usize, usize)) {
        self.codes.each(self.rows, self.missing(), call);
    }

    /// How many of the rows, `count` of them, have each code; what is missing comes last. Where most rows are asked
    /// about, it is cheaper to count the others.
    pub(crate) fn histogram(&self, rows: &Bits, count: usize) -> Vec<u32> {
        match &self.counts {
            Some(counts) if count == self.rows => counts.to_vec(),
            Some(counts) if count * 2 > self.rows => {
                let mut others = rows.clone();
                others.invert();
                let others = self.codes.histogram(&others, self.missing());
                counts.iter().zip(others).map(|(all, other)| all - other).collect()
            }
            _ => self.codes.histogram(rows, self.missing()),
        }
    }

    /// Puts what the rows hold into a builder; `places` says which row each becomes there, if any.
    pub(crate) fn feed(&self, builder: &mut ColumnBuilder, places: &[Option<u16>]) {
        let mut ids: Vec<Option<u32>> = vec![None; self.symbols.len()];
        self.each(|row, code| {
            if let Some(place) = places[row] {
                let id = *ids[code].get_or_insert_with(|| builder.id(&self.symbols.get(code)));
                builder.put_id(place, id);
            }
        });
        if let Some(members) = &self.members {
            members.each(|row, member| {
                if let Some(place) = places[row] {
                    builder.put_member(place, member);
                }
            });
        }
    }

    /// Bytes of the distinct strings among the values and members.
    pub(crate) fn text(&self) -> usize {
        let members = self.members.as_ref().map_or(0, |members| members.symbols.strings.text().len());
        self.symbols.strings.text().len() + members
    }

    /// Bytes in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        let counts = self.counts.as_ref().map_or(0, |counts| size_of_val(&**counts));
        let members = self.members.as_ref().map_or(0, |members| members.bytes());
        size_of::<Column>() + self.symbols.bytes() + self.codes.bytes() + counts + members
    }
}
