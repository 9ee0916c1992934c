//! A page of customers in order, found by where the page before ended.

use filter::{Bind, Binds};
use tokio_postgres::Row;

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
        let (visible, matches) = (plan.in_rows(binds), plan.matches(binds));
        let also = "page.rank, page.number::text, page.text, (select count(*) from page)";
        Fetch { page: &order, visible: &visible, hit: &matches, wide: plan.is_wide(), also }.sql()
    })
}

/// The customers of the page and what they are sorted by.
fn order(plan: &Plan, binds: &mut Binds) -> String {
    let sort = &plan.question.sort;
    let (direction, missing) = (if sort.descending { "desc" } else { "asc" }, key::missing(sort));
    let parts = field::parts(&sort.field, binds);
    let text = format!("left({}, {})", parts.text, index::SORT_TEXT);
    let keys = format!("rank {direction}, number {direction}, text collate \"C\" {direction}");
    let once = if plan.is_wide() { "distinct on (customer_id)" } else { "" };
    let first = if plan.is_wide() { format!("order by customer_id, {keys}") } else { String::new() };
    let after = after(plan, binds);
    let hits = plan.hits(binds);
    let limit = plan.question.limit + 1;
    let keyed = format!(
        "select r.customer_id, coalesce({}, {missing}) as rank, {} as number, {text} as text {hits}",
        parts.rank, parts.number
    );
    format!(
        "select *, row_number() over (order by {keys}, customer_id) as place from ( \
           select * from (select {once} * from ({keyed}) hit {first}) customer {after} \
           order by {keys}, customer_id limit {limit}) page"
    )
}

/// That a customer stands after the cursor.
fn after(plan: &Plan, binds: &mut Binds) -> String {
    let Some(place) = &plan.after else { return String::new() };
    let rank = binds.bind(Bind::Integer(i64::from(place.key.rank)));
    let number = binds.bind(Bind::Number(place.key.number.clone()));
    let text = binds.bind(Bind::Text(place.key.text.clone()));
    let customer = binds.bind(Bind::Uuid(place.customer));
    let key = format!("({rank}::bigint, {number}::text::numeric, {text}::text collate \"C\")");
    let beyond = if plan.question.sort.descending { "<" } else { ">" };
    let own = "(rank::bigint, number, text collate \"C\")";
    format!("where {own} {beyond} {key} or ({own} = {key} and customer_id > {customer}::uuid)")
}

/// Reads the page; `page` also says how many customers were found.
pub(super) fn rows(plan: &Plan, rows: &[Row]) -> Result<Page, Error> {
    let found = rows.first().map_or(0, |row| row.get::<_, i64>(ALSO + 3)) as usize;
    let key = |row: &Row, _| Key { rank: row.get(ALSO), number: row.get(ALSO + 1), text: row.get(ALSO + 2) };
    page::read_page(plan, rows, found, key)
}
