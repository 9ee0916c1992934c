//! The account's settings.

mod members;

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
    assert_eq!(admin.post("/settings/ignored", form).await.header("location"), "/settings#ignored");
    assert!(admin.get("/settings").await.text().contains("Erase 1 customer"));
    let shown = viewer.get("/settings").await.text();
    assert!(shown.contains("@my-company.com") && !shown.contains("/settings/ignored"), "{shown}");
    assert_eq!(server.identify(json!({ "email": "you@my-company.com" })).await["ignored"], true);
    admin.post("/settings/ignored/erase", form).await;
    assert_eq!(server.count("customer").await, 0);
    admin.post("/settings/ignored/remove", form).await;
    assert!(!admin.get("/settings").await.text().contains("@my-company.com</code></td>"));
}
