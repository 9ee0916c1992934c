//! Sets of codes: what conditions ask for.

use std::ops::Range;

use crate::bits::Bits;

/// A set of codes.
#[derive(Debug)]
pub(crate) enum CodeSet {
    /// These; mostly they are neighbours, because codes are in order of value.
    Range(Range<usize>),
    /// Any.
    Some(Bits),
}

impl CodeSet {
    pub(crate) const NONE: CodeSet = CodeSet::Range(0..0);

    /// Those below a length that pass.
    pub(crate) fn of(len: usize, passes: impl Fn(usize) -> bool) -> CodeSet {
        let mut codes = Bits::none(len);
        (0..len).filter(|code| passes(*code)).for_each(|code| codes.insert(code));
        let first = codes.iter().next().unwrap_or(0);
        let range = first..first + codes.count();
        match range.clone().all(|code| codes.has(code)) {
            true => CodeSet::Range(range),
            false => CodeSet::Some(codes),
        }
    }

    /// The same, as codes below a length.
    pub(crate) fn into_bits(self, len: usize) -> Bits {
        match self {
            CodeSet::Range(range) => {
                let mut codes = Bits::none(len);
                range.for_each(|code| codes.insert(code));
                codes
            }
            CodeSet::Some(codes) => codes,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            CodeSet::Range(range) => range.is_empty(),
            CodeSet::Some(codes) => codes.is_empty(),
        }
    }

    pub(crate) fn has(&self, code: usize) -> bool {
        match self {
            CodeSet::Range(range) => range.contains(&code),
            CodeSet::Some(codes) => codes.has(code),
        }
    }
}
