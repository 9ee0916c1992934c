//! How far back the log reaches: an account's setting, the horizon that follows from it, and the pruning of what lies
//! before.
//!
//! The horizon is raised first, so that nobody asks for what is about to go. What was so at the horizon can still be told: of
//! each name the change that made it so stays, with its date, and the last that named it.

use std::time::{Duration, Instant};

use deadpool_postgres::{Object, Transaction};
use filter::calendar::{Unit, day_of, first_instant};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use tokio_postgres::{Row, types::ToSql};
use uuid::Uuid;

use super::{
    AccountId, Error, Store,
    batch::{Batch, Write},
    clock,
    jsonb::Jsonb,
    statement::unsigned,
};
use crate::model::log;

/// Months of history that a setting may ask for at most; 0 keeps all.
pub const MONTHS_MAX: i32 = 1200;

/// So many changes are counted before they are thrown away.
const COUNTED: i64 = 20_000;

/// Relationships that one transaction prunes: the account's writes wait meanwhile.
const STEP: i64 = 200;

/// Changes after which a step ends with the relationship at hand: what names them is in memory.
const CHANGES: i64 = 20_000;
/// No month is shorter, in any zone.
const MONTH_LEAST: SignedDuration = SignedDuration::from_hours(27 * 24);

/// How far back an account's history reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// For how many months it is kept; 0 is for ever.
    pub months: i32,
    /// What lies before it has been pruned.
    pub horizon: Option<Timestamp>,
}

/// How far back an account's history reaches.
pub async fn load(store: &Store, account: AccountId) -> Result<History, Error> {
    let client = store.client().await?;
    let sql = "select a.history_months, c.horizon from account a join clock c on c.account_id = a.id where a.id = $1";
    let row = client.query_opt(&client.prepare_cached(sql).await?, &[&account.0]).await?;
    let row = row.ok_or(Error::Missing("account"))?;
    Ok(History { months: row.get(0), horizon: row.get(1) })
}

/// Sets for how many months it is kept, up to [`MONTHS_MAX`]. What was pruned does not come back. Returns the version.
pub async fn keep(store: &Store, account: AccountId, months: i32) -> Result<i64, Error> {
    if !(0..=MONTHS_MAX).contains(&months) {
        return Err(Error::Conflict(format!(
            "history is kept for 1 to {MONTHS_MAX} months, or for ever with 0"
        )));
    }
    let client = store.changing(account).await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    batch.put(Write {
        sql: "update account set history_months = $2 where id = $1",
        parameters: vec![Box::new(months)],
    });
    batch.commit().await
}

/// What a shorter history throws away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// What is older than this day goes, but for what made a value that it has then.
    pub before: Date,
    /// How many changes are older.
    pub changes: u64,
    /// Whether there are more than were counted.
    pub is_more: bool,
}

/// What goes at most when history is kept for so many months; `None` where that is nothing.
pub async fn lost(
    store: &Store,
    account: AccountId,
    months: i32,
    now: Timestamp,
) -> Result<Option<Lost>, Error> {
    let client = store.client().await?;
    let zone = client.query_one("select zone from clock where account_id = $1", &[&account.0]).await?;
    let zone = clock::zone(zone.get(0));
    let Some(before) = Unit::Month.shift(day_of(now, &zone), -i64::from(months)).filter(|_| months > 0)
    else {
        return Ok(None);
    };
    let sql = "select count(*) from (select from change where account_id = $1 and at < $2 limit $3) older";
    let older = first_instant(before, &zone).timestamp();
    let row = client.query_one(sql, &[&account.0, &older, &COUNTED]).await?;
    let changes = unsigned(&row, 0);
    let is_more = changes == COUNTED.unsigned_abs();
    Ok((changes > 0).then_some(Lost { before, changes, is_more }))
}

/// Those of the accounts whose logs may be due to be pruned: they are not kept for ever, and nobody has pruned them for as long as
/// a month is at least.
pub(in crate::store) async fn prunable(
    store: &Store,
    accounts: &[AccountId],
    now: Timestamp,
) -> Result<Vec<AccountId>, Error> {
    let sql = "select id from account
               where id = any($1) and history_months > 0 and coalesce(pruned_at, created_at) <= $2";
    let accounts: Vec<Uuid> = accounts.iter().map(|account| account.0).collect();
    let rows = store.client().await?.query(sql, &[&accounts, &(now - MONTH_LEAST)]).await?;
    Ok(rows.iter().map(|row| AccountId(row.get(0))).collect())
}

