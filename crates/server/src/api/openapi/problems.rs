//! The problems of every operation: from the table of codes, by what the operation takes, and by what it names itself under
//! `x-problems`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::http::{Code, Problem};

/// Under which a handler names the codes that are its own.
const OWN: &str = "x-problems";

/// The headers of every answer.
const RATES: [(&str, &str); 2] = [
    (
        "RateLimit",
        "What is left of each rate that the request was counted against: `r` more may come at once, and in `t` seconds all of it is there again (one, where `r` is 0)",
    ),
    ("RateLimit-Policy", "How often each may come: `q` times in `w` seconds, and as many at once"),
];

/// Adds a response for every status that an operation can answer with.
pub(super) fn add(operation: &mut Value) {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes(operation) {
        by_status.entry(code.status().as_u16()).or_default().push(code);
    }
    for (status, codes) in by_status {
        operation["responses"][status.to_string()] = response(&codes);
    }
    for response in operation["responses"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        for (name, _) in RATES {
            response["headers"][name] = json!({ "$ref": format!("#/components/headers/{name}") });
        }
    }
    if let Some(operation) = operation.as_object_mut() {
        operation.remove(OWN);
    }
}

/// The codes of an operation, in the order of the table.
fn codes(operation: &Value) -> impl Iterator<Item = Code> {
    let own: BTreeSet<&str> =
        operation[OWN].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let takes = |place: &str| {
        operation["parameters"].as_array().into_iter().flatten().any(|parameter| parameter["in"] == place)
    };
    let keyed = operation["security"].as_array().is_some_and(|needed| !needed.is_empty());
    let content = &operation["requestBody"]["content"];
    let parts: [(bool, &[Code]); 8] = [
        (true, &[Code::TooManyRequests]),
        // Whoever needs no key can only choose the wrong method.
        (!keyed, &[Code::MethodNotAllowed]),
        (keyed, &[Code::Unauthorized, Code::Forbidden, Code::Unavailable, Code::Busy, Code::Internal]),
        (takes("path"), &[Code::InvalidRequest, Code::NotFound]),
        (takes("query"), &[Code::InvalidRequest, Code::InvalidFields]),
        (
            takes("header"),
            &[
                Code::InvalidRequest,
                Code::IdempotencyInFlight,
                Code::IdempotencyMismatch,
                Code::OutcomeUnknown,
            ],
        ),
        (
            !content.is_null(),
            &[Code::InvalidRequest, Code::TooLarge, Code::Timeout, Code::UnsupportedMediaType, Code::Busy],
        ),
        (!content["application/json"].is_null(), &[Code::InvalidJson, Code::TooDeep, Code::InvalidFields]),
    ];
    let shared = parts.into_iter().filter(|(applies, _)| *applies).flat_map(|(_, codes)| codes.iter());
    let names: BTreeSet<&str> = shared.map(|code| code.name()).chain(own).collect();
    Code::ALL.iter().copied().filter(move |code| names.contains(code.name()))
}

fn response(codes: &[Code]) -> Value {
    let lines: Vec<String> =
        codes.iter().map(|code| format!("`{}`: {}", code.name(), code.title())).collect();
    let examples: Map<String, Value> = codes
        .iter()
        .map(|code| {
            (code.name().to_owned(), json!({ "$ref": format!("#/components/examples/{}", code.name()) }))
        })
        .collect();
    let content = json!({ "schema": { "$ref": "#/components/schemas/Problem" }, "examples": examples });
    let mut response =
        json!({ "description": lines.join("\n\n"), "content": { "application/problem+json": content } });
    if codes.iter().any(|code| code.may_pass()) {
        response["headers"]["Retry-After"] = json!({
            "description": "Seconds after which the same request may be sent again",
            "schema": { "type": "integer", "minimum": 0 },
        });
    }
    response
}

/// Adds what all responses refer to: the codes, and an example of each.
pub(super) fn explain(document: &mut Value) {
    let names: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] = json!(names);
    for (name, description) in RATES {
        let example = if name == "RateLimit" { "\"key\";r=4999;t=1" } else { "\"key\";q=5000;w=1" };
        document["components"]["headers"][name] =
            json!({ "description": description, "schema": { "type": "string" }, "example": example });
    }
    for code in Code::ALL {
        let problem = Problem::new(*code, "What happened to this request.").hint("What to do about it.");
        document["components"]["examples"][code.name()] = json!({ "summary": code.title(), "value": problem.to_json("0190c2f0-0000-7000-8000-000000000000") });
    }
}
