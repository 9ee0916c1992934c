//! What moves a sum.

use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use super::{refusal, walk};
use crate::{imports::import, series::world, support::server::TestServer};

#[tokio::test]
async fn every_cell_lists_its_people() {
    let server = world(&mut StdRng::seed_from_u64(13)).await;
    let mut asked = 0;
    for ask in [
        json!({ "period": "2026-02-01 .. 2026-06-30" }),
        json!({ "period": "2026-03-02 .. 2026-04-12", "unit": "week", "by": "plan", "limit": 2, "while": "plan exists" }),
        json!({ "period": "this year", "unit": "quarter", "filter": "tags exists", "as_of": "2026-08-14", "currency": "name" }),
        json!({ "period": "2026-02-01 .. 2026-06-30", "by": "plan", "then": true, "limit": 3, "currency": "status", "while": "mrr exists" }),
    ] {
        let key = &server.keys.account;
        let answer = server.call(key, "POST", "/v1/insights/movements", ask.to_string()).await.expect(200);
        asked += walk(&server, key, &answer, "relationships").await;
    }
    assert!(asked > 100, "{asked}");
}

async fn tell(server: &TestServer, email: &str, at: &str, status: &str, mrr: &str, currency: Option<&str>) {
    let mut params = json!({ "mrr": serde_json::from_str::<Value>(mrr).unwrap() });
    if let Some(currency) = currency {
        params["currency"] = json!(currency);
    }
    let timestamp = format!("2026-{at}T10:00:00Z");
    let call = json!({ "email": email, "status": status, "timestamp": timestamp, "params": params });
    server.identify(call).await;
}

#[tokio::test]
async fn a_quarter_closes_in_cents() {
    let server = TestServer::start().await;
    for (email, at, status, mrr) in [
        ("ada@x.com", "01-10", "paid", "19.9"),
        ("ada@x.com", "02-10", "paid", "29.95"),
        ("bob@x.com", "01-20", "paid", "10.05"),
        ("bob@x.com", "02-20", "churned", "10.05"),
        ("bob@x.com", "03-20", "paid", "8"),
        ("cleo@x.com", "01-05", "free", "0"),
        ("cleo@x.com", "02-05", "paid", "5"),
        ("cleo@x.com", "03-05", "paid", "3.5"),
    ] {
        tell(&server, email, at, status, mrr, None).await;
    }
    server.index_remembers().await;
    let ask = json!({ "period": "2026-01-01 .. 2026-03-31" });
    let answer = server.post("/v1/insights/movements", ask.clone()).await.expect(200);
    let steps = answer["currencies"][0]["groups"][0]["steps"].as_array().unwrap();
    let pieces = ["opening", "new", "expansion", "reactivated", "contraction", "churned", "closing"];
    let sums = |step: &Value| pieces.map(|piece| step[piece]["sum"].to_string());
    assert_eq!(sums(&steps[0]), ["0", "29.95", "0", "0", "0", "0", "29.95"]);
    assert_eq!(sums(&steps[1]), ["29.95", "5", "10.05", "0", "0", "10.05", "34.95"]);
    assert_eq!(sums(&steps[2]), ["34.95", "0", "0", "8", "1.5", "0", "41.45"]);
    let rates = ["gross_retention", "net_retention", "churn_rate", "quick_ratio"].map(|name| &steps[1][name]);
    assert_eq!(rates, [&json!(0.664441), &json!(1.0), &json!(0.5), &json!(1.497512)]);
    let none = ["gross_retention", "churn_rate", "quick_ratio"].map(|name| &steps[0][name]);
    assert_eq!(none, [&Value::Null; 3]);
    // Dan, of whom an import told in February without dates.
    import(&server, "", "email,status,mrr,first_seen\ndan@x.com,paid,12,2025-05-05\n").await;
    received(&server, "2026-02-15T10:00:00Z", &["dan@x.com"]).await;
    let with_dan = server.post("/v1/insights/movements", ask).await.expect(200);
    let with_dan = with_dan["currencies"][0]["groups"][0]["steps"].as_array().unwrap();
    assert_eq!(with_dan[1]["imported"]["sum"], 12);
    assert_eq!(sums(&with_dan[0]), sums(&steps[0]));
    assert_eq!(sums(&with_dan[1]), ["29.95", "5", "10.05", "0", "0", "10.05", "46.95"]);
    assert_eq!(sums(&with_dan[2]), ["46.95", "0", "0", "8", "1.5", "0", "53.45"]);
    assert_eq!(
        rates,
        ["gross_retention", "net_retention", "churn_rate", "quick_ratio"].map(|name| &with_dan[1][name])
    );
}

