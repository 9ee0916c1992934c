//! Who has written: what members, keys, imports and acts are called, by the ids that stand beside changes.

use std::collections::HashMap;

use uuid::Uuid;

use super::{AccountId, Error, Store};
use crate::model::Source;

/// The e-mail of a member, of who ordered an act, the label of a key, the file of an import.
pub type Authors = HashMap<Uuid, String>;

/// Those of the sources that are still there.
pub async fn authors(
    store: &Store,
    account: AccountId,
    sources: impl Iterator<Item = Source>,
) -> Result<Authors, Error> {
    let mut ids: Vec<Uuid> = sources.filter_map(Source::id).collect();
    ids.sort_unstable();
    ids.dedup();
    let client = store.client().await?;
    let sql = "select id, email from member where account_id = $1 and id = any($2)
               union all select id, label from api_key where account_id = $1 and id = any($2)
               union all select id, name from import where account_id = $1 and id = any($2)
               union all select a.id, m.email from act a join member m on m.account_id = $1 and m.id = a.member_id
                   where a.account_id = $1 and a.id = any($2)";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&account.0, &ids]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
