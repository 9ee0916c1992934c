//! The filters that a member has asked last: the box offers them again.

use jiff::Timestamp;

use super::{AccountId, Error, Store, import::Names, member::Member, transaction::Transaction};

/// Filters that are kept of each member.
pub const KEPT: usize = 10;
/// A longer one is not kept.
const BYTES_MAX: usize = 2_000;

/// A member's filters, the newest first.
pub async fn list(store: &Store, member: &Member) -> Result<Vec<String>, Error> {
    let client = store.client().await?;
    let sql = "select filter from recent where member_id = $1 order by at desc, filter";
    let rows = client.query(sql, &[&member.id.0]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Keeps a filter that was understood, as it was typed; of those before it as many as there is room for.
pub async fn keep(store: &Store, member: &Member, filter: &str, now: Timestamp) -> Result<(), Error> {
    let filter = filter.trim();
    if filter.is_empty() || filter.len() > BYTES_MAX || filter.contains('\0') {
        return Ok(());
    }
    let client = store.client().await?;
    // Who is removed meanwhile keeps nothing.
    let sql = "insert into recent (member_id, filter, at) select id, $2, $3 from member where id = $1
               on conflict (member_id, md5(filter)) do update set at = greatest(recent.at, excluded.at)";
    client.execute(sql, &[&member.id.0, &filter, &now]).await?;
    let sql = "delete from recent where member_id = $1 and at < (
                   select at from recent where member_id = $1 order by at desc offset $2 limit 1)";
    client.execute(sql, &[&member.id.0, &(KEPT as i64 - 1)]).await?;
    Ok(())
}

/// Forgets the filters of an account that name people by an address, an id, or what they are called; and those with letters
/// that are written as numbers, which may do so.
pub(in crate::store) async fn forget(
    tx: &Transaction<'_>,
    account: AccountId,
    names: &Names,
) -> Result<(), Error> {
    let sql = "delete from recent r using member m where m.id = r.member_id and m.account_id = $1
               and (r.filter like '%\\u%' or exists (
                   select from unnest($2::text[]) name where strpos(lower(r.filter), lower(name)) > 0))";
    tx.execute(sql, &[&account.0, &names.all()]).await?;
    Ok(())
}
