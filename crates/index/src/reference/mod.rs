//! The reference evaluator: what every query means, computed from documents in memory, simply rather than fast.
//!
//! Rows are relationships. Those of the chosen projects of which the predicate is true *match*; everything else is
//! said about the rows that match.

mod facets;
mod groups;
pub mod insight;
mod lifted;
mod totals;

use std::collections::{BTreeMap, BTreeSet};

use filter::{Document, Past, Predicate, eval, value::Instant};
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::{Answer, Datum, Question, Sort, SortKey};

/// A customer with every relationship of the account.
#[derive(Clone, Debug)]
pub struct Customer<'a> {
    /// Its id.
    pub id: Uuid,
    /// Its relationships.
    pub documents: Vec<Document<'a>>,
}

/// What is asked about.
pub struct World<'a> {
    /// Everybody of the account.
    pub customers: &'a [Customer<'a>],
    /// The slugs of its projects.
    pub projects: &'a BTreeMap<Uuid, String>,
    /// The projects whose relationships are rows.
    pub rows: &'a BTreeSet<Uuid>,
    /// The account's zone: days begin and end in it.
    pub zone: TimeZone,
    /// The moment that all of it is asked of; without one it is the present.
    pub moment: Option<Instant>,
}

/// A row that matches.
#[derive(Clone, Copy)]
struct Row<'a> {
    customer: Uuid,
    document: &'a Document<'a>,
}

/// Answers a question about the rows of which the predicate is true.
pub fn answer(world: &World<'_>, predicate: &Predicate, question: &Question) -> Answer {
    world.then(|then| of_present(then, predicate, question))
}

impl World<'_> {
    /// Calls with everybody as they were at the moment that is asked of, which then is the present.
    fn then<T>(&self, ask: impl FnOnce(&World<'_>) -> T) -> T {
        let Some(moment) = self.moment else { return ask(self) };
        let past: Vec<(Uuid, Vec<Past<'_>>)> =
            self.customers.iter().map(|one| (one.id, one.at(moment))).collect();
        let customers: Vec<Customer<'_>> = past
            .iter()
            .map(|(id, past)| Customer { id: *id, documents: past.iter().map(Past::document).collect() })
            .collect();
        let World { projects, rows, .. } = *self;
        ask(&World { customers: &customers, projects, rows, zone: self.zone.clone(), moment: None })
    }
}

impl Customer<'_> {
    /// The relationships that there were at a moment, as they were.
    fn at(&self, moment: Instant) -> Vec<Past<'_>> {
        self.documents.iter().filter_map(|document| document.at(moment)).collect()
    }
}

fn of_present(world: &World<'_>, predicate: &Predicate, question: &Question) -> Answer {
    let rows = matching(world, predicate);
    let mut customers = order(world, &rows, &question.sort);
    let count = customers.len() as u64;
    customers.truncate(question.limit);
    let grouping = question.group_by.as_ref();
    Answer {
        count,
        relationships: rows.len() as u64,
        customers,
        aggregates: totals::totals(world, &rows, &question.aggregates),
        groups: grouping.map(|grouping| groups::groups(world, &rows, grouping, question)),
        facets: lifted::facets(world, &rows, question),
    }
}

fn matching<'a>(world: &World<'a>, predicate: &Predicate) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    for customer in world.customers {
        for (at, document) in customer.documents.iter().enumerate() {
            if world.rows.contains(&document.project) && eval(predicate, &customer.documents, at) {
                rows.push(Row { customer: customer.id, document });
            }
        }
    }
    rows
}

/// The customers in order: each stands where the first of its relationships that match would.
fn order(world: &World<'_>, rows: &[Row<'_>], sort: &Sort) -> Vec<Uuid> {
    let key = |row: &Row<'_>| Sort::key(Datum::read(row.document, &sort.field, world.projects));
    let mut keyed: Vec<(SortKey, Uuid)> = rows.iter().map(|row| (key(row), row.customer)).collect();
    keyed.sort_by(|a, b| sort.compare(&a.0, &b.0).then(a.1.cmp(&b.1)));
    let mut seen = BTreeSet::new();
    keyed.into_iter().map(|(_, customer)| customer).filter(|customer| seen.insert(*customer)).collect()
}
