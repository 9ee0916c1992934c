//! A cell: some of some people, and the filters that list both.

use bigdecimal::BigDecimal;
use filter::Expr;

use super::stats::Rate;

/// Some of some people.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// How many they are.
    pub rate: Rate,
    /// Who is among them.
    pub some: Expr,
    /// Who they all are.
    pub all: Expr,
}

/// So many people.
#[derive(Clone, Debug, PartialEq)]
pub struct People {
    /// How many they are.
    pub count: u64,
    /// Who they are.
    pub people: Expr,
}

/// How many people there are at a place, and what their numbers add up to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figure {
    pub(crate) people: u64,
    pub(crate) sum: BigDecimal,
}
