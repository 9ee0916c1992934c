//! The account's settings.

mod keys;
mod members;
mod projects;
mod sessions;

use serde_json::json;
use server::model::Role;

use crate::support::server::TestServer;

#[tokio::test]
async fn whom_nobody_counts_is_ignored_by_a_form() {
    let server = TestServer::start().await;
    let (viewer, admin) = (server.visitor(Role::Viewer).await, server.visitor(Role::Admin).await);
    server.identify(json!({ "email": "me@my-company.com" })).await;
    let wrong = admin.post("/settings/ignored", "pattern=everybody").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("*.my-company.com"), "{}", wrong.text());
    let form = "pattern=+%40My-Company.com";
    assert_eq!(
        admin.post("/settings/ignored", form).await.header("location"),
        "/settings?saved=ignored#ignored"
    );
    assert!(admin.get("/settings").await.text().contains("Erase 1 customer"));
    let shown = viewer.get("/settings").await.text();
    assert!(shown.contains("@my-company.com") && !shown.contains("/settings/ignored"), "{shown}");
    assert_eq!(server.identify(json!({ "email": "you@my-company.com" })).await["ignored"], true);
    admin.post("/settings/ignored/erase", form).await;
    assert_eq!(server.count("customer").await, 0);
    admin.post("/settings/ignored/remove", form).await;
    assert!(!admin.get("/settings").await.text().contains("@my-company.com</code></td>"));
}

#[tokio::test]
async fn an_account_has_a_name_and_a_zone_and_slips_are_told() {
    let server = TestServer::start().await;
    let (viewer, admin) = (server.visitor(Role::Viewer).await, server.visitor(Role::Admin).await);
    assert_eq!(viewer.post("/settings/name", "name=x").await.status, 403);
    let to = admin.post("/settings/name", "name=+Ada+%26+Co+").await;
    assert_eq!(to.header("location"), "/settings?saved=name");
    let page = admin.get("/settings?saved=name").await.expect_page(200);
    assert!(page.contains("Ada &#38; Co") && page.contains("this name from now on"), "{page}");
    let slip = admin.post("/settings/zone", "zone=Europe%2FBerln").await;
    assert!(slip.status == 422 && slip.text().contains("Did you mean Europe/Berlin?"), "{}", slip.text());
    assert_eq!(
        admin.post("/settings/zone", "zone=Europe%2FBerlin").await.header("location"),
        "/settings?saved=zone"
    );
    assert!(viewer.get("/settings").await.text().contains("<code>Europe/Berlin</code>"));
}

/// A number that was mistyped costs nothing yet.
#[tokio::test]
async fn a_shorter_history_is_asked_about_first() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let months = async || server.query("select to_jsonb(history_months) from account", &[]).await[0].clone();
    let to = admin.post("/settings/history", "months=12").await;
    assert_eq!(to.header("location"), "/settings?saved=history", "there is nothing to lose");
    server
        .identify(json!({ "email": "ada@x.com", "timestamp": "2020-03-01", "params": { "plan": "pro" } }))
        .await;
    server.identify(json!({ "email": "ada@x.com", "params": { "plan": "free" } })).await;
    let asked = admin.post("/settings/history", "months=6").await.expect_page(200);
    assert!(
        asked.contains("Keep 6 months of history?") && asked.contains("Up to 1 change from before"),
        "{asked}"
    );
    assert_eq!(months().await, 12);
    let other = admin.post("/settings/history", "months=6&confirmed=60").await;
    assert_eq!((other.status, months().await), (200, json!(12)));
    let to = admin.post("/settings/history", "months=6&confirmed=6").await;
    assert_eq!((to.header("location"), months().await), ("/settings?saved=history", json!(6)));
    assert_eq!(admin.post("/settings/history", "months=0").await.status, 303, "for ever loses nothing");
    assert_eq!(admin.post("/settings/history", "months=many").await.status, 422);
}
