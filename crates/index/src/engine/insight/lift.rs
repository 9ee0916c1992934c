//! Lift from two looks at the same fields: what everybody holds, and what those hold of whom the outcome is true. All others
//! follow.

use filter::{Expr, Field};
use jiff::tz::TimeZone;

use super::Asked;
use crate::{
    Facet, Facets, Reach, Snapshot,
    engine::{Hits, Scope, facets, relationships, then::then},
    insight::{
        Error, Ground, Place,
        landmark::{Landmark, Outside},
        lift::{Answer, Crowd, Lift, Side, Spot, VALUES_MAX},
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
        let population = question.population(ground)?;
        let everybody = ground.checked(Place::Filter, &population)?;
        // Without a landmark those are all who match.
        let matching = question.landmark.as_ref();
        let matching = matching.map(|_| ground.checked(Place::Filter, ground.filter)).transpose()?;
        ground.checked(Place::Outcome, &question.outcome)?;
        let outcome = ground.checked(Place::Filter, &ground.all(question.outcome.root.clone()))?;
        let is_lost = |fields: &[Field]| fields.iter().any(|field| self.has_lost(field));
        let is_past = scope.moment.is_some();
        let has_lost = match &question.fields {
            Some(fields) => (is_past || question.landmark.is_some()) && is_lost(fields),
            None => is_past && self.has_lost_any(),
        };
        if has_lost || !asked.tells(&everybody) || !asked.tells(&outcome) {
            return Ok(None);
        }
        let all = asked.hits(&everybody);
        let matched = matching.as_ref().map(|matching| asked.hits(matching));
        let matched = matched.as_ref().unwrap_or(&all);
        let some = among(asked.hits(&outcome), &all);
        // Where the time is over between two looks the later one finds too few.
        let others = relationships(matched).saturating_sub(relationships(&all));
        let outside = question.landmark.as_ref().map(|landmark| asked.outside(landmark, ground, others));
        let ground = &Ground { filter: &population, ..*ground };
        let [all, some, matched] = [&all, &some, matched].map(|hits| Matching { hits, zone: scope.zone });
        let plan = question.plan(ground, (&all, &matched))?;
        if question.landmark.is_some() && is_lost(&plan.fields) {
            return Ok(None);
        }
        let held = question.held(&some, plan.fields.clone(), VALUES_MAX);
        let some_with: Vec<u64> =
            plan.lines.iter().map(|line| line.held.count(some.count(), &held[line.field])).collect();
        let with: Vec<u64> = plan.lines.iter().map(|line| line.people).collect();
        let (some, people) = (some.count(), plan.people);
        Ok(Some(plan.answer(ground, outside.transpose()?, |Spot { side, outcome }, _| {
            let (all, with) = if outcome { (some, &some_with) } else { (people, &with) };
            match side {
                Side::All => all,
                Side::With(line) => with[line],
                Side::Without(line) => all.saturating_sub(with[line]),
            }
        })))
    }
}

impl Asked<'_> {
    /// Who matches and is not among those who are told of, so many in all.
    fn outside(&self, landmark: &Landmark, ground: &Ground<'_>, others: u64) -> Result<Outside, Error> {
        let count = |expr: &Expr| -> Result<u64, Error> {
            Ok(relationships(&self.hits(&ground.checked(Place::Filter, expr)?)))
        };
        let mut outside = landmark.outside(ground);
        outside.early.count = count(&outside.early.people)?;
        if let Some(unknown) = &mut outside.unknown {
            unknown.count = count(&unknown.people)?;
        }
        let unknown = outside.unknown.as_ref().map_or(0, |unknown| unknown.count);
        outside.away.count = others.saturating_sub(outside.early.count + unknown);
        Ok(outside)
    }
}

/// Of some rows those that are among others.
fn among<'s>(some: Vec<Hits<'s>>, others: &[Hits<'_>]) -> Vec<Hits<'s>> {
    let common = |mut hits: Hits<'s>| {
        let own = others.iter().find(|other| std::ptr::eq(other.seen.part, hits.seen.part))?;
        hits.rows.keep(&own.rows);
        hits.count = hits.rows.count();
        (hits.count > 0).then_some(hits)
    };
    some.into_iter().filter_map(common).collect()
}

/// Rows that match.
struct Matching<'h, 's> {
    hits: &'h [Hits<'s>],
    zone: &'h TimeZone,
}

impl Crowd for Matching<'_, '_> {
    fn count(&self) -> u64 {
        relationships(self.hits)
    }

    fn facets(&self, facets: &Facets, reach: &Reach) -> Vec<Facet> {
        facets::facets(self.hits, facets, reach, self.zone)
    }

    fn held_after(&self, elapsed: i64, fields: &[Field], reach: &Reach) -> Vec<Facet> {
        facets::of_fields(&then(self.hits, elapsed), fields, reach, self.zone)
    }
}
