//! The index is where the database is: at once in the process that wrote, within a second in the others.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use serde_json::json;
use server::{
    config,
    http::App,
    model::{Email, Source, now},
    router,
    store::{
        self, Store, View,
        erase::{self, Whom},
        index, project, segment, write,
    },
};
use tokio::time::{sleep, timeout};

use crate::support::server::{Answer, TestServer, request, send, settings};

/// How long another process may be behind.
const LATE: Duration = Duration::from_secs(1);

impl TestServer {
    /// Another process on the same database, with its index loaded.
    pub(crate) async fn beside(&self) -> Store {
        let store = self.db.store();
        store.keep_index(1 << 30);
        assert!(store.index_ready(self.account).await);
        store
    }

    /// The account's version in the database.
    pub(crate) async fn version(&self) -> i64 {
        let client = self.db.client().await;
        client.query_one("select version from clock", &[]).await.unwrap().get(0)
    }

    /// Compares the index of a process with the database.
    pub(crate) async fn compare(&self, store: &Store) -> index::Report {
        index::check(store, self.account).await.unwrap()
    }
}

/// Waits until a process stands where the database is.
async fn follows(server: &TestServer, store: &Store) {
    let version = server.version().await;
    let reached = async {
        while store.index_version(server.account) < Some(version) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LATE, reached).await.unwrap_or_else(|_| panic!("version {version} is not followed"));
}

#[tokio::test]
async fn whoever_writes_can_wait_until_others_have_followed() {
    let server = TestServer::start().await;
    let (ours, account) = (&server.app.store, server.account);
    assert!(ours.followed(account).await.unwrap(), "nobody is there to be waited for");
    let other = server.beside().await;
    let telling = tokio::spawn(index::follower::forever(other.clone()));
    while server.count("follower").await == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    for n in 0..5 {
        assert_eq!(server.post("/v1/identify", json!({ "email": format!("c{n}@x.com") })).await.status, 200);
        assert!(ours.followed(account).await.unwrap());
        assert_eq!(other.index_version(account), Some(server.version().await));
    }
    // Whoever has committed nothing waits for nobody.
    assert!(server.db.store().followed(account).await.unwrap());
    // One that was killed is waited for, but not for ever; one that has ended is not.
    telling.abort();
    assert_eq!(server.post("/v1/identify", json!({ "email": "last@x.com" })).await.status, 200);
    assert!(!ours.followed(account).await.unwrap());
    index::follower::retire(&other).await;
    assert!(ours.followed(account).await.unwrap());
    assert_eq!(server.count("follower").await, 0);
}

#[tokio::test]
async fn what_was_answered_is_in_the_index() {
    let server = TestServer::start().await;
    let store = &server.app.store;
    assert!(store.index_ready(server.account).await);
    for n in 0..20 {
        let body = json!({ "email": format!("c{}@x.com", n % 7), "user_id": format!("u{}", n % 5), "params": { "n": n } });
        let answer = server.post("/v1/identify", body).await;
        if answer.status == 200 {
            assert_eq!(store.index_version(server.account), answer.json()["version"].as_i64());
        }
        assert_eq!(store.index_version(server.account), Some(server.version().await));
    }
    server.ping(json!({ "email": "c1@x.com" })).await;
    let report = server.compare(store).await;
    assert_eq!(report.differences, 0, "{report:?}");
    assert_eq!(
        (report.rows, report.version),
        (server.count("relationship").await as u64, server.version().await)
    );
}

