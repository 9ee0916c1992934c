//! Makes one segment of several: the living rows of each.

use super::{Segment, builders::Builders};

/// One segment of others. For each of these, `places` says which row each of its rows becomes, if any; the places of
/// all of them are `0..rows`, each once.
pub(crate) fn merge(parts: &[(&Segment, Vec<Option<u16>>)], rows: usize) -> Segment {
    let mut builders = Builders::default();
    for (segment, places) in parts {
        for (column, builder) in segment.built_in.iter().zip(builders.built_in()) {
            column.feed(builder, places);
        }
        for (key, column) in &segment.paths {
            column.feed(builders.path(key), places);
        }
        for (key, cell) in segment.rare.iter() {
            if let Some(row) = places[usize::from(cell.row)] {
                builders.path(key).put_cell(row, cell);
            }
        }
    }
    builders.finish(rows)
}
