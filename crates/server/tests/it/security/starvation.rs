//! What one asks for leaves room for what others ask for: writes, quick answers, queries, exports and health wait in lines
//! of their own, and in each nobody may have everything.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use axum::body::Body;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::support::server::{Answer, TestServer};

/// A test that waits for longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Holds the account's turn: whatever would write waits.
async fn turn(server: &TestServer) -> Client {
    let client = server.db.client().await;
    client.batch_execute("begin; select from clock for update").await.unwrap();
    client
}

/// What must be answered whatever else is going on, but for writes.
async fn quick_answers(server: &TestServer) {
    for path in ["/healthz", "/readyz", "/v1/projects", "/v1/customers/ada@x.com", "/v1/segments"] {
        server.get(path).await.expect(200);
    }
    let answer = server.get("/v1/query?filter=email+%3D+ada@x.com").await.expect(200);
    assert_eq!(answer["count"], 1, "{answer}");
}

/// A batch of so many pings: quick to write, and each a call.
fn pings(count: usize) -> Value {
    json!({ "items": vec![json!({ "type": "ping", "email": "ada@x.com" }); count] })
}

/// Whether somebody was told to come back, and when.
fn is_sent_away(answer: &Answer) -> bool {
    let known = match answer.status {
        429 => "too_many_requests",
        503 => "busy",
        _ => return false,
    };
    assert_eq!(answer.json()["code"], known);
    assert_eq!(answer.headers["retry-after"], "1");
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_that_calls_too_much_leaves_room_for_others() {
    let server = TestServer::start().await;
    let (_, other) = server.project("other").await;
    server.identify(json!({ "email": "ada@x.com" })).await;
    server.index_ready().await;
    let held = turn(&server).await;
    let away = Cell::new(0);
    let flood = join_all((0..20).map(async |_| {
        let answer = server.post("/v1/batch", pings(1_000)).await;
        away.set(away.get() + usize::from(is_sent_away(&answer)));
        answer
    }));
    let begun = async {
        // Half of them at least are told at once; only then the other project comes.
        let small = async || server.call(&other, "POST", "/v1/batch", pings(1).to_string()).await;
        let begin = Instant::now();
        while away.get() < 10 {
            assert!(begin.elapsed() < PATIENCE, "{} of 20 batches were sent away", away.get());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        quick_answers(&server).await;
        let (answer, ()) = join(small(), async { held.batch_execute("commit").await.unwrap() }).await;
        answer
    };
    let (answers, others) = join(flood, begun).await;
    others.expect(200);
    let written = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(written > 0 && written + away.get() == 20, "{written} were written, {} sent away", away.get());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_waits_where_its_own_project_calls_too_much() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com" })).await;
    let held = turn(&server).await;
    let flood = join_all((0..20).map(|_| server.post("/v1/batch", pings(1_000))));
    let meanwhile = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let file = "email\nbob@x.com\n";
        let import = server.call(&server.keys.secret, "POST", "/v1/imports?name=bob.csv", file);
        let goes_on = async {
            // By then it has found no room at least once.
            tokio::time::sleep(Duration::from_millis(1_000)).await;
            held.batch_execute("commit").await.unwrap();
        };
        join(import, goes_on).await.0
    };
    let (answers, import) = join(flood, meanwhile).await;
    assert!(answers.iter().any(is_sent_away));
    assert_eq!(import.expect(200)["state"], "finished", "{}", import.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_that_wait_for_their_turn_hold_up_only_changes() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com" })).await;
    server.index_ready().await;
    let held = turn(&server).await;
    let segment = |n: usize| json!({ "name": format!("Segment {n}"), "filter": "status = paid" });
    let changes = join_all((0..20).map(|n| server.post("/v1/segments", segment(n))));
    let meanwhile = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        quick_answers(&server).await;
        held.batch_execute("commit").await.unwrap();
    };
    let (answers, ()) = join(changes, meanwhile).await;
    for answer in answers {
        assert!(answer.status == 201 || is_sent_away(&answer), "{}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exports_that_nobody_reads_hold_up_only_exports() {
    let server = TestServer::start().await;
    for n in 0..12 {
        let text: String =
            (0..900_000_u32).map(|i| char::from(b'a' + (i.wrapping_mul(i) >> 3) as u8 % 26)).collect();
        server.identify(json!({ "email": format!("c{n}@x.com"), "params": { "text": text } })).await;
    }
    server.identify(json!({ "email": "ada@x.com" })).await;
    server.index_ready().await;
    let unread = server.unread("/v1/export?format=ndjson").await;
    assert_eq!(unread.status(), 200);
    let again = server.get("/v1/export?format=ndjson");
    let by_account = server.call(&server.keys.account, "GET", "/v1/export?format=ndjson", Body::empty());
    let meanwhile = async {
        quick_answers(&server).await;
        server.ping(json!({ "email": "ada@x.com" })).await;
    };
    let ((again, by_account), ()) = join(join(again, by_account), meanwhile).await;
    assert!(is_sent_away(&again) && is_sent_away(&by_account));
    assert_eq!((again.status, by_account.status), (429, 503), "one has its own, the other finds none");
    drop(unread);
    assert_eq!(server.get("/v1/export?format=ndjson").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_that_read_everything_hold_up_only_such_queries() {
    let server = TestServer::start().await;
    let text = "lorem ipsum ".repeat(80_000);
    server.identify(json!({ "email": "big@x.com", "params": { "text": text } })).await;
    server.identify(json!({ "email": "ada@x.com" })).await;
    server.index_ready().await;
    let filter = (0..400).map(|n| format!("params.text contains nobody{n}")).collect::<Vec<_>>().join(" or ");
    let body = json!({ "filter": filter, "select": ["count"], "engine": "sql" }).to_string();
    let keys = [&server.keys.read, &server.keys.account];
    let heavy = join_all((0..30).map(|n| server.call(keys[n % 2], "POST", "/v1/query", body.clone())));
    let meanwhile = async {
        for _ in 0..5 {
            quick_answers(&server).await;
            server.ping(json!({ "email": "ada@x.com" })).await;
        }
    };
    let (answers, ()) = join(heavy, meanwhile).await;
    assert!(answers.iter().any(|answer| answer.status == 200));
    for answer in answers {
        assert!(answer.status == 200 || is_sent_away(&answer), "{}", answer.text());
    }
}
