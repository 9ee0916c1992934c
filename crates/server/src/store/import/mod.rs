//! Runs of imports: begun or gone on with, found, listed, ended, and the rows that were rejected.

mod forget;
mod known;
mod notes;
mod step;
mod words;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::{
    Row,
    error::SqlState,
    types::{Json, ToSql},
};
use uuid::Uuid;

use super::{AccountId, Error, Store, View};
use crate::model::{ImportId, ProjectId, now};

pub use forget::{Forgotten, Mention};
pub(in crate::store) use forget::{Names, forget, forget_all, forget_rejected};
pub use known::{Known, known};
pub(in crate::store) use step::keep;
pub use step::{Rejected, STALE_SHOWN, Step};

/// How long rejected rows are kept.
pub(in crate::store) const REJECTED_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Deletes those of accounts `$1` whose import was over at `$2` or before.
pub(in crate::store) const EXPIRE: &str = "
    delete from import_rejected r using import i
    where i.account_id = any($1) and coalesce(i.finished_at, i.updated_at) <= $2 and r.account_id = any($1)
      and r.account_id = i.account_id and r.import_id = i.id";
/// Runs in a list.
const LISTED: i64 = 100;

/// A run of an import.
#[derive(Clone, Debug)]
pub struct Import {
    /// Its id, which the changes that it made name as their source.
    pub id: ImportId,
    /// Into which project.
    pub project: ProjectId,
    /// The file's name.
    pub name: String,
    /// What the file was taken for, as JSON.
    pub about: Value,
    /// How its rejected rows are written out again, as JSON.
    pub rejects: Value,
    /// The rows of the file.
    pub records: i64,
    /// Those of them that are done.
    pub done: i64,
    /// What became of those.
    pub counts: Counts,
    /// How many of the rejected ones are kept.
    pub kept: i64,
    /// The first rows that told something older than what is known.
    pub stale_rows: Vec<StaleRow>,
    /// Why it ended early.
    pub problem: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it last came further.
    pub updated_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// A row that told something older than what is known, or a past of somebody who was known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StaleRow {
    /// Which row of the file, from 1; the header and blank lines are no rows.
    pub row: u64,
    /// On which line it begins, as an editor shows it.
    pub line: u64,
    /// What of it stays as it was. Of `first_paid` and `status_since` an owner can set the past right.
    pub names: Vec<String>,
}

impl Import {
    /// The row after which whoever begins this run goes on; `None` from the first one, and where none is left.
    pub fn goes_on_after(&self) -> Option<u64> {
        u64::try_from(self.done).ok().filter(|done| *done > 0 && self.finished_at.is_none())
    }
}

/// What became of the rows that are done; each is counted once, but for `stale`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Customers who are new in the project.
    pub created: i64,
    /// Known customers of whom something differs from before.
    pub updated: i64,
    /// Rows that said what was so already.
    pub unchanged: i64,
    /// Of all these, rows that told something older than what is known, or a past of people who were known.
    pub stale: i64,
    /// Rows about people whom the account ignores.
    pub ignored: i64,
    /// Rows that were not taken.
    pub rejected: i64,
}

/// An import that wants to begin.
pub struct Fresh<'a> {
    /// Into which project.
    pub project: ProjectId,
    /// The file's name.
    pub name: &'a str,
    /// What tells it from every other: a hash of the file and of how it is read.
    pub fingerprint: [u8; 32],
    /// What the file was taken for.
    pub about: &'a Value,
    /// How its rejected rows are written out again.
    pub rejects: &'a Value,
    /// Its rows.
    pub records: i64,
}

const COLUMNS: &str =
    "id, project_id, name, about, records, done, created, updated, unchanged, stale, rejected, problem,
                       started_at, updated_at, finished_at, rejects, ignored, kept, stale_rows";

/// Goes on with the run of the same file and options that has not ended, or of whose end nobody has heard: whoever began it
/// may have been killed before. Else begins a new one.
pub async fn begin(store: &Store, account: AccountId, fresh: &Fresh<'_>) -> Result<Import, Error> {
    let client = store.client().await?;
    let (project, fingerprint) = (&fresh.project.0, fresh.fingerprint.as_slice());
    let unheard = format!(
        "select {COLUMNS} from import
         where account_id = $1 and project_id = $2 and fingerprint = $3 and not told"
    );
    let begun = format!(
        "insert into import (account_id, id, project_id, name, fingerprint, about, records, started_at, updated_at, rejects, emails)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10) on conflict do nothing returning {COLUMNS}"
    );
    loop {
        if let Some(row) = client.query_opt(&unheard, &[&account.0, project, &fingerprint]).await? {
            return Ok(read(&row));
        }
        let (id, now) = (ImportId::new(), now());
        let (about, rejects) = (Json(fresh.about), Json(fresh.rejects));
        let said = Value::from(vec![Value::from(fresh.name), fresh.about.clone(), fresh.rejects.clone()]);
        let emails = Json(words::addresses(&said.to_string()));
        let parameters: [&(dyn ToSql + Sync); 10] = [
            &account.0,
            &id.0,
            project,
            &fresh.name,
            &fingerprint,
            &about,
            &fresh.records,
            &now,
            &rejects,
            &emails,
        ];
        // One that somebody else has begun just now is gone on with.
        match client.query_opt(&begun, &parameters).await {
            Ok(Some(row)) => return Ok(read(&row)),
            Ok(None) => {}
            Err(error) if error.code() == Some(&SqlState::FOREIGN_KEY_VIOLATION) => {
                return Err(Error::Missing("project"));
            }
            Err(error) => return Err(Error::of_write(error)),
        }
    }
}

