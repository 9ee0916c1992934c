//! `/v1/params`: the catalogue says what params hold, and nothing of what a key may not see.

use serde_json::{Value, json};

use crate::support::server::TestServer;

async fn params(server: &TestServer, path: &str) -> Vec<Value> {
    server.get(path).await.expect(200)["params"].as_array().unwrap().clone()
}

#[tokio::test]
async fn every_path_has_its_types_coverage_and_values() {
    let server = TestServer::start().await;
    for (email, params) in [
        (
            "a@x.com",
            json!({ "plan": "pro", "company": { "country": "UK", "size": 3 }, "we.ird \"key\"": [1, 1, {}] }),
        ),
        ("b@x.com", json!({ "plan": "pro", "company": "none", "mrr": null })),
        ("c@x.com", json!({ "plan": 1 })),
    ] {
        server.identify(json!({ "email": email, "params": params })).await;
    }
    let found = params(&server, "/v1/params").await;
    let fields: Vec<&str> = found.iter().map(|facet| facet["field"].as_str().unwrap()).collect();
    let weird = "params.\"we.ird \\\"key\\\"\"";
    assert_eq!(
        fields,
        [
            "params.plan",
            "params.company",
            "params.company.country",
            "params.company.size",
            "params.mrr",
            weird
        ]
    );
    assert_eq!((&found[0]["coverage"], &found[0]["distinct"]), (&json!(3), &json!(2)));
    assert_eq!(found[0]["types"], json!({ "number": 1, "string": 2 }));
    assert_eq!(
        found[0]["values"][0],
        json!({ "value": "pro", "type": "string", "member": false, "count": 2 })
    );
    assert_eq!(found[1]["types"], json!({ "string": 1, "object": 1 }));
    assert_eq!(found[4]["types"], json!({ "null": 1 }));
    assert_eq!(found[5]["values"], json!([{ "value": 1, "type": "number", "member": true, "count": 1 }]));
    let of_b = params(&server, "/v1/params?filter=email%20%3D%20%22b%40x.com%22").await;
    assert_eq!(of_b.len(), 3);
}

#[tokio::test]
async fn a_projects_key_learns_nothing_of_others() {
    let server = TestServer::start().await;
    let (_, other) = server.project("other").await;
    let body = json!({ "email": "a@x.com", "params": { "secret": 1 } }).to_string();
    server.call(&other, "POST", "/v1/identify", body).await.expect(200);
    assert_eq!(params(&server, "/v1/params").await, Vec::<Value>::new());
    assert_eq!(server.get("/v1/params?project=other").await.status, 404);
    let wide = server.call(&server.keys.account, "GET", "/v1/params", "").await.expect(200);
    assert_eq!((&wide["relationships"], &wide["params"][0]["field"]), (&json!(1), &json!("params.secret")));
}

#[tokio::test]
async fn a_wide_path_shows_its_range() {
    let server = TestServer::start().await;
    for chunk in 0..2 {
        let item = |n: u32| json!({ "email": format!("p{n}@x.com"), "params": { "n": n, "id": format!("id-{n}"), "day": day(n) } });
        let items: Vec<Value> = (chunk * 600..chunk * 600 + 600).map(item).collect();
        server.batch(json!(items)).await;
    }
    let found = params(&server, "/v1/params").await;
    let facet = |field: &str| found.iter().find(|facet| facet["field"] == field).unwrap();
    let n = facet("params.n");
    assert_eq!((&n["distinct"], n.get("values")), (&Value::Null, None));
    assert_eq!((&n["range"]["min"], &n["range"]["max"]), (&json!(0), &json!(1_199)));
    let histogram = n["range"]["histogram"].as_array().unwrap();
    assert_eq!(histogram.len(), 10);
    assert_eq!(histogram.iter().map(|bin| bin["count"].as_u64().unwrap()).sum::<u64>(), 1_200);
    assert_eq!((&histogram[0]["to"], &histogram[0]["count"]), (&json!(119.9), &json!(120)));
    assert_eq!(facet("params.day")["range"]["min"], "2020-01-01");
    assert_eq!(facet("params.id")["range"]["max"], Value::Null);
}

fn day(n: u32) -> String {
    let first: jiff::civil::Date = "2020-01-01".parse().unwrap();
    first.checked_add(jiff::Span::new().days(i64::from(n))).unwrap().to_string()
}

#[tokio::test]
async fn test_projects_are_asked_by_name_or_all_together() {
    let server = TestServer::start().await;
    let (_, trial) = server.test_project("trial").await;
    let body = json!({ "email": "a@x.com", "params": { "tried": 1 } }).to_string();
    server.call(&trial, "POST", "/v1/identify", body).await.expect(200);
    let account = &server.keys.account;
    for (path, count) in [
        ("/v1/params", 0),
        ("/v1/params?test=true", 1),
        ("/v1/params?project=trial", 1),
        ("/v1/params?test=false", 0),
    ] {
        let found = server.call(account, "GET", path, "").await.expect(200);
        assert_eq!(found["params"].as_array().unwrap().len(), count, "{path}");
    }
    for path in ["/v1/params", "/v1/query", "/v1/export"] {
        let both = server.call(account, "GET", &format!("{path}?project=trial&test=true"), "").await;
        assert_eq!(both.expect(422)["errors"][0]["pointer"], "/test", "{path}");
    }
}

#[tokio::test]
async fn a_projects_key_has_no_other_test_projects_to_ask() {
    let server = TestServer::start().await;
    let (_, trial) = server.test_project("trial").await;
    server.index_remembers().await;
    for path in [
        "/v1/params?",
        "/v1/query?",
        "/v1/series?",
        "/v1/export?",
        "/v1/insights/retention?",
        "/v1/insights/conversion?",
        "/v1/insights/movements?",
        "/v1/insights/lift?outcome=status+%3D+paid&",
        "/v1/insights/referrals?path=by&",
    ] {
        let ask = async |key: &str| server.call(key, "GET", &format!("{path}test=true"), "").await;
        let refused = ask(&server.keys.secret).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/test", "{path}");
        let detail = refused["detail"].as_str().unwrap();
        assert!(
            detail.starts_with("a project's key sees its own project in any case, and app is no test"),
            "{detail}"
        );
        for key in [&trial, &server.keys.account] {
            let answer = ask(key).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        }
    }
}
