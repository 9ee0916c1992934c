//! Lift, cell by cell.

use filter::{Field, Past, value::Instant};

use super::found;
use crate::{
    Facet, Facets, Reach,
    insight::{
        Error, Ground, Place,
        lift::{Answer, Crowd, Lift},
    },
    reference::{Row, World, facets, matching},
};

/// What goes together with an outcome.
pub fn lift(world: &World<'_>, ground: &Ground<'_>, question: &Lift) -> Result<Answer, Error> {
    world.then(|world| {
        let population = question.population(ground)?;
        let mut outside = question.landmark.as_ref().map(|landmark| landmark.outside(ground));
        let others = outside.iter_mut().flat_map(|outside| outside.each());
        others.for_each(|people| people.count = found(world, ground, &people.people));
        let rows = |filter| Ok(matching(world, &ground.checked(Place::Filter, filter)?));
        let told = Matching { world, rows: rows(&population)? };
        let plan = question.plan(
            &Ground { filter: &population, ..*ground },
            (&told, &Matching { world, rows: rows(ground.filter)? }),
        )?;
        let ground = &Ground { filter: &population, ..*ground };
        Ok(plan.answer(ground, outside, |_, people| found(world, ground, people)))
    })
}

/// Rows that match.
struct Matching<'a> {
    world: &'a World<'a>,
    rows: Vec<Row<'a>>,
}

impl Crowd for Matching<'_> {
    fn count(&self) -> u64 {
        self.rows.len() as u64
    }

    fn facets(&self, facets: &Facets, reach: &Reach) -> Vec<Facet> {
        facets::facets(self.world, &self.rows, facets, reach)
    }

    fn held_after(&self, elapsed: i64, fields: &[Field], reach: &Reach) -> Vec<Facet> {
        let then = |row: &Row<'_>| Instant(Instant::from(row.document.first_seen).0 + elapsed);
        let past: Vec<_> = self.rows.iter().filter_map(|row| row.document.at(then(row))).collect();
        let documents: Vec<_> = past.iter().map(Past::document).collect();
        // Whose they are does not matter to what they hold.
        let customer = Default::default();
        let rows: Vec<_> = documents.iter().map(|document| Row { customer, document }).collect();
        facets::facets(self.world, &rows, &Facets { auto: false, fields: fields.to_vec() }, reach)
    }
}
