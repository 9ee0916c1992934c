//! Lift, cell by cell.

use super::found;
use crate::{
    insight::{
        Error, Ground,
        lift::{Answer, Lift},
    },
    reference::World,
};

/// What goes together with an outcome.
pub fn lift(world: &World<'_>, ground: &Ground<'_>, question: &Lift) -> Result<Answer, Error> {
    world.then(|world| {
        let plan = question.plan(ground, world)?;
        Ok(plan.answer(ground, |_, people| found(world, ground, people)))
    })
}
