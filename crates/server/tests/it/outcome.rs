//! A connection that is lost where something is stored: what the caller is told is so, and nothing is done twice.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use server::store::{self, key, project};

use crate::support::{
    proxy::{Cut, Proxy},
    server::{Answer, TestServer},
};

/// A call that counts, once a key.
async fn count(server: &TestServer, key: &str) -> Answer {
    let body = json!({ "email": "ada@x.com", "increment": { "n": 1 } });
    server.post_once(key, "/v1/identify", &body).await
}

/// What was counted.
async fn counted(server: &TestServer) -> Value {
    server.row(server.project.id, "ada@x.com").await.map_or(json!(0), |row| row["params"]["n"].clone())
}

/// What a query says was counted.
async fn asked(server: &TestServer) -> Value {
    let answer = server.get("/v1/query?aggregates=sum(params.n)").await.expect(200);
    assert_eq!(answer["engine"], "index");
    answer["aggregates"][0]["value"].clone()
}

async fn start() -> (Arc<TestServer>, Proxy) {
    let (server, proxy) = TestServer::behind_proxy().await;
    server.index_ready().await;
    (Arc::new(server), proxy)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_committed_is_a_200_though_nobody_heard_of_the_commit() {
    let (server, proxy) = start().await;
    for (n, cut) in [Cut::After, Cut::Late(Duration::from_millis(700)), Cut::After].into_iter().enumerate() {
        proxy.cut_next(cut);
        let answer = count(&server, &format!("k{n}")).await.expect(200);
        proxy.is_cut().await;
        assert_eq!(answer["created"], n == 0, "{cut:?}");
        assert_eq!(asked(&server).await, n + 1, "{cut:?}: whoever is answered finds it");
        assert_eq!(counted(&server).await, n + 1, "{cut:?}");
        assert_eq!(count(&server, &format!("k{n}")).await.expect(200), answer, "{cut:?}");
    }
    assert_eq!(counted(&server).await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_committed_is_unavailable_and_nothing_was_stored() {
    let (server, proxy) = start().await;
    count(&server, "k0").await.expect(200);
    for n in 1..4 {
        proxy.cut_next(Cut::Before);
        let answer = count(&server, &format!("k{n}")).await;
        assert_eq!(answer.expect(503)["code"], "unavailable");
        assert!(answer.json()["hint"].as_str().unwrap().starts_with("Nothing was stored."));
        assert_eq!(answer.headers["retry-after"], "1");
        proxy.is_cut().await;
        assert_eq!(counted(&server).await, n);
        // The version of what was not committed is another's now.
        count(&server, &format!("k{n}")).await.expect(200);
        assert_eq!(asked(&server).await, n + 1);
    }
}

/// Cuts the next commit and keeps the database away until that is told.
async fn unknown(cut: Cut) {
    let (server, proxy) = start().await;
    proxy.leave_at_next(cut);
    let call = tokio::spawn({
        let server = server.clone();
        async move { count(&server, "k").await }
    });
    proxy.is_cut().await;
    let early = count(&server, "k").await.json()["code"].clone();
    // If the key of the API has to be looked for again, that fails first.
    assert!(["idempotency_in_flight", "unavailable"].map(Value::from).contains(&early), "{early}");
    let answer = call.await.unwrap();
    assert_eq!(answer.expect(503)["code"], "outcome_unknown");
    assert_eq!(answer.headers["retry-after"], "1");
    assert!(answer.json()["hint"].as_str().unwrap().contains("Idempotency-Key"));
    proxy.away(false);
    let mut again = count(&server, "k").await;
    while again.status == 503 {
        assert_eq!(again.json()["code"], "unavailable", "nothing of it was sent");
        tokio::time::sleep(Duration::from_millis(20)).await;
        again = count(&server, "k").await;
    }
    assert_eq!(again.expect(200)["created"], true, "{cut:?}: as it was the first time");
    assert_eq!(counted(&server).await, 1, "{cut:?}");
    assert_eq!(asked(&server).await, 1, "{cut:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_known_is_told_so_and_happens_once_if_it_was_committed() {
    unknown(Cut::After).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_known_is_told_so_and_happens_once_if_it_was_not() {
    unknown(Cut::Before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_another_batch_has_taken_proves_nothing() {
    let (server, proxy) = start().await;
    count(&server, "k0").await.expect(200);
    proxy.leave_at_next(Cut::Before);
    let call = tokio::spawn({
        let server = server.clone();
        async move { count(&server, "k1").await }
    });
    proxy.is_cut().await;
    let (other, slug) = (server.db.store(), "other".parse().unwrap());
    let made = project::create(&other, server.account, &slug, "Other", false, server::model::now()).await;
    made.unwrap();
    proxy.away(false);
    assert_eq!(call.await.unwrap().expect(503)["code"], "unavailable");
    assert_eq!(counted(&server).await, 1);
    assert_eq!(asked(&server).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_a_batch_is_looked_up() {
    let (server, proxy) = start().await;
    count(&server, "k").await.expect(200);
    let segment = json!({ "name": "Counted", "filter": "params.n > 0" });
    for (cut, status) in [(Cut::Before, 503), (Cut::After, 201)] {
        proxy.cut_next(cut);
        server.post("/v1/segments", segment.clone()).await.expect(status);
    }
    assert_eq!(server.get("/v1/query?filter=in%20segment%20counted").await.expect(200)["count"], 1);
    for (cut, status) in [(Cut::Before, 503), (Cut::After, 200)] {
        proxy.cut_next(cut);
        let gone = server.call(&server.keys.secret, "DELETE", "/v1/customers/ada@x.com", "").await;
        gone.expect(status);
    }
    assert_eq!(server.count("customer").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_on_its_own_that_was_lost_is_not_said_to_have_stored_nothing() {
    let (server, proxy) = start().await;
    let holder = server.db.client().await;
    holder.batch_execute("begin; select from account for update").await.unwrap();
    let create = tokio::spawn({
        let server = server.clone();
        async move {
            let project = Some(server.project.id);
            let kind = server::model::KeyKind::Read;
            key::create(&server.app.store, server.account, project, kind, "late", server::model::now()).await
        }
    });
    let waiting = "select count(*) from pg_stat_activity
                   where datname = current_database() and wait_event_type = 'Lock'";
    while holder.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    proxy.cut_all();
    let lost = create.await.unwrap();
    assert!(matches!(lost, Err(store::Error::Unknown(_))), "{:?}", lost.err());
    // Postgres notices that nobody listens only after it has stored the key.
    holder.batch_execute("rollback").await.unwrap();
    while server.query("select to_jsonb(label) from api_key where label = 'late'", &[]).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
