//! The other addresses of customers: since two people were merged, that of whom was not kept.

use super::{Error, Store, View};

/// Whether a project, which is a bind, was told that `c` is an alias: its keys see no others.
pub(super) fn told(project: &str) -> String {
    format!(
        "exists (select from change h, lateral jsonb_each_text(h.fields -> 'email') as side
             where h.account_id = $1 and h.customer_id = c.alias_of and h.project_id = {project}
               and side.value = c.email)"
    )
}

/// Those of some addresses that are aliases, as far as a view may see them, each with the address of whom it is.
pub(super) async fn find(
    store: &Store,
    view: &View,
    addresses: &[String],
) -> Result<Vec<(String, String)>, Error> {
    let client = store.client().await?;
    let sql = format!(
        "select c.email, k.email from customer c
         join customer k on k.account_id = $1 and k.id = c.alias_of
         where c.account_id = $1 and c.email = any($2) and ($3::uuid is null or {})",
        told("$3")
    );
    let statement = client.prepare_cached(&sql).await?;
    let project = view.project.map(|project| project.0);
    let rows = client.query(&statement, &[&view.account.0, &addresses, &project]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
