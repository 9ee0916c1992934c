//! `/v1/query`: everything that a page needs, in one call.

#![allow(unused_qualifications, reason = "utoipa names the parameters' type by a path")]

mod answer;
mod ask;
mod values;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};

pub use answer::{AnswerOut, CustomerOut};
pub(super) use answer::{WarningOut, milliseconds};
pub use ask::QueryIn;
pub(super) use ask::{AggregateIn, EngineIn, FieldIn, engine, field, list, unit, within};
pub use values::{AggregateOut, FacetOut};
pub(super) use values::{GroupsOut, datum, decimal, kind};

use crate::http::{App, Problem, auth::Reader, body, fields, fields::QueryString};

/// A question's body: the longest filter and room for the rest.
type QuestionBody = body::Json<{ 256 << 10 }>;

/// Answers a query.
///
/// Counts are exact. Nothing is computed that is not selected; everything in one answer is of one version.
#[utoipa::path(post, path = "/v1/query", tag = "query", security(("key" = [])),
    request_body(content = Option<QueryIn>, example = json!({ "filter": "params.plan = \"pro\"", "select": ["count", "aggregates"],
        "aggregates": ["sum(params.mrr)"] })),
    responses((status = 200, body = AnswerOut, description = "What was selected, of one version")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "invalid_cursor", "cursor_mismatch", "query_too_slow",
        "version_not_reached", "index_not_ready"]))))]
pub async fn query(
    State(app): State<App>,
    reader: Reader,
    body: QuestionBody,
) -> Result<Json<AnswerOut>, Problem> {
    run(&app, &reader, fields::body(&body.typed()?)?).await.map(Json)
}

/// Answers a query that stands in the address.
///
/// Takes the same parameters; lists are separated by commas. With `Accept: text/plain` the answer is a bare number: the
/// aggregate when exactly one is asked for, else the count.
#[utoipa::path(get, path = "/v1/query", tag = "query", security(("key" = [])), params(QueryIn),
    responses((status = 200, content((AnswerOut = "application/json"), (String = "text/plain")), description = "What was selected, of one version; or one number")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "invalid_cursor", "cursor_mismatch", "query_too_slow",
        "version_not_reached", "index_not_ready"]))))]
pub async fn query_by_address(
    State(app): State<App>,
    reader: Reader,
    headers: HeaderMap,
    address: QueryString,
) -> Result<Response, Problem> {
    let answer = run(&app, &reader, address.read(QueryIn::reading)?).await?;
    if accepts_text(&headers) {
        return Ok(answer.number().into_response());
    }
    Ok(Json(answer).into_response())
}

fn accepts_text(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.trim().starts_with("text/plain"))
}

async fn run(app: &App, reader: &Reader, ask: QueryIn) -> Result<AnswerOut, Problem> {
    let query = ask.check()?;
    fields::seen(app, &reader.view(), &query.rows).await?;
    let answer = app.query(&reader.view(), &query).await?;
    Ok(AnswerOut::new(&query, answer))
}
