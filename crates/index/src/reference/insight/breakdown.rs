//! Breakdown, cell by cell.

use crate::{
    insight::{
        Error, Ground, Place,
        breakdown::{Answer, Breakdown, Cell},
    },
    reference::{World, answer},
};

/// How many there are of each line and column, and what their numbers come to.
pub fn breakdown(world: &World<'_>, ground: &Ground<'_>, question: &Breakdown) -> Result<Answer, Error> {
    let plan = question.plan(ground, world)?;
    let ask = plan.question();
    let cell = |people| {
        let predicate = ground.checked(Place::Filter, &people)?;
        let found = answer(world, &predicate, &ask);
        Ok(plan.cell(people, found.relationships, &found.aggregates, found.groups.as_ref()))
    };
    let cells: Result<Vec<Cell>, Error> = plan.people(ground).into_iter().map(cell).collect();
    Ok(plan.answer(cells?))
}
