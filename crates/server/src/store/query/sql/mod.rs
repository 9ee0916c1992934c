//! The SQL engine: answers any question about relationships from one snapshot of Postgres.
//!
//! Each part of the question makes one statement over the same rows (`Plan::hits`); the snapshot runs them in one round
//! trip, planned with their values. `index::reference` says what the answers mean.

mod bucket;
mod dates;
mod facets;
mod field;
mod groups;
mod lifted;
mod lines;
mod order;
mod person;
mod probe;
mod rows;
mod totals;
mod whole;

use std::time::Instant;

use index::Part;

pub(in crate::store) use facets::{Ask, read as read_facets};
use whole::Whole;
pub(in crate::store) use whole::read_counts;

use super::{
    Error, Findings, Plan, Warning,
    warnings::{Outcome, is_unsorted},
};
use crate::store::{Store, View, index::Standing, snapshot::Snapshot};

/// Runs every statement that the question needs, in as few round trips as it can, until its asker gives up.
pub(super) async fn answer(
    store: &Store,
    view: &View,
    plan: &Plan,
    until: Option<Instant>,
) -> Result<Findings, Error> {
    let mut snapshot = Snapshot::open_until(store, view, until).await?;
    let told = find(plan, &mut snapshot, true).await?;
    let warnings = warn(plan, &mut snapshot, &told, &store.live_unasked(view.account)).await?;
    Ok(Findings { warnings, ..told.findings })
}

/// What was found out, without warnings yet, and what these go by.
pub(super) struct Told {
    pub(super) findings: Findings,
    lacking: Vec<u64>,
}

/// Asks in a snapshot, which may end with it.
pub(super) async fn find(plan: &Plan, snapshot: &mut Snapshot, last: bool) -> Result<Told, Error> {
    let question = &plan.question;
    let grouping = bucket::prepare(plan, snapshot).await?;
    let (counts, customers) = (plan.wants_counts(), question.wants(Part::Customers));
    let mut statements = vec![Plan::clock()];
    statements.extend(counts.then(|| whole::statement(plan)));
    statements.extend(customers.then(|| order::statement(plan)));
    statements.extend(grouping.as_ref().map(|grouping| groups::statement(plan, grouping)));
    let facets = facets::statement(plan);
    let faceted = facets.is_some();
    statements.extend(facets);
    statements.extend(lifted::statements(plan));
    let mut rows = snapshot.ask(&statements, last).await?.into_iter();
    let mut next = || rows.next().unwrap_or_default();
    let version = next().first().map_or(0, |row| row.get(0));
    let whole = if counts { whole::read(plan, &next()) } else { Whole::default() };
    let customers = customers.then(|| order::rows(plan, &next())).transpose()?;
    let groups = grouping.as_ref().map(|grouping| groups::read(plan, grouping, &next()));
    let facets = if faceted { next() } else { Vec::new() };
    let facets = facets::answer(plan, &facets, lifted::read(plan, next));
    let Whole { count, totals, lacking } = whole;
    let findings = Findings { version, count, customers, totals, groups, facets, warnings: Vec::new() };
    Ok(Told { findings, lacking })
}

/// What may have been meant otherwise; it ends the snapshot where it asks. What the database would have to count everybody for is
/// asked of memory, where it can tell.
pub(super) async fn warn(
    plan: &Plan,
    snapshot: &mut Snapshot,
    told: &Told,
    memory: &Standing,
) -> Result<Vec<Warning>, Error> {
    let findings = &told.findings;
    let outcome = Outcome {
        relationships: plan.wants_counts().then_some(findings.count.relationships),
        lacking: &told.lacking,
        totals: &findings.totals,
        groups: findings.groups.as_ref(),
        facets: &findings.facets,
        unsorted: is_unsorted(plan, findings.customers.as_ref()),
    };
    Ok(probe::find(plan, snapshot, &outcome, memory).await?)
}
