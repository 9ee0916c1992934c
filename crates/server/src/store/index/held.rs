//! One account's index: the side that writes behind a mutex, the side that is read beside it.
//!
//! The index jumps from one whole version to another, and only under the mutex, so versions are published in order. A
//! batch of this process comes with its rows in hand and is taken when it is the next one; whoever finds a gap (another
//! process wrote, or another connection of ours has not come here yet) reads what is missing from the database, up to
//! the version that the database is at.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use deadpool_postgres::{Object, Transaction};
use index::{Entered, Index, Merge, Merged, Prepared, Row};
use tokio::{sync::MutexGuard, task::spawn_blocking};
use uuid::Uuid;

use super::{
    super::{AccountId, Error, lexicon::Lexicon},
    feed::{self, Beside, News},
    memory::{Look, Memory, Scales},
    merging::Merging,
    standing::Published,
};

/// More rows than this are put into columns on a thread where they hold up nobody.
const MANY: usize = 256;
/// A database that does not answer for so long is given up: all writes of the account wait here.
const PATIENCE: Duration = Duration::from_secs(30);

/// A batch of this process, on its way into the index.
pub(in crate::store) struct Delivery {
    /// The version that it made.
    pub(in crate::store) version: i64,
    /// Every row that it wrote; `None` when nobody has them in hand.
    pub(in crate::store) rows: Option<Vec<Row>>,
    /// What was entered into the past of each row; `None` when nobody has it in hand.
    pub(in crate::store) past: Option<HashMap<(Uuid, Uuid), Entered>>,
    /// The places (project, customer) that it removed.
    pub(in crate::store) removed: Vec<(Uuid, Uuid)>,
    /// The words after it, when it altered them.
    pub(in crate::store) words: Option<Arc<Lexicon>>,
}

/// How far an attempt to bring the index forward came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Followed {
    /// As far as was wanted; or there is no index, and whoever loads it will see what is wanted.
    Done,
    /// Something between is missing: the database has it.
    Gap,
    /// The index is of no use any more, and has to be loaded again.
    Lost,
}

/// The index while somebody may bring it forward.
pub(super) type Turn<'a> = MutexGuard<'a, Option<Index>>;

/// One account's index, in whatever state it is.
pub(super) struct Held {
    pub(super) account: AccountId,
    /// Empty unless something is published.
    writer: tokio::sync::Mutex<Option<Index>>,
    pub(super) published: Published,
    pub(super) memory: Memory,
    merging: Merging,
    /// Held by whoever loads the past.
    pub(super) recalling: tokio::sync::Mutex<()>,
    /// Rows read so far by whoever loads it.
    read: AtomicU64,
    /// Noted with each version that is published: it is to be weighed.
    scales: Arc<Scales>,
    /// When it came to be, and so many milliseconds later it was last asked.
    born: Instant,
    asked: AtomicU64,
}

impl Held {
    /// An index that is yet to be loaded.
    pub(super) fn new(account: AccountId, scales: Arc<Scales>) -> Held {
        Held {
            account,
            writer: tokio::sync::Mutex::new(None),
            published: Published::new(),
            memory: Memory::new(scales.clone()),
            merging: Merging::default(),
            recalling: tokio::sync::Mutex::default(),
            read: AtomicU64::new(0),
            scales,
            born: Instant::now(),
            asked: AtomicU64::new(0),
        }
    }

    /// Notes that somebody asks it.
    pub(super) fn ask(&self) {
        let now = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.asked.store(now, Ordering::Relaxed);
    }

    /// How long it has been there.
    pub(super) fn age(&self) -> Duration {
        self.born.elapsed()
    }

    /// How long nobody has asked it.
    pub(super) fn idle(&self) -> Duration {
        self.born.elapsed().saturating_sub(Duration::from_millis(self.asked.load(Ordering::Relaxed)))
    }

    /// Gives up an index that others need the room of, unless somebody is at it, then it is not idle, or it is there no more.
    /// Whoever still holds this is told to ask the database.
    pub(super) fn make_room(&self) -> bool {
        let Ok(mut writer) = self.writer.try_lock() else { return false };
        if !self.published.is_ready() {
            return false;
        }
        self.forget(&mut writer);
        self.published.leave();
        true
    }

