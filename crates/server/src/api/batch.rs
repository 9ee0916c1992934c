//! `POST /v1/batch`: up to 1,000 calls in one request and one transaction, a result each. A bad item fails alone.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json, value::RawValue};

use super::calls::{Calls, Told};
use crate::{
    http::{App, Code, Problem},
    model::{Call, Faults, ImportId, body as fields, json as reader},
    store::write::{Identified, Outcome, Receipt},
};

/// The largest body, after decompression.
const BATCH_MAX: usize = 16 << 20;
/// The largest item.
const ITEM_MAX: usize = 1 << 20;
/// Items in a batch.
const ITEMS_MAX: usize = 1000;

/// Stores many calls: `{"items": [{…identify…}, {"type": "ping", …}]}`, or the array alone. With `import`, a UUID that
/// the importer has made, their changes are written down as that run's. The results are in the order
/// of the items, each `{"ok": true, …}` or `{"ok": false, "status", "code", "detail", "errors"}`.
#[utoipa::path(post, path = "/v1/batch", tag = "write", security(("key" = [])),
    request_body(content = serde_json::Value, description = "items: up to 1,000 bodies of identify, or of ping with \"type\": \"ping\"; import: the id of the run that brings them"),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body have one effect and one answer, for 24 hours")),
    responses((status = 200, description = "version, and a result for each item"), (status = 202, description = "With a publishable key: what the items alone show"),
        (status = 400, description = "invalid_json"), (status = 413, description = "too_large"), (status = 422, description = "invalid_fields")))]
pub async fn batch(State(app): State<App>, calls: Calls<BATCH_MAX>) -> Result<Response, Problem> {
    let (import, items) = items(calls.json()?)?;
    let (read, good) = read(&items, fields::Terms { live: import.is_none(), ..calls.terms() });
    match calls.store(&app, import, good).await? {
        Told::All(receipt) => {
            let version = receipt.version;
            let results = results(read, receipt).ok_or_else(Problem::other_receipt)?;
            Ok(Json(json!({ "version": version, "results": results })).into_response())
        }
        Told::Heard => {
            Ok((StatusCode::ACCEPTED, Json(json!({ "ok": true, "results": heard(read) }))).into_response())
        }
    }
}

/// What a browser is told of each item: whether it could be read.
fn heard(read: Vec<Result<(), Problem>>) -> Vec<Value> {
    let told =
        |item: Result<(), Problem>| item.map_or_else(|problem| refused(&problem), |()| json!({ "ok": true }));
    read.into_iter().map(told).collect()
}

/// The items of a body, each still raw, and the run of the import that they belong to, if any.
fn items(raw: &RawValue) -> Result<(Option<ImportId>, Vec<&RawValue>), Problem> {
    let mut faults = Faults::default();
    let (import, items) = match reader::members(raw)? {
        Some(mut members) => {
            let (import, items) = (members.remove("import"), members.remove("items"));
            for key in members.keys() {
                faults.add(format!("/{key}"), "there is no such field; there are items and import");
            }
            (import.filter(|raw| raw.get() != "null"), items)
        }
        None => (None, Some(raw)),
    };
    let run = import.and_then(|raw| serde_json::from_str(raw.get()).ok());
    if import.is_some() && run.is_none() {
        faults.add("/import", "is the id of the run, a UUID that the importer has made, as a string");
    }
    let items = items.and_then(reader::elements);
    if items.is_none() {
        faults.add("/items", "is an array of calls, as in {\"items\": [{\"email\": \"ada@example.com\"}]}");
    }
    let items = faults.or(items.unwrap_or_default())?;
    if items.len() > ITEMS_MAX {
        let detail = format!("The batch has {} items; a batch has at most {ITEMS_MAX}.", items.len());
        return Err(Problem::new(Code::TooLarge, detail).hint("Send several batches."));
    }
    Ok((run, items))
}

/// Reads the items: of each whether it is in order, and the calls that are.
fn read(items: &[&RawValue], terms: fields::Terms) -> (Vec<Result<(), Problem>>, Vec<Call>) {
    let mut calls = Vec::with_capacity(items.len());
    let read = items.iter().map(|item| {
        calls.push(read_item(item, terms)?);
        Ok(())
    });
    (read.collect(), calls)
}

fn read_item(item: &RawValue, terms: fields::Terms) -> Result<Call, Problem> {
    if item.get().len() > ITEM_MAX {
        return Err(Problem::new(Code::TooLarge, "The item is larger than 1 MiB."));
    }
    Ok(fields::item(item, terms)?)
}

/// A result for each item, in their order; `None` when the receipt is not for these calls.
fn results(read: Vec<Result<(), Problem>>, receipt: Receipt) -> Option<Vec<Value>> {
    let mut outcomes = receipt.outcomes.into_iter();
    let results: Option<Vec<Value>> = read
        .into_iter()
        .map(|item| match item {
            Ok(()) => outcomes.next().map(result),
            Err(problem) => Some(refused(&problem)),
        })
        .collect();
    results.filter(|_| outcomes.next().is_none())
}

fn result(outcome: Outcome) -> Value {
    match outcome {
        Outcome::Identified(Identified { customer, created, changed, stale }) => {
            json!({ "ok": true, "customer": customer, "created": created, "changed": changed, "stale": stale })
        }
        Outcome::Pinged => json!({ "ok": true }),
        Outcome::Refused(refusal) => refused(&refusal.into()),
    }
}

fn refused(problem: &Problem) -> Value {
    let mut result = json!({
        "ok": false,
        "status": problem.code.status().as_u16(),
        "code": problem.code.name(),
        "detail": problem.detail,
    });
    if !problem.errors.is_empty() {
        result["errors"] = json!(problem.errors);
    }
    result
}
