//! How far back the log reaches: an account's setting, the horizon that follows from it, and the pruning of what lies
//! before.
//!
//! The horizon is raised first, so that nobody asks for what is about to go. What was so at the horizon can still be told: of
//! each name the change that made it so stays, with its date.

use std::{collections::HashMap, time::Duration};

use deadpool_postgres::Transaction;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde_json::Value;
use uuid::Uuid;

use super::{
    AccountId, Error, Store,
    batch::{Batch, Write},
    clock,
    jsonb::Jsonb,
};
use crate::model::{Change, DatedBy, change, log};

/// Months of history that a setting may ask for at most; 0 keeps all.
pub const MONTHS_MAX: i32 = 1200;

/// Relationships that one transaction prunes: the account's writes wait meanwhile.
const STEP: i64 = 200;

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
    let client = store.client().await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    batch.put(Write {
        sql: "update account set history_months = $2 where id = $1",
        parameters: vec![Box::new(months)],
    });
    batch.commit().await
}

/// Prunes an account's log when that was not done for a month.
pub async fn prune_if_due(store: &Store, account: AccountId, now: Timestamp) -> Result<(), Error> {
    let sql = "select a.history_months, coalesce(a.pruned_at, a.created_at), c.zone
               from account a join clock c on c.account_id = a.id where a.id = $1";
    let Some(row) = store.client().await?.query_opt(sql, &[&account.0]).await? else { return Ok(()) };
    let (months, last, zone): (i32, Timestamp, TimeZone) = (row.get(0), row.get(1), clock::zone(row.get(2)));
    let due = last.to_zoned(zone.clone()).checked_add(1.month()).is_ok_and(|due| due.timestamp() <= now);
    if months == 0 || !due {
        return Ok(());
    }
    let day = now.to_zoned(zone.clone()).date();
    let Ok(horizon) = day.checked_sub(months.months()).and_then(|day| day.to_zoned(zone)) else {
        return Ok(());
    };
    prune(store, account, horizon.timestamp(), now).await
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
    let (mut after, mut gone) = (Some((Uuid::nil(), Uuid::nil())), 0);
    while let Some(place) = after {
        let mut client = store.client().await?;
        let begin = std::time::Instant::now();
        let tx = client.transaction().await?;
        let (next, removed) = step(&tx, account, place).await?;
        tx.commit().await?;
        after = next;
        gone += removed;
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
    let client = store.client().await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    // What is yet to come cannot be forgotten.
    let horizon = horizon.min(batch.clock.now);
    batch.put(Write {
        sql: "update clock set horizon = greatest(horizon, $2) where account_id = $1",
        parameters: vec![Box::new(horizon)],
    });
    batch.commit().await?;
    Ok(())
}

/// A change as it is stored: where it is, and what it holds of the log.
struct Stored {
    version: i64,
    seq: i32,
    change: Change,
}

/// A relationship: customer, project.
type Place = (Uuid, Uuid);

/// Prunes the next relationships after `place`. Returns the last of them, if there may be more, and how many changes went.
async fn step(
    tx: &Transaction<'_>,
    account: AccountId,
    place: Place,
) -> Result<(Option<Place>, usize), Error> {
    clock::hold(tx, account).await?;
    let sql =
        "select ch.customer_id, ch.project_id from change ch join clock cl on cl.account_id = ch.account_id
               where ch.account_id = $1 and ch.at <= cl.horizon and (ch.customer_id, ch.project_id) > ($2, $3)
               group by ch.customer_id, ch.project_id having count(*) > 1
               order by ch.customer_id, ch.project_id limit $4";
    let found = tx.query(sql, &[&account.0, &place.0, &place.1, &STEP]).await?;
    let places: Vec<Place> = found.iter().map(|row| (row.get(0), row.get(1))).collect();
    let Some(last) = places.last().copied() else { return Ok((None, 0)) };
    let mut removed = 0;
    let mut plan = Plan::default();
    for (place, stored) in past(tx, account, &places).await? {
        let changes: Vec<&Change> = stored.iter().map(|stored| &stored.change).collect();
        for (stored, kept) in stored.iter().zip(log::kept(&changes)) {
            removed += usize::from(kept.is_empty());
            plan.add(place, stored, &kept);
        }
    }
    plan.run(tx, account).await?;
    Ok(((places.len() as i64 == STEP).then_some(last), removed))
}

/// What the log holds of these relationships up to the horizon, in its order.
async fn past(
    tx: &Transaction<'_>,
    account: AccountId,
    places: &[Place],
) -> Result<HashMap<Place, Vec<Stored>>, Error> {
    let (customers, projects): (Vec<Uuid>, Vec<Uuid>) = places.iter().copied().unzip();
    let sql =
        "select ch.customer_id, ch.project_id, ch.at, ch.version, ch.seq, ch.fields, ch.params, ch.stale
               from unnest($2::uuid[], $3::uuid[]) as u (customer_id, project_id)
               join clock cl on cl.account_id = $1
               join change ch on ch.account_id = $1 and ch.customer_id = u.customer_id
                   and ch.project_id = u.project_id and ch.at <= cl.horizon
               order by ch.at, ch.version, ch.seq";
    let mut all: HashMap<Place, Vec<Stored>> = HashMap::new();
    for row in tx.query(sql, &[&account.0, &customers, &projects]).await? {
        let change = Change {
            fields: change::read_fields(row.get(5)),
            params: change::read_params(row.get(6)),
            stale: row.get(7),
            ..Change::new(row.get(2), DatedBy::Receipt, false)
        };
        let stored = Stored { version: row.get(3), seq: row.get(4), change };
        all.entry((row.get(0), row.get(1))).or_default().push(stored);
    }
    Ok(all)
}

/// What becomes of changes: their places as columns, and what stays of each.
#[derive(Default)]
struct Plan {
    customers: Vec<Uuid>,
    projects: Vec<Uuid>,
    ats: Vec<Timestamp>,
    versions: Vec<i64>,
    seqs: Vec<i32>,
    fields: Vec<Value>,
    params: Vec<Value>,
}

impl Plan {
    /// Notes a change of which less stays than there is.
    fn add(&mut self, (customer, project): Place, stored: &Stored, kept: &Change) {
        if *kept == stored.change {
            return;
        }
        self.customers.push(customer);
        self.projects.push(project);
        self.ats.push(stored.change.at);
        self.versions.push(stored.version);
        self.seqs.push(stored.seq);
        self.fields.push(change::to_json(&kept.fields));
        self.params.push(change::to_json(&kept.params));
    }

    async fn run(self, tx: &Transaction<'_>, account: AccountId) -> Result<(), Error> {
        let json = |all: &[Value]| all.iter().map(Jsonb::of).collect::<Vec<_>>();
        let (fields, params) = (json(&self.fields), json(&self.params));
        for sql in [
            "delete from change ch
             using unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::bigint[], $6::int[], $7::jsonb[], $8::jsonb[])
                 as u (customer_id, project_id, at, version, seq, fields, params)
             where ch.account_id = $1 and ch.customer_id = u.customer_id and ch.project_id = u.project_id
               and ch.at = u.at and ch.version = u.version and ch.seq = u.seq and u.fields = '{}' and u.params = '{}'",
            "update change ch set fields = u.fields, params = u.params
             from unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::bigint[], $6::int[], $7::jsonb[], $8::jsonb[])
                 as u (customer_id, project_id, at, version, seq, fields, params)
             where ch.account_id = $1 and ch.customer_id = u.customer_id and ch.project_id = u.project_id
               and ch.at = u.at and ch.version = u.version and ch.seq = u.seq",
        ] {
            tx.execute(
                sql,
                &[
                    &account.0,
                    &self.customers,
                    &self.projects,
                    &self.ats,
                    &self.versions,
                    &self.seqs,
                    &fields,
                    &params,
                ],
            )
            .await?;
        }
        Ok(())
    }
}
