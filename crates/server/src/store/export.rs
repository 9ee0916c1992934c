//! Exports: every row of a filter in the order of a view, in one snapshot, at constant memory.
//!
//! A snapshot holds a connection and keeps Postgres from tidying up, so they are few, and a reader that takes nothing for
//! a while loses its. It can go on after the last row that it got, in a new snapshot.

use std::{collections::HashMap, sync::Arc};

use filter::{Bind, Document, Path, calendar::day_of};
use futures_util::Stream;
use jiff::{Timestamp, civil::Date};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    Store, View, alias,
    index::Standing,
    pages::Pages,
    query::{self, Error, Key, Plan, Query},
    row::Stored,
    snapshot::Snapshot,
    statement::Statement,
};

/// Rows of one page: large enough that a page costs little beside its rows.
const PAGE: usize = 5_000;
/// The cursor in the database.
const CURSOR: &str = "lines";
/// Sorting everything takes longer than a page does, and all of it will be read.
pub(super) const SETTINGS: [&str; 2] =
    ["set local statement_timeout = '10min'", "set local cursor_tuple_fraction = 1"];
/// Where the relationship begins in a row, after its key.
const RELATIONSHIP: usize = 3;

/// So many members of params are asked for one by one; of more it is cheaper to send all.
const MEMBERS_MAX: usize = 8;

/// An export that has begun: its snapshot is open.
pub struct Export {
    store: Store,
    view: View,
    plan: Arc<Plan>,
    aliases: Arc<Aliases>,
    snapshot: Snapshot,
    version: i64,
}

/// A relationship as it is exported; it reads its columns when it is asked.
pub struct ExportRow {
    row: Row,
    customer: Uuid,
    project: usize,
}

/// What the rows of an export have in common, beside their columns.
#[derive(Clone)]
pub struct Frame {
    plan: Arc<Plan>,
    aliases: Arc<Aliases>,
}

/// Other addresses of customers: few have any.
type Aliases = HashMap<Uuid, Vec<String>>;

/// Checks an export and opens its snapshot.
pub async fn open(store: &Store, view: &View, query: &Query) -> Result<Export, Error> {
    let plan = Arc::new(Plan::load(store, view, query).await?);
    let mut snapshot = Snapshot::of_export(store, view).await?;
    let rows = snapshot.ask(&[Plan::clock(), aliases(view)], false).await?;
    let version = rows[0].first().map_or(0, |row| row.get(0));
    let mut aliases = Aliases::new();
    for row in &rows[1] {
        aliases.entry(row.get(0)).or_default().push(row.get(1));
    }
    let (store, view) = (store.clone(), *view);
    Ok(Export { store, view, plan, aliases: Arc::new(aliases), snapshot, version })
}

/// The aliases that a view may see, as of one person ([`super::customer::load`]).
fn aliases(view: &View) -> Statement {
    Statement::make(|binds| {
        let told = view.project.map(|project| {
            let project = binds.bind(Bind::Uuid(project.0));
            format!("and {}", alias::told(&project))
        });
        let told = told.unwrap_or_default();
        format!(
            "select c.alias_of, c.email from customer c \
             where c.account_id = $1 and c.alias_of is not null {told} order by c.email"
        )
    })
}

impl Export {
    /// The account's version that all of it is of.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// The moment of the past that all of it is of; `None` where that is the present.
    pub fn as_of(&self) -> Option<Timestamp> {
        self.plan.past
    }

    /// The civil day of that moment, in the account's zone.
    pub fn day(&self) -> Option<Date> {
        self.plan.past.map(|moment| day_of(moment, &self.plan.lexicon.zone))
    }

    /// Whether rows come from several projects.
    pub fn is_wide(&self) -> bool {
        self.plan.is_wide()
    }

    /// What its rows have in common.
    pub fn frame(&self) -> Frame {
        Frame { plan: self.plan.clone(), aliases: self.aliases.clone() }
    }

    /// The paths of params that most rows have, objects aside: at most so many, widest first. The index tells them where it
    /// has come as far as the snapshot; reading all rows for it takes as long as exporting them.
    pub async fn widest(&mut self, limit: usize) -> Result<Vec<Path>, Error> {
        if let Standing::Ready(live) = self.store.live(self.view.account)
            && live.snapshot.version() == self.version
        {
            match query::leaves(&self.store, &self.view, &self.plan, &live, limit).await {
                Ok(Some(paths)) => return Ok(paths),
                // An export has more time.
                Ok(None) | Err(Error::TooSlow) => {}
                Err(error) => return Err(error),
            }
        }
        self.widest_read(limit).await
    }

