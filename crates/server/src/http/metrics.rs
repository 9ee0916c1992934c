//! Counters and histograms in the Prometheus text format, at `/metrics` where `--metrics-listen` says.

use std::time::{Duration, Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use super::App;
use crate::store::Store;

/// Labels of a request: the route and not the address, a method that exists and not what was sent, so that their number is
/// bounded, whoever calls.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    method: &'static str,
    route: String,
    status: u16,
}

/// Labels of a query: what answered it.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Engine {
    engine: &'static str,
}

/// What the process counts.
pub struct Metrics {
    registry: Registry,
    requests: Family<Route, Counter>,
    seconds: Family<Route, Histogram>,
    queries: Family<Engine, Histogram>,
}

impl Metrics {
    /// Everything at zero, and what the store measures itself.
    pub fn new(store: &Store) -> Metrics {
        let mut registry = Registry::with_prefix("tinycrm");
        let requests = Family::<Route, Counter>::default();
        let times =
            || Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0]);
        let seconds = Family::<Route, Histogram>::new_with_constructor(times);
        // The index answers most queries in less than the first of those steps, so these begin lower.
        let fine = || {
            Histogram::new([
                0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0,
            ])
        };
        let queries = Family::<Engine, Histogram>::new_with_constructor(fine);
        registry.register("http_requests", "HTTP requests", requests.clone());
        registry.register("http_request_seconds", "Time to answer a request", seconds.clone());
        registry.register("query_seconds", "Time to answer a query, by engine", queries.clone());
        store.register_index(&mut registry);
        Metrics { registry, requests, seconds, queries }
    }

    /// Counts a query and how long its engine took.
    pub fn queried(&self, engine: &'static str, took: Duration) {
        self.queries.get_or_create(&Engine { engine }).observe(took.as_secs_f64());
    }
}

/// Counts and times each request by its route.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let method = method(request.method());
    let route = route(&request).to_owned();
    let begin = Instant::now();
    let response = next.run(request).await;
    let labels = Route { method, route, status: response.status().as_u16() };
    app.metrics.requests.get_or_create(&labels).inc();
    app.metrics.seconds.get_or_create(&labels).observe(begin.elapsed().as_secs_f64());
    response
}

/// The method of a request, for labels and logs: one of those that there are.
pub fn method(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// The route of a request, for labels and logs: an address may hold somebody's e-mail, or a token.
pub fn route(request: &Request) -> &str {
    request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str)
}

/// `GET /metrics`.
pub async fn show(State(app): State<App>) -> Response {
    let mut text = String::new();
    match encode(&mut text, &app.metrics.registry) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(error) => super::Problem::internal(&error).into_response(),
    }
}
