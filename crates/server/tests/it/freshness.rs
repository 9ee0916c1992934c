//! What was written is in the next answer: through the index, with many who write and ask at once, and what an answer
//! costs the database.
//!
//! `FRESHNESS=100000 cargo test -p server --test it freshness` asks for longer.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::server::TestServer;

const WRITERS: usize = 8;
const CHECKS: usize = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_is_in_the_next_answer() {
    let server = Arc::new(TestServer::start().await);
    server.index_ready().await;
    let checks = std::env::var("FRESHNESS").ok().and_then(|text| text.parse().ok()).unwrap_or(CHECKS);
    let writers = (0..WRITERS).map(|writer| {
        let server = server.clone();
        tokio::spawn(async move {
            for n in 0..checks / WRITERS {
                write_and_ask(&server, writer, n).await;
            }
        })
    });
    join_all(writers).await.into_iter().for_each(|joined| joined.unwrap());
}

/// One write of any kind, and the question whose answer it alone decides.
async fn write_and_ask(server: &TestServer, writer: usize, n: usize) {
    let email = format!("w{writer}-{}@x.com", n % 10);
    let own = format!("params.writer = {writer} and email = \"{email}\"");
    let write = match n % 20 {
        19 => {
            server.call(&server.keys.secret, "DELETE", &format!("/v1/customers/{email}"), String::new()).await
        }
        _ => {
            server
                .post("/v1/identify", json!({ "email": email, "params": { "writer": writer, "n": n } }))
                .await
        }
    };
    let version = write.expect(200)["version"].clone();
    let (filter, count) = match n % 20 {
        19 => (own, 0),
        _ => (format!("{own} and params.n = {n}"), 1),
    };
    // Every fifth question is for a page too, whose rows come from the database.
    let select = if n.is_multiple_of(5) { json!(["count", "customers"]) } else { json!(["count"]) };
    let answer = server.post("/v1/query", json!({ "filter": filter, "select": select })).await.expect(200);
    assert!(answer["version"].as_i64() >= version.as_i64(), "{version}: {answer}");
    assert_eq!(answer["count"], count, "{filter} at {version}: {answer}");
    if let Some(customers) = answer["customers"].as_array() {
        assert_eq!(customers.len(), count, "{answer}");
    }
    if select == json!(["count"]) {
        assert_eq!(answer["engine"], "index", "{answer}");
    }
}

/// Counts, sums, groups and facets need nothing of the database; a page of customers needs the rows.
#[tokio::test]
async fn the_index_answers_without_the_database() {
    let server = TestServer::start().await;
    for n in 0..5 {
        server.identify(json!({ "email": format!("p{n}@x.com"), "params": { "n": n } })).await;
    }
    server.index_ready().await;
    let question = json!({
        "filter": "params.n > 0", "select": ["count", "aggregates", "groups", "facets"],
        "aggregates": ["sum(params.n)"], "group_by": "status", "facets": "auto",
    });
    let ask = async || server.post("/v1/query", question.clone()).await.expect(200);
    ask().await; // the key is known now
    let locker = server.db.client().await;
    let tables = "account, api_key, project, segment, clock, feed, customer, relationship, change";
    locker.batch_execute(&format!("begin; lock table {tables} in access exclusive mode")).await.unwrap();
    let answer = tokio::time::timeout(std::time::Duration::from_millis(900), ask())
        .await
        .expect("nobody is waited for");
    assert_eq!((&answer["engine"], &answer["fallback"]), (&json!("index"), &Value::Null));
    assert_eq!((&answer["count"], &answer["aggregates"][0]["value"]), (&json!(4), &json!(10)));
    locker.batch_execute("rollback").await.unwrap();
}

#[tokio::test]
async fn an_engine_can_be_forced_and_says_when_it_cannot() {
    let (server, other) = (TestServer::start().await, TestServer::without_index().await);
    for server in [&server, &other] {
        server.identify(json!({ "email": "ada@x.com" })).await;
    }
    server.index_ready().await;
    // That it has outgrown its memory is noticed in the background.
    while other.post("/v1/query", json!({})).await.expect(200)["fallback"] != "memory" {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    for (server, forced, engine, fallback) in [
        (&server, Value::Null, "index", Value::Null),
        (&server, json!("index"), "index", Value::Null),
        (&server, json!("sql"), "sql", Value::Null),
        (&other, Value::Null, "sql", json!("memory")),
        (&other, json!("sql"), "sql", Value::Null),
    ] {
        let answer = server.post("/v1/query", json!({ "engine": forced })).await.expect(200);
        assert_eq!((&answer["engine"], &answer["fallback"]), (&json!(engine), &fallback));
        assert_eq!((&answer["count"], &answer["customers"][0]["email"]), (&json!(1), &json!("ada@x.com")));
    }
    let refused = other.post("/v1/query", json!({ "engine": "index" })).await.expect(503);
    assert_eq!(refused["code"], "index_not_ready");
    let unknown = server.post("/v1/query", json!({ "engine": "duckdb" })).await.expect(422);
    assert_eq!(unknown["errors"][0]["pointer"], "/engine");
}

/// Everybody's params change all the time. The rows of a page come from the database after the index has chosen them; still
/// each holds what it was chosen for, and all of them are counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_of_one_version_while_its_rows_are_written() {
    let server = Arc::new(TestServer::start().await);
    server.index_ready().await;
    let writers = (0..4).map(|writer| {
        let server = server.clone();
        tokio::spawn(async move {
            for n in 0..100 {
                let item = |p: usize| {
                    let on = !(n + p + writer).is_multiple_of(3);
                    json!({ "email": format!("p{p}@x.com"), "params": { "on": on, "n": n } })
                };
                let items: Vec<Value> = (0..20).filter(|p| (p + n) % 4 == writer).map(item).collect();
                server.batch(json!(items)).await;
            }
        })
    });
    let readers = (0..2).map(|_| {
        let server = server.clone();
        tokio::spawn(async move {
            let mut engines = std::collections::BTreeMap::new();
            for _ in 0..150 {
                let question = json!({ "filter": "params.on = true", "sort": "params.n" });
                let answer = server
                    .call(&server.keys.account, "POST", "/v1/query", question.to_string())
                    .await
                    .expect(200);
                let customers = answer["customers"].as_array().unwrap();
                assert_eq!(answer["count"], customers.len(), "{answer}");
                let n = |customer: &Value| customer["relationships"][0]["params"]["n"].as_i64().unwrap();
                for customer in customers {
                    assert_eq!(customer["relationships"][0]["params"]["on"], true, "{answer}");
                }
                assert!(customers.is_sorted_by_key(n), "{answer}");
                *engines.entry(answer["engine"].to_string()).or_insert(0) += 1;
            }
            engines
        })
    });
    let (writers, readers) = futures_util::future::join(join_all(writers), join_all(readers)).await;
    writers.into_iter().for_each(|joined| joined.unwrap());
    for engines in readers {
        println!("{:?}", engines.unwrap());
    }
}
