//! Every route on one page, grouped by who calls it.

use std::time::Duration;

use axum::{
    Router,
    http::{Method, Uri, header},
    middleware,
    routing::{get, post},
};
use tower::Layer;
use tower_http::{
    compression::CompressionLayer,
    cors::{AllowHeaders, Any, CorsLayer},
    normalize_path::NormalizePathLayer,
};

use crate::{
    api,
    http::{App, Code, Problem, coding, headers, metrics, rate, request_id},
    web,
};

/// How long a browser remembers that it may call.
const PREFLIGHT: Duration = Duration::from_secs(24 * 60 * 60);

/// The whole application. An address with a slash too many is the one without it: a redirect would lose the body, and a
/// browser on another site could not follow it.
pub fn router(app: App) -> Router {
    Router::new().fallback_service(NormalizePathLayer::trim_trailing_slash().layer(routes(app)))
}

/// What `--metrics-listen` serves. It tells of all accounts, so it is not where everybody comes.
pub fn metrics(app: App) -> Router {
    Router::new()
        .route("/metrics", get(metrics::show))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn(request_id::layer))
        .layer(middleware::from_fn(headers::layer))
        .with_state(app)
}

fn routes(app: App) -> Router {
    Router::new()
        .merge(writers().layer(middleware::from_fn(coding::layer)).layer(from_anywhere()))
        .merge(
            apps()
                .merge(clients())
                .merge(operators())
                .merge(members(&app))
                .layer(middleware::from_fn(coding::layer)),
        )
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(app.clone(), rate::layer))
        .layer(middleware::from_fn_with_state(app.clone(), web::frame::errors::layer))
        .layer(middleware::from_fn_with_state(app.clone(), metrics::layer))
        .layer(middleware::from_fn(request_id::layer))
        .layer(middleware::from_fn(headers::layer))
        .with_state(app)
}

/// Lets browsers call from any site. What headers they may send is not listed: tools that trace requests add their own to
/// every one.
fn from_anywhere() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([header::RETRY_AFTER, request_id::HEADER, rate::LEFT, rate::POLICY])
        .max_age(PREFLIGHT)
}

/// Called by apps and, with a publishable key, by browsers on any site.
fn writers() -> Router<App> {
    Router::new()
        .route("/v1/identify", post(api::identify::identify))
        .route("/v1/ping", post(api::ping::ping))
        .route("/v1/batch", post(api::batch::batch))
        // Set before the layers: a browser asks by OPTIONS, which only the one of CORS answers.
        .method_not_allowed_fallback(method_not_allowed)
}

/// Called by apps, with a key.
fn apps() -> Router<App> {
    Router::new()
        .route("/v1/query", get(api::query::query_by_address).post(api::query::query))
        .route("/v1/series", get(api::series::series_by_address).post(api::series::series))
        .route(
            "/v1/insights/retention",
            get(api::insights::retention::retention_by_address).post(api::insights::retention::retention),
        )
        .route(
            "/v1/insights/movements",
            get(api::insights::movements::movements_by_address).post(api::insights::movements::movements),
        )
        .route(
            "/v1/insights/conversion",
            get(api::insights::conversion::conversion_by_address).post(api::insights::conversion::conversion),
        )
        .route("/v1/insights/lift", get(api::insights::lift::lift_by_address).post(api::insights::lift::lift))
        .route(
            "/v1/insights/overlap",
            get(api::insights::overlap::overlap_by_address).post(api::insights::overlap::overlap),
        )
        .route(
            "/v1/insights/referrals",
            get(api::insights::referrals::referrals_by_address).post(api::insights::referrals::referrals),
        )
        .route(
            "/v1/insights/breakdown",
            get(api::insights::breakdown::breakdown_by_address).post(api::insights::breakdown::breakdown),
        )
        .route("/v1/changes", get(api::changes::list_changes))
        .route("/v1/events", get(api::events::stream_events))
        .route("/v1/params", get(api::params::list_params))
        .route(
            "/v1/customers/{who}",
            get(api::customers::show_customer).delete(api::customers::delete_customer),
        )
        .route("/v1/customers/{who}/export", get(api::customers::export_customer))
        .route("/v1/export", get(api::export::export))
        .route("/v1/imports", get(api::imports::list_imports).post(api::imports::create_import))
        .route("/v1/imports/{id}", get(api::imports::show_import))
        .route("/v1/imports/{id}/rejected", get(api::imports::list_rejected))
        .route("/v1/segments", get(api::segments::list_segments).post(api::segments::create_segment))
        .route(
            "/v1/segments/{slug}",
            get(api::segments::show_segment)
                .put(api::segments::update_segment)
                .delete(api::segments::delete_segment),
        )
        .route("/v1/projects", get(api::projects::list_projects))
}

