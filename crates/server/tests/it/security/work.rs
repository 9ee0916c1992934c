//! Work and memory have bounds that no call moves: what one caller sends does not make an answer to another one large.

use futures_util::StreamExt;
use serde_json::{Map, Value, json};
use server::{model::Role, store::log};

use crate::support::server::{Answer, TestServer};

/// So many keys of params.
fn keys(prefix: &str, count: usize) -> Map<String, Value> {
    (0..count).map(|n| (format!("{prefix}{n}"), json!(1))).collect()
}

async fn browser(server: &TestServer, path: &str, body: Value) -> Answer {
    server.call(&server.keys.publishable, "POST", path, body.to_string()).await
}

#[tokio::test]
async fn a_customer_of_many_paths_makes_no_page_long() {
    let server = TestServer::start().await;
    server.index_ready().await;
    let params = json!({ "flat": 1, "inside": keys("i", 20), "tags": vec!["x"; 20_000] });
    server.identify(json!({ "email": "ada@x.com", "params": params })).await;
    server.identify(json!({ "email": "ada@x.com", "params": keys("k", 20_000) })).await;
    server.identify(json!({ "email": "bob@x.com", "params": { "plan": "pro", "flat": 2 } })).await;
    server.identify(json!({ "email": "eve@x.com", "params": { "plan": "pro", "flat": 2 } })).await;
    let owner = server.visitor(Role::Owner).await;
    let page = owner.get("/customers").await.expect_page(200);
    assert!(page.matches("class=\"tick\"").count() <= 250, "columns and sums are the widest only");
    assert!(page.contains("<code>plan</code>"), "those that several customers have are among them");
    assert!(page.len() < 400_000, "{} bytes", page.len());
    let person = owner.get("/customers/ada@x.com").await.expect_page(200);
    assert_eq!(person.matches("<li data-depth").count(), 500);
    assert!(person.contains("19,523 more lines") && person.contains("19,950 other keys"), "{}", person.len());
    assert!(person.len() < 400_000, "{} bytes", person.len());
    let file = person.split("href=\"").find(|rest| rest.starts_with("/customers/export.ndjson")).unwrap();
    let file = file.split('"').next().unwrap().replace("&#38;", "&");
    assert_eq!(owner.get(&file).await.json()["params"]["k19999"], 1, "{file}");
    let help = owner.get("/customers/help?filter=k&at=1").await.expect_page(200);
    assert!(help.len() < 10_000, "{} bytes", help.len());
    let params = server.get("/v1/params").await.expect(200);
    assert_eq!(params["params"].as_array().unwrap().len(), 5_000);
    let table = server.get("/v1/export").await.text();
    assert!(table.lines().next().unwrap().split(',').count() < 220, "200 paths and the fields");
}

#[tokio::test]
async fn a_publishable_key_brings_few_new_paths_and_a_secret_one_any() {
    let server = TestServer::with_flags(&["--new-paths-per-publishable-key", "10"]).await;
    server.index_ready().await;
    server.identify(json!({ "email": "ada@x.com", "params": keys("known", 50) })).await;
    let call = |params: Map<String, Value>| json!({ "email": "bob@x.com", "params": params });
    let over = browser(&server, "/v1/identify", call(keys("k", 11))).await;
    assert!(over.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() <= 86_400);
    assert!(over.expect(429)["detail"].as_str().unwrap().contains("10 new keys"), "{}", over.text());
    assert_eq!(server.count("customer").await, 1, "nothing of it is stored");
    assert_eq!(browser(&server, "/v1/identify", call(keys("k", 10))).await.status, 202);
    let items: Vec<Value> = ["k", "known", "other"].map(|prefix| call(keys(prefix, 2))).into();
    let batch = browser(&server, "/v1/batch", Value::from(items)).await.expect(202);
    let fine = |place: usize| batch["results"][place]["ok"] == json!(true);
    assert!(fine(0) && fine(1), "what the project has, and what was brought, is taken: {batch}");
    assert_eq!(batch["results"][2]["code"], "too_many_requests");
    let bob = server.row(server.project.id, "bob@x.com").await.unwrap();
    assert_eq!(bob["params"].as_object().unwrap().len(), 12);
    assert_eq!(
        server.identify(call(keys("secret", 500))).await["ok"],
        true,
        "a secret key has no such limit"
    );
    assert_eq!(browser(&server, "/v1/identify", call(keys("secret", 9))).await.status, 202);
}

#[tokio::test]
async fn many_calls_on_a_long_set_enter_little_and_say_what_each_did() {
    let server = TestServer::start().await;
    let tags: Vec<String> = (0..20_000).map(|n| format!("t{n}")).collect();
    server.identify(json!({ "email": "ada@x.com", "params": { "tags": tags } })).await;
    let edit = |edit: &str, tag: String| json!({ "email": "ada@x.com", edit: { "tags": tag } });
    let add = (0..30).map(|n| edit("add", format!("new{n}")));
    let again = (0..30).map(|n| edit("add", format!("t{n}")));
    let gone = (0..30).map(|n| edit("remove", format!("t{n}")));
    let results = server.batch(add.chain(again).chain(gone).collect()).await;
    let changed: Vec<bool> = results.iter().map(|result| result["changed"] == true).collect();
    assert_eq!(changed, [[true; 30], [false; 30], [true; 30]].concat());
    let changes = server.changes("ada@x.com").await;
    assert_eq!(changes.len(), 61, "what altered nothing left nothing");
    let told: Vec<&Value> = changes.iter().flat_map(|change| change["params"].get("tags")).collect();
    for (before, after) in told.iter().zip(&told[1..]) {
        assert_eq!(before["after_large"], after["before_large"], "each begins where the last one ended");
    }
    let row = server.row(server.project.id, "ada@x.com").await.unwrap();
    let stored = row["params"]["tags"].as_array().unwrap();
    assert_eq!((&stored[0], &stored[19_999], stored.len()), (&json!("t30"), &json!("new29"), 20_000));
    assert_eq!(told[60]["after_large"]["bytes"], row["params"]["tags"].to_string().len());
    assert_eq!(log::check(&server.app.store, server.account).await.unwrap().differences, 0);
}

