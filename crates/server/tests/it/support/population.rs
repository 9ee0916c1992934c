//! People in memory and in the database at once: what an engine answers about the rows can be held against what the
//! reference answers about the documents.

use std::collections::{BTreeMap, BTreeSet};

use filter::{Document, Status};
use index::reference::{Customer, World};
use jiff::{Timestamp, ToSpan};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Map, Value, json};
use server::{
    model::{Project, now},
    store::{self, AccountId, Rows, Store, project},
};
use tokio_postgres::Client;
use uuid::Uuid;

/// A relationship as it is stored.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) project: usize,
    pub(crate) user_id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) status: Status,
    pub(crate) times: [Timestamp; 3],
    pub(crate) first_paid: Option<Timestamp>,
    pub(crate) imported: Option<Timestamp>,
    pub(crate) params: Map<String, Value>,
}

/// A person as it is stored.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) rows: Vec<Row>,
}

/// An account with its people.
pub(crate) struct Population {
    pub(crate) account: AccountId,
    pub(crate) projects: Vec<Project>,
    pub(crate) people: Vec<Person>,
}

impl Population {
    /// An account with three live projects and a test one, in a zone.
    pub(crate) async fn open(store: &Store, zone: &str) -> Population {
        let account = store::open_account(store, "Population", now()).await.unwrap();
        store::set_zone(store, account, zone).await.unwrap();
        let mut projects = Vec::new();
        for (slug, test) in [("app", false), ("newsletter", false), ("shop", false), ("sandbox", true)] {
            let slug = slug.parse().unwrap();
            projects.push(project::create(store, account, &slug, slug.as_str(), test, now()).await.unwrap());
        }
        Population { account, projects, people: Vec::new() }
    }

    /// Stores a person.
    pub(crate) async fn add(&mut self, client: &Client, person: Person) {
        let account: Uuid = self.account.to_string().parse().unwrap();
        let sql = "insert into customer (account_id, id, email) values ($1, $2, $3)";
        client.execute(sql, &[&account, &person.id, &person.email]).await.unwrap();
        let sql = "insert into relationship values ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb, '{}', $10, $11, 1, null, $10, $10, $12)";
        let statement = client.prepare(sql).await.unwrap();
        for row in &person.rows {
            let params = serde_json::to_string(&row.params).unwrap();
            let [since, first, last] = row.times;
            let project = self.projects[row.project].id.0;
            client
                .execute(
                    &statement,
                    &[
                        &account,
                        &project,
                        &person.id,
                        &row.user_id,
                        &row.name,
                        &row.status.as_str(),
                        &since,
                        &row.first_paid,
                        &params,
                        &first,
                        &last,
                        &row.imported,
                    ],
                )
                .await
                .unwrap();
        }
        self.people.push(person);
    }

    /// Everybody as documents.
    pub(crate) fn customers(&self) -> Vec<Customer<'_>> {
        self.people
            .iter()
            .map(|person| Customer {
                id: person.id,
                documents: person.rows.iter().map(|row| self.document(person, row)).collect(),
            })
            .collect()
    }

    fn document<'a>(&'a self, person: &'a Person, row: &'a Row) -> Document<'a> {
        let project = &self.projects[row.project];
        Document {
            project: project.id.0,
            test: project.test,
            email: &person.email,
            user_id: row.user_id.as_deref(),
            name: row.name.as_deref(),
            status: Some(row.status),
            status_since: Some(row.times[0]),
            first_paid: row.first_paid,
            first_seen: row.times[1],
            last_activity: Some(row.times[2]),
            imported: row.imported,
            params: &row.params,
            history: None,
        }
    }

    /// The slugs of the projects by id.
    pub(crate) fn slugs(&self) -> BTreeMap<Uuid, String> {
        self.projects.iter().map(|project| (project.id.0, project.slug.to_string())).collect()
    }

    /// The projects whose relationships are rows.
    pub(crate) fn rows(&self, rows: &Rows) -> BTreeSet<Uuid> {
        let chosen = |project: &&Project| match rows {
            Rows::Live => !project.test,
            Rows::Test => project.test,
            Rows::Project(slug) => project.slug.as_str() == slug,
        };
        self.projects.iter().filter(chosen).map(|project| project.id.0).collect()
    }

    /// The world of the reference.
    pub(crate) fn world<'a>(
        &self,
        customers: &'a [Customer<'a>],
        projects: &'a BTreeMap<Uuid, String>,
        rows: &'a BTreeSet<Uuid>,
        zone: jiff::tz::TimeZone,
    ) -> World<'a> {
        World { customers, projects, rows, zone, moment: None }
    }
}

