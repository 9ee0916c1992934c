//! `/v1/series`: each point is the query as of its moment.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Map, Value, json};
use server::{http::App, model::now, router, store::history};

use crate::support::server::{TestServer, request, send, settings};

/// Questions that a random world answers differently at different times.
const FILTERS: [&str; 10] = [
    "",
    "status = paid",
    "plan = pro or mrr > 20",
    "ends in next 14 days",
    "last_activity in last 30 days and not plan = free",
    "status_since < now - 60d",
    "was (plan = free) and plan != free",
    "seen in last 7 days",
    "mrr increased in last month",
    "tags has vip",
];
const BYS: [Option<&str>; 6] = [None, Some("plan"), Some("status"), Some("tags"), Some("mrr"), Some("name")];
const STEPS: [&str; 4] = ["day", "week", "month", "quarter"];
const PERIODS: [&str; 4] =
    ["2026-01-20 .. 2026-03-05", "last 3 months", "2025-12-30 .. 2026-01-12", "this year"];
const AGGREGATES: [&str; 5] =
    ["sum(params.mrr)", "avg(params.mrr)", "median(params.mrr)", "max(params.ends)", "min(first_seen)"];

/// People whose params change over the year, in a zone of its own.
pub(crate) async fn world(rng: &mut StdRng) -> TestServer {
    let server = TestServer::start().await;
    server::store::set_zone(&server.app.store, server.account, "America/St_Johns").await.unwrap();
    let mut calls = Vec::new();
    for person in 0..25 {
        for _ in 0..rng.random_range(1..7) {
            calls.push(call(rng, person));
        }
    }
    server.post("/v1/batch", json!({ "items": calls })).await.expect(200);
    // Some of them are in another project too.
    let (_, other) = server.project("other").await;
    let calls: Vec<Value> = (5..30).map(|person| call(rng, person)).collect();
    let body = json!({ "items": calls }).to_string();
    server.call(&other, "POST", "/v1/batch", body).await.expect(200);
    server.index_remembers().await;
    server
}

/// The answer to a question, as one of the keys sees it.
async fn ask(server: &TestServer, key: &str, path: &str, body: &Value) -> Value {
    server.call(key, "POST", path, body.to_string()).await.expect(200)
}

fn call(rng: &mut StdRng, person: usize) -> Value {
    let (month, day) = (rng.random_range(1..=10), rng.random_range(1..=28));
    let at = format!("2026-{month:02}-{day:02}T{:02}:30:00Z", rng.random_range(0..24));
    let mut params = Map::new();
    let plans = [json!("free"), json!("pro"), json!("team"), json!(7), Value::Null, json!([1])];
    let values = [
        ("plan", plans.choose(rng).unwrap().clone()),
        ("mrr", json!(rng.random_range(0..50))),
        ("tags", json!(["vip", "x"][..rng.random_range(0..3)])),
        ("ends", json!(format!("2026-{:02}-15", rng.random_range(1..=12)))),
    ];
    for (name, value) in values {
        if rng.random_bool(0.6) {
            params.insert(name.to_owned(), value);
        }
    }
    let mut call = json!({ "email": format!("p{person}@x.com"), "timestamp": at, "params": params });
    if rng.random_bool(0.5) {
        call["status"] = json!(["free", "trial", "paid", "churned"].choose(rng).unwrap());
    }
    call
}

