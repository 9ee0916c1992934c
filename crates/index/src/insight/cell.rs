//! A cell: some of some people, and the filters that list both.

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
