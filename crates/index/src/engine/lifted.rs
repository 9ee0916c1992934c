//! Facets without the filter's own conditions on them: of each field another selection, for which what the filter says of
//! customers is not worked out again.

use std::sync::Arc;

use filter::{
    Lift,
    predicate::{Condition, Test},
};
use uuid::Uuid;

use super::{Counted, Counts, Hits, Scope, Seen, condition, each, facets, relationships, select};
use crate::{Facet, FacetValue, Facets, Lifted, Reach, column::Symbols, lift};

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
    let parts = each(hits, |hits| Part::of(hits, lift));
    let named = lift.named.iter().filter_map(|condition| named(&parts, condition, scope));
    let rest = lift::unlisted(&facet.shape, named);
    facet.lifted = Some(Lifted { filter: lift.expr.to_string(), relationships: relationships(hits), rest });
    facet
}

/// A value that a condition names, and how many of the rows have it; `None` where it names none.
fn named(parts: &[Part], condition: &Condition, scope: &Scope<'_>) -> Option<FacetValue> {
    let slug = |project: &Uuid| scope.projects.get(project).map(|project| project.slug.clone());
    let value = lift::value(condition, slug)?;
    let count = parts.iter().map(|part| part.having(condition)).sum();
    Some(FacetValue { value, member: is_member(condition), count })
}

fn is_member(condition: &Condition) -> bool {
    matches!(condition.test, Test::Has(_))
}

/// What the rows of a part hold in a field, counted once for all conditions on it.
struct Part {
    project: Uuid,
    count: u64,
    /// How often there is each value, where conditions name values.
    values: Option<Counted>,
    /// The same of what lists hold.
    members: Vec<(Arc<Symbols>, Vec<u32>)>,
}

impl Part {
    fn of(hits: &Hits<'_>, lift: &Lift) -> Part {
        let names_members = lift.named.iter().any(is_member);
        let names_values = !lift.named.iter().all(is_member);
        Part {
            project: hits.seen.project,
            count: hits.count as u64,
            values: if names_values { hits.counted(&lift.field) } else { None },
            members: if names_members { hits.members(&lift.field) } else { Vec::new() },
        }
    }

    /// How many rows have the value that a condition names.
    fn having(&self, condition: &Condition) -> u64 {
        match &condition.test {
            Test::Project(project) if *project == self.project => self.count,
            Test::Project(_) => 0,
            test @ Test::Has(_) => {
                let of_list = |(symbols, counts): &(Arc<Symbols>, Vec<u32>)| {
                    let codes = condition::members(symbols, test);
                    sum(counts, |code| codes.has(code))
                };
                self.members.iter().map(of_list).sum()
            }
            test => self.values.as_ref().map_or(0, |values| {
                let codes = condition::codes(&values.symbols, &condition.field, test);
                sum(&values.counts[..values.symbols.len()], |code| codes.has(code))
            }),
        }
    }
}

fn sum(counts: &[u32], has: impl Fn(usize) -> bool) -> u64 {
    let having = counts.iter().enumerate().filter(|(code, _)| has(*code));
    having.map(|(_, count)| u64::from(*count)).sum()
}
