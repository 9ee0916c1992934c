//! JSON bodies off the wire: bounded after decompression, of a type that is read here.

use std::error::Error;

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
    http::header,
};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::{App, Code, Problem, listen::TooSlow};

/// A JSON body of at most `MAX` bytes after decompression, not parsed yet.
#[derive(Debug)]
pub struct Json<const MAX: usize> {
    /// What was sent.
    pub bytes: Bytes,
    /// Whether it was sent as `text/plain`, as browsers do when they may not ask first (`navigator.sendBeacon`).
    pub plain: bool,
}

impl<const MAX: usize> FromRequest<App> for Json<MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let plain = is_plain(&request)?;
        let body = Limited::new(request.into_body(), MAX);
        let bytes = body.collect().await.map_err(|error| refuse(error.as_ref(), MAX))?.to_bytes();
        Ok(Json { bytes, plain })
    }
}

impl<const MAX: usize> Json<MAX> {
    /// Refuses `text/plain` to whoever can name the type.
    pub fn typed(self) -> Result<Bytes, Problem> {
        if self.plain { Err(unsupported("text/plain")) } else { Ok(self.bytes) }
    }
}

fn is_plain(request: &Request<Body>) -> Result<bool, Problem> {
    let Some(value) = request.headers().get(header::CONTENT_TYPE) else { return Ok(false) };
    let kind = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        "application/json" => Ok(false),
        "text/plain" => Ok(true),
        _ => Err(unsupported(kind)),
    }
}

fn unsupported(kind: &str) -> Problem {
    Problem::new(Code::UnsupportedMediaType, format!("This address reads JSON, not {kind}."))
        .hint("Send the header Content-Type: application/json (curl: --json instead of -d).")
}

/// Says why a body was not read. The error is found by its type, among those that it was wrapped in.
fn refuse(error: &(dyn Error + 'static), max: usize) -> Problem {
    if causes(error).any(|cause| cause.is::<LengthLimitError>()) {
        let detail = format!("The body is larger than {} MiB after decompression.", max >> 20);
        return Problem::new(Code::TooLarge, detail).hint("Send less at a time: /v1/batch takes many calls.");
    }
    let unread = || Problem::new(Code::InvalidRequest, format!("The body could not be read: {error}."));
    too_slow(error).unwrap_or_else(unread)
}

/// The problem of a body that came too slowly, if that is why it could not be read.
pub fn too_slow(error: &(dyn Error + 'static)) -> Option<Problem> {
    let detail = "The body came too slowly, or stopped: the server waits no longer.";
    let slow = causes(error).any(|cause| cause.is::<TooSlow>());
    slow.then(|| Problem::new(Code::Timeout, detail).hint("Send the same request again, in one go."))
}

/// An error and what caused it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}
