//! What came by each code.

use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use super::{refusal, walk};
use crate::{series::world, support::server::TestServer};

#[tokio::test]
async fn every_cell_lists_its_people() {
    let server = world(&mut StdRng::seed_from_u64(13)).await;
    let mut asked = 0;
    for ask in [
        json!({ "path": "plan", "carries": "plan" }),
        json!({ "path": "plan", "limit": 1, "currency": "plan", "filter": "mrr > 10" }),
        json!({ "path": "plan", "sum": "", "as_of": "2026-06-01", "order": "sign_ups" }),
    ] {
        let key = &server.keys.account;
        let answer = server.call(key, "POST", "/v1/insights/referrals", ask.to_string()).await.expect(200);
        asked += walk(&server, key, &answer, "relationships").await;
    }
    assert!(asked > 30, "{asked}");
}

#[tokio::test]
async fn a_chain_is_told_with_who_carries_its_code() {
    let server = TestServer::start().await;
    for (name, status, params) in [
        ("ada", "paid", json!({ "referral_code": "ADA" })),
        (
            "bob",
            "paid",
            json!({ "referred_by": "ADA", "referral_code": "BOB", "mrr": 10, "currency": "EUR" }),
        ),
        ("cleo", "free", json!({ "referred_by": "ADA", "mrr": 0, "currency": "EUR" })),
        ("dan", "paid", json!({ "referred_by": "BOB", "mrr": 19.9, "currency": "eur" })),
        ("eve", "free", json!({ "referred_by": null })),
        ("fay", "free", json!({ "referred_by": "ZOE" })),
        ("gus", "free", json!({ "referred_by": "ZOE" })),
        ("hal", "free", json!({ "referred_by": "ZOE" })),
    ] {
        let call = json!({ "email": format!("{name}@x.com"), "status": status, "params": params });
        server.identify(call).await;
    }
    server.index_remembers().await;
    let answer = server.get("/v1/insights/referrals?path=referred_by").await.expect(200);
    assert_eq!(
        (&answer["carries"], &answer["carries_found"], &answer["sum"]),
        (&json!("params.referral_code"), &json!(true), &json!("params.mrr"))
    );
    let ada = &answer["codes"][0];
    assert_eq!((&ada["code"], &ada["count"], &ada["of"]), (&json!("ADA"), &json!(1), &json!(2)));
    assert_eq!(ada["carriers"]["customer"]["email"], json!("ada@x.com"));
    let chain = &ada["chain"];
    let told = ["count", "of", "codes", "depth"].map(|name| &chain[name]);
    assert_eq!(told, [&json!(2), &json!(3), &json!(2), &json!(2)]);
    let sums = chain["sums"].as_array().unwrap().iter();
    let sums: Vec<_> = sums.map(|sum| (&sum["value"], &sum["all"]["sum"], &sum["paid"]["count"])).collect();
    assert_eq!(sums, [(&json!("EUR"), &json!(10), &json!(1)), (&json!("eur"), &json!(19.9), &json!(1))]);
    assert!(answer["notes"][0].as_str().unwrap().starts_with("EUR and eur are told apart"), "{answer}");
    assert_eq!((&answer["odd"]["count"], &answer["without"]["count"]), (&json!(1), &json!(1)));
    walk(&server, &server.keys.secret, &answer, "relationships").await;
    // Who brought those who pay comes first, unless it is asked who brought most.
    for (order, first) in [("", "ADA"), ("&order=paid", "ADA"), ("&order=sign_ups", "ZOE")] {
        let answer = server.get(&format!("/v1/insights/referrals?path=referred_by{order}")).await.expect(200);
        assert_eq!(answer["codes"][0]["code"], json!(first), "{order}");
    }
    // Nobody has this path, which is said with the one that was meant.
    let answer = server.post("/v1/insights/referrals", json!({ "path": "refered_by" })).await.expect(200);
    assert_eq!(
        (&answer["codes"], &answer["all"]["rate"], &answer["carries"]),
        (&json!([]), &Value::Null, &Value::Null)
    );
    assert!(answer["warnings"].to_string().contains("referred_by"), "{answer}");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_at_its_place() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com", "params": { "by": "A" } })).await;
    server.index_remembers().await;
    for (ask, place, words) in [
        (json!({}), "/path", "a path is needed"),
        (json!({ "path": "by", "order": "sum" }), "/order", "there are paid and sign_ups"),
        (json!({ "path": " " }), "/path", "a path is needed"),
        (json!({ "path": "email" }), "/path", "email is no path in params"),
        (json!({ "path": "by", "sum": "status" }), "/sum", "status is no path in params"),
        (json!({ "path": "by", "carries": "email" }), "/carries", "name one, or user_id"),
        (json!({ "path": "by", "currency": "month(x)" }), "/currency", "is no field"),
        (json!({ "path": "by", "limit": 1001 }), "/limit", "1001 is out of range; write 1 to 1000"),
    ] {
        let (pointer, detail) = refusal(&server, "referrals", ask.clone()).await;
        assert_eq!(pointer, place, "{ask}: {detail}");
        assert!(detail.contains(words), "{ask}: {detail}");
    }
}
