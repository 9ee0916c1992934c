//! Who stays in the table though the filter lists them no longer: those whom the address names as opened or acted on, and those of whom
//! the page asks while it is looked at. They are dimmed, and gone with the next question.

use axum::{Json, extract::State};
use index::{Part, Question};

use super::{address::Address, narrow};
use crate::{
    http::{App, Problem, extract::Form},
    model::CustomerId,
    store::{
        View, customer,
        query::{CustomerRow, Error, Query, still::still, targets::Targets},
    },
    web::session::SignedIn,
};

/// Rows that are kept on one page.
const KEPT_MAX: usize = 50;
/// Rows that are asked of at once: those of the longest page, and those that it keeps.
const ASKED_MAX: usize = 550;

/// Those of the named whom the view does not list any more, as they are now. Of the past nobody changes.
pub(super) async fn kept(app: &App, view: &View, address: &Address) -> Result<Vec<CustomerRow>, Error> {
    let named: Vec<CustomerId> = address.named().take(KEPT_MAX).collect();
    if named.is_empty() || address.as_of().is_some() {
        return Ok(Vec::new());
    }
    let listed = still(&app.store, view.account, &targets(address, named.clone())).await?;
    let left: Vec<CustomerId> = named.into_iter().filter(|id| !listed.contains(id)).collect();
    let emails = customer::addresses(&app.store, view, &left).await?;
    if emails.is_empty() {
        return Ok(Vec::new());
    }
    let question = Question { select: vec![Part::Customers], limit: KEPT_MAX, ..Question::default() };
    let (filter, rows) = (narrow::any_of(&emails), address.rows());
    let answer = app.query(view, &Query { filter, rows, question, ..Query::default() }).await?;
    Ok(answer.customers.map(|page| page.rows).unwrap_or_default())
}

fn targets(address: &Address, chosen: Vec<CustomerId>) -> Targets {
    let (rows, filter) = (address.rows(), address.filter.clone());
    Targets { rows, filter, chosen: Some(chosen), ..Targets::default() }
}

/// `POST /customers/still`: who of the rows of a page is listed still, by their ids.
pub async fn show_still(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    Form(address): Form<Address>,
) -> Result<Json<Vec<CustomerId>>, Problem> {
    let named = address.named().take(ASKED_MAX).collect();
    let listed = still(&app.store, member.account, &targets(&address, named)).await?;
    Ok(Json(listed.into_iter().collect()))
}
