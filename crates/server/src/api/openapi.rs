//! `/openapi.json`: the API's description, made from the handlers; a snapshot test locks it.

use axum::Json;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

/// The document. Every handler of `router.rs` under `/v1` is listed here.
#[derive(OpenApi)]
#[openapi(
    info(title = "TinyCRM", description = "Identify customers with any JSON; filter, count, sum and export them by any of it."),
    paths(
        super::identify::identify,
        super::ping::ping,
        super::batch::batch,
        super::query::query,
        super::query::query_by_address,
        super::params::list_params,
        super::customers::show_customer,
        super::customers::delete_customer,
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
    modifiers(&Bearer)
)]
pub struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_with(Default::default);
        components.add_security_scheme("key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// `GET /openapi.json`.
pub async fn show() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}
