//! What a body does to params: each key with its edit.

use std::collections::{BTreeSet, btree_map::Entry};

use serde_json::{Map, Value};

use super::{Body, a};
use crate::model::{Edit, Identify, number, refusal::Pointer};

impl Body {
    fn object(&mut self, field: &str) -> Map<String, Value> {
        match self.take(field) {
            Some(Value::Object(object)) => object,
            Some(other) => {
                self.fault(field, format!("is an object of keys and values, found {}", a(&other)));
                Map::new()
            }
            None => Map::new(),
        }
    }

    /// The keys to remove: an array of strings.
    fn unset(&mut self) -> BTreeSet<String> {
        let keys = match self.take("unset") {
            Some(Value::Array(keys)) => keys,
            Some(other) => {
                self.fault(
                    "unset",
                    format!("is an array of keys, as in [\"trial_ends\"]; found {}", a(&other)),
                );
                Vec::new()
            }
            None => Vec::new(),
        };
        let mut texts = BTreeSet::new();
        for (index, key) in keys.into_iter().enumerate() {
            match key {
                Value::String(key) => {
                    texts.insert(key);
                }
                other => self.faults.add(format!("/unset/{index}"), format!("is a key, found {}", a(&other))),
            }
        }
        texts
    }

    /// What the body does to params. One call names a key once.
    pub(super) fn edits(&mut self, mut call: Identify) -> Identify {
        for key in self.unset() {
            self.edit(&mut call, "unset", key, Edit::Unset);
        }
        for (key, value) in self.object("params") {
            self.edit(&mut call, "params", key, Edit::Set(value));
        }
        for (key, value) in self.object("set_once") {
            self.edit(&mut call, "set_once", key, Edit::SetOnce(value));
        }
        for (key, value) in self.object("increment") {
            match &value {
                Value::Number(by) => {
                    if let Some(by) = number::exact(by) {
                        self.edit(&mut call, "increment", key, Edit::Increment(by));
                    }
                }
                other => {
                    let at = Pointer::Root.key("increment").key(&key).to_string();
                    self.faults.add(at, format!("is a number to add, found {}", a(other)));
                }
            }
        }
        for (key, value) in self.object("add") {
            self.edit(&mut call, "add", key, Edit::Add(set(value)));
        }
        for (key, value) in self.object("remove") {
            self.edit(&mut call, "remove", key, Edit::Remove(set(value)));
        }
        call
    }

    fn edit(&mut self, call: &mut Identify, field: &str, key: String, edit: Edit) {
        match call.edits.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(edit);
            }
            Entry::Occupied(entry) => {
                let at = Pointer::Root.key(field).key(entry.key()).to_string();
                let other = entry.get().field();
                self.faults.add(at, format!("this key is named by {other} too; one call names a key once"));
            }
        }
    }
}

/// One value, or the values of an array, as the members of a set.
fn set(value: Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values,
        value => vec![value],
    }
}
