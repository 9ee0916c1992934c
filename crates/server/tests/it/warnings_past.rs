//! Warnings of questions about the past: what history cannot know is told, and never a silent zero.

use jiff::Timestamp;
use serde_json::{Value, json};
use server::{model::now, store::history};

use super::past::told as story;
use crate::support::server::TestServer;

/// Each warning as `code: words: detail`, of a question with these parts beside its count.
async fn warned(server: &TestServer, filter: &str, as_of: Option<&str>) -> Vec<String> {
    let mut question = json!({ "filter": filter, "select": ["count"] });
    if let Some(as_of) = as_of {
        question["as_of"] = json!(as_of);
    }
    let answer =
        server.call(&server.keys.account, "POST", "/v1/query", question.to_string()).await.expect(200);
    let told = |warning: &Value| {
        let place = |end: &str| warning["span"][end].as_u64().unwrap() as usize;
        let words = &filter[place("start")..place("end")];
        let [code, detail] = ["code", "detail"].map(|name| warning[name].as_str().unwrap());
        format!("{code}: {words}: {detail}")
    };
    answer["warnings"].as_array().unwrap().iter().map(told).collect()
}

/// The story, with a project of which days are known since the beginning of March.
async fn since_march() -> TestServer {
    let server = story().await;
    let client = server.db.client().await;
    client.execute("update project set activity_since = '2026-03-01'", &[]).await.unwrap();
    server
}

#[tokio::test]
async fn what_lies_before_history_begins_is_told() {
    let server = story().await;
    let any_time = ["was (plan = free)", "plan changed", "was (plan = free) on 2026-03-05 and plan changed"];
    for filter in any_time {
        assert_eq!(warned(&server, filter, None).await, [""; 0], "{filter}: all of history is kept");
    }
    let horizon: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    history::prune(&server.app.store, server.account, horizon, now()).await.unwrap();
    let kept = "history is kept since 2026-03-01T00:00:00Z; what was so before is not known";
    for (filter, words) in [
        ("was (plan = pro)", "was (plan = pro)"),
        ("status = paid and not was (mrr > 20)", "was (mrr > 20)"),
        ("plan changed", "plan changed"),
        ("mrr changed to missing or status = paid", "mrr changed to missing"),
        ("plan was free", "plan was free"),
        ("in project app where (was (plan = pro))", "was (plan = pro)"),
    ] {
        let told = warned(&server, filter, None).await;
        assert!(told.contains(&format!("past_unknown: {words}: {kept}")), "{filter}: {told:?}");
    }
    for filter in [
        "was (plan = pro) on 2026-03-01",
        "plan changed in 2026-03-01 .. today",
        "mrr increased in 2026-03-01 .. today",
        "plan = pro",
    ] {
        assert_eq!(warned(&server, filter, None).await, [""; 0], "{filter}");
    }
}

#[tokio::test]
async fn days_before_activity_was_told_of_are_not_known() {
    let server = since_march().await;
    let unknown = "days before 2026-03-01 are not known in app";
    for (filter, words) in [
        ("seen in 2026-02-28 .. 2026-03-31", "seen in 2026-02-28 .. 2026-03-31"),
        ("not seen at least 2 days in 2026-01-01 .. today", "seen at least 2 days in 2026-01-01 .. today"),
        ("status = paid and seen in 2026-01-01 .. today", "seen in 2026-01-01 .. today"),
        ("was (seen in 2026-01-01 .. today) on 2026-04-01", "seen in 2026-01-01 .. today"),
        ("in project app where (seen in 2026-01-01 .. today)", "seen in 2026-01-01 .. today"),
    ] {
        let told = warned(&server, filter, None).await;
        assert_eq!(told, [format!("past_unknown: {words}: {unknown}")], "{filter}");
    }
    assert_eq!(warned(&server, "seen in 2026-03-01 .. today", None).await, [""; 0]);
    let client = server.db.client().await;
    client.execute("update project set activity_since = null", &[]).await.unwrap();
    let told = warned(&server, "seen in 2026-03-01 .. today", None).await;
    assert_eq!(told, ["past_unknown: seen in 2026-03-01 .. today: no days are known in app"]);
}

