//! Makes the past of a chunk: of whole histories, of the pasts of other chunks, and of changes that come on top.

use std::collections::{BTreeMap, BTreeSet};

use filter::{Field, value::Instant};
use hashbrown::HashMap;
use jiff::civil::Date;
use serde_json::Value;

use super::{
    FIELDS, Lived, NAMES, Past,
    column::number,
    lists,
    paths::{Sides, differing, field_key, inside, is_digest},
    track::{TrackBuilder, Turns},
};
use crate::{
    Datum,
    chunk::{Chunk, Held},
    column::{Symbol, times::Times},
};

/// What is entered into the past of a row that is written.
#[derive(Clone, Debug)]
pub enum Entered {
    /// What comes on top of what is known.
    Fresh(Fresh),
    /// All of it anew.
    Whole(Lived),
}

/// What a batch adds to a relationship's past: changes that are later than all that are known.
#[derive(Clone, Debug, Default)]
pub struct Fresh {
    /// Changes of built-in fields, in order: when, which, what it was and what it became.
    pub fields: Vec<(Instant, &'static str, Option<Value>, Option<Value>)>,
    /// Changes of keys of the params.
    pub params: Vec<(Instant, String, Option<Value>, Option<Value>)>,
    /// A day on which it was seen.
    pub days: Vec<Date>,
}

/// The past of a chunk under construction; rows come in any order.
#[derive(Default)]
pub(crate) struct PastBuilder {
    fields: [TrackBuilder; FIELDS.len()],
    paths: HashMap<String, TrackBuilder>,
    began: Vec<(u16, i64)>,
    days: Vec<(u16, u16)>,
    lost: BTreeSet<Box<str>>,
    /// About what the whole pasts that were put in take.
    bytes: usize,
}

impl PastBuilder {
    /// Takes in all that is known of a row.
    pub(crate) fn put(&mut self, row: u16, lived: &Lived) {
        self.bytes += lived.bytes();
        self.began.push((row, lived.began.0));
        for (path, turns) in &lived.paths {
            let Some(turns) = turns else {
                self.lose(path);
                continue;
            };
            let builder = match path.strip_prefix("\0\0") {
                Some(name) => match NAMES.iter().position(|known| *known == name) {
                    Some(place) => &mut self.fields[place],
                    None => continue,
                },
                None => self.paths.entry_ref(path).or_default(),
            };
            for (at, value) in turns {
                builder.enter(row, at.0, value.as_ref().map(Symbol::of).as_ref());
            }
        }
        self.days.extend(lived.days.iter().map(|day| (row, *day)));
    }

    /// Notes that the past of a path is not kept.
    fn lose(&mut self, path: &str) {
        if !self.lost.contains(path) {
            self.lost.insert(path.into());
        }
    }

    /// Bytes in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes in the past of a row of another chunk.
    pub(crate) fn carry(&mut self, (past, chunk): (&Past, &Chunk), row: usize, place: u16) {
        let began = past.began(chunk, row);
        self.began.push((place, began));
        // Of who somebody is the past keeps all by itself.
        for ((track, builder), field) in past.fields.iter().zip(&mut self.fields).zip(&FIELDS) {
            if let Some(track) = track {
                let column = (*field == Field::Status).then(|| chunk.column(field)).flatten();
                Turns::new(track, column).feed(row, began, builder, place);
            }
        }
        for (key, track) in past.paths_of(row) {
            let turns = Turns::new(track, chunk.kept(key).map(Held::Kept));
            turns.feed(row, began, self.paths.entry_ref(key).or_default(), place);
        }
        self.days.extend(past.days(row).iter().map(|day| (place, *day)));
    }

    /// Notes what another past does not keep, of which rows are carried.
    pub(crate) fn lose_with(&mut self, past: &Past) {
        past.lost.iter().for_each(|lost| self.lose(lost));
    }

    /// Takes in what came on top of what was carried to a row last.
    pub(crate) fn add(&mut self, row: u16, fresh: &Fresh) {
        let own = self.began.last().filter(|(last, _)| *last == row);
        let began = own.map_or(i64::MIN, |(_, began)| *began);
        for (at, name, before, after) in &fresh.fields {
            let Some(place) = NAMES.iter().position(|known| known == name) else { continue };
            let builder = &mut self.fields[place];
            if before != after {
                on_top(builder, (row, began), at.0, "", [before.as_ref(), after.as_ref()]);
            }
        }
        for (at, key, before, after) in &fresh.params {
            if after.as_ref().is_some_and(is_digest) {
                self.lose(&inside(key));
            }
            differing(key, [before.as_ref(), after.as_ref()], &mut |path, sides| {
                on_top(self.paths.entry_ref(path).or_default(), (row, began), at.0, path, sides);
            });
        }
        self.see(row, &fresh.days);
    }

