//! `/v1/insights/…`: every cell of every answer is asked by its filter.

mod breakdown;
mod conversion;
mod lift;
mod movements;
mod overlap;
mod referrals;
mod retention;

use axum::body::Body;
use serde_json::{Value, json};
use server::{
    config::{self, Bytes},
    http::App,
    router,
};

use crate::{
    imports::import,
    support::server::{TestServer, request, send, settings},
};

/// Asks each filter of an answer: it finds as many relationships as stand beside it, or as many customers where those are counted,
/// by Postgres too. Returns how many were asked.
async fn walk(server: &TestServer, key: &str, answer: &Value, counted: &str) -> usize {
    let mut cells = Vec::new();
    collect(answer, &mut cells);
    for (place, (filter, count)) in cells.iter().enumerate() {
        // Postgres takes longer; it is asked of some.
        let engine = if place % 31 == 0 { "sql" } else { "index" };
        let ask =
            json!({ "filter": filter, "select": ["count"], "as_of": answer["as_of"], "engine": engine });
        let found = server.call(key, "POST", "/v1/query", ask.to_string()).await.expect(200);
        assert_eq!(found[counted], json!(count), "{filter} by {engine}");
    }
    cells.len()
}

/// Every filter, with how many it should find.
fn collect(answer: &Value, cells: &mut Vec<(String, u64)>) {
    let text = |name: &str| answer[name].as_str().map(str::to_owned);
    let pairs = [("filter", "count"), ("of_filter", "of"), ("filter", "size")];
    cells.extend(
        pairs.into_iter().filter_map(|(filter, count)| Some((text(filter)?, answer[count].as_u64()?))),
    );
    match answer {
        Value::Array(values) => values.iter().for_each(|value| collect(value, cells)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, cells)),
        _ => {}
    }
}

#[tokio::test]
async fn of_no_project_nothing_is_told() {
    let server = TestServer::start().await;
    server.index_remembers().await;
    for kind in ["retention", "conversion", "movements", "lift", "overlap", "referrals", "breakdown"] {
        let mut ask = json!({ "test": true });
        if kind == "lift" {
            ask["outcome"] = json!("status = paid");
        } else if kind == "referrals" {
            ask["path"] = json!("params.referred_by");
        } else if kind != "overlap" {
            ask["by"] = json!("params.source");
            ask["as_of"] = json!("2026-03-01");
        }
        if kind == "retention" {
            ask["retained"] = json!("status = paid");
        }
        let path = format!("/v1/insights/{kind}");
        let answer = server.call(&server.keys.account, "POST", &path, ask.to_string()).await.expect(200);
        let (mut numbers, mut cells) = (Vec::new(), Vec::new());
        leaves("", &answer, &mut numbers);
        assert!(numbers.iter().all(|(_, number)| *number == 0.0), "{kind}: {numbers:?}");
        collect(&answer, &mut cells);
        assert!(!cells.is_empty() || kind == "overlap", "{kind}: {answer}");
        for list in ["projects", "pairs", "codes", "lines", "untested"] {
            assert!(answer[list].as_array().is_none_or(Vec::is_empty), "{kind}: {answer}");
        }
        // Everybody alone, of whom there is nobody.
        let groups = answer["groups"].as_array().or(answer["currencies"][0]["groups"].as_array());
        assert!(groups.is_none_or(|groups| groups.len() == 1), "{kind}: {answer}");
    }
}

/// The numbers of an answer that are none of the question, with their names.
fn leaves(name: &str, value: &Value, numbers: &mut Vec<(String, f64)>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| leaves(name, value, numbers)),
        Value::Object(fields) => {
            let told = fields.iter().filter(|(name, _)| *name != "warnings");
            told.for_each(|(name, value)| leaves(name, value, numbers));
        }
        Value::Number(number) if !["version", "took_ms", "days", "period"].contains(&name) => {
            numbers.push((name.to_owned(), number.as_f64().unwrap()));
        }
        _ => {}
    }
}

