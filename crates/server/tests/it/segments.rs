//! `/v1/segments`: saved in their strict form, used by their names, seen by whom they belong to.

use serde_json::{Value, json};
use server::{
    model::now,
    store::{
        View,
        segment::{self, Draft},
    },
};

use crate::support::server::TestServer;

async fn count(server: &TestServer, filter: &str) -> Value {
    server.post("/v1/query", json!({ "filter": filter, "select": ["count"] })).await.expect(200)["count"]
        .clone()
}

#[tokio::test]
async fn a_segment_is_made_used_changed_and_deleted() {
    let server = TestServer::start().await;
    for (email, mrr) in [("a@x.com", 10), ("b@x.com", 30)] {
        server.identify(json!({ "email": email, "params": { "mrr": mrr } })).await;
    }
    let made = server
        .post("/v1/segments", json!({ "name": "Power Users", "filter": "mrr >= 29" }))
        .await
        .expect(201);
    assert_eq!((&made["slug"], &made["filter"]), (&json!("power-users"), &json!("params.mrr >= 29")));
    assert!(!made["description"].as_str().unwrap().is_empty());
    assert_eq!(count(&server, "in segment \"Power Users\"").await, 1);
    assert_eq!(count(&server, "not in segment power-users").await, 1);
    let body = json!({ "name": "Everybody", "filter": "" }).to_string();
    let path = "/v1/segments/power-users";
    let changed = server.call(&server.keys.secret, "PUT", path, body).await.expect(200);
    assert_eq!((&changed["slug"], &changed["name"]), (&json!("power-users"), &json!("Everybody")));
    assert_eq!(count(&server, "in segment Everybody").await, 2);
    assert_eq!(server.get("/v1/segments").await.expect(200)["segments"].as_array().unwrap().len(), 1);
    assert_eq!(server.get(path).await.expect(200)["filter"], "");
    assert_eq!(server.call(&server.keys.secret, "DELETE", path, "").await.status, 204);
    assert_eq!(server.call(&server.keys.secret, "DELETE", path, "").await.status, 404);
    let gone = server.post("/v1/query", json!({ "filter": "in segment Everybody" })).await.expect(422);
    assert_eq!(gone["code"], "invalid_filter");
}

#[tokio::test]
async fn what_is_no_segment_is_refused() {
    let server = TestServer::start().await;
    server.post("/v1/segments", json!({ "name": "a", "filter": "plan = pro" })).await.expect(201);
    for (body, status, code) in [
        (json!({ "name": "a", "filter": "plan = free" }), 409, "conflict"),
        (json!({ "name": "b", "filter": "plan =" }), 422, "invalid_filter"),
        (json!({ "name": "b", "filter": "in segment b" }), 422, "invalid_filter"),
        (json!({ "name": "b" }), 422, "invalid_fields"),
        (json!({ "filter": "x = 1" }), 422, "invalid_fields"),
        (json!({ "name": "日本", "filter": "x = 1" }), 422, "invalid_fields"),
        (json!({ "name": "b", "slug": "No Slug", "filter": "x = 1" }), 422, "invalid_fields"),
        (
            json!({ "name": "b", "filter": "x = 1", "account_id": "00000000-0000-0000-0000-000000000000" }),
            422,
            "invalid_fields",
        ),
        (json!({ "name": "b", "filter": "x = 1", "project": "other" }), 422, "invalid_fields"),
    ] {
        let problem = server.post("/v1/segments", body.clone()).await;
        assert_eq!(problem.expect(status)["code"], code, "{body}");
    }
    let circle = json!({ "name": "a", "filter": "in segment a" }).to_string();
    let problem = server.call(&server.keys.secret, "PUT", "/v1/segments/a", circle).await;
    assert_eq!(problem.expect(422)["code"], "invalid_filter", "a segment may not lead back to itself");
}

#[tokio::test]
async fn segments_belong_to_their_project() {
    let server = TestServer::start().await;
    let (_, other) = server.project("other").await;
    let body = json!({ "name": "theirs", "filter": "x = 1" }).to_string();
    server.call(&other, "POST", "/v1/segments", body.clone()).await.expect(201);
    assert_eq!(server.get("/v1/segments").await.expect(200)["segments"], json!([]));
    assert_eq!(server.get("/v1/segments/theirs").await.status, 404);
    assert_eq!(server.call(&server.keys.secret, "DELETE", "/v1/segments/theirs", "").await.status, 404);
    assert_eq!(
        server.call(&server.keys.secret, "PUT", "/v1/segments/theirs", body.clone()).await.status,
        404
    );
    let refused = server.post("/v1/query", json!({ "filter": "in segment theirs" })).await;
    assert_eq!(refused.expect(422)["code"], "invalid_filter");
    for key in [&server.keys.read, &server.keys.publishable, &server.keys.account] {
        assert_eq!(server.call(key, "POST", "/v1/segments", body.clone()).await.status, 403);
    }
    let seen = server.call(&server.keys.account, "GET", "/v1/segments", "").await.expect(200);
    assert_eq!(seen["segments"][0]["slug"], "theirs");
}

#[tokio::test]
async fn a_projects_key_learns_no_segment_of_the_account() {
    let server = TestServer::start().await;
    let view = View::account(server.account);
    let (slug, name, filter) =
        ("whales".parse().unwrap(), "Whales".to_owned(), "params.mrr > 1000".to_owned());
    let draft = Draft { slug, name, filter, project: None };
    segment::create(&server.app.store, &view, &draft, now()).await.unwrap();
    for name in ["whales", "whale"] {
        let body = json!({ "filter": format!("in segment {name}"), "select": ["count"] });
        let refused = server.post("/v1/query", body.clone()).await.expect(422);
        assert!(!refused.to_string().contains("Whales"), "{refused}");
    }
    let body = json!({ "filter": "in segment whales", "select": ["count"] }).to_string();
    assert_eq!(server.call(&server.keys.account, "POST", "/v1/query", body).await.expect(200)["count"], 0);
}