    fn see(&mut self, row: u16, days: &[Date]) {
        self.days.extend(days.iter().filter_map(|day| Some((row, number(*day)?))));
    }

    /// What was entered of row 0, by path: for comparing.
    pub(crate) fn told(self) -> Kept {
        let [email, name, status, user_id] = self.fields;
        let fields = NAMES.into_iter().map(field_key).zip([email, name, status, user_id]);
        let tracks = fields.chain(self.paths).map(|(path, builder)| (path, builder.told()));
        let days = self.days.iter().map(|(_, day)| *day).collect();
        Kept {
            began: self.began.last().map(|(_, began)| *began),
            tracks: tracks.filter(|(_, turns)| !turns.is_empty()).collect(),
            days,
        }
    }

    /// The past of a chunk. Rows of which nothing was said have never changed, and began before all time.
    pub(crate) fn finish(mut self, chunk: &Chunk) -> Past {
        let mut began = vec![i64::MIN; chunk.rows()];
        self.began.iter().for_each(|(row, at)| began[usize::from(*row)] = *at);
        let [email, name, status, user_id] = self.fields;
        let present = chunk.column(&Field::Status);
        // Of who somebody is it is asked only what changed: the present value is not among those.
        let fields = [
            email.finish(None, &began),
            name.finish(None, &began),
            status.finish(present.as_ref(), &began),
            user_id.finish(None, &began),
        ];
        let (mut paths, mut lost) = (Vec::new(), std::mem::take(&mut self.lost));
        let gone = NAMES.into_iter().zip(&fields).filter(|(_, track)| track.is_none());
        lost.extend(gone.map(|(name, _)| field_key(name).into_boxed_str()));
        self.paths.retain(|key, builder| !builder.is_empty() && !lost.contains(key.as_str()));
        for (key, builder) in self.paths {
            let column = chunk.path(&key);
            match builder.finish(column.as_ref(), &began) {
                Some(track) => paths.push((key.into_boxed_str(), track)),
                None => _ = lost.insert(key.into_boxed_str()),
            }
        }
        paths.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let mut row_paths: Vec<(u16, u32)> = Vec::new();
        for (place, (_, track)) in (0..).zip(&paths) {
            row_paths.extend(track.changed_rows().map(|row| (row, place)));
        }
        let (path_ends, row_paths) = by_row(row_paths, chunk.rows());
        let (ends, days) = by_row(self.days, chunk.rows());
        let (odd, began) = odd(chunk, &began);
        Past { odd, began, fields, paths, path_ends, row_paths, lost, ends, days }
    }
}

/// The rows that did not begin when they were first seen, and when they did.
fn odd(chunk: &Chunk, began: &[i64]) -> (Box<[u16]>, Times) {
    let seen = chunk.column(&Field::FirstSeen);
    let time = |row: usize| seen.as_ref().and_then(|seen| seen.symbols.time(seen.code(row)));
    let is_odd = |(row, began): &(usize, i64)| time(*row) != Some(*began);
    let odd = began.iter().copied().enumerate().filter(is_odd);
    let (rows, began): (Vec<u16>, Vec<i64>) = odd.map(|(row, began)| (row as u16, began)).unzip();
    (rows.into(), Times::new(&began))
}

/// Where the items of each row end, and all of them, in order, each once.
fn by_row<T: Ord>(mut items: Vec<(u16, T)>, rows: usize) -> (Box<[u32]>, Box<[T]>) {
    items.sort_unstable();
    items.dedup();
    let mut ends = vec![0_u32; rows];
    items.iter().for_each(|(row, _)| ends[usize::from(*row)] += 1);
    let mut sum = 0;
    ends.iter_mut().for_each(|end| {
        sum += *end;
        *end = sum;
    });
    (ends.into(), items.into_iter().map(|(_, item)| item).collect())
}

/// All that is kept of one row.
#[derive(Debug, PartialEq)]
pub(crate) struct Kept {
    pub(crate) began: Option<i64>,
    pub(crate) tracks: BTreeMap<String, Vec<(i64, Option<Datum>)>>,
    pub(crate) days: BTreeSet<u16>,
}

/// Enters a change that is later than all that are known; of what had never changed also what it was born with.
fn on_top(
    builder: &mut TrackBuilder,
    (row, began): (u16, i64),
    at: i64,
    path: &str,
    [before, after]: Sides<'_>,
) {
    if !builder.has(row) && before.is_some() {
        enter(builder, (row, began), path, before);
    }
    enter(builder, (row, at), path, after);
}

/// Enters what a row became at a path; at that of what lists held, what it held.
fn enter(builder: &mut TrackBuilder, (row, at): (u16, i64), path: &str, value: Option<&Value>) {
    match value.filter(|_| lists::path(path).is_some()).map(lists::text) {
        Some(held) => builder.enter(row, at, Some(&Symbol::Text(&held))),
        None => builder.enter(row, at, value.map(Symbol::of).as_ref()),
    }
}
