//! Lift from two looks at the same fields: what everybody holds, and what those hold of whom the outcome is true. All others
//! follow.

use super::Asked;
use crate::{
    Facets, Reach, Snapshot,
    engine::Scope,
    insight::{
        Error, Ground, Place, Source,
        lift::{Answer, Lift, Side, Spot, VALUES_MAX},
    },
};

impl Snapshot {
    /// What goes together with an outcome; `None` where it does not know what is asked of the past.
    pub fn lift(
        &self,
        scope: &Scope<'_>,
        ground: &Ground<'_>,
        question: &Lift,
    ) -> Result<Option<Answer>, Error> {
        let asked = Asked { snapshot: self, scope: *scope };
        let plan = question.plan(ground, &asked)?;
        let outcome = ground.checked(Place::Filter, &plan.outcome(ground))?;
        let is_past = scope.moment.is_some();
        let is_lost = || match &question.fields {
            Some(fields) => fields.iter().any(|field| self.has_lost(field)),
            None => self.has_lost_any(),
        };
        let asks_past = is_past || outcome.asks_past();
        if asks_past && !self.can_tell(outcome.root(), is_past) || is_past && is_lost() {
            return Ok(None);
        }
        let facets = Facets { auto: false, fields: plan.fields.clone() };
        let reach = Reach { paths: 0, few: VALUES_MAX, values: VALUES_MAX as usize };
        let (some, some_facets) = asked.facets(&outcome, &facets, &reach);
        let tallies = plan.lines.iter();
        let some_with: Vec<u64> =
            tallies.map(|line| line.held.count(some, &some_facets[line.field])).collect();
        let with: Vec<u64> = plan.lines.iter().map(|line| line.people).collect();
        let people = plan.people;
        Ok(Some(plan.answer(ground, |Spot { side, outcome }, _| {
            let (all, with) = if outcome { (some, &some_with) } else { (people, &with) };
            match side {
                Side::All => all,
                Side::With(line) => with[line],
                Side::Without(line) => all - with[line],
            }
        })))
    }
}
