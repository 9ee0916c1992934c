//! How pages show values of params: by kind, so that the number 1, the string "1" and a missing key look different.

use bigdecimal::BigDecimal;
use filter::value::Moment;
use index::{Datum, Extreme};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    model::{Formats, Kept},
    store::Account,
};

/// The longest text of a cell; the page of the customer shows more of it.
const CELL_MAX: usize = 80;
/// The longest text that a cell says when it is pointed at.
const TITLE_MAX: usize = 400;
/// The longest text of a value on that page.
const LEAF_MAX: usize = 4_000;

/// A value as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Its text.
    pub(crate) text: String,
    /// What it is: the class of its style.
    pub(crate) kind: &'static str,
    /// All of it, where its text is cut or rounded; else empty.
    pub(crate) exact: String,
}

impl Shown {
    /// A value whose text is all of it.
    pub(crate) fn new(text: String, kind: &'static str) -> Shown {
        Shown { text, kind, exact: String::new() }
    }

    /// A text, cut where it is longer than so much.
    fn short(text: &str, longest: usize, kind: &'static str) -> Shown {
        let short = cut(text, longest);
        let exact = if short == text { String::new() } else { cut(text, TITLE_MAX) };
        Shown { text: short, kind, exact }
    }

    /// A moment as its day.
    pub(crate) fn time(at: &Timestamp, account: &Account) -> Shown {
        let (formats, zone) = (account.formats, &account.zone);
        Shown { text: formats.day_in(at, zone), kind: "date", exact: formats.exact(at, zone) }
    }

    /// A JSON value in a cell: short, arrays and objects summed up.
    pub(crate) fn cell(value: &Value, formats: Formats) -> Shown {
        let text = match value {
            Value::Null => "null".to_owned(),
            Value::Bool(flag) => flag.to_string(),
            Value::Number(number) => formats.value(&number.to_string()),
            Value::String(text) => text.clone(),
            // More than fit are not looked at.
            Value::Array(items) => {
                let items = items.iter().take(CELL_MAX).map(|item| Shown::cell(item, formats).text);
                items.collect::<Vec<_>>().join(", ")
            }
            Value::Object(map) => {
                format!(
                    "{{{}}}",
                    map.keys().take(CELL_MAX).map(String::as_str).collect::<Vec<_>>().join(", ")
                )
            }
        };
        Shown::short(&text, CELL_MAX, kind(value))
    }

    /// A value of the past: a long one by what is known of it.
    pub(crate) fn kept(kept: &Kept, formats: Formats) -> Shown {
        match kept {
            Kept::Whole(value) => Shown::cell(value, formats),
            Kept::Digest(digest) => {
                let (kind, bytes) = (digest["type"].as_str().unwrap_or("value"), &digest["bytes"]);
                let text = format!("({kind}, {} bytes)", formats.group(&bytes.to_string()));
                Shown::new(text, "null")
            }
        }
    }

    /// A JSON value in a tree: whole, unless it is very long; arrays and objects are drawn by their members.
    pub(crate) fn leaf(value: &Value) -> Shown {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Array(items) if items.is_empty() => "[]".to_owned(),
            Value::Object(map) if map.is_empty() => "{}".to_owned(),
            other => other.to_string(),
        };
        Shown::new(cut(&text, LEAF_MAX), kind(value))
    }

    /// Whether nothing of a leaf was cut off.
    pub(crate) fn whole(&self) -> bool {
        self.text.chars().nth(LEAF_MAX).is_none()
    }

    /// A facet's value.
    pub(crate) fn datum(value: &Datum, formats: Formats) -> Shown {
        let (text, kind) = match value {
            Datum::Number(number) => (number_text(number, formats), "number"),
            Datum::String(text) if text.is_empty() => ("(empty)".to_owned(), "null"),
            Datum::String(text) => return Shown::short(text, CELL_MAX, string_kind(text)),
            Datum::False => ("false".to_owned(), "boolean"),
            Datum::True => ("true".to_owned(), "boolean"),
            Datum::Null => ("null".to_owned(), "null"),
            Datum::Array => ("(array)".to_owned(), "null"),
            Datum::Object => ("(object)".to_owned(), "null"),
            Datum::Time(at) => (formats.day(at), "date"),
        };
        Shown::new(text, kind)
    }
}

/// An aggregate's value.
pub(crate) fn extreme(value: &Extreme, formats: Formats) -> String {
    match value {
        Extreme::Number(number) => number_text(number, formats),
        Extreme::Day(day) => formats.date(day),
        Extreme::Instant(instant) => formats.day(&instant.timestamp()),
    }
}

/// A number, exact.
pub(crate) fn number_text(number: &BigDecimal, formats: Formats) -> String {
    formats.value(&index::number::plain(number))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(text) => string_kind(text),
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn string_kind(text: &str) -> &'static str {
    match filter::value::moment(text) {
        Some(Moment::Day(..) | Moment::Instant(..)) => "date",
        None => "string",
    }
}

fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_look_different() {
        let shown = |value: Value| {
            let shown = Shown::cell(&value, Formats::default());
            (shown.text, shown.kind)
        };
        assert_eq!(shown(json!(12345)), ("12,345".to_owned(), "number"));
        assert_eq!(shown(json!(2030)), ("2030".to_owned(), "number"), "years are numbers too");
        assert_eq!(shown(json!("1234")), ("1234".to_owned(), "string"));
        assert_eq!(shown(json!(null)), ("null".to_owned(), "null"));
        assert_eq!(shown(json!("null")), ("null".to_owned(), "string"));
        assert_eq!(shown(json!("2026-03-29")), ("2026-03-29".to_owned(), "date"));
        assert_eq!(shown(json!(["a", 1])), ("a, 1".to_owned(), "array"));
        assert_eq!(shown(json!({"a": 1})), ("{a}".to_owned(), "object"));
        let long = Shown::cell(&json!("x".repeat(100)), Formats::default());
        assert_eq!((long.text.chars().count(), long.exact), (CELL_MAX + 1, "x".repeat(100)));
    }
}
