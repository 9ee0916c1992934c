//! Request bodies and query strings as typed structs, every wrong field reported with its pointer.

use axum::{extract::FromRequestParts, http::request::Parts};
use filter::value::yes_or_no;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

use super::{App, Code, Problem, problem::FieldError};
use crate::{
    model::{Pointer, json},
    store::{Rows, View, project},
};

/// Reads an object into a struct all of whose fields are optional, and names all that are wrong at once.
pub fn read<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T, Problem> {
    let fields: Map<String, Value> = fields.into_iter().map(|(name, value)| (name, whole(value))).collect();
    let errors: Vec<FieldError> = fields.iter().filter_map(|(name, value)| wrong::<T>(name, value)).collect();
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    serde_json::from_value(Value::Object(fields)).map_err(|error| invalid(&error.to_string()))
}

/// Reads a JSON body; an empty one is an empty object.
pub fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return read(Map::new());
    }
    match json::read(json::raw(bytes)?)? {
        Value::Object(fields) => read(fields),
        _ => Err(invalid("expected an object")),
    }
}

fn invalid(why: &str) -> Problem {
    Problem::new(Code::InvalidJson, format!("The body is not a JSON object that is read here: {why}."))
        .hint("Send an object, as /openapi.json describes it.")
}

/// A whole number is one however it is written, in a list too: `50.0` is what some languages make of 50.
fn whole(value: Value) -> Value {
    let number = match value {
        Value::Array(list) => return list.into_iter().map(whole).collect(),
        Value::Number(number) => number,
        other => return other,
    };
    let plain = filter::value::decimal(&number).and_then(|exact| index::number::plain(&exact).parse().ok());
    Value::Number(plain.unwrap_or(number))
}

/// What is wrong with one field by itself. As all fields are optional, an object of it alone must be readable.
fn wrong<T: DeserializeOwned>(name: &str, value: &Value) -> Option<FieldError> {
    let alone = Value::Object(Map::from_iter([(name.to_owned(), value.clone())]));
    let error = serde_json::from_value::<T>(alone).err()?;
    Some(FieldError::new(pointer(name), in_words(name, &error.to_string())))
}

/// What a field of the wrong type holds, and what is expected, in the words of who writes JSON.
fn in_words(name: &str, error: &str) -> String {
    if error == "invalid number" {
        return format!("{name}: a number was found that is not whole, is below 0 or is too large");
    }
    let told = error.strip_prefix("invalid type: ").or_else(|| error.strip_prefix("invalid value: "));
    let Some((found, expected)) = told.and_then(|told| told.split_once(", expected ")) else {
        return error.to_owned();
    };
    let found = match found {
        "number" => "a number",
        "sequence" => "a list",
        "map" => "an object",
        other => other.trim_start_matches("string ").trim_start_matches("boolean "),
    };
    let expected = match expected {
        "a sequence" => "a list",
        "u64" => "a whole number, not below 0,",
        "i64" => "a whole number",
        "a string" => "a text",
        "a boolean" => "true or false",
        other => other,
    };
    format!("{name}: {found} was found where {expected} is expected")
}

/// Whose rows the fields `project` and `test` choose.
pub fn rows(project: Option<String>, test: Option<bool>) -> Result<Rows, FieldError> {
    Rows::choose(project, test.unwrap_or(false))
        .ok_or_else(|| FieldError::new("/test", "a project is named already; leave one of the two out"))
}

/// Refuses the wish for all test projects where only one project is seen and is none: the answer would be of nobody, and not say why.
pub async fn seen(app: &App, view: &View, rows: &Rows) -> Result<(), Problem> {
    let (Some(only), Rows::Test) = (view.project, rows) else { return Ok(()) };
    let project = project::by_id(&app.store, view.account, only).await?;
    if project.test {
        return Ok(());
    }
    let detail = format!(
        "a project's key sees its own project in any case, and {} is no test project; leave test out, or take an account's key",
        project.slug
    );
    Err(Problem::fields(vec![FieldError::new("/test", detail)]))
}

/// The JSON pointer of a field.
pub fn pointer(name: &str) -> String {
    Pointer::Root.key(name).to_string()
}

/// The query string of an address: names and texts. Which texts are numbers or lists, only the struct knows that they are
/// read into.
#[derive(Clone, Debug, Default)]
pub struct QueryString(Vec<(String, Option<String>)>);

