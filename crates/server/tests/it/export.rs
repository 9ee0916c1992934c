//! `/v1/export`: exactly the filter's rows, exact values, harmless cells.

use jiff::ToSpan;
use serde_json::{Value, json};
use server::model::now;

use crate::support::server::TestServer;

async fn csv(server: &TestServer, query: &str) -> Vec<Vec<String>> {
    let answer = server.get(&format!("/v1/export?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&answer.body[..]);
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[tokio::test]
async fn trials_that_end_soon_are_exported() {
    let server = TestServer::start().await;
    let today = now().to_zoned(jiff::tz::TimeZone::UTC).date();
    for (email, days) in [("yesterday", -1), ("today", 0), ("soon", 6), ("later", 7)] {
        let ends = today.checked_add(days.days()).unwrap().to_string();
        server.identify(json!({ "email": format!("{email}@x.com"), "params": { "trial_ends": ends } })).await;
    }
    let filter = "filter=params.trial_ends%20in%20next%207%20days";
    let mut rows = csv(&server, &format!("{filter}&columns=email,params.trial_ends")).await;
    assert_eq!(rows.remove(0), ["email", "params.trial_ends"]);
    rows.sort();
    let emails: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(emails, ["soon@x.com", "today@x.com"]);
    assert_eq!(rows[1][1], today.to_string());
}

#[tokio::test]
async fn all_columns_lose_nothing_and_run_nothing() {
    let server = TestServer::start().await;
    let params = r#"{ "=cmd": "=1+1", "n": -5, "text": "-5", "big": 9007199254740993, "price": 19.90, "yes": true,
        "nothing": null, "tags": ["a", "=b"], "company": { "country": "U,\"K", "deep": { "x": 1 } }, "tab": "\t=1", "at": "@x" }"#;
    let body = format!(r#"{{ "email": "+a@x.com", "name": "=HYPERLINK(1)", "params": {params} }}"#);
    server.call(&server.keys.secret, "POST", "/v1/identify", body).await.expect(200);
    let rows = csv(&server, "").await;
    let cell = |name: &str| {
        let place = rows[0]
            .iter()
            .position(|column| column == name)
            .unwrap_or_else(|| panic!("{name}: {:?}", rows[0]));
        rows[1][place].as_str()
    };
    for (name, value) in [
        ("email", "'+a@x.com"),
        ("name", "'=HYPERLINK(1)"),
        ("status", "free"),
        ("params.\"=cmd\"", "'=1+1"),
        ("params.n", "-5"),
        ("params.text", "'-5"),
        ("params.big", "9007199254740993"),
        ("params.price", "19.90"),
        ("params.yes", "true"),
        ("params.nothing", ""),
        ("params.tags", r#"["a", "=b"]"#),
        ("params.company.country", "U,\"K"),
        ("params.company.deep.x", "1"),
        ("params.tab", "'\t'=1"),
        ("params.at", "'@x"),
        ("params", ""),
    ] {
        assert_eq!(cell(name), value, "{name}");
    }
    let lines = server.get("/v1/export?format=ndjson").await;
    let line: Value = serde_json::from_slice(&lines.body).unwrap();
    assert_eq!(line["params"], serde_json::from_str::<Value>(params).unwrap());
    assert_eq!(line["params"]["price"].to_string(), "19.90");
}

#[tokio::test]
async fn more_paths_than_columns_go_into_the_last_one() {
    let server = TestServer::start().await;
    let params: serde_json::Map<String, Value> = (0..250).map(|n| (format!("k{n:03}"), json!(n))).collect();
    server.identify(json!({ "email": "a@x.com", "params": params })).await;
    server.identify(json!({ "email": "b@x.com", "params": { "k249": { "x": 1 }, "k000": 7 } })).await;
    let rows = csv(&server, "columns=all").await;
    let paths = rows[0].iter().filter(|name| name.starts_with("params.")).count();
    assert_eq!((paths, rows[0].last().unwrap().as_str()), (200, "params"));
    for row in &rows[1..] {
        let rest: Value = serde_json::from_str(row.last().unwrap()).unwrap();
        match row[0].as_str() {
            "a@x.com" => assert_eq!(rest.as_object().unwrap().len(), 50),
            _ => assert_eq!(rest, json!({ "k249": { "x": 1 } })),
        }
    }
}

#[tokio::test]
async fn a_column_may_be_named_twice_and_params_is_the_rest() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "a@x.com", "params": { "n": 1, "in": { "x": 2, "y": 3 } } })).await;
    let rows = csv(&server, "columns=n,email,params,params.in.x,n,email").await;
    assert_eq!(rows[0], ["params.n", "email", "params", "params.in.x", "params.n", "email"]);
    assert_eq!(rows[1], ["1", "a@x.com", r#"{"in":{"y":3}}"#, "2", "1", "a@x.com"]);
    assert_eq!(csv(&server, "columns=params").await[1], [r#"{"in":{"x":2,"y":3},"n":1}"#]);
}

#[tokio::test]
async fn a_spreadsheet_gets_its_mark_and_head_gets_the_headers() {
    let server = TestServer::start().await;
    let version = server.identify(json!({ "email": "a@x.com" })).await["version"].clone();
    let marked = server.get("/v1/export?columns=email&bom=1").await;
    assert_eq!(marked.text(), "\u{feff}email\na@x.com\n");
    assert_eq!(marked.headers["tinycrm-version"], version.to_string());
    let plain = server.get("/v1/export?columns=email&bom=0").await;
    assert_eq!(plain.text(), "email\na@x.com\n");
    for key in [&server.keys.secret, &server.keys.read, &server.keys.account] {
        let head = server.call(key, "HEAD", "/v1/export", "").await;
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.headers["tinycrm-version"], version.to_string());
    }
    assert_eq!(server.call(&server.keys.publishable, "HEAD", "/v1/export", "").await.status, 403);
}

#[tokio::test]
async fn every_row_once_over_many_pages() {
    let server = TestServer::start().await;
    for chunk in 0..12 {
        let item = |n: u32| json!({ "email": format!("p{n}@x.com"), "params": { "n": n } });
        let items: Vec<Value> = (chunk * 1_000..(chunk + 1) * 1_000).map(item).collect();
        server.batch(json!(items)).await;
    }
    let mut rows = csv(&server, "filter=params.n%20%3C%2011000&columns=params.n").await;
    assert_eq!(rows.remove(0), ["params.n"]);
    let mut numbers: Vec<u32> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..11_000).collect::<Vec<u32>>());
}

#[tokio::test]
async fn a_key_exports_what_it_sees() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com", "params": { "here": 1 } })).await;
    let (_, other) = server.project("other").await;
    let body = json!({ "email": "ada@x.com", "params": { "secret": 1 } }).to_string();
    server.call(&other, "POST", "/v1/identify", body).await.expect(200);
    let own = server.get("/v1/export?format=ndjson").await.text();
    assert!(own.contains("here") && !own.contains("secret"), "{own}");
    assert_eq!(server.get("/v1/export?project=other").await.status, 404);
    let wide = server.call(&server.keys.account, "GET", "/v1/export?columns=email,project", "").await.text();
    assert_eq!(wide, "email,project\nada@x.com,app\nada@x.com,other\n");
    assert_eq!(server.call(&server.keys.publishable, "GET", "/v1/export", "").await.status, 403);
    for (query, code) in [
        ("filter=plan%20%3D", "invalid_filter"),
        ("format=xls", "invalid_fields"),
        ("columns=params.", "invalid_fields"),
        ("columns=", "invalid_fields"),
        ("format=ndjson&columns=email", "invalid_fields"),
        ("sort=params.", "invalid_fields"),
        ("sort=mrr&after=x", "invalid_cursor"),
        ("bom=perhaps", "invalid_fields"),
        ("format=ndjson&bom=1", "invalid_fields"),
        ("project=app&test=1", "invalid_fields"),
    ] {
        assert_eq!(server.get(&format!("/v1/export?{query}")).await.expect(422)["code"], code, "{query}");
    }
}