    async fn widest_read(&mut self, limit: usize) -> Result<Vec<Path>, Error> {
        let statement = Statement::make(|binds| {
            let hits = self.plan.hits(binds);
            format!(
                "with recursive flat as ( \
                   select e.key, case when jsonb_typeof(e.value) = 'object' and e.value <> '{{}}' then e.value end as inside, \
                     count(*) as n \
                   from (select r.params {hits}) hit, jsonb_each(hit.params) e group by 1, 2), \
                 tree(path, value, n) as ( \
                   select array[key], inside, n from flat \
                   union all \
                   select path || e.key, e.value, n from tree, \
                     jsonb_each(case jsonb_typeof(tree.value) when 'object' then tree.value else '{{}}' end) e \
                   where jsonb_typeof(tree.value) = 'object') \
                 select path from tree \
                 where value is null or jsonb_typeof(value) <> 'object' or value = '{{}}' \
                 group by path order by sum(n) desc, path collate \"C\" limit {limit}"
            )
        });
        let rows = self.snapshot.ask(&[statement], false).await?.swap_remove(0);
        Ok(rows.iter().filter_map(|row| Path::new(row.get(0))).collect())
    }

    /// The rows, page by page. The next page is read while one is used; no more than a few are in memory. Only where rows
    /// are `told` there are cursors for what comes after them. Of params the members of `names` are enough, if that names any.
    pub fn pages(
        self,
        told: bool,
        names: Option<Vec<String>>,
    ) -> impl Stream<Item = Result<Vec<ExportRow>, Error>> + Send {
        Pages::of(move |pages| self.read(pages, told, names))
    }

    async fn read(
        mut self,
        pages: Pages<Vec<ExportRow>>,
        told: bool,
        names: Option<Vec<String>>,
    ) -> Result<(), Error> {
        let [timeout, fraction] = SETTINGS.map(|sql| Statement::make(|_| sql.to_owned()));
        let names = names.as_deref().filter(|names| names.len() <= MEMBERS_MAX);
        self.snapshot.ask(&[timeout, fraction, self.plan.declare(CURSOR, told, names)], false).await?;
        let read = |row: Row| {
            let weight = Stored::at(&row, RELATIONSHIP).weight()?;
            Ok((ExportRow::new(row, &self.plan)?, weight))
        };
        pages.send_all(&self.snapshot, CURSOR, PAGE, read).await?;
        self.snapshot.ask(&[], true).await?;
        pages.end().await
    }
}

impl Frame {
    /// The slugs of the projects, by the place that [`ExportRow::project`] tells.
    pub fn projects(&self) -> Vec<String> {
        self.plan.lexicon.projects.iter().map(|project| project.slug.to_string()).collect()
    }

    /// Other addresses of a row's customer.
    pub fn aliases(&self, row: &ExportRow) -> &[String] {
        self.aliases.get(&row.customer).map(Vec::as_slice).unwrap_or_default()
    }

    /// The cursor for what comes after a row of an export that tells them.
    pub fn cursor(&self, row: &ExportRow) -> String {
        let project = self.plan.lexicon.projects.get(row.project).map(|project| project.id.0);
        self.plan.cursor(Key::read(&row.row, 0), row.customer, project)
    }
}

impl ExportRow {
    fn new(row: Row, plan: &Plan) -> Result<ExportRow, super::Error> {
        let stored = Stored::at(&row, RELATIONSHIP);
        let (id, customer) = (stored.project()?, stored.customer()?);
        let project = plan.lexicon.projects.iter().position(|project| project.id.0 == id);
        Ok(ExportRow { row, customer, project: project.unwrap_or_default() })
    }

    /// The place of the project in [`Frame::projects`].
    pub fn project(&self) -> usize {
        self.project
    }

    /// The customer's id.
    pub fn customer(&self) -> Uuid {
        self.customer
    }

    /// Everything but the params, of which the document has none.
    pub fn document(&self) -> Result<Document<'_>, super::Error> {
        Stored::at(&self.row, RELATIONSHIP).document()
    }

    /// The params as JSON text.
    pub fn params(&self) -> Result<&str, super::Error> {
        let json = Stored::at(&self.row, RELATIONSHIP).json()?;
        std::str::from_utf8(json).map_err(|error| super::Error::Config(error.to_string()))
    }
}
