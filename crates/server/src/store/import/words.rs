//! What of a text may name somebody: addresses wherever they stand, and of what is broken every word.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::{Email, body::USER_ID_MAX};

/// What ends an address wherever it stands.
const ENDS: &str = "\"<>()[]{},;:\\|";
/// What may be a part of an address, and stands before one more often.
const MAY_END: &str = "=/&?#'*!%$^`~";
/// No address takes more bytes, in whatever form.
const LONGEST: usize = 2_000;

/// Every address in a text, in its one form; a text that is JSON is looked into.
pub(super) fn addresses(text: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    look(text, &mut found);
    found.into_iter().collect()
}

/// Every word of a text that is no JSON and was meant to be: texts in quotes, and what stands outside of them. One of them may
/// be an id.
pub(super) fn words_of_broken(text: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut rest = text;
    while let Some(open) = rest.find('"') {
        found.extend(rest[..open].split([' ', '\t', ',', ':', '{', '}', '[', ']']).map(str::to_owned));
        let inside = &rest[open + 1..];
        let mut escaped = false;
        let close = inside.find(|c| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        });
        let end = close.unwrap_or(inside.len());
        let written = &inside[..end];
        let word = serde_json::from_str(&format!("\"{written}\"")).unwrap_or_else(|_| written.to_owned());
        found.insert(word);
        rest = inside.get(end + 1..).unwrap_or_default();
    }
    found.extend(rest.split([' ', '\t', ',', ':', '{', '}', '[', ']']).map(str::to_owned));
    found.retain(|word| !word.is_empty() && word.chars().count() <= USER_ID_MAX);
    found.into_iter().collect()
}

fn look(text: &str, found: &mut BTreeSet<String>) {
    match serde_json::from_str(text) {
        Ok(Value::Null | Value::Bool(_) | Value::Number(_)) => {}
        Ok(value) => within(&value, found),
        Err(_) => read(text, found),
    }
}

fn within(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => look(text, found),
        Value::Array(values) => values.iter().for_each(|value| within(value, found)),
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            read(key, found);
            within(value, found);
        }),
        _ => {}
    }
}

/// Reads plain text: all of it, what stands between signs that end an address, and between those that may.
fn read(text: &str, found: &mut BTreeSet<String>) {
    if !text.contains('@') {
        return;
    }
    let ends = |c: char| c.is_whitespace() || c.is_control() || ENDS.contains(c);
    let words = text.split(ends).chain(text.split(|c| ends(c) || MAY_END.contains(c)));
    let words = [text].into_iter().chain(words);
    for word in words.filter(|word| word.len() <= LONGEST && word.contains('@')) {
        let word = word.trim_matches(['.', '\'']);
        found.extend(Email::parse(word).ok().map(|email| email.as_str().to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_what_is_no_json() {
        for (text, expected) in [
            (r#"{"user_id": "u\u002d17", "n": 42, "#, &["42", "n", "u-17", "user_id"][..]),
            (r#"{"user_id": "u\"1"#, &["u\"1", "user_id"]),
            ("{\"a\": \"\\ud800\"", &["\\ud800", "a"]),
            ("", &[]),
        ] {
            assert_eq!(words_of_broken(text), expected, "{text}");
        }
    }

    #[test]
    fn addresses_are_found_however_they_are_written() {
        for (text, expected) in [
            ("", &[][..]),
            ("no address, a@b either", &[]),
            (r#"["Ada@X.com","Ada","1"]"#, &["ada@x.com"]),
            (r#"["ÉMILE@X.com","a@XN--Mnchen-3ya.de"]"#, &["a@münchen.de", "émile@x.com"]),
            (
                r#"["Ada <ada@x.com>, bob@x.com; mailto:cat@x.com."]"#,
                &["ada@x.com", "bob@x.com", "cat@x.com"],
            ),
            (r#"["https:?to=ada@x.com"]"#, &["?to=ada@x.com", "ada@x.com"]),
            (r#""{\"email\": \"ad\\u0061@x.com\", \"bob@x.com\": 1}""#, &["ada@x.com", "bob@x.com"]),
            (r#""{\"email\": \"ada@x.com\", ""#, &["ada@x.com"]),
            (r#"["{\"to\": [\"o'brien@x.com\"]}"]"#, &["brien@x.com", "o'brien@x.com"]),
            ("ada@x.com is on line 2.", &["ada@x.com"]),
        ] {
            assert_eq!(addresses(text), expected, "{text}");
        }
    }
}
