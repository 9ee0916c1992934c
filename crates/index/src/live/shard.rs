//! The relationships of one project: chunks, which of their rows live, and where each customer's row is.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use super::places::{Place, Places};
use crate::{
    bits::Bits,
    chunk::{Chunk, ROWS_MAX},
    past::{Entered, Past, PastBuilder},
};

/// A chunk with what changes about it. A clone shares everything.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Tells parts apart.
    pub(super) id: u64,
    pub(crate) chunk: Arc<Chunk>,
    /// The numbers of the rows' customers.
    pub(crate) customers: Arc<[u32]>,
    /// The rows that were not replaced or removed since.
    pub(crate) live: Arc<Bits>,
    /// How many these are.
    pub(crate) alive: usize,
    /// What its rows were, where that is known.
    pub(crate) past: Option<Arc<Past>>,
    /// Rows were removed: their texts must not stay in memory.
    pub(super) erased: bool,
}

impl Part {
    /// A part all of whose rows live.
    pub(super) fn new(id: u64, chunk: Chunk, customers: Vec<u32>) -> Part {
        let rows = chunk.rows();
        let live = Arc::new(Bits::all(rows));
        Part {
            id,
            chunk: Arc::new(chunk),
            customers: customers.into(),
            live,
            alive: rows,
            past: None,
            erased: false,
        }
    }

    /// What its rows were, where that is known, beside what they are.
    pub(super) fn told(&self) -> Option<(&Past, &Chunk)> {
        Some((self.past.as_ref()?, &self.chunk))
    }

    /// Bytes in memory, about.
    fn bytes(&self) -> usize {
        let past = self.past.as_ref().map_or(0, |past| past.bytes());
        self.chunk.bytes() + past + size_of_val(&*self.customers) + self.live.words().len() * 8
    }
}

/// Parts of about one size are merged when there are so many: each row is rewritten once for every time that the
/// chunks grow by this factor, and queries meet at most so many chunks of each size.
const FAN: usize = 6;
/// Chunks whose sizes lie within this factor are about of one size.
const TIER: usize = 4;
/// Chunks with more living rows than this are not merged for their size.
const LARGE: usize = ROWS_MAX / 2;
/// Chunks of more bytes than this are not merged.
const BYTES_MAX: usize = 512 << 20;

/// The relationships of a project.
#[derive(Debug, Default)]
pub(super) struct Shard {
    /// By slot, which is what places hold; slots are used again.
    parts: Vec<Option<Part>>,
    pub(super) places: Places,
    /// What readers see; made when one asks, and given up when the parts change.
    published: OnceLock<Arc<[Part]>>,
}

impl Shard {
    pub(super) fn part(&self, slot: usize) -> Option<&Part> {
        self.parts.get(slot)?.as_ref()
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().flatten()
    }

    /// The parts as readers see them.
    pub(super) fn publish(&self) -> Arc<[Part]> {
        self.published.get_or_init(|| self.parts().cloned().collect()).clone()
    }

    /// A slot that is free.
    pub(super) fn free(&self) -> usize {
        self.parts.iter().position(Option::is_none).unwrap_or(self.parts.len())
    }

    /// Adds a part; its rows replace those of the same customers.
    pub(super) fn add(&mut self, part: Part) {
        let slot = self.free();
        for (row, number) in part.customers.iter().enumerate() {
            self.remove(*number, false);
            self.places.set(*number, Place { slot, row });
        }
        self.put(slot, part);
    }

    /// Puts a part into a slot that is free.
    pub(super) fn put(&mut self, slot: usize, part: Part) {
        if slot >= self.parts.len() {
            self.parts.resize_with(slot + 1, || None);
        }
        self.parts[slot] = Some(part);
        self.published.take();
    }

    /// Takes out the part of a slot.
    pub(super) fn take(&mut self, slot: usize) {
        self.parts[slot] = None;
        self.published.take();
    }

    /// The slots that hold a part.
    pub(super) fn slots(&self) -> impl Iterator<Item = (usize, &Part)> {
        self.parts.iter().enumerate().filter_map(|(slot, part)| Some((slot, part.as_ref()?)))
    }

