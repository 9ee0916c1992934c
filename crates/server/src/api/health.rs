//! `/healthz`: the process lives. `/readyz`: it can answer.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use crate::http::{App, Problem};

/// `GET /healthz`: 200 as long as the process runs.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, description = "The process lives")))]
pub async fn healthz() -> Json<Value> {
    Json(json!({ "ok": true }))
}

/// `GET /readyz`: 200 when the database answers, else 503.
#[utoipa::path(get, path = "/readyz", tag = "operations", responses((status = 200, description = "Ready"), (status = 503, description = "The database does not answer")))]
pub async fn readyz(State(app): State<App>) -> Result<Json<Value>, Problem> {
    app.store.ping().await?;
    Ok(Json(json!({ "ok": true })))
}
