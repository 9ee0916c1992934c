//! The columns of the table: shown, hidden and put in another order by links, and kept for good by a form.

use axum::{extract::State, response::Redirect};
use filter::Field;

use super::{address::Address, ask::Found, facets::label, list, table};
use crate::{
    http::{App, Code, Problem, extract::Form},
    store::member,
    web::session::{SignedIn, safe_next},
};

/// The longest list that is kept, in bytes.
const LONGEST: usize = 4_096;

/// A field that can be a column.
pub(super) struct Column {
    /// As an address has it.
    pub(super) field: String,
    pub(super) label: String,
    /// Shows it, last of all; or hides it.
    pub(super) link: String,
    pub(super) on: bool,
    /// The view with it one place further left, and right.
    pub(super) left: Option<String>,
    pub(super) right: Option<String>,
}

/// The columns, and the paths that could be some.
pub(super) fn columns(address: &Address, found: &Found) -> Vec<Column> {
    let shown = &found.columns;
    let link = |columns: &[Field]| Address { columns: list(columns), ..address.clone() }.link();
    let swapped = |place: usize, other: Option<usize>| {
        let mut columns = shown.clone();
        let other = other.filter(|other| *other < columns.len())?;
        columns.swap(place, other);
        Some(link(&columns))
    };
    let on = shown.iter().enumerate().map(|(place, field)| {
        let rest: Vec<Field> = shown.iter().filter(|column| *column != field).cloned().collect();
        Column {
            field: field.to_string(),
            label: label(field),
            link: link(&rest),
            on: true,
            left: swapped(place, place.checked_sub(1)),
            right: swapped(place, Some(place + 1)),
        }
    });
    let others = found.seen.iter().map(|seen| &seen.field).filter(|field| !shown.contains(field));
    let off = others.map(|field| {
        let more: Vec<Field> = shown.iter().chain([field]).cloned().collect();
        let (field, label) = (field.to_string(), label(field));
        Column { field, label, link: link(&more), on: false, left: None, right: None }
    });
    on.chain(off).collect()
}

/// What the form sends: the columns, and where it stood.
#[derive(serde::Deserialize)]
pub struct ColumnsForm {
    columns: String,
    next: String,
}

/// `POST /customers/columns`: these columns come by themselves from now on; empty, those that most customers have.
pub async fn keep_columns(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    Form(form): Form<ColumnsForm>,
) -> Result<Redirect, Problem> {
    if form.columns.len() > LONGEST {
        return Err(
            Problem::new(Code::InvalidRequest, "That is too long to be kept.").hint("Show fewer columns.")
        );
    }
    let address = Address { columns: form.columns, ..Address::default() };
    let columns = table::named(&address).map(table::field).collect::<Result<Vec<_>, _>>()?;
    member::set_columns(&app.store, &member, &list(&columns)).await?;
    Ok(Redirect::to(safe_next(&form.next)))
}
