//! The small forms that change a filter without its language: each is answered with the page under the filter that it comes to.

use axum::response::{IntoResponse, Redirect};
use filter::Expr;
use serde::Deserialize;

use super::{address::Address, pills, spread};
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
    /// The field whose range is chosen, instead of a condition.
    field: String,
    from: String,
    to: String,
    /// Not empty: the range was drawn over bars, and ends before its last edge.
    drawn: String,
}

impl Change {
    /// The filter after it; `None` where it cannot be read or has no place there.
    fn of(&self, filter: &Expr) -> Option<String> {
        if self.field.is_empty() {
            return pills::changed(filter, self.place, &self.operator, &self.value);
        }
        spread::ranged(filter, &self.field, (&self.from, &self.to), !self.drawn.is_empty())
    }
}

/// `GET /customers/narrow`.
pub async fn narrow(
    SignedIn(_): SignedIn,
    UrlQuery(address): UrlQuery<Address>,
    UrlQuery(change): UrlQuery<Change>,
) -> Result<impl IntoResponse, Problem> {
    let filter = filter::parse(&address.filter).unwrap_or_else(|_| Expr::new(None));
    let changed = change.of(&filter).unwrap_or_else(|| address.filter.clone());
    Ok(Redirect::to(&address.filtered(changed).link()))
}
