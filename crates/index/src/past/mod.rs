//! The past of a chunk's rows, beside the chunk: what has changed, when each began, and the days on which they were seen.
//!
//! Only what has changed after a relationship began is kept: of everything else the present value and `began` say what was.

mod builder;
mod column;
mod life;
pub(crate) mod lists;
mod paths;
mod track;

use std::collections::BTreeSet;

use filter::Field;

pub use builder::{Entered, Fresh};
pub(crate) use builder::{Kept, PastBuilder};
pub(crate) use column::{At, Moment, day, number};
pub use life::{Life, Lived};
use paths::{field_key, inside};
pub(crate) use track::Track;
pub(crate) use track::Turns;

use crate::{
    WIDE,
    chunk::{self, Chunk},
    column::{Symbols, times::Times},
};

/// The built-in fields of which changes are kept, in the order of their tracks.
const FIELDS: [Field; 4] = [Field::Email, Field::Name, Field::Status, Field::UserId];
/// What they are called, in the same order.
const NAMES: [&str; 4] = ["email", "name", "status", "user_id"];

/// What the rows of a chunk were.
#[derive(Debug)]
pub(crate) struct Past {
    /// Rows that did not begin when they were first seen, in order, and when they began: with the change that created them.
    odd: Box<[u16]>,
    began: Times,
    fields: [Option<Track>; FIELDS.len()],
    /// The paths that have changed, in order.
    paths: Vec<(Box<str>, Track)>,
    /// Where the paths of each row end, and the places in `paths` of all that it has changed: whoever takes one row along looks at
    /// no other's.
    path_ends: Box<[u32]>,
    row_paths: Box<[u32]>,
    /// Paths whose past is not kept: they change without end, or have too many values. With a separator at its end, a path stands
    /// for all that lies inside: of long values that stand the log does not say what does.
    lost: BTreeSet<Box<str>>,
    /// Where the days of each row end, and the days of all of them, in order: counted from 1970-01-01.
    ends: Box<[u32]>,
    days: Box<[u16]>,
}

impl Past {
    /// When a row of its chunk began, in microseconds since 1970.
    pub(crate) fn began(&self, chunk: &Chunk, row: usize) -> i64 {
        if let Ok(place) = self.odd.binary_search(&(row as u16)) {
            return self.began.get(place);
        }
        let seen = chunk.column(&Field::FirstSeen);
        seen.and_then(|seen| seen.symbols.time(seen.code(row))).unwrap_or(i64::MIN)
    }

    /// The rows that did not begin when they were first seen, and when they did.
    pub(crate) fn odd(&self) -> impl Iterator<Item = (usize, i64)> {
        self.odd.iter().enumerate().map(|(place, row)| (usize::from(*row), self.began.get(place)))
    }

    /// The changes of a field; `None` when it has never changed.
    pub(crate) fn track(&self, field: &Field) -> Option<&Track> {
        match field {
            Field::Params(path) => self.path(&chunk::key(path)),
            field => self.fields[FIELDS.iter().position(|own| own == field)?].as_ref(),
        }
    }

    /// The same, beside the field's column.
    pub(crate) fn turns<'c>(&'c self, chunk: &'c Chunk, field: &Field) -> Option<Turns<'c>> {
        Some(Turns::new(self.track(field)?, chunk.column(field)))
    }

    fn path(&self, key: &str) -> Option<&Track> {
        let place = self.paths.binary_search_by(|(own, _)| (**own).cmp(key)).ok()?;
        Some(&self.paths[place].1)
    }

    /// Every path that has changed, with how many rows changed it, and how many values there were at most; of members of lists
    /// there may have been any number.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (&str, usize, usize)> {
        let paths = self.paths.iter().filter(|(key, _)| lists::path(key).is_none());
        paths.map(|(key, track)| {
            let any = self.path(&lists::key(key)).map(|_| WIDE as usize + 1);
            (&**key, track.changed_rows().count(), any.unwrap_or(track.symbols.len()))
        })
    }

    /// Every path that has changed, with all that it held.
    pub(crate) fn tracks(&self) -> impl Iterator<Item = (&str, &Symbols)> {
        let paths = self.paths.iter().filter(|(key, _)| lists::path(key).is_none());
        paths.map(|(key, track)| (&**key, &*track.symbols))
    }

    /// The changes of what the lists of a field held, each told by a text; `None` when no list has ever changed.
    pub(crate) fn lists(&self, field: &Field) -> Option<&Track> {
        self.path(&lists::key(&chunk::key(field.path()?)))
    }

    /// Whether the past of some path is not kept.
    pub(crate) fn has_lost_any(&self) -> bool {
        !self.lost.is_empty()
    }

    /// The paths that a row has changed.
    fn paths_of(&self, row: usize) -> impl Iterator<Item = (&str, &Track)> {
        let start = if row == 0 { 0 } else { self.path_ends[row - 1] as usize };
        let own = &self.row_paths[start..self.path_ends[row] as usize];
        own.iter().map(|place| &self.paths[*place as usize]).map(|(key, track)| (&**key, track))
    }

    /// Everything that is kept of a row of its chunk.
    pub(crate) fn told(&self, chunk: &Chunk, row: usize) -> Kept {
        let mut builder = PastBuilder::default();
        builder.carry((self, chunk), row, 0);
        builder.told()
    }

    /// Whether the past of a field, or of what its lists held, is not kept, or that of something in which it lies.
    pub(crate) fn has_lost(&self, field: &Field) -> bool {
        let own = match field {
            Field::Params(path) => chunk::key(path),
            Field::StatusSince => field_key("status"),
            field => field_key(&field.to_string()),
        };
        let within = inside(&own);
        let lies = |lost: &str| lost.ends_with('\0') && within.starts_with(lost);
        self.has_lost_path(&own)
            || self.has_lost_path(&lists::key(&own))
            || self.lost.iter().any(|lost| lies(lost))
    }

    /// The same of a path by its key.
    pub(crate) fn has_lost_path(&self, key: &str) -> bool {
        self.lost.contains(key)
    }

    /// The days on which a row was seen, in order.
    pub(crate) fn days(&self, row: usize) -> &[u16] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        &self.days[start..self.ends[row] as usize]
    }

    /// Bytes in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        let tracks = self.fields.iter().flatten().chain(self.paths.iter().map(|(_, track)| track));
        let keys = self.paths.iter().map(|(key, _)| key.len()).sum::<usize>();
        tracks.map(Track::bytes).sum::<usize>()
            + keys
            + self.lost.iter().map(|key| key.len()).sum::<usize>()
            + self.odd.len() * 2
            + self.began.bytes()
            + size_of_val(&*self.path_ends)
            + size_of_val(&*self.row_paths)
            + size_of_val(&*self.ends)
            + size_of_val(&*self.days)
    }
}
