//! What goes together with an outcome.

use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use super::{refusal, walk};
use crate::{series::world, support::server::TestServer};

#[tokio::test]
async fn every_cell_lists_its_people() {
    let server = world(&mut StdRng::seed_from_u64(11)).await;
    let mut asked = 0;
    for ask in [
        json!({ "outcome": "status = paid" }),
        json!({ "outcome": "plan = pro or mrr > 30", "filter": "tags exists" }),
        json!({ "outcome": "was (status = paid) and status != paid", "fields": ["plan", "tags", "status"], "as_of": "2026-08-01" }),
    ] {
        let key = &server.keys.account;
        let answer = server.call(key, "POST", "/v1/insights/lift", ask.to_string()).await.expect(200);
        asked += walk(&server, key, &answer, "relationships").await;
    }
    assert!(asked > 80, "{asked}");
}

/// Forty people: of the twenty who have a flag twelve pay, of the others four.
async fn forty() -> TestServer {
    let server = TestServer::start().await;
    let call = |n: usize| {
        let (flag, pays) = (n < 20, n < 12 || (20..24).contains(&n));
        let status = if pays { "paid" } else { "free" };
        json!({ "email": format!("p{n}@x.com"), "status": status, "params": { "flag": flag, "note": format!("n{n}") } })
    };
    let items: Vec<Value> = (0..40).map(call).collect();
    server.post("/v1/batch", json!({ "items": items })).await.expect(200);
    assert!(server.app.store.index_remembers(server.account).await);
    server
}

#[tokio::test]
async fn numbers_are_those_of_the_textbook() {
    let server = forty().await;
    let answer = server.post("/v1/insights/lift", json!({ "outcome": "status = paid" })).await.expect(200);
    let line = &answer["lines"][0];
    assert_eq!(
        (&answer["tested"], &line["field"], &line["held"]["value"]),
        (&json!(1), &json!("params.flag"), &json!(true))
    );
    assert_eq!((&line["with"]["count"], &line["with"]["of"]), (&json!(12), &json!(20)));
    assert_eq!((&line["without"]["count"], &line["without"]["of"]), (&json!(4), &json!(20)));
    assert_eq!((&line["difference"], &line["ratio"]), (&json!(0.4), &json!(3.0)));
    // Exact integers say 0.0224774…; of one test q is p.
    assert_eq!((&line["p"], &line["q"]), (&json!(0.0224774), &json!(0.0224774)));
    // Who pays stays: that is said; and what the outcome names, or has too many values, is left out.
    assert_eq!(answer["notes"].as_array().unwrap().len(), 2);
    assert_eq!(answer["left_out"], json!([{ "field": "params.note", "why": "values" }]));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_at_its_place() {
    let server = forty().await;
    for (ask, place, words) in [
        (json!({}), "/outcome", "an outcome is needed"),
        (json!({ "outcome": "  " }), "/outcome", "an outcome is needed"),
        (json!({ "outcome": "status = payed" }), "/outcome", "paid"),
        (json!({ "outcome": "in segment nobodys" }), "/outcome", "there is no segment"),
        (json!({ "outcome": "status = paid", "fields": ["first_seen"] }), "/fields", "holds times"),
        (json!({ "outcome": "status = paid", "fields": ["params."] }), "/fields/0", "key"),
    ] {
        let (pointer, detail) = refusal(&server, "lift", ask.clone()).await;
        assert_eq!(pointer, place, "{ask}: {detail}");
        assert!(detail.contains(words), "{ask}: {detail}");
    }
    // Nobody, or everybody: right answers, without a test.
    for outcome in ["status = churned", "status != churned"] {
        let answer = server.post("/v1/insights/lift", json!({ "outcome": outcome })).await.expect(200);
        assert_eq!(
            (&answer["tested"], answer["untested"].as_array().map(Vec::len)),
            (&json!(0), Some(1)),
            "{answer}"
        );
    }
    let nobody = json!({ "outcome": "status = paid", "filter": "email = none@x.com" });
    let answer = server.post("/v1/insights/lift", nobody).await.expect(200);
    assert_eq!((&answer["all"]["of"], &answer["all"]["rate"]), (&json!(0), &Value::Null));
}