    /// Takes in a batch that was just committed, if it is the next one.
    ///
    /// While the index is being loaded there is nothing to do, and nothing is missed: the loader takes its last look at
    /// the database while it holds the mutex. Either it holds it before us, then the index is there when we get it, at
    /// the batch's version or just before; or after us, then what it looks at has our batch, which is committed.
    pub(super) async fn apply(self: &Arc<Self>, delivery: Delivery) -> Followed {
        let told = delivery.past.is_some();
        let prepared = match delivery.rows {
            Some(rows) => Some(prepare(rows).await.with_past(delivery.past.unwrap_or_default())),
            None => None,
        };
        let mut writer = self.writer.lock().await;
        let Some(index) = writer.as_ref() else { return self.without_index() };
        match (delivery.version - index.version(), prepared) {
            (..=0, _) => Followed::Done,
            // What has begun to remember meanwhile must be told of the past too.
            (1, Some(prepared)) if told || !index.remembers() => {
                self.take(&mut writer, delivery.version, prepared, &delivery.removed, delivery.words);
                Followed::Done
            }
            _ => Followed::Gap,
        }
    }

    /// Brings it forward to the version that the database is at, unless it has reached `wanted` already.
    pub(super) async fn follow(
        self: &Arc<Self>,
        client: &mut Object,
        wanted: i64,
    ) -> Result<Followed, Error> {
        let mut turn = self.turn().await;
        if turn.as_ref().is_some_and(|index| index.version() >= wanted) {
            return Ok(Followed::Done);
        }
        let forward = async {
            let snapshot = feed::snapshot(client).await?;
            self.forward(&mut turn, &snapshot).await
        };
        let late = |_| Error::Unavailable("the feed could not be read in time".to_owned());
        tokio::time::timeout(PATIENCE, forward).await.map_err(late)?
    }

