//! What is said of everything that matches: how many, the aggregates, and how many lack a field; one statement.

use index::Total;
use tokio_postgres::Row;

use super::{
    probe,
    totals::{self, WIDTH, columns},
};
use crate::store::{
    query::{Count, Plan},
    statement::{Statement, unsigned},
};

/// The columns before those of aggregates: customers and relationships.
const COUNTS: usize = 2;

/// What one answer says of everything that matches.
#[derive(Default)]
pub(super) struct Whole {
    pub(super) count: Count,
    pub(super) totals: Vec<Total>,
    /// For each condition that wants something false: how many matching rows lack its field.
    pub(super) lacking: Vec<u64>,
}

pub(super) fn statement(plan: &Plan) -> Statement {
    Statement::make(|binds| {
        let aggregates = plan.aggregates();
        let customers = if plan.is_wide() { "count(distinct customer_id)" } else { "count(*)" };
        let mut selected = vec![customers.to_owned(), "count(*)".to_owned()];
        selected.extend(columns(aggregates));
        selected.extend(probe::columns(plan));
        let mut sources = vec!["r.customer_id".to_owned()];
        sources.extend(totals::sources(aggregates, binds));
        sources.extend(probe::sources(plan, binds));
        let hits = plan.hits(binds);
        format!("select {} from (select {} {hits}) hit", selected.join(", "), sources.join(", "))
    })
}

pub(super) fn read(plan: &Plan, rows: &[Row]) -> Whole {
    let Some(row) = rows.first() else { return Whole::default() };
    let count = Count { customers: unsigned(row, 0), relationships: unsigned(row, 1) };
    let aggregates = plan.aggregates();
    let totals = totals::totals(aggregates, row, COUNTS, count.relationships, &plan.lexicon.zone);
    let lacking = COUNTS + aggregates.len() * WIDTH;
    Whole { count, totals, lacking: (lacking..row.len()).map(|column| unsigned(row, column)).collect() }
}

impl Plan {
    /// Counts what matches and nothing else.
    pub(in crate::store) fn counts(&self) -> Statement {
        Statement::make(|binds| {
            format!("select count(distinct r.customer_id), count(*) {}", self.hits(binds))
        })
    }
}

/// Reads the answer to [`Plan::counts`].
pub(in crate::store) fn read_counts(rows: &[Row]) -> Count {
    let count = |row: &Row| Count { customers: unsigned(row, 0), relationships: unsigned(row, 1) };
    rows.first().map(count).unwrap_or_default()
}