/// A run, if the view sees its project.
pub async fn find(store: &Store, view: &View, id: ImportId) -> Result<Import, Error> {
    let client = store.client().await?;
    let sql = format!(
        "select {COLUMNS} from import
         where account_id = $1 and id = $2 and ($3::uuid is null or project_id = $3)"
    );
    let statement = client.prepare_cached(&sql).await?;
    let project: Option<Uuid> = view.project.map(|project| project.0);
    let row = client.query_opt(&statement, &[&view.account.0, &id.0, &project]).await?;
    Ok(read(&row.ok_or(Error::Missing("import"))?))
}

/// The latest runs that the view sees.
pub async fn list(store: &Store, view: &View) -> Result<Vec<Import>, Error> {
    let client = store.client().await?;
    let sql = format!(
        "select {COLUMNS} from import
         where account_id = $1 and ($2::uuid is null or project_id = $2)
         order by started_at desc, id limit $3"
    );
    let statement = client.prepare_cached(&sql).await?;
    let project: Option<Uuid> = view.project.map(|project| project.0);
    let rows = client.query(&statement, &[&view.account.0, &project, &LISTED]).await?;
    Ok(rows.iter().map(read).collect())
}

/// Ends a run, with a problem if it ended before the end of its file.
pub async fn finish(
    store: &Store,
    account: AccountId,
    id: ImportId,
    problem: Option<&str>,
) -> Result<(), Error> {
    let client = store.client().await?;
    let sql = "update import set finished_at = $3, updated_at = $3, problem = $4, emails = emails || $5
               where account_id = $1 and id = $2 and finished_at is null";
    let emails = Json(words::addresses(problem.unwrap_or_default()));
    client.execute(sql, &[&account.0, &id.0, &now(), &problem, &emails]).await.map_err(Error::of_write)?;
    Ok(())
}

/// Notes why a run stopped, which may be gone on with.
pub async fn stumble(store: &Store, account: AccountId, id: ImportId, problem: &str) -> Result<(), Error> {
    let client = store.client().await?;
    let sql = "update import set problem = $3, emails = emails || $4
               where account_id = $1 and id = $2 and finished_at is null";
    let emails = Json(words::addresses(problem));
    client.execute(sql, &[&account.0, &id.0, &problem, &emails]).await.map_err(Error::of_write)?;
    Ok(())
}

/// Notes that somebody has heard of the end of a run: the same file is a new run from here on.
pub async fn tell(store: &Store, account: AccountId, id: ImportId) -> Result<(), Error> {
    let client = store.client().await?;
    let sql = "update import set told = true
               where account_id = $1 and id = $2 and finished_at is not null and not told";
    client.execute(sql, &[&account.0, &id.0]).await.map_err(Error::of_write)?;
    Ok(())
}

/// Rejected rows of a run after one of them, in the file's order.
pub async fn rejected(
    store: &Store,
    account: AccountId,
    id: ImportId,
    after: i64,
    limit: i64,
) -> Result<Vec<Rejected>, Error> {
    let client = store.client().await?;
    let sql = "select record, line, reason, raw, user_id from import_rejected
               where account_id = $1 and import_id = $2 and record > $3 order by record limit $4";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&account.0, &id.0, &after, &limit]).await?;
    let read = |row: &Row| Rejected {
        record: row.get(0),
        line: row.get(1),
        reason: row.get(2),
        raw: row.get(3),
        user_id: row.get(4),
    };
    Ok(rows.iter().map(read).collect())
}

/// Tells Postgres what the tables hold now: it learns by itself a minute later, and plans badly until then. A role that
/// does not own them may not, and then it waits.
pub async fn analyze(store: &Store) -> Result<(), Error> {
    store.client().await?.batch_execute("analyze customer, relationship, change, activity").await?;
    Ok(())
}

fn read(row: &Row) -> Import {
    let (Json(about), Json(rejects), Json(stale_rows)) = (row.get(3), row.get(15), row.get(18));
    Import {
        id: ImportId(row.get(0)),
        project: ProjectId(row.get(1)),
        name: row.get(2),
        about,
        rejects,
        records: row.get(4),
        done: row.get(5),
        counts: Counts {
            created: row.get(6),
            updated: row.get(7),
            unchanged: row.get(8),
            stale: row.get(9),
            ignored: row.get(16),
            rejected: row.get(10),
        },
        kept: row.get(17),
        stale_rows,
        problem: row.get(11),
        started_at: row.get(12),
        updated_at: row.get(13),
        finished_at: row.get(14),
    }
}
