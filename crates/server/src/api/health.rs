//! `/healthz`: the process lives. `/readyz`: it can answer.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{App, Code, Problem},
    store::index::Facts,
};

/// That the process lives.
#[derive(Debug, Serialize, ToSchema)]
pub struct AliveOut {
    ok: bool,
}

/// That the server can answer, and what with.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadyOut {
    ok: bool,
    engines: EnginesOut,
}

/// What answers queries.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnginesOut {
    sql: SqlOut,
    index: IndexOut,
}

/// Postgres; there is nothing to say of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SqlOut {}

/// The index in memory.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndexOut {
    accounts: AccountsOut,
    /// How many it holds.
    relationships: u64,
    /// The memory that it takes.
    bytes: u64,
}

/// Accounts by how far their index is.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountsOut {
    ready: u64,
    /// Those of them whose past is in memory too: of the others it is asked of Postgres.
    past: u64,
    loading: u64,
    /// Those that do not fit into its memory: Postgres answers for them.
    outside: u64,
}

/// `GET /healthz`: 200 as long as the process runs.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, body = AliveOut, description = "The process lives")))]
pub async fn healthz() -> Json<AliveOut> {
    Json(AliveOut { ok: true })
}

/// `GET /readyz`: 200 when the database answers and the accounts that were written to last are in the index, else 503. The others
/// are loaded when they are first asked.
#[utoipa::path(get, path = "/readyz", tag = "operations", responses((status = 200, body = ReadyOut, description = "It can answer")),
    extensions(("x-problems" = json!(["unavailable", "index_loading", "internal"]))))]
pub async fn readyz(State(app): State<App>) -> Result<Json<ReadyOut>, Problem> {
    app.store.ping().await?;
    let index = app.store.index_facts();
    if !index.started {
        let detail = format!("The index is being loaded: {} relationships so far.", index.read);
        return Err(Problem::new(Code::IndexLoading, detail)
            .hint("Queries are answered by the database meanwhile; writes are taken as ever."));
    }
    Ok(Json(ReadyOut { ok: true, engines: EnginesOut { sql: SqlOut {}, index: IndexOut::from(&index) } }))
}

impl From<&Facts> for IndexOut {
    fn from(facts: &Facts) -> Self {
        let Facts { ready, past, loading, outside, rows, bytes, .. } = *facts;
        IndexOut { accounts: AccountsOut { ready, past, loading, outside }, relationships: rows, bytes }
    }
}
