//! The customers of an account by number: sets of them are bits, and rows hold four bytes instead of sixteen.

use std::{hash::BuildHasher, sync::Arc};

use hashbrown::{DefaultHashBuilder, HashTable, hash_table::Entry};
use uuid::Uuid;

/// Ids of one block: when a number is added, at most one block is copied for the readers that still look at it.
const BLOCK: usize = 4096;

/// The ids of customers by number. A clone shares them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids {
    blocks: Vec<Arc<Vec<Uuid>>>,
    len: usize,
}

impl Ids {
    /// How many numbers are taken.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The customer of a number.
    pub(crate) fn get(&self, number: u32) -> Uuid {
        self.blocks[number as usize / BLOCK][number as usize % BLOCK]
    }

    fn push(&mut self, id: Uuid) {
        if self.len.is_multiple_of(BLOCK) {
            self.blocks.push(Arc::new(Vec::with_capacity(BLOCK)));
        }
        if let Some(last) = self.blocks.last_mut() {
            Arc::make_mut(last).push(id);
        }
        self.len += 1;
    }
}

/// Customers and their numbers, for the side that writes. A number is never given twice.
#[derive(Debug, Default)]
pub(super) struct Customers {
    pub(super) ids: Ids,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Customers {
    /// The number of a customer, a new one for a new customer.
    pub(super) fn number(&mut self, id: Uuid) -> u32 {
        let Customers { ids, numbers, hasher } = self;
        let hash = hasher.hash_one(id);
        let entry =
            numbers.entry(hash, |number| ids.get(*number) == id, |number| hasher.hash_one(ids.get(*number)));
        match entry {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let number = ids.len() as u32; // fits: four billion customers are more than memory holds
                entry.insert(number);
                ids.push(id);
                number
            }
        }
    }

    /// The number of a customer that has one.
    pub(super) fn find(&self, id: Uuid) -> Option<u32> {
        self.numbers.find(self.hasher.hash_one(id), |number| self.ids.get(*number) == id).copied()
    }

    /// Bytes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        self.ids.len() * size_of::<Uuid>() + self.numbers.allocation_size()
    }
}
