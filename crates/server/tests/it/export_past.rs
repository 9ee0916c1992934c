//! `/v1/export?as_of=`: the rows as they were, which say so, and which no import takes for the present.

use serde_json::{Value, json};

use crate::support::server::{Answer, TestServer};

/// One who was free and pays, one who came later, and more than one page's cursor holds.
async fn told() -> TestServer {
    let server = TestServer::start().await;
    let mut calls = vec![
        json!({ "email": "ada@x.com", "timestamp": "2026-01-10T10:00:00Z", "status": "free", "params": { "plan": "free", "n": -1 } }),
        json!({ "email": "ada@x.com", "timestamp": "2026-02-10T10:00:00Z", "status": "paid", "params": { "plan": "pro" } }),
        json!({ "email": "new@x.com", "timestamp": "2026-02-20T10:00:00Z", "params": { "plan": "pro" } }),
    ];
    calls.extend(
        (0..250).map(
            |n| json!({ "email": format!("p{n}@x.com"), "timestamp": "2026-01-05", "params": { "n": n } }),
        ),
    );
    server.post("/v1/batch", json!({ "items": calls })).await.expect(200);
    let later = (0..250).map(|n| json!({ "email": format!("p{n}@x.com"), "params": { "n": 1_000 - n } }));
    server.post("/v1/batch", json!({ "items": later.collect::<Vec<_>>() })).await.expect(200);
    server
}

const MOMENT: &str = "2026-01-31T23:59:59.999999Z";

async fn export(server: &TestServer, query: &str) -> Answer {
    let answer = server.get(&format!("/v1/export?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

#[tokio::test]
async fn rows_are_as_they_were_and_say_so() {
    let server = told().await;
    let ada = "as_of=2026-01-31&filter=plan%20%3D%20free";
    let csv = export(&server, &format!("{ada}&columns=email,status,params.plan,first_paid")).await;
    assert_eq!(
        csv.text(),
        format!("tinycrm_as_of,email,status,params.plan,first_paid\n{MOMENT},ada@x.com,free,free,\n")
    );
    assert_eq!(csv.headers["tinycrm-as-of"], MOMENT);
    assert_eq!(csv.headers["content-disposition"], "attachment; filename=\"customers-as-of-2026-01-31.csv\"");
    let ndjson = export(&server, &format!("{ada}&format=ndjson")).await;
    let line: Value = serde_json::from_slice(&ndjson.body).unwrap();
    assert!(ndjson.text().starts_with(&format!("{{\"tinycrm_as_of\":\"{MOMENT}\",\"id\":")), "{line}");
    assert_eq!((&line["status"], &line["params"]), (&json!("free"), &json!({ "plan": "free", "n": -1 })));
    assert_eq!(
        ndjson.headers["content-disposition"],
        "attachment; filename=\"customers-as-of-2026-01-31.ndjson\""
    );
    // The present says nothing of a moment.
    for query in ["columns=email", "columns=email&as_of=today"] {
        let present = export(&server, query).await;
        assert!(present.text().starts_with("email\n"), "{}", present.text());
        assert!(!present.headers.contains_key("tinycrm-as-of"));
        assert_eq!(present.headers["content-disposition"], "attachment; filename=\"customers.csv\"");
    }
    server::store::set_zone(&server.app.store, server.account, "Asia/Tokyo").await.unwrap();
    let abroad = export(&server, "as_of=2026-01-31T20:00:00Z&columns=email").await;
    assert!(abroad.headers["content-disposition"].to_str().unwrap().contains("2026-02-01"));
    for as_of in ["soon", "2126-01-01"] {
        let refused = server.get(&format!("/v1/export?as_of={as_of}")).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/as_of");
    }
}

#[tokio::test]
async fn what_was_cut_goes_on_at_the_same_moment() {
    let server = told().await;
    for (format, sort) in [("csv&columns=email,params.n", "params.n"), ("ndjson", "-params.n")] {
        // A moment that would be another one when it is asked again.
        let ask = format!("as_of=now%20-%201min&format={format}&sort={sort}&cursors=1");
        let whole = export(&server, &ask).await;
        let text = whole.text();
        let lines: Vec<&str> = text.lines().collect();
        let marked = |line: &&&str| match format.starts_with("csv") {
            true => line.split(',').count() == 4 && !line.ends_with(',') && !line.starts_with("tinycrm"),
            false => line.contains("\"cursor\":\""),
        };
        let at = lines.iter().position(|line| marked(&line)).unwrap();
        let cursor = match format.starts_with("csv") {
            true => lines[at].rsplit(',').next().unwrap().to_owned(),
            false => serde_json::from_str::<Value>(lines[at]).unwrap()["cursor"].as_str().unwrap().to_owned(),
        };
        server.identify(json!({ "email": "p7@x.com", "params": { "n": 5 } })).await;
        let rest = export(&server, &format!("{ask}&after={cursor}")).await;
        assert_eq!(rest.headers["tinycrm-as-of"], whole.headers["tinycrm-as-of"]);
        let rest: Vec<String> = rest.text().lines().map(str::to_owned).collect();
        // The second answer counts anew which lines have a cursor.
        let bare = |line: &str| match format.starts_with("csv") {
            true => line.rsplit_once(',').unwrap().0.to_owned(),
            false => line.split(",\"cursor\":").next().unwrap().trim_end_matches('}').to_owned(),
        };
        let expected: Vec<String> = lines[at + 1..].iter().map(|line| bare(line)).collect();
        assert_eq!(rest.iter().map(|line| bare(line)).collect::<Vec<_>>(), expected, "{format}");
    }
}

#[tokio::test]
async fn no_import_takes_the_past_for_the_present() {
    let server = told().await;
    let before = server.dump().await;
    for format in ["csv", "csv&columns=all", "csv&columns=email,params.plan", "csv&bom=1", "ndjson"] {
        let file = export(&server, &format!("as_of=2026-01-31&format={format}")).await.text();
        for dry in ["dry_run=true", "dry_run=false"] {
            let path = format!("/v1/imports?{dry}");
            let refused = server.call(&server.keys.secret, "POST", &path, file.clone()).await.expect(422);
            let detail = refused["detail"].as_str().unwrap();
            assert!(detail.contains("it would overwrite the present with the past"), "{format}: {refused:#}");
        }
    }
    assert_eq!(server.dump().await, before);
    // Who means it takes the column out.
    let past =
        export(&server, "as_of=2026-01-31&columns=email,status,params.plan&filter=plan%20%3D%20free").await;
    let meant = past.text().replace(&format!("{MOMENT},"), "").replace("tinycrm_as_of,", "");
    server.call(&server.keys.secret, "POST", "/v1/imports", meant).await.expect(200);
    let row = server.row(server.project.id, "ada@x.com").await.unwrap();
    assert_eq!(row["params"]["plan"], "free");
    // The present goes out and in, beside a param that is called so.
    server.identify(json!({ "email": "ada@x.com", "params": { "tinycrm_as_of": 1 } })).await;
    let present = export(&server, "").await.text();
    let report = server.call(&server.keys.secret, "POST", "/v1/imports", present).await.expect(200);
    assert_eq!((&report["updated"], &report["rejected"]), (&json!(0), &json!(0)), "{report:#}");
}
