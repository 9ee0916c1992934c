//! The rail of facets: fetched after the page where it costs more than the page itself. Keys are found by a part of their name,
//! also those that are too narrow to stand there by themselves.

use askama::Template;
use axum::{extract::State, response::IntoResponse};
use filter::{Expr, Field};
use index::{Facet, Facets, Part, Question};

use super::{
    address::Address,
    facets::{self, FacetView, label},
    known::{self, Age},
    spread,
};
use crate::{
    http::{App, Problem, extract::Query as UrlQuery},
    model::Formats,
    store::{
        self, View, catalogue,
        query::{Error, Held, Query},
    },
    web::{page::Page, session::SignedIn},
};

/// Keys that a search shows.
const FOUND: usize = 20;

#[derive(Template)]
#[template(path = "customers/rail.html")]
struct RailPart {
    address: Address,
    rail: Vec<FacetView>,
}

/// `GET /customers/rail`.
pub async fn show_rail(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    UrlQuery(address): UrlQuery<Address>,
) -> Result<impl IntoResponse, Problem> {
    let formats = store::account(&app.store, member.account).await?.formats;
    let rail = load(&app, &View::account(member.account), &address, formats).await?;
    Ok(Page(RailPart { address, rail }))
}

/// The facets of a view: its params, the status, and the project where there are several; or the keys that are looked for.
pub(super) async fn load(
    app: &App,
    view: &View,
    address: &Address,
    formats: Formats,
) -> Result<Vec<FacetView>, Error> {
    if !address.rail_q.is_empty() {
        let (found, total) = search(app, view, address).await?;
        return draw(app, view, (address, &Held::default()), (&found, total), formats).await;
    }
    let as_of = (!address.as_of.is_empty()).then_some(address.as_of.as_str());
    let known = known::facets(app, view, address.rows(), (&address.filter, as_of), Age::Present).await?;
    draw(app, view, (address, &Held::default()), (&known.facets, known.relationships), formats).await
}

/// Facets as they are shown, with the bars of their numbers and dates, of the version of what is held.
pub(super) async fn draw(
    app: &App,
    view: &View,
    (address, held): (&Address, &Held),
    (facets, total): (&[Facet], u64),
    formats: Formats,
) -> Result<Vec<FacetView>, Error> {
    let spreads = spread::load(app, view, (address, held), facets, formats).await?;
    let filter = filter::parse(&address.filter).unwrap_or_else(|_| Expr::new(None));
    Ok(facets::rail(address, &filter, (facets, &spreads), total, formats))
}

/// The keys that have a text in their name, whatever the filter leaves of them, and how many relationships match.
async fn search(app: &App, view: &View, address: &Address) -> Result<(Vec<Facet>, u64), Error> {
    let whole = Query { rows: address.rows(), as_of: address.as_of(), ..Query::default() };
    let known = catalogue::paths(&app.store, view, &whole).await?;
    let wanted = address.rail_q.to_lowercase();
    let all = known.paths.into_iter().map(|facet| facet.field).chain([Field::Status, Field::Project]);
    let found = all.filter(|field| label(field).to_lowercase().contains(&wanted)).take(FOUND);
    let facets = Facets { auto: false, fields: found.collect() };
    let question = Question { select: vec![Part::Count, Part::Facets], facets, ..Question::default() };
    let query = Query { filter: address.filter.clone(), question, lift_own: true, ..whole };
    let answer = app.query(view, &query).await?;
    Ok((answer.facets, answer.count.unwrap_or_default().relationships))
}
