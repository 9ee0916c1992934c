//! `Idempotency-Key`: one effect, one answer.

use serde_json::json;

use crate::support::server::TestServer;

#[tokio::test]
async fn the_same_request_happens_once() {
    let server = TestServer::start().await;
    let body = json!({ "email": "ada@x.com", "increment": { "logins": 1 } });
    let first = server.post_once("k1", "/v1/identify", &body).await.expect(200);
    for _ in 0..3 {
        assert_eq!(server.post_once("k1", "/v1/identify", &body).await.expect(200), first);
    }
    server.post_once("k2", "/v1/identify", &body).await.expect(200);
    assert_eq!(server.row(server.project.id, "ada@x.com").await.unwrap()["params"], json!({ "logins": 2 }));
}

#[tokio::test]
async fn another_request_under_the_key_is_refused() {
    let server = TestServer::start().await;
    let body = json!({ "email": "ada@x.com" });
    server.post_once("k", "/v1/identify", &body).await.expect(200);
    for (path, body) in [("/v1/identify", json!({ "email": "bob@x.com" })), ("/v1/ping", body)] {
        assert_eq!(server.post_once("k", path, &body).await.expect(422)["code"], "idempotency_mismatch");
    }
    assert_eq!(server.count("customer").await, 1);
    for bad in ["", &"k".repeat(256)] {
        assert_eq!(
            server.post_once(bad, "/v1/identify", &json!({})).await.expect(400)["code"],
            "invalid_request"
        );
    }
}

#[tokio::test]
async fn refusals_are_repeated_word_for_word() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com", "params": { "plan": "pro" } })).await;
    let body = json!({ "email": "ada@x.com", "increment": { "plan": 1 } });
    let (mut first, mut again) = (
        server.post_once("k", "/v1/identify", &body).await.expect(422),
        server.post_once("k", "/v1/identify", &body).await.expect(422),
    );
    first["request_id"].take();
    again["request_id"].take();
    assert_eq!(first, again);
    assert_eq!(server.count("idempotency").await, 1);
}

#[tokio::test]
async fn a_batch_is_repeated_item_by_item_and_holds_no_personal_data() {
    let server = TestServer::start().await;
    let body = json!({ "items": [
        { "email": "ada@secret.com", "name": "Ada", "params": { "city": "Paris" }, "increment": { "n": 1 } },
        { "email": "not an address" },
        { "user_id": "u_secret" },
        { "type": "ping", "email": "ada@secret.com" },
    ] });
    let first = server.post_once("k", "/v1/batch", &body).await.expect(200);
    assert_eq!(server.post_once("k", "/v1/batch", &body).await.expect(200), first);
    let stored = server.query("select to_jsonb(i) from idempotency i", &[]).await[0].to_string();
    for personal in ["secret", "Ada", "Paris", "not an address"] {
        assert!(!stored.contains(personal), "{stored}");
    }
}

#[tokio::test]
async fn requests_at_once_under_one_key_have_one_effect() {
    let server = TestServer::start().await;
    let body = json!({ "email": "ada@x.com", "increment": { "n": 1 } });
    let answers =
        futures_util::future::join_all((0..20).map(|_| server.post_once("k", "/v1/identify", &body))).await;
    for answer in &answers {
        match answer.status {
            200 => {}
            409 => {
                assert_eq!(answer.json()["code"], "idempotency_in_flight");
                assert_eq!(answer.headers["retry-after"], "1");
            }
            _ => panic!("{}", answer.text()),
        }
    }
    assert!(answers.iter().any(|answer| answer.status == 200));
    assert_eq!(server.row(server.project.id, "ada@x.com").await.unwrap()["params"], json!({ "n": 1 }));
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day() {
    let server = TestServer::start().await;
    let body = json!({ "email": "ada@x.com", "increment": { "n": 1 } });
    server.post_once("k", "/v1/identify", &body).await.expect(200);
    server
        .db
        .client()
        .await
        .execute("update idempotency set at = at - interval '25 hours'", &[])
        .await
        .unwrap();
    server.post_once("k", "/v1/identify", &body).await.expect(200);
    assert_eq!(server.row(server.project.id, "ada@x.com").await.unwrap()["params"], json!({ "n": 2 }));
    server
        .db
        .client()
        .await
        .execute("update idempotency set at = at - interval '25 hours'", &[])
        .await
        .unwrap();
    server::store::sweep::expired(&server.app.store, &[server.account], server::model::now()).await.unwrap();
    assert_eq!(server.count("idempotency").await, 0);
    assert_eq!(server.feed().await.len(), 2, "the feed is younger than a day");
}
