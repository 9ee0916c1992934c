//! Untrusted JSON to values that Postgres, filters and people can all hold. What cannot be stored, searched or shown is
//! refused here with its place, before it can meet a neighbour in a batch.
//!
//! The text is taken apart one level at a time, so that depth costs no stack, each fault has its pointer, and no key can
//! be mistaken for serde_json's own markers.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
};

use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value, value::RawValue};

use super::{
    number::{self, DIGITS_MAX},
    refusal::{Faults, Pointer, Reason, Refusal},
};

/// Containers within containers, the body itself being the first.
pub const DEPTH_MAX: usize = 32;
/// The longest key, in bytes.
pub const KEY_MAX: usize = 1024;
/// serde_json marks exact numbers and raw values by keys that begin so; a stored one could not be read back.
const RESERVED: &str = "$serde_json::private::";

/// The bytes as one raw JSON value whose syntax is valid throughout.
pub fn raw(body: &[u8]) -> Result<&RawValue, Refusal> {
    let invalid = |error: &dyn fmt::Display| {
        Refusal::new(Reason::InvalidJson, format!("The body is not valid JSON: {error}."))
    };
    let text = std::str::from_utf8(body).map_err(|error| invalid(&error))?;
    if text.trim().is_empty() {
        return Err(invalid(&"it is empty"));
    }
    serde_json::from_str(text).map_err(|error| invalid(&error))
}

/// The elements of an array, each still raw; `None` when it is no array.
pub fn elements(raw: &RawValue) -> Option<Vec<&RawValue>> {
    raw.get().starts_with('[').then(|| serde_json::from_str(raw.get()).ok())?
}

/// The members of an object, each still raw; `None` when it is no object.
pub fn members(raw: &RawValue) -> Result<Option<BTreeMap<String, &RawValue>>, Refusal> {
    if !raw.get().starts_with('{') {
        return Ok(None);
    }
    let Ok(Members { members, repeated }) = serde_json::from_str(raw.get()) else { return Ok(None) };
    let mut faults = Faults::default();
    for key in &repeated {
        faults.add(Pointer::Root.key(key), REPEATED);
    }
    if faults.is_empty() { Ok(Some(members)) } else { Err(Refusal::of(Reason::InvalidJson, faults)) }
}

/// What is wrong with a key that an object has twice: readers of JSON do not agree on which of the two counts.
const REPEATED: &str = "the object has this key more than once: send it once";

/// An object taken apart.
struct Members<'a> {
    members: BTreeMap<String, &'a RawValue>,
    repeated: Vec<String>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut found = Members { members: BTreeMap::new(), repeated: Vec::new() };
        while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
            match found.members.entry(key) {
                Entry::Vacant(entry) => drop(entry.insert(value)),
                Entry::Occupied(entry) => found.repeated.push(entry.key().clone()),
            }
        }
        Ok(found)
    }
}

/// The value, if all of it can be stored.
pub fn read(raw: &RawValue) -> Result<Value, Refusal> {
    let mut reader = Reader::default();
    let value = reader.value(raw, &Pointer::Root, 0);
    if let Some(place) = reader.too_deep {
        let detail = format!("The body is nested deeper than {DEPTH_MAX} levels at {place}: flatten it.");
        return Err(Refusal::new(Reason::TooDeep, detail));
    }
    if !reader.repeated.is_empty() {
        return Err(Refusal::of(Reason::InvalidJson, reader.repeated));
    }
    reader.faults.or(value)
}

#[derive(Default)]
struct Reader {
    faults: Faults,
    repeated: Faults,
    too_deep: Option<String>,
}

impl Reader {
    fn value(&mut self, raw: &RawValue, at: &Pointer<'_>, depth: usize) -> Value {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'{' | b'[') if depth == DEPTH_MAX => {
                self.too_deep.get_or_insert_with(|| at.to_string());
                Value::Null
            }
            Some(b'{') => self.object(text, at, depth + 1),
            Some(b'[') => self.array(raw, at, depth + 1),
            Some(b'"') => self.string(text, at),
            Some(b't') => Value::Bool(true),
            Some(b'f') => Value::Bool(false),
            Some(b'n') => Value::Null,
            _ => self.number(text, at),
        }
    }