#[tokio::test]
async fn each_point_is_the_query_as_of_its_moment() {
    let mut rng = StdRng::seed_from_u64(20_261_126);
    let server = world(&mut rng).await;
    let mut from_memory = 0;
    for case in 0..24 {
        let mut question = json!({
            "filter": FILTERS[case % FILTERS.len()], "step": STEPS.choose(&mut rng).unwrap(),
            "period": PERIODS.choose(&mut rng).unwrap(), "limit": rng.random_range(1..4),
            "aggregates": [AGGREGATES.choose(&mut rng).unwrap(), "sum(params.mrr)"],
        });
        if let Some(by) = BYS[case % BYS.len()] {
            question["by"] = json!(by);
        }
        let key = [&server.keys.secret, &server.keys.account][case % 2];
        let series = ask(&server, key, "/v1/series", &question).await;
        from_memory += usize::from(series["engine"] == "index");
        question["engine"] = json!("sql");
        let by_sql = ask(&server, key, "/v1/series", &question).await;
        assert_eq!(told_by(&series), told_by(&by_sql), "{question}");
        let points = series["points"].as_array().unwrap();
        assert!(!points.is_empty(), "{question}");
        for place in [0, points.len() / 2, points.len() - 1] {
            hold(&server, key, &question, &points[place]).await;
        }
        in_line(points);
    }
    assert!(from_memory > 18, "{from_memory} of 24 by the index");
}

/// What an answer says, whichever engine gave it and when.
fn told_by(series: &Value) -> Value {
    let mut told = series.clone();
    for name in ["engine", "fallback", "took_ms", "now"] {
        told.as_object_mut().unwrap().remove(name);
    }
    for point in told["points"].as_array_mut().unwrap().iter_mut().filter(|point| point["over"] == false) {
        point["at"].take();
    }
    told
}

#[tokio::test]
async fn what_the_index_cannot_tell_is_asked_of_postgres_which_is_said() {
    let server = TestServer::start().await;
    two(&server).await;
    server.index_remembers().await;
    let ask = |filter: &str, engine: Value| json!({ "filter": filter, "period": "2026-01-01 .. 2026-03-31", "engine": engine });
    let plain = server.post("/v1/series", ask("plan = pro", Value::Null)).await.expect(200);
    assert_eq!((&plain["engine"], &plain["fallback"]), (&json!("index"), &Value::Null));
    let days = "was (last_activity > 2026-01-01) in 2026-01-01 .. 2026-01-31";
    let unknown = server.post("/v1/series", ask(days, Value::Null)).await.expect(200);
    assert_eq!((&unknown["engine"], &unknown["fallback"]), (&json!("sql"), &json!("past")));
    let wanted = server.post("/v1/series", ask(days, json!("sql"))).await.expect(200);
    assert_eq!((&wanted["engine"], &wanted["fallback"]), (&json!("sql"), &Value::Null));
    let refused = server.post("/v1/series", ask(days, json!("index"))).await.expect(503);
    assert_eq!(refused["code"], "index_not_ready");
    let none = server.post("/v1/series", ask("", json!("both"))).await.expect(422);
    assert_eq!(none["errors"][0]["pointer"], "/engine");
}

#[tokio::test]
async fn what_is_too_long_to_be_listed_is_among_the_others() {
    let server = TestServer::start().await;
    let long = "x".repeat(1_500);
    for (email, note) in [("ada@x.com", long.as_str()), ("bob@x.com", long.as_str()), ("cleo@x.com", "short")]
    {
        server
            .identify(
                json!({ "email": email, "timestamp": "2026-01-10T10:00:00Z", "params": { "note": note } }),
            )
            .await;
    }
    server.index_remembers().await;
    for engine in ["index", "sql"] {
        let ask = json!({ "by": "note", "period": "2026-01-01 .. 2026-05-31", "engine": engine });
        let series = server.post("/v1/series", ask).await.expect(200);
        for point in series["points"].as_array().unwrap() {
            let groups = &point["groups"];
            assert_eq!(
                (&groups["distinct"], &groups["other"]["count"]),
                (&json!(2), &json!(2)),
                "{engine}: {point}"
            );
            assert_eq!(groups["rows"].as_array().unwrap().len(), 1);
            assert_eq!(groups["rows"][0]["count"], 1);
        }
    }
}

