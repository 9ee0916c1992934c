//! What one asks for leaves room for what others ask for: writes, quick answers, queries, exports and health wait in lines
//! of their own, and in each nobody may have everything.

use std::{
    cell::Cell,
    pin::pin,
    time::{Duration, Instant},
};

use axum::{body::Body, http::StatusCode};
use futures_util::future::{join, join_all, select};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::support::server::{Answer, TestServer, request};

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
async fn a_project_with_large_batches_delays_itself_and_not_another() {
    let server = TestServer::start().await;
    let (_, other) = server.project("other").await;
    let held = turn(&server).await;
    let away = Cell::new(0);
    let flood = join_all((0..20).map(async |_| {
        let answer = server.post("/v1/batch", pings(1_000)).await;
        away.set(away.get() + usize::from(is_sent_away(&answer)));
        answer
    }));
    let after = async {
        // Of the 20, two are in a batch at most, five wait.
        let begin = Instant::now();
        while away.get() < 13 {
            assert!(begin.elapsed() < PATIENCE, "{} of 20 batches were sent away", away.get());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Of two under one key one waits; the other is told so, and only then they all go on.
        let call = || {
            let request = request("POST", "/v1/ping").header("authorization", format!("Bearer {other}"));
            let request = request.header("idempotency-key", "k");
            server.send(request.body(json!({ "email": "ada@x.com" }).to_string().into()).unwrap())
        };
        let (one, same) = (pin!(call()), pin!(call()));
        let (told, waiting) = select(one, same).await.factor_first();
        told.expect(409);
        held.batch_execute("commit").await.unwrap();
        waiting.await.expect(200)["version"].as_i64().unwrap()
    };
    let (answers, others) = join(flood, after).await;
    let written = answers.iter().filter(|answer| answer.status == 200);
    let versions: Vec<i64> = written.map(|answer| answer.json()["version"].as_i64().unwrap()).collect();
    let (first, last) = (versions.iter().min().unwrap(), versions.iter().max().unwrap());
    assert!(*first < others && others < *last, "{others} is not between {versions:?}");
    assert!(others <= first + 1, "it is in the next batch: {others} of {versions:?}");
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
    let (_, another) = server.another_account().await;
    let unread = server.unread("/v1/export?format=ndjson").await;
    assert_eq!(unread.status(), 200);
    let again = server.call(&server.keys.secret, "GET", "/v1/export?format=ndjson", Body::empty());
    let by_account = server.call(&server.keys.account, "GET", "/v1/export?format=ndjson", Body::empty());
    let by_another = server.call(&another, "GET", "/v1/export?format=ndjson", Body::empty());
    let meanwhile = async {
        quick_answers(&server).await;
        server.ping(json!({ "email": "ada@x.com" })).await;
        // Everybody has a right to what is held of them, now.
        let person = server.get("/v1/customers/ada@x.com/export").await.expect(200);
        assert_eq!(person["email"], "ada@x.com");
    };
    let (answers, ()) = join(join_all([again, by_account, by_another]), meanwhile).await;
    assert!(answers.iter().all(is_sent_away));
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [429, 429, 503], "the account has its own, another one finds none");
    drop(unread);
    assert_eq!(server.get("/v1/export?format=ndjson").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_leaves_a_place_to_others_however_many_projects_it_has() {
    // Three exports and two of one person at a time.
    let server = TestServer::with_pool(16).await;
    let (_, second) = server.project("second").await;
    let (_, foreign) = server.another_account().await;
    let keys = [&server.keys.secret, &second, &foreign];
    for key in keys {
        server
            .call(key, "POST", "/v1/identify", json!({ "email": "ada@x.com" }).to_string())
            .await
            .expect(200);
    }
    let (all, one) = ("/v1/export?format=ndjson", "/v1/customers/ada@x.com/export");
    let unread = [(keys[0], all), (keys[1], all), (keys[0], one)];
    let unread = join_all(unread.map(|(key, path)| server.unread_by(key, path))).await;
    assert!(unread.iter().all(|answer| answer.status() == 200));
    let over = join(server.unread_by(keys[1], all), server.unread_by(keys[1], one));
    let others = async {
        for path in [all, one] {
            assert_eq!(server.call(&foreign, "GET", path, Body::empty()).await.status, 200, "{path}");
        }
    };
    let ((again, person), ()) = join(over, others).await;
    assert_eq!(
        (again.status(), person.status()),
        (StatusCode::TOO_MANY_REQUESTS, StatusCode::TOO_MANY_REQUESTS)
    );
    drop(unread);
    assert_eq!(server.call(&second, "GET", all, Body::empty()).await.status, 200, "it all comes back");
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
