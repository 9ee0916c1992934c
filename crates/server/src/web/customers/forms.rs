//! The small forms that change a filter without its language: each is answered with the page under the filter that it comes to.

use axum::response::{IntoResponse, Redirect};
use filter::Expr;
use serde::Deserialize;

use super::{address::Address, pills, spread};
use crate::{
    http::{Code, Problem, extract::Query as UrlQuery},
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

    /// What is said of a range that cannot be read: nothing is left out without a word. A condition that is there no more stays away.
    fn unread(&self, address: &Address) -> Result<String, Problem> {
        if self.field.is_empty() {
            return Ok(address.filter.clone());
        }
        let detail = format!("No range of {} goes from {:?} to {:?}.", self.field, self.from, self.to);
        Err(Problem::new(Code::InvalidFields, detail)
            .hint("Numbers are written 1234.50 and days 2026-03-31. Go back: the filter is still there."))
    }
}

/// `GET /customers/narrow`.
pub async fn narrow(
    SignedIn(_): SignedIn,
    UrlQuery(address): UrlQuery<Address>,
    UrlQuery(change): UrlQuery<Change>,
) -> Result<impl IntoResponse, Problem> {
    let filter = filter::parse(&address.filter).unwrap_or_else(|_| Expr::new(None));
    let changed = change.of(&filter).map_or_else(|| change.unread(&address), Ok)?;
    Ok(Redirect::to(&address.filtered(changed).link()))
}