/// Of whom an import told without dates nobody knows since when they pay: they are told apart in the month in which it came.
#[tokio::test]
async fn what_was_imported_without_dates_is_told_apart() {
    let server = TestServer::start().await;
    tell(&server, "ada@x.com", "01-10", "paid", "20", None).await;
    import(
        &server,
        "",
        "email,status,mrr,first_seen\nbob@x.com,paid,30,2025-06-01\ncleo@x.com,free,9,2025-07-01\n",
    )
    .await;
    import(&server, "", "email,status,mrr\ndan@x.com,paid,7\n").await;
    import(&server, "", "email,status,mrr,first_seen,status_since\neve@x.com,paid,5,2025-06-01,2026-02-03\n")
        .await;
    server.index_remembers().await;
    received(&server, "2026-03-15T10:00:00Z", &["bob@x.com", "cleo@x.com"]).await;
    let ask = json!({ "period": "2026-01-01 .. 2026-05-31" });
    let answer = server.post("/v1/insights/movements", ask).await.expect(200);
    assert_eq!(answer["warnings"], json!([]));
    let pieces = ["opening", "new", "imported", "churned", "closing"];
    let steps = answer["currencies"][0]["groups"][0]["steps"].as_array().unwrap();
    let told: Vec<_> =
        steps.iter().map(|step| pieces.map(|piece| step[piece]["sum"].to_string()).join(" ")).collect();
    assert_eq!(told, ["0 20 0 0 20", "20 5 0 0 25", "25 0 30 0 55", "55 0 0 0 55", "55 0 0 0 55"]);
    let march = &steps[2];
    assert_eq!(march["imported"]["count"], 1);
    let rates = ["gross_retention", "net_retention", "quick_ratio"].map(|name| &march[name]);
    assert_eq!(rates, [&json!(1.0), &json!(1.0), &Value::Null], "it is neither gain nor loss");
    assert_eq!(walk(&server, &server.keys.account, &answer, "relationships").await, 45);
    // Before it nobody knew of them.
    let before = json!({ "period": "2026-01-01 .. 2026-05-31", "as_of": "2026-03-15T09:59:59Z" });
    let before = server.post("/v1/insights/movements", before).await.expect(200);
    let steps = before["currencies"][0]["groups"][0]["steps"].as_array().unwrap();
    assert_eq!((&steps[2]["closing"]["sum"], &steps[2]["imported"]["count"]), (&json!(25), &json!(0)));
    walk(&server, &server.keys.account, &before, "relationships").await;
    // From then on they are like everybody: nothing is said of it any more.
    let after = json!({ "period": "2026-04-01 .. 2026-05-31", "filter": "email != dan@x.com" });
    let after = server.post("/v1/insights/movements", after).await.expect(200);
    assert!(!after.to_string().contains("imported"), "{after}");
    assert_eq!(after["currencies"][0]["groups"][0]["steps"][0]["opening"]["sum"], 55);
    // Who came without any date came when that was received, and is no new customer of that day.
    let now = server.post("/v1/insights/movements", json!({ "period": "this month" })).await.expect(200);
    let step = &now["currencies"][0]["groups"][0]["steps"][0];
    assert_eq!((&step["imported"]["sum"], &step["new"]["sum"]), (&json!(7), &json!(0)));
}

/// Moves the time at which imports were received, in the database, and has the index read it anew.
async fn received(server: &TestServer, at: &str, people: &[&str]) {
    let client = server.db.client().await;
    let sql = format!(
        "update relationship set imported = '{at}' where first_seen < '2026-01-01' and imported is not null"
    );
    client.batch_execute(&sql).await.unwrap();
    for email in people {
        server.identify(json!({ "email": email, "params": { "moved": true } })).await;
    }
}

