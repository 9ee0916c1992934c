//! Takes a merge of two people back, as long as nothing has touched the person since: what both were is kept for a while.

use filter::email::{forms, normalised};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    model::{CustomerId, ProjectId},
    store::{
        AccountId, Error, Store,
        batch::{Batch, Place},
    },
};

/// For how long a merge can be undone.
pub(in crate::store) const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Whether nothing has touched the person of a merge `m` since: whatever writes to a relationship gives it another version.
const UNTOUCHED: &str = "
    m.projects = (
        select array_agg(r.project_id order by r.project_id) from relationship r
        where r.account_id = m.account_id and r.customer_id = m.keep_id)
    and not exists (
        select from relationship r
        where r.account_id = m.account_id and r.customer_id = m.keep_id and r.project_id = any(m.touched)
          and r.version <> m.version)";

/// Keeps what two people are before they are merged. What was merged with the other before stays so.
pub(super) async fn remember(
    batch: &Batch<'_>,
    (keep, other): (CustomerId, CustomerId),
    (own, theirs): (impl Iterator<Item = &ProjectId>, impl Iterator<Item = &ProjectId>),
) -> Result<(), Error> {
    let sql = "delete from merged where account_id = $1 and keep_id = $2";
    batch.tx.execute(sql, &[&batch.account.0, &other.0]).await?;
    let touched: Vec<Uuid> = theirs.map(|project| project.0).collect();
    let mut projects: Vec<Uuid> = own.map(|project| project.0).chain(touched.iter().copied()).collect();
    projects.sort_unstable();
    projects.dedup();
    let sql = "
        insert into merged (account_id, other_id, keep_id, at, version, projects, touched, before)
        select $1, $2, $3, $4, $5, $6, $7, jsonb_build_object(
            'note', (select coalesce(jsonb_agg(t.id), '[]') from note t
                where t.account_id = $1 and t.customer_id = $2),
            'customer', (select coalesce(jsonb_agg(to_jsonb(t)), '[]') from customer t
                where t.account_id = $1 and (t.id = $2 or t.alias_of = $2)),
            'relationship', (select coalesce(jsonb_agg(to_jsonb(t)), '[]') from relationship t
                where t.account_id = $1 and t.customer_id in ($2, $3) and t.project_id = any($7)),
            'user_alias', (select coalesce(jsonb_agg(to_jsonb(t)), '[]') from user_alias t
                where t.account_id = $1 and t.customer_id in ($2, $3) and t.project_id = any($7)),
            'activity', (select coalesce(jsonb_agg(to_jsonb(t)), '[]') from activity t
                where t.account_id = $1 and t.customer_id in ($2, $3) and t.project_id = any($7)),
            'change', (select coalesce(jsonb_agg(to_jsonb(t)), '[]') from change t
                where t.account_id = $1 and t.customer_id in ($2, $3) and t.project_id = any($7)),
            'refusal', (select coalesce(jsonb_agg(to_jsonb(t)), '[]') from refusal t
                where t.account_id = $1 and t.customer_id in ($2, $3) and t.project_id = any($7)))";
    let (now, version) = (batch.clock.now, batch.clock.version);
    batch
        .tx
        .execute(sql, &[&batch.account.0, &other.0, &keep.0, &now, &version, &projects, &touched])
        .await?;
    Ok(())
}

/// Whether a merge can be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// The address that is an alias since.
    pub other: String,
    /// Until when it can be undone.
    pub until: Timestamp,
    /// Whether nothing has touched the person since; else it cannot.
    pub untouched: bool,
}

/// The merges of a customer, as long as anything is kept of them.
pub async fn undoable(store: &Store, account: AccountId, keep: CustomerId) -> Result<Vec<Undo>, Error> {
    let client = store.client().await?;
    let sql = format!(
        "select o.email, m.at, {UNTOUCHED} from merged m
         join customer o on o.account_id = $1 and o.id = m.other_id
         where m.account_id = $1 and m.keep_id = $2 order by m.at"
    );
    let rows = client.query(&client.prepare_cached(&sql).await?, &[&account.0, &keep.0]).await?;
    let read = |row: &tokio_postgres::Row| {
        let at: Timestamp = row.get(1);
        let untouched = row.get::<_, Option<bool>>(2).unwrap_or_default();
        Undo { other: row.get(0), until: at + KEPT, untouched }
    };
    Ok(rows.iter().map(read).collect())
}

