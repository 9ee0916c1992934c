//! The index kept alive: one [`index::Index`] an account, loaded from Postgres, brought forward after each commit, and
//! published whole, so that a reader stands on one version and waits for nobody.
//!
//! `held` is one account's index: its `standing` is what readers see, its `memory` how large it is, `merging` what goes on
//! behind both; `feed` reads what came after a version, `copy` everything there is, `rows` one row of
//! either; `load` builds, `recall` teaches what was, `moves` sees who has moved, `keep` follows that and minds the memory,
//! `follower` tells other processes how far, `check` compares with Postgres.
//!
//! An account that nobody asks costs nothing: it is loaded when it is first asked, and given up when others need the room.

mod check;
mod copy;
mod facts;
mod feed;
pub mod follower;
mod held;
mod keep;
mod load;
mod memory;
mod merging;
mod moves;
mod past;
mod recall;
mod rows;
mod standing;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError, atomic::AtomicI64},
    time::{Duration, Instant},
};

use deadpool_postgres::{GenericClient, Object, Pool};
use prometheus_client::metrics::{counter::Counter, histogram::Histogram};
use tokio::sync::{Semaphore, watch};
use uuid::Uuid;

use super::{AccountId, Error, Store, events::Events, pulse::Pulse};
pub use check::{Difference, Report, check};
pub use facts::Facts;
pub(in crate::store) use held::Delivery;
use held::{Followed, Held};
pub(crate) use keep::OUTSIDE;
pub use memory::Needs;
use memory::Scales;
pub(in crate::store) use past::{enter, value};
pub(in crate::store) use standing::{Live, Standing};

/// The most connections for the index alone: whoever brings an index forward must not wait for those who wait for it.
pub(in crate::store) const CONNECTIONS: usize = 6;
/// How many of them may not be copying: they are left for following.
const FOLLOWING: usize = 2;
/// The most that may.
const COPYING: usize = CONNECTIONS - FOLLOWING;
/// Accounts that are loaded at once: what is being built takes more memory than what is built.
const LOADING: usize = 2;
/// An index that nobody has asked for so long may be given up for others.
const IDLE: Duration = Duration::from_secs(10);
/// How long after its first touch an account is waited for.
const MOMENT: Duration = Duration::from_millis(100);
/// How often a version that nobody has announced is looked for.
const GLANCE: Duration = Duration::from_millis(20);

/// The steps of the histogram of what it takes to apply a batch.
const SECONDS: [f64; 10] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0];

/// The indexes of the process; cheap to clone. Nothing is kept before [`Store::keep_index`].
#[derive(Clone)]
pub(in crate::store) struct Indexes(Arc<Shared>);

struct Shared {
    /// Names this process to others.
    process: Uuid,
    pool: Pool,
    pulse: Pulse,
    /// Who is told of versions.
    events: Events,
    /// The bytes that all indexes may take; unset where none is kept.
    limit: OnceLock<u64>,
    accounts: Mutex<HashMap<AccountId, Arc<Held>>>,
    scales: Arc<Scales>,
    /// What this process has committed last, of each account.
    committed: Mutex<HashMap<AccountId, i64>>,
    copying: Semaphore,
    loading: Semaphore,
    /// Accounts whose past is loaded at the same time.
    recalling: Semaphore,
    /// Whether the accounts that are loaded at the start have been, or were found too large.
    started: watch::Sender<bool>,
    /// The snapshot of the database of which everything is in the indexes, or asked of the database; changes are told where
    /// others have to know.
    followed: watch::Sender<Option<moves::Snapshot>>,
    /// How far the accounts that had moved were behind when that was last looked at.
    behind: AtomicI64,
    /// How long it took to take in what was committed here.
    seconds: Histogram,
    /// What was found to be wrong.
    differences: Counter,
}

