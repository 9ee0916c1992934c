//! Cells of a table, taken from the text of params without building the values that no column wants.

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// What a cell holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    /// Nothing: the key is missing, or null.
    #[default]
    Empty,
    /// A number or a boolean, as it is written.
    Plain(&'a str),
    /// Text, which a spreadsheet might take for a formula.
    Text(Cow<'a, str>),
}

impl<'a> Cell<'a> {
    /// The cell of a JSON value: arrays and objects as their JSON.
    pub(super) fn of(value: &'a RawValue) -> Cell<'a> {
        let json = value.get();
        match json.as_bytes().first() {
            Some(b'"') => Cell::Text(unquoted(json)),
            Some(b'n') | None => Cell::Empty,
            Some(b'[' | b'{') => Cell::Text(Cow::Borrowed(json)),
            Some(_) => Cell::Plain(json),
        }
    }

    /// The bytes of the cell. Text that a spreadsheet would run as a formula gets an apostrophe in front.
    pub(super) fn shown(&self) -> Cow<'_, str> {
        match self {
            Cell::Empty => Cow::Borrowed(""),
            Cell::Plain(text) => Cow::Borrowed(text),
            Cell::Text(text) => harmless(text),
        }
    }
}

/// Text with an apostrophe in front where it begins like a formula. Text that looks as if it had got one gets one more, so
/// that no two texts are shown alike.
///
/// A spreadsheet whose list separator is `;` cuts our cells there and at their line breaks, whatever the quotes say, so
/// what follows these is held to the same.
pub fn harmless(text: &str) -> Cow<'_, str> {
    // Most texts are words: of these two looks at their bytes say it.
    let is_word = text.as_bytes().first().is_none_or(u8::is_ascii_alphanumeric);
    if is_word && !text.bytes().any(|byte| matches!(byte, b';' | b'\t' | b'\n' | b'\r')) {
        return Cow::Borrowed(text);
    }
    if !is_formula(text) && !pieces(text).skip(1).any(is_signed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 2);
    for (place, piece) in pieces(text).enumerate() {
        if place == 0 && is_formula(text) || place > 0 && is_signed(piece) {
            shown.push('\'');
        }
        shown.push_str(piece);
    }
    Cow::Owned(shown)
}

/// The text of a cell again: without the apostrophes that `harmless` puts in.
pub fn bare(cell: &str) -> Cow<'_, str> {
    if !cell.contains('\'') {
        return Cow::Borrowed(cell);
    }
    let mut text = String::with_capacity(cell.len());
    for (place, piece) in pieces(cell).enumerate() {
        let ours = |rest: &&str| if place == 0 { is_formula(rest) } else { is_signed(rest) };
        text.push_str(piece.strip_prefix('\'').filter(ours).unwrap_or(piece));
    }
    Cow::Owned(text)
}

/// What a spreadsheet may take for several cells, each with what ends it.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive([';', '\t', '\n', '\r'])
}

/// Whether a text begins like a formula: with a sign, or with what some leave out although it is no blank.
fn is_formula(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| is_left_out(c) && !c.is_control());
    rest.starts_with(['\t', '\r', '\n']) || is_signed(rest)
}

/// Whether a text begins with the sign of a formula, behind what spreadsheets leave out. Some take the wide signs of Japanese
/// keyboards for these too.
fn is_signed(text: &str) -> bool {
    let rest = text.trim_start_matches(is_left_out);
    rest.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

/// What spreadsheets leave out before a formula: apostrophes, quotes (cut where we cut no cell, two of them are an empty one),
/// blanks, and what nobody sees.
fn is_left_out(c: char) -> bool {
    matches!(c, '\'' | '"' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}') || c.is_whitespace()
}

/// A JSON string's text; without escapes it is what stands between the quotes.
fn unquoted(json: &str) -> Cow<'_, str> {
    if json.contains('\\') {
        return Cow::Owned(serde_json::from_str(json).unwrap_or_default());
    }
    Cow::Borrowed(json.trim_matches('"'))
}

/// The members of a JSON object, their values not parsed.
#[derive(Debug)]
pub(super) struct Members<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The members of an object; none of anything else.
    pub(super) fn of(json: &'a str) -> Members<'a> {
        let object = json.starts_with('{');
        object.then(|| serde_json::from_str(json).ok()).flatten().unwrap_or(Members(Vec::new()))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Key(key), value)) = map.next_entry()? {
                    members.push((key, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// A key, borrowed where it holds no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_harmless_and_numbers_stay() {
        for (json, shown) in [
            ("-5", "-5"),
            ("1e3", "1e3"),
            ("true", "true"),
            ("null", ""),
            (r#""-5""#, "'-5"),
            (r#""=1+1""#, "'=1+1"),
            (r#""+49""#, "'+49"),
            (r#""@x""#, "'@x"),
            (r#""\t=1""#, "'\t'=1"),
            (r#""\r=1""#, "'\r'=1"),
            (r#""\n=1""#, "'\n'=1"),
            (r#"" =1""#, "' =1"),
            (r#""\u00a0\t=1""#, "'\u{a0}\t'=1"),
            (r#""' -1""#, "'' -1"),
            (r#""＝1""#, "'＝1"),
            (r#"" a""#, " a"),
            (r#""a=1""#, "a=1"),
            (r#""'=1""#, "''=1"),
            (r#""a;=1+1;b""#, "a;'=1+1;b"),
            (r#""=1;-2""#, "'=1;'-2"),
            (r#""a;'=1""#, "a;''=1"),
            (r#""a;b; @c;""#, "a;b;' @c;"),
            (r#""note\n\n- item\r\n=1""#, "note\n\n'- item\r\n'=1"),
            (r#""a\t+1""#, "a\t'+1"),
            (r#""hi;\"=1+1;""#, "hi;'\"=1+1;"),
            (r#""\"\"=1""#, "'\"\"=1"),
            (r#""a;\ufeff=1""#, "a;'\u{feff}=1"),
            (r#""a;b-c;\nd""#, "a;b-c;\nd"),
            (r#"["a;=1"]"#, r#"["a;'=1"]"#),
            (r#""''-5""#, "'''-5"),
            (r#""'t Hooft""#, "'t Hooft"),
            (r#""say \"hi\"""#, "say \"hi\""),
            (r#"["=1"]"#, r#"["=1"]"#),
        ] {
            let raw: &RawValue = serde_json::from_str(json).unwrap();
            assert_eq!(Cell::of(raw).shown(), shown, "{json}");
            if let Ok(text) = serde_json::from_str::<String>(json) {
                assert_eq!(bare(shown), text, "{json}");
            }
        }
    }
}
