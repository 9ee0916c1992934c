//! What members note of a person, and where that goes when the person does.

use axum::body::Body;
use serde_json::{Value, json};
use server::{
    model::{Email, Role, Source},
    store::{member, session, write},
};

use super::customer::read;
use crate::support::{server::TestServer, visitor::Visitor};

impl TestServer {
    /// The texts of the notes that the export of a person has, for a key.
    async fn noted(&self, key: &str, who: &str) -> Vec<Value> {
        let path = format!("/v1/customers/{who}/export");
        let all = self.call(key, "GET", &path, Body::empty()).await.expect(200);
        all["notes"].as_array().unwrap().iter().map(|note| note["text"].clone()).collect()
    }

    async fn note_ids(&self) -> Vec<String> {
        let all = self.query("select to_jsonb(id) from note order by at, id", &[]).await;
        all.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// Another admin.
    async fn second_admin(&self) -> Visitor<'_> {
        let member = self.member("second@example.com", Role::Admin).await;
        let token = session::begin(&self.app.store, &member, server::model::now()).await.unwrap().unwrap();
        Visitor { server: self, cookie: format!("tinycrm={token}") }
    }
}

#[tokio::test]
async fn notes_are_written_read_edited_and_taken_away() {
    let server = TestServer::start().await;
    let (admin, viewer) = (server.visitor(Role::Admin).await, server.visitor(Role::Viewer).await);
    let second = server.second_admin().await;
    let eve = server.foreigner().await;
    let ada = server.customer("ada@x.com", "2024-01-01", json!({})).await;
    let page = format!("/customers/{ada}");
    let added = admin.post(&format!("{page}/notes"), "text=Met+in+Lisbon%0D%0A%3Cb%3Ebold%3C%2Fb%3E").await;
    assert_eq!((added.status, added.header("location")), (303, format!("{page}#notes").as_str()));
    admin.post(&format!("{page}/notes"), "text=Second").await;
    let text = viewer.get(&page).await.expect_page(200);
    assert!(!text.contains("<b>bold"), "{text}");
    let said = read(&text);
    let (first, last) = (said.find("Met in Lisbon").unwrap(), said.find("Second").unwrap());
    assert!(last < first && said.contains("admin@example.com"), "the newest stands first: {said}");
    assert!(!text.contains("/notes"), "a viewer is offered nothing: {text}");

    let ids = server.note_ids().await;
    let note = format!("/notes/{}", ids[0]);
    for (who, path, status) in [
        (&viewer, format!("{page}/notes"), 403),
        (&viewer, note.clone(), 403),
        (&viewer, format!("{note}/delete"), 403),
        (&eve, format!("{page}/notes"), 404),
        (&eve, note.clone(), 404),
        (&eve, format!("{note}/delete"), 404),
        (&second, note.clone(), 404),
        (&admin, note.clone(), 303),
        (&second, format!("/notes/{}/delete", ids[1]), 303),
    ] {
        assert_eq!(who.post(&path, "text=Met+in+Porto").await.status, status, "{path}");
    }
    let said = read(&admin.get(&page).await.text());
    assert!(said.contains("Met in Porto") && said.contains("edited"), "{said}");
    assert!(!said.contains("Lisbon") && !said.contains("Second"), "{said}");
    for (text, status) in
        [("", 422), ("+%0A", 422), ("a%00", 422), (&"x".repeat(10_001), 422), (&"x".repeat(10_000), 303)]
    {
        assert_eq!(admin.post(&format!("{page}/notes"), &format!("text={text}")).await.status, status);
    }
    let owner = Email::parse("admin@example.com").unwrap();
    let left = member::list(&server.app.store, server.account).await.unwrap();
    let left = left.into_iter().find(|one| one.email == owner.as_str()).unwrap();
    member::remove(&server.app.store, server.account, left.id).await.unwrap();
    assert!(read(&viewer.get(&page).await.text()).contains("a member who has left"));
}

#[tokio::test]
async fn notes_go_where_the_person_goes() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let ada = server.customer("ada@x.com", "2024-01-01", json!({ "user_id": "u1" })).await;
    let bill = server.customer("bill@x.com", "2024-01-01", json!({})).await;
    for (who, text) in [(&ada, "of+Ada"), (&bill, "of+Bill")] {
        admin.post(&format!("/customers/{who}/notes"), &format!("text={text}")).await;
    }
    let key = &server.keys.account;
    let (keep, other) = (ada.parse().unwrap(), bill.parse().unwrap());
    write::merge_customers(&server.app.store, server.account, keep, other, Source::Import(None))
        .await
        .unwrap();
    assert_eq!(server.noted(key, "ada@x.com").await, ["of Ada", "of Bill"]);
    assert!(server.noted(&server.keys.secret, "ada@x.com").await.is_empty(), "a project's key sees none");
    // By the id of the alias, and written anew meanwhile.
    admin.post(&format!("/customers/{bill}/notes"), "text=of+both").await;
    admin.post(&format!("/notes/{}", server.note_ids().await[1]), "text=of+Bill+still").await;
    write::undo_merge(&server.app.store, server.account, "bill@x.com").await.unwrap();
    assert_eq!(server.noted(key, "ada@x.com").await, ["of Ada", "of both"]);
    assert_eq!(server.noted(key, "bill@x.com").await, ["of Bill still"]);

    // Another address, told by the app, then by hand.
    server.identify(json!({ "user_id": "u1", "email": "ada@new.com" })).await;
    assert_eq!(server.noted(key, "ada@new.com").await, ["of Ada", "of both"]);
    let [old, new] = ["ada@new.com", "ada@newer.com"].map(|email| Email::parse(email).unwrap());
    write::move_customer(&server.app.store, server.account, &old, &new, Source::Import(None)).await.unwrap();
    assert_eq!(server.noted(key, "ada@newer.com").await, ["of Ada", "of both"]);

    for who in ["ada@newer.com", "bill@x.com"] {
        let id = server.person(who).await["id"].as_str().unwrap().to_owned();
        admin.post(&format!("/customers/{id}/erase"), "").await;
    }
    assert_eq!(server.count("note").await, 0);
}
