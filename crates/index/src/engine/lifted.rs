//! Facets without the filter's own conditions on them: of each field another selection, for which what the filter says of
//! customers is not worked out again.

use filter::{
    Lift,
    predicate::{Condition, Test},
};
use uuid::Uuid;

use super::{Counts, Hits, Scope, Seen, condition, facets, relationships, select};
use crate::{Facet, FacetValue, Facets, Lifted, Reach, lift};

/// The facets of a question; those of `lifts` over the rows of which only the rest of the predicate is true.
pub(super) fn facets<'s>(
    (hits, parts): (&[Hits<'s>], &[Seen<'s>]),
    test: &select::Ready<'_>,
    (asked, lifts): (&Facets, &[Lift]),
    scope: &Scope<'_>,
) -> Vec<Facet> {
    let reach = Reach::default();
    if lifts.is_empty() {
        return facets::facets(hits, asked, &reach, scope.zone);
    }
    let is_lifted = |field: &&filter::Field| lifts.iter().any(|lift| lift.field == **field);
    let plain =
        Facets { auto: false, fields: asked.fields.iter().filter(|f| !is_lifted(f)).cloned().collect() };
    let widest =
        if asked.auto { facets::facets(hits, &Facets::auto(), &reach, scope.zone) } else { Vec::new() };
    let lifted = lifts.iter().map(|lift| of(&select::hits_without(parts, test, &lift.places), lift, scope));
    asked.arrange(&facets::facets(hits, &plain, &reach, scope.zone), widest, lifted.collect())
}

fn of(hits: &[Hits<'_>], lift: &Lift, scope: &Scope<'_>) -> Facet {
    let mut facet = facets::one(hits, &lift.field, scope.zone);
    let named = lift.named.iter().filter_map(|condition| named(hits, condition, scope));
    let rest = lift::unlisted(&facet.shape, named);
    facet.lifted = Some(Lifted { filter: lift.expr.to_string(), relationships: relationships(hits), rest });
    facet
}

/// A value that a condition names, and how many of the rows have it; `None` where it names none.
fn named(hits: &[Hits<'_>], condition: &Condition, scope: &Scope<'_>) -> Option<FacetValue> {
    let slug = |project: &Uuid| scope.projects.get(project).map(|project| project.slug.clone());
    let value = lift::value(condition, slug)?;
    let count = hits.iter().map(|hits| having(hits, condition)).sum();
    Some(FacetValue { value, member: matches!(condition.test, Test::Has(_)), count })
}

/// How many rows of a part have the value that a condition names.
fn having(hits: &Hits<'_>, condition: &Condition) -> u64 {
    let sum = |counts: &[u32], has: &dyn Fn(usize) -> bool| {
        counts
            .iter()
            .enumerate()
            .filter(|(code, _)| has(*code))
            .map(|(_, count)| u64::from(*count))
            .sum::<u64>()
    };
    match &condition.test {
        Test::Project(project) => {
            if *project == hits.seen.project {
                hits.count as u64
            } else {
                0
            }
        }
        Test::Has(_) => hits
            .members(&condition.field)
            .iter()
            .map(|(symbols, counts)| {
                let codes = condition::members(symbols, &condition.test);
                sum(counts, &|code| codes.has(code))
            })
            .sum(),
        test => hits.counted(&condition.field).map_or(0, |part| {
            let codes = condition::codes(&part.symbols, &condition.field, test);
            sum(&part.counts[..part.symbols.len()], &|code| codes.has(code))
        }),
    }
}
