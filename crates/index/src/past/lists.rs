//! What lists held. Beside the values of a path, of which each list is one like any other, goes a second track: its values are
//! texts that say which scalars the lists held, so that it is kept, carried and undone as every track is.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    bits::Bits,
    column::{ColumnBuilder, Symbol, Symbols},
};

/// No path begins so.
const MARK: &str = "\0[]";

/// The key of the track of what the lists of a path held.
pub(super) fn key(path: &str) -> String {
    format!("{MARK}{path}")
}

/// The path, if a key is such a key.
pub(crate) fn path(key: &str) -> Option<&str> {
    key.strip_prefix(MARK)
}

/// What a list holds: its scalars, each once, in order.
pub(super) fn text(list: &Value) -> String {
    let scalars =
        list.as_array().into_iter().flatten().filter(|member| !member.is_array() && !member.is_object());
    let mut members: Vec<(Symbol<'_>, &Value)> = scalars.map(|member| (Symbol::of(member), member)).collect();
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    members.dedup_by(|(a, _), (b, _)| a == b);
    Value::Array(members.into_iter().map(|(_, member)| member.clone()).collect()).to_string()
}

/// The members that a text tells.
fn members(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap_or_default()
}

/// The distinct members of those of some lists that are asked for; and for each such list its code and those of its members.
fn dictionary(lists: &Symbols, asked: impl Fn(usize) -> bool) -> (Symbols, Vec<(usize, Vec<usize>)>) {
    let mut values = ColumnBuilder::default();
    let mut held: Vec<(usize, Vec<u32>)> = Vec::new();
    for code in lists.string_codes().filter(|code| asked(*code)) {
        if let Symbol::Text(text) = lists.get(code) {
            held.push((code, members(text).iter().map(|member| values.id(&Symbol::of(member))).collect()));
        }
    }
    let (symbols, codes) = values.into_symbols();
    let coded = |ids: Vec<u32>| ids.into_iter().map(|id| codes[id as usize] as usize).collect();
    (symbols, held.into_iter().map(|(list, ids)| (list, coded(ids))).collect())
}

/// The codes of the lists that hold one of some members, which `wanted` chooses from all that there are.
pub(crate) fn holding(lists: &Symbols, wanted: impl Fn(&Symbols) -> Bits) -> Bits {
    let (symbols, held) = dictionary(lists, |_| true);
    let (wanted, mut found) = (wanted(&symbols), Bits::none(lists.len()));
    held.iter()
        .filter(|(_, members)| members.iter().any(|code| wanted.has(*code)))
        .for_each(|(list, _)| found.insert(*list));
    found
}

/// The members of lists, with how many rows had each, where it is known how many had each list.
pub(super) fn counts(lists: &Symbols, rows: &[u32]) -> (Arc<Symbols>, Vec<u32>) {
    let (symbols, held) = dictionary(lists, |list| rows[list] > 0);
    let mut counts = vec![0; symbols.len()];
    for (list, members) in held {
        members.into_iter().for_each(|code| counts[code] += rows[list]);
    }
    (Arc::new(symbols), counts)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_is_told_by_its_scalars() {
        for (list, told) in [
            (json!(["b", "a", "b"]), json!(["a", "b"])),
            (json!([2, 1.0, 1, true, null, "1"]), json!([1.0, 2, "1", true, null])),
            (json!([[1], {"a": 1}]), json!([])),
            (json!([]), json!([])),
        ] {
            assert_eq!(members(&text(&list)), *told.as_array().unwrap(), "{list}");
        }
    }
}
