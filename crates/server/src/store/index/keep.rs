//! Follows what other processes write, tells those who listen to it, and minds the memory: for ever, ten times a second.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};

use super::{
    super::{AccountId, Error, clock},
    Indexes, Shared,
    held::Held,
    memory::Needs,
    moves,
    recall::{self, Lost},
};

/// How often it is looked who has moved: what another process writes is seen here well within a second.
const POLL: Duration = Duration::from_millis(100);
/// How often the clocks are read of all accounts in memory, which says what no version does: that a database was restored.
const CLOCKS: Duration = Duration::from_secs(3);
/// How often it is looked whether what was left to the database may be tried again.
const TRY: Duration = Duration::from_secs(1);
/// How long a version may be on its way from a commit of this process: it comes by itself.
const OURS: Duration = Duration::from_millis(20);
/// Accounts that are brought forward at once; each takes a connection.
const AT_ONCE: usize = 2;
/// How long an account that was too large, or its past, is left to the database before it is tried again.
pub(crate) const OUTSIDE: Duration = Duration::from_secs(10 * 60);
/// The same where those that nobody asks would make room.
const SOON: Duration = Duration::from_secs(60);

/// Ends with the last handle on the indexes.
pub(super) async fn forever(shared: Weak<Shared>) {
    let (mut well, mut look, mut tried) = (true, Look::default(), Instant::now());
    loop {
        tokio::time::sleep(POLL).await;
        let Some(shared) = shared.upgrade() else { return };
        let indexes = Indexes(shared);
        let followed = look.follow(&indexes).await;
        // Said once, not ten times a second.
        if let (Err(error), true) = (&followed, well) {
            tracing::warn!(%error, "it could not be read who has moved; trying again");
        }
        well = followed.is_ok();
        fit(&indexes).await;
        if tried.elapsed() >= TRY {
            tried = Instant::now();
            again(&indexes);
        }
    }
}

/// What is known of those who move, from one look to the next.
#[derive(Default)]
struct Look {
    /// What the last one saw.
    last: Option<moves::Snapshot>,
    /// When the clocks of all who are in memory were last read.
    clocks: Option<Instant>,
    /// Whether something has moved since those who may wait for it were told.
    is_news: bool,
    /// How far accounts have moved whose index is not there yet: it is behind, or being loaded.
    waited: HashMap<AccountId, i64>,
}

impl Look {
    /// Sees who has moved, brings forward those who are behind, and tells those who listen.
    async fn follow(&mut self, indexes: &Indexes) -> Result<(), Error> {
        let client = indexes.client().await?;
        let now = moves::snapshot(&client).await?;
        let last = self.last.as_ref().unwrap_or(&now);
        let is_due = now.is_before(last) || self.clocks.is_none_or(|at| at.elapsed() >= CLOCKS);
        let mut moved = moves::between(&client, last, &now).await?;
        let mut asked = indexes.0.events.newcomers();
        if is_due {
            self.clocks = Some(Instant::now());
            asked.extend(indexes.0.events.accounts());
            asked.extend(indexes.all().iter().filter(|held| held.published.is_ready()).map(|h| h.account.0));
        }
        let clocks = if asked.is_empty() { Vec::new() } else { clock::versions(&client, &asked).await? };
        drop(client);
        let clocks = clocks.into_iter().map(|(account, version)| (AccountId(account), version));
        let ahead: Vec<Arc<Held>> = clocks.clone().filter_map(|at| is_ahead(indexes, at)).collect();
        self.is_news |= !moved.is_empty();
        moved.extend(clocks);
        self.waited.extend(moved);
        self.last = Some(now.clone());
        self.bring_forward(indexes).await;
        put_back(indexes, ahead).await;
        // Where nothing has moved nobody waits to be told.
        let is_news = std::mem::take(&mut self.is_news);
        indexes.0.followed.send_if_modified(|followed| followed.replace(now).is_none() || is_news);
        Ok(())
    }

