//! Facets without the filter's own conditions on them.

use filter::{
    Lift,
    predicate::{Condition, Test},
};

use super::{Row, World, facets, matching};
use crate::{Facet, FacetValue, Facets, Lifted, Question, Reach, lift};

/// The facets of a question about rows that match.
pub(super) fn facets(world: &World<'_>, rows: &[Row<'_>], question: &Question) -> Vec<Facet> {
    let (asked, reach) = (&question.facets, Reach::default());
    let of = |rows: &[Row<'_>], facets: &Facets| facets::facets(world, rows, facets, &reach);
    let named = of(rows, &Facets { auto: false, ..asked.clone() });
    let widest = of(rows, &Facets { auto: asked.auto, fields: Vec::new() });
    asked.arrange(&named, widest, question.lifts.iter().map(|lift| lifted(world, lift)).collect())
}

fn lifted(world: &World<'_>, lift: &Lift) -> Facet {
    let rows = matching(world, &lift.predicate);
    let fields = Facets { auto: false, fields: vec![lift.field.clone()] };
    let mut facet = facets::facets(world, &rows, &fields, &Reach::default()).remove(0);
    let named = lift.named.iter().filter_map(|condition| named(world, lift, condition));
    let (filter, relationships) = (lift.expr.to_string(), rows.len() as u64);
    facet.lifted = Some(Lifted { filter, relationships, rest: lift::unlisted(&facet.shape, named) });
    facet
}

fn named(world: &World<'_>, lift: &Lift, condition: &Condition) -> Option<FacetValue> {
    let value = lift::value(condition, |project| world.projects.get(project).cloned())?;
    let count = matching(world, &lift.predicate.with(condition)).len() as u64;
    Some(FacetValue { value, member: matches!(condition.test, Test::Has(_)), count })
}
