//! Many callers at once: the union, every time; and a database that goes away.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::server::TestServer;

const WRITERS: usize = 64;

/// How often a test repeats: a few times in a normal run, `ROUNDS` times when that is set.
fn rounds(normal: usize) -> usize {
    std::env::var("ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(normal)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disjoint_keys_of_64_writers_are_united() {
    let server = Arc::new(TestServer::start().await);
    for round in 0..rounds(5) {
        let email = format!("c{round}@x.com");
        let calls = (0..WRITERS).map(|n| {
            let (server, email) = (server.clone(), email.clone());
            tokio::spawn(async move {
                server.identify(json!({ "email": email, "params": { format!("k{n}"): n }, "increment": { "sum": n } })).await
            })
        });
        let answers: Vec<Value> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.iter().filter(|answer| answer["created"] == true).count(), 1, "round {round}");
        let params = server.row(server.project.id, &email).await.unwrap()["params"].clone();
        assert_eq!(params.as_object().unwrap().len(), WRITERS + 1, "round {round}");
        assert_eq!(params["sum"], WRITERS * (WRITERS - 1) / 2);
    }
    assert_eq!(server.count("relationship").await, rounds(5) as i64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_arrive_together_share_a_batch() {
    let server = Arc::new(TestServer::start().await);
    let calls = (0..500).map(|n| {
        let server = server.clone();
        tokio::spawn(async move { server.identify(json!({ "email": format!("c{n}@x.com") })).await })
    });
    let versions: Vec<i64> = join_all(calls)
        .await
        .into_iter()
        .map(|answer| answer.unwrap()["version"].as_i64().unwrap())
        .collect();
    assert_eq!(server.count("relationship").await, 500);
    let batches = server.feed().await.len();
    assert!(batches < 250, "{batches} batches for 500 calls");
    assert_eq!(*versions.iter().max().unwrap(), 1 + batches as i64, "no version without a batch");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moves_pings_and_deletes_at_once_neither_lose_nor_double_anybody() {
    let server = Arc::new(TestServer::start().await);
    for round in 0..rounds(3) {
        let calls = (0..WRITERS).map(|n| {
            let server = server.clone();
            tokio::spawn(async move {
                let user = format!("u{round}-{}", n % 8);
                let email = format!("r{round}-{n}@x.com");
                let body = json!({ "email": email, "user_id": user, "add": { "seen": n } });
                let answer = server.post("/v1/identify", body).await;
                assert!([200, 409].contains(&answer.status), "{}", answer.text());
                server.ping(json!({ "user_id": user })).await;
            })
        });
        join_all(calls).await.into_iter().for_each(|joined| joined.unwrap());
        let sql = format!(
            "select to_jsonb(jsonb_array_length(params->'seen')) from relationship where user_id like 'u{round}-%'"
        );
        let seen: i64 = server.query(&sql, &[]).await.iter().map(|n| n.as_i64().unwrap()).sum();
        assert_eq!(seen, WRITERS as i64, "every call is there once");
    }
    assert_eq!(server.count("customer").await, server.count("relationship").await);
    assert_eq!(server.count("relationship").await, 8 * rounds(3) as i64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_waiting_is_bounded_and_a_lost_database_is_told() {
    let server = Arc::new(TestServer::start().await);
    server.identify(json!({ "email": "ada@x.com", "params": { "n": 0 } })).await;
    let holder = server.db.client().await;
    holder.batch_execute("begin; select * from clock for update").await.unwrap();
    let calls: Vec<_> = (0..12)
        .map(|_| {
            let server = server.clone();
            let items: Value = (0..1000)
                .map(|n| json!({ "email": "ada@x.com", "increment": { "n": 1 }, "name": n.to_string() }))
                .collect();
            tokio::spawn(async move { server.post("/v1/batch", json!({ "items": items })).await })
        })
        .collect();
    let mut refused = 0;
    let mut waiting = Vec::new();
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    for call in calls {
        if call.is_finished() {
            let answer = call.await.unwrap();
            assert_eq!(answer.expect(429)["code"], "too_many_requests");
            assert_eq!(answer.headers["retry-after"], "1");
            refused += 1;
        } else {
            waiting.push(call);
        }
    }
    assert!(refused > 0, "12,000 calls do not fit");
    holder.batch_execute("rollback").await.unwrap();
    let stored = waiting.len();
    for call in waiting {
        call.await.unwrap().expect(200);
    }
    let n = server.row(server.project.id, "ada@x.com").await.unwrap()["params"]["n"].clone();
    assert_eq!(n, stored * 1000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_connection_is_a_503_and_the_next_call_works() {
    let server = Arc::new(TestServer::start().await);
    server.identify(json!({ "email": "ada@x.com" })).await;
    let holder = server.db.client().await;
    holder.batch_execute("begin; select * from clock for update").await.unwrap();
    let call = tokio::spawn({
        let server = server.clone();
        async move { server.post("/v1/identify", json!({ "email": "bob@x.com" })).await }
    });
    let kill = "select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock'";
    while holder.execute(kill, &[]).await.unwrap() == 0 {
        assert!(!call.is_finished(), "it waits for its turn");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let answer = call.await.unwrap();
    assert_eq!(answer.expect(503)["code"], "unavailable");
    assert_eq!(answer.headers["retry-after"], "1");
    holder.batch_execute("rollback").await.unwrap();
    assert!(server.row(server.project.id, "bob@x.com").await.is_none());
    server.identify(json!({ "email": "bob@x.com" })).await;
}