#[tokio::test]
async fn columns_are_the_widest_paths_that_end_in_a_value() {
    let server = TestServer::start().await;
    for (email, params) in [
        ("a", json!({ "plan": "pro", "mrr": 1, "company": { "country": "DE", "size": 3 }, "tags": ["x"] })),
        ("b", json!({ "plan": "pro", "mrr": null, "company": { "country": "FR", "deep": {} } })),
        ("c", json!({ "plan": { "name": "pro" }, "mrr": 2, "company": {}, "once": true })),
        ("d", json!({ "plan": "free", "mrr": 3, "company": "Ada Ltd", "\u{1f600}": 1, "é": 2 })),
        ("e", json!({ "a": { "b": { "c": 1 } } })),
    ] {
        server.identify(json!({ "email": format!("{email}@x.com"), "params": params })).await;
    }
    let paths = async |query: &str| {
        let head = csv(&server, query).await.swap_remove(0);
        head.into_iter().filter(|name| name.starts_with("params.")).collect::<Vec<_>>()
    };
    // Of one width by name, as bytes.
    let all = [
        "params.mrr",
        "params.plan",
        "params.company",
        "params.company.country",
        "params.a.b.c",
        "params.company.deep",
        "params.company.size",
        "params.once",
        "params.plan.name",
        "params.tags",
        "params.\"é\"",
        "params.\"\u{1f600}\"",
    ];
    assert_eq!(paths("").await, all);
    // The past is read from the rows themselves, and says the same.
    let now = now();
    assert_eq!(paths(&format!("as_of={now}")).await, all);
    // Only what matches counts, and what nobody has any more does not.
    server.identify(json!({ "email": "e@x.com", "params": { "a": null, "plan": "pro" } })).await;
    let pros = ["params.company.country", "params.mrr", "params.plan"];
    assert_eq!(paths("filter=plan%20%3D%20pro%20and%20company%20exists").await[..3], pros);
    assert!(!paths("").await.contains(&"params.a.b.c".to_owned()));
}
