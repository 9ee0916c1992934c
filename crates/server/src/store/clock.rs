//! An account's clock: its version, its time, the zone of its days and the horizon of its log, in one row that nothing
//! references, so that a batch learns all of it from the statement that takes its turn.
//!
//! The time never runs backwards, whichever process asks and whatever its own clock says; so nothing that was dated by it
//! lies after a later turn. Whatever reads a version reads it here.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use deadpool_postgres::GenericClient;
use futures_util::future::try_join;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use tokio_postgres::{Statement, types::ToSql};
use uuid::Uuid;

use super::{AccountId, Error, transaction::Transaction};
use crate::model::now;

/// The version of account `$1`.
pub(in crate::store) const VERSION: &str = "select version from clock where account_id = $1";

/// How far ahead of this machine's clock an account's time is before that is said, and how often it is.
const AHEAD: SignedDuration = SignedDuration::from_secs(30);
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// What the clock shows to whoever has got the turn.
#[derive(Clone, Debug)]
pub(in crate::store) struct Clock {
    /// The version that the turn makes.
    pub(in crate::store) version: i64,
    /// The account's time.
    pub(in crate::store) now: Timestamp,
    /// Where its days begin and end.
    pub(in crate::store) zone: TimeZone,
    /// What lies before it has been pruned.
    pub(in crate::store) horizon: Option<Timestamp>,
    /// The version that altered the list of who is ignored last; 0: none has.
    pub(in crate::store) ignored: i64,
}

/// The statement that takes an account's turn, prepared.
pub(in crate::store) async fn bump(tx: &Transaction<'_>) -> Result<Statement, Error> {
    let sql = "update clock set version = version + 1, time = greatest(time, $2) where account_id = $1
               returning version, time, zone, horizon, ignored";
    Ok(tx.prepare_cached(sql).await?)
}

/// Begins a transaction and waits for the account's turn. Prepared statements that are polled after it are sent with it,
/// and run when it has its turn.
pub(in crate::store) async fn turn(
    tx: &Transaction<'_>,
    bump: &Statement,
    account: AccountId,
) -> Result<Clock, Error> {
    let now = now();
    let parameters: [&(dyn ToSql + Sync); 2] = [&account.0, &now];
    let (_, row) = try_join(tx.begin(), tx.query_opt(bump, &parameters)).await?;
    let row = row.ok_or(Error::Missing("account"))?;
    let clock = Clock {
        version: row.get(0),
        now: row.get(1),
        zone: zone(row.get(2)),
        horizon: row.get(3),
        ignored: row.get(4),
    };
    warn_if_ahead(account, clock.now.duration_since(now));
    Ok(clock)
}

/// An account's time that is far ahead was set by a machine whose clock was wrong, and stands still until the right time has
/// caught up with it: what is dated by it meanwhile is of one microsecond. Said once a minute.
fn warn_if_ahead(account: AccountId, ahead: SignedDuration) {
    static SAID: Mutex<Option<Instant>> = Mutex::new(None);
    if ahead < AHEAD {
        return;
    }
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if said.is_none_or(|at| at.elapsed() > SAY_AGAIN) {
        *said = Some(Instant::now());
        let seconds = ahead.as_secs();
        tracing::warn!(%account, seconds, "the account's time is ahead of this machine's clock: is that, or was another's, wrong?");
    }
}

/// The zone of that IANA name, which was one when it was set.
pub(in crate::store) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// An account's version.
pub(in crate::store) async fn version<C: GenericClient>(
    client: &C,
    account: AccountId,
) -> Result<i64, Error> {
    let statement = client.prepare_cached(VERSION).await?;
    let row = client.query_opt(&statement, &[&account.0]).await?;
    Ok(row.ok_or(Error::Missing("account"))?.get(0))
}

/// The versions of several accounts.
pub(in crate::store) async fn versions<C: GenericClient>(
    client: &C,
    accounts: &[Uuid],
) -> Result<Vec<(Uuid, i64)>, Error> {
    let sql = "select account_id, version from clock where account_id = any($1)";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&accounts]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Waits for the account's turn without making a version: for work that alters nothing that anybody can see.
pub(in crate::store) async fn hold<C: GenericClient>(client: &C, account: AccountId) -> Result<(), Error> {
    let statement = client.prepare_cached("select from clock where account_id = $1 for update").await?;
    client.query_opt(&statement, &[&account.0]).await?.ok_or(Error::Missing("account"))?;
    Ok(())
}
