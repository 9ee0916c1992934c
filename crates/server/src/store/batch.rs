//! One batch, one account, one order: a transaction that holds the account's clock.
//!
//! Bumping the clock is its first statement, so that all writes of an account (identify, ping, move, erase, reset) are
//! serial, version order is commit order, and nothing deadlocks. Committing writes the feed that other processes follow,
//! and brings the index of this one forward before anybody is answered.

use std::{collections::HashMap, sync::Arc};

use deadpool_postgres::Object;
use futures_util::future::{try_join, try_join_all};
use index::Entered;
use tokio_postgres::{Statement, types::ToSql};
use uuid::Uuid;

use super::{
    AccountId, Error, Store,
    clock::{self, Clock},
    index::{Delivery, Indexes},
    lexicon,
    outcome::{self, Proof},
    transaction::Transaction,
};
use crate::model::{CustomerId, ProjectId, Relationship};

/// A relationship's place.
pub(in crate::store) type Place = (ProjectId, CustomerId);

/// A transaction of one account, under its own version.
pub(in crate::store) struct Batch<'a> {
    /// Where its statements go.
    pub(in crate::store) tx: Transaction<'a>,
    /// Whose rows it writes.
    pub(in crate::store) account: AccountId,
    /// What the account's clock showed when it got its turn.
    pub(in crate::store) clock: Clock,
    /// Changes that it has entered into the log: the next one's place among them.
    pub(in crate::store) entered: i32,
    /// Relationships that it wrote.
    pub(in crate::store) touched: Vec<Place>,
    /// Relationships that it removed.
    pub(in crate::store) removed: Vec<Place>,
    /// Whether it alters what filters may name: projects, segments, the time zone.
    pub(in crate::store) words: bool,
    /// What it wrote, where that was in hand. What is not here is read before the commit.
    images: HashMap<Place, index::Row>,
    /// What it entered into the past of each; `None`, like none at all: it is read before the commit.
    past: HashMap<Place, Option<Entered>>,
    indexes: Indexes,
    /// Statements that have not been sent: the last ones go with the commit.
    waiting: Vec<Write>,
}

/// A statement with its parameters; the account, which is `$1` of every statement, is not among them.
pub(in crate::store) struct Write {
    /// Its text.
    pub(in crate::store) sql: &'static str,
    /// Its parameters from `$2` on.
    pub(in crate::store) parameters: Vec<Box<dyn ToSql + Sync + Send>>,
}

/// What a batch had written at some point of it.
pub(in crate::store) struct Mark {
    touched: Vec<Place>,
    removed: Vec<Place>,
}

/// What a batch that was committed has for the index of this process.
#[must_use = "whoever is answered before it is applied may miss what was written"]
pub(in crate::store) struct Landed {
    indexes: Indexes,
    account: AccountId,
    delivery: Delivery,
}

impl Landed {
    /// Tells the index: from here on every query of this process sees the batch. Quickest in the order of the commits;
    /// any other is right as well.
    pub(in crate::store) async fn apply(self) {
        self.indexes.apply(self.account, self.delivery).await;
    }
}

