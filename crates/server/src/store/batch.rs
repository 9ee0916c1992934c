//! One batch, one account, one order: a transaction that holds the account's clock.
//!
//! Bumping the clock is its first statement, so that all writes of an account (identify, ping, move, erase, reset) are
//! serial, version order is commit order, and nothing deadlocks. Committing writes the feed that other processes follow.

use deadpool_postgres::{Object, Transaction};
use jiff::Timestamp;
use tokio_postgres::types::ToSql;

use super::{AccountId, Error};
use crate::model::{CustomerId, ProjectId, now};

/// A relationship's place.
pub(in crate::store) type Place = (ProjectId, CustomerId);

/// A transaction of one account, under its own version.
pub(in crate::store) struct Batch<'a> {
    /// Where its statements go.
    pub(in crate::store) tx: Transaction<'a>,
    /// Whose rows it writes.
    pub(in crate::store) account: AccountId,
    /// The version that it makes.
    pub(in crate::store) version: i64,
    /// The time at which it got its turn.
    pub(in crate::store) now: Timestamp,
    /// Relationships that it wrote.
    pub(in crate::store) touched: Vec<Place>,
    /// Relationships that it removed.
    pub(in crate::store) removed: Vec<Place>,
}

impl<'a> Batch<'a> {
    /// Waits for the account's turn and takes it.
    pub(in crate::store) async fn begin(
        client: &'a mut Object,
        account: AccountId,
    ) -> Result<Batch<'a>, Error> {
        let tx = client.transaction().await?;
        let bump = tx
            .prepare_cached("update clock set version = version + 1 where account_id = $1 returning version")
            .await?;
        // Plans made for an empty table must not outlive its growth.
        let plan = tx.batch_execute("set local plan_cache_mode = force_custom_plan");
        let parameters: [&(dyn ToSql + Sync); 1] = [&account.0];
        let (_, row) = tokio::try_join!(plan, tx.query_opt(&bump, &parameters))?;
        let version = row.ok_or(Error::Missing("account"))?.get(0);
        Ok(Batch { tx, account, version, now: now(), touched: Vec::new(), removed: Vec::new() })
    }

    /// Writes the feed and commits: from here on it has happened. Returns the version.
    pub(in crate::store) async fn commit(mut self) -> Result<i64, Error> {
        for places in [&mut self.touched, &mut self.removed] {
            places.sort_unstable();
            places.dedup();
        }
        let (touched_projects, touched_customers) = columns(&self.touched);
        let (removed_projects, removed_customers) = columns(&self.removed);
        let feed = self
            .tx
            .prepare_cached(
                "insert into feed (account_id, version, at, touched_projects, touched_customers,
                                   removed_projects, removed_customers)
                 values ($1, $2, $3, $4, $5, $6, $7)",
            )
            .await?;
        self.tx
            .execute(
                &feed,
                &[
                    &self.account.0,
                    &self.version,
                    &self.now,
                    &touched_projects,
                    &touched_customers,
                    &removed_projects,
                    &removed_customers,
                ],
            )
            .await?;
        self.tx.commit().await?;
        Ok(self.version)
    }
}

/// Places as two columns, for UNNEST.
pub(in crate::store) fn columns(places: &[Place]) -> (Vec<uuid::Uuid>, Vec<uuid::Uuid>) {
    places.iter().map(|(project, customer)| (project.0, customer.0)).unzip()
}
