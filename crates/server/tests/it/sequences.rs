//! The index after whatever may have happened: random sequences of identify, ping, batch, change of address, delete,
//! erase, reset, projects deleted and made again, segments and time zones altered, through the real API; and after each
//! step random questions of the account and of one project, which the index must answer as the reference does over the
//! rows that Postgres holds. Every tenth is asked of Postgres too, and of another process that follows the feed.
//!
//! `ORACLE_CASES=1000000 cargo test -p server --test it sequences` asks for longer; `ORACLE_SEED=…` begins elsewhere.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use index::{
    Facets, Part, Question,
    reference::{self, Customer, World},
};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};
use server::{
    model::{Email, Project, Slug, now},
    store::{
        Store, View,
        erase::{self, Whom},
        lexicon::{self, Lexicon},
        project,
        query::{self, Engine, Query},
        segment::{self, Draft},
    },
};
use uuid::Uuid;

use crate::{
    query_oracle::{compare, question},
    support::{population, server::TestServer},
};

const CASES: usize = 20_000;
/// Questions after each step.
const QUESTIONS: usize = 50;
/// A slow machine asks less in the normal run.
const PATIENCE: Duration = Duration::from_secs(50);
const PEOPLE: usize = 24;

/// A server with four projects and their keys.
struct Play {
    server: TestServer,
    sandbox: Project,
    shop: Project,
    /// The last is the shop's.
    keys: Vec<String>,
    /// Another process on the same database.
    other: Store,
    client: tokio_postgres::Client,
}

/// What Postgres holds after a step.
struct Truth {
    version: i64,
    projects: Vec<Project>,
    /// What the account and what one project may name.
    views: [(View, Lexicon); 2],
    people: BTreeMap<Uuid, Vec<index::Row>>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_the_index_answers_as_the_reference_does() {
    let wanted = number("ORACLE_CASES");
    let mut seed = number("ORACLE_SEED").unwrap_or(1) as u64;
    let mut play = Play::open().await;
    let (begin, mut asked, mut about) = (Instant::now(), 0, 0);
    while asked < wanted.unwrap_or(CASES) {
        let mut rng = StdRng::seed_from_u64(seed);
        let what = play.step(&mut rng).await;
        let truth = play.truth().await;
        for case in 0..QUESTIONS {
            let what = format!("ORACLE_SEED={seed} after {what}, question {case}");
            about += usize::from(play.ask(&mut rng, &truth, &what, case.is_multiple_of(10)).await > 0);
        }
        asked += QUESTIONS;
        seed += 1;
        if asked.is_multiple_of(50_000) {
            println!("{asked} questions in {:?}", begin.elapsed());
        }
        if wanted.is_none() && begin.elapsed() > PATIENCE {
            break;
        }
    }
    assert!(about > asked / 4, "{about} of {asked} questions are about anybody: they say little");
    println!(
        "{asked} questions, {about} of them about somebody, in {:?}, the last step was {}",
        begin.elapsed(),
        seed - 1
    );
}

fn number(variable: &str) -> Option<usize> {
    std::env::var(variable).ok()?.parse().ok()
}

impl Play {
    async fn open() -> Play {
        let server = TestServer::start().await;
        let mut keys = vec![server.keys.secret.clone()];
        keys.push(server.project("newsletter").await.1);
        let (sandbox, key) = server.test_project("sandbox").await;
        keys.push(key);
        let (shop, key) = server.project("shop").await;
        keys.push(key);
        let client = server.db.client().await;
        let other = server.db.store();
        other.keep_index(1 << 30);
        assert!(other.index_ready(server.account).await);
        server.index_ready().await;
        Play { server, sandbox, shop, keys, other, client }
    }

