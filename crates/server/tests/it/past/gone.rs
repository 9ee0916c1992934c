//! What moves, what is told late, and what is gone: other e-mails, erased people, a log that was pruned.

use jiff::Timestamp;
use serde_json::{Value, json};
use server::{
    model::{Email, now},
    store::{
        erase::{self, Whom},
        history,
    },
};

use super::{find, only, people};
use crate::support::server::{Answer, TestServer};

async fn dated(server: &TestServer, at: &str, mut call: Value) -> Value {
    call["timestamp"] = json!(at);
    server.identify(call).await
}

async fn prune(server: &TestServer, horizon: &str) {
    let horizon: Timestamp = horizon.parse().unwrap();
    history::prune(&server.app.store, server.account, horizon, now()).await.unwrap();
    let version = server.db.client().await.query_one("select version from clock", &[]).await.unwrap();
    // The words of the index know of it.
    let body = json!({ "min_version": version.get::<_, i64>(0) });
    server.post("/v1/query", body).await.expect(200);
}

#[tokio::test]
async fn history_goes_along_with_whoever_moves_away_and_back() {
    let server = TestServer::start().await;
    let call =
        |email: &str, plan: &str| json!({ "user_id": "u1", "email": email, "params": { "plan": plan } });
    dated(&server, "2026-01-01T00:00:00Z", call("ada@x.com", "free")).await;
    dated(&server, "2026-02-01T00:00:00Z", call("eve@x.com", "pro")).await;
    find(&server, &[("was (plan = free) on 2026-01-15", "eve"), ("plan changed to pro", "eve")]).await;
    dated(&server, "2026-03-01T00:00:00Z", call("ada@x.com", "team")).await;
    find(
        &server,
        &[
            ("was (plan = free) on 2026-01-15", "ada"),
            ("was (plan = pro) on 2026-02-15", "ada"),
            ("email changed to \"eve@x.com\" in 2026-02-01", "ada"),
            ("email changed from \"eve@x.com\" to \"ada@x.com\" in 2026-03-01", "ada"),
            ("email changed from missing", ""),
            // Who somebody is does not travel.
            ("was (email = \"ada@x.com\") on 2026-02-15", "ada"),
            ("was (email = \"eve@x.com\") on 2026-02-15", ""),
        ],
    )
    .await;
    let then = only(&server, json!({ "as_of": "2026-02-15", "filter": "email = \"ada@x.com\"" })).await;
    assert_eq!(then["params"], json!({ "plan": "pro" }));
}

#[tokio::test]
async fn nothing_of_before_is_found_of_whoever_was_erased_and_came_again() {
    let server = TestServer::start().await;
    let call = json!({ "email": "ada@x.com", "status": "paid", "params": { "plan": "old" } });
    for way in ["erase", "delete", "reset"] {
        let (project, key) = server.test_project(way).await;
        let tell = async |at: &str, plan: &str| {
            let mut call = call.clone();
            (call["timestamp"], call["params"]["plan"]) = (json!(at), json!(plan));
            server.call(&key, "POST", "/v1/identify", call.to_string()).await.expect(200);
        };
        tell("2026-01-01T00:00:00Z", "older").await;
        tell("2026-01-02T00:00:00Z", "old").await;
        let (store, account) = (&server.app.store, server.account);
        match way {
            "erase" => {
                let whom = Whom::Email(Email::parse("ada@x.com").unwrap());
                erase::person(store, account, &whom).await.unwrap();
            }
            "delete" => {
                server.call(&key, "DELETE", "/v1/customers/ada@x.com", "").await.expect(200);
            }
            _ => {
                erase::reset(store, account, &project).await.unwrap();
            }
        }
        tell("2026-03-01T00:00:00Z", "new").await;
        let count = async |mut body: Value| {
            body["select"] = json!(["count"]);
            server.call(&key, "POST", "/v1/query", body.to_string()).await.expect(200)["count"].clone()
        };
        for filter in [
            "was (plan = old)",
            "was (status = paid) on 2026-02-28",
            "plan changed",
            "status changed from missing",
            "seen in 2026-01-01 .. 2026-02-28",
        ] {
            assert_eq!(count(json!({ "filter": filter })).await, 0, "{way}: {filter}");
        }
        assert_eq!(count(json!({ "as_of": "2026-02-28" })).await, 0, "{way}");
        assert_eq!(count(json!({ "as_of": "2026-03-01", "filter": "plan = new" })).await, 1, "{way}");
    }
}

