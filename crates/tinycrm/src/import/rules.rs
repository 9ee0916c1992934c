//! What becomes of a column, or of a key of an NDJSON line: a field of the call, a param, or nothing.
//!
//! A column named like a field is that field, any other is a param of that name. `params.company.country` is a place
//! inside an object, as in an export.

use std::{collections::BTreeMap, fmt};

use serde_json::{Map, Value};

use super::{draft::Draft, value::Type};

/// The fields of a call that a column can be.
const FIELDS: [&str; 6] = ["email", "user_id", "name", "status", "timestamp", "first_seen"];
/// What TinyCRM works out for itself.
const DERIVED: [&str; 3] = ["status_since", "first_paid", "last_activity"];
/// What an export of TinyCRM tells beside that.
const TOLD: [&str; 2] = ["id", "project"];

/// What the flags say about columns.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// `--map`: from a column's name to what it is; an empty text leaves the column out.
    pub names: BTreeMap<String, String>,
    /// `--type`: by a column's name, before or after `--map`.
    pub types: BTreeMap<String, Type>,
    /// `--status-map`: from the file's words to ours.
    pub statuses: BTreeMap<String, String>,
    /// `--only-missing`: params are set where they are missing and nowhere else.
    pub only_missing: bool,
}

/// What a column is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A field of the call.
    Field(&'static str),
    /// A param: the keys that lead to it, from the outside in.
    Param(Vec<String>),
    /// An object whose keys are params, as the last column of an export is.
    Rest,
    /// Not sent, as `--map` says.
    Nothing,
    /// Not sent, for it cannot be set.
    Derived,
}

/// Whether a file of these columns is an export of TinyCRM.
pub fn is_export<'a>(mut names: impl Iterator<Item = &'a str>) -> bool {
    let mut missing = DERIVED.len();
    names.any(|name| {
        missing -= usize::from(DERIVED.contains(&name));
        missing == 0
    })
}

impl Rules {
    /// What a column of that name is, in an export or in another file.
    pub fn target(&self, column: &str, export: bool) -> Target {
        match self.names.get(column) {
            Some(name) if name.is_empty() => Target::Nothing,
            Some(name) => field(name).map_or_else(|| param(name), Target::Field),
            None if column.is_empty() => Target::Nothing,
            None if column == "params" => Target::Rest,
            None if DERIVED.contains(&column) || export && TOLD.contains(&column) => Target::Derived,
            None => field(&column.to_lowercase()).map_or_else(|| param(column), Target::Field),
        }
    }

    /// How its cells are read.
    pub fn kind(&self, column: &str) -> Type {
        let named = self.types.get(column).or_else(|| self.types.get(self.names.get(column)?));
        named.copied().unwrap_or_default()
    }

    /// A field's value: statuses in our words; ids may be numbers in other systems, and are texts here.
    pub fn field(&self, field: &str, value: Value) -> Value {
        match (field, value) {
            ("status", Value::String(word)) => self.status(&word).into(),
            ("user_id", Value::Number(id)) => id.to_string().into(),
            (_, value) => value,
        }
    }

    fn status(&self, word: &str) -> String {
        self.statuses.get(word).map_or_else(|| word.to_lowercase(), String::clone)
    }

    /// The call of an NDJSON line: keys named like fields are fields, parts of a call stay, the others are params.
    pub fn call(&self, line: Map<String, Value>) -> Result<Map<String, Value>, String> {
        let export = is_export(line.keys().map(String::as_str));
        let mut draft = Draft::default();
        for (name, value) in line {
            match (self.target(&name, export), value) {
                (Target::Nothing | Target::Derived, _) => {}
                (Target::Rest, Value::Object(params)) => draft.params(params),
                (Target::Rest, _) => return Err("params: it is not an object".to_owned()),
                (Target::Field(field), value) => draft.field(field, self.field(field, value)),
                (Target::Param(_), value) if self.is_part(&name, &value) => draft.field(&name, value),
                (Target::Param(keys), value) => draft.param(&keys, self.typed(&name, value)?),
            }
        }
        Ok(draft.finish(self.only_missing))
    }

