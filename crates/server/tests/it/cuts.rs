//! Connections that are cut at any moment under load of every kind: what was acknowledged is there once, what was refused is
//! not.
//!
//! `ORACLE_CASES=100 cargo test -p server --test it cuts::` cuts so often.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::body::Body;
use futures_util::future::join_all;
use rand::random_range;
use serde_json::{Value, json};
use server::store::index;
use tokio::time::sleep;

use crate::support::{
    proxy::{Cut, Proxy},
    server::{Answer, TestServer, request},
};

/// How often the connections are cut in a normal run.
const CASES: usize = 8;
/// Callers at once.
const WRITERS: usize = 8;
/// Rows of an import that goes on meanwhile.
const ROWS: usize = 5_000;
/// The wait between two attempts.
const PAUSE: Duration = Duration::from_millis(10);
/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// The server, and how far the test is.
struct Load {
    server: TestServer,
    round: AtomicUsize,
    over: AtomicBool,
    /// How often each answer came.
    answers: std::sync::Mutex<BTreeMap<String, usize>>,
}

/// What a caller was told of its calls, by their names.
#[derive(Default)]
struct Told {
    acknowledged: BTreeSet<String>,
    refused: BTreeSet<String>,
}

impl Load {
    async fn send(&self, path: &str, key: &str, body: &Value) -> Answer {
        let answer = self.server.post_once(key, path, body).await;
        let what = match answer.status {
            200 => "200".to_owned(),
            _ => answer.json()["code"].as_str().unwrap().to_owned(),
        };
        *self.answers.lock().unwrap().entry(what).or_default() += 1;
        answer
    }

    /// Calls until the test is over. Of those that nothing was stored of, every other one is not sent again.
    async fn write(self: Arc<Self>, writer: usize) -> Told {
        let mut told = Told::default();
        for n in 0.. {
            if self.over.load(Ordering::Relaxed) {
                break;
            }
            let name = format!("{writer}-{n}");
            let email = format!("c{}-{}@x.com", self.round.load(Ordering::Relaxed), writer % 3);
            let call = json!({ "email": email, "increment": { "n": 1 }, "add": { "names": name } });
            let (path, body) = match n % 3 {
                0 => (
                    "/v1/batch",
                    json!({ "items": [call, { "email": format!("b{writer}@x.com"), "params": { "n": n } }] }),
                ),
                _ => ("/v1/identify", call),
            };
            if self.until_told(path, &name, &body).await {
                told.acknowledged.insert(name);
            } else {
                told.refused.insert(name);
                sleep(PAUSE).await;
            }
        }
        told
    }

    /// Whether it was stored.
    async fn until_told(&self, path: &str, key: &str, body: &Value) -> bool {
        let begin = Instant::now();
        // Once nobody knew what became of it, only a 200 tells.
        let mut unknown = false;
        loop {
            let answer = self.send(path, key, body).await;
            match (answer.status, answer.json()["code"].as_str()) {
                (200, _) => return true,
                (503, Some("unavailable")) if !unknown && random_range(0..2) == 0 => return false,
                (503, Some("outcome_unknown")) => unknown = true,
                (409 | 503, _) => {}
                _ => panic!("{}", answer.text()),
            }
            assert!(begin.elapsed() < LONG, "{body} is never acknowledged");
            sleep(PAUSE).await;
        }
    }

    /// Reads until the test is over, from the index and from Postgres.
    async fn read(self: Arc<Self>) {
        while !self.over.load(Ordering::Relaxed) {
            for engine in ["index", "sql"] {
                let answer = self.server.get(&format!("/v1/query?filter=n%20%3E%200&engine={engine}")).await;
                assert!([200, 503].contains(&answer.status), "{}", answer.text());
            }
            sleep(PAUSE).await;
        }
    }

