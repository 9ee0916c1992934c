//! `/v1/params`: the catalogue of what params hold.

#![allow(unused_qualifications, reason = "utoipa names the parameters' type by a path")]

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::query::FacetOut;
use crate::{
    http::{
        App, Problem,
        auth::Reader,
        fields::{self, QueryString, Reading},
    },
    store::{catalogue, query::Query},
};

/// Whose params.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ParamsIn {
    /// Only of relationships that match this filter.
    #[param(format = "filter", example = "params.plan = \"pro\"")]
    filter: Option<String>,
    /// Only this project, by its slug. A project's key sees its own in any case.
    project: Option<String>,
    /// Across all test projects instead of all others.
    test: Option<bool>,
    /// The moment that it is asked of: `2026-03-01` (the end of that day), `30 days ago`. Left out: now.
    #[param(format = "moment", example = "2026-03-01")]
    as_of: Option<String>,
}

impl ParamsIn {
    fn reading(name: &str) -> Reading {
        if name == "test" { Reading::Flag } else { Reading::Text }
    }
}

/// Every path of params.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParamsOut {
    /// The account's version that was read.
    version: i64,
    /// How many relationships there are: what coverage is a part of.
    relationships: u64,
    /// The paths, widest first, with their types, coverage and top values.
    params: Vec<FacetOut>,
}

/// Lists every path of params with its types, its coverage and its top values.
#[utoipa::path(get, path = "/v1/params", tag = "query", security(("key" = [])), params(ParamsIn),
    responses((status = 200, body = ParamsOut, description = "The catalogue")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "query_too_slow"]))))]
pub async fn list_params(
    State(app): State<App>,
    reader: Reader,
    address: QueryString,
) -> Result<Json<ParamsOut>, Problem> {
    let ParamsIn { filter, project, test, as_of } = address.read(ParamsIn::reading)?;
    let rows = fields::rows(project, test).map_err(|wrong| Problem::fields(vec![wrong]))?;
    fields::seen(&app, &reader.view(), &rows).await?;
    let query = Query { filter: filter.unwrap_or_default(), rows, as_of, ..Query::default() };
    let found = catalogue::paths(&app.store, &reader.view(), &query).await?;
    let params = found.paths.into_iter().map(FacetOut::from).collect();
    Ok(Json(ParamsOut { version: found.version, relationships: found.relationships, params }))
}
