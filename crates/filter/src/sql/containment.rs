//! Documents for `params @> …`: conditions that one containment can answer together.

use serde_json::{Map, Value};

use crate::path::Path;
use crate::predicate::{Node, Test};

/// The documents that a relationship's params must contain. A document holds each path once: two conditions that name
/// one path, or a path and one inside it, are in different documents.
#[derive(Default)]
pub(super) struct Documents(Vec<Map<String, Value>>);

impl Documents {
    /// Adds the node, if it is one that containment answers.
    pub(super) fn take(&mut self, node: &Node) -> bool {
        let Node::Condition(condition) = node else { return false };
        let Some((path, value)) = condition.field.path().zip(contained(&condition.test)) else {
            return false;
        };
        if !self.0.iter_mut().any(|document| insert(document, path.keys(), &value)) {
            self.0.push(nested(path, &value));
        }
        true
    }

    pub(super) fn into_values(self) -> Vec<Value> {
        self.0.into_iter().map(Value::Object).collect()
    }
}

/// The document of one condition, if containment answers it.
pub(super) fn document(path: &Path, test: &Test) -> Option<Value> {
    contained(test).map(|value| Value::Object(nested(path, &value)))
}

/// What the value at the path must contain.
fn contained(test: &Test) -> Option<Value> {
    match test {
        Test::Equals(scalar) => Some(scalar.to_json()),
        Test::Has(scalar) => Some(Value::Array(vec![scalar.to_json()])),
        _ => None,
    }
}

fn nested(path: &Path, value: &Value) -> Map<String, Value> {
    let mut document = Map::new();
    insert(&mut document, path.keys(), value);
    document
}

/// Puts the value at the end of the keys, unless something is there or in the way.
fn insert(document: &mut Map<String, Value>, keys: &[String], value: &Value) -> bool {
    match keys {
        [] => false,
        [key] if document.contains_key(key) => false,
        [key] => {
            document.insert(key.clone(), value.clone());
            true
        }
        [key, inner @ ..] => match document.entry(key).or_insert_with(|| Value::Object(Map::new())) {
            Value::Object(object) => insert(object, inner, value),
            _ => false,
        },
    }
}
