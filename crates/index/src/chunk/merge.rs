//! Makes one chunk of several: the living rows of each.

use super::{Chunk, builders::Builders};

/// One chunk of others. For each of these, `places` says which row each of its rows becomes, if any; the places of
/// all of them are `0..rows`, each once.
pub(crate) fn merge(parts: &[(&Chunk, Vec<Option<u16>>)], rows: usize) -> Chunk {
    let mut builders = Builders::default();
    for (chunk, places) in parts {
        for (column, builder) in chunk.built_in.iter().zip(builders.built_in()) {
            column.feed(builder, places);
        }
        for (key, column) in &chunk.paths {
            column.feed(builders.path(key), places);
        }
        for (key, cell) in chunk.rare.iter() {
            if let Some(row) = places[usize::from(cell.row)] {
                builders.path(key).put_cell(row, cell);
            }
        }
    }
    builders.finish(rows)
}
