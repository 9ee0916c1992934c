//! Both engines against the reference evaluator: random people, filters, aggregates, groups, facets, orders, warnings
//! and cursors, also those that one engine made and the other continues.
//! `ORACLE_CASES=100000 cargo test -p server --test it oracle` asks for longer.

use std::time::{Duration, Instant};

use index::{Aggregate, Answer, Facets, Function, Grouping, Part, Question, Sort, reference};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use server::store::{
    Rows, Store, View,
    query::{self, Engine, Query},
};

use crate::support::{
    population::{self, Population},
    postgres::TestDb,
};

/// Zones with whole, half and quarter hours, and clocks that go back over midnight.
const ZONES: [&str; 4] = ["UTC", "America/St_Johns", "Asia/Kathmandu", "America/Sao_Paulo"];
const CASES: usize = 1_500;
const INDEX_BYTES: u64 = 1 << 30;
/// A slow machine asks less in the normal run.
const PATIENCE: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_answer_as_the_reference_does() {
    let wanted: Option<usize> = std::env::var("ORACLE_CASES").ok().and_then(|cases| cases.parse().ok());
    let db = TestDb::migrated().await;
    let (store, client) = (db.store(), db.client().await);
    let mut rng = StdRng::seed_from_u64(20_261_123);
    let mut populations = Vec::new();
    for zone in ZONES {
        let mut population = Population::open(&store, zone).await;
        for number in 0..40 {
            population.add(&client, population::person(&mut rng, number)).await;
        }
        populations.push(population);
    }
    client.batch_execute("analyze").await.unwrap();
    // The people were written behind the server's back: the index is loaded when they are there.
    store.keep_index(INDEX_BYTES);
    for population in &populations {
        assert!(store.index_ready(population.account).await);
    }
    let begin = Instant::now();
    for case in 0..wanted.unwrap_or(CASES) {
        check(&store, &populations[case % populations.len()], case as u64).await;
        if wanted.is_none() && begin.elapsed() > PATIENCE {
            println!("{case} cases in {PATIENCE:?}");
            break;
        }
    }
}

/// One random query, and all of its pages.
async fn check(store: &Store, population: &Population, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let query = question(&mut rng);
    let view = View::account(population.account);
    let what = format!("case {seed}: {} {:?} {:?}", query.filter, query.rows, query.question);
    let lexicon = server::store::lexicon::load(store, &view).await.unwrap();
    let mut warnings = Vec::new();
    for engine in [Engine::Sql, Engine::Index] {
        let (what, query) = (format!("{what}: {engine:?}"), Query { engine: Some(engine), ..query.clone() });
        let answer = query::run(store, &view, &query).await.unwrap_or_else(|e| panic!("{what}\n{e}"));
        assert_eq!((answer.engine, answer.fallback), (engine, None), "{what}");
        let (expr, predicate) = lexicon.check(&query.filter, answer.now).unwrap();
        let (customers, slugs, rows) =
            (population.customers(), population.slugs(), population.rows(&query.rows));
        let world = population.world(&customers, &slugs, &rows, lexicon.zone.clone());
        let whole = Question { limit: usize::MAX, ..query.question.clone() };
        let whole = if query.lift_own { whole.lifted(&expr, &predicate) } else { whole };
        let expected = reference::answer(&world, &predicate, &whole);
        compare(&what, &query, &answer, &expected);
        warnings.push(answer.warnings.clone());
        let ids = pages(store, &view, query, answer).await;
        assert_eq!(ids, expected.customers, "{what}: pages");
    }
    assert_eq!(warnings[0], warnings[1], "{what}: warnings");
}

/// Holds the parts of an answer that were asked for against the reference.
#[track_caller]
pub(crate) fn compare(what: &str, query: &Query, answer: &query::Answer, expected: &Answer) {
    agree(query, answer, expected).unwrap_or_else(|fault| panic!("{what}: {fault}"));
}

