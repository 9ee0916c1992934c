//! `POST /v1/batch`: up to 1,000 calls in one request and one transaction, a result each. A bad item fails alone.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{
    bodies::BatchIn,
    calls::{Calls, IdempotencyIn, Told},
};
use crate::{
    http::{App, Code, Problem, problem::FieldError},
    model::{Call, CustomerId, Faults, ImportId, body as fields, json as reader},
    store::write::{Identified, Outcome, Receipt},
};

/// The largest body, after decompression.
const BATCH_MAX: usize = 16 << 20;
/// The largest item.
const ITEM_MAX: usize = 1 << 20;
/// Items in a batch.
const ITEMS_MAX: usize = 1000;
/// Faults that are listed of all items together; of each one at least.
const FAULTS_MAX: usize = 1000;

/// The answer of `POST /v1/batch`.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchOut {
    /// The account's version with these calls.
    version: i64,
    /// One an item, in their order.
    results: Vec<ResultOut>,
}

/// What a browser is told of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchHeardOut {
    ok: bool,
    /// One an item: whether it could be read.
    results: Vec<ResultOut>,
}

/// What became of an item. One that is not ok has a status, a code and a detail, as a problem has.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ResultOut {
    ok: bool,
    /// The customer's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<CustomerId>,
    /// Whether the customer is new in the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<bool>,
    /// Whether anything but the activity differs from before.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
    /// Names of which something later is known already.
    #[serde(skip_serializing_if = "Option::is_none")]
    stale: Option<Vec<String>>,
    /// `true` where the account ignores whom the item is about: nothing of it was stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    ignored: Option<bool>,
    /// The HTTP status that the call alone would have got.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Which error it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// What happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// All that is wrong with the item.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<FieldError>>,
}

/// Stores many calls: `{"items": [{…identify…}, {"type": "ping", …}]}`, or the array alone. With `import`, a UUID that
/// the importer has made, their changes are written down as that run's. The results are in the order
/// of the items, each `{"ok": true, …}` or `{"ok": false, "status", "code", "detail", "errors"}`.
#[utoipa::path(post, path = "/v1/batch", tag = "write", security(("key" = [])), params(IdempotencyIn),
    request_body(content = BatchIn, example = json!({ "items": [
        { "email": "ada@example.com", "params": { "seats": 5 } }, { "type": "ping", "user_id": "u_42" } ] })),
    responses((status = 200, body = BatchOut, description = "A result for each item, in their order"),
        (status = 202, body = BatchHeardOut, description = "With a publishable key: what the items alone show")))]
pub async fn batch(State(app): State<App>, calls: Calls<BATCH_MAX>) -> Result<Response, Problem> {
    let Read { import, told, good } = calls.read(|raw| read(&app, &calls, raw))?;
    match calls.store(&app, import, good).await? {
        Told::All(receipt) => {
            let version = receipt.version;
            let results = results(told, receipt).ok_or_else(Problem::other_receipt)?;
            Ok(Json(BatchOut { version, results }).into_response())
        }
        Told::Heard => {
            let told = BatchHeardOut { ok: true, results: heard(told) };
            Ok((StatusCode::ACCEPTED, Json(told)).into_response())
        }
    }
}

/// What a browser is told of each item: whether it could be read.
fn heard(read: Vec<Result<(), Problem>>) -> Vec<ResultOut> {
    read.into_iter().map(|item| item.map_or_else(ResultOut::refused, |()| ResultOut::fine())).collect()
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

/// A body that was read.
struct Read {
    import: Option<ImportId>,
    /// Of each item whether it is in order.
    told: Vec<Result<(), Problem>>,
    /// The calls that are.
    good: Vec<Call>,
}

fn read(app: &App, calls: &Calls<BATCH_MAX>, raw: &RawValue) -> Result<Read, Problem> {
    let (import, items) = items(raw)?;
    calls.count(app, items.len())?;
    let terms = fields::Terms { live: import.is_none(), ..calls.terms() };
    let (mut good, mut listed) = (Vec::with_capacity(items.len()), 0);
    let mut read = |item: &RawValue| {
        good.push(calls.admit(app, read_item(item, terms)?)?);
        Ok(())
    };
    let mut told = Vec::with_capacity(items.len());
    for item in items {
        told.push(read(item).map_err(|mut problem: Problem| {
            problem.errors.truncate(FAULTS_MAX.saturating_sub(listed).max(1));
            listed += problem.errors.len();
            problem
        }));
    }
    Ok(Read { import, told, good })
}

fn read_item(item: &RawValue, terms: fields::Terms) -> Result<Call, Problem> {
    if item.get().len() > ITEM_MAX {
        return Err(Problem::new(Code::TooLarge, "The item is larger than 1 MiB."));
    }
    Ok(fields::item(item, terms)?)
}

/// A result for each item, in their order; `None` when the receipt is not for these calls.
fn results(read: Vec<Result<(), Problem>>, receipt: Receipt) -> Option<Vec<ResultOut>> {
    let mut outcomes = receipt.outcomes.into_iter();
    let results: Option<Vec<ResultOut>> = read
        .into_iter()
        .map(|item| match item {
            Ok(()) => outcomes.next().map(ResultOut::new),
            Err(problem) => Some(ResultOut::refused(problem)),
        })
        .collect();
    results.filter(|_| outcomes.next().is_none())
}

impl ResultOut {
    fn new(outcome: Outcome) -> ResultOut {
        match outcome {
            Outcome::Identified(Identified { customer, created, changed, stale }) => ResultOut {
                customer: Some(customer),
                created: Some(created),
                changed: Some(changed),
                stale: Some(stale),
                ..ResultOut::fine()
            },
            Outcome::Pinged | Outcome::Left => ResultOut::fine(),
            Outcome::Ignored => ResultOut { ignored: Some(true), ..ResultOut::fine() },
            Outcome::Refused(refusal) => ResultOut::refused(refusal.into()),
        }
    }

    fn fine() -> ResultOut {
        ResultOut { ok: true, ..ResultOut::default() }
    }

    fn refused(problem: Problem) -> ResultOut {
        ResultOut {
            status: Some(problem.code.status().as_u16()),
            code: Some(problem.code.name()),
            detail: Some(problem.detail),
            errors: (!problem.errors.is_empty()).then_some(problem.errors),
            ..ResultOut::default()
        }
    }
}
