//! Addresses and domains that do not count: answered, stored nowhere, offered for erasure.

use serde_json::{Value, json};
use server::{
    model::Pattern,
    store::{
        Error, erase,
        ignored::{self, Entry},
        query,
    },
};

use crate::support::server::TestServer;

fn pattern(text: &str) -> Pattern {
    text.parse().unwrap()
}

impl TestServer {
    async fn ignore(&self, text: &str) {
        ignored::add(&self.app.store, self.account, &pattern(text)).await.unwrap();
    }

    async fn stop_ignoring(&self, text: &str) -> Result<(), Error> {
        ignored::remove(&self.app.store, self.account, &pattern(text)).await
    }

    /// What is ignored, and how many are there already.
    async fn ignored(&self) -> Vec<(String, u64)> {
        let all = ignored::list(&self.app.store, self.account).await.unwrap();
        all.into_iter().map(|Entry { pattern, customers, .. }| (pattern.to_string(), customers)).collect()
    }
}

#[tokio::test]
async fn what_is_ignored_is_answered_and_stored_nowhere() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com", "user_id": "u1" })).await;
    let before = server.dump().await;
    for text in ["@my-company.com", "*.my-company.com", "test@x.com"] {
        server.ignore(text).await;
    }
    for (email, is) in [
        ("me@my-company.com", true),
        ("ME@My-Company.COM", true),
        ("me@dev.my-company.com", true),
        ("test@x.com", true),
        ("me@notmy-company.com", false),
    ] {
        let call = json!({ "email": email, "status": "paid", "params": { "n": 1 } });
        let answer = server.identify(call.clone()).await;
        let is = if is { json!(true) } else { Value::Null };
        assert_eq!((&answer["ok"], &answer["ignored"]), (&json!(true), &is), "{email}");
        assert!(answer["version"].is_i64());
        assert_eq!(server.ping(json!({ "email": email })).await["ignored"], is, "{email}");
        let results = server.batch(json!([call, { "type": "ping", "email": email }])).await;
        assert!(results.iter().all(|result| result["ok"] == true && result["ignored"] == is), "{results:?}");
    }
    server.call(&server.keys.secret, "DELETE", "/v1/customers/me@notmy-company.com", "").await.expect(200);
    assert_eq!(server.dump().await, before);
}

#[tokio::test]
async fn a_known_person_is_ignored_by_the_address_that_a_call_gives_or_that_they_have() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "me@my-company.com", "user_id": "me" })).await;
    server.identify(json!({ "email": "ada@x.com", "user_id": "ada" })).await;
    server.ignore("@my-company.com").await;
    let before = server.dump().await;
    for call in [
        json!({ "user_id": "me", "params": { "n": 1 } }),
        json!({ "email": "me@my-company.com", "params": { "n": 1 } }),
        json!({ "user_id": "ada", "email": "ada@my-company.com" }),
    ] {
        assert_eq!(server.identify(call.clone()).await["ignored"], true, "{call}");
    }
    assert_eq!(server.ping(json!({ "user_id": "me" })).await["ignored"], true);
    assert_eq!(server.dump().await, before);
    let moved = server.identify(json!({ "user_id": "me", "email": "me@home.com" })).await;
    assert_eq!((&moved["ignored"], &moved["changed"]), (&Value::Null, &json!(true)), "they have another now");
}

#[tokio::test]
async fn a_browser_learns_nothing_of_it() {
    let server = TestServer::start().await;
    server.ignore("@my-company.com").await;
    let tell = async |email: &str| {
        let answer = server
            .call(&server.keys.publishable, "POST", "/v1/identify", json!({ "email": email }).to_string())
            .await;
        (answer.status, answer.text())
    };
    assert_eq!(tell("me@my-company.com").await, tell("ada@x.com").await);
    assert_eq!(server.count("customer").await, 1);
}

