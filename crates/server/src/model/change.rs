//! What one call enters into the log of a relationship: each value before and after, when, and how that date is known.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::json;

/// Values longer than this (JSON text, bytes) enter the log as their type, size and hash.
const WHOLE_MAX: usize = 64 << 10;

/// So much of a value's text is hashed at once.
const PIECE: usize = 4 << 10;

/// The built-in fields that have a past.
pub const FIELDS: [&str; 4] = ["email", "name", "status", "user_id"];

/// A value as the log keeps it.
#[derive(Clone, Debug, PartialEq)]
pub enum Kept {
    /// As it was.
    Whole(Value),
    /// A long one: `{"type", "bytes", "sha256"}`.
    Digest(Value),
}

impl Kept {
    /// What the log keeps of a value.
    pub fn of(value: &Value) -> Kept {
        if json::fits(value, WHOLE_MAX) { Kept::Whole(value.clone()) } else { Kept::digest(value) }
    }

    /// The digest of a value, however long it is.
    pub fn digest(value: &Value) -> Kept {
        let (mut hasher, mut bytes) = (Sha256::new(), 0);
        // Pieces are a few bytes each: gathered, they cost half.
        let mut gathered = Vec::with_capacity(PIECE);
        json::each_piece(value, |text| {
            bytes += text.len();
            if gathered.len() + text.len() > PIECE {
                hasher.update(&gathered);
                gathered.clear();
            }
            if text.len() > PIECE {
                hasher.update(text);
            } else {
                gathered.extend_from_slice(text);
            }
            true
        });
        hasher.update(&gathered);
        let hash: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let kind = filter::value::Kind::of(value).as_str();
        Kept::Digest(json!({ "type": kind, "bytes": bytes, "sha256": hash }))
    }

    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        let (Kept::Whole(value) | Kept::Digest(value)) = self;
        json::text_len(value)
    }

    /// A built-in field's text.
    pub fn text(text: &str) -> Kept {
        Kept::Whole(Value::from(text))
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Kept::Whole(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}

/// A value before and after a call; an absent side was missing. *After* is the truth; *before* is what stood there when
/// the change was entered, for the timeline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sides {
    /// What it was.
    pub before: Option<Kept>,
    /// What it became.
    pub after: Option<Kept>,
}

impl Sides {
    /// The text of a built-in field.
    pub fn text(before: Option<&str>, after: Option<&str>) -> Sides {
        Sides { before: before.map(Kept::text), after: after.map(Kept::text) }
    }

    /// As stored: `{"before": …, "after": …}`; a long side is `before_large` or `after_large`.
    pub fn to_json(&self) -> Value {
        let mut sides = Map::new();
        for (side, kept) in [("before", &self.before), ("after", &self.after)] {
            match kept {
                Some(Kept::Whole(value)) => sides.insert(side.to_owned(), value.clone()),
                Some(Kept::Digest(digest)) => sides.insert(format!("{side}_large"), digest.clone()),
                None => None,
            };
        }
        Value::Object(sides)
    }

    /// Reads what [`Sides::to_json`] wrote.
    pub fn read(mut stored: Value) -> Sides {
        let mut take = |side: &str| {
            let sides = stored.as_object_mut()?;
            let digest = |sides: &mut Map<String, Value>| sides.remove(&format!("{side}_large"));
            sides.remove(side).map(Kept::Whole).or_else(|| digest(sides).map(Kept::Digest))
        };
        Sides { before: take("before"), after: take("after") }
    }
}

/// How the date of a change is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatedBy {
    /// The call said it.
    Caller,
    /// An import said only since when the customer is known.
    FirstSeen,
    /// It is when the call was received.
    Receipt,
}

impl DatedBy {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            DatedBy::Caller => "caller",
            DatedBy::FirstSeen => "first_seen",
            DatedBy::Receipt => "receipt",
        }
    }

    /// What the word says.
    pub fn of(word: &str) -> Option<DatedBy> {
        let all = [DatedBy::Caller, DatedBy::FirstSeen, DatedBy::Receipt];
        all.into_iter().find(|dated_by| dated_by.as_str() == word)
    }
}

/// What one call altered.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// When it happened.
    pub at: Timestamp,
    /// How that is known.
    pub dated_by: DatedBy,
    /// Whether the relationship began with it. Such a change holds the status, until that is pruned.
    pub created: bool,
    /// Those of [`FIELDS`].
    pub fields: BTreeMap<&'static str, Sides>,
    /// Keys of the params.
    pub params: BTreeMap<String, Sides>,
    /// Names that came too late to alter the present value, whether or not they entered the past.
    pub stale: Vec<String>,
}

impl Change {
    /// A change of nothing yet.
    pub fn new(at: Timestamp, dated_by: DatedBy, created: bool) -> Change {
        Change { at, dated_by, created, fields: BTreeMap::new(), params: BTreeMap::new(), stale: Vec::new() }
    }

    /// Whether there is nothing to enter.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.params.is_empty()
    }
}

/// Named sides as stored: an object.
pub fn to_json<N: AsRef<str>>(sides: &BTreeMap<N, Sides>) -> Value {
    sides.iter().map(|(name, sides)| (name.as_ref().to_owned(), sides.to_json())).collect()
}

/// Reads the sides of fields.
pub fn read_fields(stored: Value) -> BTreeMap<&'static str, Sides> {
    let known = |name: String| FIELDS.into_iter().find(|field| *field == name);
    read_params(stored).into_iter().filter_map(|(name, sides)| Some((known(name)?, sides))).collect()
}

/// Reads the sides of keys of the params.
pub fn read_params(stored: Value) -> BTreeMap<String, Sides> {
    match stored {
        Value::Object(all) => all.into_iter().map(|(name, sides)| (name, Sides::read(sides))).collect(),
        _ => BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_whole_up_to_64_kib() {
        let whole = json!("x".repeat(WHOLE_MAX - 2));
        assert_eq!(Kept::of(&whole), Kept::Whole(whole));
        let Kept::Digest(digest) = Kept::of(&json!("x".repeat(WHOLE_MAX - 1))) else { panic!("it is long") };
        assert_eq!((&digest["type"], &digest["bytes"]), (&json!("string"), &json!(WHOLE_MAX + 1)));
    }

    #[test]
    fn what_is_stored_is_read_back() {
        for sides in [
            Sides::default(),
            Sides::text(None, Some("a")),
            Sides { before: Some(Kept::Whole(Value::Null)), after: Some(Kept::digest(&json!([1]))) },
        ] {
            assert_eq!(Sides::read(sides.to_json()), sides);
        }
    }
}
