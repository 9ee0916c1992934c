//! The columns of a chunk under construction, one a field.

use hashbrown::HashMap;
use serde_json::{Map, Value};

use super::{
    BUILT_IN, Chunk,
    rare::{RARE, Rare},
};
use crate::column::ColumnBuilder;

/// A builder a field.
#[derive(Default)]
pub(super) struct Builders {
    built_in: [ColumnBuilder; BUILT_IN.len()],
    paths: HashMap<String, ColumnBuilder>,
}

impl Builders {
    /// Takes in an object and those inside it; `key` is the path that led here, which for one `inside` another may be
    /// the empty key.
    pub(super) fn walk(&mut self, row: u16, object: &Map<String, Value>, key: &mut String, inside: bool) {
        let outside = key.len();
        for (name, value) in object {
            if inside {
                key.push('\0');
            }
            key.push_str(name);
            self.path(key).put_json(row, value);
            if let Value::Object(object) = value {
                self.walk(row, object, key, true);
            }
            key.truncate(outside);
        }
    }

    /// The builder of a path.
    pub(super) fn path(&mut self, key: &str) -> &mut ColumnBuilder {
        self.paths.entry_ref(key).or_default()
    }

    /// The builders of the built-in fields, in the order of their columns.
    pub(super) fn built_in(&mut self) -> impl Iterator<Item = &mut ColumnBuilder> {
        self.built_in.iter_mut()
    }

    pub(super) fn each(&mut self, work: impl Fn(&mut ColumnBuilder)) {
        self.built_in.iter_mut().chain(self.paths.values_mut()).for_each(work);
    }

    /// The chunk of so many rows.
    pub(super) fn finish(self, rows: usize) -> Chunk {
        let (mut paths, mut rare) = (Vec::new(), Vec::new());
        for (key, builder) in self.paths {
            let key = key.into_boxed_str();
            if builder.len() == 0 {
                continue; // whoever had it is gone
            }
            if builder.len() > RARE {
                paths.push((key, builder.finish(rows)));
            } else {
                rare.extend(builder.into_cells().into_iter().map(|cell| (key.clone(), cell)));
            }
        }
        paths.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let built_in = self.built_in.map(|builder| builder.finish(rows));
        Chunk::new(rows, built_in, paths, Rare::new(rare))
    }
}
