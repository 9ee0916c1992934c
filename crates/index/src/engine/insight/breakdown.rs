//! Breakdown: every cell asked by its filter, of one snapshot.

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
        let ask = plan.question();
        let (mut cells, mut bytes) = (Vec::new(), 0);
        for people in plan.people(ground) {
            if asked.is_late() {
                break;
            }
            bytes += ground.lists(&people)?;
            ground.room(bytes)?;
            let predicate = ground.checked(Place::Filter, &people)?;
            let found = self.answer(&Scope { predicate: &predicate, ..*scope }, &ask, None, &[]);
            cells.push(plan.cell(people, found.relationships, &found.aggregates, found.groups.as_ref()));
        }
        Ok(Some(plan.answer(cells)))
    }
}