/// The same; fails, saying in which part they differ.
pub(crate) fn agree(query: &Query, answer: &query::Answer, expected: &Answer) -> Result<(), String> {
    let count = answer.count.unwrap();
    same("count", (count.customers, count.relationships), (expected.count, expected.relationships))?;
    if query.question.wants(Part::Customers) {
        let page = answer.customers.as_ref().unwrap();
        let ids: Vec<_> = page.rows.iter().map(|row| row.id.0).collect();
        let first: Vec<_> = expected.customers.iter().take(query.question.limit).copied().collect();
        same("order", ids, first)?;
    }
    let totals: Vec<_> = answer.aggregates.iter().map(|(_, total)| total).collect();
    same("aggregates", totals, expected.aggregates.iter().collect())?;
    same("groups", &answer.groups, &expected.groups)?;
    for (found, wanted) in answer.facets.iter().zip(&expected.facets) {
        same("facet", found, wanted)?;
    }
    same("facets", answer.facets.len(), expected.facets.len())
}

#[allow(clippy::needless_pass_by_value, reason = "two values read better than two borrows of them")]
fn same<T: PartialEq + std::fmt::Debug>(part: &str, found: T, wanted: T) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("{part}\n  found {found:#?}\n  wanted {wanted:#?}")) }
}

/// The customers of all pages from the first answer on; the engines take turns.
async fn pages(store: &Store, view: &View, mut query: Query, answer: query::Answer) -> Vec<uuid::Uuid> {
    let mut page = answer.customers.unwrap();
    let mut ids: Vec<_> = page.rows.iter().map(|row| row.id.0).collect();
    query.question.select = vec![Part::Customers];
    while let Some(next) = page.next {
        query.cursor = Some(next);
        query.engine = Some(if query.engine == Some(Engine::Sql) { Engine::Index } else { Engine::Sql });
        page = query::run(store, view, &query).await.unwrap().customers.unwrap();
        assert!(!page.rows.is_empty(), "a cursor leads to a page");
        ids.extend(page.rows.iter().map(|row| row.id.0));
    }
    ids
}

/// A random question about random rows.
pub(crate) fn question(rng: &mut StdRng) -> Query {
    let aggregates = (0..rng.random_range(0..4)).map(|_| aggregate(rng)).collect();
    let question = Question {
        select: Part::ALL.to_vec(),
        sort: Sort { field: filter::parse_field(&field(rng)).unwrap(), descending: rng.random_bool(0.5) },
        limit: rng.random_range(5..60),
        aggregates,
        group_by: rng.random_bool(0.7).then(|| grouping(rng)),
        group_limit: rng.random_range(1..8),
        facets: facets(rng),
        ..Question::default()
    };
    let rows = match rng.random_range(0..4) {
        0 => Rows::Project("app".to_owned()),
        1 => Rows::Test,
        _ => Rows::Live,
    };
    let filter = if rng.random_bool(0.2) { String::new() } else { population::filter(rng, 2) };
    Query { filter, rows, question, lift_own: rng.random_bool(0.5), ..Query::default() }
}

fn field(rng: &mut StdRng) -> String {
    let built_in: Vec<&str> = filter::Field::names().collect();
    if rng.random_bool(0.3) { (*built_in.choose(rng).unwrap()).to_owned() } else { population::path(rng) }
}

fn aggregate(rng: &mut StdRng) -> Aggregate {
    let function = *Function::ALL.choose(rng).unwrap();
    let time = function.orders() && rng.random_bool(0.2);
    let field = if time { "first_paid".to_owned() } else { population::path(rng) };
    let likely = ["params.mrr", "params.ends"].choose(rng).unwrap();
    let field = if !time && rng.random_bool(0.5) { (*likely).to_owned() } else { field };
    format!("{}({field})", function.as_str()).parse().unwrap()
}

fn grouping(rng: &mut StdRng) -> Grouping {
    let unit = ["day", "week", "month", "quarter", "year"].choose(rng).unwrap();
    let text = match rng.random_range(0..6) {
        0 => format!("{unit}(params.ends)"),
        1 => format!("{unit}(first_seen)"),
        2 => format!("bucket(params.mrr, {})", ["10", "0.3", "7"].choose(rng).unwrap()),
        _ => field(rng),
    };
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn facets(rng: &mut StdRng) -> Facets {
    let named = ["status", "project", "params.plan", "params.tags", "params.company.country", "domain"];
    let mut facets = Facets { auto: rng.random_bool(0.5), fields: Vec::new() };
    for _ in 0..rng.random_range(0..3) {
        facets.add(named.choose(rng).unwrap()).unwrap();
    }
    facets
}
