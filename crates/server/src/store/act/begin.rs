//! An act begins: its row and the list of whom it is about, in one transaction.

use tokio_postgres::{IsolationLevel, types::Json};
use uuid::Uuid;

use crate::{
    model::{ActId, MemberId, ProjectId, What, now},
    store::{
        AccountId, Error, Store, View,
        batch::Batch,
        query::{self, targets, targets::Targets},
    },
};

/// Listing a million takes longer than a page does.
const SETTINGS: &str = "set local statement_timeout = '10min'; set local work_mem = '64MB'";

const INSERT: &str =
    "insert into act (account_id, id, member_id, what, filter, projects, people, total, began_at, touched_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)";

/// Begins an act on whoever matches. Refused ([`Error::Conflict`]) when those are not as many people as `said`, which is what
/// whoever orders it has been told.
pub async fn begin(
    store: &Store,
    account: AccountId,
    member: MemberId,
    (what, targets): (&What, &Targets),
    said: u64,
) -> Result<ActId, query::Error> {
    let view = View::account(account);
    let plan = targets.plan(store, &view).await?;
    // It takes a connection for as long as an export may.
    let _turn = store.lanes.exports.turn(view).await?;
    let mut client = store.client().await?;
    let tx = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
    let tx = tx.start().await.map_err(Error::from)?;
    tx.batch_execute(SETTINGS).await.map_err(Error::from)?;
    let mut rows = Vec::new();
    for statement in targets.counts(&plan) {
        rows.push(statement.run(tx.client(), account.0).await.map_err(Error::from)?);
    }
    let reach = targets::read(&rows);
    if reach.people != said {
        let people = if reach.people == 1 { "person" } else { "people" };
        let detail = format!(
            "this would be done to {} {people} now, and not to {said}: nothing was done; look at them again",
            reach.people
        );
        return Err(Error::Conflict(detail).into());
    }
    let id = ActId::new();
    let is_erasure = *what == What::Erase;
    let list = targets.list(&plan, id, is_erasure);
    list.run(tx.client(), account.0).await.map_err(Error::from)?;
    let projects: Vec<Uuid> = match is_erasure {
        true => Vec::new(),
        false => reach.projects.iter().map(|(ProjectId(id), _)| *id).collect(),
    };
    let filter = targets.chosen.is_none().then_some(&targets.filter);
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let people = count(reach.people);
    let total = if is_erasure { people } else { count(reach.relationships()) };
    let what = Json(what);
    let row: [&(dyn tokio_postgres::types::ToSql + Sync); 9] =
        [&account.0, &id.0, &member.0, &what, &filter, &projects, &people, &total, &now()];
    tx.execute(INSERT, &row).await.map_err(Error::from)?;
    tx.commit().await.map_err(Error::of_write)?;
    Ok(id)
}

/// Begins to undo an act, which ends where it is. It takes its turn at the account's clock: no step of that act comes after.
/// Refused when it cannot be undone, or is already.
pub async fn begin_undo(
    store: &Store,
    account: AccountId,
    member: MemberId,
    of: ActId,
) -> Result<ActId, Error> {
    let client = store.changing(account).await?;
    let batch = Batch::begin(store, &client, account).await?;
    let (id, now) = (ActId::new(), now());
    let sql = "update act set undone_by = $3, ended_at = coalesce(ended_at, $4)
               where account_id = $1 and id = $2 and undone_by is null and what ->> 'kind' <> 'erase'
               returning projects, filter";
    let row = batch.tx.query_opt(sql, &[&account.0, &of.0, &id.0, &now]).await?;
    let Some(row) = row else {
        let sql = "select from act where account_id = $1 and id = $2";
        batch.tx.query_opt(sql, &[&account.0, &of.0]).await?.ok_or(Error::Missing("act"))?;
        return Err(Error::Conflict("this act is undone already, or cannot be".to_owned()));
    };
    let (projects, filter): (Vec<Uuid>, Option<String>) = (row.get(0), row.get(1));
    let sql = "delete from act_target where account_id = $1 and act_id = $2";
    batch.tx.execute(sql, &[&account.0, &of.0]).await?;
    let (what, none) = (Json(What::Undo { act: of }), None::<i64>);
    let row: [&(dyn tokio_postgres::types::ToSql + Sync); 9] =
        [&account.0, &id.0, &member.0, &what, &filter, &projects, &none, &none, &now];
    batch.tx.execute(INSERT, &row).await?;
    batch.commit().await?;
    Ok(id)
}
