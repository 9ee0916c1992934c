//! Those who were chosen in the table, as a file.

use axum::{extract::State, response::Response};

use super::draft::Draft;
use crate::{
    http::{App, Code, Problem, extract::Form},
    store::{View, customer},
    web::{
        customers::{address::Address, export, narrow},
        session::SignedIn,
    },
};

/// `POST /acts/export`: the rows that were chosen, with the columns of the view.
pub async fn export_chosen(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let draft = Draft::read(pairs)?;
    let view = View::account(member.account);
    let shown = draft.shown();
    let address = match draft.all {
        true => shown,
        false => chosen(&shown, &customer::addresses(&app.store, &view, &draft.chosen).await?)?,
    };
    export::csv(&app, &view, address).await
}

/// The view narrowed to some addresses.
pub(super) fn chosen(address: &Address, emails: &[String]) -> Result<Address, Problem> {
    if emails.is_empty() {
        let problem = Problem::new(Code::InvalidRequest, "Nobody is chosen.");
        return Err(problem.hint("Go back, and tick the people whom you mean."));
    }
    let condition = narrow::any_of(emails);
    let filter = filter::parse(&address.filter).ok().and_then(|expr| narrow::with(&expr, &condition));
    Ok(address.filtered(filter.unwrap_or(condition)))
}
