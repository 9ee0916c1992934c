//! Breakdown: a line at a time, of one snapshot. Where people are told apart by a second field, its groups say all columns that hold
//! one value; what they do not say is asked by the filter of its cell.

use super::Asked;
use crate::{
    Snapshot,
    engine::Scope,
    insight::{
        Error, Ground, Place,
        breakdown::{Answer, Breakdown},
    },
};

impl Snapshot {
    /// How many there are of each line and column; `None` where it does not know what is asked of the past. Where the time is over,
    /// it ends with the cells that it has come to.
    pub fn breakdown(
        &self,
        scope: &Scope<'_>,
        ground: &Ground<'_>,
        question: &Breakdown,
    ) -> Result<Option<Answer>, Error> {
        let asked = Asked { snapshot: self, scope: *scope };
        let lost = scope.moment.is_some() && question.fields().any(|field| self.has_lost(field));
        if lost || !asked.tells(&ground.checked(Place::Filter, ground.filter)?) {
            return Ok(None);
        }
        let plan = question.plan(ground, &asked)?;
        let (ask, across) = (plan.question(), plan.across());
        let (mut cells, mut bytes) = (Vec::new(), 0);
        for line in plan.people(ground).chunks(plan.width()) {
            let mut groups = None;
            for (column, people) in line.iter().enumerate() {
                if asked.is_late() {
                    return Ok(Some(plan.answer(cells)));
                }
                bytes += ground.lists(people)?;
                ground.room(bytes)?;
                if let Some(cell) = groups.as_ref().and_then(|groups| plan.known(column, people, groups)) {
                    cells.push(cell);
                    continue;
                }
                // The first column is the whole line.
                let at_once = across.as_ref().filter(|_| column == 0);
                let predicate = ground.checked(Place::Filter, people)?;
                let scope = Scope { predicate: &predicate, ..*scope };
                let found = self.answer(&scope, at_once.unwrap_or(&ask), None, &[]);
                let (all, totals) = (found.relationships, &found.aggregates);
                cells.push(plan.cell(people.clone(), all, totals, found.groups.as_ref()));
                groups = groups.or(found.groups.filter(|_| at_once.is_some()));
            }
        }
        Ok(Some(plan.answer(cells)))
    }
}
