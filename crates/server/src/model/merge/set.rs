//! Arrays as sets: which of some values are among the members. A look at each member, however long the array is, and no copy.

use std::collections::HashSet;

use serde_json::Value;

use crate::model::{json, number};

/// Those of the values that are not among the members, each once.
pub(super) fn missing(members: &[Value], values: &[Value]) -> Vec<Value> {
    let mut new: HashSet<Member<'_>> = values.iter().map(Member::of).collect();
    for member in members {
        if new.is_empty() {
            break;
        }
        new.remove(&Member::of(member));
    }
    values.iter().filter(|value| new.remove(&Member::of(value))).cloned().collect()
}

/// The values, if the members have any of them, and how many bytes of the array's text go with those.
pub(super) fn held<'a>(members: &[Value], values: &'a [Value]) -> Option<(HashSet<Member<'a>>, usize)> {
    let gone: HashSet<Member<'_>> = values.iter().map(Member::of).collect();
    let (mut count, mut bytes) = (0, 0);
    for member in members.iter().filter(|member| gone.contains(&Member::of(member))) {
        count += 1;
        bytes += json::text_len(member) + 1;
    }
    // The only member has no comma.
    (count > 0).then(|| (gone, bytes - usize::from(count == members.len())))
}

/// What makes two members of a set the same: numbers by value (`1` is `1.0`), everything else by its text. That of a string
/// or a whole number costs nothing.
#[derive(PartialEq, Eq, Hash)]
pub(super) enum Member<'a> {
    Text(&'a str),
    Whole(i64),
    Number(String),
    Other(String),
}

impl Member<'_> {
    /// What tells a value from others.
    pub(super) fn of(value: &Value) -> Member<'_> {
        match value {
            Value::String(text) => Member::Text(text),
            Value::Number(number) => {
                let plain = || number::exact(number).unwrap_or_default().normalized().to_plain_string();
                let whole = |plain: String| plain.parse().map_or(Member::Number(plain), Member::Whole);
                number.as_i64().map_or_else(|| whole(plain()), Member::Whole)
            }
            other => Member::Other(other.to_string()),
        }
    }
}
