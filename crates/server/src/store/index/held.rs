//! One account's index: the side that writes behind a mutex, the side that is read beside it.
//!
//! The index jumps from one whole version to another, and only under the mutex, so versions are published in order. A
//! batch of this process comes with its rows in hand and is taken when it is the next one; whoever finds a gap (another
//! process wrote, or another connection of ours has not come here yet) reads what is missing from the database, up to
//! the version that the database is at.

use std::{
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use deadpool_postgres::{Object, Transaction};
use index::{Index, Merge, Prepared, Row, Size, Snapshot};
use tokio::{
    sync::{MutexGuard, watch},
    task::spawn_blocking,
};
use uuid::Uuid;

use super::{
    super::{AccountId, Error, lexicon::Lexicon},
    feed::{self, News},
};

/// More rows than this are put into columns on a thread where they hold up nobody.
const MANY: usize = 256;
/// A database that does not answer for so long is given up: all writes of the account wait here.
const PATIENCE: Duration = Duration::from_secs(30);

/// How old a look at the size of an index may be, beside its bytes.
const SIZED: Duration = Duration::from_secs(10);

/// What readers stand on: one version of an account, rows and words.
pub(in crate::store) struct Live {
    /// The relationships.
    pub(in crate::store) snapshot: Snapshot,
    /// The account's words; what one view may name of them is [`Lexicon::seen_by`].
    pub(in crate::store) words: Arc<Lexicon>,
}

/// What can be asked of an account's index.
#[derive(Clone)]
pub(in crate::store) enum Standing {
    /// Everything that this process has committed, and more.
    Ready(Arc<Live>),
    /// Nothing yet: it is being built, or has fallen behind.
    Loading,
    /// Nothing: it does not fit into memory, or no index is kept here.
    Outside,
}

/// A batch of this process, on its way into the index.
pub(in crate::store) struct Change {
    /// The version that it made.
    pub(in crate::store) version: i64,
    /// Every row that it wrote; `None` when nobody has them in hand.
    pub(in crate::store) rows: Option<Vec<Row>>,
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
    /// Empty unless the standing is ready.
    writer: tokio::sync::Mutex<Option<Index>>,
    standing: RwLock<Standing>,
    /// The published version; changes with the standing too.
    version: watch::Sender<i64>,
    /// The version that this process has committed and failed to take in.
    owed: AtomicI64,
    merging: AtomicBool,
    size: Mutex<Sized>,
    /// Rows read so far by whoever loads it.
    read: AtomicU64,
}

/// How large it was when somebody last looked.
struct Sized {
    size: Size,
    /// The version of which the bytes are known.
    version: i64,
    /// When all of it was last looked at.
    since: Instant,
    /// The bytes with which it was last found to fit beside the others.
    fitted: u64,
    /// When it was found too large.
    outside: Option<Instant>,
}

impl Held {
    /// An index that is yet to be loaded.
    pub(super) fn new(account: AccountId) -> Held {
        Held {
            account,
            writer: tokio::sync::Mutex::new(None),
            standing: RwLock::new(Standing::Loading),
            version: watch::Sender::new(-1),
            owed: AtomicI64::new(-1),
            merging: AtomicBool::new(false),
            size: Mutex::new(Sized {
                size: Size::default(),
                version: -1,
                since: Instant::now(),
                fitted: 0,
                outside: None,
            }),
            read: AtomicU64::new(0),
        }
    }

    /// What can be asked of it just now.
    pub(super) fn standing(&self) -> Standing {
        let standing = self.standing.read().unwrap_or_else(PoisonError::into_inner).clone();
        match &standing {
            Standing::Ready(live) if live.snapshot.version() < self.owed.load(Ordering::Acquire) => {
                Standing::Loading
            }
            _ => standing,
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        matches!(*self.standing.read().unwrap_or_else(PoisonError::into_inner), Standing::Ready(_))
    }

    /// The published version, if there is one.
    pub(super) fn version(&self) -> Option<i64> {
        match &*self.standing.read().unwrap_or_else(PoisonError::into_inner) {
            Standing::Ready(live) => Some(live.snapshot.version()),
            Standing::Loading | Standing::Outside => None,
        }
    }

    /// Notes that readers must not be shown less than this version.
    pub(super) fn owe(&self, version: i64) {
        self.owed.fetch_max(version, Ordering::AcqRel);
    }

    /// Waits until it has been loaded or found too large; says whether it has been loaded.
    pub(super) async fn loaded(&self) -> bool {
        let mut changes = self.version.subscribe();
        let decided = changes.wait_for(|_| {
            !matches!(*self.standing.read().unwrap_or_else(PoisonError::into_inner), Standing::Loading)
        });
        decided.await.is_ok() && self.is_ready()
    }

    /// Waits until it has published a version, or anything else has happened to it, but not for long.
    pub(super) async fn reached(&self, wanted: i64, patience: Duration) {
        let mut changes = self.version.subscribe();
        let reached = changes.wait_for(|version| *version >= wanted);
        // Whoever asks looks again, whatever came of it.
        let _ = tokio::time::timeout(patience, reached).await;
    }

    /// Takes in a batch that was just committed, if it is the next one.
    ///
    /// While the index is being loaded there is nothing to do, and nothing is missed: the loader takes its last look at
    /// the database while it holds the mutex. Either it holds it before us, then the index is there when we get it, at
    /// the batch's version or just before; or after us, then what it looks at has our batch, which is committed.
    pub(super) async fn apply(self: &Arc<Self>, change: Change) -> Followed {
        let prepared = match change.rows {
            Some(rows) => Some(prepare(rows).await),
            None => None,
        };
        let mut writer = self.writer.lock().await;
        let Some(index) = writer.as_ref() else { return self.without_index() };
        match (change.version - index.version(), prepared) {
            (..=0, _) => Followed::Done,
            (1, Some(prepared)) => {
                self.take(&mut writer, change.version, prepared, &change.removed, change.words);
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
        let Some(index) = turn.as_ref() else { return Ok(self.without_index()) };
        let from = index.version();
        let Some(news) = feed::since(snapshot, self.account, from, false).await? else {
            self.forget(turn, Standing::Loading);
            return Ok(Followed::Lost);
        };
        let News { version, rows, removed, words } = news;
        if version > from {
            let prepared = prepare(rows).await;
            self.take(turn, version, prepared, &removed, words.map(Arc::new));
        }
        Ok(Followed::Done)
    }

    /// The mutex was empty. It is so while loading; when readers are shown something all the same, a panic took the index.
    fn without_index(&self) -> Followed {
        if !self.is_ready() {
            return Followed::Done;
        }
        self.stand(Standing::Loading, -1);
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
    fn publish(&self, index: &Index, words: Option<Arc<Lexicon>>) {
        let Some(words) = words.or_else(|| self.words()) else { return };
        let live = Live { snapshot: index.snapshot(), words };
        self.stand(Standing::Ready(Arc::new(live)), index.version());
    }

    fn words(&self) -> Option<Arc<Lexicon>> {
        match &*self.standing.read().unwrap_or_else(PoisonError::into_inner) {
            Standing::Ready(live) => Some(live.words.clone()),
            Standing::Loading | Standing::Outside => None,
        }
    }

    fn stand(&self, standing: Standing, version: i64) {
        *self.standing.write().unwrap_or_else(PoisonError::into_inner) = standing;
        self.version.send_replace(version);
    }

    /// Gives the index up.
    fn forget(&self, writer: &mut Option<Index>, standing: Standing) {
        *writer = None;
        let mut sized = self.sized();
        (sized.size, sized.fitted) = (Size::default(), 0);
        drop(sized);
        self.read.store(0, Ordering::Relaxed);
        self.stand(standing, -1);
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
        let Some(news) = feed::since(&snapshot, self.account, index.version(), true).await? else {
            return Ok(false);
        };
        let prepared = prepare(news.rows).await;
        index.apply(news.version, prepared, &news.removed);
        self.measured(&index);
        self.publish(&index, news.words.map(Arc::new));
        self.merge_if_due(&index);
        *writer = Some(index);
        Ok(true)
    }

    /// Leaves the account to the database, because its index does not fit.
    pub(super) async fn leave(&self) {
        let mut writer = self.writer.lock().await;
        self.forget(&mut writer, Standing::Outside);
        self.sized().outside = Some(Instant::now());
    }

    /// Gives up an index that is wrong; it has to be loaded again.
    pub(super) async fn give_up(&self) {
        let mut writer = self.writer.lock().await;
        self.forget(&mut writer, Standing::Loading);
    }

    /// Whether it was left to the database so long ago that it may be tried again.
    pub(super) fn may_return(&self, after: Duration) -> bool {
        let size = self.sized();
        let outside =
            matches!(*self.standing.read().unwrap_or_else(PoisonError::into_inner), Standing::Outside);
        outside && size.outside.is_some_and(|since| since.elapsed() >= after)
    }

    /// Begins anew: what is to be loaded is not outside any more.
    pub(super) fn begin_loading(&self) {
        self.sized().outside = None;
        self.read.store(0, Ordering::Relaxed);
        if !self.is_ready() {
            self.stand(Standing::Loading, -1);
        }
    }

    /// How many bytes it takes now. How large it is otherwise costs a look at all its paths, so that is seldom taken.
    pub(super) async fn weigh(&self) -> u64 {
        let Some(version) = self.version() else { return self.bytes() };
        let (known, due) = {
            let sized = self.sized();
            (sized.version == version, sized.since.elapsed() > SIZED)
        };
        if !known || due {
            let turn = self.turn().await;
            match turn.as_ref() {
                Some(index) if due => self.measured(index),
                Some(index) => self.weighed(index.bytes()),
                None => {}
            }
            self.sized().version = version;
        }
        self.bytes()
    }

    /// Whether it has grown since it was last found to fit.
    pub(super) fn has_grown(&self) -> bool {
        let sized = self.sized();
        sized.size.bytes > sized.fitted
    }

    /// Notes that it fits as it is.
    pub(super) fn fits(&self) {
        let mut sized = self.sized();
        sized.fitted = sized.size.bytes;
    }

    /// Notes how large it is.
    fn measured(&self, index: &Index) {
        let size = index.size();
        let mut sized = self.sized();
        (sized.size, sized.since) = (size, Instant::now());
    }

    /// Notes how many bytes it takes.
    pub(super) fn weighed(&self, bytes: u64) {
        self.sized().size.bytes = bytes;
    }

    fn sized(&self) -> std::sync::MutexGuard<'_, Sized> {
        self.size.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How large it was when it was last measured.
    pub(super) fn size(&self) -> Size {
        self.sized().size
    }

    /// The bytes that it took then.
    pub(super) fn bytes(&self) -> u64 {
        self.size().bytes
    }

    /// How many rows were read to load it.
    pub(super) fn rows_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Notes that so many more rows were read.
    pub(super) fn has_read(&self, rows: usize) {
        self.read.fetch_add(rows as u64, Ordering::Relaxed);
    }

    /// Begins to merge chunks in the background if that is due, one merge at a time.
    fn merge_if_due(self: &Arc<Self>, index: &Index) {
        if self.merging.load(Ordering::Acquire) {
            return;
        }
        if let Some(merge) = index.merge() {
            self.merging.store(true, Ordering::Release);
            tokio::spawn(self.clone().merge(merge, Merging(self.clone())));
        }
    }

    async fn merge(self: Arc<Self>, first: Merge, _merging: Merging) {
        let mut due = Some(first);
        while let Some(merge) = due.take() {
            let Ok(merged) = spawn_blocking(move || merge.run()).await else { break };
            let mut writer = self.writer.lock().await;
            if let Some(mut index) = writer.take() {
                index.install(merged);
                self.publish(&index, None);
                due = index.merge();
                *writer = Some(index);
            }
        }
    }
}

/// That a merge is under way; it is not any more when this goes, however that comes.
struct Merging(Arc<Held>);

impl Drop for Merging {
    fn drop(&mut self) {
        self.0.merging.store(false, Ordering::Release);
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
