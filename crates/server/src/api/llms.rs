//! `/llms.txt`: the API on one page, for programs that write programs.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

const TEXT: &str = include_str!("llms.txt");

/// The API on one page.
#[utoipa::path(get, path = "/llms.txt", tag = "operations", responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn show() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], TEXT).into_response()
}
