//! Bodies off the wire: bounded after decompression, and counted together; JSON of a type that is read here.

use std::{error::Error, net::IpAddr, ops::Deref};

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header, request::Parts},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::{App, Code, Problem, budget, client::ClientAddress, listen::TooSlow};
use crate::budget::Part;

/// The memory that a body takes at least.
const LEAST: usize = 1 << 10;

/// A body in memory, which is counted as long as it is held.
#[derive(Debug)]
pub struct Held {
    bytes: Bytes,
    _part: Part<IpAddr>,
}

impl Deref for Held {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.bytes
    }
}

/// A JSON body of at most `MAX` bytes after decompression, not parsed yet.
#[derive(Debug)]
pub struct Json<const MAX: usize> {
    /// What was sent.
    pub bytes: Held,
    /// Whether it was sent as `text/plain`, as browsers do when they may not ask first (`navigator.sendBeacon`).
    pub plain: bool,
}

impl<const MAX: usize> FromRequest<App> for Json<MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        Json::read(request, app, MAX).await
    }
}

impl<const MAX: usize> Json<MAX> {
    /// Reads a body that may be no larger than `max` either.
    pub async fn read(request: Request, app: &App, max: usize) -> Result<Self, Problem> {
        let plain = is_plain(request.headers())?;
        let (mut parts, body) = request.into_parts();
        Ok(Json { bytes: gather(&mut parts, body, app, MAX.min(max)).await?, plain })
    }

    /// Refuses `text/plain` to whoever can name the type.
    pub fn typed(self) -> Result<Held, Problem> {
        if self.plain { Err(unsupported("text/plain")) } else { Ok(self.bytes) }
    }
}

/// Reads a whole body of at most `max` bytes, as far as the budget of bytes in flight allows.
pub async fn gather(parts: &mut Parts, body: Body, app: &App, max: usize) -> Result<Held, Problem> {
    let Ok(address) = ClientAddress::from_request_parts(parts, app).await;
    let mut part = app.budget.body(address)?;
    let mut body = Limited::new(body, max);
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| refuse(error.as_ref(), max))?;
        let Some(data) = frame.data_ref() else { continue };
        make_room(&mut bytes, data.len(), &mut part)?;
        bytes.extend_from_slice(data);
    }
    Ok(Held { bytes: bytes.into(), _part: part })
}

/// Makes room for more of a body. What it will take is counted, and not what is in it yet; it grows by a quarter and not to
/// the double, so that a body of a large size is not held to be a much larger one.
fn make_room(bytes: &mut Vec<u8>, more: usize, part: &mut Part<IpAddr>) -> Result<(), Problem> {
    let (had, wanted) = (bytes.capacity(), bytes.len() + more);
    if wanted > had {
        let room = wanted.max(had + had / 4).max(LEAST);
        part.grow(room - had).map_err(budget::too_much)?;
        bytes.reserve_exact(room - bytes.len());
    }
    Ok(())
}

fn is_plain(headers: &HeaderMap) -> Result<bool, Problem> {
    match media_type(headers).as_deref() {
        None | Some("application/json") => Ok(false),
        Some("text/plain") => Ok(true),
        Some(kind) => Err(unsupported(kind)),
    }
}

/// The type that a body is said to have, in small letters and without its parameters.
pub fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().unwrap_or_default();
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

fn unsupported(kind: &str) -> Problem {
    Problem::new(Code::UnsupportedMediaType, format!("This address reads JSON, not {kind}."))
        .hint("Send the header Content-Type: application/json (curl: --json instead of -d).")
}

/// Says why a body was not read. The error is found by its type, among those that it was wrapped in.
fn refuse(error: &(dyn Error + 'static), max: usize) -> Problem {
    if causes(error).any(|cause| cause.is::<LengthLimitError>()) {
        let size = if max < 1 << 20 { format!("{} KiB", max >> 10) } else { format!("{} MiB", max >> 20) };
        let detail = format!("The body is larger than {size} after decompression.");
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