    /// Does one thing, and says what it was.
    async fn step(&mut self, rng: &mut StdRng) -> String {
        let (store, account) = (&self.server.app.store, self.server.account);
        let key = self.keys.choose(rng).unwrap();
        match rng.random_range(0..100) {
            0..50 => self.post(key, "/v1/identify", call(rng)).await,
            50..60 => self.post(key, "/v1/ping", json!({ "email": email(rng) })).await,
            60..80 => {
                let items: Vec<Value> = (0..rng.random_range(1..30)).map(|_| call(rng)).collect();
                self.post(key, "/v1/batch", json!({ "items": items })).await
            }
            80..86 => {
                let path = format!("/v1/customers/{}", email(rng));
                let answer = self.server.call(key, "DELETE", &path, String::new()).await;
                format!("DELETE {path}: {}", answer.status)
            }
            86..92 => {
                let email = email(rng);
                let erased = erase::person(store, account, &Whom::Email(Email::parse(&email).unwrap())).await;
                format!("erase {email}: {erased:?}")
            }
            92..94 => format!("reset: {:?}", erase::reset(store, account, &self.sandbox).await),
            94..96 => {
                let gone = erase::project(store, account, self.shop.id).await.unwrap();
                let (shop, key) = self.server.project("shop").await;
                (self.shop, *self.keys.last_mut().unwrap()) = (shop, key);
                format!("shop deleted with {gone} and made again")
            }
            96..98 => self.segment(rng).await,
            _ => {
                let zone = ["UTC", "America/St_Johns", "Asia/Kathmandu"].choose(rng).unwrap();
                server::store::set_zone(store, account, zone).await.unwrap();
                format!("zone {zone}")
            }
        }
    }

    /// Makes, alters or deletes the segment that filters name.
    async fn segment(&self, rng: &mut StdRng) -> String {
        let (store, view) = (&self.server.app.store, View::account(self.server.account));
        let slug: Slug = "some".parse().unwrap();
        let filter = population::filter(rng, 1);
        let draft = Draft { slug: slug.clone(), name: "Some".to_owned(), filter, project: None };
        let done = match rng.random_range(0..3) {
            0 => segment::delete(store, &view, &slug).await.is_ok(),
            1 => segment::update(store, &view, &draft, now()).await.is_ok(),
            _ => segment::create(store, &view, &draft, now()).await.is_ok(),
        };
        format!("segment {}: {done}", draft.filter)
    }

    async fn post(&self, key: &str, path: &str, body: Value) -> String {
        let text = body.to_string();
        let answer = self.server.call(key, "POST", path, text.clone()).await;
        assert!([200, 409, 422].contains(&answer.status), "{text}: {}", answer.text());
        format!("{path} {text:.500}: {}", answer.status)
    }

    /// What Postgres holds.
    async fn truth(&self) -> Truth {
        let (store, account) = (&self.server.app.store, self.server.account);
        let (whole, part) = (View::account(account), View::project(account, self.server.project.id));
        Truth {
            version: query::version(store, &whole).await.unwrap(),
            projects: project::list(store, account).await.unwrap(),
            views: [
                (whole, lexicon::load(store, &whole).await.unwrap()),
                (part, lexicon::load(store, &part).await.unwrap()),
            ],
            people: people(&self.client).await,
        }
    }

