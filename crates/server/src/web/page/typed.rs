//! A value as a form holds it: a text, and what it is to be. A text stays a text unless the member chooses otherwise.

use filter::value::{Moment, moment};
use serde::Deserialize;
use serde_json::{Number, Value};

/// What a value is to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    #[default]
    Text,
    Number,
    Boolean,
    Date,
    Json,
}

impl Kind {
    /// Every kind, with its name in forms and its label.
    pub(crate) const ALL: [(&str, &str, Kind); 5] = [
        ("text", "Text", Kind::Text),
        ("number", "Number", Kind::Number),
        ("boolean", "True or false", Kind::Boolean),
        ("date", "Date", Kind::Date),
        ("json", "JSON", Kind::Json),
    ];

    /// The kind of that name; a text, where a form says none.
    pub(crate) fn named(name: &str) -> Option<Kind> {
        if name.is_empty() {
            return Some(Kind::Text);
        }
        Kind::ALL.into_iter().find(|(own, ..)| *own == name).map(|(.., kind)| kind)
    }
}

/// What stands in the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

impl Typed {
    /// Every kind: its name in the form, its label, and whether it is this one.
    pub(crate) fn kinds(&self) -> [(&'static str, &'static str, bool); 5] {
        Kind::ALL.map(|(name, label, kind)| (name, label, kind == self.kind))
    }

    /// A value as the form shows it.
    pub(crate) fn of(value: Option<&Value>) -> Typed {
        let (kind, text) = match value {
            None => (Kind::Text, String::new()),
            Some(Value::String(text)) => {
                let date = matches!(moment(text), Some(Moment::Day(..) | Moment::Instant(..)));
                (if date { Kind::Date } else { Kind::Text }, text.clone())
            }
            Some(Value::Number(number)) => (Kind::Number, number.to_string()),
            Some(Value::Bool(flag)) => (Kind::Boolean, flag.to_string()),
            Some(other) => (Kind::Json, serde_json::to_string_pretty(other).unwrap_or_default()),
        };
        Typed { kind, text }
    }

    /// The value that the form says; what is wrong with it where it says none.
    pub(crate) fn read(&self) -> Result<Value, String> {
        let word = self.text.trim();
        let wrong = |expected: &str| Err(format!("{word:?} is no {expected}"));
        match self.kind {
            // Browsers send lines of a text with a carriage return that nobody wrote.
            Kind::Text => Ok(Value::from(self.text.replace("\r\n", "\n"))),
            Kind::Number => match serde_json::from_str::<Number>(word) {
                Ok(number) => Ok(Value::Number(number)),
                Err(_) => wrong("number, as 29 or 19.90 is"),
            },
            Kind::Boolean => match word {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                _ => wrong("truth: write true or false"),
            },
            Kind::Date if moment(word).is_some() => Ok(Value::from(word)),
            Kind::Date => wrong("date, as 2026-03-29 or 2026-03-29T10:00:00Z is"),
            Kind::Json => serde_json::from_str(word).map_err(|error| format!("it is no JSON: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_shown_is_read_back() {
        let exact: Value = serde_json::from_str("19.90").unwrap();
        for value in
            [json!("a\nb"), json!("29"), json!("2026-03-29"), exact, json!(true), json!(null), json!([1, {}])]
        {
            assert_eq!(Typed::of(Some(&value)).read(), Ok(value));
        }
        assert_eq!(Typed { kind: Kind::Text, text: "a\r\nb".to_owned() }.read(), Ok(json!("a\nb")));
    }

    #[test]
    fn what_is_not_what_was_chosen_says_so() {
        for (kind, text) in
            [(Kind::Number, "ten"), (Kind::Boolean, "1"), (Kind::Date, "May"), (Kind::Json, "{a")]
        {
            assert!(Typed { kind, text: text.to_owned() }.read().is_err(), "{kind:?} {text}");
        }
    }
}
