//! `/v1/export`: every row of a filter as CSV or NDJSON.

#![allow(unused_qualifications, reason = "utoipa names the parameters' type by a path")]

use axum::{extract::State, response::Response};

use crate::http::{
    App, Problem,
    auth::Reader,
    export::{self, ExportIn},
    fields::{QueryString, Reading},
};

/// Exports relationships, streamed.
///
/// Exactly the filter's rows, one line each, in the order of `sort`, all of the version that the header `TinyCRM-Version` tells.
/// As of a past moment the header `TinyCRM-As-Of` tells which, the file is named after its day, and each line says it too.
/// In a CSV, text that a spreadsheet would run as a formula gets an apostrophe in front; numbers stay numbers.
#[utoipa::path(get, path = "/v1/export", tag = "query", security(("key" = [])), params(ExportIn),
    responses((status = 200, content((String = "text/csv"), (String = "application/x-ndjson")), description = "The rows, streamed")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "query_too_slow", "busy"]))))]
pub async fn export(
    State(app): State<App>,
    reader: Reader,
    address: QueryString,
) -> Result<Response, Problem> {
    let ask: ExportIn = address.read(|name| match name {
        "test" | "bom" | "cursors" => Reading::Flag,
        _ => Reading::Text,
    })?;
    export::respond(&app, &reader.view(), ask).await
}
