//! The SQL engine: answers any question about relationships from one snapshot of Postgres.
//!
//! Each part of the question makes one statement over the same rows (`Plan::hits`); the snapshot runs them in one round
//! trip, planned with their values. `index::reference` says what the answers mean.

mod bucket;
mod dates;
mod facets;
mod field;
mod groups;
mod lines;
mod order;
mod probe;
mod rows;
mod totals;
mod whole;

use index::Part;

pub(in crate::store) use facets::{Ask, read as read_facets};
use whole::Whole;
pub(in crate::store) use whole::read_counts;

use super::{
    Error, Findings, Plan,
    warnings::{Outcome, is_unsorted},
};
use crate::store::{Store, View, snapshot::Snapshot};

/// Runs every statement that the question needs, in as few round trips as it can.
pub(super) async fn answer(store: &Store, view: &View, plan: &Plan) -> Result<Findings, Error> {
    let question = &plan.question;
    let mut snapshot = Snapshot::open(store, view).await?;
    let grouping = bucket::prepare(plan, &mut snapshot).await?;
    let (counts, customers) = (plan.wants_counts(), question.wants(Part::Customers));
    let mut statements = vec![Plan::clock()];
    statements.extend(counts.then(|| whole::statement(plan)));
    statements.extend(customers.then(|| order::statement(plan)));
    statements.extend(grouping.as_ref().map(|grouping| groups::statement(plan, grouping)));
    statements.extend(facets::statement(plan));
    let mut rows = snapshot.ask(&statements, true).await?.into_iter();
    let mut next = || rows.next().unwrap_or_default();
    let version = next().first().map_or(0, |row| row.get(0));
    let whole = if counts { whole::read(plan, &next()) } else { Whole::default() };
    let customers = customers.then(|| order::rows(plan, &next())).transpose()?;
    let groups = grouping.as_ref().map(|grouping| groups::read(plan, grouping, &next()));
    let facets = facets::answer(plan, &next());
    let outcome = Outcome {
        relationships: counts.then_some(whole.count.relationships),
        lacking: &whole.lacking,
        totals: &whole.totals,
        groups: groups.as_ref(),
        facets: &facets,
        unsorted: is_unsorted(plan, customers.as_ref()),
    };
    let warnings = probe::find(plan, &mut snapshot, &outcome).await?;
    Ok(Findings { version, count: whole.count, customers, totals: whole.totals, groups, facets, warnings })
}