#[tokio::test]
async fn who_a_person_is_is_asked_of_the_present() {
    let server = story().await;
    let travels = "who a person is does not travel";
    for (filter, words, asked) in [
        ("was (email = ada@x.com) on 2026-03-01", "email = ada@x.com", "email is asked of the present"),
        ("was (domain = x.com and plan = pro)", "domain = x.com", "domain is asked of the present"),
        ("was (plan = pro or name exists)", "name exists", "name is asked of the present"),
        ("was (user_id in (u1, u2) or plan = pro)", "user_id in (u1, u2)", "user_id is asked of the present"),
        ("was (project = app)", "project = app", "project is asked of the present"),
        ("was (ada and plan = free)", "ada", "a search asks of the present"),
    ] {
        let told = warned(&server, filter, None).await;
        assert_eq!(told, [format!("asks_present: {words}: {asked}: {travels}")], "{filter}");
    }
    let as_of = Some("2026-03-31");
    let told = warned(&server, "email = ada@x.com and plan = pro", as_of).await;
    assert_eq!(told, [format!("asks_present: email = ada@x.com: email is asked of the present: {travels}")]);
    for (filter, as_of) in [
        ("plan = pro", as_of),
        ("email = ada@x.com", None),
        ("email changed", None),
        ("was (not email changed)", None),
        ("email = ada@x.com and was (plan = free)", None),
    ] {
        assert_eq!(warned(&server, filter, as_of).await, [""; 0], "{filter}");
    }
}

#[tokio::test]
async fn those_who_did_not_exist_then_are_counted() {
    let server = story().await;
    for (filter, words, count) in [
        ("not was (plan = free) on 2026-01-31", "was (plan = free) on 2026-01-31", 1),
        ("not was (plan = free) on 2026-01-15", "was (plan = free) on 2026-01-15", 2),
        (
            "status = trial and not was (plan = free) in 2026-01-01 .. 2026-02-28",
            "was (plan = free) in 2026-01-01 .. 2026-02-28",
            1,
        ),
    ] {
        let told = warned(&server, filter, None).await;
        assert_eq!(
            told,
            [format!("includes_missing: {words}: {count} of these did not exist then")],
            "{filter}"
        );
    }
    for filter in [
        "not was (plan = free) on 2026-03-31",
        "not was (plan = free)",
        "was (not plan = free) on 2026-01-31",
        "not not was (plan = pro) on 2026-01-31",
        "first_seen <= 2026-01-31 and not was (plan = free) on 2026-01-31",
    ] {
        assert_eq!(warned(&server, filter, None).await, [""; 0], "{filter}");
    }
}

/// A path is one that nobody has only if nobody had it either.
#[tokio::test]
async fn paths_are_looked_for_in_the_past_too() {
    let server = story().await;
    let gone = json!({ "email": "bob@x.com", "timestamp": "2026-04-01T10:00:00Z", "params": { "old": { "size": 1 } } });
    server.post("/v1/identify", gone).await.expect(200);
    let gone = json!({ "email": "bob@x.com", "timestamp": "2026-04-02T10:00:00Z", "unset": ["old"] });
    server.post("/v1/identify", gone).await.expect(200);
    for (filter, words, detail) in [
        ("was (plna = free)", "plna", "nobody has or had params.plna; params.plan?"),
        ("plna changed", "plna", "nobody has or had params.plna; params.plan?"),
        ("not plna changed to pro", "plna", "nobody has or had params.plna; params.plan?"),
        ("mrrr increased in 2026-01-01 .. today", "mrrr", "nobody has or had params.mrrr; params.mrr?"),
        ("was (old.sise = 1)", "old.sise", "nobody has or had params.old.sise"),
    ] {
        let told = warned(&server, filter, None).await;
        assert_eq!(told, [format!("unknown_path: {words}: {detail}")], "{filter}");
    }
    for filter in [
        "was (old.size = 2)",
        "old.size changed to 7",
        "old changed from 3",
        "was (plan = gold)",
        "plan changed to gold",
        "mrr decreased in 2026-01-01 .. 2026-01-31",
    ] {
        assert_eq!(warned(&server, filter, None).await, [""; 0], "{filter}");
    }
    // Of a long value only a digest is kept.
    let long = json!({ "email": "bob@x.com", "timestamp": "2026-04-03T10:00:00Z", "params": { "long": { "text": "x".repeat(70_000) } } });
    server.post("/v1/identify", long).await.expect(200);
    let gone = json!({ "email": "bob@x.com", "timestamp": "2026-04-04T10:00:00Z", "unset": ["long"] });
    server.post("/v1/identify", gone).await.expect(200);
    assert_eq!(warned(&server, "was (long.texts = x)", None).await, [""; 0]);
}
