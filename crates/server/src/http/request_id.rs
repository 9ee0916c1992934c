//! Every request has an id: in its log lines, in the answer's `x-request-id`, in the body of a problem.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;
use uuid::Uuid;

use super::{Problem, metrics};

/// The header of the id.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id, in the request's extensions: pages show it.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Gives the request an id, logs under it, and writes the body of a problem that no page has rendered.
pub async fn layer(mut request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().to_string();
    let span = tracing::info_span!("request", %id, method = metrics::method(request.method()), route = metrics::route(&request));
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).instrument(span).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        *response.body_mut() = Body::from(problem.to_json(&id).to_string());
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
