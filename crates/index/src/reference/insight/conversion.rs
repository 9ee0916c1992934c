//! Conversion, cell by cell.

use super::found;
use crate::{
    insight::{
        Error, Ground,
        conversion::{Answer, Conversion},
    },
    reference::World,
};

/// How many came from a beginning to an end.
pub fn conversion(world: &World<'_>, ground: &Ground<'_>, question: &Conversion) -> Result<Answer, Error> {
    let plan = question.plan(ground, world)?;
    Ok(plan.answer(ground, |_, people| found(world, ground, &people())))
}
