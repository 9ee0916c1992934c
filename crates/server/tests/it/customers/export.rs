//! `/v1/customers/{who}/export`: all that is held of one person, as far as the key may see it, and however long it is.

use axum::body::Body;
use futures_util::StreamExt;
use serde_json::{Value, json};
use server::{
    model::{Role, Source},
    store::{customer, ignored, write},
};

use crate::support::server::TestServer;

/// The texts of a member of each object in a list.
fn each(list: &Value, member: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one[member].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn all_that_is_held_of_a_person_is_one_document() {
    let server = TestServer::start().await;
    let (_, other) = server.project("other").await;
    let call = async |key: &str, body: Value| {
        server.call(key, "POST", "/v1/identify", body.to_string()).await.expect(200);
    };
    let first = json!({ "email": "old@x.com", "user_id": "u-1", "name": "Ada", "params": { "n": 9_007_199_254_740_993_i64 } });
    call(&server.keys.secret, first).await;
    call(&server.keys.secret, json!({ "email": "ada@x.com", "user_id": "u-2", "status": "paid" })).await;
    call(&other, json!({ "email": "ada@x.com", "params": { "role": "viewer" } })).await;
    call(&other, json!({ "email": "bob@x.com", "params": { "role": "owner" } })).await;
    let tried = json!({ "email": "ada@x.com", "params": { "role": "owner" } });
    let kind = server.call(&server.keys.publishable, "POST", "/v1/identify", tried.to_string()).await;
    kind.expect(202);
    let tried = json!({ "email": "ada@x.com", "status": "free" });
    server.call(&server.keys.publishable, "POST", "/v1/identify", tried.to_string()).await.expect(202);
    let file = "email,status\nADA@x.com,odd\nbob@x.com,odd\n";
    server.call(&other, "POST", "/v1/imports?name=theirs.csv", file).await.expect(200);
    let (store, account) = (&server.app.store, server.account);
    for pattern in ["ada@x.com", "@elsewhere.com"] {
        ignored::add(store, account, &pattern.parse().unwrap()).await.unwrap();
    }
    let keep = customer::at(store, account, "ada@x.com").await.unwrap();
    let old = customer::at(store, account, "old@x.com").await.unwrap();
    write::merge_customers(store, account, keep, old, Source::Import(None)).await.unwrap();

    let path = "/v1/customers/ada@x.com/export";
    let answer = server.call(&server.keys.account, "GET", path, Body::empty()).await;
    assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"customer.json\"");
    let all = answer.expect(200);
    assert_eq!((&all["email"], &all["aliases"]), (&json!("ada@x.com"), &json!(["old@x.com"])));
    assert_eq!(all["user_ids"], json!([{ "project": "app", "user_id": "u-1" }]));
    assert_eq!(
        (&all["ignored"], each(&all["merges"], "alias")),
        (&json!(["ada@x.com"]), vec!["old@x.com".into()])
    );
    assert_eq!(each(&all["relationships"], "project"), ["app", "other"]);
    assert_eq!(each(&all["activity"], "project"), ["app", "other"]);
    assert_eq!(all["relationships"][0]["params"]["n"].to_string(), "9007199254740993");
    assert_eq!(each(&all["refused"], "key"), ["status"]);
    assert_eq!(
        (each(&all["imports"], "file"), all["imports"][0]["line"].as_i64()),
        (vec!["theirs.csv".into()], Some(2))
    );
    assert!(all["imports"][0]["raw"].as_str().unwrap().contains("ADA@x.com"));
    let dates = each(&all["changes"], "at");
    assert!(dates.is_sorted() && dates.len() > 3, "{dates:?}");
    let page =
        server.call(&server.keys.account, "GET", "/v1/customers/ada@x.com", Body::empty()).await.expect(200);
    let mut shown = page["changes"].as_array().unwrap().clone();
    shown.reverse();
    assert_eq!(all["changes"], Value::Array(shown), "what the page shows, oldest first");
    assert!(!all.to_string().contains("bob@x.com"));
}

#[tokio::test]
async fn a_key_gets_what_its_project_knows() {
    let server = TestServer::start().await;
    let (_, other) = server.project("other").await;
    let path = "/v1/customers/ada@x.com/export";
    assert_eq!(server.get(path).await.expect(404)["code"], "not_found");
    for (key, said) in [(&server.keys.secret, "ours"), (&other, "theirs")] {
        let body = json!({ "email": "ada@x.com", "user_id": said, "params": { "said": said } });
        server.call(key, "POST", "/v1/identify", body.to_string()).await.expect(200);
        let file = format!("email,status,said\nada@x.com,odd,{said}\n");
        server.call(key, "POST", &format!("/v1/imports?name={said}"), file).await.expect(200);
    }
    let store = &server.app.store;
    ignored::add(store, server.account, &"ada@x.com".parse().unwrap()).await.unwrap();
    for key in [&server.keys.secret, &server.keys.read] {
        let told = server.call(key, "GET", path, Body::empty()).await.expect(200);
        assert_eq!(
            (each(&told["relationships"], "user_id"), &told["ignored"]),
            (vec!["ours".into()], &json!([]))
        );
        assert_eq!(
            (each(&told["imports"], "file"), each(&told["changes"], "project")),
            (vec!["ours".into()], vec!["app".into()])
        );
        assert!(!told.to_string().contains("theirs"), "{told:#}");
    }
    let refused = server.call(&server.keys.publishable, "GET", path, Body::empty()).await;
    assert_eq!(refused.expect(403)["code"], "forbidden");
    let viewer = server.visitor(Role::Viewer).await;
    let file = viewer.get("/customers/ada@x.com/export").await;
    assert_eq!(
        each(&file.expect(200)["relationships"], "user_id"),
        ["ours", "theirs"],
        "members see the account"
    );
    assert_eq!(server.stranger().get("/customers/ada@x.com/export").await.status, 303);
}

/// The memory for it is that of its longest piece: a change of two megabytes at most.
#[tokio::test]
async fn a_long_history_comes_in_pieces() {
    let server = TestServer::start().await;
    for round in 0..12 {
        let keys = (0..13).map(|key| (format!("k{key}"), json!(format!("{round}{}", "x".repeat(60_000)))));
        let body = json!({ "email": "ada@x.com", "params": keys.collect::<serde_json::Map<_, _>>() });
        server.identify(body).await;
    }
    let mut pieces = server.unread("/v1/customers/ada@x.com/export").await.into_body().into_data_stream();
    let (mut all, mut longest) = (Vec::new(), 0);
    while let Some(piece) = pieces.next().await {
        let piece = piece.unwrap();
        longest = longest.max(piece.len());
        all.extend_from_slice(&piece);
    }
    assert!(all.len() > 15 << 20 && longest < 3 << 20, "{} in pieces of {longest}", all.len());
    let all: Value = serde_json::from_slice(&all).unwrap();
    assert_eq!(all["changes"].as_array().unwrap().len(), 12);
}
