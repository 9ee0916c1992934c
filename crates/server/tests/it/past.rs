//! Questions about the past, through the API: as of a day, was, changed, increased, seen.

mod batch;
mod days;
mod gone;
mod inside;
mod large;
mod memory;

use serde_json::{Value, json};
use server::store::log;

use crate::support::server::TestServer;

/// Three people: one was free and pays since February, one has paid and left, one came in March.
pub(super) async fn told() -> TestServer {
    let server = TestServer::start().await;
    let calls = [
        json!({ "email": "ada@x.com", "timestamp": "2026-01-10T10:00:00Z", "status": "free", "params": { "plan": "free", "mrr": 0 } }),
        json!({ "email": "ada@x.com", "timestamp": "2026-02-10T10:00:00Z", "status": "paid", "params": { "plan": "pro", "mrr": 19.9 } }),
        json!({ "email": "ada@x.com", "timestamp": "2026-04-10T10:00:00Z", "params": { "mrr": 29 } }),
        json!({ "email": "bob@x.com", "timestamp": "2026-01-20T10:00:00Z", "status": "paid", "params": { "plan": "pro", "mrr": 19 } }),
        json!({ "email": "bob@x.com", "timestamp": "2026-03-20T10:00:00Z", "status": "churned", "unset": ["mrr"] }),
        json!({ "email": "cyd@x.com", "timestamp": "2026-03-05T10:00:00Z", "status": "trial", "params": { "plan": "pro", "mrr": 0 } }),
    ];
    // What comes before the index remembers is loaded, what comes later is followed.
    let (before, after) = calls.split_at(3);
    server.post("/v1/batch", json!({ "items": before })).await.expect(200);
    server.index_remembers().await;
    server.post("/v1/batch", json!({ "items": after })).await.expect(200);
    server
}

/// What both engines answer.
async fn ask(server: &TestServer, mut ask: Value) -> Value {
    server.index_remembers().await;
    ask["engine"] = json!("sql");
    let by_sql = server.post("/v1/query", ask.clone()).await.expect(200);
    ask["engine"] = json!("index");
    let mut by_index = server.post("/v1/query", ask.clone()).await.expect(200);
    for name in ["engine", "took_ms", "now"] {
        by_index[name] = by_sql[name].clone();
    }
    assert_eq!(by_index, by_sql, "{ask}");
    by_sql
}

async fn people(server: &TestServer, ask: Value) -> Vec<String> {
    names(&self::ask(server, ask).await)
}

fn names(answer: &Value) -> Vec<String> {
    let customers = answer["customers"].as_array().unwrap().iter();
    let mut people: Vec<String> =
        customers.map(|one| one["email"].as_str().unwrap()[..3].to_owned()).collect();
    people.sort_unstable();
    people
}

/// The same where there is no index.
async fn find_by_sql(server: &TestServer, filters: &[(&str, &str)]) {
    for (filter, found) in filters {
        let answer = server.post("/v1/query", json!({ "filter": filter })).await.expect(200);
        let found: Vec<&str> = found.split_whitespace().collect();
        assert_eq!(
            (names(&answer), &answer["engine"]),
            (found.into_iter().map(str::to_owned).collect(), &json!("sql")),
            "{filter}"
        );
    }
}

/// Whom each filter finds. The index and the log hold what they should.
async fn find(server: &TestServer, filters: &[(&str, &str)]) {
    for (filter, found) in filters {
        let found: Vec<&str> = found.split_whitespace().collect();
        assert_eq!(people(server, json!({ "filter": filter })).await, found, "{filter}");
    }
    let report = server.compare(&server.app.store).await;
    assert_eq!(report.differences, 0, "{report:?}");
    let report = log::check(&server.app.store, server.account).await.unwrap();
    assert_eq!((report.differences, &report.listed), (0, &Vec::new()));
}

/// The one relationship of the one customer that a question finds.
async fn only(server: &TestServer, ask: Value) -> Value {
    let answer = server.post("/v1/query", ask).await.expect(200);
    assert_eq!(answer["relationships"], 1, "{answer}");
    answer["customers"][0]["relationships"][0].clone()
}

