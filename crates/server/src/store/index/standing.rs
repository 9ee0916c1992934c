//! What readers of an account's index stand on: one whole version of it, or the word that there is none.

use std::{
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use index::Snapshot;
use tokio::sync::watch;

use super::super::lexicon::Lexicon;

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

/// The standing of an index, as it is published and waited for.
pub(super) struct Published {
    standing: RwLock<Standing>,
    /// The published version; changes with the standing too.
    version: watch::Sender<i64>,
    /// The version that is known to be committed, and could not be taken in.
    owed: AtomicI64,
    /// The past was given up.
    lacks_past: AtomicBool,
}

impl Published {
    /// Nothing is published yet.
    pub(super) fn new() -> Published {
        Published {
            standing: RwLock::new(Standing::Loading),
            version: watch::Sender::new(-1),
            owed: AtomicI64::new(-1),
            lacks_past: AtomicBool::new(false),
        }
    }

    /// What can be asked just now.
    pub(super) fn standing(&self) -> Standing {
        let standing = self.read().clone();
        match &standing {
            Standing::Ready(live) if live.snapshot.version() < self.owed.load(Ordering::Acquire) => {
                Standing::Loading
            }
            _ => standing,
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Standing> {
        self.standing.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is something to ask, be it behind what was committed.
    pub(super) fn is_ready(&self) -> bool {
        matches!(*self.read(), Standing::Ready(_))
    }

    /// Whether the account is left to the database.
    pub(super) fn is_outside(&self) -> bool {
        matches!(*self.read(), Standing::Outside)
    }

    /// The published version, if there is one.
    pub(super) fn version(&self) -> Option<i64> {
        match &*self.read() {
            Standing::Ready(live) => Some(live.snapshot.version()),
            Standing::Loading | Standing::Outside => None,
        }
    }

    /// The published words, if there are any.
    pub(super) fn words(&self) -> Option<Arc<Lexicon>> {
        match &*self.read() {
            Standing::Ready(live) => Some(live.words.clone()),
            Standing::Loading | Standing::Outside => None,
        }
    }

    /// Shows readers a version of the account.
    pub(super) fn show(&self, snapshot: Snapshot, words: Arc<Lexicon>) {
        let version = snapshot.version();
        self.set(Standing::Ready(Arc::new(Live { snapshot, words })), version);
    }

    /// Takes away what readers are shown: it is being loaded.
    pub(super) fn load(&self) {
        self.set(Standing::Loading, -1);
    }

    /// Takes away what readers are shown, and leaves them to the database.
    pub(super) fn leave(&self) {
        self.set(Standing::Outside, -1);
    }

    fn set(&self, standing: Standing, version: i64) {
        *self.standing.write().unwrap_or_else(PoisonError::into_inner) = standing;
        self.version.send_replace(version);
    }

    /// Notes that readers must not be shown less than this version; says whether that is news.
    pub(super) fn owe(&self, version: i64) -> bool {
        self.owed.fetch_max(version, Ordering::AcqRel) < version
    }

    /// Notes that the database was at this version while nobody else could bring the index forward: no more than that is owed.
    /// Of one that was restored it may be less than what was.
    pub(super) fn settle(&self, version: i64) {
        self.owed.fetch_min(version, Ordering::AcqRel);
    }

    /// Waits until the index has been loaded or found too large; says whether it has been loaded.
    pub(super) async fn loaded(&self) -> bool {
        let mut versions = self.version.subscribe();
        let decided = versions.wait_for(|_| !matches!(*self.read(), Standing::Loading));
        decided.await.is_ok() && self.is_ready()
    }

    /// Whether what is shown knows the past too.
    pub(super) fn knows_past(&self) -> bool {
        matches!(&*self.read(), Standing::Ready(live) if live.snapshot.remembers())
    }

    /// Notes that the past was given up.
    pub(super) fn lack_past(&self) {
        self.lacks_past.store(true, Ordering::Release);
        self.version.send_modify(|_| {}); // whoever waits for it looks again
    }

    /// Whether it was.
    pub(super) fn lacks_past(&self) -> bool {
        self.lacks_past.load(Ordering::Acquire)
    }

    /// Notes that the past is to be loaded.
    pub(super) fn want_past(&self) {
        self.lacks_past.store(false, Ordering::Release);
    }

    /// Waits until what is shown knows the past too, or will not for now; says whether it does.
    pub(super) async fn remembers(&self) -> bool {
        let mut versions = self.version.subscribe();
        let decided = versions.wait_for(|_| self.knows_past() || self.lacks_past() || self.is_outside());
        decided.await.is_ok() && self.knows_past()
    }

    /// Waits until a version is published, or anything else has happened to the index, but not for long.
    pub(super) async fn reached(&self, wanted: i64, patience: Duration) {
        let mut versions = self.version.subscribe();
        let reached = versions.wait_for(|version| *version >= wanted);
        // Whoever asks looks again, whatever came of it.
        let _ = tokio::time::timeout(patience, reached).await;
    }
}
