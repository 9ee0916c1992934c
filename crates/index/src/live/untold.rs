//! Learning the past while the present is asked and written: part by part, beside the index.
//!
//! A part's rows never change: whoever is written goes to another part. So what is read of the log for a row, at whatever
//! version, holds as long as the row lives where it is, and a part can be told its past whenever that is ready.

use std::sync::Arc;

use uuid::Uuid;

use super::{Index, customers::Ids, part_id, shard::Part};
use crate::past::{Lived, Past, PastBuilder};

/// A part of an index that does not know what its rows were. Telling it needs no index.
pub struct Untold {
    project: Uuid,
    slot: usize,
    part: Part,
    ids: Ids,
    builder: PastBuilder,
}

/// A past on its way to its part.
pub struct Told {
    project: Uuid,
    slot: usize,
    id: u64,
    past: Past,
}

impl Untold {
    /// Its project.
    pub fn project(&self) -> Uuid {
        self.project
    }

    /// The rows that lived when it was taken, and whose they are.
    pub fn rows(&self) -> Vec<(u16, Uuid)> {
        let mut rows = Vec::with_capacity(self.part.alive);
        self.part.live.each(|row| rows.push((row as u16, self.ids.get(self.part.customers[row]))));
        rows
    }

    /// How many these are.
    pub fn len(&self) -> usize {
        self.part.alive
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.part.alive == 0
    }

    /// Takes in what one of them was. Of whom nothing is told nothing is known: they must be gone by now.
    pub fn tell(&mut self, row: u16, lived: &Lived) {
        self.builder.put(row, lived);
    }

    /// Bytes that are gathered, about.
    pub fn bytes(&self) -> u64 {
        self.builder.bytes() as u64
    }

    /// Makes the past: the costly part.
    pub fn finish(self) -> Told {
        let past = self.builder.finish(&self.part.chunk);
        Told { project: self.project, slot: self.slot, id: self.part.id, past }
    }
}

impl Index {
    /// The parts whose past is to be told. Until the index remembers, they are merged only after that.
    pub fn untold(&mut self) -> Vec<Untold> {
        self.recalls = Some(part_id());
        let mut untold = Vec::new();
        for (project, shard) in &self.shards {
            for (slot, part) in shard.slots().filter(|(_, part)| part.past.is_none()) {
                let (part, ids, builder) = (part.clone(), self.customers.ids.clone(), PastBuilder::default());
                untold.push(Untold { project: *project, slot, part, ids, builder });
            }
        }
        untold
    }

    /// Whether it is being told its past.
    pub fn recalls(&self) -> bool {
        self.recalls.is_some()
    }

    /// Gives a part its past, if it is still there.
    pub fn tell(&mut self, told: Told) {
        if let Some(shard) = self.shards.get_mut(&told.project).filter(|_| self.recalls.is_some()) {
            shard.tell_part(told.slot, told.id, Arc::new(told.past));
        }
    }

    /// From here on it knows what its rows were, and follows what they become: if it is being told, and every part was.
    pub fn remember(&mut self) -> bool {
        let mut parts = self.shards.values().flat_map(|shard| shard.parts());
        let knows = self.recalls.is_some() && parts.all(|part| part.past.is_some());
        if knows {
            (self.remembers, self.recalls) = (true, None);
        }
        self.remembers
    }

    /// Forgets what its rows were, or what it was told of that so far.
    pub fn forget_past(&mut self) {
        (self.remembers, self.recalls) = (false, None);
        self.shards.values_mut().for_each(super::Shard::forget_past);
    }
}
