//! `POST /v1/identify`, sentence by sentence, against a real Postgres.

use serde_json::{Value, json};

use crate::support::server::TestServer;

/// The stored row of an e-mail in the server's own project.
async fn row(server: &TestServer, email: &str) -> Value {
    server.row(server.project.id, email).await.expect("the relationship exists")
}

#[tokio::test]
async fn the_product_pages_story() {
    let server = TestServer::start().await;
    let signed_up = server
        .identify(json!({ "email": "Ada@Example.com", "name": "Ada", "status": "free",
            "params": { "source": "producthunt", "referral": null, "signed_up_at": "2026-03-01T09:00:00Z" } }))
        .await;
    assert_eq!(
        (&signed_up["ok"], &signed_up["created"], &signed_up["changed"]),
        (&json!(true), &json!(true), &json!(true))
    );
    let upgraded = server
        .identify(json!({ "email": " ada@example.com ", "status": "paid",
            "params": { "plan": "pro", "mrr": 29.5, "upgraded_at": "2026-04-01", "billing_cycle": "monthly" } }))
        .await;
    assert_eq!((&upgraded["created"], &upgraded["changed"]), (&json!(false), &json!(true)));
    assert_eq!(upgraded["customer"], signed_up["customer"]);
    assert!(upgraded["version"].as_i64() > signed_up["version"].as_i64());
    let (_, other) = server.project("analytics").await;
    let body = json!({ "email": "ada@example.com", "params": { "role": "viewer" } }).to_string();
    let elsewhere = server.call(&other, "POST", "/v1/identify", body).await.expect(200);
    assert_eq!((&elsewhere["customer"], &elsewhere["created"]), (&signed_up["customer"], &json!(true)));

    let stored = row(&server, "ada@example.com").await;
    assert_eq!(stored["name"], "Ada");
    assert_eq!(stored["status"], "paid");
    let params = &stored["params"];
    assert_eq!((&params["plan"], &params["source"]), (&json!("pro"), &json!("producthunt")));
    assert_eq!(params.get("referral"), Some(&Value::Null));
    assert_eq!(params["mrr"].to_string(), "29.5");
    assert!(params.get("role").is_none());
}

#[tokio::test]
async fn what_changes_is_written_and_what_does_not_is_not() {
    let server = TestServer::start().await;
    server
        .identify(json!({ "email": "ada@x.com", "params": { "plan": "free", "n": 1 }, "status": "trial" }))
        .await;
    let again = server
        .identify(json!({ "email": "ada@x.com", "params": { "plan": "free" }, "status": "trial" }))
        .await;
    assert_eq!(again["changed"], false);
    server
        .identify(
            json!({ "email": "ada@x.com", "params": { "plan": "pro" }, "unset": ["n"], "status": "paid" }),
        )
        .await;
    let changes = server.changes("ada@x.com").await;
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[0]["fields"]["email"], json!({ "after": "ada@x.com" }));
    assert_eq!(changes[0]["fields"]["status"], json!({ "after": "trial" }));
    assert_eq!(changes[1]["fields"], json!({ "status": { "before": "trial", "after": "paid" } }));
    assert_eq!(
        changes[1]["params"],
        json!({ "plan": { "before": "free", "after": "pro" }, "n": { "before": 1 } })
    );
    assert_eq!((&changes[1]["source"], changes[1]["source_id"].is_string()), (&json!("secret_key"), true));
}

#[tokio::test]
async fn a_user_id_finds_moves_and_is_replaced() {
    let server = TestServer::start().await;
    let unknown = server.post("/v1/identify", json!({ "user_id": "u1", "status": "paid" })).await;
    assert_eq!(unknown.expect(422)["code"], "unknown_user");
    let nobody = server.post("/v1/identify", json!({ "email": "x@x.com", "user_id": "undefined" })).await;
    assert_eq!(nobody.expect(422)["code"], "placeholder_user_id");
    let first =
        server.identify(json!({ "email": "old@x.com", "user_id": "u1", "params": { "plan": "pro" } })).await;
    let alone = server.identify(json!({ "user_id": "u1", "status": "paid" })).await;
    assert_eq!(alone["customer"], first["customer"]);

    let moved =
        server.identify(json!({ "email": "new@x.com", "user_id": "u1", "params": { "seats": 2 } })).await;
    assert_ne!(moved["customer"], first["customer"]);
    assert_eq!((&moved["created"], &moved["changed"]), (&json!(false), &json!(true)));
    let stored = row(&server, "new@x.com").await;
    assert_eq!(stored["params"], json!({ "plan": "pro", "seats": 2 }));
    assert_eq!(server.row(server.project.id, "old@x.com").await, None);
    assert_eq!(server.count("customer").await, 1, "the customer left behind is gone");
    let changes = server.changes("new@x.com").await;
    assert_eq!(changes.len(), 3, "history moves too");
    assert_eq!(changes[2]["fields"]["email"], json!({ "before": "old@x.com", "after": "new@x.com" }));
    assert_eq!(server.count("activity").await, 1);

    server.identify(json!({ "email": "new@x.com", "user_id": "u2" })).await;
    assert_eq!(row(&server, "new@x.com").await["user_id"], "u2");
    let gone = server.post("/v1/identify", json!({ "user_id": "u1" })).await;
    assert_eq!(gone.expect(422)["code"], "unknown_user");
}

