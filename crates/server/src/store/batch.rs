//! One batch, one account, one order: a transaction that holds the account's clock.
//!
//! Bumping the clock is its first statement, so that all writes of an account (identify, ping, move, erase, reset) are
//! serial, version order is commit order, and nothing deadlocks. Committing writes the feed that other processes follow,
//! and brings the index of this one forward before anybody is answered.

use std::{collections::HashMap, sync::Arc};

use deadpool_postgres::{Object, Transaction};
use jiff::Timestamp;
use tokio_postgres::types::ToSql;

use super::{
    AccountId, Error, Store,
    index::{Change, Indexes},
    lexicon,
};
use crate::model::{CustomerId, ProjectId, Relationship, now};

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
    /// Whether it alters what filters may name: projects, segments, the time zone.
    pub(in crate::store) words: bool,
    /// What it wrote, where that was in hand. What is not here is read before the commit.
    images: HashMap<Place, index::Row>,
    indexes: Indexes,
}

/// What a batch had written at some point of it.
pub(in crate::store) struct Mark {
    touched: Vec<Place>,
    removed: Vec<Place>,
}

impl<'a> Batch<'a> {
    /// Waits for the account's turn and takes it.
    pub(in crate::store) async fn begin(
        store: &Store,
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
        Ok(Batch {
            tx,
            account,
            version,
            now: now(),
            touched: Vec::new(),
            removed: Vec::new(),
            words: false,
            images: HashMap::new(),
            indexes: store.indexes.clone(),
        })
    }

    /// Notes that a relationship was written, and what it is now.
    pub(in crate::store) fn touch(&mut self, place: Place, row: Relationship, email: &str) {
        self.touched.push(place);
        if self.indexes.is_ready(self.account) {
            self.images.insert(place, image(place, row, email));
        }
    }

    /// Notes that a relationship has gone to another place.
    pub(in crate::store) fn moved(&mut self, from: Place, to: Place) {
        self.touched.retain(|place| *place != from);
        self.touched.push(to);
        self.removed.push(from);
        for place in [from, to] {
            self.images.remove(&place);
        }
    }

    /// What was written up to here, for a savepoint.
    pub(in crate::store) fn mark(&self) -> Mark {
        Mark { touched: self.touched.clone(), removed: self.removed.clone() }
    }

    /// The transaction has gone back to where the mark was made. Rows in hand may be of later: they are given up.
    pub(in crate::store) fn back_to(&mut self, mark: Mark) {
        Mark { touched: self.touched, removed: self.removed } = mark;
        self.images.clear();
    }

    /// Writes the feed and commits: from here on it has happened, and every query of this process sees it. Returns the
    /// version.
    pub(in crate::store) async fn commit(mut self) -> Result<i64, Error> {
        for places in [&mut self.touched, &mut self.removed] {
            places.sort_unstable();
            places.dedup();
        }
        let images = std::mem::take(&mut self.images);
        let (_, change) = tokio::try_join!(self.feed(), self.change(images))?;
        let Batch { tx, account, version, indexes, .. } = self;
        tx.commit().await?;
        indexes.apply(account, change).await;
        Ok(version)
    }

    async fn feed(&self) -> Result<(), Error> {
        let (touched_projects, touched_customers) = columns(&self.touched);
        let (removed_projects, removed_customers) = columns(&self.removed);
        let feed = self
            .tx
            .prepare_cached(
                "insert into feed (account_id, version, at, touched_projects, touched_customers,
                                   removed_projects, removed_customers, words)
                 values ($1, $2, $3, $4, $5, $6, $7, $8)",
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
                    &self.words,
                ],
            )
            .await?;
        Ok(())
    }
}

impl Batch<'_> {
    /// What the index of this process is told. Read before the commit, because afterwards others may have written.
    async fn change(&self, mut images: HashMap<Place, index::Row>) -> Result<Change, Error> {
        let removed = self.removed.iter().map(|(project, customer)| (project.0, customer.0)).collect();
        let mut change = Change { version: self.version, rows: None, removed, words: None };
        if !self.indexes.is_ready(self.account) {
            return Ok(change);
        }
        if self.words {
            change.words = Some(Arc::new(lexicon::read(&self.tx, self.account, None).await?));
        }
        let missing: Vec<Place> =
            self.touched.iter().filter(|place| !images.contains_key(*place)).copied().collect();
        let mut rows: Vec<index::Row> = images.drain().map(|(_, row)| row).collect();
        if !missing.is_empty() {
            rows.extend(Indexes::read(&self.tx, self.account, &columns(&missing)).await?);
        }
        change.rows = Some(rows);
        Ok(change)
    }
}

/// A row as the index takes it.
fn image((project, customer): Place, row: Relationship, email: &str) -> index::Row {
    index::Row {
        project: project.0,
        customer: customer.0,
        email: email.to_owned(),
        user_id: row.user_id,
        name: row.name,
        status: row.status,
        status_since: row.status_since,
        first_paid: row.first_paid,
        first_seen: row.first_seen,
        last_activity: row.last_activity,
        params: row.params,
    }
}

/// Places as two columns, for UNNEST.
pub(in crate::store) fn columns(places: &[Place]) -> (Vec<uuid::Uuid>, Vec<uuid::Uuid>) {
    places.iter().map(|(project, customer)| (project.0, customer.0)).unzip()
}
