//! The keys of JSON objects: what the flags and their names make of each, as columns are for a table.

use serde_json::{Map, Value};

use crate::{
    import::{
        cell::{amount::Decimal, status::Statuses, value::Type},
        column::{
            columns::{Target, Who, by_name, target},
            draft::Draft,
            field,
        },
        fault::Fault,
        options::Options,
        rejects::REASON_KEY,
    },
    model::is_placeholder,
};

/// What our own NDJSON export tells that no import can set.
const TOLD: [&str; 3] = ["id", "aliases", "imported"];
/// Keys that tell our own export from any other object.
const EXPORT: [&str; 4] = ["project", "status_since", "last_activity", "params"];

/// What becomes of the keys of a file's objects.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    maps: Vec<Mapped>,
    types: Vec<(String, Type)>,
    statuses: Statuses,
    only_missing: bool,
}

/// Keys that `--map` names, and what they become.
#[derive(Clone, Debug)]
struct Mapped {
    keys: Vec<String>,
    target: Target,
}

/// Whether objects with these keys are an export of ours.
pub(crate) fn is_export(has: impl Fn(&str) -> bool) -> bool {
    EXPORT.iter().all(|key| has(key))
}

/// The key of an object under which a list of objects stands: what programs wrap around rows.
pub(crate) fn wrapped(object: &Map<String, Value>) -> Option<&str> {
    let is_list = |value: &Value| value.as_array().is_some_and(|list| list.iter().any(Value::is_object));
    object.iter().find(|(_, value)| is_list(value)).map(|(key, _)| key.as_str())
}

impl Keys {
    /// Settles what the flags say; refuses fields that there are not.
    pub(crate) fn plan(options: &Options) -> Result<Keys, Fault> {
        let map = |(from, to): &(String, String)| {
            Ok(Mapped { keys: vec![from.clone()], target: target(from, to)? })
        };
        Ok(Keys {
            maps: options.map.iter().map(map).collect::<Result<_, Fault>>()?,
            types: options.types.clone(),
            statuses: Statuses::new(&options.status_map),
            only_missing: options.only_missing,
        })
    }

    /// Takes names with a `+` apart that are no key of their own.
    pub(crate) fn join(&mut self, is_key: impl Fn(&str) -> bool) {
        for mapped in &mut self.maps {
            if let [name] = mapped.keys.as_slice() {
                let parts: Vec<String> = name.split('+').map(|part| part.trim().to_owned()).collect();
                if !is_key(name) && parts.len() > 1 && parts.iter().any(|part| is_key(part)) {
                    mapped.keys = parts;
                }
            }
        }
    }

    /// The names in flags that no object of the file has.
    pub(crate) fn unknown(&self, is_key: impl Fn(&str) -> bool) -> Option<&str> {
        let named =
            self.maps.iter().flat_map(|mapped| &mapped.keys).chain(self.types.iter().map(|(name, _)| name));
        let is_target = |name: &str| {
            self.maps.iter().any(|m| matches!(&m.target, Target::Param(keys) if keys == &[name]))
        };
        named.map(String::as_str).find(|name| !is_key(name) && !name.contains('.') && !is_target(name))
    }

    /// What a key becomes.
    pub(crate) fn target(&self, name: &str) -> Target {
        let mapped = self.maps.iter().find(|mapped| mapped.keys.iter().any(|key| key == name));
        match mapped {
            Some(mapped) => mapped.target.clone(),
            None if name == REASON_KEY => Target::Nothing,
            None => by_name(name),
        }
    }

    /// How its values are read.
    pub(crate) fn kind(&self, name: &str) -> Type {
        let named = self.types.iter().find(|(other, _)| other == name);
        let renamed = || match self.target(name) {
            Target::Param(keys) => self.types.iter().find(|(other, _)| keys == [other.as_str()]),
            _ => None,
        };
        named.or_else(renamed).map(|(_, kind)| kind.clone()).unwrap_or_default()
    }

    /// Whether a word is a status, as it is or by translation.
    pub(crate) fn knows_status(&self, word: &str) -> bool {
        self.statuses.know(word)
    }

    /// Whom an object names, whatever else is wrong with it.
    pub(crate) fn who(&self, object: &Map<String, Value>) -> Who {
        let mut who = Who::default();
        let mut name = |target: &Target, value: Value| {
            if let Target::Field(field @ ("email" | "user_id")) = target {
                // A value that is no text says nothing here, and is refused when the row is read.
                let _ = self.field(field, value, &mut who, |value| Ok(Some(value)));
            }
        };
        for mapped in &self.maps {
            gathered(object, &mapped.keys).into_iter().for_each(|value| name(&mapped.target, value));
        }
        let own =
            object.iter().filter(|(key, _)| ["email", "user_id"].contains(&key.to_lowercase().as_str()));
        for (key, value) in own.filter(|(key, _)| !self.is_mapped(key)) {
            name(&by_name(key), value.clone());
        }
        who
    }

    /// Whether `--map` says what a key becomes.
    pub(crate) fn is_mapped(&self, key: &str) -> bool {
        self.maps.iter().any(|mapped| mapped.keys.iter().any(|other| other == key))
    }

