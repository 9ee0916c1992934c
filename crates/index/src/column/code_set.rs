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
