//! Whether the index holds a row as it is: every field, every path, every member of an array.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Index;
use crate::{
    Datum, Row,
    chunk::{self, BUILT_IN},
    column::Symbol,
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