#[tokio::test]
async fn taking_away_is_followed_like_adding() {
    let server = TestServer::start().await;
    let store = &server.app.store;
    let other = server.beside().await;
    let (second, key) = server.project("second").await;
    let (old, new): (Email, Email) =
        (Email::parse("c1@x.com").unwrap(), Email::parse("moved@x.com").unwrap());
    for n in 0..6 {
        let body =
            json!({ "email": format!("c{n}@x.com"), "user_id": format!("u{n}"), "params": { "n": n } });
        server.call(&key, "POST", "/v1/identify", body.to_string()).await.expect(200);
        server.identify(body).await;
    }
    // So that the other has what is taken away.
    follows(&server, &other).await;
    let email = Email::parse("c0@x.com").unwrap();
    erase::person(store, server.account, &Whom::Email(email)).await.unwrap();
    server.identify(json!({ "email": "c0@x.com", "params": { "again": true } })).await;
    write::move_customer(store, server.account, &old, &new, Source::Import(None)).await.unwrap();
    server.identify(json!({ "email": "else@x.com", "user_id": "u2" })).await;
    server.call(&server.keys.secret, "DELETE", "/v1/customers/c3@x.com", "").await.expect(200);
    erase::project(store, server.account, second.id).await.unwrap();
    for store in [store, &other] {
        follows(&server, store).await;
        let report = server.compare(store).await;
        assert_eq!((report.differences, report.rows), (0, 5), "{report:?}");
    }
}

