//! The widest paths that end in a value: what a table has columns for.

use std::cmp::Reverse;

use filter::{Path, value::Kind};
use hashbrown::HashMap;

use super::{Hits, tally::total};
use crate::{
    bits::Bits,
    chunk::{self, Chunk},
    column::CodeSet,
};

/// The paths by how many of the rows hold there something else than an object with members, so many at most.
pub(super) fn leaves(hits: &[Hits<'_>], limit: usize) -> Vec<Path> {
    let mut known: HashMap<&str, u64> = HashMap::new();
    for hits in hits {
        let paths = hits.seen.chunk().paths(&hits.rows);
        paths.for_each(|path| *known.entry(path.key).or_default() += path.rows.min(hits.count) as u64);
    }
    // In the order that they can have at best.
    let mut known: Vec<(Reverse<u64>, &str)> =
        known.into_iter().map(|(key, rows)| (Reverse(rows), key)).collect();
    known.sort_unstable();
    let mut widest: Vec<(Reverse<u64>, &str)> = Vec::new();
    for next in known {
        if widest.len() == limit && widest.last().is_none_or(|last| *last < next) {
            break;
        }
        let rows: u64 = hits.iter().map(|hits| rows(hits, next.1)).sum();
        let own = (Reverse(rows), next.1);
        if rows > 0 {
            widest.insert(widest.partition_point(|other| *other < own), own);
            widest.truncate(limit);
        }
    }
    widest.into_iter().filter_map(|(_, key)| chunk::path(key)).collect()
}

/// How many rows of a part hold something else at a path than an object with members.
fn rows(hits: &Hits<'_>, key: &str) -> u64 {
    let chunk = hits.seen.chunk();
    let Some(column) = chunk.path(key) else { return 0 };
    let counts = column.histogram(&hits.rows, hits.count);
    let present = total(&counts[..column.missing()]);
    let objects = column.symbols.codes(Kind::Object);
    if total(&counts[objects.clone()]) == 0 {
        return present;
    }
    let mut full = column.select(&CodeSet::Range(objects));
    full.keep(&hits.rows);
    full.keep(&inside(chunk, key));
    present - full.count() as u64
}

/// The rows that have something inside a path.
fn inside(chunk: &Chunk, key: &str) -> Bits {
    let mut rows = Bits::none(chunk.rows());
    let is_inside = |other: &&str| other.strip_prefix(key).is_some_and(|rest| rest.starts_with('\0'));
    for column in chunk.keys().filter(is_inside).filter_map(|key| chunk.path(key)) {
        rows.add(&column.select(&CodeSet::Range(0..column.missing())));
    }
    rows
}