    /// Waits for the index: whoever has it is the only one who brings it forward.
    pub(super) async fn turn(&self) -> Turn<'_> {
        self.writer.lock().await
    }

    /// Brings it forward to the version of a snapshot, which must be opened while the turn is held: the index cannot be
    /// ahead of it then.
    pub(super) async fn forward(
        self: &Arc<Self>,
        turn: &mut Turn<'_>,
        snapshot: &Transaction<'_>,
    ) -> Result<Followed, Error> {
        let Some(index) = turn.as_mut() else { return Ok(self.without_index()) };
        let from = index.version();
        let beside = Beside { words: false, past: index.remembers() };
        let Some(news) = feed::since(snapshot, self.account, from, beside).await? else {
            self.forget(turn);
            self.published.load();
            return Ok(Followed::Lost);
        };
        let News { version, rows, removed, words, past } = news;
        if version > from {
            let past = self.take_past(index, past);
            let prepared = prepare(rows).await.with_past(past);
            self.take(turn, version, prepared, &removed, words.map(Arc::new));
        }
        self.published.settle(version);
        Ok(Followed::Done)
    }

    /// The mutex was empty. It is so while loading; when readers are shown something all the same, a panic took the index.
    fn without_index(&self) -> Followed {
        if !self.published.is_ready() {
            return Followed::Done;
        }
        self.published.load();
        Followed::Lost
    }

    /// Takes a whole batch in and publishes it. The index is away meanwhile, so that a panic leaves no half of it behind.
    fn take(
        self: &Arc<Self>,
        writer: &mut Option<Index>,
        version: i64,
        prepared: Prepared,
        removed: &[(Uuid, Uuid)],
        words: Option<Arc<Lexicon>>,
    ) {
        let Some(mut index) = writer.take() else { return };
        index.apply(version, prepared, removed);
        self.publish(&index, words);
        self.merge_if_due(&index);
        *writer = Some(index);
    }

    /// Shows readers what the index holds. Without new words the old ones stay.
    pub(super) fn publish(&self, index: &Index, words: Option<Arc<Lexicon>>) {
        let Some(words) = words.or_else(|| self.published.words()) else { return };
        self.published.show(index.snapshot(), words);
        self.scales.note(self.account);
    }

    /// Gives the index up.
    fn forget(&self, writer: &mut Option<Index>) {
        *writer = None;
        self.memory.forget();
        self.published.want_past();
        self.read.store(0, Ordering::Relaxed);
    }

    /// The end of loading: the last look at the database, under the mutex (see [`Held::apply`]), then everybody sees it.
    /// False when the feed does not reach back any more.
    pub(super) async fn install(
        self: &Arc<Self>,
        client: &mut Object,
        mut index: Index,
    ) -> Result<bool, Error> {
        let mut writer = self.writer.lock().await;
        let snapshot = feed::snapshot(client).await?;
        // What it was it is told later.
        let beside = Beside { words: true, past: false };
        let Some(news) = feed::since(&snapshot, self.account, index.version(), beside).await? else {
            return Ok(false);
        };
        index.apply(news.version, prepare(news.rows).await, &news.removed);
        self.memory.measured(index.size());
        self.published.settle(news.version);
        self.publish(&index, news.words.map(Arc::new));
        self.merge_if_due(&index);
        *writer = Some(index);
        Ok(true)
    }

    /// Leaves the account to the database, because its index does not fit or cannot be read.
    pub(super) async fn leave(&self) {
        let mut writer = self.writer.lock().await;
        self.forget(&mut writer);
        self.published.leave();
        self.memory.leave();
    }

    /// Gives up an index that is wrong; it has to be loaded again.
    pub(super) async fn give_up(&self) {
        let mut writer = self.writer.lock().await;
        self.forget(&mut writer);
        self.published.load();
    }

    /// Whether it was left to the database so long ago that it may be tried again.
    pub(super) fn may_return(&self, after: Duration) -> bool {
        self.published.is_outside() && self.memory.is_outside_for(after)
    }

    /// Begins anew: what is to be loaded is not outside any more.
    pub(super) fn begin_loading(&self) {
        self.memory.begin();
        self.read.store(0, Ordering::Relaxed);
        if !self.published.is_ready() {
            // What an attempt before this one has read is there no more.
            self.memory.forget();
            self.published.load();
        }
    }

    /// How many bytes it takes now. It is weighed again later where only its bytes were looked at.
    pub(super) async fn weigh(&self) -> u64 {
        let Some(version) = self.published.version() else { return self.memory.bytes() };
        let look = self.memory.look(version);
        if look != Look::None
            && let Some(index) = self.turn().await.as_ref()
        {
            match look {
                Look::All => self.memory.measured(index.size()),
                _ => self.memory.weighed(index.bytes()),
            }
        }
        if !self.memory.looked(version, look) {
            self.scales.note(self.account);
        }
        self.memory.bytes()
    }

    /// How many rows were read to load it.
    pub(super) fn rows_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Notes that so many more rows were read.
    pub(super) fn has_read(&self, rows: usize) {
        self.read.fetch_add(rows as u64, Ordering::Relaxed);
    }

    /// Begins to merge chunks in the background if that is due.
    pub(super) fn merge_if_due(self: &Arc<Self>, index: &Index) {
        let held = self.clone();
        self.merging.begin_if_due(index, move |merged| held.clone().put(merged));
    }

    /// Puts what was merged in its place, and says what is due after it.
    async fn put(self: Arc<Self>, merged: Merged) -> Option<Merge> {
        let mut writer = self.writer.lock().await;
        let mut index = writer.take()?;
        index.install(merged);
        self.memory.unknown();
        self.publish(&index, None);
        let due = index.merge();
        *writer = Some(index);
        due
    }
}

/// Puts rows into columns, on a thread of their own when they are many.
async fn prepare(rows: Vec<Row>) -> Prepared {
    if rows.len() <= MANY {
        return Prepared::new(&rows);
    }
    match spawn_blocking(move || Prepared::new(&rows)).await {
        Ok(prepared) => prepared,
        // A panic is passed on; there is no other way for it to fail, short of the end of the process.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
