//! The injection rows of the CVE table: whatever stands in a value, a connector, an operator, an order, a group, a
//! bucket, a zone, a column or a key, the answer is right or a clear 4xx, and never a fault.

use serde_json::{Value, json};

use crate::support::server::TestServer;

/// Texts that broke others: CVE-2026-44706, CVE-2025-21628, CVE-2026-46624, CVE-2019-14234, CVE-2026-33442.
const CORPUS: &[&str] = &[
    "' or '1'='1",
    "'; drop table customer; --",
    "\" or \"\"=\"",
    "\\",
    "\\'",
    "$1",
    "$2::text",
    "$$x$$",
    ":a",
    "?",
    "%",
    "_",
    "') or true --",
    "1; select pg_sleep(9)",
    "/* */",
    "--",
    "a\nb",
    "a\tb",
    "\u{202e}",
    "\u{feff}",
    "a.b",
    "a[0]",
    "a['x']",
    "$.a",
    "*",
    "**",
    "@",
    "{}",
    "[]",
    "->>'x'",
    "#>>'{a}'",
    "::jsonb",
    "\u{0}",
    "'||(select version())||'",
    "UTC'; --",
    "America/New_York' AT TIME ZONE 'x",
    "null",
    "true",
    "__proto__",
    "constructor",
    "a\"b",
    "a'b",
    "`a`",
    "é",
    "\u{1F600}",
    "COPY x TO PROGRAM 'id'",
    "/**/or/**/1=1",
    "1e309",
    "0x1F",
    "NaN",
    "-",
    "(",
    ")",
    "((",
    ",",
    ";",
];

async fn fixture() -> TestServer {
    let server = TestServer::start().await;
    server
        .identify(json!({ "email": "a@x.com", "params": { "plan": "pro", "mrr": 1, "when": "2026-01-01" } }))
        .await;
    for (number, text) in CORPUS.iter().enumerate().filter(|(_, text)| !text.contains('\0')) {
        let params = json!({ "value": text, (*text): "key" });
        server.identify(json!({ "email": format!("c{number}@x.com"), "params": params })).await;
    }
    server
}

/// Asks; a fault of the server fails the test.
async fn ask(server: &TestServer, question: &Value) -> (u16, Value) {
    let answer = server.post("/v1/query", question.clone()).await;
    assert!(answer.status == 200 || (400..500).contains(&answer.status), "{question}: {}", answer.text());
    if answer.status != 200 {
        let problem = answer.json();
        assert!(
            problem["detail"].as_str().is_some_and(|detail| !detail.contains("syntax error at")),
            "{problem}"
        );
    }
    (answer.status, answer.json())
}

/// Every one of the corpus is found as a value by each way to say a text, and nothing else is.
#[tokio::test]
async fn values_are_values() {
    let server = fixture().await;
    for text in CORPUS {
        let quoted = json!(text).to_string();
        let expected = if text.contains('\0') { 422 } else { 200 };
        for filter in [format!("params.value = {quoted}"), format!("params.value in ({quoted}, \"nothing\")")]
        {
            let (status, answer) = ask(&server, &json!({ "filter": filter, "select": ["count"] })).await;
            assert_eq!(
                (status, answer["count"].as_u64()),
                (expected, (expected == 200).then_some(1)),
                "{filter}"
            );
        }
        for operator in ["!=", "<", "<=", ">", ">=", "contains", "starts with", "ends with", "has"] {
            let filter = format!("params.value {operator} {quoted}");
            assert_eq!(
                ask(&server, &json!({ "filter": filter, "select": ["count"] })).await.0,
                expected,
                "{filter}"
            );
        }
        for field in ["email", "domain", "name", "user_id", "project", "status", "first_seen"] {
            ask(&server, &json!({ "filter": format!("{field} = {quoted}"), "select": ["count"] })).await;
        }
    }
}

