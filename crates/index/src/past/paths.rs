//! The paths of which a past is kept: those of values and of what lies inside them.

use serde_json::Value;

use super::lists;

/// What stands at a path before and after a change.
pub(super) type Sides<'v> = [Option<&'v Value>; 2];

/// Calls with each path at which two values of a key differ: themselves, what lies in objects, and lists once more as what
/// their members are.
pub(super) fn differing<'v>(key: &str, sides: Sides<'v>, call: &mut impl FnMut(&str, Sides<'v>)) {
    let differ = |[before, after]: Sides<'_>| !filter::is_same(before, after);
    if !differ(sides) {
        return; // nor does what lies inside
    }
    call(key, sides);
    let listed = sides.map(|side| side.filter(|value| value.is_array()));
    if differ(listed) {
        call(&lists::key(key), listed);
    }
    let [before, after] = sides.map(|side| side.and_then(Value::as_object));
    let is_new = |name: &String| before.is_none_or(|before| !before.contains_key(name));
    let old = before.into_iter().flatten().map(|(name, _)| name);
    let new = after.into_iter().flatten().map(|(name, _)| name).filter(|name| is_new(name));
    for name in old.chain(new) {
        let inner = [before, after].map(|side| side.and_then(|object| object.get(name)));
        differing(&format!("{key}\0{name}"), inner, call);
    }
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
