//! What is known of a customer's past, set right by somebody who knows.

use jiff::Timestamp;
use serde_json::{Value, json};
use server::{
    model::Source,
    store::{Error, customer, log, write, write::Correction},
};

use crate::support::server::TestServer;

impl TestServer {
    async fn correct(&self, who: &str, correction: Correction) -> Result<Value, Error> {
        let store = &self.app.store;
        let customer = customer::at(store, self.account, who).await?;
        write::correct(store, self.account, self.project.id, customer, correction, Source::Import(None))
            .await?;
        let report = log::check(store, self.account).await.unwrap();
        assert_eq!(report.differences, 0, "{:?}", report.listed);
        self.index_ready().await;
        let report = server::store::index::check(store, self.account).await.unwrap();
        assert_eq!(report.differences, 0, "{:?}", report.listed);
        Ok(self.row(self.project.id, who).await.unwrap())
    }

    /// The statuses that the log tells, each with its day.
    async fn statuses(&self, email: &str) -> Vec<String> {
        let told = |change: &Value| {
            let sides = change["fields"].get("status")?;
            let status = sides["after"].as_str().unwrap_or("unknown");
            Some(format!("{} {status}", &change["at"].as_str().unwrap()[..10]))
        };
        self.changes(email).await.iter().filter_map(told).collect()
    }
}

fn day(text: &str) -> Timestamp {
    format!("{text}T00:00:00Z").parse().unwrap()
}

#[tokio::test]
async fn the_history_of_the_status_is_told_anew_and_the_rest_stays() {
    let server = TestServer::start().await;
    let call = |day: &str, status: &str, plan: &str| json!({ "email": "ada@x.com", "status": status, "params": { "plan": plan }, "timestamp": day });
    server.identify(call("2025-01-01", "free", "a")).await;
    server.identify(call("2025-02-01", "trial", "b")).await;
    server.identify(call("2025-03-01", "paid", "b")).await;
    server.identify(call("2025-04-01", "churned", "c")).await;
    for (paid, since, told) in [
        (None, Some("2025-05-01"), vec!["2025-03-01 paid", "2025-05-01 churned"]),
        (Some(Some("2023-06-01")), None, vec!["2023-06-01 paid", "2025-05-01 churned"]),
        (Some(Some("2023-07-01")), Some("2024-10-01"), vec!["2023-07-01 paid", "2024-10-01 churned"]),
        (Some(None), None, vec!["2024-10-01 churned"]),
    ] {
        let correction = Correction {
            first_paid: paid.map(|paid| paid.map(day)),
            status_since: since.map(day),
            ..Correction::default()
        };
        server.correct("ada@x.com", correction).await.unwrap();
        assert_eq!(server.statuses("ada@x.com").await, told);
    }
    let plans: Vec<Value> = server
        .changes("ada@x.com")
        .await
        .into_iter()
        .map(|change| change["params"]["plan"]["after"].clone())
        .collect();
    assert_eq!(
        plans,
        [Value::Null, json!("a"), json!("b"), json!("c")],
        "what else was said stays, in its order"
    );
    let row = server.row(server.project.id, "ada@x.com").await.unwrap();
    assert_eq!(
        (&row["status_since"], &row["first_paid"]),
        (&json!("2024-10-01T00:00:00+00:00"), &Value::Null)
    );
    // What comes later goes on from there.
    server.identify(json!({ "email": "ada@x.com", "status": "paid", "timestamp": "2025-06-01" })).await;
    assert_eq!(server.statuses("ada@x.com").await, ["2024-10-01 churned", "2025-06-01 paid"]);
}

#[tokio::test]
async fn who_pays_again_has_a_break_that_nobody_told() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com", "status": "paid", "timestamp": "2025-03-01" })).await;
    let correction = Correction { first_paid: Some(Some(day("2023-01-01"))), ..Correction::default() };
    let row = server.correct("ada@x.com", correction).await.unwrap();
    assert_eq!(
        (&row["first_paid"], &row["status_since"]),
        (&json!("2023-01-01T00:00:00+00:00"), &json!("2025-03-01T00:00:00+00:00"))
    );
    let one = Correction { status_since: Some(day("2023-01-01")), ..Correction::default() };
    server.correct("ada@x.com", one).await.unwrap();
    assert_eq!(server.statuses("ada@x.com").await, ["2023-01-01 paid"], "the same date for both: no break");
}

#[tokio::test]
async fn first_seen_is_what_is_told_and_alters_nothing_else() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com", "status": "paid", "timestamp": "2025-03-01" })).await;
    let statuses = server.statuses("ada@x.com").await;
    for seen in ["2022-01-01", "2025-02-01"] {
        let correction = Correction { first_seen: Some(day(seen)), ..Correction::default() };
        let row = server.correct("ada@x.com", correction).await.unwrap();
        assert_eq!(row["first_seen"], json!(format!("{seen}T00:00:00+00:00")));
        assert_eq!(row["began"], json!("2025-03-01T00:00:00+00:00"));
    }
    assert_eq!(server.statuses("ada@x.com").await, statuses);
}

/// Who paid or left was there: what is told of an earlier time moves first_seen, as a call of older data does.
#[tokio::test]
async fn nobody_paid_before_they_were_seen() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com", "status": "paid", "timestamp": "2025-03-01" })).await;
    let none = Correction::default();
    for (correction, seen) in [
        (Correction { first_paid: Some(Some(day("2024-06-01"))), ..none }, "2024-06-01"),
        (Correction { status_since: Some(day("2024-08-01")), ..none }, "2024-06-01"),
        (Correction { first_seen: Some(day("2024-05-01")), ..none }, "2024-05-01"),
    ] {
        let row = server.correct("ada@x.com", correction).await.unwrap();
        assert_eq!(row["first_seen"], json!(format!("{seen}T00:00:00+00:00")), "{correction:?}");
    }
}

