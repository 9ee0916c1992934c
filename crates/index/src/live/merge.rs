//! Merging in the background: what is due is taken as it is, made one without the index, then put in place of the parts
//! it was made of; rows that went meanwhile go then too.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    customers::Ids,
    places::Place,
    shard::{Part, Shard},
};
use crate::{
    chunk::{self, Chunk},
    past::{Past, PastBuilder},
};

/// Parts of a project that should become one. Running it needs no index.
pub struct Merge {
    pub(super) project: Uuid,
    /// Slots and what they hold.
    pub(super) parts: Vec<(usize, Part)>,
    pub(super) ids: Ids,
}

/// What became of a [`Merge`].
pub struct Merged {
    pub(super) project: Uuid,
    /// The slots and the ids of the parts.
    parts: Vec<(usize, u64)>,
    chunk: Chunk,
    past: Option<Past>,
    customers: Vec<u32>,
    /// Whence each row came: which of the parts, and its row there.
    origins: Vec<(u32, u16)>,
}

impl Merge {
    /// Makes the one chunk.
    pub fn run(self) -> Merged {
        let mut rows: Vec<(Uuid, u32, u16)> = Vec::new();
        for (at, (_, part)) in self.parts.iter().enumerate() {
            // Fits: a chunk has 65,536 rows at most, and few are merged.
            part.live.each(|row| rows.push((self.ids.get(part.customers[row]), at as u32, row as u16)));
        }
        rows.sort_unstable();
        let mut places: Vec<Vec<Option<u16>>> =
            self.parts.iter().map(|(_, part)| vec![None; part.chunk.rows()]).collect();
        for (place, (_, at, row)) in rows.iter().enumerate() {
            places[*at as usize][usize::from(*row)] = Some(place as u16);
        }
        let parts: Vec<(&Chunk, Vec<Option<u16>>)> =
            self.parts.iter().map(|(_, part)| &*part.chunk).zip(places).collect();
        let origins: Vec<(u32, u16)> = rows.into_iter().map(|(_, at, row)| (at, row)).collect();
        let chunk = chunk::merge(&parts, origins.len());
        let remembers = self.parts.iter().all(|(_, part)| part.past.is_some());
        let past = remembers.then(|| {
            let parts: Vec<Option<&Part>> = self.parts.iter().map(|(_, part)| Some(part)).collect();
            together(&parts, &origins, &chunk)
        });
        let customer = |(at, row): &(u32, u16)| self.parts[*at as usize].1.customers[usize::from(*row)];
        Merged {
            project: self.project,
            chunk,
            past,
            customers: origins.iter().map(customer).collect(),
            origins,
            parts: self.parts.iter().map(|(slot, part)| (*slot, part.id)).collect(),
        }
    }
}

/// One past of those of several parts; for each row of the chunk, whose it was and which row there. Of what has no past nothing
/// is known.
fn together(parts: &[Option<&Part>], origins: &[(u32, u16)], chunk: &Chunk) -> Past {
    let mut builder = PastBuilder::default();
    parts.iter().flatten().filter_map(|part| part.told()).for_each(|(past, _)| builder.lose_with(past));
    for (row, (at, old)) in origins.iter().enumerate() {
        if let Some((past, chunk)) = parts[*at as usize].and_then(Part::told) {
            builder.carry((past, chunk), usize::from(*old), row as u16);
        }
    }
    builder.finish(chunk)
}

impl Merged {
    /// Puts the chunk in place of the parts.
    pub(super) fn install(self, shard: &mut Shard, id: u64, (remembers, recalls): (bool, bool)) {
        let still = |(slot, id): &(usize, u64)| shard.part(*slot).filter(|part| part.id == *id);
        let old: Vec<Option<Part>> = self.parts.iter().map(|part| still(part).cloned()).collect();
        // The index may have begun to remember meanwhile.
        let past = self.past.or_else(|| {
            let old: Vec<Option<&Part>> = old.iter().map(Option::as_ref).collect();
            remembers.then(|| together(&old, &self.origins, &self.chunk))
        });
        // Or have given the past up.
        let past = past.filter(|_| remembers || recalls).map(Arc::new);
        let mut part = Part { past, ..Part::new(id, self.chunk, self.customers) };
        let dead: Vec<usize> = self
            .origins
            .iter()
            .enumerate()
            .filter(|(_, (at, row))| {
                !old[*at as usize].as_ref().is_some_and(|part| part.live.has(usize::from(*row)))
            })
            .map(|(row, _)| row)
            .collect();
        part.erased = !dead.is_empty() && old.iter().any(|part| part.as_ref().is_none_or(|part| part.erased));
        part.alive -= dead.len();
        if !dead.is_empty() {
            let live = Arc::make_mut(&mut part.live);
            dead.iter().for_each(|row| {
                live.remove(*row);
            });
        }
        for ((slot, _), old) in self.parts.iter().zip(&old) {
            if old.is_some() {
                shard.take(*slot);
            }
        }
        if part.alive > 0 {
            let slot = shard.free();
            part.live.each(|row| shard.places.set(part.customers[row], Place { slot, row }));
            shard.put(slot, part);
        }
    }
}
