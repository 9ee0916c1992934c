//! `POST /v1/identify`: who somebody is and what the product knows of them.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{json, value::RawValue};
use utoipa::ToSchema;

use crate::{
    http::{App, Code, Problem, auth::Writer, body, idempotency::Idempotency},
    model::{Call, CustomerId, ImportId, Refusal, Source, body as fields, json as reader, now},
    store::write::{Identified, Once, Outcome, Receipt},
};

/// The largest body of one call, after decompression.
const CALL_MAX: usize = 1 << 20;

/// One call's body.
pub(super) type CallBody = body::Json<CALL_MAX>;

/// How long a browser waits for its 202, at least: time must not tell what the call met.
const BROWSER_WAIT: Duration = Duration::from_millis(50);

/// The answer of `POST /v1/identify`.
#[derive(Debug, Serialize, ToSchema)]
pub struct IdentifyOut {
    ok: bool,
    /// The customer's id.
    customer: CustomerId,
    /// Whether the customer is new in the project.
    created: bool,
    /// Whether anything but the activity differs from before.
    changed: bool,
    /// Names of which something later is known already: what the call said of them is history, and what is known stays.
    stale: Vec<String>,
    /// The account's version with this call: a query with it as `min_version` sees the call.
    version: i64,
}

/// Stores what a product knows of a customer; 200 means committed.
#[utoipa::path(post, path = "/v1/identify", tag = "write", security(("key" = [])),
    request_body(content = serde_json::Value, description = "email or user_id; name, status, params, replace, set_once, unset, increment, add, remove, timestamp, first_seen"),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body have one effect and one answer, for 24 hours")),
    responses((status = 200, body = IdentifyOut), (status = 202, description = "With a publishable key: it was heard, and nothing else is said"),
        (status = 400, description = "invalid_json, too_deep"), (status = 409, description = "email_taken, idempotency_in_flight"),
        (status = 422, description = "invalid_fields, unknown_user, params_too_large, idempotency_mismatch")))]
pub async fn identify(
    State(app): State<App>,
    writer: Writer,
    idempotency: Idempotency,
    body: CallBody,
) -> Result<Response, Problem> {
    store(&app, writer, idempotency, body, fields::identify, |version, outcome| match outcome {
        Outcome::Identified(Identified { customer, created, changed, stale }) => {
            Ok(Json(IdentifyOut { ok: true, customer, created, changed, stale, version }).into_response())
        }
        Outcome::Pinged => Ok(Json(json!({ "ok": true, "version": version })).into_response()),
        Outcome::Refused(refusal) => Err(refusal.into()),
    })
    .await
}

/// Stores one call and answers it; a browser is only told that it was heard.
pub(super) async fn store(
    app: &App,
    writer: Writer,
    idempotency: Idempotency,
    body: CallBody,
    read: fn(&RawValue, fields::Terms) -> Result<Call, Refusal>,
    answer: fn(i64, Outcome) -> Result<Response, Problem>,
) -> Result<Response, Problem> {
    let bytes = if writer.publishable { body.bytes } else { body.typed()? };
    let call = read(reader::raw(&bytes)?, terms(writer))?;
    let once = idempotency.once(writer.key, &bytes);
    let Receipt { version, outcomes } = submit(app, writer, None, vec![call], once).await?;
    if writer.publishable {
        return Ok((StatusCode::ACCEPTED, Json(json!({ "ok": true }))).into_response());
    }
    outcomes.into_iter().next().map_or_else(|| Err(mismatch()), |outcome| answer(version, outcome))
}

/// Hands calls to the writer, those of an import under its id, and waits until they are committed.
pub(super) async fn submit(
    app: &App,
    writer: Writer,
    import: Option<ImportId>,
    calls: Vec<Call>,
    once: Option<Once>,
) -> Result<Receipt, Problem> {
    let (source, wait) = match writer.publishable {
        true => (Source::Publishable(writer.key), BROWSER_WAIT),
        false => (import.map_or(Source::Secret(writer.key), |run| Source::Import(Some(run))), Duration::ZERO),
    };
    let stored = app.writer.submit(writer.account, writer.project, source, calls, once);
    let (stored, ()) = tokio::join!(stored, tokio::time::sleep(wait));
    Ok(stored?)
}

/// What a key's calls are read against.
pub(super) fn terms(writer: Writer) -> fields::Terms {
    fields::Terms { now: now(), publishable: writer.publishable, live: true }
}

/// An answer was kept for another number of calls than this body has.
pub(super) fn mismatch() -> Problem {
    Problem::new(
        Code::IdempotencyMismatch,
        "This Idempotency-Key was used for a request that was read differently.",
    )
    .hint("Use a new key.")
}