#[tokio::test]
async fn an_answer_has_room_for_so_many_filters_and_no_more() {
    let server = TestServer::start().await;
    let item = |n: usize| json!({ "email": format!("p{n}@x.com"), "params": { "n": n, "mrr": 5 } });
    let items: Vec<Value> = (0..200).map(item).collect();
    server.post("/v1/batch", json!({ "items": items })).await.expect(200);
    server.index_remembers().await;
    let of_length = |field: &str, length: usize| format!("{field} != \"{}\"", "x".repeat(length));
    let long = |field: &str| of_length(field, 60_000);
    for (kind, ask) in [
        ("retention", json!({ "unit": "day", "cohorts": "2023-01-01 .. 2023-07-19", "periods": 1000 })),
        ("retention", json!({ "cohorts": "last 20 weeks", "filter": long("name") })),
        // Three times in one filter it is short enough to be asked.
        (
            "movements",
            json!({ "unit": "day", "period": "last 100 days", "while": of_length("name", 20_000) }),
        ),
        ("conversion", json!({ "filter": long("name"), "days": 200 })),
        ("lift", json!({ "outcome": long("name"), "filter": long("email"), "fields": ["n"] })),
    ] {
        let (place, detail) = refusal(&server, kind, ask).await;
        assert_eq!(place, "", "{kind}: {detail}");
        assert!(detail.starts_with("the filters of this answer would take"), "{kind}: {detail}");
    }
}

/// The most by which an instant is shorter at one time than at another, in all places of a filter.
const DIGITS: usize = 30;