impl Store {
    /// Begins to keep indexes of accounts that are asked, in at most so many bytes. Must be called in a runtime; a second call
    /// does nothing.
    pub fn keep_index(&self, limit: u64) {
        self.indexes.start(limit);
    }

    /// Waits until the account's index has been loaded or found too large; says whether there is one.
    pub async fn index_ready(&self, account: AccountId) -> bool {
        let Some(held) = self.indexes.touch(account) else { return false };
        held.published.loaded().await
    }

    /// Waits until the account's index knows the past too, or will not for now; says whether it does.
    pub async fn index_remembers(&self, account: AccountId) -> bool {
        let Some(held) = self.indexes.touch(account) else { return false };
        held.published.remembers().await
    }

    /// The version that queries to the account's index are answered from just now, if there is an index.
    pub fn index_version(&self, account: AccountId) -> Option<i64> {
        match self.live(account) {
            Standing::Ready(live) => Some(live.snapshot.version()),
            Standing::Loading | Standing::Outside => None,
        }
    }

    /// What can be asked of an account's index just now.
    pub(in crate::store) fn live(&self, account: AccountId) -> Standing {
        self.indexes.touch(account).map_or(Standing::Outside, |held| held.published.standing())
    }

    /// The same for whoever can wait a moment: a small account that was not asked before is loaded in less time than the
    /// database would take to answer.
    pub(in crate::store) async fn live_soon(&self, account: AccountId) -> Standing {
        let Some(held) = self.indexes.touch(account) else { return Standing::Outside };
        let standing = held.published.standing();
        let Some(left) = MOMENT.checked_sub(held.age()) else { return standing };
        if matches!(standing, Standing::Loading) {
            // Whatever came of it is what can be asked.
            let _ = tokio::time::timeout(left, held.published.loaded()).await;
            return held.published.standing();
        }
        standing
    }

    /// The same for whoever does not ask: it is not loaded for that, and may make room.
    pub(in crate::store) fn live_unasked(&self, account: AccountId) -> Standing {
        self.indexes.find(account).map_or(Standing::Loading, |held| held.published.standing())
    }

    /// About how much the account would take, where it, or its past, did not fit. How much others take is nobody's business.
    pub(in crate::store) fn index_needs(&self, account: AccountId) -> Option<Needs> {
        self.indexes.find(account)?.memory.needs()
    }

    /// Whether it was found that the past of the account does not fit, or cannot be read.
    pub(in crate::store) fn index_lacks_past(&self, account: AccountId) -> bool {
        self.indexes.find(account).is_some_and(|held| held.published.lacks_past())
    }

    /// The account's index once it has reached a version, for which the feed is followed at once; `None` when the
    /// database has not reached it within `patience`. Whoever is told that there is no index asks the database.
    pub(in crate::store) async fn reach(
        &self,
        account: AccountId,
        wanted: i64,
        patience: Duration,
    ) -> Option<Standing> {
        let Some(held) = self.indexes.touch(account) else { return Some(Standing::Outside) };
        let reached = async {
            loop {
                match held.published.standing() {
                    Standing::Ready(live) if live.snapshot.version() < wanted => {}
                    other => return other,
                }
                if let Err(error) = self.indexes.follow(&held, wanted).await {
                    self.indexes.fall_behind(&held, wanted, &error).await;
                    return Standing::Loading;
                }
                held.published.reached(wanted, GLANCE).await;
            }
        };
        tokio::time::timeout(patience, reached).await.ok()
    }
}

impl Indexes {
    /// No index yet; the pool is for them alone, of at least three connections, which end with the pulse.
    pub(in crate::store) fn new(pool: Pool, pulse: Pulse, events: Events) -> Indexes {
        let copying = pool.status().max_size - FOLLOWING;
        Indexes(Arc::new(Shared {
            process: Uuid::now_v7(),
            pool,
            pulse,
            events,
            limit: OnceLock::new(),
            accounts: Mutex::default(),
            scales: Arc::default(),
            committed: Mutex::default(),
            copying: Semaphore::new(copying),
            loading: Semaphore::new(LOADING.min(copying)),
            recalling: Semaphore::new(1),
            started: watch::Sender::new(false),
            followed: watch::Sender::new(None),
            behind: AtomicI64::new(0),
            seconds: Histogram::new(SECONDS),
            differences: Counter::default(),
        }))
    }

