//! Merges in the background: one at a time, and none is in the way of those who read or write.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use index::{Index, Merge, Merged};
use tokio::task::spawn_blocking;

/// Whether a merge of an index is under way.
#[derive(Default)]
pub(super) struct Merging(Arc<AtomicBool>);

/// That one is under way; it is not any more when this goes, however that comes.
struct UnderWay(Arc<AtomicBool>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Merging {
    /// Begins to merge chunks if that is due. `install` puts what was merged in its place, and says what is due then.
    pub(super) fn begin_if_due<F>(&self, index: &Index, install: impl Fn(Merged) -> F + Send + 'static)
    where
        F: Future<Output = Option<Merge>> + Send + 'static,
    {
        if self.0.load(Ordering::Acquire) {
            return;
        }
        let Some(first) = index.merge() else { return };
        self.0.store(true, Ordering::Release);
        let under_way = UnderWay(self.0.clone());
        tokio::spawn(async move {
            let _under_way = under_way;
            let mut due = Some(first);
            while let Some(merge) = due.take() {
                let Ok(merged) = spawn_blocking(move || merge.run()).await else { break };
                due = install(merged).await;
            }
        });
    }
}
