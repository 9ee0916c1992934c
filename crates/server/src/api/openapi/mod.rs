//! `/openapi.json`: the API's description, made from the handlers; a snapshot test locks it, and clients are made from it.

mod problems;

use std::sync::LazyLock;

use axum::Json;
use serde_json::{Value, json};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

use super::bodies;
use crate::http::{export::Format, problem::ProblemOut};

/// What the handlers say of themselves. Every one of `router.rs` under `/v1` is listed here.
#[derive(OpenApi)]
#[openapi(
    info(title = "TinyCRM", description = "Identify customers with any JSON; filter, count, sum and export them by any of it."),
    servers((url = "/", description = "The server that this document comes from")),
    tags(
        (name = "write", description = "What apps tell of their customers"),
        (name = "query", description = "Questions about customers, and exports"),
        (name = "insights", description = "Numbers to act on, each with the filter that lists its people"),
        (name = "customers", description = "One person"),
        (name = "imports", description = "Files of customers"),
        (name = "segments", description = "Filters with a name"),
        (name = "projects", description = "The products that a key sees"),
        (name = "operations", description = "For whoever runs the server, and for programs that learn to use it"),
    ),
    paths(
        super::identify::identify,
        super::ping::ping,
        super::batch::batch,
        super::query::query,
        super::query::query_by_address,
        super::series::series,
        super::series::series_by_address,
        super::insights::retention::retention,
        super::insights::retention::retention_by_address,
        super::insights::movements::movements,
        super::insights::movements::movements_by_address,
        super::insights::conversion::conversion,
        super::insights::conversion::conversion_by_address,
        super::insights::lift::lift,
        super::insights::lift::lift_by_address,
        super::insights::overlap::overlap,
        super::insights::overlap::overlap_by_address,
        super::insights::referrals::referrals,
        super::insights::referrals::referrals_by_address,
        super::insights::breakdown::breakdown,
        super::insights::breakdown::breakdown_by_address,
        super::changes::list_changes,
        super::events::stream_events,
        super::params::list_params,
        super::customers::show_customer,
        super::customers::delete_customer,
        super::customers::export_customer,
        super::export::export,
        super::imports::create_import,
        super::imports::list_imports,
        super::imports::show_import,
        super::imports::list_rejected,
        super::segments::list_segments,
        super::segments::show_segment,
        super::segments::create_segment,
        super::segments::update_segment,
        super::segments::delete_segment,
        super::projects::list_projects,
        super::llms::show,
        super::errors::show,
        super::health::healthz,
        super::health::readyz,
    ),
    components(schemas(ProblemOut, Format)),
    modifiers(&Bearer)
)]
struct Handlers;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_with(Default::default);
        components.add_security_scheme("key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// The whole document: what the handlers say, and what is the same for all of them.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = serde_json::to_value(Handlers::openapi()).unwrap_or_default();
    bodies::add(&mut document);
    let mut paths = document["paths"].take();
    for operation in operations(&mut paths) {
        if operation["security"].is_null() {
            operation["security"] = json!([]);
        }
        bodies::may_be_left_out(operation);
        problems::add(operation);
    }
    document["paths"] = paths;
    problems::explain(&mut document);
    document
});

fn operations(paths: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = paths.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut);
    paths.filter_map(Value::as_object_mut).flat_map(serde_json::Map::values_mut)
}

/// `GET /openapi.json`.
pub async fn show() -> Json<&'static Value> {
    Json(&DOCUMENT)
}
