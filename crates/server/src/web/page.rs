//! A template as a response.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use crate::http::Problem;

/// A page: the struct that its template is typed by.
pub(super) struct Page<T>(pub(super) T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(html) => Html(html).into_response(),
            Err(error) => Problem::internal(&error).into_response(),
        }
    }
}