/// Texts that have broken systems like this one, dates that are none, and cases that differ.
const TEXTS: &[&str] = &[
    "pro",
    "Pro",
    "free",
    "PRO",
    "",
    " ",
    "null",
    "true",
    "1",
    "1.0",
    "-5",
    "=1+1",
    "@x",
    "é",
    "É",
    "e\u{301}",
    "José",
    "Jose\u{301}",
    "jose",
    "ß",
    "ẞ",
    "ſ",
    "K",
    "日本",
    "\u{1F600}",
    "a\"b",
    "a'b",
    "a\\b",
    "a\nb",
    "'; drop table customer; --",
    "$1",
    "%",
    "_",
    "producthunt",
    "ProductHunt",
    "0001-01-01",
    "9999-12-31",
];

/// Dates and what looks like them: around midnight, around changes of clocks, out of the calendar.
const DATES: &[&str] = &[
    "2026-03-29",
    "2026-03-28",
    "2024-02-29",
    "2023-02-29",
    "2026-13-01",
    "2026-03-29T00:00:00Z",
    "2026-03-29 23:59:59.999999+02:00",
    "2026-03-29T10:00",
    "2026-03-29 10:00 UTC",
    "2026-03-29T24:00:00Z",
    "2026-10-25T01:30:00+02",
    "2006-10-29T02:45:00Z",
    "2006-10-29T03:30:00-0330",
    "2018-11-04T02:59:59.9999999Z",
    "2018-11-04T03:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "1900-02-29",
    "2000-02-29",
    "2026-3-29",
    "2026-03-29T10:00:00+15:00",
    "0000-01-01",
    "2026-03-29x",
    "2026-03-29 10:00:00 -0500",
    "2026-03-29t10:00z",
];

/// Numbers that are dates in seconds and milliseconds, and what looks like them.
const EPOCHS: &[&str] = &[
    "1774742400",
    "1774742399.9999999",
    "1774742400000",
    "1774742400123.4",
    "1761355800.5",
    "1541300400",
    "999999999.9",
    "1e9",
    "9999999999",
    "1e10",
    "999999999999",
    "1e12",
    "9999999999999.9999",
    "1e13",
];

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "1.0",
    "29",
    "29.90",
    "19.9",
    "-5",
    "-0.01",
    "9007199254740993",
    "1e3",
    "0.1",
    "0.2",
    "1234567890123456789012345678901234567890",
    "10",
    "20",
    "9.99",
];

/// Any JSON value, nested at most so deep.
pub(crate) fn value(rng: &mut StdRng, depth: usize) -> Value {
    match rng.random_range(0..if depth == 0 { 8 } else { 10 }) {
        0 | 1 => json!(TEXTS.choose(rng).unwrap()),
        2 => date(rng),
        3 | 4 => serde_json::from_str(NUMBERS.choose(rng).unwrap()).unwrap(),
        5 => json!(rng.random_bool(0.5)),
        6 => Value::Null,
        7 => json!(format!("{}", rng.random_range(0..5))),
        8 => (0..rng.random_range(0..4)).map(|_| value(rng, depth - 1)).collect(),
        _ => Value::Object((0..rng.random_range(0..3)).map(|_| (key(rng), value(rng, depth - 1))).collect()),
    }
}

/// A text or a number that is a date, or almost one.
fn date(rng: &mut StdRng) -> Value {
    match rng.random_bool(0.6) {
        true => json!(DATES.choose(rng).unwrap()),
        false => serde_json::from_str(EPOCHS.choose(rng).unwrap()).unwrap(),
    }
}

/// Keys: plain ones mostly, some that need quotes.
pub(crate) const KEYS: &[&str] = &[
    "plan", "mrr", "source", "ends", "tags", "company", "beta", "a.b", "we\"ird", "", "0", "status", "$", "é",
];

fn key(rng: &mut StdRng) -> String {
    (*KEYS.choose(rng).unwrap()).to_owned()
}

