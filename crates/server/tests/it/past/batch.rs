//! What one batch enters of one relationship in several goes: the index knows all of it, or has it read.

use serde_json::{Value, json};

use super::find;
use crate::support::server::TestServer;

/// Bob had no plan, and may have one of each month.
async fn told() -> TestServer {
    let server = TestServer::start().await;
    server.index_remembers().await;
    let ada = json!({ "email": "ada@x.com", "user_id": "u1", "timestamp": "2025-12-01T00:00:00Z" });
    let bob =
        json!({ "email": "bob@x.com", "timestamp": "2025-12-01T00:00:00Z", "params": { "plan": "none" } });
    server.batch(json!([ada, bob])).await;
    server
}

fn plan(month: u32, plan: &str) -> Value {
    let at = format!("2026-{month:02}-01T00:00:00Z");
    json!({ "email": "bob@x.com", "timestamp": at, "params": { "plan": plan } })
}

const FOUND: [(&str, &str); 6] = [
    ("was (plan = none) on 2025-12-31", "bob"),
    ("was (plan = free) on 2026-01-15", "bob"),
    ("was (plan = pro) on 2026-02-15", "bob"),
    ("was (plan = pro) on 2026-01-15", ""),
    ("plan changed from none to free in 2026-01-01", "bob"),
    ("plan changed from free to pro in 2026-02-01", "bob"),
];

/// Whoever moves to another address divides the batch into rounds.
#[tokio::test]
async fn a_row_that_is_written_in_two_rounds() {
    let server = told().await;
    let moves = json!({ "email": "eve@x.com", "user_id": "u1" });
    server.batch(json!([plan(1, "free"), moves, plan(2, "pro")])).await;
    find(&server, &FOUND).await;
}

/// A call that the database refuses divides the batch into halves, and what came after a half is gone back from.
#[tokio::test]
async fn a_row_that_is_written_before_and_after_what_was_refused() {
    let server = told().await;
    let poison =
        "alter table relationship add constraint poison check (params->>'plan' is distinct from 'poison')";
    server.db.client().await.batch_execute(poison).await.unwrap();
    let poisoned = json!({ "email": "eve@x.com", "params": { "plan": "poison" } });
    let other = json!({ "email": "ada@x.com", "name": "Ada" });
    let results = server.batch(json!([plan(1, "free"), other, poisoned, plan(2, "pro")])).await;
    assert_eq!(results[2]["code"], "unstorable");
    find(&server, &FOUND).await;
}
