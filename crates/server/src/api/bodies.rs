//! The bodies of identify, ping and batch as schemas. What is read is decided in `model::body`, which takes a body apart with
//! its JSON pointers; a test holds the two together.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a product knows of a customer. What is left out, or null, stays as it was.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema")]
pub(super) struct IdentifyIn {
    /// Who. Trimmed and lower-cased: Ada@X.com and ada@x.com are one customer.
    #[schema(format = "email", max_length = 254)]
    email: Option<String>,
    /// The app's own id, unique in the project. Alone it must be known.
    #[schema(min_length = 1, max_length = 255, pattern = r"^[^\u0000]*$")]
    user_id: Option<String>,
    /// The name to show.
    #[schema(max_length = 1000, pattern = r"^[^\u0000]*$")]
    name: Option<String>,
    /// free (what a new customer is), trial, paid or churned.
    status: Option<StatusIn>,
    /// Any JSON: named keys are replaced whole, the others stay, null is a value. One call names a key once.
    params: Option<Values>,
    /// Params replace everything that was there.
    replace: Option<bool>,
    /// Keys that are set if they are missing.
    set_once: Option<Values>,
    /// Keys to remove.
    unset: Option<Vec<String>>,
    /// Numbers to add; a missing key counts as 0.
    increment: Option<Increments>,
    /// A value, or each of an array, to put into a key that is a set kept in an array.
    add: Option<Values>,
    /// A value, or each of an array, to take out of such a set.
    remove: Option<Values>,
    /// When it happened, at most 5 minutes ahead; now, if left out. A date alone is its first instant in UTC.
    #[schema(format = "date-time")]
    timestamp: Option<String>,
    /// When the customer was first seen, if that was earlier.
    #[schema(format = "date-time")]
    first_seen: Option<String>,
    /// Of somebody new, with their status: when they first paid.
    #[schema(format = "date-time")]
    first_paid: Option<String>,
    /// Of somebody new, with their status: since when it is this one; not before first_paid.
    #[schema(format = "date-time")]
    status_since: Option<String>,
    /// When the customer was last seen, if that was later than what is known.
    #[schema(format = "date-time")]
    last_activity: Option<String>,
}

/// Somebody was there.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema")]
pub(super) struct PingIn {
    /// Who.
    #[schema(format = "email", max_length = 254)]
    email: Option<String>,
    /// The app's own id.
    #[schema(min_length = 1, max_length = 255, pattern = r"^[^\u0000]*$")]
    user_id: Option<String>,
    /// When, at most 5 minutes ahead; now, if left out.
    #[schema(format = "date-time")]
    timestamp: Option<String>,
}

/// Up to 1,000 calls.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema")]
pub(super) struct BatchIn {
    /// Bodies of identify, or of ping with its type. A bad one fails alone.
    #[schema(max_items = 1000, value_type = Vec<Object>)]
    items: Vec<Value>,
    /// The id of the run of an import that brings them, made by the importer.
    import: Option<Uuid>,
}

/// Any JSON under any names.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema")]
struct Values(BTreeMap<String, Value>);

/// What to add to numbers.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema")]
struct Increments(BTreeMap<String, f64>);

/// What a customer is.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "a schema")]
enum StatusIn {
    Free,
    Trial,
    Paid,
    Churned,
}

/// Makes of each body that says who two, one for each way to say it, and of those that stand in a batch their items.
pub(super) fn add(document: &mut Value) {
    let schemas = &mut document["components"]["schemas"];
    let (identify, ping) = (closed(schemas["IdentifyIn"].take()), closed(schemas["PingIn"].take()));
    let mut calls = closed(schemas["BatchIn"].take());
    calls["properties"]["items"]["items"] = json!({ "$ref": "#/components/schemas/ItemIn" });
    let alone = calls["properties"]["items"].clone();
    schemas["BatchIn"] = json!({ "description": "Calls, with what is said of all of them, or alone.",
        "anyOf": [{ "$ref": "#/components/schemas/CallsIn" }, alone] });
    schemas["CallsIn"] = calls;
    schemas["ItemIn"] = json!({ "description": "A call, as it stands in a batch.", "anyOf": [
        { "$ref": "#/components/schemas/IdentifyItem" },
        { "$ref": "#/components/schemas/PingItem" },
    ] });
    for (name, mut body, kind) in [
        ("IdentifyIn", identify.clone(), None),
        ("PingIn", ping.clone(), None),
        ("IdentifyItem", identify, Some("identify")),
        ("PingItem", ping, Some("ping")),
    ] {
        if let Some(kind) = kind {
            body["properties"]["type"] = json!({ "type": "string", "enum": [kind] });
        }
        let mut ways = Vec::new();
        for (who, suffix) in [("email", "ByEmail"), ("user_id", "ByUserId")] {
            let (mut way, title) = (body.clone(), format!("{name}{suffix}"));
            way["properties"][who]["type"] = json!("string");
            way["required"] = if kind == Some("ping") { json!([who, "type"]) } else { json!([who]) };
            ways.push(json!({ "$ref": format!("#/components/schemas/{title}") }));
            schemas[title] = way;
        }
        schemas[name] = json!({ "anyOf": ways, "description": body["description"] });
    }
}

/// An optional body is left out; it is not null.
pub(super) fn may_be_left_out(operation: &mut Value) {
    let Some(schema) = operation.pointer_mut("/requestBody/content/application~1json/schema") else { return };
    let given = schema["oneOf"].as_array().and_then(|ways| ways.iter().find(|way| way["type"] != "null"));
    if let Some(given) = given.cloned() {
        *schema = given;
        operation["requestBody"]["required"] = json!(false);
    }
}

/// A field that there is not is an error.
fn closed(mut schema: Value) -> Value {
    schema["additionalProperties"] = json!(false);
    schema
}

#[cfg(test)]
mod tests {
    use utoipa::{PartialSchema, openapi::RefOr};

    use super::*;
    use crate::model::body;

    fn fields<T: PartialSchema>() -> Vec<String> {
        let RefOr::T(schema) = T::schema() else { panic!("a schema of its own") };
        let schema = serde_json::to_value(schema).unwrap();
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn the_schemas_have_the_fields_that_are_read() {
        for (described, read) in [(fields::<IdentifyIn>(), body::IDENTIFY), (fields::<PingIn>(), body::PING)]
        {
            let mut read = read.to_vec();
            read.sort_unstable();
            let mut described = described;
            described.sort_unstable();
            assert_eq!(described, read);
        }
    }
}