/// Params whose keys mostly hold what they are called after.
pub(crate) fn params(rng: &mut StdRng) -> Map<String, Value> {
    let mut params = Map::new();
    for _ in 0..rng.random_range(0..8) {
        let key = key(rng);
        let typical = match key.as_str() {
            "plan" | "source" => json!(TEXTS.choose(rng).unwrap()),
            "mrr" => serde_json::from_str(NUMBERS.choose(rng).unwrap()).unwrap(),
            "ends" => date(rng),
            "tags" => (0..rng.random_range(0..4)).map(|_| value(rng, 0)).collect(),
            "company" => json!({ "country": TEXTS.choose(rng).unwrap(), "size": rng.random_range(0..3) }),
            _ => value(rng, 2),
        };
        let chosen = if rng.random_bool(0.8) { typical } else { value(rng, 2) };
        params.insert(key, chosen);
    }
    params
}

/// A random person in one to all of the projects.
pub(crate) fn person(rng: &mut StdRng, number: usize) -> Person {
    let domain = ["x.com", "acme.io", "sub.acme.io"].choose(rng).unwrap();
    let mut rows = Vec::new();
    for project in 0..4 {
        if rng.random_bool(0.5) {
            rows.push(row(rng, project, number));
        }
    }
    // Ids in no order, so that ties are broken by them and not by age.
    let id = Uuid::from_u128(rng.random());
    Person { id, email: format!("p{number}@{domain}"), rows }
}

fn row(rng: &mut StdRng, project: usize, number: usize) -> Row {
    let mut time = || {
        let ago = if rng.random_bool(0.3) { 0 } else { rng.random_range(0..100 * 86_400) };
        let start: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
        start.checked_sub((ago as i64).seconds()).unwrap()
    };
    let times = [time(), time(), time()];
    let first_paid = Some(time()).filter(|_| times[0] > times[1]);
    let imported = Some(time()).filter(|_| times[1] > times[2]);
    Row {
        project,
        user_id: rng.random_bool(0.5).then(|| format!("u{number}")),
        name: rng.random_bool(0.5).then(|| (*TEXTS.choose(rng).unwrap()).to_owned()),
        status: *Status::ALL.choose(rng).unwrap(),
        times,
        first_paid,
        imported,
        params: params(rng),
    }
}

/// A random condition on a random field, in the strict form, with literals that occur.
pub(crate) fn filter(rng: &mut StdRng, depth: usize) -> String {
    if depth > 0 && rng.random_bool(0.5) {
        let (left, right) = (filter(rng, depth - 1), filter(rng, depth - 1));
        return match rng.random_range(0..5) {
            0 => format!("({left}) and ({right})"),
            1 => format!("({left}) or ({right})"),
            2 => format!("not ({left})"),
            3 => format!("in project newsletter where ({left})"),
            _ => format!("({left}) and not in project shop"),
        };
    }
    match rng.random_range(0..12) {
        0 => format!("status in ({}, free)", Status::ALL.choose(rng).unwrap()),
        1 => format!("search {}", quoted(rng)),
        2 => "first_seen in last 30 days".to_owned(),
        3 => "name exists".to_owned(),
        4 => format!("domain = {}", json!(["x.com", "acme.io"].choose(rng).unwrap())),
        _ => condition(rng),
    }
}

fn condition(rng: &mut StdRng) -> String {
    let path = path(rng);
    match rng.random_range(0..12) {
        0..3 => format!("{path} = {}", scalar(rng)),
        3 => format!("{path} != {}", scalar(rng)),
        4 => format!("{path} > {}", NUMBERS.choose(rng).unwrap()),
        5 => format!("{path} <= {}", quoted(rng)),
        6 => format!("{path} has {}", scalar(rng)),
        7 => format!("{path} exists"),
        8 => format!("{path} contains {}", quoted(rng)),
        9 => format!("{path} in 2026-03-01 .. 2026-03-31"),
        10 => format!("{path} is not {}", ["null", "string", "number", "array"].choose(rng).unwrap()),
        _ => format!("{path} < 2026-03-29"),
    }
}

/// A path that mostly occurs.
pub(crate) fn path(rng: &mut StdRng) -> String {
    let key = Value::from(key(rng));
    match rng.random_range(0..5) {
        0 => "params.company.country".to_owned(),
        1 => format!("params.{key}.{}", Value::from(self::key(rng))),
        _ => format!("params.{key}"),
    }
}

fn quoted(rng: &mut StdRng) -> String {
    Value::from(*TEXTS.choose(rng).unwrap()).to_string()
}

fn scalar(rng: &mut StdRng) -> String {
    match rng.random_range(0..6) {
        0 => (*NUMBERS.choose(rng).unwrap()).to_owned(),
        1 => "true".to_owned(),
        2 => "null".to_owned(),
        _ => quoted(rng),
    }
}