/// A filter may have 64 KiB: those of cells say more than the one that was asked.
#[tokio::test]
async fn no_filter_of_an_answer_is_longer_than_one_that_can_be_asked() {
    let server = TestServer::start().await;
    server.project("another").await;
    let item = |n: usize| {
        let long = "y".repeat(20 * n);
        json!({ "email": format!("p{n}@x.com"), "status": "paid", "params": { "n": n, "by": long, "long": long } })
    };
    let items: Vec<Value> = (0..4).map(item).collect();
    server.post("/v1/batch", json!({ "items": items })).await.expect(200);
    server.index_remembers().await;
    let key = &server.keys.account;
    for (kind, ask, times) in [
        ("conversion", json!({ "days": 5, "within": [3] }), 1),
        ("conversion", json!({ "days": 3, "within": [], "from": "long exists", "by": "params.long" }), 1),
        (
            "retention",
            json!({ "unit": "day", "cohorts": "last 5 days", "periods": 2, "retained": "n > 0" }),
            1,
        ),
        ("lift", json!({ "outcome": "n > 1", "fields": ["n", "long"] }), 1),
        ("lift", json!({ "outcome": "n > 1", "fields": ["n"], "landmark": 1 }), 1),
        ("referrals", json!({ "path": "by", "sum": "n", "limit": 2 }), 1),
        ("overlap", json!({}), 2),
    ] {
        let path = format!("/v1/insights/{kind}");
        let asked = async |length: usize| {
            let mut ask = ask.clone();
            ask["filter"] = json!(format!("name != \"{}\"", "x".repeat(length)));
            server.call(key, "POST", &path, ask.to_string()).await
        };
        let (mut told, mut refused) = ((60 << 10) / times, (64 << 10) / times);
        while refused - told > 1 {
            let middle = (told + refused) / 2;
            *(if asked(middle).await.status == 200 { &mut told } else { &mut refused }) = middle;
        }
        // The digits of now come and go.
        let answer = asked(told - DIGITS).await.expect(200);
        let counted = if kind == "overlap" { "count" } else { "relationships" };
        assert!(walk(&server, key, &answer, counted).await > 0, "{kind}");
        let answer = asked(refused + DIGITS).await.expect(422);
        let detail = answer["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.starts_with("a filter of this answer would have 65"), "{kind}: {detail}");
    }
}

#[tokio::test]
async fn a_filter_that_finds_nobody_is_doubted_wherever_it_stands() {
    let server = TestServer::start().await;
    let item = |n: usize| json!({ "email": format!("p{n}@x.com"), "params": { "plan": "pro", "mrr": n } });
    let items: Vec<Value> = (0..40).map(item).collect();
    server.post("/v1/batch", json!({ "items": items })).await.expect(200);
    server.index_remembers().await;
    let unknown = "nobody has or had params.plna; params.plan?";
    for (kind, ask, of, detail) in [
        ("conversion", json!({ "from": "plna = pro" }), "from", unknown),
        ("conversion", json!({ "to": "plna = pro" }), "to", unknown),
        ("conversion", json!({ "to": "plan = Pro" }), "to", "0 have \"Pro\" today, 40 have \"pro\""),
        (
            "conversion",
            json!({ "to": "plan = prro" }),
            "to",
            "nobody has \"prro\" in params.plan today; pro?",
        ),
        ("conversion", json!({ "to": "not plna = pro" }), "to", unknown),
        ("retention", json!({ "retained": "plna = pro" }), "retained", unknown),
        ("retention", json!({ "retained": "not plna = pro" }), "retained", unknown),
        ("movements", json!({ "path": "mrr", "while": "plna = pro" }), "while", unknown),
        ("lift", json!({ "outcome": "plna = pro" }), "outcome", "nobody has params.plna; params.plan?"),
        ("lift", json!({ "outcome": "plan = Pro" }), "outcome", "0 have \"Pro\", 40 have \"pro\""),
        ("lift", json!({ "outcome": "plan = pro", "landmark": 1, "there": "plna = pro" }), "there", unknown),
    ] {
        let answer = server.post(&format!("/v1/insights/{kind}"), ask.clone()).await.expect(200);
        let warnings = answer["warnings"].as_array().unwrap();
        assert_eq!(warnings.len(), 1, "{ask}: {warnings:?}");
        assert_eq!((&warnings[0]["in"], &warnings[0]["detail"]), (&json!(of), &json!(detail)), "{ask}");
        // The words that it is about are those that were written, or their strict form.
        let text = warnings[0]["text"].as_str().unwrap();
        let place = |end: &str| warnings[0]["span"][end].as_u64().unwrap() as usize;
        let words = &text[place("start")..place("end")];
        assert!(["plna", "params.plna", "Pro", "\"Pro\"", "\"prro\""].contains(&words), "{ask}: {words}");
        assert!(ask[of].as_str().unwrap() == text || text.contains("params."), "{ask}: {text}");
    }
    // What is true of somebody, if of nobody who is told of, is no mistake.
    for (kind, ask) in [
        ("conversion", json!({ "filter": "mrr > 100", "to": "plan = pro" })),
        ("retention", json!({ "filter": "mrr > 100", "retained": "plan = pro" })),
        ("lift", json!({ "filter": "mrr > 20", "outcome": "mrr < 10" })),
    ] {
        let answer = server.post(&format!("/v1/insights/{kind}"), ask.clone()).await.expect(200);
        assert_eq!(answer["warnings"], json!([]), "{ask}");
    }
}

#[tokio::test]
async fn an_empty_word_is_one_that_is_left_out() {
    let server = TestServer::start().await;
    for n in 0..3 {
        let at = "2026-03-01T10:00:00Z";
        let params = json!({ "by": "A", "mrr": n });
        server.identify(json!({ "email": format!("p{n}@x.com"), "timestamp": at, "params": params })).await;
    }
    server.index_remembers().await;
    for (kind, needed, words) in [
        ("retention", json!({}), &["filter", "unit", "cohorts", "began", "retained", "by"][..]),
        ("movements", json!({}), &["filter", "path", "while", "unit", "period", "by", "currency"]),
        ("conversion", json!({}), &["filter", "from", "to", "by"]),
        ("lift", json!({ "outcome": "mrr > 1" }), &["filter", "there"]),
        ("lift", json!({ "outcome": "mrr > 1", "landmark": 1 }), &["filter", "there"]),
        ("referrals", json!({ "path": "by" }), &["filter", "carries", "currency"]),
    ] {
        let path = format!("/v1/insights/{kind}");
        let told = async |ask: &Value| {
            let mut ask = ask.clone();
            ask["as_of"] = json!("2026-04-01");
            let mut answer = server.post(&path, ask).await.expect(200);
            answer.as_object_mut().unwrap().retain(|name, _| !["now", "took_ms"].contains(&name.as_str()));
            answer
        };
        let expected = told(&needed).await;
        for (word, empty) in words.iter().flat_map(|word| [(word, ""), (word, " ")]) {
            let mut ask = needed.clone();
            ask[word] = json!(empty);
            assert_eq!(told(&ask).await, expected, "{kind}: {ask}");
        }
    }
}

#[tokio::test]
async fn a_number_that_is_none_is_told_by_the_name_of_its_field() {
    let server = TestServer::start().await;
    for (kind, ask, place, words) in [
        (
            "conversion",
            json!({ "within": 14 }),
            "/within",
            "within: a number was found where a list is expected",
        ),
        (
            "conversion",
            json!({ "within": ["14"] }),
            "/within",
            "within: \"14\" was found where a whole number, not below 0, is expected",
        ),
        (
            "conversion",
            json!({ "days": -1 }),
            "/days",
            "days: a number was found that is not whole, is below 0 or is too large",
        ),
        (
            "conversion",
            json!({ "within": [7, 1.5] }),
            "/within",
            "within: a number was found that is not whole",
        ),
        (
            "lift",
            json!({ "fields": "params.plan" }),
            "/fields",
            "fields: \"params.plan\" was found where a list is expected",
        ),
        (
            "retention",
            json!({ "min_version": "x" }),
            "/min_version",
            "min_version: \"x\" was found where a whole number is expected",
        ),
        ("conversion", json!({ "within": [0] }), "/within/0", "within: 0 is out of range; write 1 to 1000"),
        ("retention", json!({ "periods": 0 }), "/periods", "periods: 0 is out of range; write 1 to 1000"),
        ("lift", json!({ "outcome": "x = 1", "landmark": 5000 }), "/landmark", "landmark: 5000 is out"),
    ] {
        let (pointer, detail) = refusal(&server, kind, ask.clone()).await;
        assert_eq!(pointer, place, "{ask}: {detail}");
        assert!(detail.starts_with(words), "{ask}: {detail}");
    }
}

/// Every field that is a filter says where it is wrong, and what to do.
#[tokio::test]
async fn a_filter_that_is_wrong_says_where_wherever_it_stands() {
    let server = TestServer::start().await;
    server.index_remembers().await;
    let wrong = "plan = pro and status = payd";
    for (kind, field, rest) in [
        ("conversion", "from", json!({})),
        ("conversion", "to", json!({})),
        ("retention", "retained", json!({})),
        ("movements", "while", json!({ "path": "mrr" })),
        ("lift", "outcome", json!({})),
        ("lift", "there", json!({ "outcome": "status = paid", "landmark": 1 })),
    ] {
        let mut ask = rest;
        ask[field] = json!(wrong);
        let refused = server.post(&format!("/v1/insights/{kind}"), ask).await.expect(422);
        let place = json!({
            "start": 24, "end": 28, "line": 1, "column": 25, "length": 4, "candidates": ["paid"]
        });
        let error = json!({
            "pointer": format!("/{field}"),
            "detail": "payd is no status; expected free, trial, paid or churned",
            "hint": "did you mean paid?",
            "place": place,
        });
        assert_eq!(
            (&refused["code"], &refused["errors"]),
            (&json!("invalid_fields"), &json!([error])),
            "{kind} {field}"
        );
        assert_eq!(
            (&refused["hint"], &refused["detail"]),
            (&error["hint"], &error["detail"]),
            "{kind} {field}"
        );
        // Words that are not read are told in the same way.
        let mut ask = json!({ "outcome": "status = paid", "landmark": 1, "path": "mrr" });
        ask.as_object_mut().unwrap().retain(|name, _| match kind {
            "lift" => name != "path",
            "movements" => name == "path",
            _ => false,
        });
        ask[field] = json!("plan = pro and");
        let refused = server.post(&format!("/v1/insights/{kind}"), ask).await.expect(422);
        assert_eq!(refused["errors"][0]["place"]["column"], 15, "{kind} {field}: {refused}");
    }
    let two = json!({ "from": "status = payd", "to": "first (ada) < now", "days": 0 });
    let refused = server.post("/v1/insights/conversion", two).await.expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/days");
    // A word alone is a search, of which no first time is asked.
    for (field, word) in [("from", "plan"), ("to", "signed_up_at"), ("to", "not ada")] {
        let refused = server.post("/v1/insights/conversion", json!({ (field): word })).await.expect(422);
        let key = word.trim_start_matches("not ");
        assert_eq!(refused["errors"][0]["pointer"], json!(format!("/{field}")), "{refused}");
        assert_eq!(refused["hint"], format!("write {key} exists or {key} = …"), "{refused}");
    }
}

/// Cohorts are of dates: a path that holds none says so.
#[tokio::test]
async fn a_beginning_is_a_date() {
    let server = TestServer::start().await;
    for n in 0..3 {
        let params = json!({ "plan": "pro", "signed_up_at": "2026-01-01", "trial": "03/13/2026" });
        server.identify(json!({ "email": format!("p{n}@x.com"), "params": params })).await;
    }
    server.index_remembers().await;
    for (began, code, detail) in [
        ("plan", "type_differs", "params.plan holds strings, none of them a date"),
        ("sign_up_at", "unknown_path", "nobody has params.sign_up_at; params.signed_up_at?"),
        (
            "trial",
            "date_form",
            "3 have text in params.trial that is not read as a date, as \"03/13/2026\"; import it with --type trial=date:%m/%d/%Y",
        ),
    ] {
        let ask = json!({ "began": began, "retained": "status = free" });
        let answer = server.post("/v1/insights/retention", ask).await.expect(200);
        let warning = &answer["warnings"][0];
        assert_eq!((&warning["code"], &warning["detail"]), (&json!(code), &json!(detail)), "{answer}");
    }
    for began in ["signed_up_at", "first_seen"] {
        let ask = json!({ "began": began, "retained": "status = free" });
        let answer = server.post("/v1/insights/retention", ask).await.expect(200);
        assert_eq!(answer["warnings"], json!([]), "{began}");
    }
}

/// What is said of what is wrong with a question: its place and the words.
async fn refusal(server: &TestServer, kind: &str, ask: Value) -> (String, String) {
    refusal_to(server, &server.keys.secret, kind, ask).await
}

/// The same where a key asks.
async fn refusal_to(server: &TestServer, key: &str, kind: &str, ask: Value) -> (String, String) {
    let refused =
        server.call(key, "POST", &format!("/v1/insights/{kind}"), ask.to_string()).await.expect(422);
    let error = &refused["errors"][0];
    let place = error["pointer"].as_str().unwrap_or_default();
    (place.to_owned(), error["detail"].as_str().unwrap_or_default().to_owned())
}

/// An import that says nothing but when people were first seen dates all that they have by that. Movements tell them apart.
#[tokio::test]
async fn what_nobody_dated_is_told_of() {
    let server = TestServer::start().await;
    let dated = "email,status,mrr,first_seen,status_since\nada@x.com,paid,20,2026-01-05,2026-03-05\n";
    import(&server, "", dated).await;
    server.index_remembers().await;
    let asks = [
        ("movements", json!({})),
        ("conversion", json!({ "to": "mrr > 5" })),
        ("retention", json!({ "retained": "status = paid" })),
        ("lift", json!({ "outcome": "status = paid", "landmark": 3 })),
        ("retention", json!({ "retained": "seen" })),
        ("lift", json!({ "outcome": "status = paid" })),
    ];
    for (kind, ask) in &asks {
        let answer = server.post(&format!("/v1/insights/{kind}"), ask.clone()).await.expect(200);
        assert_eq!(answer["warnings"], json!([]), "{ask}");
    }
    import(
        &server,
        "",
        "email,status,mrr,first_seen\nbob@x.com,paid,20,2026-01-05\ncleo@x.com,paid,9,2026-01-06\n",
    )
    .await;
    for (place, (kind, ask)) in asks.iter().enumerate() {
        let answer = server.post(&format!("/v1/insights/{kind}"), ask.clone()).await.expect(200);
        let warning = &answer["warnings"][0];
        if (1..4).contains(&place) {
            assert_eq!(
                (&warning["code"], &warning["span"]["end"]),
                (&json!("past_unknown"), &json!(0)),
                "{ask}"
            );
            let detail = warning["detail"].as_str().unwrap();
            assert!(
                detail.starts_with("2 came by an import") && detail.contains("not imported exists"),
                "{ask}: {detail}"
            );
            let mut ask = ask.clone();
            ask["filter"] = json!("email = ada@x.com or email = bob@x.com");
            let some = server.post(&format!("/v1/insights/{kind}"), ask.clone()).await.expect(200);
            let said = some["warnings"].to_string();
            assert!(said.contains("\"1 came by an import"), "those who are asked of are counted: {said}");
            ask["filter"] = json!("not imported exists");
            let dated = server.post(&format!("/v1/insights/{kind}"), ask.clone()).await.expect(200);
            assert_eq!(dated["warnings"], json!([]), "{ask}");
        } else {
            assert_eq!(answer["warnings"], json!([]), "{ask}");
        }
    }
}

#[tokio::test]
async fn what_memory_never_keeps_is_refused_at_its_place() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com", "status": "paid", "params": { "plan": "pro" } })).await;
    server.index_remembers().await;
    for (kind, ask, place) in [
        ("movements", json!({ "while": "plan changed in last 24 hours" }), "/while"),
        ("movements", json!({ "while": "in project app" }), "/while"),
        ("movements", json!({ "while": "mrr decreased in last 7 days" }), "/while"),
        ("movements", json!({ "filter": "first (in project app) < now" }), "/filter"),
        ("conversion", json!({ "from": "in project app" }), "/from"),
        ("conversion", json!({ "to": "last_activity > 2026-01-01" }), "/to"),
        ("retention", json!({ "filter": "first (seen in last week) < now" }), "/filter"),
        ("lift", json!({ "outcome": "first (in project app) < now" }), "/outcome"),
        ("lift", json!({ "outcome": "plan = pro", "landmark": 1, "there": "seen in last week" }), "/there"),
    ] {
        let (pointer, detail) = refusal_to(&server, &server.keys.account, kind, ask.clone()).await;
        assert_eq!(pointer, place, "{ask}: {detail}");
        assert!(
            detail.starts_with("insights are told from memory, which does not keep this"),
            "{ask}: {detail}"
        );
    }
}

