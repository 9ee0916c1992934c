//! Retention, cell by cell.

use super::found;
use crate::{
    insight::{
        Error, Ground,
        retention::{Answer, Retention},
    },
    reference::World,
};

/// Who stays.
pub fn retention(world: &World<'_>, ground: &Ground<'_>, question: &Retention) -> Result<Answer, Error> {
    let plan = question.plan(ground, world)?;
    Ok(plan.answer(ground, |_, people| found(world, ground, people)))
}
