//! A page of customers in order, found by where the page before ended.

use filter::{Bind, Binds};
use index::Sort;
use tokio_postgres::Row;
use uuid::Uuid;

use super::field;
use crate::store::{
    Error,
    query::{
        Page, Plan,
        key::{self, Key},
        page::{self, ALSO, Fetch},
    },
    statement::Statement,
};

/// Finds one customer more than the page holds: whether there is a next page. The order is found first, over as few
/// columns as it needs; everything else is fetched for the page only.
pub(super) fn statement(plan: &Plan) -> Statement {
    Statement::make(|binds| {
        let order = order(plan, binds);
        let (rows, matches) = (plan.of_customer("page.customer_id", binds), plan.matches(binds));
        let also = "page.rank, page.number::text, page.text, (select count(*) from page)";
        Fetch { page: &order, rows: &rows, hit: &matches, wide: plan.is_wide(), also }.sql()
    })
}

/// The customers of the page and what they are sorted by.
fn order(plan: &Plan, binds: &mut Binds) -> String {
    let (keys, by) = (keys(plan, binds), by(&plan.question.sort));
    let once = if plan.is_wide() { "distinct on (customer_id)" } else { "" };
    let first = if plan.is_wide() { format!("order by customer_id, {by}") } else { String::new() };
    let after = after(plan, binds, &["customer_id"]);
    let hits = plan.hits(binds);
    let limit = plan.question.limit + 1;
    let keyed = format!("select r.customer_id, {keys} {hits}");
    format!(
        "select *, row_number() over (order by {by}, customer_id) as place from ( \
           select * from (select {once} * from ({keyed}) hit {first}) customer {after} \
           order by {by}, customer_id limit {limit}) page"
    )
}

/// What a relationship is sorted by: the columns `rank`, `number` and `text`.
pub(super) fn keys(plan: &Plan, binds: &mut Binds) -> String {
    let sort = &plan.question.sort;
    let field::Parts { rank, number, text } = field::parts(&sort.field, binds);
    let (missing, length) = (key::missing(sort), index::SORT_TEXT);
    format!("coalesce({rank}, {missing}) as rank, {number} as number, left({text}, {length}) as text")
}

/// The order of these columns.
pub(super) fn by(sort: &Sort) -> String {
    let direction = if sort.descending { "desc" } else { "asc" };
    format!("rank {direction}, number {direction}, text collate \"C\" {direction}")
}

/// That a row stands after the cursor; those that are sorted alike are in the order of `ties`.
pub(super) fn after(plan: &Plan, binds: &mut Binds, ties: &[&str]) -> String {
    let Some(place) = &plan.after else { return String::new() };
    let rank = binds.bind(Bind::Integer(i64::from(place.key.rank)));
    let number = binds.bind(Bind::Number(place.key.number.clone()));
    let text = binds.bind(Bind::Text(place.key.text.clone()));
    // A cursor of a page stands after all projects of its customer.
    let last = [place.customer, place.project.unwrap_or(Uuid::max())];
    let last: Vec<String> =
        ties.iter().zip(last).map(|(_, id)| format!("{}::uuid", binds.bind(Bind::Uuid(id)))).collect();
    let key = format!("({rank}::bigint, {number}::text::numeric, {text}::text collate \"C\")");
    let beyond = if plan.question.sort.descending { "<" } else { ">" };
    let own = "(rank::bigint, number, text collate \"C\")";
    let (ties, last) = (ties.join(", "), last.join(", "));
    format!("where {own} {beyond} {key} or ({own} = {key} and ({ties}) > ({last}))")
}

/// Reads the page; `page` also says how many customers were found.
pub(super) fn rows(plan: &Plan, rows: &[Row]) -> Result<Page, Error> {
    let found = rows.first().map_or(0, |row| row.get::<_, i64>(ALSO + 3)) as usize;
    let key = |row: &Row, _| Key::read(row, ALSO);
    page::read_page(plan, rows, found, key)
}
