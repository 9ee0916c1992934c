//! The past in memory is bounded: what does not fit is given up alone, and Postgres answers for it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{find, large};
use crate::support::server::{TestServer, metrics};

/// A late call reads the whole log of whom it is about.
const LATE: &str = "2020-01-01T00:00:30Z";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_of_a_hundred_thousand_changes_is_lost_alone() {
    let server = TestServer::start().await;
    server.index_remembers().await;
    server
        .identify(json!({ "email": "ada@x.com", "timestamp": "2020-01-01T00:00:00Z", "params": { "n": 0 } }))
        .await;
    let client = server.db.client().await;
    for sql in [large::MINUTES, large::PRESENT] {
        client.execute(sql, &[]).await.unwrap();
    }
    client.batch_execute("analyze change").await.unwrap();
    let late = json!({ "email": "ada@x.com", "timestamp": LATE, "params": { "plan": "old" } });
    server.identify(late).await;
    server.identify(json!({ "email": "ada@x.com", "params": { "plan": "new", "n": 7 } })).await;
    find(
        &server,
        &[
            ("was (plan = old and status = churned)", "ada"),
            ("was (plan = old) on 2020-01-01T00:00:29Z", ""),
            ("status changed from churned to free in 2020-02-01 .. today", "ada"),
            ("plan changed from old to new", "ada"),
        ],
    )
    .await;
    let asked = server.post("/v1/query", json!({ "filter": "was (n = 77777)" })).await.expect(200);
    assert_eq!((&asked["count"], &asked["fallback"]), (&json!(1), &json!("past")));
    for store in [&server.app.store, &server.beside().await] {
        assert!(store.index_remembers(server.account).await);
        let report = server.compare(store).await;
        assert_eq!((report.differences, report.rows), (0, 1), "{report:?}");
    }
}

/// As many long texts as are too many for one past.
const TEXTS: &str = "
    insert into change (account_id, project_id, customer_id, at, version, seq, created, dated_by, received, source, fields, params,
                        stale)
    select r.account_id, r.project_id, r.customer_id, r.began + n * interval '1 minute', r.version, n, false, 'caller', now(),
           'secret_key', '{}', jsonb_build_object('text', jsonb_build_object('after', n || repeat(' lorem', 10000))), '{}'
    from relationship r, generate_series(1, 600) n where r.params = '{\"n\": 0}'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_past_that_is_too_heavy_is_given_up_and_the_present_stays() {
    let server = TestServer::start().await;
    server.index_remembers().await;
    let body = json!({ "email": "ada@x.com", "timestamp": "2020-01-01T00:00:00Z", "params": { "n": 0 } });
    server.identify(body).await;
    let sql =
        "update relationship set params = jsonb_build_object('n', 0, 'text', 600 || repeat(' lorem', 10000)),
                   last_change = began + interval '600 minutes'";
    let client = server.db.client().await;
    for sql in [TEXTS, sql] {
        client.execute(sql, &[]).await.unwrap();
    }
    let late = json!({ "email": "ada@x.com", "timestamp": LATE, "params": { "plan": "old" } });
    server.identify(late).await;
    let counted = |filter: &str| json!({ "filter": filter, "select": ["count"] });
    for filter in ["was (text startswith 599)", "was (plan = old) on 2020-01-02"] {
        let asked = server.post("/v1/query", counted(filter)).await.expect(200);
        assert_eq!((&asked["count"], &asked["fallback"]), (&json!(1), &json!("past")), "{filter}");
    }
    let asked = server.post("/v1/query", counted("plan = old")).await.expect(200);
    assert_eq!((&asked["count"], &asked["engine"]), (&json!(1), &json!("index")));
    let store = server.beside().await;
    assert!(!store.index_remembers(server.account).await, "it is as heavy when it is loaded");
    for store in [&server.app.store, &store] {
        let facts = store.index_facts();
        assert_eq!((facts.ready, facts.past, facts.outside), (1, 0, 0));
        assert_eq!(server.compare(store).await.differences, 0);
    }
}

/// Twenty people whose present stays small, and whose past grows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_past_that_outgrows_the_memory_goes_before_the_present() {
    const LIMIT: u64 = 256 << 10;
    let server = TestServer::with_flags(&["--index-memory", &LIMIT.to_string()]).await;
    server.index_remembers().await;
    let begin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let items = |round: i64| -> Value {
        let item = |n: i64| {
            let at = begin + SignedDuration::from_mins(round * 400 + n);
            let text = format!("{round}-{n} ").repeat(10);
            json!({ "email": format!("c{}@x.com", n % 20), "timestamp": at.to_string(), "params": { "text": text } })
        };
        (0..400).map(item).collect()
    };
    for round in 0..12 {
        server.batch(items(round)).await;
    }
    let given_up = async {
        while server.app.store.index_facts().past > 0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), given_up).await.unwrap();
    let facts = server.app.store.index_facts();
    assert_eq!((facts.ready, facts.outside), (1, 0), "{facts:?}");
    assert!(facts.bytes < LIMIT, "{facts:?}");
    server.batch(items(12)).await;
    let ready = server.get("/readyz").await.expect(200);
    let accounts = json!({ "ready": 1, "past": 0, "loading": 0, "outside": 0 });
    assert_eq!(ready["engines"]["index"]["accounts"], accounts);
    assert!(metrics(&server.app).await.contains("tinycrm_index_accounts{state=\"past\"} 0"));
    let now = json!({ "filter": "text exists", "engine": "index", "select": ["count"] });
    assert_eq!(server.post("/v1/query", now).await.expect(200)["count"], 20);
    let then = json!({ "filter": "was (text startswith \"3-7 \")", "select": ["count"] });
    let then = server.post("/v1/query", then).await.expect(200);
    assert_eq!((&then["count"], &then["fallback"]), (&json!(1), &json!("past")));
    assert!(!server.app.store.index_remembers(server.account).await, "it does not wait for ever");
    assert_eq!(server.compare(&server.app.store).await.differences, 0);
}