impl<'a> Batch<'a> {
    /// Waits for the account's turn and takes it.
    pub(in crate::store) async fn begin(
        store: &Store,
        client: &'a Object,
        account: AccountId,
    ) -> Result<Batch<'a>, Error> {
        let tx = Transaction::on(client);
        let clock = clock::turn(&tx, &clock::bump(&tx).await?, account).await?;
        Ok(Batch::over(store, tx, account, clock))
    }

    /// A batch over a transaction that has got its turn.
    pub(in crate::store) fn over(
        store: &Store,
        tx: Transaction<'a>,
        account: AccountId,
        clock: Clock,
    ) -> Batch<'a> {
        Batch {
            tx,
            account,
            clock,
            entered: 0,
            touched: Vec::new(),
            removed: Vec::new(),
            words: false,
            images: HashMap::new(),
            past: HashMap::new(),
            indexes: store.indexes.clone(),
            waiting: Vec::new(),
        }
    }

    /// Has a statement run before whatever this batch reads or commits next.
    pub(in crate::store) fn put(&mut self, write: Write) {
        self.waiting.push(write);
    }

    /// Runs what was put, all in one go.
    pub(in crate::store) async fn flush(&mut self) -> Result<(), Error> {
        let waiting = std::mem::take(&mut self.waiting);
        let statements = self.prepare(&waiting).await?;
        self.run(&statements, &waiting).await
    }

    async fn prepare(&self, writes: &[Write]) -> Result<Vec<Statement>, Error> {
        let mut statements = Vec::with_capacity(writes.len());
        for write in writes {
            statements.push(self.tx.prepare_cached(write.sql).await?);
        }
        Ok(statements)
    }

    /// Runs statements in their order, all in one go.
    async fn run(&self, statements: &[Statement], writes: &[Write]) -> Result<(), Error> {
        let account: &(dyn ToSql + Sync) = &self.account.0;
        let all = statements.iter().zip(writes).map(async |(statement, write)| {
            let rest = write.parameters.iter().map(|parameter| &**parameter as &(dyn ToSql + Sync));
            let all: Vec<_> = std::iter::once(account).chain(rest).collect();
            self.tx.execute(statement, &all).await
        });
        try_join_all(all).await?;
        Ok(())
    }

    /// Notes that a relationship was written, and what it is now.
    pub(in crate::store) fn touch(&mut self, place: Place, row: Relationship, email: &str) {
        self.touched.push(place);
        if self.indexes.is_ready(self.account) {
            self.images.insert(place, image(place, row, email));
        }
    }

    /// Whether the index wants to be told what is entered into the past.
    pub(in crate::store) fn remembers(&self) -> bool {
        self.indexes.remembers(self.account)
    }

    /// Notes what was entered into the past of a relationship. Of one that is written twice it is not known.
    pub(in crate::store) fn enter(&mut self, place: Place, entered: Option<Entered>) {
        self.past.entry(place).and_modify(|known| *known = None).or_insert(entered);
    }

    /// Notes that a relationship has gone to another place.
    pub(in crate::store) fn moved(&mut self, from: Place, to: Place) {
        self.touched.retain(|place| *place != from);
        self.touched.push(to);
        self.removed.push(from);
        for place in [from, to] {
            self.images.remove(&place);
            self.past.insert(place, None);
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
        self.past = self.touched.iter().map(|place| (*place, None)).collect();
        self.waiting.clear();
    }

    /// Writes the feed and commits: from here on it has happened, and every query of this process sees it. Returns the
    /// version.
    pub(in crate::store) async fn commit(self) -> Result<i64, Error> {
        let version = self.clock.version;
        self.land().await?.apply().await;
        Ok(version)
    }

    /// Writes the feed and commits: from here on it has happened. Nobody may be told before the index was.
    ///
    /// A connection that is lost meanwhile leaves open what has happened: it is looked up. [`Error::Unavailable`] says that
    /// nothing was stored, [`Error::Unknown`] that nobody knows.
    pub(in crate::store) async fn land(mut self) -> Result<Landed, Error> {
        for places in [&mut self.touched, &mut self.removed] {
            places.sort_unstable();
            places.dedup();
        }
        let images = std::mem::take(&mut self.images);
        // Asked once: an index that gets ready after this finds a gap, and fills it itself.
        let (told, remembers) = (self.indexes.is_ready(self.account), self.remembers());
        if told && self.reads(&images, remembers) {
            self.flush().await?;
        }
        let past = remembers.then(|| std::mem::take(&mut self.past));
        let delivery = self.delivery(images, past, told).await?;
        let proof = Proof { account: self.account, version: self.clock.version, token: Uuid::now_v7() };
        self.put(self.feed(proof.token));
        // Prepared before anything is sent: the commit must not overtake a statement that is not.
        let statements = self.prepare(&self.waiting).await?;
        let commit = async { Ok(self.tx.commit().await?) };
        match try_join(self.run(&statements, &self.waiting), commit).await {
            Err(Error::Unavailable(lost)) if !outcome::stored(&self.indexes, &proof, &lost).await? => {
                return Err(Error::Unavailable(lost));
            }
            Err(Error::Unavailable(_)) | Ok(_) => {}
            Err(error) => return Err(error),
        }
        Ok(Landed { indexes: self.indexes.clone(), account: self.account, delivery })
    }

    fn feed(&self, token: Uuid) -> Write {
        let (touched_projects, touched_customers) = columns(&self.touched);
        let (removed_projects, removed_customers) = columns(&self.removed);
        Write {
            sql: "insert into feed (account_id, version, at, touched_projects, touched_customers,
                                    removed_projects, removed_customers, words, token)
                  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            parameters: vec![
                Box::new(self.clock.version),
                Box::new(self.clock.now),
                Box::new(touched_projects),
                Box::new(touched_customers),
                Box::new(removed_projects),
                Box::new(removed_customers),
                Box::new(self.words),
                Box::new(token),
            ],
        }
    }
}

