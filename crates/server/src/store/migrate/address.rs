//! Brings addresses that an earlier version stored into their present form (`filter::email`): composed, their domains in
//! letters. One whose form another customer has already stays as it is; it is found by both.

use filter::email;
use tokio_postgres::Transaction;
use uuid::Uuid;

use crate::store::Error;

/// The tables with addresses, and who else may not have the same one.
const TABLES: [(&str, &str); 2] =
    [("customer", "o.account_id = t.account_id and o.email = $2"), ("member", "o.email = $2")];

/// Rewrites what has another form now: few rows, for most addresses are plain ASCII.
pub(super) async fn normalise(tx: &Transaction<'_>) -> Result<(), Error> {
    for (table, same) in TABLES {
        let foreign =
            format!("select account_id, id, email from {table} where email ~ '[^\\x01-\\x7f]|@.*xn--'");
        let rename = format!(
            "update {table} t set email = $2 where t.id = $1 and t.account_id = $3
               and not exists (select from {table} o where {same})"
        );
        let rename = tx.prepare(&rename).await?;
        for row in tx.query(&foreign, &[]).await? {
            let (account, id, stored): (Uuid, Uuid, &str) = (row.get(0), row.get(1), row.get(2));
            let normal = email::normalised(stored);
            if normal != stored {
                tx.execute(&rename, &[&id, &normal, &account]).await?;
            }
        }
    }
    Ok(())
}
