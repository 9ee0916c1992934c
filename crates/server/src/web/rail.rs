//! The rail of facets, fetched after the page: it costs more than the page itself.

use askama::Template;
use axum::{
    extract::{Query as UrlQuery, State},
    response::IntoResponse,
};
use filter::{Expr, Field};
use index::{Facets, Part, Question};

use super::{
    address::Address,
    facets::{self, FacetView},
    page::Page,
    refusal::refuse,
    session::SignedIn,
};
use crate::{
    http::{App, Problem},
    store::{
        View,
        query::{self, Error, Query},
    },
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
    let rail = load(&app, &View::account(member.account), &address).await.map_err(refuse)?;
    Ok(Page(RailPart { rail }))
}

/// The facets of a view: its params, the status, and the project where there are several.
pub(super) async fn load(app: &App, view: &View, address: &Address) -> Result<Vec<FacetView>, Error> {
    let mut facets = Facets { auto: true, fields: vec![Field::Status] };
    facets.fields.extend(address.project.is_empty().then_some(Field::Project));
    let select = vec![Part::Count, Part::Facets];
    let question = Question { select, facets, ..Question::default() };
    let query = Query { filter: address.filter.clone(), rows: address.rows(), question, ..Query::default() };
    let answer = query::run(&app.store, view, &query).await?;
    let filter = filter::parse(&address.filter).unwrap_or_else(|_| Expr::new(None));
    let total = answer.count.unwrap_or_default().relationships;
    Ok(facets::rail(address, &filter, &answer.facets, total))
}
