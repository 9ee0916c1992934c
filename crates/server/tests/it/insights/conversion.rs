//! Who comes to an end.

use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use super::{refusal, walk};
use crate::{series::world, support::server::TestServer};

#[tokio::test]
async fn every_cell_lists_its_people() {
    let server = world(&mut StdRng::seed_from_u64(13)).await;
    let mut asked = 0;
    for ask in [
        json!({ "by": "plan", "limit": 2, "days": 30 }),
        json!({ "from": "plan = pro", "to": "status = churned", "within": [3, 20], "days": 20, "filter": "mrr exists" }),
        json!({ "to": "plan = pro or mrr > 30", "as_of": "2026-08-01", "by": "status", "days": 25 }),
        json!({ "from": "first_paid", "to": "status != paid", "days": 15 }),
    ] {
        let key = &server.keys.account;
        let answer = server.call(key, "POST", "/v1/insights/conversion", ask.to_string()).await.expect(200);
        asked += walk(&server, key, &answer, "relationships").await;
    }
    assert!(asked > 200, "{asked}");
}

/// The four of the manual.
async fn four() -> TestServer {
    let server = TestServer::start().await;
    let call = |name: &str, status: &str, at: &str| {
        let (email, at) = (format!("{name}@x.com"), format!("2026-03-{at}Z"));
        json!({ "email": email, "status": status, "timestamp": at, "first_seen": at, "params": { "name": name } })
    };
    let items = [
        call("ada", "free", "01T09:00:00"),
        call("ada", "paid", "03T10:00:00"),
        call("bob", "free", "01T09:00:00"),
        call("cleo", "free", "02T09:00:00"),
        call("cleo", "paid", "07T10:00:00"),
        call("dan", "free", "10T09:00:00"),
    ];
    server.post("/v1/batch", json!({ "items": items })).await.expect(200);
    server.index_remembers().await;
    server
}

#[tokio::test]
async fn numbers_are_those_of_the_manual() {
    let server = four().await;
    let ask = json!({ "within": [7], "as_of": "2026-03-13T12:00:00Z" });
    let answer = server.post("/v1/insights/conversion", ask).await.expect(200);
    let all = &answer["groups"][0];
    let over = &all["within"][0]["over"];
    assert_eq!(
        [&over["count"], &over["of"], &all["within"][0]["running"]["of"]],
        [&json!(2), &json!(3), &json!(1)]
    );
    assert_eq!(
        [&over["rate"], &over["low"], &over["high"]],
        [&json!(0.666667), &json!(0.20766), &json!(0.938508)]
    );
    let point = |point: &Value| {
        json!([
            point["day"],
            point["at_risk"]["count"],
            point["converted"]["count"],
            point["censored"]["count"],
            point["share"]
        ])
    };
    let curve: Vec<Value> = all["curve"].as_array().unwrap().iter().map(point).collect();
    assert_eq!(
        json!(curve),
        json!([[2, 4, 1, 0, 0.25], [3, 3, 0, 1, 0.25], [5, 2, 1, 0, 0.625], [12, 1, 0, 1, 0.625]])
    );
    assert_eq!((&all["median"]["days"], &answer["outside"]), (&json!(5), &Value::Null));
}

#[tokio::test]
async fn days_are_over_at_their_last_instant() {
    let server = four().await;
    // Ada and Bob were first seen seven days before, to the microsecond.
    for (as_of, over) in [("2026-03-08T09:00:00Z", 2), ("2026-03-08T08:59:59.999999Z", 0)] {
        let ask = json!({ "within": [7], "as_of": as_of });
        let answer = server.post("/v1/insights/conversion", ask).await.expect(200);
        let within = &answer["groups"][0]["within"][0];
        let counts = [&within["over"]["of"], &within["running"]["of"]];
        assert_eq!(counts, [&json!(over), &json!(3 - over)], "{as_of}");
        walk(&server, &server.keys.secret, &answer, "relationships").await;
    }
}

#[tokio::test]
async fn a_time_is_a_field_or_the_first_time_of_a_filter() {
    let server = four().await;
    let answer = server
        .get(
            "/v1/insights/conversion?from=params.name%20%3D%20ada&to=status%20%3D%20paid&within=1,3&within=2",
        )
        .await
        .expect(200);
    assert_eq!(
        (&answer["from"], &answer["to"]),
        (&json!("params.name = \"ada\""), &json!("status = \"paid\""))
    );
    let days: Vec<&Value> =
        answer["groups"][0]["within"].as_array().unwrap().iter().map(|within| &within["days"]).collect();
    assert_eq!(days, [1, 2, 3]);
    assert_eq!(answer["outside"]["count"], 3);
    // Some languages write whole numbers so.
    let floats = json!({ "within": [7.0], "days": 3.0 });
    let answer = server.post("/v1/insights/conversion", floats).await.expect(200);
    assert_eq!(answer["groups"][0]["within"][0]["days"], 7);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_at_its_place() {
    let server = four().await;
    for (ask, place, words) in [
        (json!({ "from": "last_activity" }), "/from", "moves on"),
        (json!({ "from": "status_since" }), "/from", "moves on"),
        (json!({ "to": "status = payed" }), "/to", "paid"),
        (json!({ "to": "first_seen" }), "/to", "it is the beginning"),
        (
            json!({ "from": "was (status = paid)" }),
            "/from",
            "first asks about the past already, so no was can",
        ),
        (json!({ "from": "in segment nobodys" }), "/from", "there is no segment"),
        (json!({ "within": [7, 0] }), "/within/1", "out of range"),
        (json!({ "within": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] }), "/within", "too many"),
        (json!({ "days": 1001 }), "/days", "out of range"),
        (json!({ "by": "first_seen" }), "/by", "holds times"),
    ] {
        let (pointer, detail) = refusal(&server, "conversion", ask.clone()).await;
        assert_eq!(pointer, place, "{ask}: {detail}");
        assert!(detail.contains(words), "{ask}: {detail}");
    }
    // What is no beginning, or no end, is not the other one too.
    for (ask, places) in [
        (json!({ "from": "first_paid", "to": "status = and" }), &["/to"][..]),
        (json!({ "from": "status = and", "to": "first_seen" }), &["/from"]),
        (json!({ "from": "last_activity", "to": "first_seen" }), &["/from"]),
        (json!({ "from": "status = and", "to": "status = and" }), &["/from", "/to"]),
    ] {
        let refused = server.post("/v1/insights/conversion", ask.clone()).await.expect(422);
        let errors = refused["errors"].as_array().unwrap().iter();
        let told: Vec<&str> = errors.map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(told, places, "{ask}");
    }
    // Nobody: a right answer.
    let answer =
        server.post("/v1/insights/conversion", json!({ "filter": "email = none@x.com" })).await.expect(200);
    let all = &answer["groups"][0];
    assert_eq!(
        (&all["entered"]["count"], &all["within"][0]["over"]["rate"], &all["curve"]),
        (&json!(0), &Value::Null, &json!([]))
    );
}