#[tokio::test]
async fn what_an_older_version_took_for_year_1_is_dated_anew() {
    let server = TestServer::start().await;
    server
        .identify(
            json!({ "email": "ada@x.com", "params": { "plan": "a", "n": 1 }, "timestamp": "2000-01-01" }),
        )
        .await;
    server.identify(json!({ "email": "ada@x.com", "params": { "n": 2 }, "timestamp": "2000-01-02" })).await;
    server
        .identify(json!({ "email": "ada@x.com", "params": { "plan": "b" }, "timestamp": "2024-01-01" }))
        .await;
    let client = server.db.client().await;
    client
        .batch_execute(
            "update change set at = at - interval '1999 years' where at < '2001-01-01';
             update relationship set first_seen = '0001-01-01', began = '0001-01-01', status_since = '0001-01-01';
             update activity set year = 1 where year = 2000",
        )
        .await
        .unwrap();
    let correction = Correction { first_seen: Some(day("2025-01-01")), ..Correction::default() };
    let row = server.correct("ada@x.com", correction).await.unwrap();
    assert_eq!(
        (&row["params"], &row["first_seen"]),
        (&json!({ "plan": "b", "n": 2 }), &json!("2025-01-01T00:00:00+00:00"))
    );
    let dates: Vec<Value> =
        server.changes("ada@x.com").await.into_iter().map(|change| change["at"].clone()).collect();
    let expected =
        ["2023-12-31T23:59:59.999998+00:00", "2023-12-31T23:59:59.999999+00:00", "2024-01-01T00:00:00+00:00"];
    assert_eq!(dates, expected.map(|at| json!(at)), "before all that is dated rightly");
    assert_eq!((&row["began"], &row["status_since"]), (&json!(expected[0]), &json!(expected[0])));
    assert_eq!(row["last_activity"], json!("2025-01-01T00:00:00+00:00"));
    assert!(server.days("ada@x.com", 1).await.is_empty() && server.days("ada@x.com", 2024).await == [1]);
}

#[tokio::test]
async fn a_past_that_cannot_be_is_refused() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "pays@x.com", "status": "paid", "timestamp": "2025-03-01" })).await;
    server.identify(json!({ "email": "left@x.com", "status": "churned", "timestamp": "2025-03-01" })).await;
    let before = server.dump().await;
    let (none, paid) = (Correction::default(), |text: &str| Some(Some(day(text))));
    for (who, correction, told) in [
        ("nobody@x.com", none, "nobody has the address"),
        ("pays@x.com", Correction { first_seen: Some(day("1989-12-31")), ..none }, "lies before 1990"),
        ("pays@x.com", Correction { status_since: Some(day("2999-01-01")), ..none }, "lies in the future"),
        ("pays@x.com", Correction { first_paid: paid("2025-04-01"), ..none }, "correct both"),
        ("pays@x.com", Correction { first_paid: Some(None), ..none }, "who is paid has paid"),
        ("left@x.com", Correction { first_paid: paid("2025-03-01"), ..none }, "correct both"),
        ("pays@x.com", Correction { first_seen: Some(day("2025-04-01")), ..none }, "lies before first_seen"),
        ("left@x.com", Correction { first_seen: Some(day("2025-03-02")), ..none }, "lies before first_seen"),
        (
            "pays@x.com",
            Correction { first_seen: Some(day("2025-02-02")), first_paid: paid("2025-02-01"), ..none },
            "lies before first_seen",
        ),
    ] {
        let error = server.correct(who, correction).await.unwrap_err();
        assert!(matches!(&error, Error::Conflict(detail) if detail.contains(told)), "{who}: {error}");
    }
    let (other, _) = server.project("other").await;
    let store = &server.app.store;
    let pays = customer::at(store, server.account, "pays@x.com").await.unwrap();
    let elsewhere = write::correct(store, server.account, other.id, pays, none, Source::Import(None)).await;
    assert!(matches!(elsewhere, Err(Error::Conflict(detail)) if detail.contains("not in that project")));
    assert_eq!(server.dump().await, before);
}

#[tokio::test]
async fn what_was_pruned_is_no_hindrance() {
    let server = TestServer::start().await;
    for (day, status) in
        [("2022-01-01", "trial"), ("2022-02-01", "paid"), ("2023-01-01", "churned"), ("2025-01-01", "paid")]
    {
        server.identify(json!({ "email": "ada@x.com", "status": status, "timestamp": day })).await;
    }
    let (store, horizon) = (&server.app.store, day("2024-01-01"));
    server::store::history::prune(store, server.account, horizon, server::model::now()).await.unwrap();
    for correction in [
        Correction { first_seen: Some(day("2021-01-01")), ..Correction::default() },
        Correction { status_since: Some(day("2025-02-01")), ..Correction::default() },
        Correction { first_paid: Some(Some(day("2021-02-01"))), ..Correction::default() },
        Correction { first_paid: Some(Some(day("2024-06-01"))), ..Correction::default() },
    ] {
        server.correct("ada@x.com", correction).await.unwrap();
        server::store::history::prune(store, server.account, horizon, server::model::now()).await.unwrap();
        assert_eq!(log::check(store, server.account).await.unwrap().differences, 0, "{correction:?}");
    }
}
