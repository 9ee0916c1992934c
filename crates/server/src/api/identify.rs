//! `POST /v1/identify`: who somebody is and what the product knows of them.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    bodies::IdentifyIn,
    calls::{CALL_MAX, Calls, HeardOut, IdempotencyIn, Told, heard, only},
};
use crate::{
    http::{App, Problem},
    model::{CustomerId, body as fields},
    store::write::{Identified, Outcome},
};

/// The answer of `POST /v1/identify`.
#[derive(Debug, Serialize, ToSchema)]
pub struct IdentifyOut {
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
    /// Names of which something later is known already: what the call said of them is history, and what is known stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    stale: Option<Vec<String>>,
    /// `true` where the account ignores whom the call is about: nothing of it was stored, and the fields above are absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    ignored: Option<bool>,
    /// The account's version with this call: a query with it as `min_version` sees the call.
    version: i64,
}

/// Stores what a product knows of a customer; 200 means committed.
#[utoipa::path(post, path = "/v1/identify", tag = "write", security(("key" = [])), params(IdempotencyIn),
    request_body(content = IdentifyIn, example = json!({ "email": "ada@example.com", "user_id": "u_42", "name": "Ada", "status": "paid",
        "params": { "plan": "pro", "mrr": 29.9 }, "set_once": { "source": "producthunt" }, "increment": { "logins": 1 } })),
    responses((status = 200, body = IdentifyOut, description = "It is committed, and every query sees it"),
        (status = 202, body = HeardOut, description = "With a publishable key: it was heard, and nothing else is said")),
    extensions(("x-problems" = json!(["placeholder_user_id", "unknown_user", "email_taken", "params_too_large", "unstorable"]))))]
pub async fn identify(State(app): State<App>, calls: Calls<CALL_MAX>) -> Result<Response, Problem> {
    let call = calls.one(&app, fields::identify)?;
    match calls.store(&app, None, vec![call]).await? {
        Told::All(receipt) => IdentifyOut::new(only(receipt)?).map(|out| Json(out).into_response()),
        Told::Heard => Ok(heard()),
    }
}

impl IdentifyOut {
    fn new((version, outcome): (i64, Outcome)) -> Result<IdentifyOut, Problem> {
        match outcome {
            Outcome::Identified(Identified { customer, created, changed, stale }) => {
                let (customer, created, changed) = (Some(customer), Some(created), Some(changed));
                Ok(IdentifyOut {
                    ok: true,
                    customer,
                    created,
                    changed,
                    stale: Some(stale),
                    ignored: None,
                    version,
                })
            }
            Outcome::Ignored => Ok(IdentifyOut {
                ok: true,
                customer: None,
                created: None,
                changed: None,
                stale: None,
                ignored: Some(true),
                version,
            }),
            Outcome::Pinged | Outcome::Left => Err(Problem::other_receipt()),
            Outcome::Refused(refusal) => Err(refusal.into()),
        }
    }
}
