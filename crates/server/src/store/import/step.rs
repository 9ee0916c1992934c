//! A step of an import: how far it comes is written in the transaction of its calls, so that a step is done once, whoever
//! tries it again.

use serde_json::{Value, json};
use tokio_postgres::types::Json;

use super::{
    Counts, StaleRow,
    words::{addresses, words_of_broken},
};
use crate::{
    model::{ImportId, body::USER_ID_MAX, now},
    store::{
        batch::{Batch, Write},
        receipt::{Identified, Outcome},
    },
};

/// Rejected rows that are kept of a run, and the most bytes that they may have together: the first ones. All are counted.
const KEPT: i64 = 100_000;
const KEPT_BYTES: i64 = 256 << 20;
/// Rows that told something older, of which a run says which.
pub const STALE_SHOWN: usize = 20;

/// What became of the rows of a step.
#[derive(Debug, Default)]
struct Told {
    counts: Counts,
    rejected: Vec<Rejected>,
    /// The first of those that told something older.
    stale: Vec<StaleRow>,
}

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
    fn tell(&self, outcomes: &[Outcome]) -> Told {
        let mut told = Told { rejected: self.rejected.clone(), ..Told::default() };
        let counts = &mut told.counts;
        counts.unchanged = self.unchanged;
        for (outcome, row) in outcomes.iter().zip(&self.rows) {
            if let Outcome::Identified(Identified { stale, .. }) = outcome
                && !stale.is_empty()
            {
                counts.stale += 1;
                told.stale.push(StaleRow::of(row, stale));
            }
            match outcome {
                Outcome::Identified(Identified { created: true, .. }) => counts.created += 1,
                Outcome::Identified(Identified { changed: true, .. }) => counts.updated += 1,
                Outcome::Identified(_) | Outcome::Pinged | Outcome::Left => counts.unchanged += 1,
                Outcome::Ignored => counts.ignored += 1,
                Outcome::Refused(refusal) => {
                    told.rejected.push(Rejected { reason: refusal.in_a_line(), ..row.clone() });
                }
            }
        }
        told.counts.rejected = i64::try_from(told.rejected.len()).unwrap_or(i64::MAX);
        told.rejected.sort_by_key(|row| row.record);
        told.stale.truncate(STALE_SHOWN);
        told
    }
}

impl StaleRow {
    fn of(row: &Rejected, names: &[String]) -> StaleRow {
        let number = |count: i64| u64::try_from(count).unwrap_or_default();
        StaleRow { row: number(row.record), line: number(row.line), names: names.to_vec() }
    }
}

/// Notes with what the batch commits that a step is done, and the rows that were not taken.
pub(in crate::store) fn keep(batch: &mut Batch<'_>, step: &Step, outcomes: &[Outcome]) {
    let Told { counts, rejected, stale } = step.tell(outcomes);
    batch.put(Write {
        sql: "
            update import
            set done = $3, created = created + $4, updated = updated + $5, unchanged = unchanged + $6, stale = stale + $7,
                rejected = rejected + $8, updated_at = $9, ignored = ignored + $10, problem = null,
                stale_rows = jsonb_path_query_array(stale_rows || $11::jsonb, '$[0 to $last_shown]', $12)
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
            Box::new(Json(stale)),
            Box::new(Json(json!({ "last_shown": STALE_SHOWN - 1 }))),
        ],
    });
    if rejected.is_empty() {
        return;
    }
    batch.put(Write {
        sql: "
            with fitting as (
                select given.* from import i, (
                    select *, row_number() over told as number, sum(octet_length(raw) + octet_length(reason)) over told as bytes
                    from unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::jsonb[])
                        as u (record, line, reason, raw, user_id, emails)
                    window told as (order by record rows unbounded preceding)
                ) as given
                where i.account_id = $1 and i.id = $2 and i.kept + number <= $9 and i.kept_bytes + bytes <= $10
                    -- Those of this step are counted already: all before them were kept.
                    and i.kept = i.rejected - cardinality($3::bigint[])
            ), put as (
                insert into import_rejected (account_id, import_id, record, line, reason, raw, user_id, emails)
                select $1, $2, record, line, reason, raw, user_id, emails from fitting
            )
            update import set kept = kept + number, kept_bytes = kept_bytes + bytes
            from (select max(number) as number, max(bytes) as bytes from fitting) as f
            where account_id = $1 and id = $2 and number is not null",
        parameters: vec![
            Box::new(step.import.0),
            Box::new(rejected.iter().map(|row| row.record).collect::<Vec<i64>>()),
            Box::new(rejected.iter().map(|row| row.line).collect::<Vec<i64>>()),
            Box::new(rejected.iter().map(|row| stored(&row.reason)).collect::<Vec<String>>()),
            Box::new(rejected.iter().map(|row| stored(&row.raw)).collect::<Vec<String>>()),
            Box::new(rejected.iter().map(user_id).collect::<Vec<_>>()),
            Box::new(rejected.iter().map(emails).collect::<Vec<_>>()),
            Box::new(KEPT),
            Box::new(KEPT_BYTES),
        ],
    });
}

/// The `user_id` that a row says, unless it is longer than anybody's can be.
fn user_id(row: &Rejected) -> Option<String> {
    row.user_id.as_deref().filter(|id| id.chars().count() <= USER_ID_MAX).map(stored)
}

/// Every address in what is kept of a row; of one that is no JSON and was meant to be, every word.
fn emails(row: &Rejected) -> Json<Vec<String>> {
    let mut found = addresses(&Value::from(vec![row.raw.as_str(), row.reason.as_str()]).to_string());
    if let Ok(Value::String(text)) = serde_json::from_str(&row.raw)
        && serde_json::from_str::<Value>(&text).is_err()
    {
        found.extend(words_of_broken(&text).iter().map(|word| stored(word)));
    }
    Json(found)
}

/// Postgres keeps no NUL in a text.
fn stored(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