#[tokio::test]
async fn a_batch_of_heavy_changes_is_written_in_pieces() {
    let server = TestServer::start().await;
    let tags: Vec<String> = (0..6_000).map(|n| format!("t{n:05}")).collect();
    server.identify(json!({ "email": "ada@x.com", "params": { "tags": tags } })).await;
    // Each enters a hundred kilobytes: more together than are in memory at once.
    let items = (0..200)
        .map(|n| json!({ "email": "ada@x.com", "add": { "tags": n }, "set_once": { format!("k{n}"): n } }));
    let results = server.batch(items.collect()).await;
    assert!(results.iter().all(|result| result["changed"] == true));
    let row = server.row(server.project.id, "ada@x.com").await.unwrap();
    let stored = row["params"]["tags"].as_array().unwrap();
    assert_eq!((stored.len(), &stored[6_199]), (6_200, &json!(199)));
    assert_eq!(row["params"].as_object().unwrap().len(), 201);
    assert_eq!(server.changes("ada@x.com").await.len(), 201);
    assert_eq!(log::check(&server.app.store, server.account).await.unwrap().differences, 0);
}

#[tokio::test]
async fn a_hundred_thousand_faults_are_counted_and_few_are_told() {
    let server = TestServer::start().await;
    let item = |fields: usize| {
        let mut item = keys("unknown", fields);
        item.insert("email".to_owned(), json!("ada@x.com"));
        Value::Object(item)
    };
    let errors = |item: &Value| item["errors"].as_array().unwrap().len();
    let one = server.batch(json!([item(50_000)])).await;
    assert_eq!(one[0]["detail"], "50000 things are wrong with the call, the first are listed");
    assert_eq!(errors(&one[0]), 50);
    let many = browser(&server, "/v1/batch", Value::from(vec![item(20); 500])).await;
    let results = many.expect(202)["results"].take();
    let listed: Vec<usize> = results.as_array().unwrap().iter().map(errors).collect();
    assert_eq!((listed[0], listed[499], listed.iter().sum::<usize>()), (20, 1, 50 * 20 + 450));
    assert!(many.body.len() < 400_000, "{} bytes", many.body.len());
}

#[tokio::test]
async fn a_page_of_a_timeline_ends_with_the_change_that_makes_it_large() {
    let server = TestServer::start().await;
    let text = |n: usize, key: usize| format!("{n} {key} {}", "x".repeat(60_000));
    for n in 0..8 {
        let params: Map<String, Value> =
            (0..16).map(|key| (format!("k{key}"), json!(text(n, key)))).collect();
        server.identify(json!({ "email": "ada@x.com", "params": params })).await;
    }
    let (mut told, mut next) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/v1/customers/ada@x.com{next}")).await;
        assert!(page.body.len() < 6 << 20, "{} bytes", page.body.len());
        let page = page.expect(200);
        let changes = page["changes"].as_array().unwrap();
        told.extend(
            changes.iter().map(|change| change["params"]["k3"]["after"].as_str().unwrap()[..3].to_owned()),
        );
        let Some(cursor) = page["next"].as_str() else { break };
        assert!(changes.len() < 3, "two of them are more than a page");
        next = format!("?cursor={cursor}");
    }
    assert_eq!(told, (0..8).rev().map(|n| format!("{n} 3")).collect::<Vec<_>>());
    let owner = server.visitor(Role::Owner).await;
    let page = owner.get("/customers/ada@x.com").await.expect_page(200);
    assert!(page.contains("Older changes") && page.len() < 200_000, "{} bytes", page.len());
}

#[tokio::test]
async fn the_catalogue_of_long_values_ends_before_it_is_long() {
    let server = TestServer::start().await;
    server.index_ready().await;
    for n in 0..20 {
        let text = format!("{n:02}{}", "\u{1f984}".repeat(250));
        let params: Map<String, Value> = (0..400).map(|key| (format!("k{key:03}"), json!(text))).collect();
        server.identify(json!({ "email": format!("u{n}@x.com"), "params": params })).await;
    }
    let answer = server.get("/v1/params").await;
    assert!(answer.body.len() < 5 << 20, "{} bytes", answer.body.len());
    let params = answer.expect(200)["params"].take();
    let params = params.as_array().unwrap();
    assert!((150..300).contains(&params.len()), "{}", params.len());
    assert_eq!(
        (&params[0]["field"], params[0]["values"].as_array().unwrap().len()),
        (&json!("params.k000"), 20)
    );
}

#[tokio::test]
async fn an_export_comes_in_pieces_of_so_many_bytes_however_long_its_rows_are() {
    let server = TestServer::start().await;
    for n in 0..6 {
        let text = json!({ "text": "x".repeat(1_000_000), "n": n });
        server.identify(json!({ "email": format!("u{n}@x.com"), "params": text })).await;
    }
    for path in ["/v1/export", "/v1/export?format=ndjson"] {
        let pieces = server.unread(path).await.into_body().into_data_stream();
        let pieces: Vec<usize> = pieces.map(|piece| piece.unwrap().len()).collect().await;
        assert!(pieces.iter().sum::<usize>() > 6_000_000, "{pieces:?}");
        assert!(pieces.iter().all(|bytes| *bytes < 5 << 19), "{pieces:?}");
    }
}
