//! A step of an import: how far it comes is written in the transaction of its calls, so that a step is done once, whoever
//! tries it again.

use std::collections::HashMap;

use serde_json::Value;
use tokio_postgres::{Statement, types::Json};
use uuid::Uuid;

use super::{Counts, forget::addresses};
use crate::{
    model::{ImportId, body::USER_ID_MAX, now},
    store::{
        AccountId, Error,
        batch::{Batch, Write},
        receipt::{Identified, Outcome},
        transaction::Transaction,
    },
};

/// Some rows of a file, one after the other.
#[derive(Clone, Debug)]
pub struct Step {
    /// The run.
    pub import: ImportId,
    /// The rows of the file before it.
    pub from: i64,
    /// The rows of the file up to its end.
    pub to: i64,
    /// The row that each call was made of: where it stands and what stands there, with no reason yet.
    pub rows: Vec<Rejected>,
    /// Rows that make no call.
    pub rejected: Vec<Rejected>,
    /// Rows that say nothing new.
    pub unchanged: i64,
}

/// A row that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Which row of the file, from 1.
    pub record: i64,
    /// On which line it begins, from 1.
    pub line: i64,
    /// What is wrong with it.
    pub reason: String,
    /// The row as it stands in the file: its cells as a JSON array, or its JSON.
    pub raw: String,
    /// The `user_id` of whom it is about, if it says one.
    pub user_id: Option<String>,
}

impl Step {
    /// What became of its rows, and those that were not taken.
    fn tell(&self, outcomes: &[Outcome]) -> (Counts, Vec<Rejected>) {
        let mut counts = Counts { unchanged: self.unchanged, ..Counts::default() };
        let mut rejected = self.rejected.clone();
        for (outcome, row) in outcomes.iter().zip(&self.rows) {
            if let Outcome::Identified(Identified { stale, .. }) = outcome {
                counts.stale += i64::from(!stale.is_empty());
            }
            match outcome {
                Outcome::Identified(Identified { created: true, .. }) => counts.created += 1,
                Outcome::Identified(Identified { changed: true, .. }) => counts.updated += 1,
                Outcome::Identified(_) | Outcome::Pinged => counts.unchanged += 1,
                Outcome::Ignored => counts.ignored += 1,
                Outcome::Refused(refusal) => {
                    rejected.push(Rejected { reason: refusal.in_a_line(), ..row.clone() });
                }
            }
        }
        counts.rejected = i64::try_from(rejected.len()).unwrap_or(i64::MAX);
        (counts, rejected)
    }
}

/// The look-up of [`progress`], prepared if there is anything to look up.
pub(in crate::store) async fn prepare(
    tx: &Transaction<'_>,
    steps: &[&Step],
) -> Result<Option<Statement>, Error> {
    if steps.is_empty() {
        return Ok(None);
    }
    let sql = "select id, done from import where account_id = $1 and id = any($2) and finished_at is null";
    Ok(Some(tx.prepare_cached(sql).await?))
}

/// How far the runs of the steps have come; one that has ended, or is gone, is not among them.
pub(in crate::store) async fn progress(
    tx: &Transaction<'_>,
    prepared: Option<&Statement>,
    account: AccountId,
    steps: &[&Step],
) -> Result<HashMap<ImportId, i64>, Error> {
    let Some(statement) = prepared else { return Ok(HashMap::new()) };
    let ids: Vec<Uuid> = steps.iter().map(|step| step.import.0).collect();
    let rows = tx.query(statement, &[&account.0, &ids]).await?;
    Ok(rows.iter().map(|row| (ImportId(row.get(0)), row.get(1))).collect())
}

/// Notes with what the batch commits that a step is done, and the rows that were not taken.
pub(in crate::store) fn keep(batch: &mut Batch<'_>, step: &Step, outcomes: &[Outcome]) {
    let (counts, rejected) = step.tell(outcomes);
    batch.put(Write {
        sql: "
            update import
            set done = $3, created = created + $4, updated = updated + $5, unchanged = unchanged + $6, stale = stale + $7,
                rejected = rejected + $8, updated_at = $9, ignored = ignored + $10
            where account_id = $1 and id = $2",
        parameters: vec![
            Box::new(step.import.0),
            Box::new(step.to),
            Box::new(counts.created),
            Box::new(counts.updated),
            Box::new(counts.unchanged),
            Box::new(counts.stale),
            Box::new(counts.rejected),
            Box::new(now()),
            Box::new(counts.ignored),
        ],
    });
    if rejected.is_empty() {
        return;
    }
    batch.put(Write {
        sql: "
            insert into import_rejected (account_id, import_id, record, line, reason, raw, user_id, emails)
            select $1, $2, * from unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::jsonb[])",
        parameters: vec![
            Box::new(step.import.0),
            Box::new(rejected.iter().map(|row| row.record).collect::<Vec<i64>>()),
            Box::new(rejected.iter().map(|row| row.line).collect::<Vec<i64>>()),
            Box::new(rejected.iter().map(|row| stored(&row.reason)).collect::<Vec<String>>()),
            Box::new(rejected.iter().map(|row| stored(&row.raw)).collect::<Vec<String>>()),
            Box::new(rejected.iter().map(user_id).collect::<Vec<_>>()),
            Box::new(rejected.iter().map(emails).collect::<Vec<_>>()),
        ],
    });
}

/// The `user_id` that a row says, unless it is longer than anybody's can be.
fn user_id(row: &Rejected) -> Option<String> {
    row.user_id.as_deref().filter(|id| id.chars().count() <= USER_ID_MAX).map(stored)
}

/// Every address in what is kept of a row.
fn emails(row: &Rejected) -> Json<Vec<String>> {
    Json(addresses(&Value::from(vec![row.raw.as_str(), row.reason.as_str()]).to_string()))
}

/// Postgres keeps no NUL in a text.
fn stored(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