    /// Brings forward those who are waited for. Of an index that is behind it is told when it is not: who looks when they
    /// hear of a version finds it. One that cannot be brought forward is left to the database, which has everything, so that
    /// it holds up no other.
    async fn bring_forward(&mut self, indexes: &Indexes) {
        let mut behind = Vec::new();
        self.waited.retain(|account, version| {
            let held = indexes.find(*account);
            let at = held.as_ref().and_then(|held| held.published.version());
            if let (Some(held), Some(_)) = (&held, at.filter(|at| at < version)) {
                behind.push((held.clone(), *version));
                return true;
            }
            indexes.0.events.tell(*account, *version);
            // What is being loaded was perhaps read before.
            at.is_none() && held.is_some_and(|held| !held.published.is_outside())
        });
        let lag = behind.iter().map(|(held, version)| version - held.published.version().unwrap_or(*version));
        indexes.behind(lag.max().unwrap_or(0));
        let came = stream::iter(behind)
            .map(async |(held, version)| catch_up(indexes, &held, version).await.then_some(held.account))
            .buffer_unordered(AT_ONCE);
        let came: Vec<Option<AccountId>> = came.collect().await;
        for account in came.iter().flatten() {
            self.waited.remove(account);
        }
    }
}

/// An index that is ahead of its clock, which was read just before: it may have been brought forward since, or the database
/// was restored.
fn is_ahead(indexes: &Indexes, (account, clock): (AccountId, i64)) -> Option<Arc<Held>> {
    indexes.find(account).filter(|held| held.published.version() > Some(clock))
}

/// Looks again at those who are ahead. Where that cannot be done the database is asked: what is shown may never have been.
async fn put_back(indexes: &Indexes, ahead: Vec<Arc<Held>>) {
    for held in ahead {
        if let Err(error) = indexes.follow(&held, i64::MAX).await {
            indexes.fall_behind(&held, i64::MAX, &error).await;
        }
    }
}

/// Waits until an index has reached a version, and brings it there where it does not come by itself. Says whether that could
/// be done: if not, its readers are shown nothing older.
async fn catch_up(indexes: &Indexes, held: &Arc<Held>, wanted: i64) -> bool {
    held.published.reached(wanted, OURS).await;
    if let Err(error) = indexes.follow(held, wanted).await {
        indexes.fall_behind(held, wanted, &error).await;
        return false;
    }
    indexes.0.events.tell(held.account, wanted);
    true
}

/// Gives up the past of an account that has grown over the limit; where that is not enough, its index.
async fn fit(indexes: &Indexes) {
    for held in indexes.0.scales.due().into_iter().filter_map(|account| indexes.find(account)) {
        let bytes = held.weigh().await;
        // Whoever has not grown does not go, though others have.
        if !held.published.is_ready() || !held.memory.has_grown() {
            continue;
        }
        if indexes.fits(&held, bytes) || indexes.make_room(&held, bytes) {
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

/// Tries those again that were too large, when there may be room: soon where others would make it, as long as somebody asks.
fn again(indexes: &Indexes) {
    let all = indexes.all();
    let outside: Vec<&Arc<Held>> = all.iter().filter(|held| held.may_return(SOON)).collect();
    let room = if outside.is_empty() { 0 } else { indexes.room() };
    for held in outside {
        let has_room = held.memory.needs().is_some_and(|needs| needs.bytes <= room);
        if held.idle() < OUTSIDE && (has_room || held.may_return(OUTSIDE)) {
            held.begin_loading();
            indexes.load(held);
        }
    }
    let is_asked = |held: &&Arc<Held>| held.published.is_ready() && held.idle() < OUTSIDE;
    for held in all.iter().filter(is_asked).filter(|held| held.may_recall(OUTSIDE)) {
        held.begin_recalling();
        tokio::spawn(recall::account(indexes.clone(), held.clone()));
    }
}
