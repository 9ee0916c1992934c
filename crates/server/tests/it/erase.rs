//! Taking away: a relationship, a person, a test project's customers, a project; and moving a person by hand.

use serde_json::json;
use server::{
    model::{Email, Source, now},
    store::{
        Error,
        erase::{self, Whom},
        project, write,
    },
};

use crate::support::server::TestServer;

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

#[tokio::test]
async fn deleting_removes_one_projects_relationship_and_the_customer_with_the_last() {
    let server = TestServer::start().await;
    let (_, other) = server.project("other").await;
    let body = json!({ "email": "ada@x.com", "user_id": "u/1", "params": { "n": 1 } }).to_string();
    let ada = server.identify(serde_json::from_str(&body).unwrap()).await;
    server.call(&other, "POST", "/v1/identify", body).await.expect(200);
    let delete = async |key: &str, who: &str| {
        server.call(key, "DELETE", &format!("/v1/customers/{who}"), String::new()).await
    };
    for key in [&server.keys.read, &server.keys.account, &server.keys.publishable] {
        assert_eq!(delete(key, "ada@x.com").await.expect(403)["code"], "forbidden");
    }
    assert_eq!(delete(&server.keys.secret, "bob@x.com").await.expect(404)["code"], "not_found");
    let deleted = delete(&server.keys.secret, "u%2F1").await.expect(200);
    assert_eq!(deleted["version"], 5, "two projects, two customers, one of them gone");
    assert_eq!(
        (server.count("customer").await, server.count("change").await, server.count("activity").await),
        (1, 1, 1)
    );
    assert_eq!(delete(&server.keys.secret, "ada@x.com").await.status, 404, "gone from this project");
    delete(&other, ada["customer"].as_str().unwrap()).await.expect(200);
    assert_eq!((server.count("customer").await, server.count("relationship").await), (0, 0));
}

#[tokio::test]
async fn erasing_leaves_nothing_of_a_person() {
    let server = TestServer::start().await;
    let (_, other) = server.project("other").await;
    for key in [&server.keys.secret, &other] {
        for email in ["erika@gone.com", "ada@x.com"] {
            let body = json!({ "email": email, "name": "Erika Gone", "user_id": email, "params": { "phone": email } });
            server.call(key, "POST", "/v1/identify", body.to_string()).await.expect(200);
        }
    }
    let blocked = json!({ "email": "erika@gone.com", "params": { "phone": "x" } }).to_string();
    server.call(&server.keys.publishable, "POST", "/v1/identify", blocked).await.expect(202);
    let (_, version) =
        erase::person(&server.app.store, server.account, &Whom::Email(email("erika@gone.com")))
            .await
            .unwrap();
    let everything = format!(
        "{:?}{:?}",
        server.dump().await,
        server.query("select to_jsonb(i) from idempotency i", &[]).await
    );
    assert!(!everything.contains("erika@gone.com"));
    assert!(everything.contains("ada@x.com"));
    assert_eq!(
        (server.count("relationship").await, server.count("activity").await, server.count("refusal").await),
        (2, 2, 0)
    );
    let last = server.feed().await.pop().unwrap();
    assert_eq!(
        (last["version"].as_i64(), last["removed_customers"].as_array().unwrap().len()),
        (Some(version), 2)
    );
    let again = erase::person(&server.app.store, server.account, &Whom::Email(email("erika@gone.com"))).await;
    assert!(matches!(again, Err(Error::Missing(_))));
}

#[tokio::test]
async fn a_test_project_is_reset_and_a_live_one_is_not() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com" })).await;
    let live = erase::reset(&server.app.store, server.account, &server.project).await;
    assert!(matches!(live, Err(Error::Conflict(detail)) if detail.contains("not a test project")));
    let slug = "demo".parse().unwrap();
    let demo = project::create(&server.app.store, server.account, &slug, "Demo", true, now()).await.unwrap();
    let calls = (0..2500).map(|n| call(&format!("c{n}@x.com"))).collect();
    server.app.writer.submit(server.account, demo.id, Source::Import(None), calls, None).await.unwrap();
    let calls = vec![call("ada@x.com")];
    server.app.writer.submit(server.account, demo.id, Source::Import(None), calls, None).await.unwrap();
    assert_eq!(server.count("customer").await, 2501);
    assert_eq!(erase::reset(&server.app.store, server.account, &demo).await.unwrap(), 2501);
    assert_eq!(
        (server.count("customer").await, server.count("relationship").await),
        (1, 1),
        "ada is elsewhere too"
    );
    let removed: usize =
        server.feed().await.iter().map(|row| row["removed_customers"].as_array().unwrap().len()).sum();
    assert_eq!(removed, 2501);
    erase::project(&server.app.store, server.account, demo.id).await.unwrap();
    assert!(matches!(project::find(&server.app.store, server.account, &slug).await, Err(Error::Missing(_))));
}

#[tokio::test]
async fn calls_to_a_deleted_project_are_refused() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com" })).await;
    let key = server.keys.secret.clone();
    erase::project(&server.app.store, server.account, server.project.id).await.unwrap();
    let answer = server.call(&key, "POST", "/v1/identify", r#"{"email":"ada@x.com"}"#).await;
    assert!([401, 422].contains(&answer.status), "{}", answer.text());
    assert_eq!((server.count("customer").await, server.count("relationship").await), (0, 0));
}

#[tokio::test]
async fn a_person_moves_to_another_email_in_every_project() {
    let server = TestServer::start().await;
    let (other, key) = server.project("other").await;
    server.identify(json!({ "email": "old@x.com", "params": { "n": 1 } })).await;
    server.call(&key, "POST", "/v1/identify", r#"{"email":"old@x.com"}"#).await.expect(200);
    server.identify(json!({ "email": "taken@x.com" })).await;
    let store = &server.app.store;
    let go = async |old: &str, new: &str| {
        write::move_customer(store, server.account, &email(old), &email(new), Source::Import(None)).await
    };
    assert!(matches!(go("old@x.com", "taken@x.com").await, Err(Error::Conflict(_))));
    assert!(matches!(go("nobody@x.com", "x@x.com").await, Err(Error::Missing(_))));
    assert!(matches!(go("old@x.com", "old@x.com").await, Err(Error::Conflict(_))));
    go("old@x.com", "new@x.com").await.unwrap();
    assert_eq!(server.row(server.project.id, "new@x.com").await.unwrap()["params"], json!({ "n": 1 }));
    assert!(server.row(other.id, "new@x.com").await.is_some());
    assert_eq!(server.count("customer").await, 2);
    let changes = server.changes("new@x.com").await;
    let moved: Vec<_> = changes.iter().filter(|c| c["fields"]["email"]["before"] == "old@x.com").collect();
    assert_eq!((moved.len(), &moved[0]["source"]), (2, &json!("import")));
}

/// An `identify` that says only who.
fn call(address: &str) -> server::model::Call {
    let body = json!({ "email": address }).to_string();
    let terms = server::model::body::Terms { now: now(), publishable: false, live: true };
    server::model::body::identify(server::model::json::raw(body.as_bytes()).unwrap(), terms).unwrap()
}
