//! What of a text may name somebody: addresses wherever they stand, of what is broken every word, and words that are known.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::{Email, body::USER_ID_MAX};

/// What ends an address wherever it stands.
const ENDS: &str = "\"<>()[]{},;:\\|";
/// What may be a part of an address, and stands before one more often.
const MAY_END: &str = "=/&?#'*!%$^`~";
/// No address takes more bytes, in whatever form.
const LONGEST: usize = 2_000;

/// Shorter words are looked for in no text, nor are numbers: they stand in many that are about nobody.
const WORD_LEAST: usize = 4;

/// Words that name somebody.
#[derive(Debug)]
pub(super) struct Words {
    written: Vec<String>,
    /// The same in small letters.
    small: Vec<String>,
}

impl Words {
    /// Those of some words that are looked for.
    pub(super) fn of<'a>(words: impl Iterator<Item = &'a String>) -> Words {
        let tells = |word: &&String| {
            word.chars().count() >= WORD_LEAST && !word.bytes().all(|byte| byte.is_ascii_digit())
        };
        let written: Vec<String> = words.filter(tells).cloned().collect();
        Words { small: written.iter().map(|word| word.to_lowercase()).collect(), written }
    }

    /// All of them as they are written.
    pub(super) fn written(&self) -> &Vec<String> {
        &self.written
    }

    /// Whether one of them stands in a text by itself: Mark in `mark, paid` and not in `remark`.
    pub(super) fn stand_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.small.iter().any(|word| stands(&text, word))
    }

    /// The same of the texts in a JSON value, whatever their keys are called.
    pub(super) fn stand_within(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.stand_in(text),
            Value::Array(values) => values.iter().any(|value| self.stand_within(value)),
            Value::Object(members) => members.values().any(|value| self.stand_within(value)),
            _ => false,
        }
    }
}

/// Whether a word stands in a text with no letter or digit before or after its own.
fn stands(text: &str, word: &str) -> bool {
    let joins = |side: Option<char>, own: Option<char>| side.is_some_and(joins) && own.is_some_and(joins);
    let (first, last) = (word.chars().next(), word.chars().next_back());
    let mut from = 0;
    while let Some(found) = text[from..].find(word) {
        let at = from + found;
        let (before, after) = (text[..at].chars().next_back(), text[at + word.len()..].chars().next());
        if !joins(before, first) && !joins(after, last) {
            return true;
        }
        from = at + first.map_or(1, char::len_utf8);
    }
    false
}

/// Whether a character is a part of a longer word with those beside it. Thai, Chinese and what is written like them, and Korean,
/// where a title follows a name at once, put nothing between words: there every place may be the end of one.
fn joins(c: char) -> bool {
    let has_spaces = !matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
        | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ffdc}'
        | '\u{20000}'..='\u{3ffff}');
    has_spaces && c.is_alphanumeric()
}

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
    fn words_are_found_where_they_stand_by_themselves() {
        for (word, text, stands) in [
            ("Mark", "a remark on line 2", false),
            ("Mark", "bookmarks, Denmark", false),
            ("Mark", "MARK", true),
            ("mark", "of Mark's, 2026", true),
            ("Mark", "stats_mark-2.csv", true),
            ("Mark", "mark2.csv", false),
            ("Mark", "remark by Mark", true),
            ("Mark Twain", "mark twain.csv", true),
            ("Mark Twain", "mark  twain.csv", false),
            ("José", "JOSÉ: 3 rows", true),
            ("José", "Joséphine", false),
            ("Иван", "Иванова", false),
            ("Иван", "«Иван»", true),
            ("山田太郎", "山田太郎さん.csv", true),
            ("ada@x.com", "<ada@x.com>", true),
            ("ada@x.com", "bada@x.com", false),
            ("ada@x.com", "ada@x.community", false),
            ("usr_4", "usr_42", false),
            ("usr_4", "(usr_4)", true),
            ("anna anna", "xanna anna anna", true),
            ("(Ada)", "x(Ada)x", true),
            ("Ann", "Ann", false),
            ("12345", "12345", false),
        ] {
            assert_eq!(Words::of([&word.to_owned()].into_iter()).stand_in(text), stands, "{word} in {text}");
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
