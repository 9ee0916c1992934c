//! Before a merge is final: what it would come to, how it is taken back, and what ends that.

use serde_json::{Value, json};
use server::store::{
    Error,
    erase::{self, Whom},
    sweep, write,
};

use super::email;
use crate::support::server::TestServer;

#[tokio::test]
async fn a_preview_says_it_and_writes_nothing() {
    let server = TestServer::start().await;
    server.two_who_are_one().await;
    let before = (server.dump().await, server.count("feed").await);
    let preview = server.previewed("ada@login.com", "billing@ada.com").await.unwrap();
    assert_eq!((server.dump().await, server.count("feed").await), before);
    let done = server.merge("ada@login.com", "billing@ada.com").await.unwrap();
    let shown = |merge: &write::Merge| -> Vec<String> {
        merge
            .parts
            .iter()
            .map(|part| {
                format!("{} {:?} {:?} {:?}", part.both, part.row.params, part.row.status, part.of_other)
            })
            .collect()
    };
    assert_eq!(shown(&preview), shown(&done));
    let differences: Vec<_> = preview.parts[0]
        .of_other
        .iter()
        .map(|one| (one.name.as_str(), one.before.clone(), one.after.clone()))
        .collect();
    let both = |before: &str, after: &str| (Some(json!(before)), Some(json!(after)));
    let named = |name, (before, after): (Option<Value>, Option<Value>)| (name, before, after);
    assert_eq!(
        differences,
        [
            named("status", both("free", "paid")),
            named("name", both("Ada", "Ada Ltd")),
            named("user_id", both("u1", "cus_9")),
            named("params.mrr", (None, Some(json!(19.90)))),
            named("params.plan", (Some(json!("free")), None)),
        ]
    );
}

#[tokio::test]
async fn an_undone_merge_leaves_both_as_they_were() {
    let server = TestServer::start().await;
    server.two_who_are_one().await;
    server
        .identify(
            json!({ "email": "third@x.com", "user_id": "u3", "params": { "big": "x".repeat(100_000) } }),
        )
        .await;
    server.merge("billing@ada.com", "third@x.com").await.unwrap();
    let before = server.known().await;
    server.merge("ada@login.com", "billing@ada.com").await.unwrap();
    assert_eq!(server.person("third@x.com").await["aliases"], json!(["billing@ada.com", "third@x.com"]));
    assert_eq!(server.undo("billing@ada.com").await.unwrap(), "ada@login.com");
    assert_eq!(server.known().await, before);
    assert_eq!(server.emails("").await, ["ada@login.com", "billing@ada.com"]);
    assert!(matches!(server.undo("billing@ada.com").await, Err(Error::Conflict(_))), "it is undone");
    assert!(matches!(server.undo("third@x.com").await, Err(Error::Conflict(_))), "that was touched");
    server.merge("billing@ada.com", "ada@login.com").await.unwrap();
    assert_eq!(server.undo("ada@login.com").await.unwrap(), "billing@ada.com");
    assert_eq!(server.known().await, before);
}

#[tokio::test]
async fn what_touches_the_person_ends_the_undoing() {
    for (project, path, body, ends) in [
        ("shop", "/v1/ping", json!({ "email": "billing@ada.com" }), true),
        ("app", "/v1/identify", json!({ "user_id": "u1", "params": { "n": 1 } }), true),
        ("fresh", "/v1/identify", json!({ "email": "billing@ada.com" }), true),
        // The other never was there.
        ("news", "/v1/identify", json!({ "email": "ada@login.com", "params": { "n": 1 } }), false),
        ("app", "/v1/identify", json!({ "email": "somebody@else.com" }), false),
    ] {
        let server = TestServer::start().await;
        let (shop, news) = server.two_who_are_one().await;
        let (_, fresh) = server.project("fresh").await;
        server.merge("ada@login.com", "billing@ada.com").await.unwrap();
        let sweep = async || {
            sweep::expired(&server.app.store, &[server.account], server::model::now()).await.unwrap();
            server.count("merged").await
        };
        assert_eq!(sweep().await, 1);
        let key = match project {
            "shop" => &shop,
            "news" => &news,
            "fresh" => &fresh,
            _ => &server.keys.secret,
        };
        server.call(key, "POST", path, body.to_string()).await.expect(200);
        let (undone, case) = (server.undo("billing@ada.com").await, format!("{project}: {body}"));
        assert_eq!(matches!(undone, Err(Error::Conflict(_))), ends, "{case}: {undone:?}");
        assert_eq!(sweep().await, 0, "{case}: what cannot be undone is not kept");
    }
}

#[tokio::test]
async fn erasing_takes_aliases_and_what_was_kept_along() {
    let server = TestServer::start().await;
    server.two_who_are_one().await;
    server.merge("ada@login.com", "billing@ada.com").await.unwrap();
    erase::person(&server.app.store, server.account, &Whom::Email(email("billing@ada.com"))).await.unwrap();
    for table in ["customer", "relationship", "change", "activity", "refusal", "user_alias", "merged", "note"]
    {
        assert_eq!(server.count(table).await, 0, "{table}");
    }
    let again = server.identify(json!({ "email": "billing@ada.com" })).await;
    assert_eq!(again["created"], true, "an alias brings nobody back");
    assert_eq!(server.person("billing@ada.com").await["aliases"], json!([]));
}

#[tokio::test]
async fn erasing_by_the_id_of_an_alias_erases_the_person() {
    let server = TestServer::start().await;
    server.two_who_are_one().await;
    let (_, alias) = server.two("ada@login.com", "billing@ada.com").await.unwrap();
    server.merge("ada@login.com", "billing@ada.com").await.unwrap();
    erase::customer(&server.app.store, server.account, alias).await.unwrap();
    assert_eq!((server.count("customer").await, server.count("relationship").await), (0, 0));
}

#[tokio::test]
async fn deleting_from_a_project_forgets_what_was_kept_of_it() {
    let server = TestServer::start().await;
    server.two_who_are_one().await;
    server.merge("ada@login.com", "billing@ada.com").await.unwrap();
    server.call(&server.keys.secret, "DELETE", "/v1/customers/billing@ada.com", "").await.expect(200);
    let kept = server.query("select to_jsonb(t) from merged t", &[]).await;
    assert!(kept.is_empty() && server.count("user_alias").await == 0);
    assert_eq!(server.person("billing@ada.com").await["email"], "ada@login.com", "the person is elsewhere");
}
