//! `/healthz`: the process lives. `/readyz`: it can answer.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use crate::{
    http::{App, Code, Problem},
    store::index::Facts,
};

/// `GET /healthz`: 200 as long as the process runs.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, description = "The process lives")))]
pub async fn healthz() -> Json<Value> {
    Json(json!({ "ok": true }))
}

/// `GET /readyz`: 200 when the database answers and the index has been loaded, else 503.
#[utoipa::path(get, path = "/readyz", tag = "operations", responses((status = 200, description = "Ready"), (status = 503, description = "The database does not answer, or the index is being loaded")))]
pub async fn readyz(State(app): State<App>) -> Result<Json<Value>, Problem> {
    app.store.ping().await?;
    let index = app.store.index_facts();
    if !index.started {
        let detail = format!("The index is being loaded: {} relationships so far.", index.read);
        return Err(Problem::new(Code::IndexLoading, detail)
            .hint("Queries are answered by the database meanwhile; writes are taken as ever."));
    }
    Ok(Json(json!({ "ok": true, "engines": { "sql": {}, "index": engine(&index) } })))
}

/// What the index holds, and of how many accounts.
fn engine(index: &Facts) -> Value {
    let Facts { ready, loading, outside, rows, bytes, .. } = index;
    json!({ "accounts": { "ready": ready, "loading": loading, "outside": outside }, "relationships": rows, "bytes": bytes })
}