impl Batch<'_> {
    /// Whether what the index is told has to be read.
    fn reads(&self, images: &HashMap<Place, index::Row>, remembers: bool) -> bool {
        let is_told = |place| !remembers || matches!(self.past.get(place), Some(Some(_)));
        let is_held = |place| images.contains_key(place) && is_told(place);
        self.words || !self.touched.iter().all(is_held)
    }

    /// What the index of this process is told. Read before the commit, because afterwards others may have written.
    async fn delivery(
        &self,
        mut images: HashMap<Place, index::Row>,
        past: Option<HashMap<Place, Option<Entered>>>,
        told: bool,
    ) -> Result<Delivery, Error> {
        let removed = self.removed.iter().map(|(project, customer)| (project.0, customer.0)).collect();
        let version = self.clock.version;
        let mut delivery = Delivery { version, rows: None, past: None, removed, words: None };
        if !told {
            return Ok(delivery);
        }
        if self.words {
            delivery.words = Some(Arc::new(lexicon::read(&*self.tx, self.account, None).await?));
        }
        let missing: Vec<Place> =
            self.touched.iter().filter(|place| !images.contains_key(*place)).copied().collect();
        let mut rows: Vec<index::Row> = images.drain().map(|(_, row)| row).collect();
        if !missing.is_empty() {
            rows.extend(Indexes::read(&*self.tx, self.account, &columns(&missing)).await?);
        }
        delivery.rows = Some(rows);
        if let Some(past) = past {
            let unread = |place: &&Place| !matches!(past.get(*place), Some(Some(_)));
            let unread: Vec<Place> = self.touched.iter().filter(unread).copied().collect();
            let known = past
                .into_iter()
                .filter_map(|((project, customer), past)| Some(((project.0, customer.0), past?)));
            let mut all: HashMap<_, _> = known.collect();
            let read = match unread.is_empty() {
                true => Some(HashMap::new()),
                false => Indexes::lives(&*self.tx, self.account, &columns(&unread)).await?,
            };
            delivery.past = read.map(|read| {
                all.extend(read);
                all
            });
        }
        Ok(delivery)
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
        status: Some(row.status),
        status_since: Some(row.status_since),
        first_paid: row.first_paid,
        first_seen: row.first_seen,
        last_activity: Some(row.last_activity),
        imported: row.imported,
        params: row.params,
    }
}

/// Places as two columns, for UNNEST.
pub(in crate::store) fn columns(places: &[Place]) -> (Vec<Uuid>, Vec<Uuid>) {
    places.iter().map(|(project, customer)| (project.0, customer.0)).unzip()
}