    /// Whether a key is a part of a call and looks like one; what else is called so is a param.
    fn is_part(&self, name: &str, value: &Value) -> bool {
        let looks = match name {
            "set_once" | "increment" | "add" | "remove" => value.is_object(),
            "unset" => value.is_array(),
            "replace" => value.is_boolean(),
            _ => false,
        };
        looks && !self.names.contains_key(name)
    }

    /// JSON has its types already; `--type` applies to strings, and to what should be one.
    fn typed(&self, name: &str, value: Value) -> Result<Value, String> {
        match (self.kind(name), &value) {
            (Type::Auto, _) => Ok(value),
            (kind, Value::String(text)) => kind.read(text).map_err(|why| format!("{name}: {why}")),
            (Type::String, Value::Number(_) | Value::Bool(_)) => Ok(value.to_string().into()),
            _ => Ok(value),
        }
    }
}

fn field(name: &str) -> Option<&'static str> {
    FIELDS.into_iter().find(|field| *field == name)
}

/// `params.a.b` is a path; any other name is one key, dots and spaces included.
fn param(name: &str) -> Target {
    let path = name.starts_with("params.").then(|| filter::parse_field(name).ok());
    match path.flatten().as_ref().and_then(filter::Field::path) {
        Some(path) => Target::Param(path.keys().to_vec()),
        None => Target::Param(vec![name.to_owned()]),
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Field(field) => f.write_str(field),
            Target::Param(keys) => write!(f, "params.{}", keys.join(".")),
            Target::Rest => f.write_str("params"),
            Target::Nothing => f.write_str("nothing"),
            Target::Derived => f.write_str("nothing: TinyCRM works it out"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(line: &Value, rules: &Rules) -> String {
        Value::Object(rules.call(line.as_object().unwrap().clone()).unwrap()).to_string()
    }

    #[test]
    fn lines_of_ndjson_are_calls_or_flat_objects() {
        let plain = Rules::default();
        let only_missing = Rules { only_missing: true, ..Rules::default() };
        let email = "a@x.com";
        for (line, rules, expected) in [
            (
                json!({ "email": email, "user_id": 7, "plan": "pro", "beta": false, "n": null }),
                &plain,
                r#"{"email":"a@x.com","params":{"beta":false,"n":null,"plan":"pro"},"user_id":"7"}"#,
            ),
            (
                json!({ "email": email, "params": { "a": 1 }, "increment": { "b": 1 }, "c": 2 }),
                &plain,
                r#"{"email":"a@x.com","increment":{"b":1},"params":{"a":1,"c":2}}"#,
            ),
            (
                json!({ "email": email, "params": { "a": 1 }, "set_once": { "b": 1 } }),
                &only_missing,
                r#"{"email":"a@x.com","set_once":{"a":1,"b":1}}"#,
            ),
            (
                json!({ "email": email, "replace": true, "params": {} }),
                &plain,
                r#"{"email":"a@x.com","params":{},"replace":true}"#,
            ),
            (
                json!({ "email": email, "add": 3, "id": 9 }),
                &plain,
                r#"{"email":"a@x.com","params":{"add":3,"id":9}}"#,
            ),
        ] {
            assert_eq!(call(&line, rules), expected);
        }
    }

    #[test]
    fn an_export_leaves_out_what_cannot_be_set() {
        let mut line =
            json!({ "id": "x", "project": "p", "email": "a@x.com", "name": null, "params": { "id": 1 } });
        for field in DERIVED {
            line[field] = json!("2026-01-01T00:00:00Z");
        }
        assert_eq!(call(&line, &Rules::default()), r#"{"email":"a@x.com","name":null,"params":{"id":1}}"#);
    }
}
