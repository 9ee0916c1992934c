//! Queries: any question about the relationships that match a filter, answered by one of two engines.
//!
//! A query becomes a `Plan`: the filter checked, its rows and its "now" fixed. The index answers it from memory (`live`)
//! and Postgres only lends the rows of a page; where the account is not in memory, Postgres answers it all (`sql`). Both
//! say the same: `index::reference` says what. What neither engine need know of the other is here: keys and cursors, pages,
//! warnings.

mod alias;
mod cursor;
mod elsewhere;
pub mod insight;
mod key;
mod live;
mod page;
pub mod people;
mod plan;
mod series;
mod sql;
pub mod still;
pub mod targets;
mod together;
mod undated;
mod unseen;
mod warnings;
pub mod why;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use filter::Field;
use index::{Aggregate, Facet, Groups, Part, Question, Total};
use jiff::Timestamp;

pub use cursor::{CursorError, canonical as canonical_cursor};
pub use insight::{Absent, InsightError};
pub(in crate::store) use key::Key;
pub(in crate::store) use live::{catalogue, leaves};
pub use page::{CustomerRow, Page, Relationship};
pub(in crate::store) use plan::Plan;
pub use series::{POINTS_MAX, Point, Series, SeriesAnswer, SeriesError, series};
pub(in crate::store) use sql::{Ask, read_counts, read_facets};
pub use together::{Held, Together, beside, together};
pub use warnings::{Subject, Warning, WarningCode};

use super::{
    AccountId, Rows, Store, View, clock,
    index::{Live, Standing},
    lexicon, project,
    snapshot::Fault,
};
use crate::model::ProjectId;

/// How long a query may take.
const LONGEST: Duration = Duration::from_secs(30);
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
    /// The moment of the past that all of it is asked of, as the language writes it; without one it is the present.
    pub as_of: Option<String>,
    /// Fields that are shown beside the answer: a warning says if nobody has one.
    pub columns: Vec<Field>,
    /// Those of them whose dates are asked for: a warning says if none of the values is one.
    pub dates: Vec<Field>,
    /// Where the page begins: [`Page::next`] of the page before.
    pub cursor: Option<String>,
    /// What tells its pages from those of other questions about the same rows in the same order.
    pub told: String,
    /// Waits until the account has reached this version.
    pub min_version: i64,
    /// Whether a facet is counted without the conditions that the filter itself has on it.
    pub lift_own: bool,
    /// Only this engine answers; for tests.
    pub engine: Option<Engine>,
}

/// What answers queries. Both answer the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The account's columns in memory.
    Index,
    /// Postgres.
    Sql,
}

impl Engine {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Engine::Index => "index",
            Engine::Sql => "sql",
        }
    }
}

/// Why the index did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// It is being loaded.
    Loading,
    /// The account does not fit into its memory, or could not be read.
    Memory,
    /// Writes overtook the query again and again.
    Busy,
    /// It does not know what was asked of the past, or not yet.
    Past,
}

/// In words.
impl fmt::Display for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fallback::Loading => "it is being loaded",
            Fallback::Memory => "the account does not fit into its memory, or could not be read",
            Fallback::Busy => "writes overtook the query again and again",
            Fallback::Past => "it does not know what was asked of the past",
        })
    }
}

impl Fallback {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Fallback::Loading => "loading",
            Fallback::Memory => "memory",
            Fallback::Busy => "busy",
            Fallback::Past => "past",
        }
    }
}

