//! A page of customers in order, found by where the page before ended.

use filter::{Bind, Binds, Status};
use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    Plan, cursor,
    field::{self, Key, LAST},
};
use crate::{
    model::{CustomerId, ProjectId},
    store::statement::Statement,
};

/// The columns of a relationship, as [`read`] takes them.
pub(in crate::store) const COLUMNS: &str = "r.project_id, r.user_id, r.name, r.status, r.status_since, r.first_paid, \
                                            r.first_seen, r.last_activity, r.params";

/// A page also ends with the customer that passes this many bytes of params.
const PAGE_BYTES: usize = 4 << 20;
/// The column, after those of the relationship, that says how many customers were found.
const FOUND: usize = 16;

/// Customers in order.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The customers of this page.
    pub rows: Vec<CustomerRow>,
    /// The cursor of the next page; `None` on the last.
    pub next: Option<String>,
}

/// A customer of a page.
#[derive(Clone, Debug)]
pub struct CustomerRow {
    /// Its id.
    pub id: CustomerId,
    /// Its e-mail, normalised.
    pub email: String,
    /// The name given last, in any of the projects that are asked about.
    pub name: Option<String>,
    /// Its relationships that match, oldest project first.
    pub relationships: Vec<Relationship>,
}

/// A customer in a project.
#[derive(Clone, Debug)]
pub struct Relationship {
    /// The project.
    pub project: ProjectId,
    /// The app's own id.
    pub user_id: Option<String>,
    /// The name last given there.
    pub name: Option<String>,
    /// The payment status.
    pub status: Status,
    /// Since when.
    pub status_since: Timestamp,
    /// When the customer first paid.
    pub first_paid: Option<Timestamp>,
    /// When the customer was first seen.
    pub first_seen: Timestamp,
    /// When the customer was last seen.
    pub last_activity: Timestamp,
    /// The free-form values.
    pub params: Map<String, Value>,
}

/// Reads the [`COLUMNS`] that begin at `first`.
pub(in crate::store) fn read(row: &Row, first: usize) -> Relationship {
    Relationship {
        project: ProjectId(row.get(first)),
        user_id: row.get(first + 1),
        name: row.get(first + 2),
        status: row.get::<_, &str>(first + 3).parse().unwrap_or(Status::Free), // a check constraint admits no other
        status_since: row.get(first + 4),
        first_paid: row.get(first + 5),
        first_seen: row.get(first + 6),
        last_activity: row.get(first + 7),
        params: match row.get(first + 8) {
            Value::Object(params) => params,
            _ => Map::new(),
        },
    }
}

/// Finds one customer more than the page holds: whether there is a next page. The order is found first, over as few
/// columns as it needs; everything else is fetched for the page only.
pub(super) fn statement(plan: &Plan) -> Statement {
    Statement::make(|binds| {
        let order = order(plan, binds);
        let (visible, matches) = (plan.in_rows(binds), plan.matches(binds));
        let named = match plan.is_wide() {
            false => "null::timestamptz".to_owned(),
            true => {
                "(select max(h.at) from change h where h.account_id = $1 and h.customer_id = r.customer_id \
                     and h.project_id = r.project_id and h.fields ? 'name')"
                    .to_owned()
            }
        };
        format!(
            "with page as materialized ({order}) \
             select * from ( \
               select page.customer_id, page.rank, page.number::text, page.text, c.email, {matches} as hit, \
                 {named} as named, {COLUMNS}, (select count(*) from page), page.place, \
                 sum(length(r.params::text)) over ( \
                   order by page.place range between unbounded preceding and 1 preceding) as before \
               from page \
               join customer c on c.account_id = $1 and c.id = page.customer_id \
               join relationship r on r.account_id = $1 and r.customer_id = page.customer_id and {visible}) row \
             where coalesce(before, 0) < {PAGE_BYTES} order by place, project_id"
        )
    })
}

/// The customers of the page and what they are sorted by.
fn order(plan: &Plan, binds: &mut Binds) -> String {
    let sort = &plan.question.sort;
    let (direction, missing) = if sort.descending { ("desc", 0) } else { ("asc", LAST) };
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

/// Reads the page: rows of one customer follow each other. There is a next one when more customers were found than it
/// holds.
pub(super) fn rows(plan: &Plan, rows: &[Row]) -> Page {
    let found = rows.first().map_or(0, |row| row.get::<_, i64>(FOUND)) as usize;
    let customers = rows.chunk_by(|a, b| a.get::<_, Uuid>(0) == b.get::<_, Uuid>(0));
    let shown: Vec<&[Row]> = customers.take(plan.question.limit).collect();
    let more = shown.len() < found;
    let next = shown.last().filter(|_| more).map(|last| cursor(plan, &last[0]));
    Page { rows: shown.into_iter().map(customer).collect(), next }
}

/// The cursor after a customer.
fn cursor(plan: &Plan, row: &Row) -> String {
    let key = Key { rank: row.get(1), number: row.get(2), text: row.get(3) };
    cursor::write(plan.print, plan.now, &key, row.get(0))
}

fn customer(rows: &[Row]) -> CustomerRow {
    let named = rows.iter().filter(|row| row.get::<_, Option<&str>>(9).is_some());
    let last = named.max_by_key(|row| (row.get::<_, Option<Timestamp>>(6), row.get::<_, Timestamp>(14)));
    CustomerRow {
        id: CustomerId(rows[0].get(0)),
        email: rows[0].get(4),
        name: last.map(|row| row.get(9)),
        relationships: rows.iter().filter(|row| row.get(5)).map(|row| read(row, 7)).collect(),
    }
}
