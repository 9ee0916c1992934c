//! The addresses that became aliases, to whoever reads: in exports, by keys, in questions.

use serde_json::{Value, json};
use server::store::{View, customer};

use crate::support::server::TestServer;

#[tokio::test]
async fn an_export_tells_aliases_and_comes_back() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "a@x.com", "params": { "plan": "pro" } })).await;
    server.identify(json!({ "email": "b@x.com" })).await;
    server.identify(json!({ "email": "c@x.com" })).await;
    server.merge("a@x.com", "b@x.com").await.unwrap();
    for (key, format) in
        [(&server.keys.account, "ndjson"), (&server.keys.secret, "ndjson"), (&server.keys.secret, "csv")]
    {
        let path = format!("/v1/export?format={format}");
        let file = server.call(key, "GET", &path, "").await;
        let lines: Vec<Value> =
            file.text().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let aliases: Vec<&Value> = lines.iter().filter_map(|line| line.get("aliases")).collect();
        assert_eq!(aliases.len(), usize::from(format == "ndjson"), "{}", file.text());
        assert!(aliases.into_iter().all(|told| *told == json!(["b@x.com"])));
        let before = server.dump().await;
        let path = format!("/v1/imports?name=customers.{format}");
        let report = server.call(&server.keys.secret, "POST", &path, file.text()).await.expect(200);
        assert_eq!((&report["unchanged"], &report["rejected"]), (&json!(2), &json!(0)), "{report}");
        assert_eq!(server.dump().await, before);
    }
    // What was exported before the merge finds the person too.
    let old = server
        .call(&server.keys.secret, "POST", "/v1/imports?name=old.csv", "email,plan\nb@x.com,max\n")
        .await;
    assert_eq!(old.expect(200)["updated"], 1);
    assert_eq!(server.row(server.project.id, "a@x.com").await.unwrap()["params"], json!({ "plan": "max" }));
}

#[tokio::test]
async fn a_project_sees_no_alias_that_it_was_not_told() {
    let server = TestServer::start().await;
    let (_, news) = server.two_who_are_one().await;
    server.merge("ada@login.com", "billing@ada.com").await.unwrap();
    let seen = server.call(&news, "GET", "/v1/customers/ada@login.com", "").await.expect(200);
    assert_eq!(seen["aliases"], json!([]));
    let view = View::account(server.account);
    let id = customer::find(&server.app.store, &view, "cus_9").await.unwrap();
    let person = customer::load(&server.app.store, &view, id).await.unwrap();
    assert_eq!(person.aliases, ["billing@ada.com"]);
}

/// A filter asks for the address that a customer has, so one that they had finds nobody: it says whose it is now.
#[tokio::test]
async fn a_question_for_an_alias_is_told_whose_it_is() {
    let server = TestServer::start().await;
    let (_, news) = server.project("news").await;
    for (key, who) in [
        (&server.keys.secret, "billing@ada.com"),
        (&server.keys.secret, "ada@login.com"),
        (&news, "ada@login.com"),
    ] {
        server.call(key, "POST", "/v1/identify", json!({ "email": who }).to_string()).await.expect(200);
    }
    server.merge("ada@login.com", "billing@ada.com").await.unwrap();
    let asked = async |key: &str, filter: &str, engine: &str| {
        let body = json!({ "filter": filter, "select": ["count"], "engine": engine }).to_string();
        let answer = server.call(key, "POST", "/v1/query", body).await.expect(200);
        (answer["count"].clone(), answer["warnings"].clone())
    };
    let (found, mended) = ("email = \"ada@login.com\"", "\"ada@login.com\"");
    for (filter, words, fix) in [
        ("email = billing@ada.com", "billing@ada.com", mended),
        ("email = \" Billing@Ada.com\"", "\" Billing@Ada.com\"", mended),
        ("email in (x@y.zz, billing@ada.com)", "billing@ada.com", mended),
        ("email contains billing@ada.com", "email contains billing@ada.com", found),
        ("billing@ada.com", "billing@ada.com", found),
        ("search \"billing@ada.com\"", "search \"billing@ada.com\"", found),
        ("status = free and (name exists or billing@ada.com)", "billing@ada.com", found),
        ("in project news where (email = billing@ada.com)", "billing@ada.com", mended),
    ] {
        for engine in ["index", "sql"] {
            let (count, warnings) = asked(&server.keys.account, filter, engine).await;
            let warning = &warnings[0];
            assert_eq!((&count, warnings.as_array().unwrap().len()), (&json!(0), 1), "{filter}: {warnings}");
            assert_eq!(warning["code"], "is_alias", "{filter}");
            assert_eq!(
                warning["detail"], "the address billing@ada.com is an alias of ada@login.com",
                "{filter}"
            );
            let end = |side: &str| warning["span"][side].as_u64().unwrap() as usize;
            let (start, end) = (end("start"), end("end"));
            assert_eq!((&filter[start..end], &warning["fix"]), (words, &json!(fix)), "{filter}");
            let fixed = format!("{}{fix}{}", &filter[..start], &filter[end..]);
            let (count, warnings) = asked(&server.keys.account, &fixed, engine).await;
            assert_eq!((count, warnings), (json!(1), json!([])), "{fixed}");
        }
    }
    for silent in [
        "not email = billing@ada.com",
        "email != billing@ada.com",
        "name = \"billing@ada.com\"",
        "billing",
        // Somebody was found, so nothing is odd.
        "email in (billing@ada.com, ada@login.com)",
    ] {
        let (_, warnings) = asked(&server.keys.account, silent, "index").await;
        let codes: Vec<&Value> =
            warnings.as_array().unwrap().iter().map(|warning| &warning["code"]).collect();
        assert!(!codes.contains(&&json!("is_alias")), "{silent}: {warnings}");
    }
    // A project's key learns what its project was told, and no more.
    let own = asked(&server.keys.secret, "email = billing@ada.com", "index").await;
    assert_eq!(own.1[0]["code"], "is_alias", "both were in it: {}", own.1);
    assert_eq!(
        asked(&news, "email = billing@ada.com", "index").await.1,
        json!([]),
        "the other never was in it"
    );
}

/// The index has the answer; Postgres is only asked whose address it is.
#[tokio::test]
async fn whose_alias_it_is_may_fail_and_the_answer_stands() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@login.com" })).await;
    server.index_ready().await;
    let client = server.db.client().await;
    client.batch_execute("alter table customer rename column alias_of to away").await.unwrap();
    for (filter, count) in [("email = x@login.com", 0), ("email = ada@login.com", 1)] {
        let question = json!({ "filter": filter, "select": ["count"], "engine": "index" });
        let answer = server.post("/v1/query", question).await.expect(200);
        assert_eq!((&answer["count"], &answer["warnings"]), (&json!(count), &json!([])), "{filter}");
    }
}