#[tokio::test]
async fn what_is_told_a_year_late_was_so_all_along() {
    let server = TestServer::start().await;
    let call = |status: &str, plan: &str| json!({ "email": "ada@x.com", "status": status, "params": { "plan": plan } });
    dated(&server, "2025-01-01T00:00:00Z", call("free", "free")).await;
    dated(&server, "2026-01-01T00:00:00Z", call("churned", "none")).await;
    find(&server, &[("was (status = paid)", ""), ("plan changed from free to none", "ada")]).await;
    let late = dated(&server, "2025-02-01T00:00:00Z", call("paid", "pro")).await;
    assert_eq!(late["stale"], json!(["plan", "status"]));
    find(
        &server,
        &[
            ("was (status = paid and plan = pro) on 2025-06-01", "ada"),
            ("was (status = paid) on 2025-01-31", ""),
            ("plan changed from free to none", ""),
            ("plan changed from free to pro in 2025-02-01", "ada"),
            ("plan changed from pro to none in 2026-01-01", "ada"),
            ("seen in 2025-02-01", "ada"),
        ],
    )
    .await;
    let then = only(&server, json!({ "as_of": "2025-12-31" })).await;
    assert_eq!((&then["status"], &then["status_since"]), (&json!("paid"), &json!("2025-02-01T00:00:00Z")));
    assert_eq!(then["first_paid"], "2025-02-01T00:00:00Z");
    // Earlier than everything: she was there, and what she was then is not known.
    dated(&server, "2024-01-01T00:00:00Z", json!({ "email": "ada@x.com", "name": "Ada" })).await;
    let then = only(&server, json!({ "as_of": "2024-06-01" })).await;
    assert_eq!((&then["status"], &then["params"]), (&Value::Null, &json!({})));
}

/// Ada in three months, each of which began with something new.
async fn pruned() -> TestServer {
    let server = TestServer::start().await;
    for (at, status, plan, mrr) in [
        ("2026-01-01T00:00:00Z", "trial", "free", 0),
        ("2026-02-01T00:00:00Z", "paid", "pro", 10),
        ("2026-03-01T00:00:00Z", "paid", "team", 20),
    ] {
        let call = json!({ "email": "ada@x.com", "status": status, "params": { "plan": plan, "mrr": mrr } });
        dated(&server, at, call).await;
    }
    prune(&server, "2026-02-01T00:00:00Z").await;
    server
}

#[tokio::test]
async fn what_was_pruned_is_not_answered_and_the_horizon_is() {
    let server = pruned().await;
    let refused = async |body: Value| server.post("/v1/query", body).await.expect(422);
    let is_before = "history is kept since 2026-02-01T00:00:00Z, and this is before";
    for moment in ["2026-01-31", "2026-01-31T23:59:59.999999Z"] {
        let answer = refused(json!({ "as_of": moment })).await;
        let error = &answer["errors"][0];
        assert_eq!(
            (&error["detail"], &error["hint"], &error["place"]["column"]),
            (&json!(is_before), &json!("ask about 2026-02-01 or later"), &json!(1)),
            "{moment}"
        );
        for filter in [
            format!("was (plan = free) on {moment}"),
            format!("was (plan = free) in {moment} .. today"),
            format!("plan changed in {moment} .. today"),
            format!("mrr increased in {moment} .. today"),
            format!("not was (plan = free) on {moment}"),
        ] {
            let answer = refused(json!({ "filter": filter })).await;
            assert_eq!(
                (&answer["detail"], &answer["hint"]),
                (&json!(is_before), &json!("ask about 2026-02-01 or later"))
            );
        }
    }
    assert_eq!(refused(json!({ "filter": "seen in 2026-01-31" })).await["detail"], is_before);
    let then = only(&server, json!({ "as_of": "2026-02-01T00:00:00Z" })).await;
    assert_eq!((&then["status"], &then["params"]), (&json!("paid"), &json!({ "plan": "pro", "mrr": 10 })));
    assert_eq!(
        (&then["first_paid"], &then["status_since"]),
        (&json!("2026-02-01T00:00:00Z"), &json!("2026-02-01T00:00:00Z"))
    );
    find(
        &server,
        &[
            ("was (plan = pro) on 2026-02-01T00:00:00Z", "ada"),
            ("was (plan = free)", ""),
            ("was (plan = pro)", "ada"),
            // What it was before the horizon is not known, so nothing is said of a change at that very moment.
            ("plan changed to pro", ""),
            ("plan changed from missing", ""),
            ("plan changed from missing in 2026-02-01 .. 2026-03-31", ""),
            ("status changed in 2026-02-01 .. 2026-02-28", ""),
            ("plan changed from pro to team", "ada"),
            ("mrr increased in 2026-02-01 .. 2026-02-28", ""),
            ("mrr increased in 2026-02-01 .. 2026-03-31", "ada"),
            ("seen in 2026-02-01", "ada"),
        ],
    )
    .await;
}