    /// The call that an object makes, and whom it names.
    pub(crate) fn call(
        &self,
        object: Map<String, Value>,
        decimal: impl Fn(&str) -> Decimal,
    ) -> Result<(Map<String, Value>, Who), String> {
        let is_export = is_export(|key| object.contains_key(key));
        let (mut draft, mut who) = (Draft::default(), Who::default());
        let read = |name: &str, value| {
            typed(&self.kind(name), value, decimal(name)).map_err(|why| format!("{name}: {why}"))
        };
        for mapped in &self.maps {
            if let Some(value) = gathered(&object, &mapped.keys) {
                self.put(&mut draft, &mut who, &mapped.target, value, |value| read(&mapped.keys[0], value))?;
            }
        }
        for (name, value) in object {
            if name == REASON_KEY || self.is_mapped(&name) || is_export && TOLD.contains(&name.as_str()) {
                continue;
            }
            // Whose row it is, is for whoever knows which project is imported into.
            if is_part(&name, &value) || is_export && name == "project" {
                draft.field(&name, value);
                continue;
            }
            self.put(&mut draft, &mut who, &by_name(&name), value, |value| read(&name, value))?;
        }
        Ok((draft.finish(self.only_missing), who))
    }

    fn put(
        &self,
        draft: &mut Draft,
        who: &mut Who,
        target: &Target,
        value: Value,
        read: impl Fn(Value) -> Result<Option<Value>, String>,
    ) -> Result<(), String> {
        match target {
            Target::Nothing => {}
            Target::Field(_) if value.is_null() => {}
            Target::Field(field) => {
                if let Some(value) = self.field(field, value, who, read)? {
                    draft.field(field, value);
                }
            }
            Target::Param(keys) => {
                if let Some(value) = read(value)? {
                    draft.param(keys, value);
                }
            }
            Target::Spread => match value {
                Value::Object(params) => draft.params(params),
                Value::Null => {}
                Value::String(text) => {
                    draft.params(
                        crate::import::column::columns::object(&text)
                            .map_err(|why| format!("params: {why}"))?,
                    );
                }
                _ => return Err("params: it is not an object".to_owned()),
            },
        }
        Ok(())
    }

    /// A field's value: ids may be numbers in other systems and are texts here, and so may be times.
    fn field(
        &self,
        field: &str,
        value: Value,
        who: &mut Who,
        read: impl Fn(Value) -> Result<Option<Value>, String>,
    ) -> Result<Option<Value>, String> {
        let text = match &value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ if field == "user_id" && (value.is_object() || value.is_boolean()) => "undefined".to_owned(),
            _ => return Ok(Some(value)),
        };
        Ok(match field {
            "user_id" if is_placeholder(&text) => {
                who.is_placeholder = true;
                None
            }
            "email" if text.is_empty() => None,
            "email" => {
                who.email = Some(text.clone());
                Some(text.into())
            }
            // Nobody types JSON: blanks are there because somebody's id has them.
            "user_id" => {
                let id = value.as_str().map_or(text, str::to_owned);
                who.user_id = Some(id.clone());
                Some(id.into())
            }
            "status" => Some(self.statuses.translate(&text).into()).filter(|_| !text.is_empty()),
            field if field::is_time(field) && crate::import::cell::date::is_unix(&text) => {
                Type::Unix.read(&text, Decimal::Point)?
            }
            field if field::is_time(field) && !text.is_empty() => read(Value::from(text))?,
            _ if text.is_empty() => None,
            _ => Some(value.as_str().map_or(text, str::to_owned).into()),
        })
    }
}

/// The value under one key, or the texts under several as one. A name with dots leads into objects.
fn gathered(object: &Map<String, Value>, keys: &[String]) -> Option<Value> {
    if let [key] = keys {
        let inside = || {
            let mut steps = key.split('.');
            let first = object.get(steps.next()?)?;
            steps.try_fold(first, |value, step| value.get(step))
        };
        return object.get(key).or_else(inside).cloned();
    }
    let text = |value: &Value| match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Null => String::new(),
        value => value.to_string(),
    };
    let texts: Vec<String> = keys.iter().filter_map(|key| object.get(key).map(text)).collect();
    let said: Vec<String> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    (!said.is_empty()).then(|| said.join(" ").into())
}

/// Whether a key is a part of a call and looks like one; what else is called so is a param.
fn is_part(name: &str, value: &Value) -> bool {
    match name {
        "set_once" | "increment" | "add" | "remove" => value.is_object(),
        "unset" => value.is_array(),
        "replace" => value.is_boolean(),
        _ => false,
    }
}

/// JSON has its types already; `--type` applies to strings, and to what should be one.
fn typed(kind: &Type, value: Value, decimal: Decimal) -> Result<Option<Value>, String> {
    match (kind, &value) {
        (Type::Auto, _) => Ok(Some(value)),
        (kind, Value::String(text)) => kind.read(text, decimal),
        (Type::String, Value::Number(_) | Value::Bool(_)) => Ok(Some(value.to_string().into())),
        (Type::Unix | Type::Date(_), Value::Number(number)) => kind.read(&number.to_string(), decimal),
        _ => Ok(Some(value)),
    }
}