/// Prunes an account's log when that was not done for a month. How much of it is kept is read just before: what is pruned does
/// not come back.
pub async fn prune_if_due(store: &Store, account: AccountId, now: Timestamp) -> Result<(), Error> {
    let sql = "select a.history_months, coalesce(a.pruned_at, a.created_at), c.zone
               from account a join clock c on c.account_id = a.id where a.id = $1";
    let row = store.client().await?.query_opt(sql, &[&account.0]).await?;
    let Some(row) = row else { return Ok(()) };
    let (months, last, zone): (i32, Timestamp, TimeZone) = (row.get(0), row.get(1), clock::zone(row.get(2)));
    let today = day_of(now, &zone);
    let due = Unit::Month.shift(day_of(last, &zone), 1).is_some_and(|due| due <= today);
    if months == 0 || !due {
        return Ok(());
    }
    let Some(day) = Unit::Month.shift(today, -i64::from(months)) else { return Ok(()) };
    prune(store, account, first_instant(day, &zone).timestamp(), now).await
}

/// Raises the horizon, never lowers it, and removes what is not needed to tell what was so from there on. Interrupted, it
/// is begun anew when it is due the next time, which it is at once.
pub async fn prune(
    store: &Store,
    account: AccountId,
    horizon: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    raise(store, account, horizon).await?;
    let (mut after, mut gone) = ((Uuid::nil(), Uuid::nil()), 0);
    loop {
        let mut client = store.client().await?;
        let places = candidates(&mut client, account, after).await?;
        let Some(last) = places.last() else { break };
        after = *last;
        let begin = Instant::now();
        let tx = client.transaction().await?;
        gone += step(&tx, account, &places).await?;
        tx.commit().await?;
        drop(client);
        // Whoever waits for the account's turn gets it between two steps.
        tokio::time::sleep(begin.elapsed().min(Duration::from_secs(1))).await;
    }
    let client = store.client().await?;
    client.execute("update account set pruned_at = $2 where id = $1", &[&account.0, &now]).await?;
    tracing::info!(%account, %horizon, changes = gone, "the log was pruned");
    Ok(())
}

async fn raise(store: &Store, account: AccountId, horizon: Timestamp) -> Result<(), Error> {
    let client = store.changing(account).await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    // What is yet to come cannot be forgotten.
    let horizon = horizon.min(batch.clock.now);
    batch.words = true;
    batch.put(Write {
        sql: "update clock set horizon = greatest(horizon, $2) where account_id = $1",
        parameters: vec![Box::new(horizon)],
    });
    batch.commit().await?;
    Ok(())
}

/// A relationship: customer, project.
type Place = (Uuid, Uuid);

/// The next relationships after `place` of which there is more than one change up to the horizon. Looked for without the
/// account's turn: few may be left to find.
async fn candidates(client: &mut Object, account: AccountId, place: Place) -> Result<Vec<Place>, Error> {
    let tx = client.build_transaction().read_only(true).start().await?;
    // In the order of the key, and no further than needed.
    tx.batch_execute(
        "set local enable_seqscan = off; set local enable_hashagg = off; set local enable_sort = off",
    )
    .await?;
    let sql = "select ch.customer_id, ch.project_id, count(*) from change ch
               where ch.account_id = $1 and (ch.customer_id, ch.project_id) > ($2, $3)
                 and ch.customer_id >= $2 and ch.at <= (select horizon from clock where account_id = $1)
               group by ch.customer_id, ch.project_id having count(*) > 1
               order by ch.customer_id, ch.project_id limit $4";
    let found = tx.query(sql, &[&account.0, &place.0, &place.1, &STEP]).await?;
    Ok(fitting(found.iter().map(|row| ((row.get(0), row.get(1)), row.get(2)))))
}

/// The first of some relationships that one step takes, by how many changes each has: one at least.
fn fitting(found: impl Iterator<Item = (Place, i64)>) -> Vec<Place> {
    let mut sum = 0;
    let fits = |(_, changes): &(Place, i64)| {
        let first = sum == 0;
        sum += changes;
        first || sum <= CHANGES
    };
    found.take_while(fits).map(|(place, _)| place).collect()
}

/// Prunes relationships, in a turn of the account. Returns how many changes went.
async fn step(tx: &Transaction<'_>, account: AccountId, places: &[Place]) -> Result<u64, Error> {
    clock::hold(tx, account).await?;
    let past = past(tx, account, places).await?;
    let drops = drops(&past);
    let (customers, projects): (Vec<Uuid>, Vec<Uuid>) = drops.iter().map(|drop| drop.change.place).unzip();
    let ats: Vec<Timestamp> = drops.iter().map(|drop| drop.change.at).collect();
    let versions: Vec<i64> = drops.iter().map(|drop| drop.change.version).collect();
    let seqs: Vec<i32> = drops.iter().map(|drop| drop.change.seq).collect();
    let fields: Vec<Jsonb> = drops.iter().map(|drop| Jsonb::of(&drop.fields)).collect();
    let params: Vec<Jsonb> = drops.iter().map(|drop| Jsonb::of(&drop.params)).collect();
    let mut gone = Vec::new();
    for sql in [DELETE, STRIP] {
        let parameters: [&(dyn ToSql + Sync); 8] =
            [&account.0, &customers, &projects, &ats, &versions, &seqs, &fields, &params];
        gone.push(tx.execute(&tx.prepare_cached(sql).await?, &parameters).await?);
    }
    Ok(gone[0])
}

