//! What is written down of the past, through the API and in the database: order, who and how, days, and what pruning leaves.

use jiff::Timestamp;
use serde_json::{Value, json};
use server::{
    model::{Role, now},
    store::{self, extent, history},
};
use uuid::Uuid;

use crate::support::server::TestServer;

/// Each change as `date: names`, and its flags.
async fn told(server: &TestServer, email: &str) -> Vec<String> {
    let changes = server.changes(email).await;
    let names = |change: &Value| {
        let fields = change["fields"].as_object().unwrap().keys().filter(|name| *name != "email");
        fields.chain(change["params"].as_object().unwrap().keys()).cloned().collect::<Vec<_>>().join(" ")
    };
    changes
        .iter()
        .map(|change| format!("{}: {}", &change["at"].as_str().unwrap()[..10], names(change)))
        .collect()
}

async fn holds(server: &TestServer) {
    let report = store::log::check(&server.app.store, server.account).await.unwrap();
    assert_eq!((report.differences, &report.listed), (0, &Vec::new()));
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[tokio::test]
async fn changes_have_an_order_and_say_who_and_how() {
    let server = TestServer::start().await;
    let run = Uuid::now_v7();
    let items = json!([
        { "email": "ada@x.com", "status": "trial", "first_seen": "2026-01-01", "params": { "n": 1 } },
        { "email": "ada@x.com", "params": { "n": 2 } },
        { "email": "ada@x.com", "params": { "n": 3 }, "timestamp": "2026-02-01T00:00:00Z" },
    ]);
    let body = json!({ "import": run, "items": items });
    let answer = server.post("/v1/batch", body).await.expect(200);
    assert_eq!(answer["results"][2]["stale"], json!(["n"]));
    let browser = json!({ "email": "ada@x.com", "params": { "theme": "dark" } }).to_string();
    server.call(&server.keys.publishable, "POST", "/v1/identify", browser).await.expect(202);
    let changes = server.changes("ada@x.com").await;
    let order: Vec<_> =
        changes.iter().map(|change| (change["version"].clone(), change["seq"].clone())).collect();
    let version = &answer["version"];
    assert_eq!(
        order[..3],
        [(version.clone(), json!(0)), (version.clone(), json!(2)), (version.clone(), json!(1))]
    );
    let how: Vec<&str> = changes.iter().map(|change| change["dated_by"].as_str().unwrap()).collect();
    assert_eq!(how, ["first_seen", "caller", "receipt", "receipt"]);
    let born: Vec<bool> = changes.iter().map(|change| change["created"].as_bool().unwrap()).collect();
    assert_eq!(born, [true, false, false, false]);
    let shown = server.get("/v1/customers/ada@x.com").await.expect(200);
    let who: Vec<(&Value, &Value)> = shown["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (&change["source"], &change["source_id"]))
        .collect();
    assert_eq!(who[0].0, "publishable_key");
    assert!(who[1..].iter().all(|(source, id)| **source == "import" && **id == json!(run)), "{who:?}");
    assert_eq!(
        server.row(server.project.id, "ada@x.com").await.unwrap()["began"],
        "2026-01-01T00:00:00+00:00"
    );
    holds(&server).await;
}

#[tokio::test]
async fn an_import_has_a_uuid_and_no_other_key_of_a_batch_is_known() {
    let server = TestServer::start().await;
    let faults = server.post("/v1/batch", json!({ "import": 7, "items": [], "x": 1 })).await.expect(422);
    let pointers: Vec<&Value> =
        faults["errors"].as_array().unwrap().iter().map(|fault| &fault["pointer"]).collect();
    assert_eq!(pointers, ["/x", "/import"], "{faults}");
}

#[tokio::test]
async fn the_clock_of_an_account_never_runs_backwards() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com", "params": { "n": 1 } })).await;
    // Another process, whose clock is ahead by an hour, has had the turn.
    server.db.client().await.execute("update clock set time = time + interval '1 hour'", &[]).await.unwrap();
    for n in 2..4 {
        server.identify(json!({ "email": "ada@x.com", "params": { "n": n } })).await;
    }
    let dates: Vec<Value> =
        server.changes("ada@x.com").await.iter().map(|change| change["at"].clone()).collect();
    assert!(dates[1].as_str() > dates[0].as_str());
    assert_eq!(dates[1], dates[2], "of two at one microsecond the later commit holds");
    assert_eq!(server.row(server.project.id, "ada@x.com").await.unwrap()["params"], json!({ "n": 3 }));
    holds(&server).await;
}

#[tokio::test]
async fn days_are_those_of_the_zone_in_which_they_were_written() {
    let server = TestServer::start().await;
    store::set_zone(&server.app.store, server.account, "America/Los_Angeles").await.unwrap();
    // An afternoon in California.
    server.identify(json!({ "email": "ada@x.com", "timestamp": "2026-03-02T01:00:00Z" })).await;
    assert_eq!(server.days("ada@x.com", 2026).await, [60]);
    let row = server.row(server.project.id, "ada@x.com").await.unwrap();
    assert_eq!(
        (&row["last_day"], row["first_seen"].as_str().unwrap()),
        (&json!("2026-03-01"), "2026-03-02T01:00:00+00:00")
    );
    store::set_zone(&server.app.store, server.account, "Asia/Tokyo").await.unwrap();
    server.ping(json!({ "email": "ada@x.com", "timestamp": "2026-03-02T01:30:00Z" })).await;
    assert_eq!(server.days("ada@x.com", 2026).await, [60, 61], "what was written stays");
}

#[tokio::test]
async fn a_day_that_was_not_marked_touches_the_row() {
    let server = TestServer::start().await;
    let born = server.identify(json!({ "email": "ada@x.com", "timestamp": "2026-03-10T12:00:00Z" })).await;
    let ping = async |at: &str| {
        let answer = server.ping(json!({ "email": "ada@x.com", "timestamp": at })).await;
        let touched = server.feed().await.pop().unwrap()["touched_customers"].take();
        assert!(touched == json!([]) || touched == json!([born["customer"]]));
        (touched != json!([]), answer["version"].clone())
    };
    assert!(ping("2026-03-10T11:00:00Z").await.0, "the first moment at which it was seen has moved");
    assert!(!ping("2026-03-10T11:30:00Z").await.0, "nothing of it is new");
    assert!(ping("2026-03-12T11:30:00Z").await.0);
    let (touched, version) = ping("2026-03-11T11:30:00Z").await;
    assert!(touched, "an old ping is activity of its day");
    assert_eq!(server.row(server.project.id, "ada@x.com").await.unwrap()["version"], version);
    assert!(!ping("2026-03-11T12:30:00Z").await.0, "which is marked once");
    assert_eq!(server.days("ada@x.com", 2026).await, [69, 70, 71]);
}

#[tokio::test]
async fn a_project_knows_since_when_its_activity_is_recorded() {
    let server = TestServer::start().await;
    let since = async || {
        let sql = "select coalesce(to_jsonb(activity_since), 'null') from project where id = $1";
        server.query(sql, &[&server.project.id.0]).await.remove(0)
    };
    let import =
        json!({ "import": Uuid::now_v7(), "items": [{ "email": "ada@x.com", "timestamp": "2019-01-01" }] });
    server.post("/v1/batch", import).await.expect(200);
    assert_eq!(since().await, Value::Null, "an import is no activity");
    server.ping(json!({ "email": "ada@x.com" })).await;
    let today = since().await;
    assert!(today.as_str().is_some_and(|day| day.starts_with("20")));
    server.ping(json!({ "email": "ada@x.com", "timestamp": "2020-01-01" })).await;
    assert_eq!(since().await, today);
}

/// More of the past than is read at a time: each replace asks for every key at its date.
#[tokio::test]
async fn many_late_calls_are_judged_in_rounds() {
    let server = TestServer::start().await;
    let params: serde_json::Map<String, Value> = (0..120).map(|n| (format!("k{n}"), json!(n))).collect();
    server.identify(json!({ "email": "ada@x.com", "params": params, "timestamp": "2026-01-01" })).await;
    server.identify(json!({ "email": "ada@x.com", "params": { "k0": -1, "last": 1 } })).await;
    let late = |n: i64| {
        let at = at("2026-02-01T00:00:00Z") + jiff::SignedDuration::from_hours(200 - n);
        json!({ "email": "ada@x.com", "params": { "k0": n, "k1": n }, "replace": true, "timestamp": at.to_string() })
    };
    let results = server.batch(json!((0..150).map(late).collect::<Vec<_>>())).await;
    assert!(results.iter().all(|result| result["ok"] == true && result["stale"][0] == "k0"), "{results:?}");
    let row = server.row(server.project.id, "ada@x.com").await.unwrap();
    assert_eq!(row["params"], json!({ "k0": -1, "k1": 0, "last": 1 }), "k1 as the latest of them says");
    holds(&server).await;
}

/// A log of two years; what was so at the horizon stays known, and nothing before it can be told or altered any more.
#[tokio::test]
async fn pruning_keeps_what_was_so_at_the_horizon() {
    let server = TestServer::start().await;
    let dated = async |at: &str, mut body: Value| {
        body["email"] = json!("ada@x.com");
        body["timestamp"] = json!(at);
        server.identify(body).await
    };
    dated("2024-01-01", json!({ "status": "trial", "params": { "plan": "free", "source": "hn" } })).await;
    dated("2024-02-01", json!({ "status": "paid", "params": { "plan": "pro", "gone": 1 } })).await;
    dated("2024-03-01", json!({ "status": "churned", "unset": ["gone"] })).await;
    dated("2026-01-01", json!({ "status": "paid", "params": { "plan": "max" } })).await;
    dated("2024-02-15", json!({ "status": "paid" })).await;
    let (store, account) = (&server.app.store, server.account);
    let before = server.row(server.project.id, "ada@x.com").await;
    history::prune(store, account, at("2025-01-01T00:00:00Z"), now()).await.unwrap();
    assert_eq!(
        told(&server, "ada@x.com").await,
        ["2024-01-01: source", "2024-02-01: plan", "2024-03-01: status gone", "2026-01-01: status plan"]
    );
    assert_eq!(server.row(server.project.id, "ada@x.com").await, before, "the present stays as it was");
    assert_eq!(before.unwrap()["first_paid"], "2024-02-01T00:00:00+00:00", "which the row still knows");
    holds(&server).await;
    let late =
        dated("2024-06-01", json!({ "status": "free", "params": { "plan": "x", "gone": 2, "new": 1 } }))
            .await;
    assert_eq!(late["stale"], json!(["plan", "status"]), "what changed later cannot be judged any more");
    assert_eq!(told(&server, "ada@x.com").await[3], "2024-06-01: gone new");
    let late = dated("2025-06-01", json!({ "params": { "plan": "y" } })).await;
    assert_eq!(late["stale"], json!(["plan"]));
    assert_eq!(told(&server, "ada@x.com").await[4], "2025-06-01: plan", "after the horizon all is as before");
    holds(&server).await;
    history::prune(store, account, at("2020-01-01T00:00:00Z"), now()).await.unwrap();
    let kept = history::load(store, account).await.unwrap();
    assert_eq!((kept.months, kept.horizon), (24, Some(at("2025-01-01T00:00:00Z"))), "it never moves back");
}

#[tokio::test]
async fn pruning_goes_through_everybody_and_is_due_once_a_month() {
    let server = TestServer::start().await;
    for from in [0, 250] {
        let items: Vec<Value> = (from..from + 250)
            .flat_map(|n| {
                let call = |day: &str, plan: &str| {
                    json!({ "email": format!("c{n}@x.com"), "params": { "plan": plan }, "timestamp": day })
                };
                [call("2023-01-01", "a"), call("2023-02-01", "b"), call("2026-01-01", "c")]
            })
            .collect();
        assert!(server.batch(json!(items)).await.iter().all(|result| result["ok"] == true));
    }
    let (store, account) = (&server.app.store, server.account);
    let tomorrow = now() + jiff::SignedDuration::from_hours(24);
    store::sweep::expired(store, &[account], tomorrow).await.unwrap();
    history::prune_if_due(store, account, tomorrow).await.unwrap();
    assert_eq!(server.count("change").await, 1500, "a month has not passed yet");
    history::keep(store, account, 0).await.unwrap();
    let later = now() + jiff::SignedDuration::from_hours(24 * 40);
    history::prune_if_due(store, account, later).await.unwrap();
    assert_eq!(server.count("change").await, 1500, "all is kept for ever");
    history::keep(store, account, 24).await.unwrap();
    store::sweep::all(store, later).await.unwrap();
    // Births keep what was never said again.
    let sql = "select count(*) from change where params ->> 'plan' is not null and params -> 'plan' ->> 'after' = 'a'";
    assert_eq!(server.db.client().await.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 0);
    holds(&server).await;
    let horizon = history::load(store, account).await.unwrap().horizon;
    history::prune_if_due(store, account, later).await.unwrap();
    assert_eq!(history::load(store, account).await.unwrap().horizon, horizon, "once a month");
    assert!(history::keep(store, account, -1).await.is_err());
}

#[tokio::test]
async fn how_far_history_reaches_and_what_it_weighs_is_told() {
    let server = TestServer::start().await;
    let visitor = server.visitor(Role::Viewer).await;
    let extent = async || extent::load(&server.app.store, server.account).await.unwrap();
    let nothing = extent().await;
    assert_eq!((nothing.since, nothing.changes, nothing.bytes, nothing.history.months), (None, 0, 0, 24));
    assert!(!visitor.get("/settings").await.text().contains("Every change since"));
    for (at, plan) in [("2024-01-01", "free"), ("2025-02-01", "pro")] {
        server.identify(json!({ "email": "ada@x.com", "timestamp": at, "params": { "plan": plan } })).await;
    }
    let two = extent().await;
    assert_eq!((two.since, two.changes, two.is_exact), (Some(at("2024-01-01T00:00:00Z")), 2, true));
    assert!((500..2_000).contains(&two.bytes), "{two:?}");
    let page = visitor.get("/settings").await.text();
    assert!(page.contains("Every change since 1 January 2024 is known: 2 changes, 2 KiB."), "{page}");
    assert!(page.contains("Nothing has been pruned."), "{page}");
    // Many are not counted.
    let copies = "insert into change select (jsonb_populate_record(ch, jsonb_build_object('seq', n))).*
                  from change ch, generate_series(1, 15000) n";
    let client = server.db.client().await;
    client.batch_execute(&format!("{copies}; analyze change; analyze relationship")).await.unwrap();
    let many = extent().await;
    assert_eq!((many.changes, many.is_exact), (30_002, false));
    assert!((200..500).contains(&(many.bytes / many.changes)), "{many:?}");
    client.batch_execute("delete from change where seq > 0").await.unwrap();
    history::prune(&server.app.store, server.account, at("2025-01-01T00:00:00Z"), now()).await.unwrap();
    assert_eq!(extent().await.since, Some(at("2025-01-01T00:00:00Z")));
    assert!(!visitor.get("/settings").await.text().contains("Nothing has been pruned."));
}
