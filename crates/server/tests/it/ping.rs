//! `POST /v1/ping`: marks activity and nothing else.

use serde_json::json;

use crate::support::server::TestServer;

#[tokio::test]
async fn a_ping_marks_activity_and_nothing_else() {
    let server = TestServer::start().await;
    server
        .identify(
            json!({ "email": "ada@x.com", "user_id": "u", "params": { "n": 1 }, "timestamp": "2026-01-05" }),
        )
        .await;
    let before = server.row(server.project.id, "ada@x.com").await.unwrap();
    server.ping(json!({ "email": "ADA@x.com", "timestamp": "2026-03-01T23:59:59Z" })).await;
    server.ping(json!({ "user_id": "u", "timestamp": "2026-02-01" })).await;
    server.ping(json!({ "user_id": "u", "timestamp": "2025-12-31T12:00:00Z" })).await;
    let mut after = server.row(server.project.id, "ada@x.com").await.unwrap();
    assert_eq!(
        (&after["last_activity"], &after["last_day"]),
        (&json!("2026-03-01T23:59:59+00:00"), &json!("2026-03-01"))
    );
    assert_eq!(after["first_seen"], "2025-12-31T12:00:00+00:00");
    assert_eq!(server.days("ada@x.com", 2026).await, [5, 32, 60]);
    assert_eq!(server.days("ada@x.com", 2025).await, [365]);
    for moving in ["last_activity", "first_seen", "last_day", "version"] {
        after[moving] = before[moving].clone();
    }
    assert_eq!(after, before);
    assert_eq!(server.changes("ada@x.com").await.len(), 1);
}

#[tokio::test]
async fn a_stranger_is_ignored_and_the_answer_is_the_same() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com" })).await;
    let known = server.ping(json!({ "email": "ada@x.com" })).await;
    let stranger = server.ping(json!({ "email": "bob@x.com" })).await;
    let nobody = server.ping(json!({ "user_id": "nobody" })).await;
    assert_eq!(known, json!({ "ok": true, "version": 3 }));
    assert_eq!(stranger, json!({ "ok": true, "version": 4 }));
    assert_eq!(nobody, json!({ "ok": true, "version": 5 }));
    assert_eq!((server.count("customer").await, server.count("relationship").await), (1, 1));
    let wrong = server.post("/v1/ping", json!({ "email": "ada@x.com", "params": {} })).await.expect(422);
    assert_eq!(wrong["errors"][0]["pointer"], "/params");
}

#[tokio::test]
async fn a_ping_does_not_touch_the_indexes() {
    let server = TestServer::start().await;
    server
        .identify(json!({ "email": "ada@x.com", "params": { "plan": "pro", "bio": "x".repeat(50) } }))
        .await;
    for _ in 0..10 {
        server.ping(json!({ "email": "ada@x.com" })).await;
    }
    let sql = "select pg_stat_force_next_flush()";
    server.db.client().await.execute(sql, &[]).await.ok();
    let sql =
        "select to_jsonb(n_tup_upd - n_tup_hot_upd) from pg_stat_user_tables where relname = 'relationship'";
    for _ in 0..50 {
        if server
            .query("select to_jsonb(n_tup_upd) from pg_stat_user_tables where relname = 'relationship'", &[])
            .await[0]
            == json!(10)
        {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(server.query(sql, &[]).await, [json!(0)], "every update is heap-only");
}
