//! What has had its time is cleared away: sessions and links, answers kept for idempotency, the feed, rejected rows of
//! imports, what undoes a merge, and of the log what nobody may ask any more.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{AccountId, Error, Store, account, history, idempotency, import, session, write};
use crate::model::now;

/// How long after the start it is looked for.
const FIRST: Duration = Duration::from_secs(10);
/// How often it is looked for.
const SWEEP: Duration = Duration::from_secs(10 * 60);
/// How long other processes can follow the feed before they must reload.
const FEED_KEPT: SignedDuration = SignedDuration::from_hours(24);
/// Whoever was not written to for so long has had what is kept a day cleared away already.
const LATELY: SignedDuration = SignedDuration::from_hours(25);
/// So many accounts are swept with one statement, which costs what has to be looked through, and next to nothing for each account.
const TOGETHER: usize = 500;
/// Deletes the feed of accounts `$1` that is not after `$2`.
const EXPIRE: &str = "delete from feed where account_id = any($1) and at <= $2";
/// The sweeps of a day.
const A_DAY: i64 = 24 * 60 * 60 / SWEEP.as_secs() as i64;

/// Sweeps, for ever and now and then.
pub async fn forever(store: Store) {
    let mut last = None;
    // Whoever comes first after a start is served first.
    tokio::time::sleep(FIRST).await;
    loop {
        let (now, since) = (now(), last);
        match sweep(&store, now, since).await {
            Ok(()) => last = Some(turn(now)),
            Err(error) => tracing::warn!(%error, "what has expired could not be cleared away"),
        }
        tokio::time::sleep(SWEEP).await;
    }
}

/// Sweeps everything.
pub async fn all(store: &Store, now: Timestamp) -> Result<(), Error> {
    sweep(store, now, None).await
}

/// The number of the sweep that a moment is in, since 1970.
fn turn(now: Timestamp) -> i64 {
    now.as_second() / SWEEP.as_secs() as i64
}

/// Sweeps the accounts that were written to lately, and of the others those whose turn has come since the last sweep. Each has
/// one a day, so that an account in which nothing happens costs next to nothing; at the start all have.
async fn sweep(store: &Store, now: Timestamp, last: Option<i64>) -> Result<(), Error> {
    session::expire(store, now).await?;
    let now_turn = turn(now);
    let first = last.map_or(0, |last| last + 1).max(now_turn - A_DAY + 1);
    let turns: Vec<i64> = (first..=now_turn).map(|turn| turn % A_DAY).collect();
    let accounts = account::active_or_of_turns(store, now - LATELY, (&turns, A_DAY)).await?;
    for some in accounts.chunks(TOGETHER) {
        let begin = Instant::now();
        expired(store, some, now).await?;
        // Many accounts are swept beside everything else.
        tokio::time::sleep(begin.elapsed() * 4).await;
    }
    for account in history::prunable(store, &accounts, now).await? {
        // One that fails keeps nobody else's from being pruned.
        if let Err(error) = history::prune_if_due(store, account, now).await {
            tracing::warn!(%account, %error, "the log could not be pruned; trying again");
        }
    }
    Ok(())
}

/// Deletes of accounts their answers kept for idempotency, and their feed, that are older than a day; rejected rows of imports
/// that are older than a month; and what was kept of merges that cannot be undone any more.
pub async fn expired(store: &Store, accounts: &[AccountId], now: Timestamp) -> Result<(), Error> {
    let accounts: Vec<Uuid> = accounts.iter().map(|account| account.0).collect();
    let client = store.client().await?;
    for (sql, kept) in [
        (idempotency::EXPIRE, idempotency::KEPT),
        (EXPIRE, FEED_KEPT),
        (&write::expire_merges(), write::MERGES_KEPT),
        (import::EXPIRE, import::REJECTED_KEPT),
    ] {
        let statement = client.prepare_cached(sql).await?;
        client.execute(&statement, &[&accounts, &(now - kept)]).await?;
    }
    Ok(())
}
