//! What every page is made of: a template as a response, its headers, its files, and how values are written in it.

pub mod assets;
pub mod format;
pub mod headers;
pub(crate) mod name;
pub(crate) mod trend;
pub(crate) mod typed;
pub(crate) mod value;

use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use crate::http::Problem;

/// A page: the struct that its template is typed by.
pub(crate) struct Page<T>(pub(crate) T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(html) => Html(html).into_response(),
            Err(error) => Problem::internal(&error).into_response(),
        }
    }
}
