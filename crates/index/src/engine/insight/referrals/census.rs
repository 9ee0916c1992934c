//! Every code by which somebody came, known by a number of its own in all parts, and how many did.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable, hash_table::Entry};

use super::Part;
use crate::{
    column::{Column, Symbol, Symbols},
    engine::{each, tally::total},
};

/// What stands for no code.
pub(super) const NONE: u32 = u32::MAX;

/// The codes of all parts.
pub(super) struct Census<'c> {
    pub(super) nodes: Vec<Node<'c>>,
    /// By part and code of its column: a place in `nodes`.
    pub(super) ids: Vec<Vec<u32>>,
    /// How many have something there that is no code.
    pub(super) odd: u64,
    /// How many have nothing there.
    pub(super) without: u64,
    /// By share of the codes: where its own begin in `nodes`, and where each is among them.
    places: Vec<(u32, HashTable<u32>)>,
    hasher: DefaultHashBuilder,
}

/// Shares of the codes that are put together on a core each.
const SHARES: [u64; 4] = [0, 1, 2, 3];

/// The share of a code: the lowest and the highest bits are the table's own.
fn share(hash: u64) -> u64 {
    hash >> 32 & 3
}

/// The codes of a share.
struct Share<'c> {
    nodes: Vec<Node<'c>>,
    places: HashTable<u32>,
    /// By part: codes of its column, and their places.
    ids: Vec<Vec<(u16, u32)>>,
}

/// A code.
pub(super) struct Node<'c> {
    hash: u64,
    pub(super) symbol: Symbol<'c>,
    /// How many of those who are told of came by it, and pay.
    pub(super) people: u64,
    pub(super) paid: u64,
}

/// How many rows of a part have each code: of all there are, of those who are told of, of those of them who pay.
struct Counts {
    live: Vec<u32>,
    people: Vec<u32>,
    paid: Vec<u32>,
    hashes: Vec<u64>,
}

/// How many of the codes of a column may be codes of people: strings, numbers and booleans.
pub(super) fn scalars(symbols: &Symbols) -> usize {
    symbols.below(&Symbol::Null, false)
}

impl Counts {
    fn of(part: &Part<'_>, hasher: &DefaultHashBuilder) -> Option<Counts> {
        let column = part.column.as_deref()?;
        let of = |rows: &crate::bits::Bits, count| column.histogram(rows, count);
        let alive = part.live.count();
        let people = of(&part.people, part.count);
        let live = if alive == part.count { people.clone() } else { of(&part.live, alive) };
        let hash = |code| if live[code] > 0 { hasher.hash_one(column.symbols.get(code)) } else { 0 };
        let hashes = (0..scalars(&column.symbols)).map(hash).collect();
        Some(Counts { paid: of(&part.paid, part.paid.count()), hashes, live, people })
    }
}

impl<'c> Share<'c> {
    fn of(parts: &'c [Part<'_>], counts: &[Option<Counts>], own: u64) -> Share<'c> {
        let mut all = Share { nodes: Vec::new(), places: HashTable::new(), ids: Vec::new() };
        for (part, counts) in parts.iter().zip(counts) {
            let mut ids = Vec::new();
            if let (Some(column), Some(counts)) = (part.column.as_deref(), counts) {
                let hashes = counts.hashes.iter().enumerate();
                let is_own = |code: usize, hash: u64| share(hash) == own && counts.live[code] > 0;
                for (code, hash) in hashes.filter(|(code, hash)| is_own(*code, **hash)) {
                    let id = all.id(*hash, column.symbols.get(code));
                    let node = &mut all.nodes[id as usize];
                    node.people += u64::from(counts.people[code]);
                    node.paid += u64::from(counts.paid[code]);
                    ids.push((code as u16, id)); // fits: what is missing has the greatest code
                }
            }
            all.ids.push(ids);
        }
        all
    }

    /// The place of a code, a new one of a new code.
    fn id(&mut self, hash: u64, symbol: Symbol<'c>) -> u32 {
        let nodes = &mut self.nodes;
        let is_it = |id: &u32| nodes[*id as usize].hash == hash && nodes[*id as usize].symbol == symbol;
        match self.places.entry(hash, is_it, |id| nodes[*id as usize].hash) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let id = nodes.len() as u32; // fits: there are not as many rows
                entry.insert(id);
                nodes.push(Node { hash, symbol, people: 0, paid: 0 });
                id
            }
        }
    }
}

impl<'c> Census<'c> {
    pub(super) fn of(parts: &'c [Part<'_>]) -> Census<'c> {
        let hasher = DefaultHashBuilder::default();
        let counts = each(parts, |part| Counts::of(part, &hasher));
        let shares = each(&SHARES, |own| Share::of(parts, &counts, *own));
        let (nodes, ids, places) = (Vec::new(), Vec::with_capacity(parts.len()), Vec::new());
        let mut census = Census { nodes, ids, odd: 0, without: 0, places, hasher };
        for (part, counts) in parts.iter().zip(&counts) {
            census.count(part, counts.as_ref());
        }
        for share in shares {
            let start = census.nodes.len() as u32;
            for (ids, own) in census.ids.iter_mut().zip(share.ids) {
                own.into_iter().for_each(|(code, id)| ids[usize::from(code)] = start + id);
            }
            census.nodes.extend(share.nodes);
            census.places.push((start, share.places));
        }
        census
    }

    /// Takes in a part, whose codes have no places yet.
    fn count(&mut self, part: &Part<'_>, counts: Option<&Counts>) {
        let missing = part.column.as_deref().map(Column::missing);
        let (Some(missing), Some(counts)) = (missing, counts) else {
            self.without += part.count as u64;
            self.ids.push(Vec::new());
            return;
        };
        self.odd += total(&counts.people[counts.hashes.len()..missing]);
        self.without += u64::from(counts.people[missing]);
        self.ids.push(vec![NONE; missing + 1]);
    }

    /// The place of a code by which somebody came.
    pub(super) fn find(&self, symbol: &Symbol<'_>) -> Option<u32> {
        let hash = self.hasher.hash_one(symbol);
        let (start, places) = &self.places[share(hash) as usize];
        let found = places.find(hash, |id| self.nodes[(start + *id) as usize].symbol == *symbol);
        found.map(|id| start + id)
    }
}
