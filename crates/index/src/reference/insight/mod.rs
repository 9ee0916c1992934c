//! Insights by their definition: each cell is as many as its filter finds.

mod conversion;
mod lift;
mod movements;
mod overlap;
mod referrals;
mod retention;

use filter::{Expr, Field, Predicate};

pub use conversion::conversion;
pub use lift::lift;
pub use movements::movements;
pub use overlap::overlap;
pub use referrals::referrals;
pub use retention::retention;

use super::{World, answer};
use crate::{
    Grouping, Groups, Part, Question,
    insight::{Ground, Source},
};

impl Source for World<'_> {
    fn count(&self, predicate: &Predicate) -> u64 {
        answer(self, predicate, &Question { select: vec![Part::Count], ..Question::default() }).relationships
    }

    fn groups(&self, predicate: &Predicate, by: &Grouping, limit: usize) -> Groups {
        let question = Question { group_by: Some(by.clone()), group_limit: limit, ..Question::default() };
        answer(self, predicate, &question).groups.unwrap_or_default()
    }

    fn own(&self, texts: &[&str]) -> Vec<(Field, u64)> {
        self.then(|world| referrals::own(world, texts))
    }
}

/// How many a cell's filter finds.
fn found(world: &World<'_>, ground: &Ground<'_>, people: &Expr) -> u64 {
    (ground.check)(people).map_or(0, |predicate| world.count(&predicate))
}

/// How many customers a cell's filter finds.
fn customers(world: &World<'_>, ground: &Ground<'_>, people: &Expr) -> u64 {
    let question = Question { select: vec![Part::Count], ..Question::default() };
    (ground.check)(people).map_or(0, |predicate| answer(world, &predicate, &question).count)
}