    /// Asks one random question of the index, and of everybody else if that is wanted. Returns how many match.
    async fn ask(&self, rng: &mut StdRng, truth: &Truth, what: &str, everybody: bool) -> u64 {
        let (here, there) = (&self.server.app.store, &self.other);
        let all = [(here, Engine::Index), (here, Engine::Sql), (there, Engine::Index)];
        let Truth { projects, views, people, .. } = truth;
        let (view, lexicon) = &views[usize::from(rng.random_bool(0.2))];
        let slugs = projects.iter().map(|project| (project.id.0, project.slug.to_string())).collect();
        let test = |id: Uuid| projects.iter().any(|project| project.id.0 == id && project.test);
        let customers: Vec<Customer<'_>> = people
            .iter()
            .map(|(id, rows)| Customer {
                id: *id,
                documents: rows.iter().map(|row| row.document(test(row.project))).collect(),
            })
            .collect();
        let query = question(rng);
        let mut query = narrowed(rng, query);
        if rng.random_bool(0.1) {
            query.filter = format!(
                "in segment some and not ({})",
                if query.filter.is_empty() { "name exists" } else { &query.filter }
            );
        }
        let what = format!("{what}: {} {:?} {:?}", query.filter, query.rows, query.question);
        let mut matching = 0;
        for (store, engine) in all.into_iter().take(if everybody { 3 } else { 1 }) {
            let what = format!("{what}: {engine:?}");
            let query = Query { engine: Some(engine), min_version: truth.version, ..query.clone() };
            let answer = query::run(store, view, &query).await;
            let (Some(chosen), Ok(_)) = (lexicon.rows(&query.rows), lexicon.check(&query.filter, now()))
            else {
                assert!(answer.is_err(), "{what}: names what there is not");
                continue;
            };
            let answer = answer.unwrap_or_else(|e| panic!("{what}\n{e}"));
            let (expr, predicate) = lexicon.check(&query.filter, answer.now).unwrap();
            let question = query.question.clone();
            let question = if query.lift_own { question.lifted(&expr, &predicate) } else { question };
            let chosen = chosen.into_iter().collect();
            matching = answer.count.unwrap().customers;
            let zone = lexicon.zone.clone();
            let world = World { customers: &customers, projects: &slugs, rows: &chosen, zone, moment: None };
            compare(&what, &query, &answer, &reference::answer(&world, &predicate, &question));
        }
        matching
    }
}

/// What Postgres holds of everybody, by their ids.
pub(crate) async fn people(client: &tokio_postgres::Client) -> BTreeMap<Uuid, Vec<index::Row>> {
    let sql = "select r.customer_id, r.project_id, c.email, r.user_id, r.name, r.status, r.status_since, r.first_paid, \
               r.first_seen, r.last_activity, r.params::text, r.imported \
               from relationship r join customer c on c.account_id = r.account_id and c.id = r.customer_id";
    let mut people: BTreeMap<Uuid, Vec<index::Row>> = BTreeMap::new();
    for row in client.query(sql, &[]).await.unwrap() {
        let row = index::Row {
            customer: row.get(0),
            project: row.get(1),
            email: row.get(2),
            user_id: row.get(3),
            name: row.get(4),
            status: Some(row.get::<_, &str>(5).parse().unwrap()),
            status_since: row.get(6),
            first_paid: row.get(7),
            first_seen: row.get(8),
            last_activity: row.get(9),
            imported: row.get(11),
            params: serde_json::from_str(row.get(10)).unwrap(),
        };
        people.entry(row.customer).or_default().push(row);
    }
    people
}

/// The question with a count and one more part at most: so many are asked that each must be quick.
fn narrowed(rng: &mut StdRng, query: Query) -> Query {
    let part = match rng.random_range(0..10) {
        0..4 => Part::Count,
        4..6 => Part::Aggregates,
        6..8 => Part::Groups,
        8 => Part::Customers,
        _ => Part::Facets,
    };
    let whole = query.question;
    let question = Question {
        select: vec![Part::Count, part],
        aggregates: if part == Part::Aggregates { whole.aggregates } else { Vec::new() },
        group_by: whole.group_by.filter(|_| part == Part::Groups),
        facets: if part == Part::Facets { whole.facets } else { Facets::default() },
        ..whole
    };
    Query { question, ..query }
}

fn email(rng: &mut StdRng) -> String {
    let number = rng.random_range(0..PEOPLE);
    format!("p{number}@{}", ["x.com", "acme.io", "sub.acme.io"][number % 3])
}

/// A random identify. Some are refused, and some move a `user_id` to another e-mail.
fn call(rng: &mut StdRng) -> Value {
    let mut call = json!({ "email": email(rng) });
    let mut say = |rng: &mut StdRng, key: &str, chance: f64, value: fn(&mut StdRng) -> Value| {
        if rng.random_bool(chance) {
            call[key] = value(rng);
        }
    };
    say(rng, "user_id", 0.3, |rng| json!(format!("u{}", rng.random_range(0..PEOPLE))));
    say(rng, "name", 0.3, |rng| json!(["Ada", "Åsa", "ada", "p1"].choose(rng).unwrap()));
    say(rng, "status", 0.4, |rng| json!(filter::Status::ALL.choose(rng).unwrap().as_str()));
    say(rng, "params", 0.9, |rng| Value::Object(population::params(rng)));
    say(rng, "unset", 0.2, |rng| json!([population::KEYS.choose(rng).unwrap()]));
    say(rng, "increment", 0.2, |_| json!({ "logins": 1 }));
    say(rng, "add", 0.2, |rng| json!({ "labels": (*["vip", "lead", "VIP"].choose(rng).unwrap()) }));
    say(rng, "replace", 0.1, |_| json!(true));
    say(rng, "timestamp", 0.3, |rng| json!(format!("2026-{:02}-10T00:00:00Z", rng.random_range(1..11))));
    call
}
