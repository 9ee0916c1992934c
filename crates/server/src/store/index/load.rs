//! Builds an account's index: the clock, then a copy of everything, then the feed from that clock on.

use std::{sync::Arc, time::Duration};

use index::{Index, Prepared};
use tokio::{
    sync::mpsc::{Receiver, channel},
    task::spawn_blocking,
};

use super::{
    super::{AccountId, Error, clock},
    Indexes, copy,
    feed::{self, Beside, News},
    held::Held,
    memory::Needs,
    recall,
};

/// How many accounts are loaded before anybody asks them.
const AT_START: i64 = 16;
/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// How often what cannot be read is tried.
const ATTEMPTS: usize = 5;
/// Followed as long as more versions than this are missing, before the account's writes are held up for the last ones.
const CLOSE: i64 = 4;
/// But not for ever: an account may be written to faster than it is followed.
const ROUNDS: usize = 8;

/// What became of an attempt.
enum Built {
    Ready,
    /// About how many bytes it would take.
    TooLarge(u64),
}

/// Loads the accounts that were written to last, because they are likely to be asked first; the process is ready when each of
/// them has been loaded or found too large. The others are loaded when they are asked.
pub(super) async fn the_latest(indexes: Indexes) {
    let accounts = loop {
        match latest(&indexes).await {
            Ok(accounts) => break accounts,
            Err(error) => tracing::warn!(%error, "the accounts could not be listed"),
        }
        tokio::time::sleep(AGAIN).await;
    };
    let begun: Vec<Arc<Held>> = accounts.into_iter().filter_map(|account| indexes.touch(account)).collect();
    for held in begun {
        held.published.loaded().await;
    }
    indexes.0.started.send_replace(true);
}

async fn latest(indexes: &Indexes) -> Result<Vec<AccountId>, Error> {
    let sql = "select account_id from clock order by time desc, account_id limit $1";
    let rows = indexes.client().await?.query(sql, &[&AT_START]).await?;
    Ok(rows.iter().map(|row| AccountId(row.get(0))).collect())
}

/// Loads one account, as often as it takes while the database is away; what cannot be read is left to it.
pub(super) async fn account(indexes: Indexes, held: Arc<Held>) {
    let mut failed = 0;
    loop {
        // Whoever has to try again lets others try.
        let Ok(turn) = indexes.0.loading.acquire().await else { return };
        let built = attempt(&indexes, &held).await;
        drop(turn);
        match built {
            Ok(Built::Ready) => break,
            // Of what was in the way nobody has asked for a while.
            Ok(Built::TooLarge(bytes)) if indexes.make_room(&held, bytes) => continue,
            Ok(Built::TooLarge(_)) => {
                tracing::warn!(account = %held.account, "the index does not fit into --index-memory: queries go to the database");
                return held.leave().await;
            }
            Err(error) => {
                failed += usize::from(!matches!(error, Error::Unavailable(_)));
                tracing::warn!(account = %held.account, %error, "the index could not be loaded");
            }
        }
        if failed == ATTEMPTS {
            tracing::warn!(account = %held.account, "the index cannot be loaded: queries go to the database");
            return held.leave().await;
        }
        tokio::time::sleep(AGAIN).await;
    }
    tokio::spawn(recall::account(indexes.clone(), held));
}

async fn attempt(indexes: &Indexes, held: &Arc<Held>) -> Result<Built, Error> {
    held.begin_loading();
    let from = clock::version(&indexes.client().await?, held.account).await?;
    let (send, receive) = channel(1);
    let build = spawn_blocking({
        let (indexes, held) = (indexes.clone(), held.clone());
        move || build(&indexes, &held, from, receive)
    });
    copy::all(indexes, held, send).await?;
    let Some(mut index) = build.await.map_err(|panic| Error::Batch(panic.to_string()))? else {
        let rows = (held.rows_read(), rows(indexes, held.account).await?);
        let needs = Needs::of(0, held.memory.bytes(), rows, false);
        held.memory.lacks(needs);
        return Ok(Built::TooLarge(needs.bytes));
    };
    for _ in 0..ROUNDS {
        let mut client = indexes.client().await?;
        let snapshot = feed::snapshot(&mut client).await?;
        let news = feed::since(&snapshot, held.account, index.version(), Beside::default()).await?;
        let Some(news) = news else {
            return Err(Error::Batch("the feed was lost while loading".to_owned()));
        };
        let behind = news.version - index.version();
        let News { version, rows, removed, .. } = news;
        let forward = spawn_blocking(move || {
            index.apply(version, Prepared::new(&rows), &removed);
            index
        });
        index = forward.await.map_err(|panic| Error::Batch(panic.to_string()))?;
        if behind <= CLOSE {
            break;
        }
    }
    if !indexes.fits(held, index.bytes()) {
        held.memory.lacks(Needs { bytes: index.bytes(), past: false });
        return Ok(Built::TooLarge(index.bytes()));
    }
    let mut client = indexes.client().await?;
    match held.install(&mut client, index).await? {
        true => Ok(Built::Ready),
        false => Err(Error::Batch("the feed was lost while loading".to_owned())),
    }
}

/// How many rows there are to be read.
async fn rows(indexes: &Indexes, account: AccountId) -> Result<u64, Error> {
    let sql = "select count(*) from relationship where account_id = $1";
    let rows: i64 = indexes.client().await?.query_one(sql, &[&account.0]).await?.get(0);
    Ok(rows.unsigned_abs())
}

/// Takes in what is copied; `None` as soon as it does not fit.
fn build(indexes: &Indexes, held: &Held, from: i64, mut copied: Receiver<Prepared>) -> Option<Index> {
    let mut index = Index::default();
    while let Some(prepared) = copied.blocking_recv() {
        index.load(prepared);
        let bytes = index.bytes();
        held.memory.weighed(bytes);
        if !indexes.fits(held, bytes) {
            return None;
        }
    }
    index.apply(from, Prepared::default(), &[]);
    Some(index)
}