#[tokio::test]
async fn filters_ask_what_was() {
    let server = told().await;
    let filters = [
        ("was (plan = free) on 2026-02-10", ""),
        ("was (plan = free) on 2026-02-09", "ada"),
        ("was (plan = free) on 2026-02-10T09:59:59.999999Z", "ada"),
        ("was (plan = pro) on 2026-02-10T10:00:00Z", "ada bob"),
        ("was (status = paid)", "ada bob"),
        ("was (status = paid) and status != paid", "bob"),
        ("was (mrr exists) on 2026-03-20", "ada cyd"),
        ("not was (mrr exists) on 2026-03-20", "bob"),
        ("was (plan = pro and status = paid) in 2026-03-01 .. 2026-03-19", "ada bob"),
        ("was (plan = pro and status = paid) in 2026-03-21 .. 2026-03-31", "ada"),
        ("was (plan = free and status = paid)", ""),
        ("was (plan = pro) on 2026-01-15", ""),
        ("was (status_since in 2026-01-01 .. 2026-01-31) on 2026-03-01", "bob"),
        ("plan changed", "ada"),
        ("plan changed from free to pro in 2026-02-01 .. 2026-02-28", "ada"),
        ("plan changed from free to pro in 2026-03-01 .. 2026-03-31", ""),
        ("mrr changed to missing", "bob"),
        ("mrr changed from 19.90 to 29.0", "ada"),
        ("status changed to churned in 2026-03-01 .. 2026-03-31", "bob"),
        ("mrr increased in 2026-02-01 .. 2026-04-30", "ada"),
        ("mrr increased in 2026-01-01 .. 2026-01-31", ""),
        ("mrr decreased in 2026-03-01 .. 2026-03-31", ""),
        ("seen in 2026-03-01 .. 2026-03-31", "bob cyd"),
        ("seen at least 2 days in 2026-01-01 .. 2026-02-28", "ada"),
    ];
    find(&server, &filters).await;
}

#[tokio::test]
async fn a_whole_question_is_asked_as_of_a_day() {
    let server = told().await;
    let ask = |as_of: &str, filter: &str| json!({ "as_of": as_of, "filter": filter, "aggregates": ["sum(params.mrr)"], "group_by": "status", "sort": "email" });
    let january = self::ask(&server, ask("2026-01-31", "")).await;
    assert_eq!(january["as_of"], "2026-01-31T23:59:59.999999Z");
    assert_eq!(january["count"], 2);
    assert_eq!(january["aggregates"][0]["value"], 19);
    let ada = &january["customers"][0]["relationships"][0];
    assert_eq!((&ada["status"], &ada["params"]), (&json!("free"), &json!({ "plan": "free", "mrr": 0 })));
    assert_eq!((&ada["first_paid"], &ada["status_since"]), (&Value::Null, &json!("2026-01-10T10:00:00Z")));
    assert_eq!(ada["last_activity"], "2026-01-10T23:59:59.999999Z");
    let march = self::ask(&server, ask("2026-03-31", "status = churned")).await;
    assert_eq!((&march["count"], &march["customers"][0]["email"]), (&json!(1), &json!("bob@x.com")));
    let none = self::ask(&server, ask("2025-12-31", "")).await;
    assert_eq!(none["count"], 0);
    let now = self::ask(&server, ask("today", "")).await;
    assert_eq!((&now["as_of"], &now["count"]), (&Value::Null, &json!(3)));
}

#[tokio::test]
async fn a_moment_that_is_none_or_not_known_is_told() {
    let server = told().await;
    for (as_of, detail) in [
        ("2126-01-01", "this lies in the future, which has no history"),
        ("soon", "expected a date, found soon"),
        ("", "expected a date"),
        ("2026-02-30", "2026-02-30 is not a day of the calendar, or not a time of one"),
    ] {
        let refused = server.post("/v1/query", json!({ "as_of": as_of })).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/as_of", "{as_of}: {refused}");
        let told = refused["errors"][0]["detail"].as_str().unwrap();
        assert!(told.starts_with(detail), "{as_of}: {told}");
    }
}

