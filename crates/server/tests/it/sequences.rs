//! The index after whatever may have happened: random sequences of identify, ping, batch, change of address, delete,
//! erase and reset through the real API, and after each step random questions, which the index must answer as the
//! reference does over the rows that Postgres holds. Every tenth is asked of Postgres too.
//!
//! `ORACLE_CASES=1000000 cargo test -p server --test it sequences` asks for longer; `ORACLE_SEED=…` begins elsewhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use index::{
    Facets, Part, Question,
    reference::{self, Customer, World},
};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};
use server::{
    model::{Email, Project},
    store::{
        Rows, View, erase,
        lexicon::{self, Lexicon},
        project,
        query::{self, Engine, Query},
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
    keys: Vec<String>,
    client: tokio_postgres::Client,
}

/// What Postgres holds after a step.
struct Truth {
    projects: Vec<Project>,
    lexicon: Lexicon,
    people: BTreeMap<Uuid, Vec<index::Row>>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_the_index_answers_as_the_reference_does() {
    let wanted = number("ORACLE_CASES");
    let mut seed = number("ORACLE_SEED").unwrap_or(1) as u64;
    let play = Play::open().await;
    let (begin, mut asked) = (Instant::now(), 0);
    while asked < wanted.unwrap_or(CASES) {
        let mut rng = StdRng::seed_from_u64(seed);
        let what = play.step(&mut rng).await;
        let truth = play.truth().await;
        for case in 0..QUESTIONS {
            let what = format!("ORACLE_SEED={seed} after {what}, question {case}");
            play.ask(&mut rng, &truth, &what, case % 10 == 0).await;
        }
        asked += QUESTIONS;
        seed += 1;
        if wanted.is_none() && begin.elapsed() > PATIENCE {
            break;
        }
    }
    println!("{asked} questions in {:?}, the last step was {}", begin.elapsed(), seed - 1);
}

fn number(variable: &str) -> Option<usize> {
    std::env::var(variable).ok()?.parse().ok()
}

impl Play {
    async fn open() -> Play {
        let server = TestServer::start().await;
        let mut keys = vec![server.keys.secret.clone()];
        for slug in ["newsletter", "shop"] {
            keys.push(server.project(slug).await.1);
        }
        let (sandbox, key) = server.test_project("sandbox").await;
        keys.push(key);
        let client = server.db.client().await;
        server.index_ready().await;
        Play { server, sandbox, keys, client }
    }

    /// Does one thing, and says what it was.
    async fn step(&self, rng: &mut StdRng) -> String {
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
                let erased = erase::person(store, account, &Email::parse(&email).unwrap()).await;
                format!("erase {email}: {erased:?}")
            }
            92..95 => format!("reset: {:?}", erase::reset(store, account, &self.sandbox).await),
            _ => {
                let zone = ["UTC", "America/St_Johns", "Asia/Kathmandu"].choose(rng).unwrap();
                server::store::set_zone(store, account, zone).await.unwrap();
                format!("zone {zone}")
            }
        }
    }

    async fn post(&self, key: &str, path: &str, body: Value) -> String {
        let text = body.to_string();
        let answer = self.server.call(key, "POST", path, text.clone()).await;
        assert!([200, 409, 422].contains(&answer.status), "{text}: {}", answer.text());
        format!("{path} {text:.500}: {}", answer.status)
    }

    /// What Postgres holds.
    async fn truth(&self) -> Truth {
        let store = &self.server.app.store;
        Truth {
            projects: project::list(store, self.server.account).await.unwrap(),
            lexicon: lexicon::load(store, &View::account(self.server.account)).await.unwrap(),
            people: self.people().await,
        }
    }

    async fn people(&self) -> BTreeMap<Uuid, Vec<index::Row>> {
        let sql = "select r.customer_id, r.project_id, c.email, r.user_id, r.name, r.status, r.status_since, r.first_paid, \
                   r.first_seen, r.last_activity, r.params::text \
                   from relationship r join customer c on c.account_id = r.account_id and c.id = r.customer_id";
        let mut people: BTreeMap<Uuid, Vec<index::Row>> = BTreeMap::new();
        for row in self.client.query(sql, &[]).await.unwrap() {
            let row = index::Row {
                customer: row.get(0),
                project: row.get(1),
                email: row.get(2),
                user_id: row.get(3),
                name: row.get(4),
                status: row.get::<_, &str>(5).parse().unwrap(),
                status_since: row.get(6),
                first_paid: row.get(7),
                first_seen: row.get(8),
                last_activity: row.get(9),
                params: serde_json::from_str(row.get(10)).unwrap(),
            };
            people.entry(row.customer).or_default().push(row);
        }
        people
    }

    /// Asks one random question of the index, and of Postgres too if that is wanted.
    async fn ask(&self, rng: &mut StdRng, truth: &Truth, what: &str, sql: bool) {
        let (store, view) = (&self.server.app.store, View::account(self.server.account));
        let Truth { projects, lexicon, people } = truth;
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
        let query = narrowed(rng, query);
        let what = format!("{what}: {} {:?} {:?}", query.filter, query.rows, query.question);
        for engine in if sql { vec![Engine::Index, Engine::Sql] } else { vec![Engine::Index] } {
            let (what, query) =
                (format!("{what}: {engine:?}"), Query { engine: Some(engine), ..query.clone() });
            let answer = query::run(store, &view, &query).await.unwrap_or_else(|e| panic!("{what}\n{e}"));
            let (_, predicate) = lexicon.check(&query.filter, answer.now).unwrap();
            let chosen = chosen(projects, &query.rows);
            let world =
                World { customers: &customers, projects: &slugs, rows: &chosen, zone: lexicon.zone.clone() };
            compare(&what, &query, &answer, &reference::answer(&world, &predicate, &query.question));
        }
    }
}

fn chosen(projects: &[Project], rows: &Rows) -> BTreeSet<Uuid> {
    let chosen = projects.iter().filter(|project| match rows {
        Rows::Live => !project.test,
        Rows::Test => project.test,
        Rows::Project(slug) => project.slug.as_str() == slug,
    });
    chosen.map(|project| project.id.0).collect()
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