    fn start(&self, limit: u64) {
        if self.0.limit.set(limit).is_ok() {
            tokio::spawn(load::the_latest(self.clone()));
            tokio::spawn(keep::forever(Arc::downgrade(&self.0)));
            tokio::spawn(check::sample(Arc::downgrade(&self.0)));
        }
    }

    /// Whether an account's index wants to be told of batches.
    pub(in crate::store) fn is_ready(&self, account: AccountId) -> bool {
        self.find(account).is_some_and(|held| held.published.is_ready())
    }

    /// Takes in a batch that this process has just committed. An index that cannot take it is not asked until it has.
    pub(in crate::store) async fn apply(&self, account: AccountId, delivery: Delivery) {
        self.commit(account, delivery.version);
        let (version, begin) = (delivery.version, Instant::now());
        let Some(held) = self.find(account) else { return self.0.events.tell(account, version) };
        let followed = match held.apply(delivery).await {
            Followed::Gap => self.follow(&held, version).await,
            other => self.settle(&held, other),
        };
        if let Err(error) = followed {
            self.fall_behind(&held, version, &error).await;
        }
        self.0.seconds.observe(begin.elapsed().as_secs_f64());
        // Who looks when they hear of it finds it.
        self.0.events.tell(account, version);
    }

    /// Whether an account's index wants to be told what its rows were.
    pub(in crate::store) fn remembers(&self, account: AccountId) -> bool {
        self.find(account).is_some_and(|held| held.published.knows_past())
    }

    /// What relationships were, in the batch that is about to be committed: those of which it did not keep all in hand.
    /// `None` where it is too much: who follows the batch sees what to do.
    pub(in crate::store) async fn lives<C: GenericClient>(
        client: &C,
        account: AccountId,
        places: &(Vec<Uuid>, Vec<Uuid>),
    ) -> Result<Option<HashMap<(Uuid, Uuid), index::Entered>>, Error> {
        Ok(past::lives(client, account, places).await?.ok())
    }

    /// Rows as they are in the batch that is about to be committed: those that it did not keep in hand.
    pub(in crate::store) async fn read<C: GenericClient>(
        client: &C,
        account: AccountId,
        places: &(Vec<Uuid>, Vec<Uuid>),
    ) -> Result<Vec<index::Row>, Error> {
        rows::at(client, account, places).await
    }

    /// Brings an index forward from the database, unless it has reached `wanted` already.
    async fn follow(&self, held: &Arc<Held>, wanted: i64) -> Result<(), Error> {
        // The connection first: who holds the index must not wait for one.
        let mut client = self.client().await?;
        let followed = held.follow(&mut client, wanted).await?;
        self.settle(held, followed)
    }

    /// What becomes of an index that could not be brought to a version. While the database is away nobody is shown less; what
    /// cannot be read is loaded again, which is soon given up, so that it is not tried at each version.
    async fn fall_behind(&self, held: &Arc<Held>, version: i64, error: &Error) {
        let is_news = held.published.owe(version);
        if matches!(error, Error::Unavailable(_)) {
            if is_news {
                tracing::warn!(account = %held.account, version, %error, "the index is behind what was committed");
            }
            return;
        }
        tracing::warn!(account = %held.account, version, %error, "the index could not follow and is loaded again");
        held.give_up().await;
        self.load(held);
    }

    fn settle(&self, held: &Arc<Held>, followed: Followed) -> Result<(), Error> {
        if followed == Followed::Lost {
            tracing::warn!(account = %held.account, "the index has lost the feed and is loaded again");
            self.load(held);
        }
        Ok(())
    }