/// What is odd about a condition on what was is told as of one on what is: by what people have today.
#[tokio::test]
async fn what_was_may_be_meant_in_another_case_or_type() {
    let server = told().await;
    for (filter, code, detail) in [
        ("was (plan = Pro) on 2026-03-01", "case_differs", "0 have \"Pro\" today, 3 have \"pro\""),
        ("plan changed to Pro", "case_differs", "0 have \"Pro\" today, 3 have \"pro\""),
        (
            "was (plan = prro) on 2026-03-01",
            "unknown_value",
            "nobody has \"prro\" in params.plan today; pro?",
        ),
        ("was (mrr = \"29\")", "type_differs", "params.mrr holds numbers, this is a string"),
        (
            "plan increased in 2026-01-01 .. 2026-03-01",
            "type_differs",
            "params.plan holds strings; only numbers increase and decrease",
        ),
    ] {
        let answer = ask(&server, json!({ "filter": filter })).await;
        let warning = answer["warnings"].as_array().unwrap().iter().find(|one| one["code"] == code);
        let told = warning.unwrap_or_else(|| panic!("{filter}: {answer:#}"))["detail"].as_str().unwrap();
        assert_eq!(told, detail, "{filter}");
    }
}

/// A path that changes without end is not kept in memory, and the database answers for it.
#[tokio::test]
async fn what_changes_without_end_is_asked_of_the_database() {
    let server = told().await;
    let items: Vec<Value> = (0..1_200)
        .map(|n| {
            let at = format!("2026-05-01T{:02}:{:02}:{:02}Z", n / 3600, n / 60 % 60, n % 60);
            json!({ "email": "ada@x.com", "timestamp": at, "params": { "n": n } })
        })
        .collect();
    for items in items.chunks(200) {
        server.post("/v1/batch", json!({ "items": items })).await.expect(200);
    }
    let counted = json!({ "filter": "was (n = 600)", "select": ["count"] });
    let answer = server.post("/v1/query", counted).await.expect(200);
    assert_eq!((&answer["count"], &answer["fallback"]), (&json!(1), &json!("past")));
    assert_eq!(
        people(&server, json!({ "filter": "was (plan = free)" })).await,
        ["ada"],
        "the others are kept"
    );
}

/// Loaded at once or followed, late or not: what the index knows of the past is what the log says.
#[tokio::test]
async fn the_index_is_compared_with_the_log() {
    let server = told().await;
    let calls = [
        json!({ "email": "ada@x.com", "timestamp": "2026-01-05T10:00:00Z", "status": "trial", "params": { "plan": "old" } }),
        json!({ "email": "dan@x.com", "timestamp": "2026-05-05T10:00:00Z", "params": { "plan": "pro", "company": { "size": 3 } } }),
        json!({ "email": "dan@x.com", "params": { "company": { "size": 4 } } }),
        json!({ "email": "dan@x.com", "params": { "company": { "size": 5 } }, "unset": ["plan"] }),
    ];
    for call in calls {
        server.identify(call).await;
    }
    let report = server.compare(&server.app.store).await;
    assert_eq!((report.differences, report.rows), (0, 4), "{report:?}");
    assert_eq!(people(&server, json!({ "filter": "was (params.company.size = 4)" })).await, ["dan"]);
    assert_eq!(
        people(&server, json!({ "filter": "was (plan = old and status = trial) on 2026-01-06" })).await,
        ["ada"]
    );
}

/// Before the first customer there is nobody: nothing is missing, and nothing fails.
#[tokio::test]
async fn before_the_first_customer_there_is_nobody() {
    let server = told().await;
    let answer = server
        .post(
            "/v1/query",
            json!({ "as_of": "2026-01-10T09:59:59.999999Z", "aggregates": ["sum(params.mrr)", "min(first_paid)"],
                    "group_by": "month(first_seen)", "facets": ["auto", "status"] }),
        )
        .await
        .expect(200);
    assert_eq!(
        (&answer["count"], &answer["customers"], &answer["next"]),
        (&json!(0), &json!([]), &Value::Null)
    );
    assert_eq!(answer["aggregates"][0]["value"], 0);
    assert_eq!(answer["aggregates"][1]["value"], Value::Null);
    assert_eq!(answer["groups"]["rows"], json!([]));
    let first = json!({ "as_of": "2026-01-10T10:00:00Z" });
    assert_eq!(only(&server, first).await["status"], "free");
    let all = [
        ("not was (email exists) on 2026-01-10T09:59:59.999999Z", "ada bob cyd"),
        ("was (email exists) on 1970-01-01", ""),
    ];
    find(&server, &all).await;
}
