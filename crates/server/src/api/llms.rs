//! `/llms.txt`: the API on one page, for programs that write programs.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use crate::http::{App, sdk};

/// With places for the server's address and the lines that install its clients.
const TEXT: &str = include_str!("llms.txt");

/// The API on one page.
#[utoipa::path(get, path = "/llms.txt", tag = "operations", operation_id = "show_llms",
    responses((status = 200, body = String, content_type = "text/plain", description = "A page of text")))]
pub async fn show(State(app): State<App>) -> Response {
    let url = app.config.public_url();
    let text = TEXT
        .replace("{npm}", &sdk::npm_install(&url))
        .replace("{pip}", &sdk::pip_install(&url))
        .replace("{url}", &url);
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
