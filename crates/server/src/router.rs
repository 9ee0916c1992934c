//! Every route on one page, grouped by who calls it.

use axum::{Router, extract::DefaultBodyLimit, http::Uri, middleware, routing::get};

use crate::{
    api,
    http::{App, Code, Problem, metrics, request_id},
};

/// Bodies up to this size, after decompression.
const BODY_MAX: usize = 1 << 20;

/// The whole application.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(apps())
        .merge(operators())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(app.clone(), metrics::layer))
        .layer(middleware::from_fn(request_id::layer))
        .with_state(app)
}

/// Called by apps, with a key.
fn apps() -> Router<App> {
    Router::new().route("/v1/projects", get(api::projects::list_projects))
}

/// Called by whoever runs the server.
fn operators() -> Router<App> {
    Router::new()
        .route("/healthz", get(api::health::healthz))
        .route("/readyz", get(api::health::readyz))
        .route("/metrics", get(metrics::show))
        .route("/openapi.json", get(api::openapi::show))
}

async fn not_found(uri: Uri) -> Problem {
    Problem::new(Code::NotFound, format!("There is nothing at {}.", uri.path()))
        .hint("See /openapi.json for every address.")
}

async fn method_not_allowed() -> Problem {
    Problem::new(Code::MethodNotAllowed, "This address does not take that method.")
        .hint("See /openapi.json for what it takes.")
}
