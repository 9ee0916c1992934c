//! A customer under another e-mail, and as JSON.

use axum::body::Body;
use serde_json::{Value, json};
use server::{model::Role, store::log};

use super::customer::read;
use crate::support::server::TestServer;

#[tokio::test]
async fn a_customer_moves_after_a_preview_and_never_onto_another() {
    let server = TestServer::start().await;
    let (admin, viewer) = (server.visitor(Role::Admin).await, server.visitor(Role::Viewer).await);
    let eve = server.foreigner().await;
    let ada = server.customer("ada@x.com", "2024-01-01", json!({ "params": { "plan": "pro" } })).await;
    server.customer("bill@x.com", "2024-01-01", json!({})).await;
    let path = format!("/customers/{ada}/move");
    let before = server.dump().await;
    for (email, status, told) in [
        ("", 200, "The new e-mail"),
        ("ada", 422, "is not an e-mail address"),
        ("ada%40x.com", 422, "is an address of ada@x.com already"),
        ("bill%40x.com", 200, "bill@x.com is a customer already"),
        ("Ada%40New.com", 200, "ada@x.com becomes ada@new.com In 1 project"),
    ] {
        let page = admin.get(&format!("{path}?email={email}")).await.expect_page(status);
        assert!(read(&page).contains(told), "{email}: {}", read(&page));
    }
    let taken = admin.post(&path, "email=bill%40x.com").await.expect_page(200);
    assert!(taken.contains("/merge?other=bill"), "it leads to the merge: {taken}");
    assert_eq!(viewer.get(&path).await.status, 403);
    assert_eq!(viewer.post(&path, "email=a%40new.com").await.status, 403);
    assert_eq!(eve.get(&path).await.status, 404);
    assert_eq!(eve.post(&path, "email=a%40new.com").await.status, 404);
    assert_eq!(server.dump().await, before);

    let moved = admin.post(&path, "email=Ada%40New.com").await;
    assert_eq!((moved.status, moved.header("location")), (303, "/customers/ada%40new%2Ecom?done=moved"));
    let page = admin.get(moved.header("location")).await.expect_page(200);
    assert!(read(&page).contains("This is their e-mail now."), "{page}");
    assert_eq!(server.person("ada@new.com").await["relationships"][0]["params"], json!({ "plan": "pro" }));
    let change = server.changes("ada@new.com").await.pop().unwrap();
    assert_eq!(change["source"], "member");
    assert_eq!(log::check(&server.app.store, server.account).await.unwrap().differences, 0);
}

#[tokio::test]
async fn the_page_to_copy_is_what_the_api_answers() {
    let server = TestServer::start().await;
    let viewer = server.visitor(Role::Viewer).await;
    let call = json!({ "params": { "mrr": 29, "evil": "</pre><script>alert(1)</script>" } });
    let ada = server.customer("ada@x.com", "2024-01-01", call).await;
    let page = viewer.get(&format!("/customers/{ada}/json")).await.expect_page(200);
    assert!(!page.contains("<script>alert"), "{page}");
    let shown = page.split("<pre").nth(1).unwrap().split_once('>').unwrap().1.split("</pre>").next().unwrap();
    let shown =
        shown.replace("&#34;", "\"").replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&");
    let key = &server.keys.account;
    let told = server.call(key, "GET", &format!("/v1/customers/{ada}"), Body::empty()).await.expect(200);
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), told);
    let eve = server.foreigner().await;
    assert_eq!(eve.get(&format!("/customers/{ada}/json")).await.status, 404);
}