/// Downloaded by apps' tools, and by browsers on any site.
fn clients() -> Router<App> {
    let cors = CorsLayer::new().allow_origin(Any).allow_methods([Method::GET]).max_age(PREFLIGHT);
    Router::new()
        .route("/sdk", get(api::sdk::list_files))
        // The packages are compressed already.
        .route("/sdk/tinycrm.js", get(api::sdk::show_module).layer(CompressionLayer::new()))
        .route("/sdk/{file}", get(api::sdk::show_file))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(cors)
}

/// Called by whoever runs the server.
fn operators() -> Router<App> {
    Router::new()
        .route("/healthz", get(api::health::healthz))
        .route("/readyz", get(api::health::readyz))
        .route("/openapi.json", get(api::openapi::show))
        .route("/errors", get(api::errors::show))
        .route("/llms.txt", get(api::llms::show))
}

/// Called by members, in a browser. The page of a noun is at the noun.
fn members(app: &App) -> Router<App> {
    Router::new()
        .route("/", get(web::home::lead))
        .route("/home", get(web::home::show_home))
        .route("/events", get(web::events::stream_events))
        .merge(people())
        .merge(insights())
        .merge(imports())
        .merge(doors())
        .merge(settings())
        .layer(middleware::from_fn(web::page::headers::layer))
        .layer(middleware::from_fn_with_state(app.clone(), web::page::headers::same_origin))
        .route("/static/{version}/{file}", get(web::page::assets::show_asset))
        .layer(CompressionLayer::new())
}

fn people() -> Router<App> {
    Router::new()
        .route("/changes", get(web::changes::list_changes))
        .route("/changes.csv", get(web::changes::export_changes))
        .route("/customers", get(web::customers::list_customers))
        .route("/customers/rail", get(web::customers::rail::show_rail))
        .route("/customers/columns", post(web::customers::columns::keep_columns))
        .route("/customers/still", post(web::customers::kept::show_still))
        .route("/customers/help", get(web::customers::help::show_help))
        .route("/customers/narrow", get(web::customers::forms::narrow))
        .route("/customers/export.csv", get(web::customers::export::export_csv))
        .route("/customers/export.ndjson", get(web::customers::export::export_ndjson))
        .merge(customer())
        .merge(acts())
        .route("/segments", get(web::segments::list_segments).post(web::segments::create_segment))
        .route(
            "/segments/{id}",
            get(web::segments::show::show_segment).post(web::segments::show::update_segment),
        )
        .route("/segments/{id}/copy", post(web::segments::copy_segment))
        .route("/segments/{id}/delete", post(web::segments::delete_segment))
}

/// What is done to many customers at once.
fn acts() -> Router<App> {
    Router::new()
        .route("/acts", get(web::acts::list_acts).post(web::acts::order::begin_act))
        .route("/acts/new", post(web::acts::order::order))
        .route("/acts/export", post(web::acts::export::export_chosen))
        .route("/acts/{id}", get(web::acts::show_act))
        .route("/acts/{id}/go", post(web::acts::go_on))
        .route("/acts/{id}/undo", post(web::acts::undo_act))
}

/// The page of one customer, and what is done there.
fn customer() -> Router<App> {
    Router::new()
        .route("/customers/{who}", get(web::customer::show_customer))
        .route("/customers/{who}/export", get(web::customer::export_customer))
        .route("/customers/{who}/peek", get(web::customer::peek::peek))
        .route("/customers/{who}/json", get(web::customer::whole::show_whole))
        .route(
            "/customers/{who}/move",
            get(web::customer::readdress::show_move).post(web::customer::readdress::move_customer),
        )
        .route("/customers/{who}/why", get(web::customer::why::show_why))
        .route("/customers/{who}/erase", post(web::customer::erase_customer))
        .route(
            "/customers/{who}/merge",
            get(web::customer::merge::show_merge).post(web::customer::merge::merge),
        )
        .route("/customers/{who}/unmerge", post(web::customer::merge::unmerge))
        .route(
            "/customers/{who}/correct",
            get(web::customer::correct::show_correct).post(web::customer::correct::correct),
        )
        .route("/customers/{who}/edit", get(web::customer::edit::show_edit).post(web::customer::edit::edit))
        .route("/customers/{who}/notes", post(web::customer::notes::add_note))
        .route("/notes/{id}", post(web::customer::notes::edit_note))
        .route("/notes/{id}/delete", post(web::customer::notes::delete_note))
        .route("/customers/{who}/undo", post(web::customer::undo::undo))
}

