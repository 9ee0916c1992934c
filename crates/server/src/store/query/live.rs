//! The index engine: answers from memory what Postgres would answer; Postgres only lends the rows of a page, by their
//! keys.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use filter::{Bind, Field, Path, Predicate};
use index::{Aggregate, Extreme, Facet, Found, Function, Part, Project, Question, Ranked, Scope};
use jiff::Timestamp;
use tokio::time::timeout_at;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    Count, Error, Fallback, Findings, LONGEST, PATIENCE, Page, Plan, Query, Warning,
    key::Key,
    page::{self, ALSO, Fetch},
    warnings::{self, Doubts, Look, Outcome, PATHS_MAX, Seen},
};
use crate::{
    heavy::heavy,
    model::ProjectId,
    store::{
        AccountId, Store, View, clock,
        index::{Live, Standing},
        lane::Turn,
        statement::Statement,
    },
};

/// How often a query is answered anew because the rows of its page were newer than the answer.
const ATTEMPTS: usize = 5;
/// How long a hint may take beside an answer of the database.
const SOON: Duration = Duration::from_millis(500);

/// Answers a query until its asker gives up, and says what from; or why the database had better do.
pub(super) async fn answer(
    store: &Store,
    view: &View,
    query: &Query,
    mut live: Arc<Live>,
    until: Option<Instant>,
) -> Result<Result<(Plan, Findings, Arc<Live>), Fallback>, Error> {
    for _ in 0..ATTEMPTS {
        let plan = Plan::make(live.words.seen_by(view), view, query)?;
        if !tells(&plan, &live) {
            return Ok(Err(Fallback::Past));
        }
        let version = live.snapshot.version();
        let (found, warnings) =
            work(store, view, &plan, &live, until, |scope| compute(&plan, &live, scope)).await?;
        let customers = match plan.question.wants(Part::Customers) {
            true => fetch(store, view.account, &plan, &found.page, version).await?,
            false => Fetched::Page(Page::default()),
        };
        let newer = match customers {
            Fetched::Page(page) => {
                let findings = findings(&plan, version, found, page, warnings);
                return Ok(Ok((plan, findings, live)));
            }
            Fetched::Newer(version) => store.reach(view.account, version, PATIENCE).await,
        };
        let Some(Standing::Ready(newer)) = newer else { break };
        live = newer;
    }
    Ok(Err(Fallback::Busy))
}

/// Whether the index knows what a plan asks: of the present everything; of the past no paths that change without end, which may
/// be among those that are listed unasked.
pub(super) fn tells(plan: &Plan, live: &Live) -> bool {
    let snapshot = &live.snapshot;
    let is_past = plan.past.is_some();
    let lost = || match plan.wants_facets() && plan.question.facets.auto {
        true => snapshot.has_lost_any(),
        false => plan.question.fields().any(|field| snapshot.has_lost(field)),
    };
    !plan.asks_past() || (snapshot.can_tell(plan.predicate.root(), is_past) && !(is_past && lost()))
}

fn findings(plan: &Plan, version: i64, found: Found, page: Page, warnings: Vec<Warning>) -> Findings {
    Findings {
        version,
        count: Count { customers: found.customers, relationships: found.relationships },
        customers: plan.question.wants(Part::Customers).then_some(page),
        totals: found.aggregates,
        groups: found.groups,
        facets: found.facets,
        warnings,
    }
}

