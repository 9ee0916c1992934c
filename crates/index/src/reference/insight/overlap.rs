//! Overlap, cell by cell.

use super::customers;
use crate::{
    insight::{
        Error, Ground,
        overlap::{Answer, Plan},
    },
    reference::World,
};

/// How many customers projects have in common.
pub fn overlap(world: &World<'_>, ground: &Ground<'_>) -> Result<Answer, Error> {
    let plan = Plan::new(ground)?;
    Ok(plan.answer(|_, people| customers(world, ground, people)))
}