/// How the text of a field in a query string is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As it stands.
    Text,
    /// As a number.
    Number,
    /// As yes or no: `true`, `yes`, `on`, `1` or the name alone, and their opposites.
    Flag,
    /// As a list, the field given several times; what each says may hold commas.
    Each,
    /// As a list: separated by commas, or the field given several times, or both.
    List,
    /// As a list of numbers.
    Numbers,
}

impl QueryString {
    /// The same without names that say nothing: the form of a page sends all of its fields.
    pub fn said(self) -> QueryString {
        let pairs = self.0.into_iter();
        QueryString(pairs.filter(|(_, text)| text.as_deref() != Some("")).collect())
    }

    /// The same with a text for a name; without the name, where it is empty.
    pub fn with(self, name: &str, text: &str) -> QueryString {
        let mut pairs = self.0;
        pairs.retain(|(other, _)| other != name);
        pairs.extend((!text.is_empty()).then(|| (name.to_owned(), Some(text.to_owned()))));
        QueryString(pairs)
    }

    /// The names and their texts, in the order in which they stand.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_deref().unwrap_or_default()))
    }

    /// Reads it into a struct; `reading` says how each field is written.
    pub fn read<T: DeserializeOwned>(self, reading: impl Fn(&str) -> Reading) -> Result<T, Problem> {
        let mut fields = Map::new();
        for (name, text) in self.0 {
            let kind = reading(&name);
            let value = value(kind, text)
                .map_err(|detail| Problem::fields(vec![FieldError::new(pointer(&name), detail)]))?;
            match (fields.get_mut(&name), value) {
                (None, value) => {
                    fields.insert(name, value);
                }
                (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
                (Some(_), _) => {
                    let detail = format!("{name} is given twice");
                    return Err(Problem::fields(vec![FieldError::new(pointer(&name), detail)]));
                }
            }
        }
        read(fields)
    }
}

/// A number, or the text where it is none.
fn number(text: &str) -> Value {
    serde_json::from_str::<Number>(text).map_or_else(|_| text.into(), Value::Number)
}

/// What the text of a field says; without one its name stands alone.
fn value(reading: Reading, text: Option<String>) -> Result<Value, String> {
    if let (Reading::Flag, text) = (reading, text.as_deref().unwrap_or("true")) {
        return yes_or_no(text)
            .map(Value::Bool)
            .ok_or_else(|| format!("\"{text}\" is neither true nor false"));
    }
    let text = text.unwrap_or_default();
    Ok(match reading {
        Reading::Each => Value::Array(vec![text.into()]),
        Reading::List => Value::Array(index::list(&text).map(Value::from).collect()),
        Reading::Numbers => Value::Array(index::list(&text).map(number).collect()),
        Reading::Number => number(&text),
        Reading::Flag | Reading::Text => text.into(),
    })
}

impl<S: Sync> FromRequestParts<S> for QueryString {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let pairs = parts.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let read = |pair: &str| {
            Some(match pair.split_once('=') {
                Some((name, text)) => (decode(name)?, Some(decode(text)?)),
                None => (decode(pair)?, None),
            })
        };
        pairs.map(read).collect::<Option<_>>().map(QueryString).ok_or_else(|| {
            Problem::new(Code::InvalidRequest, "The query string is not UTF-8 when it is decoded.")
                .hint("Encode it as UTF-8, each byte as %XX; with curl: -G --data-urlencode 'filter=…'.")
        })
    }
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_and_no_are_read_in_one_way() {
        for (text, expected) in [
            (None, Ok(true)),
            (Some("1"), Ok(true)),
            (Some("TRUE"), Ok(true)),
            (Some("yes"), Ok(true)),
            (Some("on"), Ok(true)),
            (Some("y"), Ok(true)),
            (Some("0"), Ok(false)),
            (Some("False"), Ok(false)),
            (Some("no"), Ok(false)),
            (Some("off"), Ok(false)),
            (Some(""), Err("\"\" is neither true nor false")),
            (Some("2"), Err("\"2\" is neither true nor false")),
        ] {
            let read = value(Reading::Flag, text.map(str::to_owned));
            assert_eq!(read, expected.map(Value::Bool).map_err(str::to_owned), "{text:?}");
        }
    }
}
