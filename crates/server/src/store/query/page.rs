//! A page of customers, and how their rows are fetched once their order is known: by the SQL engine in the statement
//! that finds the order, for the index by their keys.

use filter::{Document, Status};
use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio_postgres::Row;

use super::{Plan, key::Key};
use crate::{
    model::{CustomerId, ProjectId},
    store::{
        Error,
        row::{RELATIONSHIP_COLUMNS, Stored, WIDTH},
    },
};

/// A page also ends with the customer that passes this many bytes of params.
const PAGE_BYTES: usize = 4 << 20;
/// The columns after those of the relationship: whether the row matches, and when it was last named.
const HIT: usize = WIDTH;
const NAMED: usize = WIDTH + 1;
/// The first column after these.
pub(super) const ALSO: usize = WIDTH + 2;

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
    pub status: Option<Status>,
    /// Since when.
    pub status_since: Option<Timestamp>,
    /// When the customer first paid.
    pub first_paid: Option<Timestamp>,
    /// When the customer was first seen.
    pub first_seen: Timestamp,
    /// When the customer was last seen.
    pub last_activity: Option<Timestamp>,
    /// When an import was received that told what the customer holds without saying since when.
    pub imported: Option<Timestamp>,
    /// The free-form values.
    pub params: Map<String, Value>,
}

impl Relationship {
    /// The word of its status; none where nothing told of it.
    pub fn status_word(&self) -> &'static str {
        self.status.map_or("", Status::as_str)
    }

    /// The relationship that a document describes; its params come beside it, to be moved.
    fn of(document: &Document<'_>, params: Map<String, Value>) -> Relationship {
        Relationship {
            project: ProjectId(document.project),
            user_id: document.user_id.map(str::to_owned),
            name: document.name.map(str::to_owned),
            status: document.status,
            status_since: document.status_since,
            first_paid: document.first_paid,
            first_seen: document.first_seen,
            last_activity: document.last_activity,
            imported: document.imported,
            params,
        }
    }

    /// Reads the relationship whose [`RELATIONSHIP_COLUMNS`] begin at `first`.
    pub(in crate::store) fn read(row: &Row, first: usize) -> Result<Relationship, Error> {
        let stored = Stored::at(row, first);
        Ok(Relationship::of(&stored.document()?, stored.params()?))
    }

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
            imported: self.imported,
            params: &self.params,
            history: None,
        }
    }
}

/// What a statement that fetches the rows of customers is made of, as SQL.
pub(super) struct Fetch<'a> {
    /// A query of `customer_id` and `place`, and whatever `also` uses.
    pub(super) page: &'a str,
    /// The relationships of one of these customers that are asked about, as `r`: what follows FROM.
    pub(super) rows: &'a str,
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
        let Fetch { page, rows, hit, wide, also } = self;
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
               select {RELATIONSHIP_COLUMNS}, {hit} as hit, {named} as named, {also}, page.place, \
                 sum(length(r.params::text)) over ( \
                   order by page.place range between unbounded preceding and 1 preceding) as before \
               from page \
               cross join lateral (select c.email from customer c \
                 where c.account_id = $1 and c.id = page.customer_id offset 0) c \
               cross join lateral (select r.* from {rows} offset 0) r) row \
             where coalesce(before, 0) < {PAGE_BYTES} order by place, project_id"
        )
    }
}

/// Reads the page: rows of one customer follow each other. There is a next one when more customers were found than it
/// holds; its cursor is made of the key of a customer of the page, told by its first row and its place.
pub(super) fn read_page(
    plan: &Plan,
    rows: &[Row],
    found: usize,
    key: impl Fn(&Row, usize) -> Key,
) -> Result<Page, Error> {
    let id = |row: &Row| Stored::at(row, 0).customer();
    let customers = rows.chunk_by(|a, b| id(a).ok() == id(b).ok());
    let shown: Vec<&[Row]> = customers.take(plan.question.limit).collect();
    let last = shown.last().filter(|_| shown.len() < found).map(|last| &last[0]);
    let next = match last {
        Some(row) => Some(plan.cursor(key(row, shown.len() - 1), id(row)?, None)),
        None => None,
    };
    Ok(Page { rows: shown.into_iter().map(customer).collect::<Result<_, _>>()?, next })
}

fn customer(rows: &[Row]) -> Result<CustomerRow, Error> {
    let documents: Vec<Document<'_>> =
        rows.iter().map(|row| Stored::at(row, 0).document()).collect::<Result<_, _>>()?;
    let named = rows.iter().zip(&documents).filter(|(_, document)| document.name.is_some());
    let last =
        named.max_by_key(|(row, document)| (row.get::<_, Option<Timestamp>>(NAMED), document.last_activity));
    let matching = rows.iter().filter(|row| row.get(HIT));
    Ok(CustomerRow {
        id: CustomerId(Stored::at(&rows[0], 0).customer()?),
        email: documents[0].email.to_owned(),
        name: last.and_then(|(_, document)| document.name).map(str::to_owned),
        relationships: matching.map(|row| Relationship::read(row, 0)).collect::<Result<_, _>>()?,
    })
}
