//! One read-only snapshot of the database: everything that is read in it belongs to one version.

use deadpool_postgres::Object;
use futures_util::future::{join_all, join3};
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

/// Opens the snapshot. Queries are long beside the statements that the defaults are made for: sorting gets memory,
/// and compiling each of them would cost more than it saves.
const BEGIN: &str = "begin isolation level repeatable read read only; \
                     set local statement_timeout = '30s'; set local work_mem = '64MB'; set local jit = off";

/// A snapshot on a connection of its own. Dropped before its end, it gives the connection up instead of returning it
/// to the pool in the middle of a transaction.
pub(in crate::store) struct Snapshot {
    client: Option<Object>,
    account: Uuid,
    begun: bool,
    _turn: Turn,
}

/// Why a snapshot could not answer.
#[derive(Debug)]
pub(in crate::store) enum Fault {
    /// A statement took longer than it may.
    TooSlow,
    /// Anything else.
    Store(Error),
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
        Ok(Snapshot { client, account: view.account.0, begun: false, _turn: turn })
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
        // statements, commit.
        let begin = async { if first { client.batch_execute(BEGIN).await } else { Ok(()) } };
        let rows = join_all(statements.iter().map(|statement| statement.run(client, self.account)));
        let commit = async { if last { client.batch_execute("commit").await } else { Ok(()) } };
        let (begin, rows, commit) = join3(begin, rows, commit).await;
        if last && commit.is_ok() {
            self.begun = false; // an error before has made a rollback of it
        }
        begin?;
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
