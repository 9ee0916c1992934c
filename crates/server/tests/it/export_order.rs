//! `/v1/export`: the order of the view, one version for all of it, going on after a cut, and readers that do not read.

use serde_json::{Value, json};

use crate::support::server::TestServer;

/// Customers in two projects, with whatever may be sorted by.
async fn people() -> (TestServer, String) {
    let server = TestServer::start().await;
    let (_, other) = server.project("other").await;
    for (project, key) in [(0, &server.keys.secret), (1, &other)] {
        let item = |n: usize| {
            let values =
                [json!(n % 7), json!(-1.5), json!("b"), json!("B"), json!(null), json!([1]), json!(true)];
            let mut params =
                json!({ "v": values[(n + project) % 7], "long": "x".repeat(150) + &(n % 3).to_string() });
            if n.is_multiple_of(5) {
                params = json!({});
            }
            json!({ "email": format!("p{n:03}@x.com"), "name": format!("N{}", n % 4), "params": params })
        };
        let items: Vec<Value> = (project * 100..350).map(item).collect();
        server.call(key, "POST", "/v1/batch", json!({ "items": items }).to_string()).await.expect(200);
    }
    (server, other)
}

/// Who is where in the pages of a query.
async fn pages(server: &TestServer, key: &str, sort: &str) -> Vec<(String, String)> {
    let (mut all, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let ask = json!({ "sort": sort, "limit": 90, "cursor": cursor, "engine": "sql" }).to_string();
        let answer = server.call(key, "POST", "/v1/query", ask).await.expect(200);
        for customer in answer["customers"].as_array().unwrap() {
            for relationship in customer["relationships"].as_array().unwrap() {
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                all.push((text(&customer["email"]), text(&relationship["project"])));
            }
        }
        cursor = answer["next"].clone();
        if cursor.is_null() {
            return all;
        }
    }
}

async fn exported(server: &TestServer, key: &str, query: &str) -> Vec<Vec<String>> {
    let answer = server.call(key, "GET", &format!("/v1/export?{query}"), "").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&answer.body[..]);
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

const SORTS: [&str; 7] = ["v", "-v", "email", "-name", "long", "-last_activity", "-nothing"];

#[tokio::test]
async fn the_rows_are_in_the_order_of_the_pages() {
    let (server, _) = people().await;
    for key in [&server.keys.secret, &server.keys.account] {
        for sort in SORTS {
            let rows = exported(&server, key, &format!("columns=email,project&sort={sort}")).await;
            let rows: Vec<_> = rows[1..].iter().map(|row| (row[0].clone(), row[1].clone())).collect();
            assert_eq!(rows, pages(&server, key, sort).await, "{sort}");
        }
        let left_out = exported(&server, key, "columns=email").await;
        assert_eq!(left_out, exported(&server, key, "columns=email&sort=-last_activity").await);
    }
}

#[tokio::test]
async fn an_export_goes_on_after_each_of_its_cursors() {
    let (server, _) = people().await;
    for key in [&server.keys.secret, &server.keys.account] {
        for sort in SORTS {
            let whole = exported(&server, key, &format!("columns=email,project&cursors=1&sort={sort}")).await;
            assert_eq!(whole[0], ["email", "project", "cursor"]);
            assert_eq!(whole.last().unwrap(), &["", "", "end"]);
            let marked: Vec<usize> = (1..whole.len() - 1).filter(|at| !whole[*at][2].is_empty()).collect();
            assert_eq!(marked.len(), (whole.len() - 2) / 100);
            for at in marked {
                let query = format!("columns=email,project&sort={sort}&after={}", whole[at][2]);
                let rest = exported(&server, key, &query).await;
                let wanted: Vec<&[String]> =
                    whole[at + 1..whole.len() - 1].iter().map(|row| &row[..2]).collect();
                assert_eq!(rest, wanted, "{sort} after {at}");
            }
        }
    }
    let lines = server.get("/v1/export?format=ndjson&cursors=1&sort=email").await.text();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.last().unwrap(), &json!({ "cursor": "end" }));
    let cursor = lines[99]["cursor"].as_str().unwrap();
    assert!(lines[98]["cursor"].is_null());
    let rest = server.get(&format!("/v1/export?format=ndjson&sort=email&after={cursor}")).await.text();
    let first: Value = serde_json::from_str(rest.lines().next().unwrap()).unwrap();
    assert_eq!(first, lines[100]);
    assert_eq!(
        server.get(&format!("/v1/export?after={cursor}")).await.expect(422)["code"],
        "cursor_mismatch"
    );
}

#[tokio::test]
async fn all_of_an_export_is_of_one_version() {
    let (server, _) = people().await;
    let answer = server.unread("/v1/export?columns=email,name,v").await;
    let version = answer.headers()["tinycrm-version"].to_str().unwrap().to_owned();
    let items: Vec<Value> = (0..400)
        .map(|n| json!({ "email": format!("p{n:03}@x.com"), "name": "New", "params": { "v": "new" } }))
        .collect();
    let written = server.batch(json!(items)).await;
    assert!(written.iter().all(|result| result["ok"] == true), "{written:?}");
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert_eq!(text.lines().count(), 351);
    assert!(!text.to_lowercase().contains("new"), "{text}");
    let later = server.get("/v1/export?columns=email,v").await;
    assert!(later.headers["tinycrm-version"].to_str().unwrap() > version.as_str());
    assert_eq!(later.text().matches("new").count(), 400);
}