/// Holds a point against the query of its moment.
async fn hold(server: &TestServer, key: &str, series: &Value, point: &Value) {
    let mut query =
        json!({ "filter": series["filter"], "select": ["count"], "aggregates": series["aggregates"] });
    if !series["by"].is_null() {
        query["group_by"] = series["by"].clone();
    }
    if point["over"] == true {
        query["as_of"] = point["at"].clone();
    }
    let answer = ask(server, key, "/v1/query", &query).await;
    let what = format!("{series}\n{point:#}\n{answer:#}");
    for name in ["count", "relationships", "aggregates"] {
        assert_eq!(point[name], answer[name], "{what}");
    }
    let (told, whole) = (&point["groups"], &answer["groups"]);
    if series["by"].is_null() {
        assert!(told.is_null(), "{what}");
        return;
    }
    for name in ["by", "distinct", "missing", "skipped"] {
        assert_eq!(told[name], whole[name], "{name}: {what}");
    }
    let mut all = rows(whole);
    assert!(told["rows"].as_array().unwrap().len() <= series["limit"].as_u64().unwrap() as usize, "{what}");
    for (value, row) in rows(told) {
        match all.remove(&value) {
            Some(found) => assert_eq!(row, found, "{what}"),
            None => assert_eq!(row["count"], 0, "{what}"),
        }
    }
    let rest: u64 = all.values().map(|row| row["count"].as_u64().unwrap()).sum();
    assert_eq!(told["other"]["count"].as_u64().unwrap_or(0), rest, "{what}");
}

fn rows(groups: &Value) -> BTreeMap<String, Value> {
    let rows = groups["rows"].as_array().unwrap().iter();
    rows.map(|row| (format!("{} {}", row["type"], row["value"]), row.clone())).collect()
}

/// All points tell of the same values in the same order, and follow each other.
fn in_line(points: &[Value]) {
    let values = |point: &Value| -> Vec<Value> {
        let rows = point["groups"]["rows"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| row["value"].clone()).collect()
    };
    for pair in points.windows(2) {
        assert_eq!(values(&pair[0]), values(&pair[1]));
        let (to, from) = (pair[0]["to"].as_str().unwrap(), pair[1]["from"].as_str().unwrap());
        let day = |text: &str| text.parse::<jiff::civil::Date>().unwrap();
        assert_eq!(day(to).tomorrow().unwrap(), day(from));
        assert_eq!(pair[0]["over"], true, "only the last step may not be over");
    }
}

