//! Whether the index holds a row as it is: every field, every path, every member of an array.

use std::collections::{BTreeMap, BTreeSet};

use filter::value::Instant;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Index;
use crate::{
    Datum, Row,
    chunk::{self, BUILT_IN},
    column::Symbol,
    past::{Lived, PastBuilder, lists},
};

/// What a row holds in its params: values by the keys of their paths, with the scalars of arrays.
type Params = BTreeMap<String, (Datum, Vec<Datum>)>;

impl Index {
    /// Says how what it holds of a relationship differs from the row; `None` when nothing does.
    pub fn difference(&self, row: &Row) -> Option<String> {
        let number = self.customers.find(row.customer);
        let shard = self.shards.get(&row.project);
        let place = shard.zip(number).and_then(|(shard, number)| Some((shard, shard.places.get(number)?)));
        let Some((part, place)) = place.and_then(|(shard, place)| Some((shard.part(place.slot)?, place)))
        else {
            return Some("it is missing".to_owned());
        };
        if !part.live.has(place.row) {
            return Some("it is dead".to_owned());
        }
        let document = row.document(false);
        for field in &BUILT_IN {
            let (held, value) = (part.chunk.value(field, place.row), Symbol::read(&document, field));
            if held != value {
                return Some(format!("{field} is {held:?} instead of {value:?}"));
            }
        }
        let held = part.chunk.params(place.row);
        let held: Params =
            held.into_iter().map(|(key, value, members)| (key.to_owned(), (value, members))).collect();
        let mut params = Params::new();
        walk(&row.params, "", &mut params);
        different(&held, &params)
    }
}

impl Index {
    /// Says how what it knows of a relationship's past, from a moment on, differs from what is told; `None` when nothing does.
    pub fn past_difference(
        &self,
        (project, customer): (Uuid, Uuid),
        lived: &Lived,
        from: Option<Instant>,
    ) -> Option<String> {
        let shard = self.shards.get(&project)?;
        let place = shard.places.get(self.customers.find(customer)?)?;
        let (past, chunk) = shard.part(place.slot)?.told()?;
        let held = past.told(chunk, place.row);
        let mut builder = PastBuilder::default();
        builder.put(0, lived);
        let told = builder.told();
        let from = from.map_or(i64::MIN, |from| from.0);
        let paths: BTreeSet<&String> = held.tracks.keys().chain(told.tracks.keys()).collect();
        for path in paths.into_iter().filter(|path| !past.has_lost_path(path)) {
            let [own, other] =
                [&held, &told].map(|told| told.tracks.get(path).map(|turns| since(turns, from)));
            // What was pruned left what it was at the horizon, or nothing where it has not changed since.
            let same = match (&own, &other) {
                (Some(only), None) | (None, Some(only)) => from > i64::MIN && only.len() <= 1,
                (own, other) => own == other,
            };
            if !same {
                return Some(format!("the past of {} is {own:?} instead of {other:?}", name(path)));
            }
        }
        (held.days != told.days).then(|| "it was seen on other days".to_owned())
    }
}

/// What a path is called.
fn name(path: &str) -> String {
    match path.strip_prefix("\0\0") {
        Some(field) => field.to_owned(),
        None => format!("params.{}", lists::path(path).unwrap_or(path).replace('\0', ".")),
    }
}

/// The changes after a moment, and before them what it was then: of what was missing then the log need not tell.
fn since(turns: &[(i64, Option<Datum>)], from: i64) -> Vec<(i64, Option<&Datum>)> {
    let first = turns.iter().rposition(|(time, _)| *time <= from).unwrap_or(0);
    let was_missing = |(time, value): &(i64, Option<Datum>)| *time <= from && value.is_none();
    let first = first + usize::from(turns.get(first).is_some_and(was_missing));
    turns[first..].iter().map(|(time, value)| ((*time).max(from), value.as_ref())).collect()
}

fn walk(object: &Map<String, Value>, outside: &str, params: &mut Params) {
    for (name, value) in object {
        let key = format!("{outside}{name}");
        let scalars =
            value.as_array().into_iter().flatten().filter(|member| !member.is_array() && !member.is_object());
        let mut members: Vec<Datum> = scalars.map(Datum::of).collect();
        members.sort();
        members.dedup();
        if let Value::Object(inside) = value {
            walk(inside, &format!("{key}\0"), params);
        }
        params.insert(key, (Datum::of(value), members));
    }
}

/// The first path at which two differ.
fn different(held: &Params, stored: &Params) -> Option<String> {
    let name = |key: &str| chunk::path(key).map_or_else(String::new, |path| format!("params.{path}"));
    for (key, value) in stored {
        match held.get(key) {
            None => return Some(format!("{} is missing", name(key))),
            Some(own) if own != value => {
                return Some(format!("{} is {own:?} instead of {value:?}", name(key)));
            }
            Some(_) => {}
        }
    }
    let more = held.keys().find(|key| !stored.contains_key(*key))?;
    Some(format!("{} is there and should not be", name(more)))
}
