//! Makes segments of relationships.

use filter::Field;
use hashbrown::HashMap;
use serde_json::{Map, Value};

use super::{
    BUILT_IN, Segment,
    rare::{RARE, Rare},
};
use crate::{
    Row,
    column::{ColumnBuilder, Symbol, symbol::micros},
};

/// The columns of a segment under construction.
#[derive(Default)]
pub(super) struct Builders {
    pub(super) built_in: [ColumnBuilder; BUILT_IN.len()],
    pub(super) paths: HashMap<String, ColumnBuilder>,
}

impl Segment {
    /// A segment of relationships of one project, in order of their customers, at most [`super::ROWS_MAX`].
    pub(crate) fn of(rows: &[Row]) -> Segment {
        let mut builders = Builders::default();
        let mut key = String::new();
        for (place, row) in rows.iter().enumerate() {
            let place = place as u16; // fits, see above
            for (field, builder) in BUILT_IN.iter().zip(&mut builders.built_in) {
                if let Some(value) = value(row, field) {
                    builder.put(place, &value);
                }
            }
            builders.walk(place, &row.params, &mut key, false);
        }
        builders.finish(rows.len())
    }
}

/// The value of a built-in field.
fn value<'a>(row: &'a Row, field: &Field) -> Option<Symbol<'a>> {
    let time = |time| Symbol::Time(micros(time));
    match field {
        Field::Email => Some(Symbol::Text(&row.email)),
        Field::Domain => Some(Symbol::Text(row.email.rsplit('@').next().unwrap_or_default())),
        Field::Name => row.name.as_deref().map(Symbol::Text),
        Field::UserId => row.user_id.as_deref().map(Symbol::Text),
        Field::Status => Some(Symbol::Text(row.status.as_str())),
        Field::StatusSince => Some(time(row.status_since)),
        Field::FirstPaid => row.first_paid.map(time),
        Field::FirstSeen => Some(time(row.first_seen)),
        Field::LastActivity => Some(time(row.last_activity)),
        Field::Project | Field::Params(_) => None,
    }
}

impl Builders {
    /// Takes in an object and those inside it; `key` is the path that led here, which for one `inside` another may be
    /// the empty key.
    fn walk(&mut self, row: u16, object: &Map<String, Value>, key: &mut String, inside: bool) {
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

    /// The segment of so many rows.
    pub(super) fn finish(self, rows: usize) -> Segment {
        let (mut paths, mut rare) = (Vec::new(), Vec::new());
        for (key, builder) in self.paths {
            let key = key.into_boxed_str();
            if builder.len() > RARE {
                paths.push((key, builder.finish(rows)));
            } else {
                rare.extend(builder.into_cells().into_iter().map(|cell| (key.clone(), cell)));
            }
        }
        paths.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let built_in = self.built_in.map(|builder| builder.finish(rows));
        Segment::new(rows, built_in, paths, Rare::new(rare))
    }
}
