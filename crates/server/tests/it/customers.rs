//! `/v1/customers`: one person by every name, with what the key may see and what was changed.

mod export;

use serde_json::{Value, json};

use crate::support::server::TestServer;

#[tokio::test]
async fn one_person_by_every_name() {
    let server = TestServer::start().await;
    server
        .identify(
            json!({ "email": "Ada@x.com", "user_id": "u 42/ü", "name": "Ada", "params": { "plan": "free" } }),
        )
        .await;
    let upgrade = json!({ "email": "ada@x.com", "status": "paid", "params": { "plan": "pro", "mrr": 29 } });
    let id = server.identify(upgrade).await["customer"].as_str().unwrap().to_owned();
    for who in [id.as_str(), "ada@x.com", "ADA%40X.com", "u%2042%2F%C3%BC"] {
        let person = server.get(&format!("/v1/customers/{who}")).await.expect(200);
        assert_eq!(
            (person["id"].as_str(), person["email"].as_str()),
            (Some(id.as_str()), Some("ada@x.com")),
            "{who}"
        );
    }
    let person = server.get("/v1/customers/ada@x.com").await.expect(200);
    assert_eq!(person["relationships"][0]["params"], json!({ "plan": "pro", "mrr": 29 }));
    assert_eq!(person["activity"][0]["days"].as_array().unwrap().len(), 1, "both calls were today");
    let changes = person["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[0]["fields"]["status"], json!({ "before": "free", "after": "paid" }));
    assert_eq!(changes[0]["params"]["plan"], json!({ "before": "free", "after": "pro" }));
    assert_eq!(changes[0]["params"]["mrr"], json!({ "after": 29 }));
    assert_eq!(person["next"], Value::Null);
    for who in ["nobody@x.com", "u43", "01890000-0000-7000-8000-000000000000", "%00", "a%27--"] {
        let answer = server.get(&format!("/v1/customers/{who}")).await;
        assert_eq!(answer.expect(404)["code"], "not_found", "{who}");
    }
}

/// A domain in letters and its punycode, composed or not, are one address; what an earlier version stored otherwise is
/// found and erased too.
#[tokio::test]
async fn an_address_is_one_in_every_form() {
    let server = TestServer::start().await;
    let mut ids = Vec::new();
    for email in ["José@MÜNCHEN.example", "jose\u{301}@xn--mnchen-3ya.example", "josé@mu\u{308}nchen.example"]
    {
        ids.push(server.identify(json!({ "email": email })).await["customer"].clone());
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    server.identify(json!({ "email": "राम@डाटामेल.भारत" })).await;
    let client = server.db.client().await;
    client
        .execute("update customer set email = 'josé@xn--mnchen-3ya.example' where email like 'jos%'", &[])
        .await
        .unwrap();
    for who in ["jos%C3%A9@m%C3%BCnchen.example", "jos%C3%A9@xn--mnchen-3ya.example"] {
        let person = server.get(&format!("/v1/customers/{who}")).await.expect(200);
        assert_eq!(person["id"], ids[0], "{who}");
    }
    for (filter, count) in [
        ("email = \"josé@münchen.example\"", 1),
        ("email = josé@xn--mnchen-3ya.example", 1),
        ("email in (\"jose\u{301}@MÜNCHEN.example\", x@y.com)", 1),
        ("domain = münchen.example", 1),
        ("domain != münchen.example", 1),
        ("domain = @xn--mnchen-3ya.example", 1),
        ("search राम", 1),
    ] {
        let body = json!({ "filter": filter, "select": ["count"], "engine": "sql" });
        let answer = server.post("/v1/query", body).await.expect(200);
        assert_eq!(answer["count"], count, "{filter}");
    }
    let email = server::model::Email::parse("josé@münchen.example").unwrap();
    server::store::erase::person(
        &server.app.store,
        server.account,
        &server::store::erase::Whom::Email(email),
    )
    .await
    .unwrap();
    assert_eq!(server.get("/v1/customers/jos%C3%A9@xn--mnchen-3ya.example").await.status, 404);
}

#[tokio::test]
async fn a_projects_key_sees_its_own_relationship_only() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com", "user_id": "same", "name": "Ada" })).await;
    let (_, other) = server.project("other").await;
    for email in ["ada@x.com", "grace@x.com"] {
        let user_id = if email == "grace@x.com" { "same" } else { "ada" };
        let body = json!({ "email": email, "user_id": user_id, "name": "Other", "params": { "theirs": 1 } });
        server.call(&other, "POST", "/v1/identify", body.to_string()).await.expect(200);
    }
    let own = server.get("/v1/customers/ada@x.com").await.expect(200);
    assert!(!own.to_string().contains("theirs") && own["name"] == "Ada", "{own}");
    assert_eq!(own["changes"].as_array().unwrap().len(), 1);
    assert_eq!(server.get("/v1/customers/grace@x.com").await.status, 404);
    let wide = server.call(&server.keys.account, "GET", "/v1/customers/ada@x.com", "").await.expect(200);
    assert_eq!((wide["relationships"].as_array().unwrap().len(), &wide["name"]), (2, &json!("Other")));
    let twice = server.call(&server.keys.account, "GET", "/v1/customers/same", "").await;
    assert_eq!(twice.expect(409)["code"], "conflict", "two products know two people by it");
}

#[tokio::test]
async fn the_timeline_has_pages() {
    let server = TestServer::start().await;
    for n in 0..60 {
        server.identify(json!({ "email": "ada@x.com", "params": { "n": n } })).await;
    }
    let first = server.get("/v1/customers/ada@x.com").await.expect(200);
    let cursor = first["next"].as_str().unwrap();
    let second = server.get(&format!("/v1/customers/ada@x.com?cursor={cursor}")).await.expect(200);
    let numbers = |page: &Value| -> Vec<u64> {
        page["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["params"]["n"]["after"].as_u64().unwrap())
            .collect()
    };
    let all: Vec<u64> = [numbers(&first), numbers(&second)].concat();
    assert_eq!(all, (0..60).rev().collect::<Vec<u64>>());
    let wrong = server.get("/v1/customers/ada@x.com?cursor=x").await.expect(422);
    assert_eq!(wrong["code"], "invalid_cursor");
}