/// The labels of the points, with how many there were and their sum.
fn told(series: &Value) -> Vec<String> {
    let points = series["points"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    points
        .map(|point| {
            let sum = point["aggregates"][0]["value"].clone();
            format!("{} {} {} {}", text(&point["label"]), point["over"], point["count"], sum)
        })
        .collect()
}

async fn two(server: &TestServer) {
    let calls = [
        json!({ "email": "ada@x.com", "timestamp": "2026-01-31T23:00:00Z", "status": "free", "params": { "plan": "free" } }),
        json!({ "email": "ada@x.com", "timestamp": "2026-02-10T10:00:00Z", "status": "paid", "params": { "plan": "pro", "mrr": 19.9 } }),
        json!({ "email": "bob@x.com", "timestamp": "2026-03-05T10:00:00Z", "status": "paid", "params": { "plan": "team", "mrr": 30 } }),
    ];
    server.post("/v1/batch", json!({ "items": calls })).await.expect(200);
}

#[tokio::test]
async fn months_go_from_nobody_to_now_in_the_zone_of_the_account() {
    let server = TestServer::start().await;
    two(&server).await;
    let by_address =
        "/v1/series?period=2025-12-15..2026-03-02&aggregates=sum(mrr)&step=month&by=plan&limit=1";
    let series = server.get(by_address).await.expect(200);
    let zeros = ["2025-12 true 0 0", "2026-01 true 1 0", "2026-02 true 1 19.9", "2026-03 true 2 49.9"];
    assert_eq!(told(&series), zeros, "{series:#}");
    let (january, march) = (&series["points"][1], &series["points"][3]);
    assert_eq!((&march["from"], &march["to"]), (&json!("2026-03-01"), &json!("2026-03-31")));
    assert_eq!(march["at"], "2026-03-31T23:59:59.999999Z");
    assert_eq!(march["groups"]["rows"][0]["value"], "pro");
    assert_eq!((&march["groups"]["other"]["count"], &march["groups"]["missing"]), (&json!(1), &Value::Null));
    assert_eq!(
        (&january["groups"]["rows"][0]["count"], &january["groups"]["other"]["count"]),
        (&json!(0), &json!(1))
    );
    server::store::set_zone(&server.app.store, server.account, "Europe/Berlin").await.unwrap();
    let ask = json!({ "period": "2026-01-01 .. 2026-02-01" });
    let counts = told(&server.post("/v1/series", ask).await.expect(200));
    assert_eq!(counts, ["2026-01 true 0 null", "2026-02 true 1 null"], "in Berlin February had begun");
    let present =
        server.post("/v1/series", json!({ "period": "today", "step": "quarter" })).await.expect(200);
    let last = &present["points"][0];
    assert_eq!((&last["over"], &last["count"], &last["at"]), (&json!(false), &json!(2), &present["now"]));
    let year = server.post("/v1/series", json!({})).await.expect(200);
    assert_eq!((&year["step"], year["points"].as_array().unwrap().len()), (&json!("month"), 13));
}

/// Right after a start the past is still being read: it is waited for.
#[tokio::test]
async fn a_series_waits_for_the_past_right_after_a_start() {
    let server = TestServer::start().await;
    two(&server).await;
    let locker = server.db.client().await;
    locker.batch_execute("begin; lock table change").await.unwrap();
    let router = router::router(App::new(server.db.store(), settings()));
    let ask = json!({ "period": "2025-12-01 .. 2026-03-31" }).to_string();
    let asked =
        request("POST", "/v1/series").header("authorization", format!("Bearer {}", server.keys.secret));
    let asked = asked.header("content-type", "application/json").body(ask.into()).unwrap();
    let unlocked = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        locker.batch_execute("commit").await.unwrap();
    };
    let (answer, ()) = tokio::join!(send(&router, asked), unlocked);
    let answer = answer.expect(200);
    assert_eq!((&answer["engine"], &answer["fallback"]), (&json!("index"), &Value::Null));
    assert_eq!(answer["points"].as_array().unwrap().len(), 4);
}

