//! Every request has an id: in its log lines, in the answer's `x-request-id`, in the body of a problem.

use std::panic::AssertUnwindSafe;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use tracing::Instrument;
use uuid::Uuid;

use super::{Code, Problem, metrics, problem::FAULT};

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
    // A panic costs its own request, and not those beside it on the connection.
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span).await;
    let mut response = answer.unwrap_or_else(|_| {
        tracing::error!(%id, "a request panicked");
        Problem::new(Code::Internal, FAULT).into_response()
    });
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

#[cfg(test)]
mod tests {
    use axum::{Router, http::StatusCode, middleware, routing::get};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_answered_as_a_fault_of_the_server() {
        async fn panics() -> Response {
            panic!("it is meant to")
        }
        let router = Router::<()>::new().route("/", get(panics)).layer(middleware::from_fn(layer));
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let id = response.headers()[HEADER].to_str().unwrap().to_owned();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&problem["code"], &problem["request_id"]), (&"internal".into(), &id.into()));
        assert!(!problem.to_string().contains("meant"), "{problem}");
    }
}
