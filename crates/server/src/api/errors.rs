//! `/errors`: what every error code means; a problem's `type` points here.

use axum::{http::header, response::IntoResponse};

/// Made from the table of codes; a test keeps it equal.
const TEXT: &str = include_str!("../../../../docs/errors.md");

/// The meaning of every error code.
#[utoipa::path(get, path = "/errors", tag = "operations", operation_id = "show_errors",
    responses((status = 200, body = String, content_type = "text/markdown", description = "A page of Markdown")))]
pub async fn show() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], TEXT)
}
