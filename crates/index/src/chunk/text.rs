//! Takes params in as the JSON text that Postgres sends: straight into columns, with no tree in between.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::builders::Builders;
use crate::{column::Symbol, decimal::Decimal};

/// The key under which `serde_json` hands over numbers as they were written (its feature `arbitrary_precision`), unless they
/// are integers that fit. No stored object has it: calls that bring it are refused.
const NUMBER: &str = "$serde_json::private::Number";

/// Takes in the object that a row has as its params; `key` is empty.
pub(super) fn read(
    json: &[u8],
    builders: &mut Builders,
    row: u16,
    key: &mut String,
) -> Result<(), serde_json::Error> {
    let mut text = serde_json::Deserializer::from_slice(json);
    text.deserialize_map(Object { builders, row, key, inside: false })?;
    text.end()
}

/// An object whose path is `key`; one that is not `inside` another is the params themselves.
struct Object<'b> {
    builders: &'b mut Builders,
    row: u16,
    key: &'b mut String,
    inside: bool,
}

impl Object<'_> {
    /// Takes in the members of the object, the first of which has its key read already.
    fn members<'de, A: MapAccess<'de>>(self, first: Option<String>, mut map: A) -> Result<(), A::Error> {
        let outside = self.key.len();
        let mut next = first;
        loop {
            if self.inside {
                self.key.push('\0');
            }
            match next.take() {
                Some(name) => self.key.push_str(&name),
                None if map.next_key_seed(Name(self.key))?.is_none() => break,
                None => {}
            }
            map.next_value_seed(Member { builders: self.builders, row: self.row, key: self.key })?;
            self.key.truncate(outside);
        }
        self.key.truncate(outside);
        Ok(())
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.members(None, map)
    }
}

/// Adds a key to the path.
struct Name<'k>(&'k mut String);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<(), D::Error> {
        text.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, name: &str) -> Result<(), E> {
        self.0.push_str(name);
        Ok(())
    }
}

/// The value at a path.
struct Member<'b> {
    builders: &'b mut Builders,
    row: u16,
    key: &'b mut String,
}

impl Member<'_> {
    fn put<E>(self, value: &Symbol<'_>) -> Result<(), E> {
        self.builders.path(self.key).put(self.row, value);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<(), D::Error> {
        text.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.put(&Symbol::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.put(if value { &Symbol::True } else { &Symbol::False })
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.put(&Symbol::Number(Decimal::small(value, 0)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        match i64::try_from(value) {
            Ok(value) => self.put(&Symbol::Number(Decimal::small(value, 0))),
            Err(_) => self.put(&number_symbol(&value.to_string())),
        }
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.put(&Symbol::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let builder = self.builders.path(self.key);
        builder.put(self.row, &Symbol::Array);
        while let Some(member) = members.next_element::<Scalar>()? {
            if let Some(symbol) = member.symbol() {
                builder.put_member(self.row, &symbol);
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let first = map.next_key::<String>()?;
        if first.as_deref() == Some(NUMBER) {
            let number: String = map.next_value()?;
            return self.put(&number_symbol(&number));
        }
        self.builders.path(self.key).put(self.row, &Symbol::Object);
        let Self { builders, row, key } = self;
        match first {
            Some(first) => Object { builders, row, key, inside: true }.members(Some(first), map),
            None => Ok(()),
        }
    }
}

/// A number by its text, as [`Symbol::of`] says.
fn number_symbol(text: &str) -> Symbol<'_> {
    Decimal::parse(text).map_or(Symbol::Text(text), Symbol::Number)
}

/// A member of an array.
enum Scalar {
    Null,
    Boolean(bool),
    Number(String),
    Text(String),
    /// An array or an object, which is no member that anybody can ask for.
    Other,
}

impl Scalar {
    fn symbol(&self) -> Option<Symbol<'_>> {
        Some(match self {
            Scalar::Null => Symbol::Null,
            Scalar::Boolean(false) => Symbol::False,
            Scalar::Boolean(true) => Symbol::True,
            Scalar::Number(text) => number_symbol(text),
            Scalar::Text(text) => Symbol::Text(text),
            Scalar::Other => return None,
        })
    }
}

impl<'de> serde::Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Scalar, D::Error> {
        text.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Scalar, A::Error> {
        while members.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == NUMBER {
                return map.next_value().map(Scalar::Number);
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(Scalar::Other)
    }
}
