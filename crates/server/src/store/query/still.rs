//! Who of some customers still is among those whom a view lists: a table marks the others, and leaves them where they stand. Asked of
//! Postgres, for the rows of a page are soon looked at.

use std::collections::HashSet;

use super::{Error, targets::Targets};
use crate::{
    model::CustomerId,
    store::{AccountId, Store, View, snapshot::Snapshot, statement::Statement},
};

/// Those of the chosen who match.
pub async fn still(
    store: &Store,
    account: AccountId,
    targets: &Targets,
) -> Result<HashSet<CustomerId>, Error> {
    let view = View::account(account);
    let plan = targets.plan(store, &view).await?;
    let statement =
        Statement::make(|binds| format!("select distinct r.customer_id {}", targets.hits(&plan, binds)));
    let rows = Snapshot::open(store, &view).await?.ask(&[statement], true).await?.swap_remove(0);
    Ok(rows.iter().map(|row| CustomerId(row.get(0))).collect())
}
