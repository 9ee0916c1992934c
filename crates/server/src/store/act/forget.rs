//! Forgetting people: what acts keep that names somebody who is erased.

use uuid::Uuid;

use crate::store::{AccountId, Error, import::Names, transaction::Transaction};

/// Takes customers who are about to go out of what acts keep: filters that name them, and acts that were about one of them alone,
/// whose value may tell of them.
pub(in crate::store) async fn forget(
    tx: &Transaction<'_>,
    account: AccountId,
    customers: &[Uuid],
    names: &Names,
) -> Result<(), Error> {
    let sql = "update act a set filter = null
               where a.account_id = $1 and (a.filter like '%\\u%' or exists (
                   select from unnest($2::text[]) as name where strpos(lower(a.filter), name) > 0))";
    let statement = tx.prepare_cached(sql).await?;
    tx.execute(&statement, &[&account.0, &names.in_filters()]).await?;
    let sql = "delete from act a where a.account_id = $1 and a.people = 1 and exists (
                   select from change h where h.account_id = $1 and h.customer_id = any($2)
                       and h.source = 'act' and h.source_id = a.id)";
    let statement = tx.prepare_cached(sql).await?;
    tx.execute(&statement, &[&account.0, &customers]).await?;
    Ok(())
}

/// Takes customers who are gone out of the lists of acts that have not ended.
pub(in crate::store) async fn forget_targets(
    tx: &Transaction<'_>,
    account: AccountId,
    customers: &[Uuid],
) -> Result<(), Error> {
    let sql = "delete from act_target t where t.account_id = $1 and t.customer_id = any($2) and not exists (
                   select from customer c where c.account_id = $1 and c.id = t.customer_id)";
    let statement = tx.prepare_cached(sql).await?;
    tx.execute(&statement, &[&account.0, &customers]).await?;
    Ok(())
}
