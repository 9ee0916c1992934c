//! The rail of facets, fetched after the page: it costs more than the page itself.

use askama::Template;
use axum::{extract::State, response::IntoResponse};
use filter::Expr;

use super::{
    address::Address,
    facets::{self, FacetView},
    known::{self, Age},
};
use crate::{
    http::{App, Problem, extract::Query as UrlQuery},
    store::{View, query::Error},
    web::{page::Page, session::SignedIn},
};

#[derive(Template)]
#[template(path = "customers/rail.html")]
struct RailPart {
    rail: Vec<FacetView>,
}

/// `GET /customers/rail`.
pub async fn show_rail(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    UrlQuery(address): UrlQuery<Address>,
) -> Result<impl IntoResponse, Problem> {
    let rail = load(&app, &View::account(member.account), &address).await?;
    Ok(Page(RailPart { rail }))
}

/// The facets of a view: its params, the status, and the project where there are several.
pub(super) async fn load(app: &App, view: &View, address: &Address) -> Result<Vec<FacetView>, Error> {
    let as_of = (!address.as_of.is_empty()).then_some(address.as_of.as_str());
    let known = known::facets(app, view, address.rows(), (&address.filter, as_of), Age::Present).await?;
    let filter = filter::parse(&address.filter).unwrap_or_else(|_| Expr::new(None));
    Ok(facets::rail(address, &filter, &known.facets, known.relationships))
}