#[tokio::test]
async fn a_taken_email_is_refused_and_nothing_is_written() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "a@x.com", "user_id": "a" })).await;
    server.identify(json!({ "email": "b@x.com", "user_id": "b", "params": { "n": 1 } })).await;
    let before = server.dump().await;
    let refused = server
        .post("/v1/identify", json!({ "email": "a@x.com", "user_id": "b", "params": { "n": 2 } }))
        .await;
    assert_eq!(refused.expect(409)["code"], "email_taken");
    let refused =
        server.post("/v1/identify", json!({ "email": "c@x.com", "user_id": "b", "add": { "n": 2 } })).await;
    assert_eq!(refused.expect(422)["errors"][0]["pointer"], "/add/n");
    assert_eq!(server.dump().await, before);
}

#[tokio::test]
async fn a_change_of_address_leaves_other_projects_alone() {
    let server = TestServer::start().await;
    let (other, key) = server.project("other").await;
    server.identify(json!({ "email": "old@x.com", "user_id": "u" })).await;
    let body = json!({ "email": "old@x.com", "params": { "role": "viewer" } }).to_string();
    server.call(&key, "POST", "/v1/identify", body).await.expect(200);
    server.identify(json!({ "email": "new@x.com", "user_id": "u" })).await;
    assert!(server.row(other.id, "old@x.com").await.is_some());
    assert!(server.row(server.project.id, "new@x.com").await.is_some());
    assert_eq!(server.count("customer").await, 2);
}

#[tokio::test]
async fn old_data_harms_nothing() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com", "user_id": "u", "name": "Ada", "status": "paid", "params": { "plan": "pro" } })).await;
    let old = server
        .identify(json!({ "user_id": "u", "email": "previous@x.com", "name": "A.", "status": "trial",
            "params": { "plan": "free", "source": "ad" }, "timestamp": "2024-02-29T10:00:00Z" }))
        .await;
    assert_eq!(old["stale"], json!(["plan", "name", "status", "email"]));
    let stored = row(&server, "ada@x.com").await;
    assert_eq!((&stored["name"], &stored["status"]), (&json!("Ada"), &json!("paid")));
    assert_eq!(stored["params"], json!({ "plan": "pro", "source": "ad" }));
    assert_eq!(stored["first_seen"], "2024-02-29T10:00:00+00:00");
    let changes = server.changes("ada@x.com").await;
    assert_eq!(changes[0]["at"], "2024-02-29T10:00:00+00:00");
    assert_eq!(changes[0]["params"]["plan"], json!({ "after": "free" }));
    assert_eq!(changes[0]["stale"], json!(["plan", "name", "status", "email"]));
    assert_eq!(server.days("ada@x.com", 2024).await, vec![60]);
}

#[tokio::test]
async fn numbers_keep_their_value_and_their_decimals() {
    let server = TestServer::start().await;
    let body = r#"{"email":"ada@x.com","params":{"a":19.90,"b":9007199254740993,"c":1e39,"d":-0.0,"e":1.50e1,"f":1e-7,"g":-0}}"#;
    server.call(&server.keys.secret, "POST", "/v1/identify", body).await.expect(200);
    let again = server.call(&server.keys.secret, "POST", "/v1/identify", body).await.expect(200);
    assert_eq!(again["changed"], false, "what Postgres holds is what was read");
    let params = row(&server, "ada@x.com").await["params"].clone();
    assert_eq!(
        params.to_string(),
        r#"{"a":19.90,"b":9007199254740993,"c":1000000000000000000000000000000000000000,"d":0.0,"e":15.0,"f":0.0000001,"g":0}"#
    );
}

#[tokio::test]
async fn keys_that_may_not_write_do_not() {
    let server = TestServer::start().await;
    for key in [&server.keys.read, &server.keys.account] {
        let answer = server.call(key, "POST", "/v1/identify", r#"{"email":"a@x.com"}"#).await;
        assert_eq!(answer.expect(403)["code"], "forbidden");
    }
    assert_eq!(server.count("customer").await, 0);
}

#[tokio::test]
async fn every_batch_is_in_the_feed() {
    let server = TestServer::start().await;
    let first = server.identify(json!({ "email": "old@x.com", "user_id": "u" })).await;
    let moved = server.identify(json!({ "email": "new@x.com", "user_id": "u" })).await;
    let ping = server.ping(json!({ "email": "nobody@x.com" })).await;
    let feed = server.feed().await;
    let versions: Vec<&Value> = feed.iter().map(|row| &row["version"]).collect();
    assert_eq!(versions, [&first["version"], &moved["version"], &ping["version"]]);
    assert_eq!(feed[0]["touched_customers"], json!([first["customer"]]));
    assert_eq!(feed[1]["touched_customers"], json!([moved["customer"]]));
    assert_eq!(feed[1]["removed_customers"], json!([first["customer"]]));
    assert_eq!(feed[2]["touched_customers"], json!([]));
}
