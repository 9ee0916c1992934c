//! A page of customers, and how their rows are fetched once their order is known: by the SQL engine in the statement
//! that finds the order, for the index by their keys.

use filter::{Document, Status};
use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{Plan, cursor, key::Key};
use crate::model::{CustomerId, ProjectId};

/// The columns of a relationship, as [`read`] takes them.
pub(in crate::store) const COLUMNS: &str = "r.project_id, r.user_id, r.name, r.status, r.status_since, r.first_paid, \
                                            r.first_seen, r.last_activity, r.params";

/// A page also ends with the customer that passes this many bytes of params.
const PAGE_BYTES: usize = 4 << 20;
/// The columns before those of the relationship: customer, e-mail, whether the row matches, when it was last named.
const FIRST: usize = 4;
/// The first column after those of the relationship.
pub(super) const ALSO: usize = FIRST + 9;

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

impl Relationship {
    /// The relationship of the customer with this e-mail as filters see it; nobody asks it for being a test.
    pub fn document<'a>(&'a self, email: &'a str) -> Document<'a> {
        Document {
            project: self.project.0,
            test: false,
            email,
            user_id: self.user_id.as_deref(),
            name: self.name.as_deref(),
            status: self.status,
            status_since: self.status_since,
            first_paid: self.first_paid,
            first_seen: self.first_seen,
            last_activity: self.last_activity,
            params: &self.params,
        }
    }
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

/// What a statement that fetches the rows of customers is made of, as SQL.
pub(super) struct Fetch<'a> {
    /// A query of `customer_id` and `place`, and whatever `also` uses.
    pub(super) page: &'a str,
    /// Which relationships of these customers are asked about.
    pub(super) visible: &'a str,
    /// Which of those match.
    pub(super) hit: &'a str,
    /// Whether they are of several projects.
    pub(super) wide: bool,
    /// Columns from [`ALSO`] on.
    pub(super) also: &'a str,
}

impl Fetch<'_> {
    /// A row per relationship of the customers, those that do not match too: they may hold the name given last. Each
    /// customer is looked up by key, which `offset 0` sees to: a plan that was made while the tables were small would read
    /// the whole account when they have grown (measured).
    pub(super) fn sql(&self) -> String {
        let Fetch { page, visible, hit, wide, also } = self;
        let named = match wide {
            false => "null::timestamptz",
            true => {
                "(select max(h.at) from change h where h.account_id = $1 and h.customer_id = r.customer_id \
                     and h.project_id = r.project_id and h.fields ? 'name')"
            }
        };
        format!(
            "with page as materialized ({page}) \
             select * from ( \
               select page.customer_id, c.email, {hit} as hit, {named} as named, {COLUMNS}, {also}, page.place, \
                 sum(length(r.params::text)) over ( \
                   order by page.place range between unbounded preceding and 1 preceding) as before \
               from page \
               cross join lateral (select c.email from customer c \
                 where c.account_id = $1 and c.id = page.customer_id offset 0) c \
               cross join lateral (select r.* from relationship r \
                 where r.account_id = $1 and r.customer_id = page.customer_id and {visible} offset 0) r) row \
             where coalesce(before, 0) < {PAGE_BYTES} order by place, project_id"
        )
    }
}

/// Reads the page: rows of one customer follow each other. There is a next one when more customers were found than it
/// holds; its cursor is made of the key of a customer of the page, told by its first row and its place.
pub(super) fn read_page(plan: &Plan, rows: &[Row], found: usize, key: impl Fn(&Row, usize) -> Key) -> Page {
    let customers = rows.chunk_by(|a, b| a.get::<_, Uuid>(0) == b.get::<_, Uuid>(0));
    let shown: Vec<&[Row]> = customers.take(plan.question.limit).collect();
    let last = shown.last().filter(|_| shown.len() < found).map(|last| &last[0]);
    let next = last.map(|row| cursor::write(plan.print, plan.now, &key(row, shown.len() - 1), row.get(0)));
    Page { rows: shown.into_iter().map(customer).collect(), next }
}

fn customer(rows: &[Row]) -> CustomerRow {
    let name = |row: &Row| row.get::<_, Option<String>>(FIRST + 2);
    let named = rows.iter().filter(|row| name(row).is_some());
    let last =
        named.max_by_key(|row| (row.get::<_, Option<Timestamp>>(3), row.get::<_, Timestamp>(FIRST + 7)));
    CustomerRow {
        id: CustomerId(rows[0].get(0)),
        email: rows[0].get(1),
        name: last.and_then(name),
        relationships: rows.iter().filter(|row| row.get(2)).map(|row| read(row, FIRST)).collect(),
    }
}
