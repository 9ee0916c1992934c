//! Publishable keys: anybody may hold one, so it adds a little and learns nothing.

use serde_json::{Value, json};

use crate::support::server::{Answer, TestServer, request};

async fn browser(server: &TestServer, path: &str, body: Value) -> Answer {
    server.call(&server.keys.publishable, "POST", path, body.to_string()).await
}

#[tokio::test]
async fn the_answer_is_always_the_same() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com", "status": "paid", "params": { "plan": "pro" } })).await;
    // The fifth would make the params larger than a megabyte.
    let large =
        (0..5).map(|n| json!({ "email": "ada@x.com", "params": { format!("big{n}"): "x".repeat(240_000) } }));
    let bodies = [
        json!({ "email": "ada@x.com", "params": { "plan": "hacked", "theme": "dark" }, "status": "free" }),
        json!({ "email": "new@x.com", "params": { "theme": "dark" }, "set_once": { "source": "ad" } }),
        json!({ "email": "new@x.com", "params": { "theme": "dark" } }),
    ];
    for body in bodies.into_iter().chain(large) {
        let begin = std::time::Instant::now();
        assert_eq!(browser(&server, "/v1/identify", body).await.expect(202), json!({ "ok": true }));
        assert!(begin.elapsed() >= std::time::Duration::from_millis(50));
    }
    for email in ["ada@x.com", "stranger@x.com"] {
        assert_eq!(
            browser(&server, "/v1/ping", json!({ "email": email })).await.expect(202),
            json!({ "ok": true })
        );
    }
    let ada = server.row(server.project.id, "ada@x.com").await.unwrap();
    assert_eq!(
        (&ada["status"], &ada["params"]["plan"], &ada["params"]["theme"]),
        (&json!("paid"), &json!("pro"), &json!("dark"))
    );
    assert!(ada["params"].get("big3").is_some() && ada["params"].get("big4").is_none());
    let new = server.row(server.project.id, "new@x.com").await.unwrap();
    assert_eq!(
        (&new["status"], &new["params"]),
        (&json!("free"), &json!({ "theme": "dark", "source": "ad" }))
    );
    let refusals = server.query("select to_jsonb(key) from refusal order by key", &[]).await;
    assert_eq!(refusals, [json!("params"), json!("params.plan"), json!("status")]);
}

#[tokio::test]
async fn what_the_request_alone_shows_is_said() {
    let server = TestServer::start().await;
    let wrong = browser(
        &server,
        "/v1/identify",
        json!({ "email": "ada@x.com", "name": "A", "user_id": "u", "status": "paid" }),
    )
    .await;
    let pointers: Vec<Value> =
        wrong.expect(422)["errors"].as_array().unwrap().iter().map(|e| e["pointer"].clone()).collect();
    assert_eq!(Value::from(pointers), json!(["/name", "/user_id", "/status"]));
    assert_eq!(browser(&server, "/v1/identify", json!({ "email": "x" })).await.status, 422);
    assert_eq!(server.count("customer").await, 0);
}

#[tokio::test]
async fn a_batch_says_only_what_its_items_show() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com", "params": { "plan": "pro" } })).await;
    let items = json!({ "items": [{ "email": "ada@x.com", "params": { "plan": "x" } }, { "email": "b@x.com", "name": "B" }, { "email": "c@x.com" }] });
    let answer = browser(&server, "/v1/batch", items).await.expect(202);
    assert_eq!(
        (&answer["results"][0], &answer["results"][2]),
        (&json!({ "ok": true }), &json!({ "ok": true }))
    );
    assert_eq!(answer["results"][1]["errors"][0]["pointer"], "/name");
    assert_eq!(answer.get("version"), None);
    assert!(server.row(server.project.id, "c@x.com").await.is_some());
    assert!(server.row(server.project.id, "b@x.com").await.is_none());
}

#[tokio::test]
async fn the_secret_key_closes_a_key_and_unset_opens_it() {
    let server = TestServer::start().await;
    let theme = async |value: &str| {
        browser(&server, "/v1/identify", json!({ "email": "a@x.com", "params": { "theme": value } }))
            .await
            .expect(202);
        server.row(server.project.id, "a@x.com").await.unwrap()["params"]["theme"].clone()
    };
    assert_eq!((theme("dark").await, theme("light").await), (json!("dark"), json!("light")));
    server.identify(json!({ "email": "a@x.com", "params": { "theme": "light" } })).await;
    assert_eq!(theme("dark").await, "light");
    server.identify(json!({ "email": "a@x.com", "unset": ["theme"] })).await;
    assert_eq!(theme("dark").await, "dark");
}

#[tokio::test]
async fn browsers_may_call_from_anywhere_with_or_without_asking() {
    let server = TestServer::start().await;
    let ask = request("OPTIONS", "/v1/identify")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type");
    let answer = server.send(ask.body(String::new().into()).unwrap()).await;
    assert_eq!((answer.status, &answer.headers["access-control-allow-origin"]), (200, &"*".parse().unwrap()));
    let send = async |key: &str, kind: &str| {
        let request = axum::http::Request::builder()
            .method("POST")
            .uri("/v1/identify")
            .header("origin", "https://app.example")
            .header("content-type", kind)
            .header("authorization", format!("Bearer {key}"));
        server.send(request.body(r#"{"email":"a@x.com"}"#.into()).unwrap()).await
    };
    let answer = send(&server.keys.publishable, "text/plain;charset=UTF-8").await;
    assert_eq!((answer.status, &answer.headers["access-control-allow-origin"]), (202, &"*".parse().unwrap()));
    assert_eq!(send(&server.keys.secret, "text/plain").await.expect(415)["code"], "unsupported_media_type");
    assert_eq!(send(&server.keys.secret, "application/x-www-form-urlencoded").await.status, 415);
    assert_eq!(send(&server.keys.secret, "application/json; charset=utf-8").await.status, 200);
}

#[tokio::test]
async fn it_reads_nothing() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com" })).await;
    for path in [
        "/v1/projects",
        "/v1/customers/ada@x.com",
        "/v1/params",
        "/v1/query?filter=x",
        "/v1/export",
        "/v1/segments",
    ] {
        let answer = server.call(&server.keys.publishable, "GET", path, String::new()).await;
        assert!([403, 404].contains(&answer.status), "{path}: {}", answer.text());
    }
    let answer =
        server.call(&server.keys.publishable, "DELETE", "/v1/customers/ada@x.com", String::new()).await;
    assert!([403, 404, 405].contains(&answer.status), "{}", answer.text());
    assert_eq!(server.count("customer").await, 1);
}