    /// Gives the part of a slot its past, if it is that part still.
    pub(super) fn tell_part(&mut self, slot: usize, id: u64, past: Arc<Past>) {
        let part = self.parts.get_mut(slot).and_then(Option::as_mut);
        if let Some(part) = part.filter(|part| part.id == id) {
            part.past = Some(past);
            self.published.take();
        }
    }

    /// Takes every part's past away.
    pub(super) fn forget_past(&mut self) {
        self.parts.iter_mut().flatten().for_each(|part| part.past = None);
        self.published.take();
    }

    /// Tells a builder what the row was that takes the place of a customer's: what is known of that, and what was entered.
    pub(super) fn tell(&self, builder: &mut PastBuilder, number: u32, row: u16, entered: Option<&Entered>) {
        let whole = matches!(entered, Some(Entered::Whole(..)));
        let place = self.places.get(number).filter(|_| !whole);
        if let Some((place, told)) = place.and_then(|place| Some((place, self.part(place.slot)?.told()?))) {
            builder.carry(told, place.row, row);
            builder.lose_with(told.0);
        }
        match entered {
            Some(Entered::Fresh(fresh)) => builder.add(row, fresh),
            Some(Entered::Whole(lived)) => builder.put(row, lived),
            None => {}
        }
    }

    /// Removes the row of a customer, if there is one; `erase` when nothing takes its place.
    pub(super) fn remove(&mut self, number: u32, erase: bool) {
        let Some(place) = self.places.take(number) else { return };
        let Some(part) = self.parts.get_mut(place.slot).and_then(Option::as_mut) else { return };
        if Arc::make_mut(&mut part.live).remove(place.row) {
            part.alive -= 1;
            part.erased |= erase;
        }
        let empty = part.alive == 0;
        self.published.take();
        if empty {
            self.take(place.slot);
        }
    }

    /// The slots of parts that should become one: first those from which somebody was erased, then those with many dead
    /// rows, then many of about one size. Parts older than `told` that have no past stay, unless somebody must go: it is being
    /// read for them. Those that have one become one without the others, or it would be read again.
    pub(super) fn due(&self, told: u64) -> Option<Vec<usize>> {
        if let Some((slot, _)) = self.slots().find(|(_, part)| part.erased) {
            return Some(vec![slot]);
        }
        let slots = || self.slots().filter(move |(_, part)| part.past.is_some() || part.id >= told);
        let sparse = |part: &Part| (part.chunk.rows() - part.alive) * 4 > part.chunk.rows();
        if let Some((slot, part)) = slots().find(|(_, part)| part.alive > LARGE / 8 && sparse(part)) {
            return Some(self.fill((slot, part), slots()));
        }
        let mut tiers: BTreeMap<(bool, u32), Vec<usize>> = BTreeMap::new();
        for (slot, part) in slots().filter(|(_, part)| part.alive <= LARGE && part.bytes() < BYTES_MAX) {
            tiers.entry((part.past.is_some(), part.alive.ilog(TIER))).or_default().push(slot);
        }
        let full = tiers.into_values().find(|slots| slots.len() >= FAN)?;
        Some(self.fitting(full, 0, Vec::new()))
    }

    /// A slot, and those of small parts that fit beside it.
    fn fill<'p>(
        &self,
        (slot, part): (usize, &Part),
        slots: impl Iterator<Item = (usize, &'p Part)>,
    ) -> Vec<usize> {
        let fits = |(other, small): &(usize, &Part)| {
            let alike = small.past.is_some() == part.past.is_some();
            *other != slot && alike && small.alive <= LARGE && small.bytes() < BYTES_MAX
        };
        let mut small: Vec<(usize, usize)> =
            slots.filter(fits).map(|(slot, part)| (part.alive, slot)).collect();
        small.sort_unstable();
        self.fitting(small.into_iter().map(|(_, slot)| slot).collect(), part.alive, vec![slot])
    }

    /// Adds slots as long as one chunk can hold their rows.
    fn fitting(&self, slots: Vec<usize>, mut rows: usize, mut chosen: Vec<usize>) -> Vec<usize> {
        for slot in slots {
            rows += self.part(slot).map_or(0, |part| part.alive);
            if rows > ROWS_MAX {
                break;
            }
            chosen.push(slot);
        }
        chosen
    }

    /// Bytes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        self.places.bytes() + self.parts().map(Part::bytes).sum::<usize>()
    }
}