/// The pages of insights, each with its numbers as a file.
fn insights() -> Router<App> {
    use web::insights as page;
    Router::new()
        .route("/insights", get(page::home))
        .route("/insights/retention", get(page::retention::show_retention))
        .route("/insights/retention.csv", get(page::retention::export_retention))
        .route("/insights/revenue", get(page::revenue::show_revenue))
        .route("/insights/revenue.csv", get(page::revenue::export_revenue))
        .route("/insights/conversion", get(page::conversion::show_conversion))
        .route("/insights/conversion.csv", get(page::conversion::export_conversion))
        .route("/insights/referrals", get(page::referrals::show_referrals))
        .route("/insights/referrals.csv", get(page::referrals::export_referrals))
        .route("/insights/lift", get(page::lift::show_lift))
        .route("/insights/lift.csv", get(page::lift::export_lift))
        .route("/insights/breakdown", get(page::breakdown::show_breakdown))
        .route("/insights/breakdown.csv", get(page::breakdown::export_breakdown))
        .route("/insights/overlap", get(page::overlap::show_overlap))
        .route("/insights/overlap.csv", get(page::overlap::export_overlap))
}

fn imports() -> Router<App> {
    Router::new()
        .route("/imports", get(web::imports::list_imports).post(web::imports::take_file))
        .route("/imports/{id}", get(web::imports::run::show_run))
        .route("/imports/{id}/rejected", get(web::imports::run::download_rejected))
        .route(
            "/imports/files/{id}",
            get(web::imports::file::show_file).post(web::imports::file::read_otherwise),
        )
        .route("/imports/files/{id}/effect", get(web::imports::file::show_effect))
        .route("/imports/files/{id}/begin", post(web::imports::file::begin_import))
}

fn doors() -> Router<App> {
    Router::new()
        .route("/sign-in", get(web::sign_in::show_sign_in).post(web::sign_in::sign_in))
        .route("/sign-in/{token}", get(web::sign_in::show_link).post(web::sign_in::redeem_link))
        .route("/sign-out", post(web::sign_in::sign_out))
        .route("/sign-out-everywhere", post(web::sign_in::sign_out_everywhere))
        .route(
            "/password",
            get(web::sign_in::password::show_password).post(web::sign_in::password::set_password),
        )
}

fn settings() -> Router<App> {
    Router::new()
        .route("/theme", post(web::frame::theme::set_theme))
        .route("/projects", get(web::projects::list_projects).post(web::projects::create_project))
        .route("/new-project", get(web::projects::show_new_project))
        .route("/remove-test-projects", post(web::projects::remove::remove_test_projects))
        .route("/projects/{slug}", get(web::projects::show_project).post(web::projects::create_project_key))
        .route("/projects/{slug}/edit", post(web::projects::edit::edit_project))
        .route("/projects/{slug}/archive", post(web::projects::edit::archive_project))
        .route("/projects/{slug}/unarchive", post(web::projects::edit::unarchive_project))
        .route("/projects/{slug}/reset", post(web::projects::remove::reset_project))
        .route("/projects/{slug}/delete", post(web::projects::remove::delete_project))
        .route(
            "/projects/{slug}/start",
            get(web::projects::start::show_start).post(web::projects::start::start_with_key),
        )
        .route("/projects/{slug}/arrived", get(web::projects::start::show_arrived))
        .route("/keys", get(web::settings::keys::list_keys).post(web::settings::keys::create_account_key))
        .route("/keys/{id}/label", post(web::settings::keys::set_label))
        .route("/keys/{id}/rotate", post(web::projects::rotate::rotate_key))
        .route("/keys/{id}/revoke", post(web::settings::keys::revoke_key))
        .route(
            "/members",
            get(web::settings::members::list_members).post(web::settings::members::invite_member),
        )
        .route("/members/{id}/role", post(web::settings::members::set_role))
        .route("/members/{id}/email", post(web::settings::members::set_email))
        .route("/members/{id}/remove", post(web::settings::members::remove_member))
        .route("/members/{id}/sign-out", post(web::settings::members::sign_out_member))
        .route("/sessions", get(web::settings::sessions::list_sessions))
        .route("/sessions/{id}/end", post(web::settings::sessions::end_session))
        .route("/end-other-sessions", post(web::settings::sessions::end_other_sessions))
        .route("/settings", get(web::settings::show_settings))
        .route("/settings/name", post(web::settings::set_name))
        .route("/settings/formats", post(web::settings::formats::set_formats))
        .route("/settings/zone", post(web::settings::set_zone))
        .route("/settings/history", post(web::settings::history::set_history))
        .route("/settings/ignored", post(web::settings::ignore))
        .route("/settings/ignored/remove", post(web::settings::stop_ignoring))
        .route("/settings/ignored/erase", post(web::settings::erase_ignored))
}

async fn not_found(uri: Uri) -> Problem {
    Problem::new(Code::NotFound, format!("There is nothing at {}.", uri.path()))
        .hint("See /openapi.json for every address.")
}

async fn method_not_allowed() -> Problem {
    Problem::new(Code::MethodNotAllowed, "This address does not take that method.")
        .hint("See /openapi.json for what it takes.")
}