/// Keys are keys: in filters, orders, groups, aggregates, facets and columns.
#[tokio::test]
async fn keys_are_keys() {
    let server = fixture().await;
    let long = "k".repeat(64 << 10);
    for text in CORPUS.iter().copied().chain([long.as_str()]) {
        let path = format!("params.{}", json!(text));
        let question = json!({ "filter": format!("{path} = \"key\""), "select": ["count"] });
        let (status, answer) = ask(&server, &question).await;
        if text.len() < 100 && !text.contains('\0') {
            assert_eq!((status, &answer["count"]), (200, &json!(1)), "{path}");
        }
        let question = json!({ "sort": path, "group_by": path, "facets": [path], "aggregates": [format!("sum({path})"), format!("max({path})")] });
        let (status, answer) = ask(&server, &question).await;
        if text.len() < 100 && !text.contains('\0') {
            assert_eq!(status, 200, "{path}: {answer}");
            assert_eq!(answer["groups"]["rows"][0]["value"], "key", "{path}");
            assert_eq!(answer["facets"][0]["coverage"], 1, "{path}");
        }
        for group in [format!("month({path})"), format!("bucket({path}, 10)")] {
            ask(&server, &json!({ "group_by": group })).await;
        }
        if text.len() > 100 {
            continue; // no address is as long
        }
        let column = form(&path);
        let answer = server.get(&format!("/v1/export?columns=email,{column}")).await;
        assert!(answer.status == 200 || (400..500).contains(&answer.status), "{path}: {}", answer.text());
    }
}

/// Where a word is expected, only the words that are known are taken.
#[tokio::test]
async fn words_are_words() {
    let server = fixture().await;
    for text in CORPUS {
        for question in [
            json!({ "filter": format!("params.plan = \"pro\" {text} params.mrr = 1") }),
            json!({ "filter": format!("params.plan {text} \"pro\"") }),
            json!({ "filter": format!("params.when in last 7 {text}") }),
            json!({ "filter": text }),
            json!({ "sort": format!("params.mrr {text}") }),
            json!({ "sort": text }),
            json!({ "group_by": text }),
            json!({ "group_by": format!("month(params.when, {text})") }),
            json!({ "group_by": format!("bucket(params.mrr, {text})") }),
            json!({ "group_by": format!("{text}(params.when)") }),
            json!({ "aggregates": [format!("{text}(params.mrr)")] }),
            json!({ "aggregates": [text] }),
            json!({ "facets": [text] }),
            json!({ "select": [text] }),
            json!({ "project": text }),
            json!({ "cursor": text }),
            json!({ "engine": text }),
            json!({ (*text): 1 }),
        ] {
            ask(&server, &question).await;
        }
        let path = form(text);
        for address in [
            format!("/v1/customers/{path}"),
            format!("/v1/segments/{path}"),
            format!("/v1/params?filter={path}"),
        ] {
            let answer = server.get(&address).await;
            assert!(
                answer.status == 200 || (400..500).contains(&answer.status),
                "{address}: {}",
                answer.text()
            );
        }
    }
    let left = server.post("/v1/query", json!({ "select": ["count"] })).await.expect(200);
    assert_eq!(left["count"].as_u64().unwrap() as usize, CORPUS.len(), "nothing was lost on the way");
}

/// The account's zone is checked when it is set; one that is no zone never reaches a query.
#[tokio::test]
async fn zones_never_reach_sql() {
    let server = fixture().await;
    for text in CORPUS {
        let set = server::store::set_zone(&server.app.store, server.account, text).await;
        assert!(set.is_err(), "{text:?} is no zone");
    }
    let client = server.db.client().await;
    client.execute("update clock set zone = $1", &[&"UTC'; drop table customer; --"]).await.unwrap();
    let (status, answer) =
        ask(&server, &json!({ "group_by": "day(params.when)", "filter": "params.when < today" })).await;
    assert_eq!((status, &answer["groups"]["rows"][0]["value"]), (200, &json!("2026-01-01")));
}

/// A text as it stands in an address.
fn form(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
