//! A call while its line is being read.

use serde_json::{Map, Value};

/// The fields that are known so far, and the params.
#[derive(Default)]
pub(crate) struct Draft {
    fields: Map<String, Value>,
    params: Map<String, Value>,
    /// Params were given, be it none: `replace` makes a difference of that.
    has_params: bool,
}

impl Draft {
    /// Sets a field of the call.
    pub(crate) fn field(&mut self, name: &str, value: Value) {
        self.fields.insert(name.to_owned(), value);
    }

    /// Whether a field of the call is set.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// Sets a param where its keys lead, making the objects on the way.
    pub(crate) fn param(&mut self, keys: &[String], value: Value) {
        self.has_params = true;
        place(&mut self.params, keys, value);
    }

    /// Adds params that are an object already; objects on both sides become one.
    pub(crate) fn params(&mut self, params: Map<String, Value>) {
        self.has_params = true;
        join(&mut self.params, params);
    }

    /// The call; with `only_missing` its params are set where they are missing.
    pub(crate) fn finish(self, only_missing: bool) -> Map<String, Value> {
        let Draft { mut fields, params, has_params } = self;
        let part = if only_missing { "set_once" } else { "params" };
        if let Some(Value::Object(given)) = fields.get_mut(part) {
            given.extend(params);
        } else if has_params {
            fields.insert(part.to_owned(), Value::Object(params));
        }
        fields
    }
}

/// Sets a value where its keys lead, making the objects on the way.
pub(crate) fn place(params: &mut Map<String, Value>, keys: &[String], value: Value) {
    let Some((first, rest)) = keys.split_first() else { return };
    let inner = params.entry(first.clone()).or_insert(Value::Null);
    if rest.is_empty() {
        *inner = value;
        return;
    }
    if !inner.is_object() {
        *inner = Value::Object(Map::new());
    }
    if let Some(inner) = inner.as_object_mut() {
        place(inner, rest, value);
    }
}

/// Adds members; objects on both sides become one.
pub(crate) fn join(params: &mut Map<String, Value>, more: Map<String, Value>) {
    for (key, value) in more {
        match (params.get_mut(&key), value) {
            (Some(Value::Object(inner)), Value::Object(value)) => join(inner, value),
            (_, value) => {
                params.insert(key, value);
            }
        }
    }
}
