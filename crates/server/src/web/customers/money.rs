//! Money: which path of params tells of it, of whom it is summed, and in which currencies it is.

use filter::Field;
use index::{Bucket, Datum, Grouping, Groups, Part, Question};

use super::{
    address::Address,
    facets::label,
    narrow,
    table::{self, Seen},
};
use crate::{
    http::{App, Problem},
    model::Formats,
    store::{Rows, View, query::Query},
};

/// What products call what they are paid.
const MONEY: [&str; 6] = ["mrr", "arr", "revenue", "amount", "price", "ltv"];
/// The key of params that says what money is in.
const CURRENCY: &str = "currency";

/// The field whose sum is shown: the address's, else one that sounds like money, else the widest with numbers.
pub(super) fn summed(address: &Address, seen: &[Seen]) -> Result<Option<Field>, Problem> {
    if !address.sum.is_empty() {
        return table::field(&address.sum).map(Some);
    }
    let money = of(seen);
    let widest = seen.iter().filter(|seen| seen.is_numeric()).max_by_key(|seen| seen.count);
    Ok(money.or(widest.map(|seen| &seen.field)).cloned())
}

/// The path that sounds like money, if there is one with numbers.
pub(crate) fn of(seen: &[Seen]) -> Option<&Field> {
    table::numeric(seen).find(|field| is_money(field))
}

/// Whether a field sounds like money.
pub(crate) fn is_money(field: &Field) -> bool {
    MONEY.contains(&label(field).as_str())
}

/// The condition of those whose numbers in a field are summed.
pub(crate) fn summed_of(field: &Field) -> String {
    format!("status = \"paid\" and {field} is number")
}

/// The condition of those whose money is in a currency, or in none that is told.
pub(crate) fn is_in(currency: Option<&str>) -> Option<String> {
    let field = table::path(CURRENCY)?;
    match currency {
        Some(text) => narrow::condition(&field, &Datum::String(text.to_owned()), false),
        None => Some(format!("not {field} exists")),
    }
}

/// What the money in a field is in. Where it names nothing, that is the account's currency; and that it names nothing is said
/// where other money does.
pub(crate) fn currency(formats: Formats, field: &Field, told: Option<&str>, is_alone: bool) -> String {
    match (told, formats.currency.filter(|_| is_money(field))) {
        (Some(told), _) => told.to_owned(),
        (None, Some(own)) if is_alone => own.as_str().to_owned(),
        (None, Some(own)) => format!("{} (none told)", own.as_str()),
        (None, None) => String::new(),
    }
}

/// What people call a number: the short names of money are spelled in capitals.
pub(crate) fn spoken(field: &Field) -> String {
    let label = label(field);
    if is_money(field) && label.len() == 3 { label.to_uppercase() } else { label }
}

/// The currencies of the money in a field, of those who match and pay, and nobody else: those that most have first, and at the end
/// `None` for the money of people without one. Where nobody can tell, `None`.
pub(crate) async fn currencies(
    app: &App,
    view: &View,
    field: &Field,
    (filter, rows, as_of): (&str, Rows, Option<String>),
) -> Option<Vec<Option<String>>> {
    let filter = filter::parse(filter).ok()?;
    let question = Question {
        select: vec![Part::Groups],
        group_by: Some(Grouping::Value(table::path(CURRENCY)?)),
        bare: true,
        ..Question::default()
    };
    let filter = narrow::with(&filter, &summed_of(field))?;
    let query = Query { filter, rows, as_of, question, ..Query::default() };
    Some(told(app.query(view, &query).await.ok()?.groups?))
}

/// The currencies of groups, those that most have first.
fn told(groups: Groups) -> Vec<Option<String>> {
    let text = |(bucket, _): &(Bucket, _)| match bucket {
        Bucket::Value(Datum::String(text)) => Some(text.clone()),
        _ => None,
    };
    let without = [groups.missing, groups.other].into_iter().flatten().any(|group| group.count > 0);
    let mut currencies: Vec<Option<String>> = groups.rows.iter().map(text).collect();
    currencies.extend(without.then_some(None));
    currencies
}
