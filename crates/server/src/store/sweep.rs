//! What has had its time is cleared away: sessions and links, answers kept for idempotency, the feed, rejected rows of
//! imports, what undoes a merge, and of the log what nobody may ask any more.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::{AccountId, Error, Store, account, history, idempotency, import, session, write};
use crate::model::now;

/// How often it is looked for.
const SWEEP: Duration = Duration::from_secs(10 * 60);
/// How long other processes can follow the feed before they must reload.
const FEED_KEPT: SignedDuration = SignedDuration::from_hours(24);
/// Whoever was not written to for so long has had what is kept a day cleared away already.
const LATELY: SignedDuration = SignedDuration::from_hours(25);
/// The sweeps of a day.
const A_DAY: i64 = 24 * 60 * 60 / SWEEP.as_secs() as i64;

/// Sweeps, for ever and now and then.
pub async fn forever(store: Store) {
    let mut last = None;
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
    for account in &accounts {
        let begin = Instant::now();
        expired(store, *account, now).await?;
        // Many accounts are swept beside everything else.
        tokio::time::sleep(begin.elapsed() * 4).await;
    }
    for account in accounts {
        // One that fails keeps nobody else's from being pruned.
        if let Err(error) = history::prune_if_due(store, account, now).await {
            tracing::warn!(%account, %error, "the log could not be pruned; trying again");
        }
    }
    Ok(())
}

/// Deletes an account's answers kept for idempotency, and its feed, that are older than a day; rejected rows of imports that
/// are older than a month; and what was kept of merges that cannot be undone any more.
pub async fn expired(store: &Store, account: AccountId, now: Timestamp) -> Result<(), Error> {
    let client = store.client().await?;
    // Thousands of accounts are swept one after the other: no statement is planned for each.
    let answers = client.prepare_cached("delete from idempotency where account_id = $1 and at <= $2").await?;
    client.execute(&answers, &[&account.0, &(now - idempotency::KEPT)]).await?;
    let feed = client.prepare_cached("delete from feed where account_id = $1 and at <= $2").await?;
    client.execute(&feed, &[&account.0, &(now - FEED_KEPT)]).await?;
    write::forget_merges(store, account, now).await?;
    import::expire(store, account, now).await
}