    /// Begins an import; the same file goes on where it was.
    async fn import(&self) {
        let row = |n: usize| format!("{{\"email\":\"i{n}@x.com\",\"increment\":{{\"i\":1}}}}\n");
        let file: String = (0..ROWS).map(row).collect();
        loop {
            let request = request("POST", "/v1/imports?name=i.ndjson&wait=0")
                .header("authorization", format!("Bearer {}", self.server.keys.secret))
                .header("content-type", "application/octet-stream");
            let answer = self.server.send(request.body(Body::from(file.clone())).unwrap()).await;
            match answer.status {
                200 | 202 => return,
                status => assert_eq!(status, 503, "{}", answer.text()),
            }
            sleep(PAUSE).await;
        }
    }
}

/// Cuts at a moment that nobody knows, in a way that nobody knows; now and then for so long that nobody can know.
async fn cut(proxy: &Proxy, round: usize) {
    sleep(Duration::from_millis(random_range(0..400))).await;
    match random_range(0..5) {
        0 => proxy.cut_next(Cut::Before),
        1 => proxy.cut_next(Cut::After),
        2 => proxy.cut_next(Cut::Late(Duration::from_millis(random_range(0..300)))),
        _ => {}
    }
    sleep(Duration::from_millis(random_range(0..50))).await;
    let away = match round % 12 {
        5 => 6_000,
        n if n % 3 == 0 => random_range(0..500),
        _ => 0,
    };
    proxy.away(away > 0);
    proxy.cut_all();
    sleep(Duration::from_millis(away)).await;
    proxy.away(false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_once_and_what_was_refused_is_not() {
    let cases = std::env::var("ORACLE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(CASES);
    let (server, proxy) = TestServer::behind_proxy().await;
    server.index_ready().await;
    let load = Arc::new(Load {
        server,
        round: AtomicUsize::new(0),
        over: AtomicBool::new(false),
        answers: std::sync::Mutex::default(),
    });
    let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::spawn(load.clone().write(writer))).collect();
    let reader = tokio::spawn(load.clone().read());
    load.import().await;
    for round in 0..cases {
        load.round.store(round, Ordering::Relaxed);
        cut(&proxy, round).await;
    }
    load.over.store(true, Ordering::Relaxed);
    let told: Vec<Told> = join_all(writers).await.into_iter().map(Result::unwrap).collect();
    reader.await.unwrap();
    println!("{:?}", load.answers.lock().unwrap());
    audit(&load, &told).await;
    let imported = "select count(*) from relationship where params = '{\"i\": 1}'";
    let begin = Instant::now();
    load.import().await;
    while load.server.db.client().await.query_one(imported, &[]).await.unwrap().get::<_, i64>(0) < ROWS as i64
    {
        assert!(begin.elapsed() < LONG, "the import does not end, or has counted a row twice");
        sleep(Duration::from_millis(50)).await;
    }
    let report = index::check(&load.server.app.store, load.server.account).await.unwrap();
    assert_eq!(report.differences, 0, "{report:?}");
}

/// Holds what is stored against what was told.
async fn audit(load: &Load, told: &[Told]) {
    let rows = load.server.query("select params from relationship where params ? 'names'", &[]).await;
    let mut stored = BTreeSet::new();
    for row in &rows {
        let names = row["names"].as_array().unwrap();
        assert_eq!(row["n"], names.len(), "every call counts once");
        stored.extend(names.iter().filter_map(Value::as_str).map(str::to_owned));
    }
    let acknowledged: BTreeSet<String> = told.iter().flat_map(|told| told.acknowledged.clone()).collect();
    let refused: BTreeSet<String> = told.iter().flat_map(|told| told.refused.clone()).collect();
    assert_eq!(stored.intersection(&refused).count(), 0, "of what was refused nothing is stored");
    assert_eq!(stored.symmetric_difference(&acknowledged).count(), 0, "what was acknowledged is stored");
    assert!(acknowledged.len() > WRITERS, "there was load");
}
