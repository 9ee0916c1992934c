//! What becomes of each column: a field of the call, a param, or nothing.
//!
//! A column named like a field is that field, any other is a param of that name. `params.company.country` is a place
//! inside an object, as in an export.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::value::Type;
use crate::failure::Failure;

/// The fields of a call that a column can be.
const FIELDS: [&str; 6] = ["email", "user_id", "name", "status", "timestamp", "first_seen"];
/// What an export also holds, and TinyCRM works out for itself.
const DERIVED: [&str; 4] = ["project", "status_since", "first_paid", "last_activity"];

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
    /// Not sent.
    Nothing,
}

impl Rules {
    /// What a column of that name is.
    pub fn target(&self, column: &str) -> Target {
        match self.names.get(column) {
            Some(name) if name.is_empty() => Target::Nothing,
            Some(name) => field(name).map_or_else(|| param(name), Target::Field),
            None if column == "params" => Target::Rest,
            None if DERIVED.contains(&column) || column.is_empty() => Target::Nothing,
            None => field(&column.to_lowercase()).map_or_else(|| param(column), Target::Field),
        }
    }

    /// How its cells are read.
    fn kind(&self, column: &str) -> Type {
        let named = self.types.get(column).or_else(|| self.types.get(self.names.get(column)?));
        named.copied().unwrap_or_default()
    }

