//! The small forms that change a filter without its language: each is answered with the page under the filter that it comes to.

use axum::response::{IntoResponse, Redirect};
use filter::Expr;
use serde::Deserialize;

use super::{address::Address, pills};
use crate::{
    http::{Problem, extract::Query as UrlQuery},
    web::session::SignedIn,
};

/// What a form holds beside the address.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Change {
    /// The place of the condition that is changed.
    place: usize,
    operator: String,
    value: String,
}

/// `GET /customers/narrow`.
pub async fn narrow(
    SignedIn(_): SignedIn,
    UrlQuery(address): UrlQuery<Address>,
    UrlQuery(change): UrlQuery<Change>,
) -> Result<impl IntoResponse, Problem> {
    let filter = filter::parse(&address.filter).unwrap_or_else(|_| Expr::new(None));
    // A condition that is not there leaves the filter as it is.
    let changed = pills::changed(&filter, change.place, &change.operator, &change.value);
    Ok(Redirect::to(&address.filtered(changed.unwrap_or_else(|| address.filter.clone())).link()))
}