/// Where an account does not fit it is said what it would take; started so, the server tells.
#[tokio::test]
async fn what_does_not_fit_says_what_it_would_take() {
    let server = TestServer::start().await;
    for (round, from) in (0..4).flat_map(|round| [(round, 0), (round, 1_000)]) {
        let text = |n: usize, key: usize| format!("{round} {n} {key} {}", "x".repeat(40));
        let params = |n: usize| -> Value { (0..20).map(|key| (format!("k{key}"), text(n, key))).collect() };
        let item = |n: usize| json!({ "email": format!("p{n}@x.com"), "params": params(n) });
        let items: Vec<Value> = (from..from + 1_000).map(item).collect();
        server.post("/v1/batch", json!({ "items": items })).await.expect(200);
    }
    server.index_remembers().await;
    let (mut limit, mut said) = ("1M".to_owned(), Vec::new());
    loop {
        let config = config::Server { index_memory: Some(limit.parse().unwrap()), ..settings() };
        let app = App::new(server.db.store(), config);
        app.store.index_remembers(server.account).await;
        let ask = request("GET", "/v1/insights/retention?retained=k1+exists");
        let ask = ask.header("authorization", format!("Bearer {}", server.keys.account));
        let answer = send(&router::router(app), ask.body(Body::empty()).unwrap()).await;
        if answer.status == 200 {
            break;
        }
        assert_eq!(answer.status, 503, "{}", answer.text());
        let (detail, hint) = (answer.json()["detail"].clone(), answer.json()["hint"].clone());
        let hint = hint.as_str().unwrap();
        let (wanted, of) = hint.split_once("about ").unwrap().1.split_once(' ').unwrap();
        let fits = if of.contains("without its history") {
            "the account does not"
        } else {
            "the account's history does not"
        };
        assert!(detail.as_str().unwrap().contains(fits), "{detail}: {hint}");
        assert_eq!(answer.headers["retry-after"], "600", "then it is tried again");
        let more = wanted.parse::<Bytes>().unwrap().0 > limit.parse::<Bytes>().unwrap().0;
        assert!(more && said.len() < 4, "{limit}: {hint}, after {said:?}");
        said.push(of.contains("without"));
        limit = wanted.to_owned();
    }
    assert!(said.contains(&true) && said.contains(&false), "{said:?}");
    let takes = server.app.store.index_facts().bytes;
    let limit = limit.parse::<Bytes>().unwrap().0;
    assert!(limit < 2 * takes, "{limit} of {takes}");
}