    /// The file's word for a status in ours.
    fn status(&self, word: &str) -> String {
        self.statuses.get(word).map_or_else(|| word.to_lowercase(), String::clone)
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

/// The columns of one CSV file.
#[derive(Debug)]
pub struct Columns {
    columns: Vec<(String, Target, Type)>,
    rules: Rules,
}

impl Columns {
    /// Settles what each column of the header is; refuses rules that name no column, and files that name nobody.
    pub fn plan(header: &[String], rules: Rules) -> Result<Columns, Failure> {
        let columns: Vec<_> =
            header.iter().map(|name| (name.clone(), rules.target(name), rules.kind(name))).collect();
        let plan = Columns { columns, rules };
        plan.refuse_unknown_names(header)?;
        plan.refuse_twins()?;
        plan.refuse_nobody(header)?;
        Ok(plan)
    }

    /// Each column's name and what it is, in the file's order.
    pub fn targets(&self) -> impl Iterator<Item = (&str, &Target)> {
        self.columns.iter().map(|(name, target, _)| (name.as_str(), target))
    }

    /// The call that a line of cells makes.
    pub fn call(&self, cells: &[&str]) -> Result<Map<String, Value>, String> {
        if cells.len() != self.columns.len() {
            return Err(format!("it has {} of the header's {} columns", cells.len(), self.columns.len()));
        }
        let mut call = Map::new();
        let mut params = Map::new();
        let filled = self.columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
        for ((name, target, kind), cell) in filled {
            match target {
                Target::Nothing => {}
                Target::Field(field) => {
                    call.insert((*field).to_owned(), self.rules.field(field, Value::from(*cell)));
                }
                Target::Param(keys) => {
                    let value = kind.read(cell).map_err(|why| format!("column {name}: {why}"))?;
                    place(&mut params, keys, value);
                }
                Target::Rest => {
                    let rest = object(cell).map_err(|why| format!("column {name}: {why}"))?;
                    join(&mut params, rest);
                }
            }
        }
        self.rules.add_params(&mut call, params);
        Ok(call)
    }

    fn refuse_unknown_names(&self, header: &[String]) -> Result<(), Failure> {
        let target = |name: &String| self.rules.names.values().any(|other| other == name);
        let unknown = |name: &&String| !header.contains(name);
        let maps = self.rules.names.keys().find(unknown).map(|name| ("map", name));
        let types =
            self.rules.types.keys().filter(unknown).find(|name| !target(name)).map(|name| ("type", name));
        match maps.or(types) {
            Some((flag, name)) => Err(Failure::usage(format!(
                "--{flag} names the column {name:?}, which the file does not have."
            ))
            .hint(format!("It has {}.", header.join(", ")))),
            None => Ok(()),
        }
    }

    fn refuse_twins(&self) -> Result<(), Failure> {
        for (position, (name, target, _)) in self.columns.iter().enumerate() {
            let twin = self.columns[..position].iter().find(|(_, other, _)| other == target);
            if let (Some((other, ..)), true) = (twin, *target != Target::Nothing) {
                return Err(Failure::usage(format!(
                    "The columns {other:?} and {name:?} both become {target}."
                ))
                .hint(format!(
                    "Leave one out with --map {:?}, or give it another name.",
                    format!("{name}=")
                )));
            }
        }
        Ok(())
    }

    fn refuse_nobody(&self, header: &[String]) -> Result<(), Failure> {
        let who = [Target::Field("email"), Target::Field("user_id")];
        if self.columns.iter().any(|(_, target, _)| who.contains(target)) {
            return Ok(());
        }
        let letters =
            |name: &str| name.to_lowercase().chars().filter(|c| c.is_alphabetic()).collect::<String>();
        let likely = header.iter().find(|name| letters(name).contains("mail"));
        let name = likely.map_or("E-Mail", String::as_str);
        Err(Failure::usage(format!(
            "No column says who: there is no email and no user_id among {}.",
            header.join(", ")
        ))
        .hint(format!("Name the column with --map {:?}.", format!("{name}=email"))))
    }
}

impl Rules {
    /// The call of an NDJSON line: keys named like fields are fields, objects of a call stay, the others are params.
    pub fn call(&self, line: Map<String, Value>) -> Result<Map<String, Value>, String> {
        let mut call = Map::new();
        let mut params = Map::new();
        for (name, value) in line {
            if is_part(&name, &value) && !self.names.contains_key(&name) {
                call.insert(name, value);
                continue;
            }
            match self.target(&name) {
                Target::Nothing => {}
                Target::Field(field) => {
                    call.insert(field.to_owned(), self.field(field, value));
                }
                Target::Param(keys) => place(&mut params, &keys, self.typed(&name, value)?),
                Target::Rest => return Err("params: it is not an object".to_owned()),
            }
        }
        if let Some(Value::Object(given)) = call.remove("params") {
            params.extend(given);
        }
        self.add_params(&mut call, params);
        Ok(call)
    }

    /// A field's value: ids may be numbers in other systems, and are texts here.
    fn field(&self, field: &str, value: Value) -> Value {
        match (field, value) {
            ("status", Value::String(word)) => self.status(&word).into(),
            ("user_id", Value::Number(id)) => id.to_string().into(),
            (_, value) => value,
        }
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

    fn add_params(&self, call: &mut Map<String, Value>, params: Map<String, Value>) {
        if params.is_empty() {
            return;
        }
        let part = if self.only_missing { "set_once" } else { "params" };
        match call.get_mut(part) {
            Some(Value::Object(given)) => given.extend(params),
            _ => {
                call.insert(part.to_owned(), Value::Object(params));
            }
        }
    }
}

/// Whether a key of an NDJSON line is a part of a call, and looks like one.
fn is_part(name: &str, value: &Value) -> bool {
    match name {
        "params" | "set_once" | "increment" | "add" | "remove" => value.is_object(),
        "unset" => value.is_array(),
        "replace" => value.is_boolean(),
        _ => false,
    }
}

fn object(cell: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(cell).map_err(|e| format!("it is not a JSON object: {e}"))
}

/// Adds the members of an object; objects on both sides become one.
fn join(params: &mut Map<String, Value>, more: Map<String, Value>) {
    for (key, value) in more {
        match (params.get_mut(&key), value) {
            (Some(Value::Object(inner)), Value::Object(value)) => join(inner, value),
            (_, value) => {
                params.insert(key, value);
            }
        }
    }
}

/// Puts a value where its keys lead, making the objects on the way.
fn place(params: &mut Map<String, Value>, keys: &[String], value: Value) {
    let Some((first, rest)) = keys.split_first() else { return };
    if rest.is_empty() {
        params.insert(first.clone(), value);
        return;
    }
    let inner = params.entry(first.clone()).or_insert_with(|| Value::Object(Map::new()));
    if !inner.is_object() {
        *inner = Value::Object(Map::new());
    }
    if let Some(inner) = inner.as_object_mut() {
        place(inner, rest, value);
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Field(field) => f.write_str(field),
            Target::Param(keys) => write!(f, "params.{}", keys.join(".")),
            Target::Rest => f.write_str("params"),
            Target::Nothing => f.write_str("nothing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(maps: &[(&str, &str)]) -> Rules {
        let names = maps.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        Rules { names, ..Rules::default() }
    }

    fn header(names: &str) -> Vec<String> {
        names.split(',').map(str::to_owned).collect()
    }

    /// The header, the rules, one line, and the call.
    fn check(names: &str, rules: Rules, line: &str, expected: &str) {
        let columns = Columns::plan(&header(names), rules).unwrap();
        let call = columns.call(&line.split(',').collect::<Vec<_>>()).unwrap();
        assert_eq!(Value::Object(call).to_string(), expected, "{names} / {line}");
    }

    #[test]
    fn columns_named_like_fields_are_fields_and_the_others_params() {
        check(
            "email,name,status,plan,mrr",
            Rules::default(),
            "a@x.com,Ada,Paid,pro,19.90",
            r#"{"email":"a@x.com","name":"Ada","params":{"mrr":19.90,"plan":"pro"},"status":"paid"}"#,
        );
        check("Email,user_id", Rules::default(), ",42", r#"{"user_id":"42"}"#);
        check(
            "email,params.company.country,params.company.size,a.b,last_activity",
            Rules::default(),
            "a@x.com,DE,12,x,2026-01-01",
            r#"{"email":"a@x.com","params":{"a.b":"x","company":{"country":"DE","size":12}}}"#,
        );
    }

    #[test]
    fn the_rest_of_an_export_comes_back() {
        let columns = Columns::plan(&header("email,params.a.b,params"), Rules::default()).unwrap();
        let call = columns.call(&["a@x.com", "1", r#"{"a":{"c":[2]},"d":null}"#]).unwrap();
        assert_eq!(Value::Object(call)["params"].to_string(), r#"{"a":{"b":1,"c":[2]},"d":null}"#);
        assert!(columns.call(&["a@x.com", "1", "[2]"]).is_err());
    }

    #[test]
    fn rules_rename_type_and_translate() {
        check(
            "E-Mail,zip",
            rules(&[("E-Mail", "email")]),
            "a@x.com,7",
            r#"{"email":"a@x.com","params":{"zip":7}}"#,
        );
        let mut all = rules(&[("E-Mail", "email"), ("name", "params.name"), ("x", ""), ("Zip Code", "zip")]);
        all.types.insert("zip".to_owned(), Type::String);
        all.statuses.insert("Active".to_owned(), "paid".to_owned());
        all.only_missing = true;
        check(
            "E-Mail,name,x,Zip Code,status",
            all,
            "a@x.com,Acme,1,7,Active",
            r#"{"email":"a@x.com","set_once":{"name":"Acme","zip":"7"},"status":"paid"}"#,
        );
    }

    #[test]
    fn plans_that_cannot_be_meant_are_refused() {
        let refused =
            |names: &str, rules: Rules| Columns::plan(&header(names), rules).unwrap_err().to_string();
        insta::assert_snapshot!(refused("E-Mail,plan", Rules::default()), @r#"
        error: No column says who: there is no email and no user_id among E-Mail, plan.
        hint: Name the column with --map "E-Mail=email".
        "#);
        insta::assert_snapshot!(refused("email,plan", rules(&[("Plan", "plan")])), @r#"
        error: --map names the column "Plan", which the file does not have.
        hint: It has email, plan.
        "#);
        insta::assert_snapshot!(refused("email,Email", Rules::default()), @r#"
        error: The columns "email" and "Email" both become email.
        hint: Leave one out with --map "Email=", or give it another name.
        "#);
    }

    #[test]
    fn lines_of_ndjson_are_calls_or_flat_objects() {
        let call = |line: Value, rules: Rules| {
            Value::Object(rules.call(line.as_object().unwrap().clone()).unwrap()).to_string()
        };
        assert_eq!(
            call(
                serde_json::json!({"email": "a@x.com", "user_id": 7, "plan": "pro", "beta": false, "n": null}),
                Rules::default()
            ),
            r#"{"email":"a@x.com","params":{"beta":false,"n":null,"plan":"pro"},"user_id":"7"}"#
        );
        assert_eq!(
            call(
                serde_json::json!({"email": "a@x.com", "params": {"a": 1}, "increment": {"b": 1}, "c": 2}),
                Rules::default()
            ),
            r#"{"email":"a@x.com","increment":{"b":1},"params":{"a":1,"c":2}}"#
        );
        let only_missing = Rules { only_missing: true, ..Rules::default() };
        assert_eq!(
            call(
                serde_json::json!({"email": "a@x.com", "params": {"a": 1}, "set_once": {"b": 1}}),
                only_missing
            ),
            r#"{"email":"a@x.com","set_once":{"a":1,"b":1}}"#
        );
    }
}
