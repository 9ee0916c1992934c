//! The index of one account as it lives: batches come in, readers get snapshots, chunks are merged in the background.
//!
//! Nothing that a reader holds ever changes. A batch becomes one small chunk per project; rows that it replaces or
//! removes are cleared from the live bits of theirs, which are copied first. So a reader sees a whole batch or none of
//! it, and neither side waits for the other.

mod check;
mod customers;
mod merge;
mod places;
mod prepared;
mod shard;
mod untold;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use hashbrown::HashSet;
use uuid::Uuid;

use customers::Customers;
pub(crate) use customers::Ids;
pub use merge::{Merge, Merged};
pub use prepared::{Prepared, Preparing};
pub(crate) use shard::Part;
use shard::Shard;
pub use untold::{Told, Untold};

use crate::past::PastBuilder;

/// How large something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Bytes in memory, about.
    pub bytes: u64,
    /// Those among them that are distinct strings.
    pub text: u64,
    /// Relationships.
    pub rows: u64,
    /// Distinct paths.
    pub paths: u64,
    /// Chunks.
    pub chunks: u64,
}

/// An id that no part of this process has had: what was begun over one index must not be taken for a part of another.
fn part_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The index of one account: the side that writes.
#[derive(Default)]
pub struct Index {
    version: i64,
    customers: Customers,
    shards: BTreeMap<Uuid, Shard>,
    /// Whether it knows what its rows were.
    remembers: bool,
    /// While it is told: parts older than this that have not been told yet stay as they are.
    recalls: Option<u64>,
}

/// What readers see: everything up to one version, unchanging. Cheap to clone.
#[derive(Clone)]
pub struct Snapshot {
    version: i64,
    pub(crate) projects: Arc<BTreeMap<Uuid, Arc<[Part]>>>,
    pub(crate) ids: Ids,
    remembers: bool,
}

impl Snapshot {
    /// Whether it knows what its rows were, so that the past can be asked.
    pub fn remembers(&self) -> bool {
        self.remembers
    }

    /// The version it stands on.
    pub fn version(&self) -> i64 {
        self.version
    }
}

impl Index {
    /// The version it stands on.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Takes rows in, in place of those of the same project and customer, without a new version: for loading.
    pub fn load(&mut self, prepared: Prepared) {
        for closed in prepared.closed {
            let numbers: Vec<u32> = closed.customers.iter().map(|id| self.customers.number(*id)).collect();
            let shard = self.shards.entry(closed.project).or_default();
            let past = self.remembers.then(|| {
                let mut builder = PastBuilder::default();
                for (row, (number, customer)) in numbers.iter().zip(&closed.customers).enumerate() {
                    let entered = prepared.past.get(&(closed.project, *customer));
                    shard.tell(&mut builder, *number, row as u16, entered);
                }
                Arc::new(builder.finish(&closed.chunk))
            });
            let part = Part { past, ..Part::new(part_id(), closed.chunk, numbers) };
            shard.add(part);
        }
    }

    /// Whether it knows what its rows were.
    pub fn remembers(&self) -> bool {
        self.remembers
    }

    /// Takes a whole batch in and stands on its version: first what was removed (project, customer), then the rows.
    pub fn apply(&mut self, version: i64, put: Prepared, removed: &[(Uuid, Uuid)]) {
        for (project, customer) in removed {
            if let (Some(shard), Some(number)) =
                (self.shards.get_mut(project), self.customers.find(*customer))
            {
                shard.remove(number, true);
            }
        }
        self.load(put);
        self.shards.retain(|_, shard| shard.parts().next().is_some());
        self.version = version;
    }

    /// What readers see from now on.
    pub fn snapshot(&self) -> Snapshot {
        let projects = self.shards.iter().map(|(project, shard)| (*project, shard.publish())).collect();
        Snapshot {
            version: self.version,
            projects: Arc::new(projects),
            ids: self.customers.ids.clone(),
            remembers: self.remembers,
        }
    }

    /// A merge of chunks that is due, to be run without the index, then installed.
    pub fn merge(&self) -> Option<Merge> {
        let (project, shard, slots) = self
            .shards
            .iter()
            .find_map(|(project, shard)| Some((*project, shard, shard.due(self.recalls.unwrap_or(0))?)))?;
        let parts = slots.into_iter().filter_map(|slot| Some((slot, shard.part(slot)?.clone()))).collect();
        Some(Merge { project, parts, ids: self.customers.ids.clone() })
    }

    /// Puts a merged chunk in place of those that it was made of.
    pub fn install(&mut self, merged: Merged) {
        if let Some(shard) = self.shards.get_mut(&merged.project) {
            merged.install(shard, part_id(), (self.remembers, self.recalls.is_some()));
        }
    }

    /// Bytes in memory, about.
    pub fn bytes(&self) -> u64 {
        let shards: usize = self.shards.values().map(Shard::bytes).sum();
        (shards + self.customers.bytes()) as u64
    }

    /// How large it is. Counting the paths takes a look at all of them.
    pub fn size(&self) -> Size {
        let parts = || self.shards.values().flat_map(Shard::parts);
        let paths: HashSet<&str> = parts().flat_map(|part| part.chunk.keys()).collect();
        Size {
            bytes: self.bytes(),
            text: parts().map(|part| part.chunk.text() as u64).sum(),
            rows: parts().map(|part| part.alive as u64).sum(),
            paths: paths.len() as u64,
            chunks: parts().count() as u64,
        }
    }

    /// Every relationship (project, customer) that it holds.
    pub fn places(&self) -> Vec<(Uuid, Uuid)> {
        let mut places = Vec::new();
        for (project, shard) in &self.shards {
            for part in shard.parts() {
                part.live.each(|row| places.push((*project, self.customers.ids.get(part.customers[row]))));
            }
        }
        places
    }
}
