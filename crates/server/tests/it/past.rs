//! Questions about the past, through the API: as of a day, was, changed, increased, seen.

use serde_json::{Value, json};

use crate::support::server::TestServer;

/// Three people: one was free and pays since February, one has paid and left, one came in March.
async fn told() -> TestServer {
    let server = TestServer::start().await;
    let calls = [
        json!({ "email": "ada@x.com", "timestamp": "2026-01-10T10:00:00Z", "status": "free", "params": { "plan": "free", "mrr": 0 } }),
        json!({ "email": "ada@x.com", "timestamp": "2026-02-10T10:00:00Z", "status": "paid", "params": { "plan": "pro", "mrr": 19.9 } }),
        json!({ "email": "ada@x.com", "timestamp": "2026-04-10T10:00:00Z", "params": { "mrr": 29 } }),
        json!({ "email": "bob@x.com", "timestamp": "2026-01-20T10:00:00Z", "status": "paid", "params": { "plan": "pro", "mrr": 19 } }),
        json!({ "email": "bob@x.com", "timestamp": "2026-03-20T10:00:00Z", "status": "churned", "unset": ["mrr"] }),
        json!({ "email": "cyd@x.com", "timestamp": "2026-03-05T10:00:00Z", "status": "trial", "params": { "plan": "pro", "mrr": 0 } }),
    ];
    server.post("/v1/batch", json!({ "items": calls })).await.expect(200);
    server
}

async fn people(server: &TestServer, ask: Value) -> Vec<String> {
    let answer = server.post("/v1/query", ask).await.expect(200);
    let customers = answer["customers"].as_array().unwrap().iter();
    let mut people: Vec<String> =
        customers.map(|one| one["email"].as_str().unwrap()[..3].to_owned()).collect();
    people.sort_unstable();
    people
}

#[tokio::test]
async fn filters_ask_what_was() {
    let server = told().await;
    for (filter, found) in [
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
    ] {
        let found: Vec<&str> = found.split_whitespace().collect();
        assert_eq!(people(&server, json!({ "filter": filter })).await, found, "{filter}");
    }
}

#[tokio::test]
async fn a_whole_question_is_asked_as_of_a_day() {
    let server = told().await;
    let ask = |as_of: &str, filter: &str| {
        json!({ "as_of": as_of, "filter": filter, "aggregates": ["sum(params.mrr)"], "group_by": "status", "sort": "email",
                "facets": ["params.plan"] })
    };
    let january = server.post("/v1/query", ask("2026-01-31", "")).await.expect(200);
    assert_eq!(january["as_of"], "2026-01-31T23:59:59.999999Z");
    assert_eq!(january["count"], 2);
    assert_eq!(january["aggregates"][0]["value"], 19);
    let ada = &january["customers"][0]["relationships"][0];
    assert_eq!((&ada["status"], &ada["params"]), (&json!("free"), &json!({ "plan": "free", "mrr": 0 })));
    assert_eq!((&ada["first_paid"], &ada["status_since"]), (&Value::Null, &json!("2026-01-10T10:00:00Z")));
    assert_eq!(ada["last_activity"], "2026-01-10T23:59:59.999999Z");
    let march = server.post("/v1/query", ask("2026-03-31", "status = churned")).await.expect(200);
    assert_eq!((&march["count"], &march["customers"][0]["email"]), (&json!(1), &json!("bob@x.com")));
    let none = server.post("/v1/query", ask("2025-12-31", "")).await.expect(200);
    assert_eq!(none["count"], 0);
    let now = server.post("/v1/query", ask("today", "")).await.expect(200);
    assert_eq!((&now["as_of"], &now["count"]), (&Value::Null, &json!(3)));
}

#[tokio::test]
async fn a_moment_that_is_none_or_not_known_is_told() {
    let server = told().await;
    for (as_of, detail) in [
        ("2126-01-01", "this lies in the future, which has no history"),
        ("soon", "expected a date, found soon"),
        ("2026-02-30", "2026-02-30 is not a day of the calendar, or not a time of one"),
    ] {
        let refused = server.post("/v1/query", json!({ "as_of": as_of })).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/as_of", "{as_of}: {refused}");
        let told = refused["errors"][0]["detail"].as_str().unwrap();
        assert!(told.starts_with(detail), "{as_of}: {told}");
    }
}