/// Of what was missing at the horizon the log tells nothing any more, while the index may know that it went away.
#[tokio::test]
async fn what_had_gone_before_the_horizon_is_the_same_to_the_index_and_the_log() {
    let server = TestServer::start().await;
    let plan =
        |plan: &str| json!({ "email": "ada@x.com", "params": { "plan": plan, "company": { "size": 3 } } });
    server.index_remembers().await;
    dated(&server, "2026-01-01T00:00:00Z", plan("free")).await;
    let left = json!({ "email": "ada@x.com", "unset": ["plan"], "params": { "company": "none" } });
    dated(&server, "2026-02-01T00:00:00Z", left).await;
    dated(&server, "2026-03-01T00:00:00Z", plan("pro")).await;
    prune(&server, "2026-02-15T00:00:00Z").await;
    let filters = [
        ("was (plan not exists) on 2026-02-15", "ada"),
        ("was (company.size exists) on 2026-02-15", ""),
        ("plan changed from missing to pro", "ada"),
    ];
    find(&server, &filters).await;
}

#[tokio::test]
async fn a_cursor_of_a_time_that_was_pruned_meanwhile_says_so() {
    let server = TestServer::start().await;
    for email in ["ada@x.com", "bob@x.com", "cyd@x.com"] {
        dated(&server, "2026-01-01T00:00:00Z", json!({ "email": email, "params": { "plan": "free" } })).await;
        dated(&server, "2026-03-01T00:00:00Z", json!({ "email": email, "params": { "plan": "pro" } })).await;
    }
    let asked = json!({ "as_of": "2026-01-15", "filter": "plan = free", "sort": "email", "limit": 1 });
    let was = json!({ "filter": "was (plan = free) on 2026-01-15", "sort": "email", "limit": 1 });
    let next = async |body: &Value, cursor: &Value| -> Answer {
        let mut body = body.clone();
        body["cursor"] = cursor.clone();
        server.post("/v1/query", body).await
    };
    let mut cursors = Vec::new();
    for body in [&asked, &was] {
        let first = server.post("/v1/query", body.clone()).await.expect(200);
        let second = next(body, &first["next"]).await.expect(200);
        assert_eq!(second["customers"][0]["email"], "bob@x.com");
        cursors.push(second["next"].clone());
    }
    // The moment is the cursor's: a page of another one is none of this answer's.
    let mut other = asked.clone();
    other["as_of"] = json!("2026-01-16");
    assert_eq!(next(&other, &cursors[0]).await.status, 422);
    prune(&server, "2026-02-01T00:00:00Z").await;
    let told = "history is kept since 2026-02-01T00:00:00Z, and this is before";
    let refused = next(&asked, &cursors[0]).await.expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/as_of");
    assert!(refused["errors"][0]["detail"].as_str().unwrap().starts_with(told), "{refused}");
    assert_eq!(next(&was, &cursors[1]).await.expect(422)["detail"], told);
}

#[tokio::test]
async fn two_projects_are_asked_of_the_same_moment() {
    let server = TestServer::start().await;
    let (_, key) = server.project("shop").await;
    let call =
        |at: &str, plan: &str| json!({ "email": "ada@x.com", "timestamp": at, "params": { "plan": plan } });
    server.identify(call("2026-01-01T00:00:00Z", "a")).await;
    server.identify(call("2026-03-01T00:00:00Z", "b")).await;
    for (at, plan) in [("2026-02-01T00:00:00Z", "x"), ("2026-04-01T00:00:00Z", "y")] {
        server.call(&key, "POST", "/v1/identify", call(at, plan).to_string()).await.expect(200);
    }
    let ask = async |body: Value| {
        server.call(&server.keys.account, "POST", "/v1/query", body.to_string()).await.expect(200)
    };
    for (filter, found) in [
        ("plan = b and in project shop where (was (plan = x) on 2026-03-15)", 1),
        ("was (plan = a and in project shop where (plan = x)) on 2026-02-15", 1),
        ("was (plan = a and in project shop where (plan = x)) in 2026-01-01 .. 2026-02-28", 1),
        ("was (plan = a and in project shop where (plan = y))", 0),
        ("was (plan = a and not in project shop) on 2026-01-15", 1),
        ("was (plan = a and not in project shop) on 2026-02-01T00:00:00Z", 0),
        (
            "was (plan = b and in project shop where (plan = x)) in 2026-03-01T00:00:00Z .. 2026-03-01T00:00:00Z",
            1,
        ),
    ] {
        let answer = ask(json!({ "filter": filter, "project": "app" })).await;
        assert_eq!(answer["relationships"], found, "{filter}");
    }
    let answer = ask(json!({ "as_of": "2026-01-15", "group_by": "project" })).await;
    assert_eq!((&answer["count"], &answer["relationships"]), (&json!(1), &json!(1)));
    let answer =
        ask(json!({ "as_of": "2026-03-15", "filter": "plan in (b, x)", "sort": "params.plan" })).await;
    assert_eq!((&answer["count"], &answer["relationships"]), (&json!(1), &json!(2)));
    assert_eq!(people(&server, json!({ "as_of": "2026-03-15", "filter": "plan = b" })).await, ["ada"]);
}
