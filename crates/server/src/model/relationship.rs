//! A customer in a project as the write path holds it, and the record of what a call altered.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use filter::Status;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::json;

/// Values longer than this (JSON text, bytes) enter history as their type, size and hash.
const HISTORY_VALUE_MAX: usize = 4096;

/// The row of a relationship, without its ids.
#[derive(Clone, Debug, PartialEq)]
pub struct Relationship {
    /// The app's own id of the customer.
    pub user_id: Option<String>,
    /// The name last given in this project.
    pub name: Option<String>,
    /// The payment status.
    pub status: Status,
    /// When the status became what it is.
    pub status_since: Timestamp,
    /// The earliest time at which a call said `paid`.
    pub first_paid: Option<Timestamp>,
    /// The free-form values.
    pub params: Map<String, Value>,
    /// Keys that only publishable calls have set.
    pub open_keys: BTreeSet<String>,
    /// The earliest time at which the customer was seen.
    pub first_seen: Timestamp,
    /// The latest.
    pub last_activity: Timestamp,
}

impl Relationship {
    /// Somebody seen for the first time: free, and nothing else is known.
    pub fn new(at: Timestamp) -> Relationship {
        Relationship {
            user_id: None,
            name: None,
            status: Status::Free,
            status_since: at,
            first_paid: None,
            params: Map::new(),
            open_keys: BTreeSet::new(),
            first_seen: at,
            last_activity: at,
        }
    }

    /// Marks that the customer was seen.
    pub fn see(&mut self, at: Timestamp) {
        self.first_seen = self.first_seen.min(at);
        self.last_activity = self.last_activity.max(at);
    }
}

/// A value before and after a call; an absent side was missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sides {
    /// What it was.
    pub before: Option<Value>,
    /// What it became.
    pub after: Option<Value>,
}

impl Sides {
    /// The text of a built-in field.
    pub(super) fn text(before: Option<&str>, after: Option<&str>) -> Sides {
        Sides { before: before.map(Value::from), after: after.map(Value::from) }
    }

    /// As stored: `{"before": …, "after": …}`; a long side is `before_large` or `after_large` with type, size and hash.
    fn to_json(&self) -> Value {
        let mut sides = Map::new();
        for (side, value) in [("before", &self.before), ("after", &self.after)] {
            match value {
                Some(value) if json::text_len(value) > HISTORY_VALUE_MAX => {
                    sides.insert(format!("{side}_large"), digest(value));
                }
                Some(value) => {
                    sides.insert(side.to_owned(), value.clone());
                }
                None => {}
            }
        }
        Value::Object(sides)
    }
}

fn digest(value: &Value) -> Value {
    let text = value.to_string();
    let hash: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    json!({ "type": filter::value::Kind::of(value).as_str(), "bytes": text.len(), "sha256": hash })
}

/// What one call altered.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// When it happened.
    pub at: Timestamp,
    /// `email`, `user_id`, `name`, `status`.
    pub fields: BTreeMap<&'static str, Sides>,
    /// Keys of the params.
    pub params: BTreeMap<String, Sides>,
    /// Those of both that came too late to alter the present value.
    pub stale: Vec<String>,
}

impl Change {
    /// A change of nothing yet.
    pub fn new(at: Timestamp) -> Change {
        Change { at, fields: BTreeMap::new(), params: BTreeMap::new(), stale: Vec::new() }
    }

    /// Whether there is nothing to record.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.params.is_empty()
    }

    /// The fields as stored.
    pub fn fields_json(&self) -> Value {
        self.fields.iter().map(|(field, sides)| ((*field).to_owned(), sides.to_json())).collect()
    }

    /// The params as stored.
    pub fn params_json(&self) -> Value {
        self.params.iter().map(|(key, sides)| (key.clone(), sides.to_json())).collect()
    }
}

/// When each field and key last changed. Only what is later than the oldest call at hand needs to be known.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Of `user_id`, `name`, `status`.
    pub fields: HashMap<String, Timestamp>,
    /// Of the keys of the params.
    pub params: HashMap<String, Timestamp>,
}

impl History {
    /// Takes note of a change.
    pub fn note(&mut self, change: &Change) {
        for field in change.fields.keys() {
            later(&mut self.fields, field, change.at);
        }
        for key in change.params.keys() {
            later(&mut self.params, key, change.at);
        }
    }
}

/// Moves the date of a key forward, never back.
pub fn later(dates: &mut HashMap<String, Timestamp>, key: &str, at: Timestamp) {
    match dates.get_mut(key) {
        Some(date) => *date = at.max(*date),
        None => {
            dates.insert(key.to_owned(), at);
        }
    }
}
