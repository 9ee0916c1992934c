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
        json!({ "outcome": "status = paid", "landmark": 14 }),
        json!({ "outcome": "mrr > 20", "filter": "first_seen < 2026-06-01", "landmark": 30, "there": "plan exists",
            "fields": ["plan", "tags", "status", "mrr", "email", "project"], "as_of": "2026-06-20" }),
    ] {
        let key = &server.keys.account;
        let answer = server.call(key, "POST", "/v1/insights/lift", ask.to_string()).await.expect(200);
        asked += walk(&server, key, &answer, "relationships").await;
    }
    assert!(asked > 200, "{asked}");
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
    server.index_remembers().await;
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
        (json!({ "outcome": "status = paid", "landmark": 0 }), "/landmark", "1 to 1000"),
        (json!({ "outcome": "status = paid", "landmark": 1001 }), "/landmark", "1 to 1000"),
        (json!({ "outcome": "status = paid", "there": "status = trial" }), "/there", "none is named"),
        (json!({ "outcome": "status = paid", "landmark": 14, "there": "status = payed" }), "/there", "paid"),
        (json!({ "outcome": "status = paid", "landmark": 14, "there": "was (plan = pro)" }), "/there", "was"),
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

/// Sixty people come in January. Twenty leave after 20 days; thirty of the others are given a flag after 30; and then half of those
/// with it leave, and half of those without. Three more come in April.
async fn immortal() -> TestServer {
    let server = TestServer::start().await;
    let mut items = Vec::new();
    let mut tell = |n: usize, day: &str, mut item: Value| {
        item["email"] = json!(format!("p{n}@x.com"));
        item["timestamp"] = json!(format!("2026-{day}T12:00:00Z"));
        items.push(item);
    };
    for n in 0..63 {
        tell(n, if n < 60 { "01-01" } else { "04-01" }, json!({ "status": "trial" }));
        if n < 20 {
            tell(n, "01-21", json!({ "status": "churned" }));
        }
        if (20..50).contains(&n) {
            tell(n, "01-31", json!({ "params": { "flag": true } }));
        }
        if (20..60).contains(&n) && n % 2 == 0 {
            tell(n, "03-02", json!({ "status": "churned" }));
        }
    }
    server.post("/v1/batch", json!({ "items": items })).await.expect(200);
    server.index_remembers().await;
    server
}

#[tokio::test]
async fn staying_is_not_why_a_flag_is_held_at_a_landmark() {
    let server = immortal().await;
    let ask = |landmark: Value| json!({ "outcome": "status != churned", "fields": ["flag"], "as_of": "2026-04-11", "landmark": landmark });
    let told = async |landmark: Value| {
        let answer = server.post("/v1/insights/lift", ask(landmark)).await.expect(200);
        walk(&server, &server.keys.account, &answer, "relationships").await;
        answer
    };
    let sides = |line: &Value| {
        ["with", "without"]
            .map(|side| [line[side]["count"].as_u64(), line[side]["of"].as_u64()].map(Option::unwrap))
    };

    // A flag that does nothing seems to keep people: who had left could not be given it any more.
    let naive = told(Value::Null).await;
    assert_eq!(sides(&naive["lines"][0]), [[15, 30], [8, 33]]);
    assert_eq!(naive["lines"][0]["difference"], json!(0.257576));
    assert!(naive["notes"].to_string().contains("landmark"), "{}", naive["notes"]);
    assert_eq!([&naive["landmark"], &naive["there"], &naive["outside"]], [&Value::Null; 3]);

    // Among those who were there when it had been given, it makes no difference.
    let then = told(json!(40)).await;
    assert_eq!(sides(&then["lines"][0]), [[15, 30], [5, 10]]);
    assert_eq!((&then["lines"][0]["difference"], &then["lines"][0]["p"]), (&json!(0.0), &json!(1.0)));
    assert_eq!(then["notes"].as_array().unwrap().len(), 1, "{}", then["notes"]);
    assert_eq!((&then["landmark"], &then["there"]), (&json!(40), &json!("not status = \"churned\"")));
    let outside = ["early", "away"].map(|who| then["outside"][who]["count"].as_u64().unwrap());
    assert_eq!((outside, &then["outside"]["unknown"]), ([3, 20], &Value::Null));

    // By the tenth day everybody was there, and nobody had it.
    let early = told(json!(10)).await;
    assert_eq!((&early["tested"], sides(&early["untested"][0])), (&json!(0), [[23, 63], [0, 0]]));
    assert_eq!(early["untested"][0]["held"]["of"], json!("missing"));
}

#[tokio::test]
async fn a_landmark_is_asked_in_the_address_too() {
    let server = immortal().await;
    let path = "/v1/insights/lift?outcome=status+%3D+paid&landmark=40&there=flag+%3D+true&as_of=2026-04-11";
    let answer = server.call(&server.keys.account, "GET", path, String::new()).await.expect(200);
    assert_eq!((&answer["all"]["of"], &answer["landmark"]), (&json!(30), &json!(40)));
    assert_eq!(answer["outside"]["away"]["count"], json!(30));
}
