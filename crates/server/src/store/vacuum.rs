//! The files of tables in which people are, written anew: what was deleted is in none of them any more.
//!
//! An ordinary vacuum frees the space of what was deleted, and its bytes stay in a page until something else is written there;
//! inner pages of an index keep a value for as long as it parts others.

use super::{Error, Store};

/// The tables.
const TABLES: [&str; 17] = [
    "customer",
    "relationship",
    "change",
    "activity",
    "refusal",
    "note",
    "act",
    "act_target",
    "recent",
    "segment",
    "user_alias",
    "merged",
    "import",
    "import_rejected",
    "idempotency",
    "ignored",
    "feed",
];

/// Writes each table anew with its indexes, which locks it meanwhile. Returns what they took before and what they take now, in
/// bytes.
pub async fn tables(store: &Store) -> Result<(i64, i64), Error> {
    let client = store.client().await?;
    let size =
        "select coalesce(sum(pg_total_relation_size(to_regclass(t))), 0)::bigint from unnest($1::text[]) t";
    let before = client.query_one(size, &[&TABLES.as_slice()]).await?.get(0);
    for table in TABLES {
        client.batch_execute(&format!("vacuum (full, analyze) {table}")).await?;
    }
    // What replaced files goes with the next checkpoint: it is not waited for where that is not ours to ask for. So it is
    // with statistics of an earlier version.
    let _ = client.batch_execute("vacuum full pg_statistic").await;
    let _ = client.batch_execute("checkpoint").await;
    let after = client.query_one(size, &[&TABLES.as_slice()]).await?.get(0);
    Ok((before, after))
}