/// What the last point alone need not tell: its days are known, and who somebody is it may say.
#[tokio::test]
async fn what_is_not_known_of_the_first_point_is_told() {
    let server = TestServer::start().await;
    two(&server).await;
    server.index_remembers().await;
    for engine in ["index", "sql"] {
        let ask = |filter: &str| json!({ "filter": filter, "period": "last 3 months", "engine": engine });
        let seen = server.post("/v1/series", ask("seen in last 7 days")).await.expect(200);
        let codes = |answer: &Value| {
            let all = answer["warnings"].as_array().unwrap().iter();
            all.map(|one| one["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert!(codes(&seen).contains(&"past_unknown".to_owned()), "{engine}: {seen:#}");
        let who = server.post("/v1/series", ask("email contains \"x.com\"")).await.expect(200);
        assert_eq!(codes(&who), ["asks_present"], "{engine}");
    }
}

/// A point is another moment than now, so an error that comes of it names it.
#[tokio::test]
async fn an_error_of_one_point_names_the_point() {
    let server = TestServer::start().await;
    two(&server).await;
    let ask = json!({ "filter": "status changed in 2026-03-01 .. 2026-03-31", "period": "2026-01-01 .. 2026-04-30" });
    let refused = server.post("/v1/series", ask).await.expect(422);
    let told = refused["detail"].as_str().unwrap();
    assert!(told.contains("as of 2026-02-28"), "{refused:#}");
}

#[tokio::test]
async fn what_is_no_series_is_told() {
    let server = TestServer::start().await;
    for (ask, pointer, detail) in [
        (json!({ "period": "soon" }), "/period", "expected a period, found soon"),
        (json!({ "period": "last 2 years or so" }), "/period", "expected the end, found or"),
        (json!({ "period": "next month" }), "/period", "this lies in the future"),
        (json!({ "period": "last 4 years", "step": "day" }), "/period", "more than 1000 points are too many"),
        (json!({ "step": "year" }), "/step", "\"year\" is no step; there are day, week, month, quarter"),
        (json!({ "by": "month(first_seen)" }), "/by", "month(first_seen) is no field"),
        (json!({ "by": "plan = 1" }), "/by", "plan = 1 is not a plain key"),
        (json!({ "limit": 101 }), "/limit", "limit: 101 is out of range"),
        (json!({ "aggregates": ["sum"] }), "/aggregates/0", ""),
    ] {
        let refused = server.post("/v1/series", ask.clone()).await.expect(422);
        assert_eq!(
            (&refused["code"], &refused["errors"][0]["pointer"]),
            (&json!("invalid_fields"), &json!(pointer)),
            "{ask}"
        );
        let told = refused["errors"][0]["detail"].as_str().unwrap();
        assert!(told.starts_with(detail), "{ask}: {told}");
    }
    let refused = server.post("/v1/series", json!({ "filter": "plan =" })).await.expect(422);
    assert_eq!(refused["code"], "invalid_filter");
    let behind = server.post("/v1/series", json!({ "min_version": 1_000_000 })).await.expect(503);
    assert_eq!(behind["code"], "version_not_reached");
}

#[tokio::test]
async fn what_was_pruned_is_refused_and_the_year_is_as_long_as_is_known() {
    let server = TestServer::start().await;
    two(&server).await;
    let horizon: Timestamp = "2026-03-10T00:00:00Z".parse().unwrap();
    history::prune(&server.app.store, server.account, horizon, now()).await.unwrap();
    let refused =
        server.post("/v1/series", json!({ "period": "2026-02-01 .. 2026-04-30" })).await.expect(422);
    let detail = "history is kept since 2026-03-10T00:00:00Z, and the month until 2026-02-28 ends before";
    assert_eq!(refused["errors"], json!([{ "pointer": "/period", "detail": detail }]));
    let begun = server.post("/v1/series", json!({ "period": "2026-03-01 .. 2026-03-31" })).await.expect(200);
    assert_eq!(told(&begun), ["2026-03 true 2 null"], "its end is known");
    let year = server.post("/v1/series", json!({ "step": "quarter" })).await.expect(200);
    assert_eq!(year["points"][0]["label"], "2026-Q1");
}

#[tokio::test]
async fn a_series_that_takes_too_long_says_how_far_it_came() {
    let server = TestServer::start().await;
    two(&server).await;
    let locker = server.db.client().await;
    // The present needs nothing of the log, and is asked first.
    locker.batch_execute("begin; lock table change").await.unwrap();
    let canceller = server.db.client().await;
    // What the time limit does after 30 seconds, done at once.
    let cancelling = async {
        let waiting = "select pg_cancel_backend(pid) from pg_stat_activity
                       where datname = current_database() and wait_event_type = 'Lock'";
        loop {
            canceller.query(waiting, &[]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let answer = tokio::select! {
        answer = server.post("/v1/series", json!({ "period": "last 3 days", "step": "day", "engine": "sql" })) => answer.expect(422),
        () = cancelling => Value::Null,
    };
    assert_eq!(answer["code"], "query_too_slow");
    let detail = "The series took longer than 30 seconds: 1 of its 3 points were answered.";
    assert_eq!(answer["detail"], detail);
    assert!(answer["hint"].as_str().unwrap().contains("Postgres answers each point by itself"), "{answer}");
    locker.batch_execute("rollback").await.unwrap();
    let again =
        server.post("/v1/series", json!({ "period": "last 3 days", "step": "day" })).await.expect(200);
    assert_eq!(told(&again).last().unwrap().split(' ').nth(2), Some("2"));
}