#[tokio::test]
async fn a_request_sent_again_is_answered_as_before() {
    let server = TestServer::start().await;
    server.ignore("@my-company.com").await;
    let send = async || {
        let body = json!({ "email": "me@my-company.com" });
        server.post_once("once", "/v1/identify", &body).await.expect(200)
    };
    let first = send().await;
    assert_eq!((first["ignored"] == true, send().await), (true, first));
}

#[tokio::test]
async fn the_list_holds_for_the_next_call_of_every_process() {
    let server = TestServer::start().await;
    // Another process has its own store, with what that has kept.
    let other = server.db.store();
    for _ in 0..3 {
        ignored::add(&other, server.account, &pattern("@x.com")).await.unwrap();
        assert_eq!(server.identify(json!({ "email": "ada@x.com" })).await["ignored"], true);
        ignored::remove(&other, server.account, &pattern("@x.com")).await.unwrap();
        assert_eq!(server.identify(json!({ "email": "ada@x.com" })).await["ignored"], Value::Null);
    }
}

#[tokio::test]
async fn those_who_were_there_are_counted_and_erased_when_that_is_asked_for() {
    for server in [TestServer::start().await, TestServer::without_index().await] {
        count_and_erase(&server).await;
    }
}

async fn count_and_erase(server: &TestServer) {
    let (_, other) = server.test_project("other").await;
    for email in ["a@y.com", "b@y.com", "a@sub.y.com", "a@my.com", "test@x.com", "a@münchen.de"] {
        for key in [&server.keys.secret, &other] {
            server.call(key, "POST", "/v1/identify", json!({ "email": email }).to_string()).await.expect(200);
        }
    }
    // As earlier versions stored it.
    let older = "update customer set email = 'a@xn--mnchen-3ya.de' where email = 'a@münchen.de' returning to_jsonb(email)";
    assert_eq!(server.query(older, &[]).await.len(), 1);
    for text in ["test@x.com", "*.y.com", "@y.com", "@nobody.com", "münchen.de"] {
        server.ignore(text).await;
    }
    server.app.store.index_ready(server.account).await;
    let told = [("@münchen.de", 1), ("@nobody.com", 0), ("test@x.com", 1), ("@*.y.com", 1), ("@y.com", 2)];
    assert_eq!(server.ignored().await, told.map(|(text, count)| (text.to_owned(), count)));
    assert_eq!(server.count("customer").await, 6, "nobody goes without a word");
    let erase = async |text: &str| erase::ignored(&server.app.store, server.account, &pattern(text)).await;
    let missing = erase("@my.com").await;
    assert!(matches!(missing, Err(query::Error::Store(Error::Missing(_)))), "it is not on the list");
    for (text, count) in [("@y.com", 2), ("*.y.com", 1), ("test@x.com", 1), ("@münchen.de", 1)] {
        assert_eq!(erase(text).await.unwrap(), count, "{text}");
    }
    assert_eq!((server.count("customer").await, server.count("relationship").await), (1, 2));
    assert!(server.ignored().await.iter().all(|(_, count)| *count == 0));
    assert!(matches!(server.stop_ignoring("@my.com").await, Err(Error::Missing(_))));
    server.stop_ignoring("@y.com").await.unwrap();
    assert_eq!(server.identify(json!({ "email": "a@y.com" })).await["created"], true);
}

#[tokio::test]
async fn an_import_counts_them() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "known@x.com" })).await;
    server.identify(json!({ "email": "boss@my-company.com", "user_id": "7" })).await;
    server.ignore("@my-company.com").await;
    let file = "email,user_id,plan\nnew@x.com,,pro\nme@my-company.com,,pro\nknown@x.com,,pro\n,7,pro\n";
    for dry in ["?dry_run=true", ""] {
        let path = format!("/v1/imports{dry}");
        let report = server.call(&server.keys.secret, "POST", &path, file).await.expect(200);
        let counts =
            ["new", "updated", "ignored", "rejected", "done"].map(|name| report[name].as_u64().unwrap());
        assert_eq!(counts, [1, 1, 2, 0, 4], "{report}");
    }
    assert_eq!(server.count("customer").await, 3);
}
