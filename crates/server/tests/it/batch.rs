//! `POST /v1/batch`: a result an item, in order; one bad item spoils no other.

use serde_json::{Value, json};

use crate::support::server::TestServer;

#[tokio::test]
async fn every_item_has_its_own_result() {
    let server = TestServer::start().await;
    let results = server
        .batch(json!([
            { "email": "ada@x.com", "params": { "n": 1 } },
            { "email": "nobody" },
            { "type": "ping", "email": "ada@x.com" },
            { "email": "ada@x.com", "increment": { "n": 2 } },
            { "user_id": "stranger" },
            { "email": "ada@x.com", "add": { "n": 1 } },
            "nonsense",
            { "email": "bob@x.com", "increment": { "n": 1 } },
        ]))
        .await;
    let summary: Vec<Value> = results.iter().map(|r| r.get("code").unwrap_or(&r["ok"]).clone()).collect();
    let expected =
        json!([true, "invalid_fields", true, true, "unknown_user", "invalid_fields", "invalid_fields", true]);
    assert_eq!(Value::from(summary), expected);
    assert_eq!(results[1]["status"], 422);
    assert_eq!(results[1]["errors"][0]["pointer"], "/email");
    assert_eq!((&results[0]["created"], &results[3]["created"]), (&json!(true), &json!(false)));
    assert_eq!(server.row(server.project.id, "ada@x.com").await.unwrap()["params"], json!({ "n": 3 }));
    assert_eq!(server.feed().await.len(), 1, "one batch, one version");
}

#[tokio::test]
async fn calls_of_a_batch_see_each_other() {
    let server = TestServer::start().await;
    let results = server
        .batch(json!([
            { "email": "a@x.com", "user_id": "1", "params": { "plan": "pro" } },
            { "email": "b@x.com", "user_id": "2" },
            { "email": "a@x.com", "user_id": "3" },
            { "email": "b@x.com", "user_id": "1" },
            { "email": "c@x.com", "user_id": "1", "params": { "moved": true } },
            { "email": "a@x.com", "params": { "plan": "late" }, "timestamp": "2024-01-01" },
            { "email": "a@x.com", "user_id": "1" },
            { "email": "d@x.com", "user_id": "2" },
        ]))
        .await;
    let codes: Vec<&Value> = results.iter().map(|r| r.get("code").unwrap_or(&r["ok"])).collect();
    assert_eq!(codes[..6], [&json!(true); 6], "{results:?}");
    assert_eq!(results[5]["stale"], json!(["plan"]));
    assert_eq!(results[6]["code"], "email_taken");
    assert_eq!(results[7]["ok"], true, "2 was given up by b@x.com, so d@x.com is new");
    let user =
        async |email: &str| server.row(server.project.id, email).await.map(|row| row["user_id"].clone());
    assert_eq!(user("a@x.com").await, Some(json!("3")));
    assert_eq!(user("b@x.com").await, None, "moved to c@x.com");
    assert_eq!(user("c@x.com").await, Some(json!("1")));
    assert_eq!(user("d@x.com").await, Some(json!("2")));
}

#[tokio::test]
async fn a_thousand_items_are_one_transaction_and_more_are_too_many() {
    let server = TestServer::start().await;
    let item = |n: usize| json!({ "email": format!("c{n}@x.com"), "params": { "n": n, "even": n.is_multiple_of(2) } });
    let results = server.batch((0..1000).map(item).collect()).await;
    assert!(results.iter().all(|result| result["created"] == true));
    assert_eq!((server.count("relationship").await, server.feed().await.len()), (1000, 1));
    let many: Value = (0..1001).map(item).collect();
    assert_eq!(server.post("/v1/batch", json!({ "items": many })).await.expect(413)["code"], "too_large");
}

#[tokio::test]
async fn a_thousand_moves_are_done_in_their_order() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "c0@x.com", "user_id": "u" })).await;
    let moves: Value = (1..=300).map(|n| json!({ "email": format!("c{n}@x.com"), "user_id": "u" })).collect();
    let results = server.batch(moves).await;
    assert!(results.iter().all(|result| result["changed"] == true));
    assert_eq!((server.count("customer").await, server.count("change").await), (1, 301));
    assert!(server.row(server.project.id, "c300@x.com").await.is_some());
}

#[tokio::test]
async fn the_body_is_an_array_or_has_items() {
    let server = TestServer::start().await;
    server.post("/v1/batch", json!([{ "email": "a@x.com" }])).await.expect(200);
    assert_eq!(server.post("/v1/batch", json!({ "items": [] })).await.expect(200)["results"], json!([]));
    for (body, pointer) in [(json!({}), "/items"), (json!({ "items": {} }), "/items"), (json!(5), "/items")] {
        assert_eq!(server.post("/v1/batch", body).await.expect(422)["errors"][0]["pointer"], pointer);
    }
    let both = server.post("/v1/batch", json!({ "items": [], "calls": [] })).await.expect(422);
    assert_eq!(both["errors"][0]["pointer"], "/calls");
}

#[tokio::test]
async fn what_postgres_alone_refuses_fails_alone() {
    let server = TestServer::start().await;
    let client = server.db.client().await;
    client
        .batch_execute("alter table relationship add check (params->>'plan' is distinct from 'poison')")
        .await
        .unwrap();
    let items: Value = (0..100)
        .map(|n| json!({ "email": format!("c{n}@x.com"), "params": { "plan": if n % 40 == 7 { "poison" } else { "pro" } } }))
        .collect();
    let results = server.batch(items).await;
    for (n, result) in results.iter().enumerate() {
        let expected = if n % 40 == 7 { json!("unstorable") } else { Value::Null };
        assert_eq!(result["code"], expected, "{n}: {result}");
    }
    assert_eq!((server.count("relationship").await, server.count("customer").await), (97, 97));
    let feed = server.feed().await;
    assert_eq!((feed.len(), feed[0]["touched_customers"].as_array().unwrap().len()), (1, 97));
    let alone =
        server.post("/v1/identify", json!({ "email": "d@x.com", "params": { "plan": "poison" } })).await;
    let detail = alone.expect(422)["detail"].to_string();
    assert!(detail.contains("23514") && !detail.contains("poison"), "{detail}");
}

#[tokio::test]
async fn a_body_and_an_item_are_bounded() {
    let server = TestServer::start().await;
    let large = json!({ "email": "ada@x.com", "params": { "a": "x".repeat(1 << 20) } });
    assert_eq!(server.post("/v1/identify", large.clone()).await.expect(413)["code"], "too_large");
    let results = server.batch(json!([large, { "email": "bob@x.com" }])).await;
    assert_eq!((&results[0]["code"], &results[1]["ok"]), (&json!("too_large"), &json!(true)));
}
