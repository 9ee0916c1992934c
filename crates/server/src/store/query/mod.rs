//! The SQL engine: answers any question about relationships from one snapshot of Postgres.
//!
//! A query becomes a `Plan`: the filter checked, its rows and its "now" fixed. Each part of the question makes one
//! statement over the same rows (`Plan::hits`); the snapshot runs them in one round trip, planned with their values.
//! `index::reference` says what the answers mean.

mod bucket;
mod cursor;
mod dates;
mod facets;
mod field;
mod groups;
mod page;
mod plan;
mod totals;
mod warnings;
mod whole;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use index::{Aggregate, Facet, Groups, Part, Question, Total};
use jiff::Timestamp;

pub use cursor::CursorError;
pub(in crate::store) use facets::{Ask, read as read_facets};
pub(in crate::store) use page::{COLUMNS as RELATIONSHIP_COLUMNS, read as read_relationship};
pub use page::{CustomerRow, Page, Relationship};
pub(in crate::store) use plan::Plan;
pub use warnings::{Warning, WarningCode};
use whole::Whole;
pub(in crate::store) use whole::read_counts;

use super::{
    Rows, Store, View,
    snapshot::{Fault, Snapshot},
    statement::unsigned,
};
use crate::model::ProjectId;

/// How long a query waits for the version that it demands.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it looks.
const GLANCE: Duration = Duration::from_millis(20);

/// A question and what it is asked about.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// The filter's text; empty is everything.
    pub filter: String,
    /// Whose relationships.
    pub rows: Rows,
    /// What is asked of those that match.
    pub question: Question,
    /// Where the page begins: [`Page::next`] of the page before.
    pub cursor: Option<String>,
    /// Waits until the account has reached this version.
    pub min_version: i64,
}

/// An answer: the parts that were selected, all of one version.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The account's version that was answered from.
    pub version: i64,
    /// The time that `now` in the filter meant.
    pub now: Timestamp,
    /// The filter in its strict form.
    pub filter: String,
    /// The slugs of the projects that may be seen.
    pub slugs: BTreeMap<ProjectId, String>,
    /// How many match.
    pub count: Option<Count>,
    /// A page of customers.
    pub customers: Option<Page>,
    /// The aggregates, in the order asked.
    pub aggregates: Vec<(Aggregate, Total)>,
    /// The groups.
    pub groups: Option<Groups>,
    /// The facets.
    pub facets: Vec<Facet>,
    /// What the asker may have meant otherwise.
    pub warnings: Vec<Warning>,
    /// How long it took.
    pub took: Duration,
}

/// How many match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Customers with at least one relationship that matches.
    pub customers: u64,
    /// Relationships that match.
    pub relationships: u64,
}

/// Why a query was not answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter could not be understood.
    #[error(transparent)]
    Filter(#[from] filter::Error),
    /// The slug is not one of the projects that may be seen.
    #[error("there is no project {0:?} here")]
    NoSuchProject(String),
    /// The cursor is not one, or belongs to another query.
    #[error(transparent)]
    Cursor(#[from] CursorError),
    /// It took longer than a query may.
    #[error("the query took longer than 30 seconds")]
    TooSlow,
    /// The account did not reach the version in time.
    #[error("version {wanted} was not reached; the account is at version {reached}")]
    VersionNotReached {
        /// What was demanded.
        wanted: i64,
        /// Where the account is.
        reached: i64,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] super::Error),
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::TooSlow => Error::TooSlow,
            Fault::Store(error) => Error::Store(error),
        }
    }
}

/// Answers a query as a view sees it.
pub async fn run(store: &Store, view: &View, query: &Query) -> Result<Answer, Error> {
    let begin = Instant::now();
    let plan = Plan::make(store, view, query).await?;
    reach(store, view, query.min_version).await?;
    let answer = plan.answer(store, view).await?;
    Ok(Answer { took: begin.elapsed(), ..answer })
}

/// Waits until the account has reached a version.
async fn reach(store: &Store, view: &View, wanted: i64) -> Result<(), Error> {
    if wanted <= 0 {
        return Ok(());
    }
    let begin = Instant::now();
    loop {
        let reached = version(store, view).await?;
        if reached >= wanted {
            return Ok(());
        }
        if begin.elapsed() > PATIENCE {
            return Err(Error::VersionNotReached { wanted, reached });
        }
        tokio::time::sleep(GLANCE).await;
    }
}

/// The account's version now.
pub async fn version(store: &Store, view: &View) -> Result<i64, super::Error> {
    let client = store.client().await?;
    let statement = client.prepare_cached("select version from clock where account_id = $1").await?;
    let row = client.query_opt(&statement, &[&view.account.0]).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

impl Plan {
    /// Runs every statement that the question needs, in as few round trips as it can.
    async fn answer(&self, store: &Store, view: &View) -> Result<Answer, Error> {
        let question = &self.question;
        let mut snapshot = Snapshot::open(store, view.account).await?;
        let grouping = bucket::prepare(self, &mut snapshot).await?;
        let counts = question.wants(Part::Count) || question.wants(Part::Aggregates);
        let mut statements = vec![Plan::clock()];
        statements.extend(counts.then(|| whole::statement(self)));
        statements.extend(question.wants(Part::Customers).then(|| page::statement(self)));
        statements.extend(grouping.as_ref().map(|grouping| groups::statement(self, grouping)));
        statements.extend(facets::statement(self));
        let mut rows = snapshot.ask(&statements, true).await?.into_iter();
        let mut next = || rows.next().unwrap_or_default();
        let version = next().first().map_or(0, |row| row.get(0));
        let whole = if counts { whole::read(self, &next()) } else { Whole::default() };
        let customers = question.wants(Part::Customers).then(|| page::rows(self, &next()));
        let groups = grouping.as_ref().map(|grouping| groups::read(self, grouping, &next()));
        let facets = facets::answer(self, &next());
        let warnings = if counts {
            warnings::find(self, &mut snapshot, whole.count.relationships, &whole.lacking).await?
        } else {
            Vec::new()
        };
        let totals = question.aggregates.iter().cloned().zip(whole.totals);
        Ok(Answer {
            version,
            now: self.now,
            filter: self.expr.to_string(),
            slugs: self
                .lexicon
                .projects
                .iter()
                .map(|project| (project.id, project.slug.to_string()))
                .collect(),
            count: question.wants(Part::Count).then_some(whole.count),
            customers,
            aggregates: totals.collect(),
            groups,
            facets,
            warnings,
            took: Duration::ZERO,
        })
    }
}