#[tokio::test]
async fn a_batch_that_is_bisected_leaves_the_rest_in_the_index() {
    let server = TestServer::start().await;
    let store = &server.app.store;
    assert!(store.index_ready(server.account).await);
    let poison =
        "alter table relationship add constraint poison check (params->>'plan' is distinct from 'poison')";
    server.db.client().await.batch_execute(poison).await.unwrap();
    server.identify(json!({ "email": "c1@x.com", "user_id": "u" })).await;
    let mut items: Vec<_> =
        (0..40).map(|n| json!({ "email": format!("c{n}@x.com"), "params": { "n": n } })).collect();
    items[20] = json!({ "email": "new@x.com", "user_id": "u", "params": { "plan": "poison" } });
    items[21] = json!({ "email": "other@x.com", "user_id": "u" });
    let results = server.batch(json!(items)).await;
    assert_eq!(results[20]["code"], "unstorable");
    let report = server.compare(store).await;
    assert_eq!((report.differences, report.rows), (0, 38), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_that_write_at_once_see_their_own_writes_and_each_others() {
    let server = Arc::new(TestServer::start().await);
    let stores = [server.app.store.clone(), server.beside().await];
    assert!(stores[0].index_ready(server.account).await);
    let writers = stores.iter().map(|store| write::Writer::new(store.clone())).collect::<Vec<_>>();
    let calls = (0..200).map(|n: usize| {
        let (server, store, writer) = (server.clone(), stores[n % 2].clone(), writers[n % 2].clone());
        tokio::spawn(async move {
            sleep(Duration::from_millis(n as u64 * 3)).await;
            let call = call(&json!({ "email": format!("c{}@x.com", n % 23), "params": { "n": n } }));
            let receipt = writer
                .submit(server.account, server.project.id, Source::Import(None), vec![call], None)
                .await
                .unwrap();
            assert!(store.index_version(server.account) >= Some(receipt.version), "{n}");
        })
    });
    join_all(calls).await.into_iter().for_each(|joined| joined.unwrap());
    for store in &stores {
        follows(&server, store).await;
        let report = server.compare(store).await;
        assert_eq!((report.differences, report.rows), (0, 23), "{report:?}");
    }
}

#[tokio::test]
async fn words_are_followed_too() {
    let server = TestServer::start().await;
    let other = server.beside().await;
    let view = View::account(server.account);
    let router = router::router(App::new(other.clone(), settings()));
    let ask = async |filter: &str| ask(&router, &server.keys.account, filter).await;
    let (name, filter) = ("Payers".to_owned(), "status = paid".to_owned());
    let draft = segment::Draft { slug: "payers".parse().unwrap(), name, filter, project: None };
    assert_eq!(ask("in segment payers").await.status, 422);
    segment::create(&server.app.store, &view, &draft, now()).await.unwrap();
    let slug = "late".parse().unwrap();
    let late = project::create(&server.app.store, server.account, &slug, "Late", false, now()).await.unwrap();
    follows(&server, &other).await;
    ask("in segment payers and not in project late").await.expect(200);
    let changed = segment::Draft { filter: "status = churned".to_owned(), ..draft.clone() };
    segment::update(&server.app.store, &view, &changed, now()).await.unwrap();
    store::set_zone(&server.app.store, server.account, "Asia/Kolkata").await.unwrap();
    segment::delete(&server.app.store, &view, &draft.slug).await.unwrap();
    erase::project(&server.app.store, server.account, late.id).await.unwrap();
    follows(&server, &other).await;
    assert_eq!(ask("in segment payers").await.expect(422)["code"], "invalid_filter");
    assert_eq!(ask("in project late").await.expect(422)["code"], "invalid_filter");
    assert!(server.app.store.index_version(server.account) >= Some(server.version().await));
}

#[tokio::test]
async fn a_feed_that_does_not_reach_back_is_no_obstacle() {
    let server = TestServer::start().await;
    let store = &server.app.store;
    assert!(store.index_ready(server.account).await);
    server.identify(json!({ "email": "ada@x.com" })).await;
    // As if another process had written long ago, and the feed had been cleared since; then a restored backup.
    let client = server.db.client().await;
    for sql in ["update clock set version = version + 3", "delete from feed; update clock set version = 1"] {
        client.batch_execute("update relationship set name = coalesce(name, '') || 'x'").await.unwrap();
        client.batch_execute(sql).await.unwrap();
        let version = server.version().await;
        let reloaded = async {
            while store.index_version(server.account) != Some(version) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LATE * 5, reloaded).await.unwrap();
        assert_eq!(server.compare(store).await.differences, 0);
    }
}

#[tokio::test]
async fn a_lost_database_is_found_again() {
    let server = TestServer::start().await;
    let other = server.beside().await;
    server.identify(json!({ "email": "ada@x.com" })).await;
    follows(&server, &other).await;
    let client = server.db.client().await;
    let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity
               where datname = current_database() and pid <> pg_backend_pid()";
    for n in 0..3 {
        client.execute(cut, &[]).await.unwrap();
        let body = json!({ "email": "ada@x.com", "params": { "n": n } });
        while server.post("/v1/identify", body.clone()).await.status != 200 {}
        follows(&server, &other).await;
        assert!(server.app.store.index_version(server.account) >= Some(server.version().await));
    }
    assert_eq!(server.compare(&other).await.differences, 0);
    assert_eq!(server.compare(&server.app.store).await.differences, 0);
}

/// A question to the index alone.
async fn ask(router: &axum::Router, key: &str, filter: &str) -> Answer {
    let body = json!({ "filter": filter, "select": ["count"], "engine": "index" }).to_string();
    let request = request("POST", "/v1/query").header("authorization", format!("Bearer {key}"));
    send(router, request.body(body.into()).unwrap()).await
}

/// An `identify`.
fn call(body: &serde_json::Value) -> server::model::Call {
    let terms = server::model::body::Terms { now: now(), publishable: false, live: true };
    server::model::body::identify(server::model::json::raw(body.to_string().as_bytes()).unwrap(), terms)
        .unwrap()
}

/// The least that `--index-memory` can say.
#[tokio::test]
async fn an_account_that_does_not_fit_is_answered_by_the_database() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com" })).await;
    let store = server.db.store();
    let config = config::Server { index_memory: Some("1".parse().unwrap()), ..settings() };
    let app = App::new(store.clone(), config);
    assert!(!store.index_ready(server.account).await);
    assert_eq!(store.index_facts().outside, 1);
    let answer = ask(&router::router(app), &server.keys.account, "").await;
    assert_ne!(answer.status, 500, "{}", answer.text());
    // One that fits at first and then outgrows its memory.
    let growing = server.db.store();
    growing.keep_index(64 << 10);
    assert!(growing.index_ready(server.account).await);
    let items = |page: usize| {
        (0..500).map(move |n| json!({ "email": format!("{page}-{n}@x.com"), "params": { "n": n, "t": format!("{page}-{n}").repeat(50) } }))
    };
    server.batch(items(0).collect()).await;
    server.batch(items(1).collect()).await;
    let outgrown = async {
        while growing.index_facts().outside == 0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LATE * 3, outgrown).await.unwrap();
    assert_eq!(growing.index_version(server.account), None);
    assert!(!growing.index_ready(server.account).await);
}
