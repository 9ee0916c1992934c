//! `POST /v1/ping`: somebody was there.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    bodies::PingIn,
    calls::{CALL_MAX, Calls, HeardOut, IdempotencyIn, Told, heard, only},
};
use crate::{
    http::{App, Problem},
    model::body as fields,
    store::write::Outcome,
};

/// The answer of `POST /v1/ping`, the same for strangers.
#[derive(Debug, Serialize, ToSchema)]
pub struct PingOut {
    ok: bool,
    /// The account's version after this call.
    version: i64,
    /// `true` where the account ignores whom the call is about: nothing of it was stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    ignored: Option<bool>,
}

/// Marks activity of a customer, by `email` or `user_id`; of strangers nothing is stored.
#[utoipa::path(post, path = "/v1/ping", tag = "write", security(("key" = [])), params(IdempotencyIn),
    request_body(content = PingIn, example = json!({ "email": "ada@example.com" })),
    responses((status = 200, body = PingOut, description = "They are marked, if they are known"),
        (status = 202, body = HeardOut, description = "With a publishable key: it was heard")),
    extensions(("x-problems" = json!(["placeholder_user_id", "unstorable"]))))]
pub async fn ping(State(app): State<App>, calls: Calls<CALL_MAX>) -> Result<Response, Problem> {
    let call = calls.one(&app, fields::ping)?;
    Ok(match calls.store(&app, None, vec![call]).await? {
        Told::All(receipt) => {
            let (version, outcome) = only(receipt)?;
            let ignored = (outcome == Outcome::Ignored).then_some(true);
            Json(PingOut { ok: true, version, ignored }).into_response()
        }
        Told::Heard => heard(),
    })
}