    fn find(&self, account: AccountId) -> Option<Arc<Held>> {
        self.0.accounts.lock().unwrap_or_else(PoisonError::into_inner).get(&account).cloned()
    }

    /// Notes a version that this process has committed.
    fn commit(&self, account: AccountId, version: i64) {
        let mut committed = self.0.committed.lock().unwrap_or_else(PoisonError::into_inner);
        let last = committed.entry(account).or_insert(version);
        *last = version.max(*last);
    }

    /// The last version of an account that this process has committed.
    fn committed(&self, account: AccountId) -> Option<i64> {
        self.0.committed.lock().unwrap_or_else(PoisonError::into_inner).get(&account).copied()
    }

    fn all(&self) -> Vec<Arc<Held>> {
        self.0.accounts.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The account's index, which begins to be loaded at its first touch; `None` where no index is kept.
    fn touch(&self, account: AccountId) -> Option<Arc<Held>> {
        self.0.limit.get()?;
        let mut accounts = self.0.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let held = accounts.entry(account).or_insert_with(|| {
            let held = Arc::new(Held::new(account, self.0.scales.clone()));
            self.load(&held);
            held
        });
        held.ask();
        Some(held.clone())
    }

    /// Begins to load, in the background.
    fn load(&self, held: &Arc<Held>) {
        tokio::spawn(load::account(self.clone(), held.clone()));
    }

    /// Waits until the database is silent.
    pub(in crate::store) async fn lost(&self) {
        self.0.pulse.lost().await;
    }

    /// A connection of those that nobody who writes or asks can take.
    pub(in crate::store) async fn client(&self) -> Result<Object, Error> {
        self.0.pulse.client(&self.0.pool).await
    }

    /// Whether an index of so many bytes fits beside the others.
    fn fits(&self, held: &Held, bytes: u64) -> bool {
        self.over(held, bytes) == 0
    }

    /// How many bytes too many there are if an index takes so many.
    fn over(&self, held: &Held, bytes: u64) -> u64 {
        let others = self.0.scales.bytes().saturating_sub(held.memory.bytes());
        others.saturating_add(bytes).saturating_sub(self.0.limit.get().copied().unwrap_or(0))
    }

    /// The indexes that nobody has asked for a while.
    fn idle(&self) -> Vec<Arc<Held>> {
        let mut all = self.all();
        all.retain(|held| held.published.is_ready() && held.idle() >= IDLE);
        all
    }

    /// The bytes that are free, and those that would be if all that are idle made room.
    fn room(&self) -> u64 {
        let idle: u64 = self.idle().iter().map(|held| held.memory.bytes()).sum();
        let limit = self.0.limit.get().copied().unwrap_or(0);
        limit.saturating_sub(self.0.scales.bytes().saturating_sub(idle))
    }

    /// Makes room for an index of so many bytes, all of it: idle ones are given up, the longest first, and each is loaded again
    /// when it is next asked. None is where all of them together are not enough. Says whether it fits.
    fn make_room(&self, whose: &Held, bytes: u64) -> bool {
        let mut idle = self.idle();
        idle.retain(|held| held.account != whose.account);
        if idle.iter().map(|held| held.memory.bytes()).sum::<u64>() < self.over(whose, bytes) {
            return false;
        }
        idle.sort_by_cached_key(|held| std::cmp::Reverse(held.idle()));
        for held in idle {
            if self.fits(whose, bytes) {
                break;
            }
            if held.make_room() {
                tracing::debug!(account = %held.account, "its index makes room for others");
                let mut accounts = self.0.accounts.lock().unwrap_or_else(PoisonError::into_inner);
                if accounts.get(&held.account).is_some_and(|there| Arc::ptr_eq(there, &held)) {
                    accounts.remove(&held.account);
                }
            }
        }
        self.fits(whose, bytes)
    }
}