    fn object(&mut self, text: &str, at: &Pointer<'_>, depth: usize) -> Value {
        let Ok(Members { members, repeated }) = serde_json::from_str(text) else {
            self.faults
                .add(at, "a key holds half of a surrogate pair (such as \\ud800): send whole characters");
            return Value::Null;
        };
        for key in &repeated {
            self.repeated.add(at.key(key), REPEATED);
        }
        let mut object = Map::new();
        for (key, raw) in members {
            if self.key(&key, at) {
                let value = self.value(raw, &at.key(&key), depth);
                object.insert(key, value);
            }
        }
        Value::Object(object)
    }

    fn key(&mut self, key: &str, at: &Pointer<'_>) -> bool {
        let shown: String = key.chars().filter(|c| !c.is_control()).take(40).collect();
        if key.len() > KEY_MAX {
            let length = key.len();
            self.faults.add(
                at,
                format!("the key that begins {shown:?} has {length} bytes; a key has at most {KEY_MAX}"),
            );
        } else if key.contains('\0') {
            self.faults.add(
                at,
                format!(
                    "the key {shown:?} holds the character \\u0000, which cannot be stored: leave it out"
                ),
            );
        } else if key.starts_with(RESERVED) {
            self.faults.add(at, format!("keys that begin with {RESERVED} are reserved: choose another name"));
        } else {
            return true;
        }
        false
    }

    fn array(&mut self, raw: &RawValue, at: &Pointer<'_>, depth: usize) -> Value {
        let elements = elements(raw).unwrap_or_default();
        let values = elements.iter().enumerate();
        values.map(|(index, raw)| self.value(raw, &Pointer::Index(at, index), depth)).collect()
    }

    fn string(&mut self, text: &str, at: &Pointer<'_>) -> Value {
        match serde_json::from_str::<String>(text) {
            Ok(string) if string.contains('\0') => {
                self.faults.add(at, "holds the character \\u0000, which cannot be stored: leave it out");
                Value::Null
            }
            Ok(string) => Value::String(string),
            Err(_) => {
                self.faults
                    .add(at, "holds half of a surrogate pair (such as \\ud800): send whole characters");
                Value::Null
            }
        }
    }

    fn number(&mut self, text: &str, at: &Pointer<'_>) -> Value {
        match serde_json::from_str(text).ok().as_ref().and_then(number::plain) {
            Some(number) => Value::Number(number),
            None => {
                let mut shown: String = text.chars().take(24).collect();
                shown.extend((shown.len() < text.len()).then_some('…'));
                let detail = format!(
                    "the number {shown} has more than {DIGITS_MAX} digits when it is written plainly; send it as a string"
                );
                self.faults.add(at, detail);
                Value::Null
            }
        }
    }
}

/// How many scalars and empty containers a value holds: what an index on it costs.
pub fn leaves(value: &Value) -> usize {
    match value {
        Value::Array(elements) => elements.iter().map(leaves).sum::<usize>().max(1),
        Value::Object(members) => members.values().map(leaves).sum::<usize>().max(1),
        _ => 1,
    }
}

/// The length of a value's JSON text in bytes, without writing it.
pub fn text_len<T: serde::Serialize + ?Sized>(value: &T) -> usize {
    let mut length = 0;
    each_piece(value, |text| {
        length += text.len();
        true
    });
    length
}

/// Whether a value's JSON text has at most so many bytes; no more of it is looked at.
pub fn fits<T: serde::Serialize + ?Sized>(value: &T, most: usize) -> bool {
    let mut left = Some(most);
    each_piece(value, |text| {
        left = left.and_then(|left| left.checked_sub(text.len()));
        left.is_some()
    });
    left.is_some()
}

/// Hands over a value's JSON text piece by piece, until one is refused.
pub fn each_piece<T: serde::Serialize + ?Sized>(value: &T, take: impl FnMut(&[u8]) -> bool) {
    struct Pieces<F>(F);
    impl<F: FnMut(&[u8]) -> bool> std::io::Write for Pieces<F> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if (self.0)(bytes) { Ok(bytes.len()) } else { Err(std::io::ErrorKind::Other.into()) }
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    // It fails where a piece is refused, and nowhere else: maps with text keys always have a JSON text.
    let _ = serde_json::to_writer(Pieces(take), value);
}