/// Changes of which nothing stays.
const DELETE: &str = "
    delete from change ch
    using unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::bigint[], $6::int[], $7::jsonb[], $8::jsonb[])
        as u (customer_id, project_id, at, version, seq, fields, params)
    where ch.account_id = $1 and ch.customer_id = u.customer_id and ch.project_id = u.project_id
      and ch.at = u.at and ch.version = u.version and ch.seq = u.seq
      and ch.fields - array(select jsonb_array_elements_text(u.fields)) = '{}'
      and ch.params - array(select jsonb_array_elements_text(u.params)) = '{}'";

/// Changes of which something stays.
const STRIP: &str = "
    update change ch
    set fields = ch.fields - array(select jsonb_array_elements_text(u.fields)),
        params = ch.params - array(select jsonb_array_elements_text(u.params))
    from unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::bigint[], $6::int[], $7::jsonb[], $8::jsonb[])
        as u (customer_id, project_id, at, version, seq, fields, params)
    where ch.account_id = $1 and ch.customer_id = u.customer_id and ch.project_id = u.project_id
      and ch.at = u.at and ch.version = u.version and ch.seq = u.seq";

/// A change, by its key.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    place: Place,
    at: Timestamp,
    version: i64,
    seq: i32,
}

/// A name in a change: whether it is a field's, the name, and what tells its *after* from others.
struct Named {
    change: Key,
    of_field: bool,
    name: String,
    after: String,
}

/// What goes of a change.
struct Dropped<'a> {
    change: Key,
    fields: Vec<&'a str>,
    params: Vec<&'a str>,
}

/// What the log names of these relationships up to the horizon, in its order. Values may be long: their hashes do.
async fn past(tx: &Transaction<'_>, account: AccountId, places: &[Place]) -> Result<Vec<Named>, Error> {
    let (customers, projects): (Vec<Uuid>, Vec<Uuid>) = places.iter().copied().unzip();
    let sql = "
        select ch.customer_id, ch.project_id, ch.at, ch.version, ch.seq, e.of_field, e.name,
               md5((e.sides - 'before' - 'before_large')::text)
        from unnest($2::uuid[], $3::uuid[]) as u (customer_id, project_id)
        join clock cl on cl.account_id = $1
        join change ch on ch.account_id = $1 and ch.customer_id = u.customer_id and ch.project_id = u.project_id
            and ch.at <= cl.horizon
        cross join lateral (
            select true, f.key, f.value from jsonb_each(ch.fields) f
            union all select false, p.key, p.value from jsonb_each(ch.params) p
        ) as e (of_field, name, sides)
        order by ch.customer_id, ch.project_id, ch.at, ch.version, ch.seq";
    let found = tx.query(&tx.prepare_cached(sql).await?, &[&account.0, &customers, &projects]).await?;
    let named = |row: &Row| Named {
        change: Key { place: (row.get(0), row.get(1)), at: row.get(2), version: row.get(3), seq: row.get(4) },
        of_field: row.get(5),
        name: row.get(6),
        after: row.get(7),
    };
    Ok(found.iter().map(named).collect())
}

/// What of the past is not needed to tell what was so at the horizon.
fn drops(past: &[Named]) -> Vec<Dropped<'_>> {
    let needed = log::needed(past.iter().enumerate().map(|(place, named)| {
        let name = (named.change.place, named.of_field, named.name.as_str());
        (name, named.change.at, place, named.after.as_str())
    }));
    let mut drops: Vec<Dropped<'_>> = Vec::new();
    for (_, named) in past.iter().enumerate().filter(|(place, _)| !needed.contains(place)) {
        if drops.last().is_none_or(|last| last.change != named.change) {
            drops.push(Dropped { change: named.change, fields: Vec::new(), params: Vec::new() });
        }
        if let Some(last) = drops.last_mut() {
            let names = if named.of_field { &mut last.fields } else { &mut last.params };
            names.push(&named.name);
        }
    }
    drops
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_ends_where_its_changes_are_many() {
        let place = |n: u128| (Uuid::from_u128(n), Uuid::nil());
        for (changes, taken) in [
            (&[][..], 0),
            (&[2, 3, 4], 3),
            (&[CHANGES - 1, 1, 2], 2),
            (&[CHANGES, 2], 1),
            (&[CHANGES * 9, 2], 1),
            (&[2, CHANGES * 9, 2], 1),
        ] {
            let found = changes.iter().enumerate().map(|(n, changes)| (place(n as u128), *changes));
            assert_eq!(fitting(found).len(), taken, "{changes:?}");
        }
    }
}
