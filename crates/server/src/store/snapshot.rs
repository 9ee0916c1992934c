//! One read-only snapshot of the database: everything that is read in it belongs to one version.

use std::time::Duration;

use deadpool_postgres::Object;
use futures_util::future::{join_all, join4};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::{
    Row, RowStream,
    error::SqlState,
    types::{ToSql, Type},
};
use uuid::Uuid;

use super::{
    Error, Store, View,
    lane::{Lane, Turn},
    statement::Statement,
};

/// Opens the snapshot. Queries are long beside the statements that the defaults are made for: sorting gets memory.
const BEGIN: &str = "begin isolation level repeatable read read only; \
                     set local statement_timeout = '30s'; set local work_mem = '64MB'";

/// A snapshot on a connection of its own. Dropped before its end, it gives the connection up instead of returning it
/// to the pool in the middle of a transaction.
pub(in crate::store) struct Snapshot {
    client: Option<Object>,
    account: Uuid,
    begun: bool,
    /// When its asker gives up, where that is sooner than a statement's own time.
    until: Option<Instant>,
    _turn: Turn,
}

/// What is left of that, to Postgres too: it stops what nobody waits for any more. The text is constant.
const LEFT: &str = "select set_config('statement_timeout', $1, true)";

/// Why a snapshot could not answer.
#[derive(Debug)]
pub(in crate::store) enum Fault {
    /// A statement took longer than it may.
    TooSlow,
    /// Anything else.
    Store(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::Store(error)
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            Some(&SqlState::QUERY_CANCELED) => Fault::TooSlow,
            _ => Fault::Store(error.into()),
        }
    }
}

impl Snapshot {
    /// Takes a connection, for a question; nothing is sent before the first statements.
    pub(in crate::store) async fn open(store: &Store, view: &View) -> Result<Snapshot, Error> {
        Snapshot::of(store, view, &store.lanes.questions).await
    }

    /// The same for an export, which holds it for as long as its reader reads.
    pub(in crate::store) async fn of_export(store: &Store, view: &View) -> Result<Snapshot, Error> {
        Snapshot::of(store, view, &store.lanes.exports).await
    }

    /// The same for the export of one person.
    pub(in crate::store) async fn of_person(store: &Store, view: &View) -> Result<Snapshot, Error> {
        Snapshot::of(store, view, &store.lanes.people).await
    }

    async fn of(store: &Store, view: &View, lane: &Lane) -> Result<Snapshot, Error> {
        let turn = lane.turn(*view).await?;
        let client = Some(store.client().await?);
        Ok(Snapshot { client, account: view.account.0, begun: false, until: None, _turn: turn })
    }

    /// The same for a question whose asker waits until then and no longer, for its turn neither.
    pub(in crate::store) async fn open_until(
        store: &Store,
        view: &View,
        until: Option<std::time::Instant>,
    ) -> Result<Snapshot, Fault> {
        let Some(until) = until.map(Instant::from_std) else { return Ok(Snapshot::open(store, view).await?) };
        let opened = timeout_at(until, Snapshot::open(store, view)).await.map_err(|_| Fault::TooSlow)?;
        let mut snapshot = opened?;
        snapshot.until = Some(until);
        Ok(snapshot)
    }

    /// Runs statements in one round trip, in order; `last` ends the snapshot in the same round trip.
    pub(in crate::store) async fn ask(
        &mut self,
        statements: &[Statement],
        last: bool,
    ) -> Result<Vec<Vec<Row>>, Fault> {
        let Some(client) = &self.client else { return Ok(Vec::new()) };
        let first = !std::mem::replace(&mut self.begun, true);
        // The driver sends when a future is first polled, and a join polls in order: the server sees begin, the
        // time that is left, the statements, commit.
        let begin = async { if first { client.batch_execute(BEGIN).await } else { Ok(()) } };
        let left = async {
            let Some(until) = self.until else { return Ok(()) };
            let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            let left = format!("{}ms", left.as_millis());
            client.query_typed(LEFT, &[(&left, Type::TEXT)]).await.map(|_| ())
        };
        let rows = join_all(statements.iter().map(|statement| statement.run(client, self.account)));
        let commit = async { if last { client.batch_execute("commit").await } else { Ok(()) } };
        let all = join4(begin, left, rows, commit);
        let (begin, left, rows, commit) = match self.until {
            Some(until) => timeout_at(until, all).await.map_err(|_| Fault::TooSlow)?,
            None => all.await,
        };
        if last && commit.is_ok() {
            self.begun = false; // an error before has made a rollback of it
        }
        begin.and(left)?;
        let rows = rows.into_iter().collect::<Result<Vec<_>, _>>()?;
        commit?;
        Ok(rows)
    }

    /// The next rows of a cursor that was declared, as fast as they are taken: no more than a few are in memory.
    pub(in crate::store) async fn fetch(&self, cursor: &str, rows: usize) -> Result<RowStream, Error> {
        let client = self.client.as_ref().ok_or(Error::Missing("connection"))?;
        let none: [(&(dyn ToSql + Sync), Type); 0] = [];
        Ok(client.query_typed_raw(&format!("fetch forward {rows} from {cursor}"), none).await?)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        if let (true, Some(client)) = (self.begun, self.client.take()) {
            drop(Object::take(client));
        }
    }
}
