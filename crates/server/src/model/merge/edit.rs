//! What an edit makes of the value of a key: pure, and without a copy of what is there.

use std::collections::HashSet;

use bigdecimal::BigDecimal;
use serde_json::Value;

use super::set::{self, Member};
use crate::model::{Edit, body::a, json, number};

/// What becomes of a key. A set is altered in place: many calls each put a tag into one that may be as long as all params.
pub(super) enum Next<'a> {
    Gone,
    Put(Value),
    /// The array is there, and gets these members.
    Grow(Vec<Value>),
    /// The array is there, and loses these members, so many bytes of text.
    Shrink(HashSet<Member<'a>>, usize),
}

impl Next<'_> {
    /// How many bytes params gain and lose by it.
    pub(super) fn sizes(&self, key: &str, before: Option<&Value>) -> (usize, usize) {
        let whole = || before.map_or(0, |value| entry_len(key, value));
        match self {
            Next::Gone => (0, whole()),
            Next::Put(value) => (entry_len(key, value), whole()),
            Next::Grow(new) => {
                let was_empty = before.and_then(Value::as_array).is_some_and(Vec::is_empty);
                (new.iter().map(|value| json::text_len(value) + 1).sum(), usize::from(was_empty))
            }
            Next::Shrink(_, bytes) => (0, *bytes),
        }
    }
}

/// What an edit makes of a value, or why it cannot; `None` leaves it as it is. Where a call replaces, no value is there.
pub(super) fn outcome<'a>(
    edit: &'a Edit,
    present: Option<&Value>,
    replace: bool,
) -> Result<Option<Next<'a>>, String> {
    let present = present.filter(|_| !replace);
    Ok(match edit {
        Edit::Unset => Some(Next::Gone),
        Edit::Set(value) => Some(Next::Put(value.clone())),
        Edit::SetOnce(value) => present.is_none().then(|| Next::Put(value.clone())),
        Edit::Increment(by) => Some(Next::Put(increment(present, by)?)),
        Edit::Add(values) => match array(present)? {
            None => Some(Next::Put(Value::Array(set::missing(&[], values)))),
            Some(members) => {
                Some(set::missing(members, values)).filter(|new| !new.is_empty()).map(Next::Grow)
            }
        },
        Edit::Remove(values) => match array(present)? {
            None => Some(Next::Gone),
            Some(members) => set::held(members, values).map(|(gone, bytes)| Next::Shrink(gone, bytes)),
        },
    })
}

fn increment(present: Option<&Value>, by: &BigDecimal) -> Result<Value, String> {
    let sum = match present {
        None => by.clone(),
        Some(Value::Number(number)) => number::exact(number).unwrap_or_default() + by,
        Some(other) => {
            return Err(format!("the present value is {}, not a number: set it with params first", a(other)));
        }
    };
    let number = number::from_exact(&sum);
    number.map(Value::Number).ok_or_else(|| format!("the sum has more than {} digits", number::DIGITS_MAX))
}

/// The members of a set, where it is there.
fn array(present: Option<&Value>) -> Result<Option<&[Value]>, String> {
    match present {
        None => Ok(None),
        Some(Value::Array(members)) => Ok(Some(members)),
        Some(other) => {
            Err(format!("the present value is {}, not an array: set it with params first", a(other)))
        }
    }
}

/// `"key":value,` in bytes.
pub(super) fn entry_len(key: &str, value: &Value) -> usize {
    json::text_len(key) + json::text_len(value) + 2
}