/// Runs what takes a processor for long, in a [`Lane`](crate::store::lane::Lane), so that it holds up nobody else.
async fn work<T>(
    store: &Store,
    view: &View,
    plan: &Plan,
    live: &Live,
    until: Option<Instant>,
    job: impl FnOnce(&Scope<'_>) -> T,
) -> Result<T, Error> {
    let _turn = turn(store, view, until).await?;
    let until = latest(until);
    let done = during(plan, live, Some(until), job);
    if Instant::now() < until { Ok(done) } else { Err(Error::TooSlow) }
}

/// Waits for a turn, as long as whoever asks.
pub(super) async fn turn(store: &Store, view: &View, until: Option<Instant>) -> Result<Turn, Error> {
    let turn = store.lanes.answers.turn(*view);
    match until {
        Some(until) => timeout_at(until.into(), turn).await.map_err(|_| Error::TooSlow)?,
        None => turn.await,
    }
    .map_err(Error::from)
}

/// When a question that begins now has to be over: its asker may give up sooner.
pub(super) fn latest(until: Option<Instant>) -> Instant {
    let longest = Instant::now() + LONGEST;
    until.map_or(longest, |until| until.min(longest))
}

/// The same for what takes next to nothing.
fn at_once<T>(plan: &Plan, live: &Live, job: impl FnOnce(&Scope<'_>) -> T) -> T {
    during(plan, live, None, job)
}

fn during<T>(plan: &Plan, live: &Live, until: Option<Instant>, job: impl FnOnce(&Scope<'_>) -> T) -> T {
    let projects = projects(live);
    let (zone, moment) = (&plan.lexicon.zone, plan.past.map(Into::into));
    let scope =
        Scope { rows: &plan.rows, projects: &projects, zone, predicate: &plan.predicate, moment, until };
    heavy(|| job(&scope))
}

/// Every project of the account, also those that a view may not name. To the index an archived one is as a test project: left
/// out of what is said of all projects together.
pub(super) fn projects(live: &Live) -> BTreeMap<Uuid, Project> {
    let projects = live.words.projects.iter();
    projects.map(|p| (p.id.0, Project { slug: p.slug.to_string(), test: !p.is_live() })).collect()
}

/// Everything but the rows of the page.
pub(super) fn compute(plan: &Plan, live: &Live, scope: &Scope<'_>) -> (Found, Vec<Warning>) {
    let after = plan.after.as_ref().map(|place| (place.key.clone().datum(), place.customer));
    let counts = plan.wants_counts();
    let lacking: Vec<Field> = match counts {
        true => warnings::lacking(plan).iter().map(|condition| condition.field.clone()).collect(),
        false => Vec::new(),
    };
    let found = live.snapshot.answer(scope, &plan.question, after.as_ref(), &lacking);
    let outcome = Outcome {
        relationships: counts.then_some(found.relationships),
        lacking: &found.lacking,
        totals: &found.aggregates,
        groups: found.groups.as_ref(),
        facets: &found.facets,
        unsorted: plan.after.is_none() && found.page.first().is_none_or(|ranked| ranked.key.is_none()),
    };
    let warnings = doubts(plan, live, scope, &outcome);
    (found, warnings)
}

/// What may be wrong with the question.
fn doubts(plan: &Plan, live: &Live, scope: &Scope<'_>, outcome: &Outcome<'_>) -> Vec<Warning> {
    let doubts = Doubts::of(plan, outcome);
    let probe = |look: &Look<'_>| {
        if look.only_if_mixed && !live.snapshot.is_mixed(scope, look.field) {
            return None;
        }
        look.of_use(live.snapshot.probe(scope, look.field, look.text, look.dates))
    };
    let trial = |predicate: &Predicate| count(live, &Scope { predicate, ..*scope });
    let mut seen = Seen {
        probes: doubts.looks.iter().map(probe).collect(),
        counts: doubts.trials.iter().map(trial).collect(),
        paths: Vec::new(),
        never: Vec::new(),
        values: Vec::new(),
    };
    let never = |look: &Look<'_>| look.of_the_past().is_some_and(|path| !live.snapshot.had(scope, path));
    seen.never = doubts.looks.iter().map(never).collect();
    if seen.unknown() {
        seen.paths = live.snapshot.paths(scope, PATHS_MAX);
    }
    if doubts.seeks_values(&seen.counts) {
        seen.values = values(plan, live, scope);
    }
    doubts.warnings(outcome, &seen)
}

/// What everybody holds where words may be values.
fn values(plan: &Plan, live: &Live, scope: &Scope<'_>) -> Vec<Facet> {
    // Of what was lost only the present is known.
    let is_lost = plan.past.is_some() && live.snapshot.has_lost_any();
    let Some(everybody) = plan.check("").ok().filter(|_| !is_lost) else { return Vec::new() };
    let facets = warnings::words(plan.rows.len());
    let question = Question { select: vec![Part::Facets], facets, ..Question::default() };
    live.snapshot.answer(&Scope { predicate: &everybody, ..*scope }, &question, None, &[]).facets
}

/// The same for an answer of the database, which would have to count everybody; nothing where memory does not know it, or not
/// soon.
pub(super) fn values_for(plan: &Plan, standing: &Standing) -> Vec<Facet> {
    let Standing::Ready(live) = standing else { return Vec::new() };
    if !tells(plan, live) {
        return Vec::new();
    }
    let until = Instant::now() + SOON;
    let values = during(plan, live, Some(until), |scope| values(plan, live, scope));
    if Instant::now() < until { values } else { Vec::new() }
}

/// The rows of a page, or that they are newer than its order.
enum Fetched {
    Page(Page),
    /// The version that the database is at.
    Newer(i64),
}

/// Fetches the rows of customers whose order is known. The text is constant, so it is prepared once a connection.
///
/// `$2` and `$3` are the places and customers, `$4` the project of each relationship that matches, `$5` the projects that
/// are asked about. The last columns say how new the newest row is, how many rows match, and the account's version.
static ROWS: LazyLock<[String; 2]> = LazyLock::new(|| {
    [false, true].map(|wide| {
        let hit = "((r.project_id, r.customer_id) in (select * from unnest($4::uuid[], $3::uuid[])))";
        let also = format!(
            "max(r.version) over (), count(*) filter (where {hit}) over (), ({})",
            clock::VERSION
        );
        Fetch {
            page: "select distinct customer_id, place from unnest($2::int[], $3::uuid[]) as hit (place, customer_id)",
            rows: "relationship r where r.account_id = $1 and r.customer_id = page.customer_id \
                   and r.project_id = any($5::uuid[])",
            hit,
            wide,
            also: &also,
        }
        .sql()
    })
});

async fn fetch(
    store: &Store,
    account: AccountId,
    plan: &Plan,
    found: &[Ranked],
    version: i64,
) -> Result<Fetched, Error> {
    if found.is_empty() {
        return Ok(Fetched::Page(Page::default()));
    }
    let shown = &found[..found.len().min(plan.question.limit)];
    let rows = rows(store, account, plan, shown).await?;
    let matching: usize = shown.iter().map(|ranked| ranked.projects.len()).sum();
    if !is_whole(&rows, matching, version) {
        let reached = match rows.first() {
            Some(row) => row.get(ALSO + 2),
            None => super::version(store, &View::account(account)).await?,
        };
        return Ok(Fetched::Newer(reached));
    }
    let key = |_: &Row, place: usize| Key::of(&found[place].key, &plan.question.sort);
    Ok(Fetched::Page(page::read_page(plan, &rows, found.len(), key)?))
}

async fn rows(
    store: &Store,
    account: AccountId,
    plan: &Plan,
    shown: &[Ranked],
) -> Result<Vec<Row>, crate::store::Error> {
    let (mut places, mut customers, mut projects) = (Vec::new(), Vec::new(), Vec::new());
    for (place, ranked) in (0_i32..).zip(shown) {
        for project in &ranked.projects {
            places.push(place);
            customers.push(ranked.customer);
            projects.push(*project);
        }
    }
    let client = store.client().await?;
    if let Some(moment) = plan.past {
        let statement = rows_at(plan, moment, (&customers, &projects), shown);
        return Ok(statement.run(&client, account.0).await?);
    }
    let statement = client.prepare_cached(&ROWS[usize::from(plan.is_wide())]).await?;
    Ok(client.query(&statement, &[&account.0, &places, &customers, &projects, &plan.rows]).await?)
}

/// The same as of a moment.
fn rows_at(
    plan: &Plan,
    moment: Timestamp,
    (customers, projects): (&[Uuid], &[Uuid]),
    shown: &[Ranked],
) -> Statement {
    Statement::make(|binds| {
        let pairs = [customers, projects].map(|ids| binds.bind(Bind::Uuids(ids.to_vec())));
        let order = binds.bind(Bind::Uuids(shown.iter().map(|ranked| ranked.customer).collect()));
        let hit = format!(
            "((r.project_id, r.customer_id) in (select * from unnest({}::uuid[], {}::uuid[])))",
            pairs[1], pairs[0]
        );
        let also =
            format!("max(r.version) over (), count(*) filter (where {hit}) over (), ({})", clock::VERSION);
        let page = format!(
            "select hit.customer_id, (hit.place - 1)::int as place \
             from unnest({order}::uuid[]) with ordinality as hit (customer_id, place)"
        );
        let rows = plan.of_customer_at("page.customer_id", moment, binds);
        Fetch { page: &page, rows: &rows, hit: &hit, wide: plan.is_wide(), also: &also }.sql()
    })
}

/// Whether the rows are those of a version: none is newer, and none that matched is gone.
fn is_whole(rows: &[Row], matching: usize, version: i64) -> bool {
    let whole =
        |row: &Row| row.get::<_, i64>(ALSO) <= version && row.get::<_, i64>(ALSO + 1) == matching as i64;
    rows.first().is_some_and(whole)
}

/// The widest paths of the relationships that match, and how many those are; `None` where the index does not know.
pub(in crate::store) async fn catalogue(
    store: &Store,
    view: &View,
    query: &Query,
    live: &Live,
    paths: usize,
) -> Result<Option<(u64, Vec<Facet>)>, Error> {
    let plan = Plan::make(live.words.seen_by(view), view, query)?;
    let is_past = plan.past.is_some();
    if !tells(&plan, live) || (is_past && live.snapshot.has_lost_any()) {
        return Ok(None);
    }
    work(store, view, &plan, live, None, |scope| live.snapshot.catalogue(scope, paths)).await.map(Some)
}

/// The paths that most of the relationships that match have, objects with members aside; `None` where the index does not
/// know.
pub(in crate::store) async fn leaves(
    store: &Store,
    view: &View,
    plan: &Plan,
    live: &Live,
    limit: usize,
) -> Result<Option<Vec<Path>>, Error> {
    if plan.past.is_some() || !tells(plan, live) {
        return Ok(None);
    }
    work(store, view, plan, live, None, |scope| live.snapshot.leaves(scope, limit)).await.map(Some)
}

fn count(live: &Live, scope: &Scope<'_>) -> u64 {
    let question = Question { select: Vec::new(), ..Question::default() };
    live.snapshot.answer(scope, &question, None, &[]).relationships
}

/// How many people match; `None` where the index does not know.
pub(super) async fn people(
    store: &Store,
    view: &View,
    plan: &Plan,
    live: &Live,
) -> Result<Option<u64>, Error> {
    if !tells(plan, live) {
        return Ok(None);
    }
    let question = Question { select: vec![Part::Count], ..Question::default() };
    let count = |scope: &Scope<'_>| live.snapshot.answer(scope, &question, None, &[]).customers;
    work(store, view, plan, live, None, count).await.map(Some)
}

/// How many relationships each project has.
pub(super) fn by_project(view: &View, live: &Live) -> Result<HashMap<ProjectId, u64>, Error> {
    let plan = Plan::make(live.words.seen_by(view), view, &Query::default())?;
    Ok(at_once(&plan, live, |scope| {
        let one = |id: &Uuid| count(live, &Scope { rows: std::slice::from_ref(id), ..*scope });
        scope.projects.keys().map(|id| (ProjectId(*id), one(id))).collect()
    }))
}

/// When the first customer of the account was seen.
pub(super) fn began(view: &View, live: &Live) -> Result<Option<Timestamp>, Error> {
    let plan = Plan::make(live.words.seen_by(view), view, &Query::default())?;
    let aggregates = vec![Aggregate { function: Function::Min, field: Field::FirstSeen }];
    let question = Question { select: vec![Part::Aggregates], aggregates, ..Question::default() };
    let least = at_once(&plan, live, |scope| {
        let rows: Vec<Uuid> = scope.projects.keys().copied().collect();
        let mut found = live.snapshot.answer(&Scope { rows: &rows, ..*scope }, &question, None, &[]);
        found.aggregates.pop()
    });
    Ok(match least.and_then(|least| least.value) {
        Some(Extreme::Instant(first)) => Some(first.timestamp()),
        _ => None,
    })
}
