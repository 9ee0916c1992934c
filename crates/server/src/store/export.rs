//! Exports: every row of a filter, in short transactions that go by key, at constant memory.

use filter::{Bind, Document, Path};
use futures_util::{Stream, stream::try_unfold};
use tokio::task::JoinHandle;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    AccountId, Rows, Store, View,
    query::{Error, Plan, Query},
    row::{RELATIONSHIP_COLUMNS, Stored},
    snapshot::Snapshot,
    statement::Statement,
};

/// Rows of one page: large enough that a page costs little beside its rows.
const PAGE: usize = 5_000;
/// A page also ends with the row that passes this many bytes of params, as they are stored: compressed, if they are large.
const PAGE_BYTES: usize = 1 << 20;

/// An export that was checked and can begin.
pub struct Export {
    store: Store,
    account: AccountId,
    plan: Plan,
}

/// A relationship as it is exported; it reads its columns when it is asked.
pub struct ExportRow {
    row: Row,
    place: Place,
    project: usize,
}

/// Where a row stands, and a page ends.
#[derive(Clone, Copy)]
struct Place {
    project: Uuid,
    customer: Uuid,
}

/// Checks an export; nothing of it is read yet.
pub async fn open(store: &Store, view: &View, filter: &str, rows: &Rows) -> Result<Export, Error> {
    let query = Query { filter: filter.to_owned(), rows: rows.clone(), ..Query::default() };
    let plan = Plan::load(store, view, &query).await?;
    Ok(Export { store: store.clone(), account: view.account, plan })
}

impl Export {
    /// The slugs of the projects, by the place that [`ExportRow::project`] tells.
    pub fn projects(&self) -> Vec<String> {
        self.plan.lexicon.projects.iter().map(|project| project.slug.to_string()).collect()
    }

    /// Whether rows come from several projects.
    pub fn is_wide(&self) -> bool {
        self.plan.is_wide()
    }

    /// The paths of params that most rows have, objects aside: at most so many, widest first.
    pub async fn widest(&self, limit: usize) -> Result<Vec<Path>, Error> {
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
        let mut snapshot = Snapshot::open(&self.store, self.account).await?;
        let rows = snapshot.ask(&[statement], true).await?.swap_remove(0);
        Ok(rows.iter().filter_map(|row| Path::new(row.get(0))).collect())
    }

    /// The rows, page by page. The next page is fetched while one is used; no more than the two are in memory.
    pub fn pages(self) -> impl Stream<Item = Result<Vec<ExportRow>, Error>> + Send {
        let export = std::sync::Arc::new(self);
        let first = fetch(&export, None);
        try_unfold((export, Fetching(first)), async |(export, Fetching(page))| {
            let rows = page.await.unwrap_or_else(|_| Err(Error::Store(stopped())))?;
            let Some(last) = rows.last() else { return Ok(None) };
            let next = fetch(&export, Some(last.place));
            Ok(Some((rows, (export, Fetching(next)))))
        })
    }

    fn statement(&self, after: Option<Place>) -> Statement {
        Statement::make(|binds| {
            let hits = self.plan.hits(binds);
            let after = after.map(|place| {
                let (project, customer) = (Bind::Uuid(place.project), Bind::Uuid(place.customer));
                let (project, customer) = (binds.bind(project), binds.bind(customer));
                format!("and (r.project_id, r.customer_id) > ({project}::uuid, {customer}::uuid)")
            });
            let after = after.unwrap_or_default();
            format!(
                "select * from (select {RELATIONSHIP_COLUMNS}, \
                   sum(pg_column_size(r.params)) over (order by r.project_id, r.customer_id \
                     rows between unbounded preceding and 1 preceding) as before \
                 {hits} {after} order by r.project_id, r.customer_id limit {PAGE}) page \
                 where coalesce(before, 0) < {PAGE_BYTES}"
            )
        })
    }
}

/// A page on its way; dropped, it is no longer waited for.
struct Fetching(JoinHandle<Result<Vec<ExportRow>, Error>>);

fn fetch(export: &std::sync::Arc<Export>, after: Option<Place>) -> JoinHandle<Result<Vec<ExportRow>, Error>> {
    let export = export.clone();
    tokio::spawn(async move {
        let mut snapshot = Snapshot::open(&export.store, export.account).await?;
        let rows = snapshot.ask(&[export.statement(after)], true).await?.swap_remove(0);
        rows.into_iter().map(|row| Ok(ExportRow::new(row, &export.plan)?)).collect()
    })
}

fn stopped() -> super::Error {
    super::Error::Unavailable("the export was stopped".to_owned())
}

impl ExportRow {
    fn new(row: Row, plan: &Plan) -> Result<ExportRow, super::Error> {
        let stored = Stored::at(&row, 0);
        let place = Place { project: stored.project()?, customer: stored.customer()? };
        let mut projects = plan.lexicon.projects.iter();
        let project = projects.position(|project| project.id.0 == place.project).unwrap_or_default();
        Ok(ExportRow { row, place, project })
    }

    /// The place of the project in [`Export::projects`].
    pub fn project(&self) -> usize {
        self.project
    }

    /// The customer's id.
    pub fn customer(&self) -> Uuid {
        self.place.customer
    }

    /// Everything but the params, of which the document has none.
    pub fn document(&self) -> Result<Document<'_>, super::Error> {
        Stored::at(&self.row, 0).document()
    }

    /// The params as JSON text.
    pub fn params(&self) -> Result<&str, super::Error> {
        let json = Stored::at(&self.row, 0).json()?;
        std::str::from_utf8(json).map_err(|error| super::Error::Config(error.to_string()))
    }
}