#[tokio::test]
async fn currencies_are_never_added_up() {
    let server = TestServer::start().await;
    for (email, mrr, currency) in [
        ("ada@x.com", "10", Some("EUR")),
        ("bob@x.com", "20", Some("eur")),
        ("cleo@x.com", "30", Some("USD")),
        ("dan@x.com", "40", None),
    ] {
        tell(&server, email, "02-10", "paid", mrr, currency).await;
    }
    server.index_remembers().await;
    let ask = json!({ "period": "2026-02-01 .. 2026-02-28" });
    let answer = server.post("/v1/insights/movements", ask).await.expect(200);
    let currencies = answer["currencies"].as_array().unwrap().iter();
    let told: Vec<_> = currencies
        .map(|currency| {
            (&currency["of"], &currency["value"], &currency["groups"][0]["steps"][0]["closing"]["sum"])
        })
        .collect();
    let value = json!("value");
    let expected = [("EUR", 10), ("USD", 30), ("eur", 20)].map(|(name, sum)| (json!(name), json!(sum)));
    for ((of, own, sum), (name, expected)) in told.iter().zip(&expected) {
        assert_eq!((*of, *own, *sum), (&value, name, expected));
    }
    assert_eq!(told[3], (&json!("missing"), &Value::Null, &json!(40)));
    assert!(
        answer["notes"][0].as_str().unwrap().starts_with("EUR and eur are told apart"),
        "{}",
        answer["notes"]
    );
}

/// Who pays in another currency has left the one and entered the other; who is on another plan too, where that is asked of then.
#[tokio::test]
async fn money_is_of_the_currency_that_it_was_of_then() {
    let server = TestServer::start().await;
    for (email, at, mrr, currency) in [
        ("ada@x.com", "01-10", "40", "USD"),
        ("ada@x.com", "02-10", "38", "EUR"),
        ("bob@x.com", "01-10", "20", "EUR"),
        ("bob@x.com", "03-10", "25", "EUR"),
        ("cleo@x.com", "02-20", "7", "USD"),
    ] {
        tell(&server, email, at, "paid", mrr, Some(currency)).await;
    }
    server.index_remembers().await;
    let ask = json!({ "period": "2026-01-01 .. 2026-03-31", "by": "mrr", "then": true });
    let answer = server.post("/v1/insights/movements", ask).await.expect(200);
    let pieces = ["opening", "new", "expansion", "entered", "left", "closing"];
    let told = |group: &Value| -> Vec<String> {
        let steps = group["steps"].as_array().unwrap().iter();
        steps.map(|step| pieces.map(|piece| step[piece]["sum"].to_string()).join(" ")).collect()
    };
    let groups = |currency: usize| answer["currencies"][currency]["groups"].as_array().unwrap();
    assert_eq!(answer["currencies"][0]["value"], "EUR");
    assert_eq!(told(&groups(0)[0]), ["0 20 0 0 0 20", "20 0 0 38 0 58", "58 0 5 0 0 63"]);
    assert_eq!(told(&groups(1)[0]), ["0 40 0 0 0 40", "40 7 0 0 40 7", "7 0 0 0 0 7"]);
    // What Bob paid is another value than it was: the one loses all of it, the other has it.
    let [twenty, rest @ ..] = &groups(0)[1..] else { panic!("{answer}") };
    assert_eq!(rest.len(), 2, "{answer}");
    let of = |value: u64| groups(0).iter().find(|group| group["value"] == value).map(told);
    assert_eq!(of(20), Some(vec!["0 20 0 0 0 20".into(), "20 0 0 0 0 20".into(), "20 0 0 0 20 0".into()]));
    assert_eq!(of(25), Some(vec!["0 0 0 0 0 0".into(), "0 0 0 0 0 0".into(), "0 0 0 25 0 25".into()]));
    assert_eq!(twenty["steps"][0]["churned"]["sum"], 0);
    let rates = &groups(1)[0]["steps"][1];
    assert_eq!((&rates["gross_retention"], &rates["churn_rate"]), (&json!(0.0), &json!(0.0)));
    walk(&server, &server.keys.account, &answer, "relationships").await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_at_its_place() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com", "status": "paid", "params": { "mrr": 5 } })).await;
    server.index_remembers().await;
    for (ask, place, words) in [
        (json!({ "path": "status" }), "/path", "status"),
        (json!({ "while": "was (status = paid)" }), "/while", "no other was can stand inside"),
        (json!({ "unit": "year" }), "/unit", "there are day, week, month, quarter"),
        (json!({ "unit": "day", "period": "2020-01-01 .. 2026-01-01" }), "/period", "1000"),
        (json!({ "period": "next month" }), "/period", "future"),
        (json!({ "currency": "month(x)" }), "/currency", "is no field"),
    ] {
        let (pointer, detail) = refusal(&server, "movements", ask.clone()).await;
        assert_eq!(pointer, place, "{ask}: {detail}");
        assert!(detail.contains(words), "{ask}: {detail}");
    }
}
