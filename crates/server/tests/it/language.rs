//! The filter language on Postgres and in the index: both mean what `eval` means, on the table of the filter crate and on
//! random cases, and equalities are answered by the GIN index.
//!
//! `ORACLE_CASES=1000000 cargo test -p server --test it language::` runs the long form; each case is a pair of a
//! relationship and a filter. A failure prints its seed: `ORACLE_SEED=… ` begins with it.

#[path = "../../../filter/tests/it/chronicle.rs"]
pub(super) mod chronicle;
#[path = "../../../filter/tests/it/generator/mod.rs"]
pub(super) mod generator;
#[path = "../../../filter/tests/it/table.rs"]
mod table;

use std::{collections::BTreeSet, error::Error as StdError};

use bytes::{BufMut as _, BytesMut};
use filter::{Bind, Binds, Names, Predicate, Scope, check, eval, parse, sql};
use jiff::tz::TimeZone;
use tokio_postgres::Client;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use self::generator::Dice;
use self::table::{Customer, PROJECTS, project_id};
use super::support::postgres::TestDb;

/// How many pairs the normal run checks.
const CASES: usize = 30_000;

/// Customers and filters that meet in one batch.
const CUSTOMERS: usize = 80;
const FILTERS: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_agree_with_the_table() {
    let db = TestDb::migrated().await;
    let client = db.client().await;
    let table = table::read();
    // Many rows of the table are about the same Ada.
    client.batch_execute("alter table customer drop constraint customer_account_id_email_key").await.unwrap();
    let account = store(&client, &table.customers).await;
    let index = held(&table.customers);
    let mut wrong = Vec::new();
    for row in &table.rows {
        let scope = Scope {
            now: row.now,
            horizon: None,
            zone: row.zone.clone(),
            names: &table.catalogue,
            account_wide: true,
        };
        let predicate = predicate(&row.filter, &scope);
        // Every row's filter meets every customer of the table, not only its own.
        let found = found(&index, &table.customers, &predicate, &row.zone);
        for (at, sql) in answers(&client, account, &predicate).await {
            let own = at == (row.customer, 0);
            let expected = if own { row.expected } else { means(&predicate, &table.customers, at) };
            for (engine, answer) in [("sql", sql), ("index", found.contains(&at))] {
                if answer != expected {
                    wrong.push(format!(
                        "semantics.txt:{} of {at:?}: {engine}: expected {expected}: {}",
                        row.line, row.filter
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_agree_with_eval_on_random_cases() {
    let cases = number("ORACLE_CASES").unwrap_or(CASES as u64);
    let mut seed = number("ORACLE_SEED").unwrap_or(1);
    let db = TestDb::migrated().await;
    let client = db.client().await;
    let (mut met, mut held) = (0, 0);
    while met < cases {
        let (pairs, matches) = batch(&client, seed).await;
        met += pairs;
        held += matches;
        seed += 1;
    }
    println!("{met} pairs of a relationship and a filter, {held} of them true");
    assert!(held > met / 20 && held < met - met / 20, "{held} of {met} are true: the cases say little");
}

/// One batch of customers and filters: how many pairs met, and of how many the filter is true.
async fn batch(client: &Client, seed: u64) -> (u64, u64) {
    let mut dice = Dice::new(seed);
    let (now, zone) = generator::clock(&mut dice);
    let customers = generator::customers(&mut dice, CUSTOMERS, now, &zone);
    let account = store(client, &customers).await;
    let index = held(&customers);
    let catalogue = generator::catalogue();
    let scope = Scope { now, horizon: None, zone: zone.clone(), names: &catalogue, account_wide: true };
    let (mut met, mut held) = (0, 0);
    for _ in 0..FILTERS {
        let expr = generator::expr_of_any_time(&mut dice, now, &zone);
        let predicate =
            check(&expr, &scope).unwrap_or_else(|error| panic!("seed {seed}: {}: {expr}", error.message));
        let mut matches = 0;
        let found = found(&index, &customers, &predicate, &zone);
        for (at, answer) in answers(client, account, &predicate).await {
            let expected = means(&predicate, &customers, at);
            assert_eq!(answer, expected, "ORACLE_SEED={seed}: {expr}\nof {:#?}", customers[at.0]);
            // The index holds the present.
            let indexed = if predicate.asks_past() { expected } else { found.contains(&at) };
            assert_eq!(indexed, expected, "ORACLE_SEED={seed}: index: {expr}\nof {:#?}", customers[at.0]);
            met += 1;
            matches += u64::from(answer);
        }
        assert_eq!(found_by_index(client, account, &predicate).await, matches, "ORACLE_SEED={seed}: {expr}");
        held += matches;
    }
    client.batch_execute("truncate relationship, customer, project, account cascade").await.unwrap();
    (met, held)
}

#[tokio::test(flavor = "multi_thread")]
async fn equalities_use_the_gin_index() {
    let db = TestDb::migrated().await;
    let client = db.client().await;
    let account = many(&client).await;
    let catalogue = table::Catalogue::default();
    let scope = scope(&catalogue);
    let served = [
        "ref = r7",
        "ref = r7 and status = free",
        "ref = r7 and n > 3 and name not exists",
        "ref = r7 and company.country = c3",
        "ref in (r7, r8, r9)",
        "ref = r7 or company.country = c3",
        "tags has t11",
        "tags has t11 and tags has t12",
        "company.country = c3",
        "n = 42.0",
        "project = app and ref = r7",
        "(ref = r7 or ref = r8) and first_seen < now",
    ];
    for filter in served {
        let plan = plan(&client, account, &predicate(filter, &scope)).await;
        assert!(plan.contains("relationship_params"), "{filter}\n{plan}");
    }
    for filter in ["not ref = r7", "n > 3", "ref contains r7"] {
        let plan = plan(&client, account, &predicate(filter, &scope)).await;
        assert!(!plan.contains("relationship_params"), "{filter}\n{plan}");
    }
}

/// What a hostile text is compared with, everywhere that a filter takes text: it runs, and it finds nothing.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_texts_are_only_texts() {
    const HOSTILE: [&str; 12] = [
        "' or 1=1 --",
        "\"; drop table relationship; --",
        "$1",
        "\\",
        "'||pg_sleep(9)||'",
        "$$;select 1;$$",
        "%",
        "(?i)",
        "***:x",
        "[[:<:]]",
        "\\m\\y\\1",
        "{999999}",
    ];
    let templates = [
        "params.k = {}",
        "params.{} = 1",
        "params.{} > 1",
        "params.{} > 2026-01-01",
        "params.{}.{} contains {}",
        "name contains {}",
        "email = {}",
        "user_id < {}",
        "user_id ends with {}",
        "params.k in ({}, 1)",
        "params.k has {}",
        "params.k > {}",
        "search {}",
        "in project app where (params.{}.x exists)",
        "params.{} is null",
        "domain starts with {}",
        "params.{} has 2026-01-01",
        "params.{} in last 7 days",
    ];
    let db = TestDb::migrated().await;
    let client = db.client().await;
    let account = many(&client).await;
    let catalogue = table::Catalogue::default();
    for template in templates {
        for hostile in HOSTILE.iter().map(|text| (*text).to_owned()).chain(["x".repeat(1_000)]) {
            let filter = template.replace("{}", &serde_json::to_string(&hostile).unwrap());
            let found = found_by_index(&client, account, &predicate(&filter, &scope(&catalogue))).await;
            assert_eq!(found, 0, "{filter}");
        }
    }
}

/// The largest filters that `check` accepts: the engines take them too, in time. (It plans an EXISTS twice, and so one
/// twenty deep a million times.)
#[tokio::test(flavor = "multi_thread")]
async fn the_largest_filters_run() {
    let db = TestDb::migrated().await;
    let client = db.client().await;
    let catalogue = generator::catalogue();
    let Scope { now, zone, .. } = scope(&catalogue);
    let customers = generator::customers(&mut Dice::new(1), 20, now, &zone);
    let account = store(&client, &customers).await;
    let index = held(&customers);
    client.batch_execute("set statement_timeout = '20s'").await.unwrap();
    for filter in largest() {
        let predicate = predicate(&filter, &scope(&catalogue));
        let found = found(&index, &customers, &predicate, &TimeZone::UTC);
        for (at, answer) in answers(&client, account, &predicate).await {
            assert_eq!(found.contains(&at), answer, "{filter:.200}");
        }
    }
}

fn largest() -> Vec<String> {
    let many = |count: usize, join: &str, part: &dyn Fn(usize) -> String| {
        (0..count).map(part).collect::<Vec<_>>().join(join)
    };
    let list =
        |field: &str, value: &dyn Fn(usize) -> String| format!("{field} in ({})", many(1_000, ", ", value));
    let nested = |levels: usize, level: &dyn Fn(String) -> String| {
        (0..levels).fold("n = 1".to_owned(), |inner, _| level(inner))
    };
    let cased: String = ('\u{370}'..).filter(|c| filter::fold::class(*c).len() > 1).take(1_000).collect();
    let path = vec!["k"; filter::Path::KEYS_MAX].join(".");
    vec![
        list("n", &|n| n.to_string()),
        list("n not", &|n| format!("\"text {n}\"")),
        list("email", &|n| format!("u{n}@x.com")),
        list("d", &|_| "today".to_owned()),
        many(1_000, " or ", &|n| format!("a{n} > {n}")),
        many(1_000, " and ", &|n| format!("d < now - {n}h")),
        many(499, " and ", &|n| format!("in project app where (n = {n})")),
        many(499, " and ", &|n| format!("not in project app where (n = {n})")),
        many(499, " or ", &|n| format!("in project app where (n = {n})")),
        many(499, " and ", &|_| "in segment pros".to_owned()),
        format!("params.{path} contains {}", "k".repeat(1_000)),
        format!("name contains \"{cased}\" or search \"{cased}\""),
        nested(31, &|inner| format!("(not {inner} or d < today and n exists)")),
        nested(32, &|inner| format!("in project app where (not {inner})")),
        nested(62, &|inner| format!("in project app where ({inner})")),
    ]
}

pub(super) fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn scope(names: &dyn Names) -> Scope<'_> {
    let now = "2026-03-10T12:00:00Z".parse().unwrap();
    Scope { now, horizon: None, zone: TimeZone::UTC, names, account_wide: true }
}

fn predicate(filter: &str, scope: &Scope<'_>) -> Predicate {
    let checked = parse(filter).and_then(|expr| check(&expr, scope));
    checked.unwrap_or_else(|error| panic!("{}", error.caret(filter)))
}

/// A relationship: the position of its customer, and its own among that customer's.
type At = (usize, usize);

fn means(predicate: &Predicate, customers: &[Customer], at: At) -> bool {
    let documents: Vec<_> = customers[at.0].iter().map(table::Relationship::document).collect();
    eval(predicate, &documents, at.1)
}

/// The customers in an index.
fn held(customers: &[Customer]) -> index::Snapshot {
    let row = |(number, r): (usize, &table::Relationship)| {
        index::Row::of(Uuid::from_u128(number as u128), &r.document(), r.params.clone())
    };
    let all = customers.iter().enumerate().flat_map(|(number, all)| all.iter().map(move |r| (number, r)));
    let mut index = index::Index::default();
    index.apply(1, index::Prepared::new(&all.map(row).collect::<Vec<_>>()), &[]);
    index.snapshot()
}

/// The relationships that the index finds.
fn found(
    index: &index::Snapshot,
    customers: &[Customer],
    predicate: &Predicate,
    zone: &TimeZone,
) -> BTreeSet<At> {
    let rows = PROJECTS.map(|slug| project_id(slug).unwrap());
    let project = |slug: &str| index::Project { slug: slug.to_owned(), test: slug == "sandbox" };
    let projects = rows.into_iter().zip(PROJECTS.map(project)).collect();
    let scope = index::Scope { rows: &rows, projects: &projects, zone, predicate, moment: None, until: None };
    let question = index::Question {
        select: vec![index::Part::Customers],
        limit: customers.len(),
        ..index::Question::default()
    };
    let page = index.answer(&scope, &question, None, &[]).page;
    let place =
        |customer: usize, project: Uuid| customers[customer].iter().position(|r| r.project == project);
    let at = |customer: Uuid, project: Uuid| {
        let customer = customer.as_u128() as usize;
        (customer, place(customer, project).unwrap())
    };
    page.iter()
        .flat_map(|ranked| ranked.projects.iter().map(|project| at(ranked.customer, *project)))
        .collect()
}

/// What Postgres answers of every relationship; an answer that is null is a panic.
pub(super) async fn answers(client: &Client, account: Uuid, predicate: &Predicate) -> Vec<(At, bool)> {
    let mut binds = Binds::starting_at(2);
    let holds = sql(predicate, filter::Tense::Present, &mut binds);
    let rows =
        run(client, account, &format!("select r.customer_id, r.version, {holds} {FROM}"), &binds).await;
    rows.iter()
        .map(|row| {
            let customer = row.get::<_, Uuid>(0).as_u128() & 0xffff_ffff;
            ((customer as usize, row.get::<_, i64>(1) as usize), row.get(2))
        })
        .collect()
}

/// How many relationships a search by condition finds, by an index if there is any way.
async fn found_by_index(client: &Client, account: Uuid, predicate: &Predicate) -> u64 {
    let mut binds = Binds::starting_at(2);
    let holds = sql(predicate, filter::Tense::Present, &mut binds);
    let rows = run(client, account, &format!("select count(*) {FROM} and {holds}"), &binds).await;
    rows[0].get::<_, i64>(0) as u64
}

async fn plan(client: &Client, account: Uuid, predicate: &Predicate) -> String {
    let mut binds = Binds::starting_at(2);
    let holds = sql(predicate, filter::Tense::Present, &mut binds);
    let rows = run(client, account, &format!("explain select count(*) {FROM} and {holds}"), &binds).await;
    rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect()
}

pub(crate) const FROM: &str = "from relationship r join customer c on c.account_id = r.account_id and c.id = r.customer_id \
                    where r.account_id = $1";

/// Runs a statement whose `$1` is the account.
pub(crate) async fn run(
    client: &Client,
    account: Uuid,
    statement: &str,
    binds: &Binds,
) -> Vec<tokio_postgres::Row> {
    let values: Vec<Value<'_>> = binds.values().iter().map(Value).collect();
    let mut parameters: Vec<(&(dyn ToSql + Sync), Type)> = vec![(&account, Type::UUID)];
    parameters.extend(values.iter().map(|value| (value as &(dyn ToSql + Sync), value.kind())));
    let rows = client.query_typed(statement, &parameters).await;
    rows.unwrap_or_else(|error| panic!("{error:?}\n{statement}\n{:#?}", binds.values()))
}

/// Writes the customers into a new account. A relationship's version is its place among its customer's.
pub(super) async fn store(client: &Client, customers: &[Customer]) -> Uuid {
    let account = open_account(client).await;
    let id = |customer: usize| Uuid::from_u128(customer as u128);
    let (ids, emails): (Vec<Uuid>, Vec<String>) =
        customers.iter().enumerate().map(|(number, all)| (id(number), all[0].email.clone())).unzip();
    let insert =
        "insert into customer (account_id, id, email) select $1, * from unnest($2::uuid[], $3::text[])";
    client.execute(insert, &[&account, &ids, &emails]).await.unwrap();
    let insert = "insert into relationship (account_id, project_id, customer_id, user_id, name, status, status_since, \
                  first_paid, params, open_keys, first_seen, last_activity, began, last_change, imported, version) \
                  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, '{}', $10, $11, $10, $10, $12, $13)";
    let insert = client.prepare(insert).await.unwrap();
    for (number, customer) in customers.iter().enumerate() {
        for (place, r) in customer.iter().enumerate() {
            let params = serde_json::Value::Object(r.params.clone());
            let (status, place) = (r.status.as_str(), place as i64);
            let row: [&(dyn ToSql + Sync); 13] = [
                &account,
                &r.project,
                &id(number),
                &r.user_id,
                &r.name,
                &status,
                &r.status_since,
                &r.first_paid,
                &params,
                &r.first_seen,
                &r.last_activity,
                &r.imported,
                &place,
            ];
            client.execute(&insert, &row).await.unwrap();
        }
    }
    account
}

async fn open_account(client: &Client) -> Uuid {
    let account = Uuid::now_v7();
    let insert = "insert into account (id, name, created_at) values ($1, 'Test', now())";
    client.execute(insert, &[&account]).await.unwrap();
    for slug in PROJECTS {
        let insert = "insert into project (account_id, id, slug, name, colour, test, created_at) \
                      values ($1, $2, $3, $3, 'blue', $3 = 'sandbox', now())";
        client.execute(insert, &[&account, &project_id(slug).unwrap(), &slug]).await.unwrap();
    }
    account
}

/// An account with enough relationships that Postgres prefers an index.
async fn many(client: &Client) -> Uuid {
    let account = open_account(client).await;
    let customers = "insert into customer (account_id, id, email) select $1, gen_random_uuid(), 'u' || n || '@x.com' \
                     from generate_series(1, 20000) n";
    client.execute(customers, &[&account]).await.unwrap();
    let relationships = "insert into relationship (account_id, project_id, customer_id, status, status_since, params, \
                         open_keys, first_seen, last_activity, began, last_change, version) \
                         select $1, $2, id, 'free', now(), jsonb_build_object('ref', 'r' || n, 'n', n, 'tags', \
                         jsonb_build_array('t' || n, 't' || n + 1), 'company', jsonb_build_object('country', 'c' || n)), \
                         '{}', now(), now(), now(), now(), 1 from (select id, row_number() over () n from customer) numbered";
    client.execute(relationships, &[&account, &project_id("app").unwrap()]).await.unwrap();
    client.batch_execute("analyze relationship; analyze customer").await.unwrap();
    account
}

/// A bind on its way to the driver.
#[derive(Debug)]
struct Value<'a>(&'a Bind);

impl Value<'_> {
    fn kind(&self) -> Type {
        match self.0 {
            Bind::Text(_) | Bind::Number(_) => Type::TEXT,
            Bind::Texts(_) => Type::TEXT_ARRAY,
            Bind::Json(_) => Type::JSONB,
            Bind::Uuid(_) => Type::UUID,
            Bind::Uuids(_) => Type::UUID_ARRAY,
            Bind::Instant(_) => Type::TIMESTAMPTZ,
            Bind::Instants(_) => Type::TIMESTAMPTZ_ARRAY,
            Bind::Days(_) => Type::DATE_ARRAY,
            Bind::Integer(_) => Type::INT8,
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self.0 {
            Bind::Text(text) | Bind::Number(text) => text.to_sql(kind, out),
            Bind::Texts(texts) => texts.to_sql(kind, out),
            Bind::Json(json) => json.to_sql(kind, out),
            Bind::Uuid(id) => id.to_sql(kind, out),
            Bind::Uuids(ids) => ids.to_sql(kind, out),
            Bind::Integer(integer) => integer.to_sql(kind, out),
            Bind::Days(days) => days.to_sql(kind, out),
            Bind::Instants(instants) => {
                let times: Vec<_> = instants.iter().map(|instant| instant.timestamp()).collect();
                times.to_sql(kind, out)
            }
            Bind::Instant(instant) => {
                out.put_i64(instant.0 - 946_684_800_000_000);
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
