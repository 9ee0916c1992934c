//! The view as a file: the rows of its filter in its order, with the columns that it shows.

use axum::{extract::State, response::Response};

use super::address::Address;
use crate::{
    http::{
        App, Problem,
        export::{self, ExportIn, Format},
        extract::Query as UrlQuery,
    },
    store::View,
    web::session::SignedIn,
};

/// `GET /customers/export.csv`.
pub async fn export_csv(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    UrlQuery(address): UrlQuery<Address>,
) -> Result<Response, Problem> {
    csv(&app, &View::account(member.account), address).await
}

/// A view as a table.
pub(crate) async fn csv(app: &App, view: &View, address: Address) -> Result<Response, Problem> {
    // Where no column is chosen, as behind a segment, all of them are meant.
    let columns = (!address.columns.is_empty()).then(|| columns(&address));
    let ask = ExportIn { columns, bom: Some(true), ..ask(address, Format::Csv) };
    export::respond(app, view, ask).await
}

/// `GET /customers/export.ndjson`: every line holds everything.
pub async fn export_ndjson(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    UrlQuery(address): UrlQuery<Address>,
) -> Result<Response, Problem> {
    export::respond(&app, &View::account(member.account), ask(address, Format::Ndjson)).await
}

fn ask(address: Address, format: Format) -> ExportIn {
    let given = |text: String| (!text.is_empty()).then_some(text);
    ExportIn {
        test: (address.project.is_empty() && !address.test.is_empty()).then_some(true),
        project: given(address.project),
        filter: given(address.filter),
        sort: given(address.sort),
        as_of: given(address.as_of),
        format: Some(format),
        ..ExportIn::default()
    }
}

/// What the table shows, from left to right.
fn columns(address: &Address) -> String {
    let project = if address.project.is_empty() { "project," } else { "" };
    format!("email,name,{project}status,{},last_activity", address.columns)
}
