//! A Postgres that stands still: nobody waits for it for long, nobody is told anything that is not so, and all goes on when it
//! does.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::body::Body;
use futures_util::future::join_all;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use server::{model::Role, store::index};

use crate::support::{
    postgres::TestDb,
    server::{Answer, TestServer, request},
    visitor::Visitor,
};

/// Much longer than anybody waits.
const LONG: Duration = Duration::from_secs(15);
/// Callers who write all the time.
const WRITERS: usize = 8;

/// Processes of Postgres that stand still until this is dropped.
struct Frozen(Vec<i32>);

impl Frozen {
    /// The first one comes first, so that it begets no others.
    fn new(db: &TestDb) -> Frozen {
        let send = |signal, process| kill(Pid::from_raw(process), signal);
        send(Signal::SIGSTOP, db.processes()[0]).unwrap();
        let all = db.processes();
        for process in &all {
            let _ = send(Signal::SIGSTOP, *process); // one may have ended meanwhile
        }
        Frozen(all)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        for process in &self.0 {
            let _ = kill(Pid::from_raw(*process), Signal::SIGCONT);
        }
    }
}

/// A call that counts, once a key: who made it is a member of a set afterwards.
async fn count(server: &TestServer, key: &str) -> Answer {
    let body = json!({ "email": "ada@x.com", "increment": { "n": 1 }, "add": { "keys": key } });
    server.post_once(key, "/v1/identify", &body).await
}

/// Calls until one is not answered 200; returns the keys of those that were, and the last one with what was said.
async fn write(server: Arc<TestServer>, writer: usize) -> (Vec<String>, String, Answer) {
    let mut done = Vec::new();
    loop {
        let key = format!("{writer}-{}", done.len());
        let answer = count(&server, &key).await;
        if answer.status != 200 {
            return (done, key, answer);
        }
        done.push(key);
    }
}

/// Everything that needs the database.
async fn everything(server: &TestServer, cookie: &str) -> Vec<(&'static str, Answer)> {
    let secret = &server.keys.secret;
    let calls = [
        ("GET", "/readyz", ""),
        ("GET", "/v1/customers/ada@x.com", ""),
        ("POST", "/v1/query", r#"{"filter":"n > 0","engine":"sql"}"#),
        ("GET", "/v1/params", ""),
        ("GET", "/v1/export", ""),
        ("POST", "/v1/ping", r#"{"email":"ada@x.com"}"#),
        ("DELETE", "/v1/customers/ada@x.com", ""),
        ("GET", "/customers", ""),
    ];
    let calls = calls.map(|(method, path, body)| async move {
        let request = request(method, path);
        let request = match path {
            "/customers" => request.header("cookie", cookie).header("accept", "text/html"),
            _ => request.header("authorization", format!("Bearer {secret}")),
        };
        (path, server.send(request.body(Body::from(body)).unwrap()).await)
    });
    join_all(calls).await
}

async fn ready(server: &TestServer) {
    let begin = Instant::now();
    while server.get("/readyz").await.status != 200 {
        assert!(begin.elapsed() < LONG, "it does not recover");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_database_that_stands_still_and_all_goes_on_when_it_does() {
    let server = Arc::new(TestServer::alone().await);
    let cookie = server.visitor(Role::Owner).await.cookie;
    server.index_ready().await;
    ready(&server).await;
    for (path, answer) in everything(&server, &cookie).await {
        assert!([200, 404].contains(&answer.status), "{path}: {}", answer.text());
    }
    let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::spawn(write(server.clone(), writer))).collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let frozen = Frozen::new(&server.db);
    let begin = Instant::now();
    let written = join_all(writers).await;
    for (path, answer) in everything(&server, &cookie).await {
        assert_eq!(answer.status, 503, "{path}: {}", answer.text());
    }
    assert!(begin.elapsed() < LONG, "{:?}", begin.elapsed());
    server.get("/healthz").await.expect(200);
    let visitor = Visitor { server: &server, cookie: cookie.clone() };
    let page = visitor.post("/projects", "name=Late").await.expect_page(503);
    assert!(page.contains("Look whether it was done"), "a form may have done a part of it: {page}");
    // Once it is known, nobody waits at all.
    let begin = Instant::now();
    everything(&server, &cookie).await;
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());

    drop(frozen);
    ready(&server).await;
    let mut stored: Vec<String> = Vec::new();
    for written in written {
        let (done, last, answer) = written.unwrap();
        stored.extend(done);
        match answer.expect(503)["code"].as_str() {
            // Nothing was stored, and the key is free.
            Some("unavailable") => {}
            Some("outcome_unknown") => {
                count(&server, &last).await.expect(200);
                stored.push(last);
            }
            _ => panic!("{}", answer.text()),
        }
    }
    let params = server.row(server.project.id, "ada@x.com").await.unwrap()["params"].clone();
    assert_eq!(params["n"], stored.len());
    let keys: Vec<Value> = params["keys"].as_array().unwrap().clone();
    assert_eq!(keys.len(), stored.len());
    assert!(stored.iter().all(|key| keys.contains(&json!(key))));
    let report = index::check(&server.app.store, server.account).await.unwrap();
    assert_eq!(report.differences, 0);
}
