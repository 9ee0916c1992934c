//! Follows what other processes write, tells those who listen to it, and minds the memory: for ever, ten times a second.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use uuid::Uuid;

use super::{
    super::{AccountId, Error, clock},
    Indexes, Shared,
    held::Held,
    memory::Needs,
    recall::{self, Lost},
};

/// How often the clocks are read: what another process writes is seen here well within a second.
const POLL: Duration = Duration::from_millis(100);
/// How long a version may be on its way from a commit of this process: it comes by itself.
const OURS: Duration = Duration::from_millis(20);
/// Accounts that are brought forward at once; each takes a connection.
const AT_ONCE: usize = 2;
/// How long an account that was too large, or its past, is left to the database before it is tried again.
pub(crate) const OUTSIDE: Duration = Duration::from_secs(10 * 60);

/// Ends with the last handle on the indexes.
pub(super) async fn forever(shared: Weak<Shared>) {
    let mut well = true;
    loop {
        tokio::time::sleep(POLL).await;
        let Some(shared) = shared.upgrade() else { return };
        let indexes = Indexes(shared);
        let followed = follow(&indexes).await;
        // Said once, not ten times a second.
        if let (Err(error), true) = (&followed, well) {
            tracing::warn!(%error, "the clocks could not be read; trying again");
        }
        well = followed.is_ok();
        fit(&indexes).await;
        again(&indexes);
    }
}

/// Reads the clocks, tells those who listen, and brings forward the accounts that are behind.
async fn follow(indexes: &Indexes) -> Result<(), Error> {
    let held: Vec<Arc<Held>> = indexes.all().into_iter().filter(|held| held.published.is_ready()).collect();
    let mut ids: Vec<Uuid> = indexes.0.events.accounts();
    ids.extend(held.iter().map(|held| held.account.0));
    if ids.is_empty() {
        return Ok(());
    }
    let client = indexes.client().await?;
    let clocks = clock::versions(&client, &ids).await?;
    drop(client);
    let lag = |held: &Held, clock: i64| held.published.version().map_or(0, |version| clock - version);
    let behind = held.into_iter().filter_map(|held| {
        let (_, clock) = *clocks.iter().find(|(account, _)| *account == held.account.0)?;
        (held.published.version()? != clock).then_some((held, clock))
    });
    let behind: Vec<(Arc<Held>, i64)> = behind.collect();
    // Of an index that is behind it is told when it is not: who looks when they hear of a version finds it.
    let waits = |account: &AccountId| behind.iter().any(|(held, _)| held.account == *account);
    let clocks = clocks.iter().map(|(account, version)| (AccountId(*account), *version));
    for (account, version) in clocks.filter(|(account, _)| !waits(account)) {
        indexes.0.events.tell(account, version);
    }
    indexes.behind(behind.iter().map(|(held, clock)| lag(held, *clock)).max().unwrap_or(0));
    stream::iter(behind)
        .for_each_concurrent(AT_ONCE, |(held, clock)| async move { catch_up(indexes, &held, clock).await })
        .await;
    Ok(())
}

async fn catch_up(indexes: &Indexes, held: &Arc<Held>, clock: i64) {
    held.published.reached(clock, OURS).await;
    // Ahead of its clock, it has been brought forward since that was read, or the database was restored: a look tells.
    let wanted = if held.published.version() > Some(clock) { i64::MAX } else { clock };
    if let Err(error) = indexes.follow(held, wanted).await {
        tracing::warn!(account = %held.account, %error, "the index could not follow; trying again");
    }
    indexes.0.events.tell(held.account, clock);
}

/// Gives up the past of an account that has grown over the limit; where that is not enough, its index.
async fn fit(indexes: &Indexes) {
    for held in indexes.all() {
        let bytes = held.weigh().await;
        // Whoever has not grown does not go, though others have.
        if !held.published.is_ready() || !held.memory.has_grown() {
            continue;
        }
        if indexes.fits(held.account, bytes) {
            held.memory.fits();
            continue;
        }
        if held.lose_past(Lost::Memory).await {
            held.memory.lacks(Needs { bytes, past: true });
            continue; // perhaps the present fits
        }
        held.memory.lacks(Needs { bytes, past: false });
        tracing::warn!(account = %held.account, bytes, "the index has outgrown --index-memory: queries go to the database");
        held.leave().await;
    }
}

/// Tries those again that were too large, when there may be room.
fn again(indexes: &Indexes) {
    for held in indexes.all().into_iter().filter(|held| held.may_return(OUTSIDE)) {
        held.begin_loading();
        indexes.load(&held);
    }
    for held in indexes.all().into_iter().filter(|held| held.published.is_ready() && held.may_recall(OUTSIDE))
    {
        held.begin_recalling();
        tokio::spawn(recall::account(indexes.clone(), held));
    }
}
