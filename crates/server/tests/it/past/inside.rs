//! What lies inside long values that still stand: the log keeps their digests, and the present has them whole.

use serde_json::{Value, json};

use super::{ask, only};
use crate::support::server::TestServer;

/// Both engines' count, the index left free to ask the database.
async fn count(server: &TestServer, filter: &str, as_of: Option<&str>) -> Value {
    server.index_remembers().await;
    let ask = json!({ "filter": filter, "as_of": as_of, "select": ["count"] });
    let mut by_sql = ask.clone();
    by_sql["engine"] = json!("sql");
    let [free, by_sql] = [ask, by_sql].map(|ask| server.post("/v1/query", ask));
    let (free, by_sql) = (free.await.expect(200), by_sql.await.expect(200));
    assert_eq!(free["count"], by_sql["count"], "{filter} as of {as_of:?}: {free}");
    free["count"].clone()
}

#[tokio::test]
async fn what_lies_inside_a_long_value_is_not_older_than_it() {
    let server = TestServer::start().await;
    let long = "e".repeat(70_000);
    let calls = [
        json!({ "email": "ada@x.com", "timestamp": "2026-01-01T00:00:00Z", "params": { "z": 1 } }),
        json!({ "email": "bob@x.com", "timestamp": "2026-01-01T00:00:00Z", "params": { "doc": { "plan": "old", "fee": 1 } } }),
        json!({ "email": "cyd@x.com", "params": { "z": 1 } }),
    ];
    server.post("/v1/batch", json!({ "items": calls })).await.expect(200);
    server.index_remembers().await;
    let params = json!({ "doc": { "plan": "pro", "fee": 2, "text": long }, "l": ["s", long] });
    for (email, at) in [("ada", "2026-03-01"), ("bob", "2026-03-01"), ("cyd", "2026-02-01")] {
        let call = json!({ "email": format!("{email}@x.com"), "timestamp": format!("{at}T00:00:00Z"), "params": params });
        server.identify(call).await;
    }
    for (filter, as_of, found) in [
        ("doc.plan = pro", Some("2026-02-10"), 1),
        ("doc.plan = old", Some("2026-02-10"), 1),
        ("l has s", Some("2026-02-10"), 1),
        ("l has s", Some("2026-03-10"), 3),
        ("doc.fee increased in 2026-02-10 .. 2026-03-20", None, 1),
        ("was (doc.plan = pro) on 2026-02-10", None, 1),
        ("was (doc.plan = pro and doc.fee = 2) in 2026-02-10 .. 2026-02-20", None, 1),
    ] {
        assert_eq!(count(&server, filter, as_of).await, found, "{filter} as of {as_of:?}");
    }
    assert_eq!(server.compare(&server.app.store).await.differences, 0);
}

/// The moment lies before the period, and whoever it is was born after what was told first.
#[tokio::test]
async fn nothing_increases_before_a_moment_and_after_it() {
    let server = TestServer::start().await;
    for (at, params) in [
        ("2026-03-10", json!({ "z": 9 })),
        ("2026-01-27", json!({ "mrr": 29 })),
        ("2026-02-26", json!({ "mrr": 99 })),
    ] {
        let call = json!({ "email": "ada@x.com", "timestamp": format!("{at}T00:00:00Z"), "params": params });
        server.identify(call).await;
    }
    let filter = "was (mrr decreased in 2026-02-28 .. 2026-03-20) on 2026-01-29";
    assert_eq!(ask(&server, json!({ "filter": filter })).await["count"], 0);
    let filter = "was (mrr increased in 2026-02-20 .. 2026-03-20) on 2026-02-27";
    assert_eq!(ask(&server, json!({ "filter": filter })).await["count"], 1);
}

/// An object and what lies in it, both named, count each once.
#[tokio::test]
async fn a_facet_that_lies_in_another_counts_once() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "cyd@x.com", "params": { "doc": { "k": "z" } } })).await;
    assert_eq!(only(&server, json!({})).await["params"]["doc"]["k"], "z");
    for facets in [json!(["params.doc", "params.doc.k"]), json!(["params.doc.k", "params.doc"])] {
        let answer = ask(&server, json!({ "facets": facets, "select": ["facets"] })).await;
        for facet in answer["facets"].as_array().unwrap() {
            assert_eq!(facet["coverage"], 1, "{answer:#}");
        }
    }
}