/// Undoes the merge that made an address an alias: both people are what they were. Where two forms of it are two aliases, it is
/// the one that is written here. Returns the address of whom was kept, and the version. Refused when something has touched the person since.
pub async fn undo_merge(store: &Store, account: AccountId, other: &str) -> Result<(String, i64), Error> {
    let client = store.changing(account).await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    let sql = format!(
        "select m.keep_id, m.other_id, m.touched, k.email, {UNTOUCHED} from customer o
         join merged m on m.account_id = $1 and m.other_id = o.id
         join customer k on k.account_id = $1 and k.id = m.keep_id
         where o.account_id = $1 and o.email = any($2) order by o.email = $3 desc limit 1"
    );
    let row = batch.tx.query_opt(&sql, &[&account.0, &forms(&normalised(other)), &other]).await?;
    let row = row.ok_or_else(|| {
        Error::Conflict(format!(
            "no merge of {other} can be undone: there was none, or more than {} days or a change have passed since",
            KEPT.as_hours() / 24
        ))
    })?;
    let (keep, other, touched): (Uuid, Uuid, Vec<Uuid>) = (row.get(0), row.get(1), row.get(2));
    let email: String = row.get(3);
    if !row.get::<_, Option<bool>>(4).unwrap_or_default() {
        let detail = format!("something was stored of {email} since the merge: it cannot be undone any more");
        return Err(Error::Conflict(detail));
    }
    restore(&batch, (keep, other), &touched).await?;
    tell(&mut batch, (keep, other), &touched).await?;
    Ok((email, batch.commit().await?))
}

/// Puts the rows of both back.
async fn restore(batch: &Batch<'_>, (keep, other): (Uuid, Uuid), touched: &Vec<Uuid>) -> Result<(), Error> {
    let account = &batch.account.0;
    for table in ["relationship", "activity", "change", "refusal"] {
        let sql = format!(
            "delete from {table} where account_id = $1 and customer_id = $2 and project_id = any($3)"
        );
        batch.tx.execute(&sql, &[account, &keep, touched]).await?;
    }
    let aliases = "update customer c set alias_of = t.alias_of
                   from merged m, jsonb_populate_recordset(null::customer, m.before -> 'customer') t
                   where m.account_id = $1 and m.other_id = $2 and c.account_id = $1 and c.id = t.id";
    batch.tx.execute(aliases, &[account, &other]).await?;
    // What was noted of the other, as it reads now; what has been noted since stays.
    let notes = "update note n set customer_id = $2 from merged m
                 where m.account_id = $1 and m.other_id = $2 and n.account_id = $1 and n.customer_id = m.keep_id
                   and m.before -> 'note' ? n.id::text";
    batch.tx.execute(notes, &[account, &other]).await?;
    // What refers to a relationship comes after it.
    for table in ["relationship", "user_alias", "activity", "change", "refusal"] {
        let sql = format!(
            "insert into {table} select t.*
             from merged m, jsonb_populate_recordset(null::{table}, m.before -> '{table}') t
             where m.account_id = $1 and m.other_id = $2"
        );
        batch.tx.execute(&sql, &[account, &other]).await?;
    }
    let done = "delete from merged where account_id = $1 and other_id = $2";
    batch.tx.execute(done, &[account, &other]).await?;
    Ok(())
}

/// Gives what was put back the version of the batch, and tells everybody of it.
async fn tell(batch: &mut Batch<'_>, (keep, other): (Uuid, Uuid), touched: &Vec<Uuid>) -> Result<(), Error> {
    let sql = "update relationship set version = $5
               where account_id = $1 and customer_id in ($2, $3) and project_id = any($4)
               returning project_id, customer_id";
    let version = batch.clock.version;
    let rows = batch.tx.query(sql, &[&batch.account.0, &keep, &other, touched, &version]).await?;
    let back: Vec<Place> = rows.iter().map(|row| (ProjectId(row.get(0)), CustomerId(row.get(1)))).collect();
    let kept = touched.iter().map(|project| (ProjectId(*project), CustomerId(keep)));
    batch.removed.extend(kept.filter(|place| !back.contains(place)));
    batch.touched.extend(back);
    Ok(())
}

/// Forgets merges of accounts `$1` that were made at `$2` or before, and those that cannot be undone any more.
pub(in crate::store) fn expire() -> String {
    format!("delete from merged m where m.account_id = any($1) and (m.at <= $2 or ({UNTOUCHED}) is not true)")
}
