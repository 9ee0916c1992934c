//! axum's extractors of path, query and form, which refuse as everything here does: with a problem.

#![allow(clippy::disallowed_types, reason = "these are the wrappers that everybody else uses")]

use axum::{
    body::Body,
    extract::{
        self, FromRequest, FromRequestParts, Request,
        path::ErrorKind,
        rejection::{FormRejection, PathRejection},
    },
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;

use super::{App, Code, Problem, body};

/// What a route's path holds in its braces. A text that cannot be what is meant names nothing.
pub struct Path<T>(pub T);

/// A query string as a struct.
pub struct Query<T>(pub T);

/// The largest form: a filter, of which each byte may be sent as three.
const FORM_MAX: usize = 256 << 10;

/// A form of a page.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match extract::Path::from_request_parts(parts, app).await {
            Ok(extract::Path(value)) => Ok(Path(value)),
            Err(rejection) => Err(refuse_path(&rejection, parts.uri.path())),
        }
    }
}

fn refuse_path(rejection: &PathRejection, path: &str) -> Problem {
    match rejection {
        PathRejection::FailedToDeserializePathParams(error)
            if !matches!(error.kind(), ErrorKind::InvalidUtf8InPathParam { .. }) =>
        {
            Problem::new(Code::NotFound, format!("There is nothing at {path}."))
        }
        _ => Problem::new(Code::InvalidRequest, "The path is not UTF-8 when it is decoded.")
            .hint("Encode it as UTF-8, each byte as %XX."),
    }
}

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let read = extract::Query::from_request_parts(parts, app).await;
        read.map(|extract::Query(value)| Query(value)).map_err(|rejection| {
            Problem::new(
                Code::InvalidRequest,
                format!("The query string was not understood: {}.", rejection.body_text()),
            )
        })
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let held = body::gather(&mut parts, body, app, FORM_MAX).await?;
        let request = Request::from_parts(parts, Body::from(held.clone()));
        let read = extract::Form::from_request(request, app).await;
        read.map(|extract::Form(value)| Form(value)).map_err(|rejection| refuse_form(&rejection))
    }
}

fn refuse_form(rejection: &FormRejection) -> Problem {
    let code = match rejection.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        _ => Code::InvalidRequest,
    };
    Problem::new(code, format!("The form was not understood: {}.", rejection.body_text()))
        .hint("Open the page here, and send its form again.")
}
