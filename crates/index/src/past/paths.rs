//! The paths of which a past is kept: those of values and of what lies inside them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::lists;

/// A value's paths: itself, what lies in objects, and lists once more as what their members are.
pub(super) type Flat<'v> = BTreeMap<String, &'v Value>;

fn flatten<'v>(key: &mut String, value: &'v Value, flat: &mut Flat<'v>) {
    flat.insert(key.clone(), value);
    if value.is_array() {
        flat.insert(lists::key(key), value);
    }
    if let Value::Object(object) = value {
        let outside = key.len();
        for (name, value) in object {
            key.push('\0');
            key.push_str(name);
            flatten(key, value, flat);
            key.truncate(outside);
        }
    }
}

pub(super) fn flat<'v>(key: &str, value: Option<&'v Value>) -> Flat<'v> {
    let mut all = Flat::new();
    if let Some(value) = value {
        flatten(&mut key.to_owned(), value, &mut all);
    }
    all
}

/// What a built-in field is called among paths, none of which begins so.
pub(super) fn field_key(name: &str) -> String {
    format!("\0\0{name}")
}

/// Whether a value looks like what the log keeps of a long list or object.
pub(super) fn is_digest(value: &Value) -> bool {
    let Value::Object(object) = value else { return false };
    object.contains_key("sha256")
        && matches!(object.get("type"), Some(Value::String(kind)) if kind == "array" || kind == "object")
}

/// The key that stands for all that lies inside a path.
pub(super) fn inside(path: &str) -> String {
    format!("{path}\0")
}
