//! A cell: some of some people, and the filters that list both.

use filter::Expr;

use super::stats::{Interval, wilson};

/// Below this many people a rate says little.
pub const SMALL: u64 = 30;

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

/// How many of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// How many are.
    pub some: u64,
    /// Of how many.
    pub all: u64,
}

impl Rate {
    /// The share, from 0 to 1; `None` of nobody.
    pub fn share(self) -> Option<f64> {
        (self.all > 0).then(|| self.some as f64 / self.all as f64)
    }

    /// Wilson's interval of the share; `None` of nobody.
    pub fn interval(self) -> Option<Interval> {
        wilson(self.some, self.all)
    }

    /// Whether it says little, being of few.
    pub fn is_small(self) -> bool {
        self.all < SMALL
    }
}

impl std::ops::AddAssign for Rate {
    fn add_assign(&mut self, other: Rate) {
        self.some += other.some;
        self.all += other.all;
    }
}
