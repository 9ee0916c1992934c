//! A transaction that costs no round trips of its own: its begin is sent with its first statements, its commit with its
//! last.
//!
//! The driver sends a statement when its future is first polled, and joined futures are polled in their order; so whoever
//! joins [`Transaction::begin`] with statements, or statements with [`Transaction::commit`], has them arrive as one.

use std::{
    ops::Deref,
    sync::atomic::{AtomicBool, Ordering},
};

use deadpool_postgres::Object;
use futures_util::FutureExt;

/// Begins, with plans that are made once for a connection and go by key. A plan with values would be made anew for every
/// batch; and one that was made while a table was small, or before Postgres had looked at it, would read all of it: here
/// every statement has a key to go by.
///
/// Nobody works long between two statements. If the server has gone and the database has not heard of it, the account's other
/// writers must not wait for the system to find out.
const BEGIN: &str = "begin; set local idle_in_transaction_session_timeout = '60s'; set local plan_cache_mode = force_generic_plan; \
                     set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off; \
                     set local enable_sort = off; set local enable_memoize = off";

/// A transaction on a connection. Dropped before it has committed, it is rolled back.
pub(in crate::store) struct Transaction<'a> {
    client: &'a Object,
    open: AtomicBool,
}

impl<'a> Transaction<'a> {
    /// Nothing is sent yet: [`Transaction::begin`] comes first.
    pub(in crate::store) fn on(client: &'a Object) -> Transaction<'a> {
        Transaction { client, open: AtomicBool::new(false) }
    }

    /// Begins. What is polled after it runs in the transaction.
    pub(in crate::store) async fn begin(&self) -> Result<(), tokio_postgres::Error> {
        self.open.store(true, Ordering::Relaxed);
        self.client.batch_execute(BEGIN).await
    }

    /// Commits what was polled before it, all of it or, when any of it fails, nothing: Postgres then rolls back and calls
    /// that a success, so that it is the statements which have to be asked.
    pub(in crate::store) async fn commit(&self) -> Result<(), tokio_postgres::Error> {
        self.client.batch_execute("commit").await?;
        self.open.store(false, Ordering::Relaxed);
        Ok(())
    }
}

impl Deref for Transaction<'_> {
    type Target = Object;

    fn deref(&self) -> &Object {
        self.client
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.open.load(Ordering::Relaxed) {
            // One poll sends it; whatever comes next on the connection comes after it.
            let _ = self.client.batch_execute("rollback").now_or_never();
        }
    }
}
