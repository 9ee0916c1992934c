//! Loading: while others write, an account of many rows, and what is said of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use server::{
    http::App,
    model::{Email, Source},
    router,
    store::{customer, write},
};
use tokio::time::sleep;

use crate::support::server::{TestServer, metrics, settings};

/// Rows as a bulk load would leave them, without a feed: enough to be copied over several connections.
async fn fill(server: &TestServer, rows: i32) {
    let client = server.db.client().await;
    client.execute(
        "insert into customer (account_id, id, email)
         select (select id from account), gen_random_uuid(), 'p' || n || '@x.com' from generate_series(1, $1) n",
        &[&rows],
    ).await.unwrap();
    client.execute(
        "insert into relationship (account_id, project_id, customer_id, user_id, name, status, status_since, params,
                                   open_keys, first_seen, last_activity, began, last_change, version)
         select account_id, $1, id, nullif(email, 'p1@x.com'), 'N' || email, 'free', now(),
                jsonb_build_object('n', length(email), 'plan', 'pro', 'deep', jsonb_build_object('at', '2026-01-01')),
                '{}', now(), now(), now(), now(), 1
         from customer",
        &[&server.project.id.0],
    ).await.unwrap();
    client.batch_execute("analyze").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_is_loaded_while_others_write_is_whole() {
    let server = Arc::new(TestServer::start().await);
    let stop = Arc::new(AtomicBool::new(false));
    let writing: Vec<_> = (0..4)
        .map(|writer| {
            let (server, stop) = (server.clone(), stop.clone());
            tokio::spawn(async move {
                let mut n = 0;
                while !stop.load(Ordering::Relaxed) {
                    let email = format!("c{}@x.com", n * 7 % 50 + writer * 50);
                    match n % 9 {
                        8 => drop(
                            server
                                .call(&server.keys.secret, "DELETE", &format!("/v1/customers/{email}"), "")
                                .await,
                        ),
                        _ => drop(server.identify(json!({ "email": email, "params": { "n": n } })).await),
                    }
                    n += 1;
                }
            })
        })
        .collect();
    for _ in 0..8 {
        sleep(Duration::from_millis(60)).await;
        let store = server.beside().await;
        let report = server.compare(&store).await;
        assert_eq!(report.differences, 0, "while others write: {report:?}");
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writing {
        writer.await.unwrap();
    }
    let report = server.compare(&server.app.store).await;
    assert_eq!(report.differences, 0, "{report:?}");
    assert_eq!(report.rows, server.count("relationship").await as u64);
}

/// What they were, too: three changes of one key, on three days.
async fn fill_past(server: &TestServer) {
    let client = server.db.client().await;
    client
        .batch_execute(
            "update relationship set began = began - interval '10 days', first_seen = first_seen - interval '10 days',
                 status_since = status_since - interval '10 days', last_change = last_change - interval '7 days';
             insert into change (account_id, project_id, customer_id, at, version, seq, created, dated_by, received, source,
                                 fields, params, stale)
             select account_id, project_id, customer_id, began + n * interval '1 day', version, n, n = 0, 'caller', now(),
                    'secret_key', case when n = 0 then '{\"status\": {\"after\": \"free\"}}' else '{}' end::jsonb,
                    jsonb_build_object('plan', jsonb_build_object('after', (array['a', 'b', 'c', 'pro'])[n + 1])), '{}'
             from relationship, generate_series(0, 3) n;
             insert into activity (account_id, project_id, customer_id, year, days)
             select account_id, project_id, customer_id, 2026, '\\x0310'::bytea from relationship;
             analyze",
        )
        .await
        .unwrap();
}

/// Late calls, erasures, moves and merges, while every row's past is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_past_that_is_loaded_while_others_write_is_whole() {
    let server = Arc::new(TestServer::start().await);
    fill(&server, 4_000).await;
    fill_past(&server).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writing: Vec<_> = (0..4)
        .map(|writer| {
            let (server, stop) = (server.clone(), stop.clone());
            tokio::spawn(async move {
                let mut n = 0_i64;
                while !stop.load(Ordering::Relaxed) {
                    let email = format!("p{}@x.com", (n * 7 + writer * 1_000) % 4_000 + 1);
                    let late = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(n % 240);
                    match n % 9 {
                        8 => drop(server.call(&server.keys.secret, "DELETE", &format!("/v1/customers/{email}"), "").await),
                        7 => {
                            let [from, to] = [email.clone(), format!("moved-{n}-{email}")];
                            let [from, to] = [from, to].map(|email| Email::parse(&email).unwrap());
                            let (store, source) = (&server.app.store, Source::Import(None));
                            drop(write::move_customer(store, server.account, &from, &to, source).await);
                        }
                        3 => {
                            let (store, source) = (&server.app.store, Source::Import(None));
                            let other = format!("p{}@x.com", (n * 7 + writer * 1_000) % 3_999 + 2);
                            let keep = customer::at(store, server.account, &email).await;
                            let gone = customer::at(store, server.account, &other).await;
                            if let (Ok(keep), Ok(gone)) = (keep, gone) {
                                drop(write::merge_customers(store, server.account, keep, gone, source).await);
                            }
                        }
                        5 | 6 => {
                            let body = json!({ "email": email, "timestamp": late.to_string(), "params": { "plan": "late" } });
                            server.identify(body).await;
                        }
                        4 => drop(server.ping(json!({ "email": email })).await),
                        _ => drop(server.identify(json!({ "email": email, "params": { "plan": format!("n{n}") } })).await),
                    }
                    n += 1;
                }
            })
        })
        .collect();
    for _ in 0..3 {
        let store = server.beside().await;
        assert!(store.index_remembers(server.account).await);
        let report = server.compare(&store).await;
        assert_eq!(report.differences, 0, "while others write: {report:?}");
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writing {
        writer.await.unwrap();
    }
    let store = server.beside().await;
    assert!(store.index_remembers(server.account).await);
    let report = server.compare(&store).await;
    assert_eq!(report.differences, 0, "{report:?}");
    assert_eq!(report.rows, server.count("relationship").await as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_account_is_loaded_in_parts() {
    let server = TestServer::start().await;
    fill(&server, 60_000).await;
    let loading = async {
        let store = server.beside().await;
        server.compare(&store).await
    };
    let writing = async {
        for n in 1..40 {
            let body =
                json!({ "email": format!("p{}@x.com", n * 997), "params": { "long": "x".repeat(3000) } });
            server.identify(body).await;
        }
    };
    let (report, ()) = futures_util::future::join(loading, writing).await;
    assert_eq!((report.differences, report.rows), (0, 60_000), "{report:?}");
}

#[tokio::test]
async fn long_rows_are_loaded_a_few_at_a_time() {
    let server = TestServer::start().await;
    for n in 0..40 {
        let body =
            json!({ "email": format!("c{n}@x.com"), "params": { "text": "é".repeat(500_000 - n), "n": n } });
        server.identify(body).await;
    }
    let store = server.beside().await;
    let report = server.compare(&store).await;
    assert_eq!((report.differences, report.rows), (0, 40), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_loading_is_said_and_what_is_loaded_is_counted() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com" })).await;
    let locker = server.db.client().await;
    locker.batch_execute("begin; lock table clock").await.unwrap();
    let app = App::new(server.db.store(), settings());
    let router = router::router(app.clone());
    let get = async |path: &str| {
        let request = axum::http::Request::get(path).body(axum::body::Body::empty()).unwrap();
        let response = tower::ServiceExt::oneshot(router.clone(), request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (parts, String::from_utf8(body.to_vec()).unwrap())
    };
    let (parts, body) = get("/readyz").await;
    assert_eq!((parts.status.as_u16(), &parts.headers["retry-after"]), (503, &"1".parse().unwrap()));
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(problem["code"], "index_loading");
    assert!(problem["detail"].to_string().contains("relationships so far"), "{problem}");
    locker.batch_execute("rollback").await.unwrap();
    assert!(app.store.index_ready(server.account).await);
    while get("/readyz").await.0.status != 200 {
        sleep(Duration::from_millis(10)).await;
    }
    assert!(app.store.index_remembers(server.account).await);
    let ready: serde_json::Value = serde_json::from_str(&get("/readyz").await.1).unwrap();
    let accounts = json!({ "ready": 1, "past": 1, "loading": 0, "outside": 0 });
    assert_eq!(ready["engines"]["index"]["accounts"], accounts);
    let counted = metrics(&app).await;
    for line in [
        "tinycrm_index_rows 1",
        "tinycrm_index_bytes ",
        "tinycrm_index_paths ",
        "tinycrm_index_chunks ",
        "tinycrm_index_behind 0",
        "tinycrm_index_accounts{state=\"ready\"} 1",
        "tinycrm_index_accounts{state=\"past\"} 1",
        "tinycrm_index_apply_seconds_count ",
        "tinycrm_index_differences_total 0",
    ] {
        assert!(counted.contains(line), "{line} is not in {counted}");
    }
}
