//! How far that has come which goes step by step: imports and acts. Each notes it in the transaction of a step's calls, where it is looked
//! up before, so that a step is done once, whoever tries it again.

use std::collections::HashMap;

use tokio_postgres::Statement;
use uuid::Uuid;

use super::{AccountId, Error, transaction::Transaction};

/// The look-up of [`progress`], prepared if there is anything to look up.
pub(super) async fn prepare(tx: &Transaction<'_>, ids: &[Uuid]) -> Result<Option<Statement>, Error> {
    if ids.is_empty() {
        return Ok(None);
    }
    let sql = "select id, done from import where account_id = $1 and id = any($2) and finished_at is null
               union all
               select id, done from act where account_id = $1 and id = any($2) and ended_at is null";
    Ok(Some(tx.prepare_cached(sql).await?))
}

/// How far imports and acts have come; one that has ended, or is gone, is not among them.
pub(super) async fn progress(
    tx: &Transaction<'_>,
    prepared: Option<&Statement>,
    account: AccountId,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, i64>, Error> {
    let Some(statement) = prepared else { return Ok(HashMap::new()) };
    let rows = tx.query(statement, &[&account.0, &ids]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
