//! Keys: their labels, and how one takes the place of another.

use jiff::SignedDuration;
use serde_json::json;
use server::{
    model::{KeyKind, Overlap, Role, Secret, now},
    store::key::{self, Found, Standing},
};

use crate::support::{server::TestServer, visitor::Visitor};

/// The key that a page shows this once.
fn shown(page: &str) -> String {
    let made = page.split(r#"<code id="made">"#).nth(1).expect("a key is shown");
    made.split('<').next().unwrap().to_owned()
}

/// The id of a key's row.
async fn id_of(server: &TestServer, secret: &str) -> key::KeyInfo {
    let visible = Secret::parse(secret).unwrap().visible();
    let keys = key::list(&server.app.store, server.account).await.unwrap();
    keys.into_iter().find(|key| key.prefix == visible).unwrap()
}

async fn rotate(visitor: &Visitor<'_>, secret: &str, overlap: &str) -> String {
    let old = id_of(visitor.server, secret).await;
    let page = visitor.post(&format!("/keys/{}/rotate", old.id), &format!("overlap={overlap}")).await;
    shown(&page.expect_page(200))
}

#[tokio::test]
async fn a_key_is_replaced_and_both_work_until_the_old_one_stops_by_itself() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let old = server.keys.secret.clone();
    let new = rotate(&admin, &old, "7d").await;
    for key in [&old, &new] {
        let body = json!({ "email": "ada@x.com" }).to_string();
        assert_eq!(server.call(key, "POST", "/v1/identify", body).await.status, 200);
    }
    let page = admin.get("/projects/app").await.expect_page(200);
    assert!(page.contains("stops <time") && page.contains(">in 7 days</time>"), "{page}");
    assert!(!page.contains(&new) && !page.contains(&old), "a key is shown once");
    let (before, after) = (id_of(&server, &old).await, id_of(&server, &new).await);
    assert_eq!((&before.label, before.kind), (&after.label, after.kind));
    server
        .db
        .client()
        .await
        .batch_execute(
            "update api_key set expires_at = now() - interval '1 hour' where expires_at is not null",
        )
        .await
        .unwrap();
    // What was found a moment ago is known for a second.
    tokio::time::sleep(std::time::Duration::from_millis(1_050)).await;
    let refused = server.call(&old, "GET", "/v1/projects", "").await.expect(401);
    let detail = refused["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("This key stopped on ") && detail.ends_with(" after it was rotated."),
        "{detail}"
    );
    assert_eq!(server.call(&new, "GET", "/v1/projects", "").await.status, 200);
    assert!(admin.get("/projects/app").await.text().contains("stopped <time"));
}

/// Also where the key has just been looked up, and is remembered.
#[tokio::test]
async fn a_key_stops_at_its_very_instant() {
    let server = TestServer::start().await;
    let store = &server.app.store;
    let secret = Secret::parse(&server.keys.secret).unwrap();
    let old = id_of(&server, &server.keys.secret).await;
    key::rotate(store, server.account, old.id, Overlap::Hour, now()).await.unwrap();
    let stops = id_of(&server, &server.keys.secret).await.expires_at.unwrap();
    let just_before = stops - SignedDuration::from_micros(1);
    for _ in 0..2 {
        let found = key::find(store, &secret, just_before).await.unwrap();
        assert_eq!(found.live().map(|key| key.id), Some(old.id));
        let found = key::find(store, &secret, stops).await.unwrap();
        assert!(matches!(found, Found::Stopped(at) if at == stops), "{found:?}");
    }
    let info = id_of(&server, &server.keys.secret).await;
    assert_eq!(
        (info.standing(just_before), info.standing(stops)),
        (Standing::Stops(stops), Standing::Stopped(stops))
    );
    key::revoke(store, server.account, old.id, now()).await.unwrap();
    assert!(
        matches!(key::find(store, &secret, just_before).await.unwrap(), Found::Nothing),
        "it is revoked at once"
    );
}

#[tokio::test]
async fn a_key_is_replaced_once_and_only_by_those_who_may() {
    let server = TestServer::start().await;
    let (viewer, admin) = (server.visitor(Role::Viewer).await, server.visitor(Role::Admin).await);
    let account = id_of(&server, &server.keys.account).await;
    let path = format!("/keys/{}/rotate", account.id);
    assert_eq!(viewer.post(&path, "overlap=1h").await.status, 403);
    assert_eq!(admin.post(&path, "overlap=2d").await.status, 422);
    let new = rotate(&admin, &server.keys.account, "1h").await;
    assert_eq!(id_of(&server, &new).await.kind, KeyKind::Account);
    // A form that is sent twice, as by a double click, makes one key, and shows it each time.
    let other = server.visitor(Role::Owner).await;
    assert_eq!(rotate(&admin, &server.keys.account, "1h").await, new);
    let again = other.post(&path, "overlap=1h").await;
    assert!(again.status == 409 && again.text().contains("was replaced already"), "{}", again.text());
    let read = id_of(&server, &server.keys.read).await;
    admin.post(&format!("/keys/{}/revoke", read.id), "next=%2Fprojects%2Fapp").await;
    let gone = admin.post(&format!("/keys/{}/rotate", read.id), "overlap=1h").await;
    assert!(gone.status == 409 && gone.text().contains("was revoked"), "{}", gone.text());
    assert_eq!(server.count("api_key").await, 5, "one more than there were");
}

#[tokio::test]
async fn a_label_is_set_and_it_is_said_that_it_was() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let key = id_of(&server, &server.keys.secret).await;
    let form = "label=+%3Cb%3Eproduction+&next=%2Fprojects%2Fapp%3Fsaved%3Drevoked";
    let to = admin.post(&format!("/keys/{}/label", key.id), form).await.header("location").to_owned();
    assert_eq!(to, "/projects/app?saved=label");
    let page = admin.get(&to).await.expect_page(200);
    assert!(page.contains("the key has this label from now on"), "{page}");
    assert!(page.contains("&#60;b&#62;production") && !page.contains("<b>production"), "{page}");
    let away = admin.post(&format!("/keys/{}/label", key.id), "label=x&next=%2F%2Fevil.example").await;
    assert_eq!(away.header("location"), "/?saved=label");
    let long = format!("label={}&next=/keys", "x".repeat(101));
    assert_eq!(admin.post(&format!("/keys/{}/label", key.id), &long).await.status, 422);
    assert!(!admin.get("/keys?saved=%3Cscript%3E").await.text().contains("class=\"done\""));
}