/// An answer: the parts that were selected, all of one version.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The account's version that was answered from.
    pub version: i64,
    /// What answered.
    pub engine: Engine,
    /// Why the index did not, where it was not left out on purpose.
    pub fallback: Option<Fallback>,
    /// The time that `now` in the filter meant.
    pub now: Timestamp,
    /// The moment that it is of, where that is not the present.
    pub as_of: Option<Timestamp>,
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
    /// How long it took, without the wait for a version.
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
    /// The moment that it was asked of is none, or none that is known.
    #[error("as_of: {0}")]
    Moment(filter::Error),
    /// The slug is not one of the projects that may be seen.
    #[error("there is no project {0:?} here")]
    NoSuchProject(String),
    /// The cursor is not one, or belongs to another query.
    #[error(transparent)]
    Cursor(#[from] CursorError),
    /// The index was asked for and does not answer.
    #[error("the index does not answer: {0}")]
    IndexNotReady(Fallback),
    /// It took longer than a query may.
    #[error("the query took too long")]
    TooSlow,
    /// The account did not reach the version in time.
    #[error("version {wanted} was not reached; the account is at version {reached}")]
    VersionNotReached {
        /// What was demanded.
        wanted: i64,
        /// Where the account is.
        reached: i64,
    },
    /// There is no such series.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// There is no such insight.
    #[error(transparent)]
    Insight(#[from] InsightError),
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

/// What an engine finds out.
struct Findings {
    version: i64,
    count: Count,
    customers: Option<Page>,
    /// One per aggregate.
    totals: Vec<Total>,
    groups: Option<Groups>,
    facets: Vec<Facet>,
    warnings: Vec<Warning>,
}

/// Answers a query as a view sees it.
pub async fn run(store: &Store, view: &View, query: &Query) -> Result<Answer, Error> {
    let answered = answer(store, view, query, None).await?;
    warned(store, view, query, answered).await
}

/// The same, and series of the same snapshot, which the index alone tells: nothing waits for the database. What else stands beside
/// them is asked of what is held.
pub async fn run_with(
    store: &Store,
    view: &View,
    query: &Query,
    asked: &[Series],
) -> Result<(Answer, Vec<Result<SeriesAnswer, Error>>, Held), Error> {
    let answered = answer(store, view, query, None).await?;
    let mut series = Vec::with_capacity(asked.len());
    for ask in asked {
        series.push(match (&answered.live, answered.answer.fallback) {
            (Some(live), _) => series::of(store, view, ask, live, None).await,
            (None, fallback) => Err(Error::IndexNotReady(fallback.unwrap_or(Fallback::Busy))),
        });
    }
    let held = Held(answered.live.clone());
    Ok((warned(store, view, query, answered).await?, series, held))
}

/// The answer with all that it warns of.
async fn warned(store: &Store, view: &View, query: &Query, answered: Answered) -> Result<Answer, Error> {
    let Answered { plan, nobody, mut answer, .. } = answered;
    let aliases = if nobody { alias::look(store, view, &plan).await } else { Vec::new() };
    // Whose address it is says more than that nobody has it.
    let told = |warning: &Warning| aliases.iter().any(|alias| alias.span == warning.span);
    answer.warnings.retain(|warning| warning.code != WarningCode::NothingFound || !told(warning));
    answer.warnings.extend(aliases);
    let nobody_counted = answer.count == Some(Count::default());
    answer.warnings.extend(elsewhere::look(store, view, query, nobody_counted).await?);
    answer.warnings.extend(unseen::look(store, view, &plan).await?);
    Ok(answer)
}

/// An answer and how it came about.
struct Answered {
    plan: Plan,
    /// Whether nobody was found.
    nobody: bool,
    answer: Answer,
    /// What the index answered from.
    live: Option<Arc<Live>>,
}

/// The answer of whichever engine can, until the asker gives up.
async fn answer(
    store: &Store,
    view: &View,
    query: &Query,
    until: Option<Instant>,
) -> Result<Answered, Error> {
    let fallback = match (query.engine, standing(store, view, query.engine, query.min_version).await?) {
        (Some(Engine::Sql), _) => None,
        (_, Standing::Loading) => Some(Fallback::Loading),
        (_, Standing::Outside) => Some(Fallback::Memory),
        (_, Standing::Ready(live)) => {
            let begin = Instant::now();
            match live::answer(store, view, query, live, until).await? {
                Ok((plan, findings, live)) => {
                    let nobody = findings.count == Count::default();
                    let answer = plan.answer(findings, Engine::Index, None, begin.elapsed());
                    return Ok(Answered { plan, nobody, answer, live: Some(live) });
                }
                Err(fallback) => Some(fallback),
            }
        }
    };
    if let (Some(Engine::Index), Some(fallback)) = (query.engine, fallback) {
        return Err(Error::IndexNotReady(fallback));
    }
    by_sql(store, view, query, fallback, until).await
}

/// The answer of Postgres.
async fn by_sql(
    store: &Store,
    view: &View,
    query: &Query,
    fallback: Option<Fallback>,
    until: Option<Instant>,
) -> Result<Answered, Error> {
    reach(store, view, query.min_version).await?;
    let begin = Instant::now();
    let plan = Plan::load(store, view, query).await?;
    let findings = sql::answer(store, view, &plan, until).await?;
    let nobody = findings.count == Count::default();
    let answer = plan.answer(findings, Engine::Sql, fallback, begin.elapsed());
    Ok(Answered { plan, nobody, answer, live: None })
}

/// What can be asked of the account's index, once it has reached the version that is demanded, for an engine.
async fn standing(
    store: &Store,
    view: &View,
    engine: Option<Engine>,
    wanted: i64,
) -> Result<Standing, Error> {
    if engine == Some(Engine::Sql) {
        return Ok(store.live(view.account));
    }
    if wanted <= 0 {
        return Ok(store.live_soon(view.account).await);
    }
    match store.reach(view.account, wanted, PATIENCE).await {
        Some(standing) => Ok(standing),
        None => Err(Error::VersionNotReached { wanted, reached: version(store, view).await? }),
    }
}

/// The engine that would answer now.
pub fn engine(store: &Store, view: &View) -> Engine {
    match store.live(view.account) {
        Standing::Ready(_) => Engine::Index,
        Standing::Loading | Standing::Outside => Engine::Sql,
    }
}

/// Waits until the database has reached a version.
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

/// The account's version in the database.
pub async fn version(store: &Store, view: &View) -> Result<i64, super::Error> {
    clock::version(&store.client().await?, view.account).await
}

/// How many relationships each project of an account has.
pub async fn by_project(store: &Store, account: AccountId) -> Result<HashMap<ProjectId, u64>, Error> {
    match store.live(account) {
        Standing::Ready(live) => live::by_project(&View::account(account), &live),
        Standing::Loading | Standing::Outside => Ok(project::counts(store, account).await?),
    }
}

/// When the first customer of an account was seen.
pub async fn began(store: &Store, account: AccountId) -> Result<Option<Timestamp>, Error> {
    match store.live(account) {
        Standing::Ready(live) => live::began(&View::account(account), &live),
        Standing::Loading | Standing::Outside => Ok(project::began(store, account).await?),
    }
}

impl Plan {
    /// Loads the words that a view may use and checks the query against them.
    pub(in crate::store) async fn load(store: &Store, view: &View, query: &Query) -> Result<Plan, Error> {
        let lexicon = lexicon::load(store, view).await?;
        Plan::make(Arc::new(lexicon), view, query)
    }

    /// The answer that an engine found.
    fn answer(
        &self,
        findings: Findings,
        engine: Engine,
        fallback: Option<Fallback>,
        took: Duration,
    ) -> Answer {
        let projects = self.lexicon.projects.iter();
        Answer {
            version: findings.version,
            engine,
            fallback,
            now: self.now,
            as_of: self.past,
            filter: self.expr.to_string(),
            slugs: projects.map(|project| (project.id, project.slug.to_string())).collect(),
            count: self.question.wants(Part::Count).then_some(findings.count),
            customers: findings.customers,
            aggregates: self.aggregates().iter().cloned().zip(findings.totals).collect(),
            groups: findings.groups,
            facets: findings.facets,
            warnings: findings.warnings,
            took,
        }
    }
}
