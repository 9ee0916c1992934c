//! The page of what came by each code.

use serde_json::{Value, json};
use server::model::Role;

use super::{links, percent, walk};
use crate::support::server::TestServer;

/// Ada's code brought Bob and Cleo, Bob's brought Dan; somebody came by a code that nobody carries.
async fn referred() -> TestServer {
    let server = TestServer::start().await;
    let person = |name: &str, by: Value, mrr: f64, currency: &str, at: &str| {
        let status = if mrr > 0.0 { "paid" } else { "free" };
        let params = json!({ "referral_code": format!("{name}-1"), "referred_by": by, "mrr": mrr, "currency": currency });
        json!({ "email": format!("{name}@x.com"), "status": status, "params": params, "timestamp": at })
    };
    let people = [
        person("ada", Value::Null, 0.0, "EUR", "2026-01-01T12:00:00Z"),
        person("bob", json!("ada-1"), 10.0, "EUR", "2026-02-01T12:00:00Z"),
        person("cleo", json!("ada-1"), 7.5, "USD", "2026-03-01T12:00:00Z"),
        person("dan", json!("bob-1"), 19.9, "EUR", "2026-04-01T12:00:00Z"),
        person("eve", json!("<b>spring</b>"), 0.0, "EUR", "2026-05-01T12:00:00Z"),
    ];
    server.post("/v1/batch", json!({ "items": people })).await.expect(200);
    server.index_remembers().await;
    server
}

#[tokio::test]
async fn every_number_of_referrals_is_the_api_s_and_leads_to_its_people() {
    let server = referred().await;
    let visitor = server.visitor(Role::Viewer).await;
    for (ask, address) in [
        (json!({ "path": "referred_by" }), ""),
        (
            json!({ "path": "referred_by", "carries": "referral_code", "order": "sign_ups", "filter": "mrr > 0" }),
            "path=referred_by&carries=referral_code&order=sign_ups&filter=mrr+%3E+0&sum=",
        ),
    ] {
        let page = visitor.get(&format!("/insights/referrals?{address}")).await.expect_page(200);
        assert!(walk(&server, &page).await > 15, "{page}");
        let answer = server.post("/v1/insights/referrals", ask).await.expect(200);
        let links = links(&page);
        let shows = |filter: &Value, text: String| {
            assert!(
                links.iter().any(|link| filter == &json!(link.filter) && link.text == text),
                "{text}: {filter}"
            );
        };
        let codes = answer["codes"].as_array().unwrap();
        assert!(codes.len() > 1, "{answer}");
        for code in codes.iter().chain([&answer["all"]]) {
            shows(&code["of_filter"], code["of"].to_string());
            shows(&code["filter"], code["count"].to_string());
            shows(&code["filter"], percent(code["rate"].as_f64().unwrap()));
            for sum in code["sums"].as_array().unwrap() {
                let paid = &sum["paid"];
                shows(&paid["filter"], format!("{:.2}", paid["sum"].as_f64().unwrap()));
            }
            if code["chain"].is_object() {
                shows(&code["chain"]["of_filter"], code["chain"]["of"].to_string());
                let carrier = code["carriers"]["customer"]["email"].as_str();
                assert!(carrier.is_none_or(|email| page.contains(&format!(">{email}</a>"))), "{code}");
            }
        }
        let file = visitor.get(&format!("/insights/referrals.csv?{address}")).await.expect_page(200);
        let lines =
            codes.iter().chain([&answer["all"]]).map(|code| code["sums"].as_array().unwrap().len().max(1));
        assert_eq!(file.lines().count(), 1 + lines.sum::<usize>(), "{file}");
        assert!(!page.contains("<b>spring") && !file.contains(",="), "{page}");
    }
}

#[tokio::test]
async fn who_came_in_a_time_is_a_part_of_the_filter_and_replaces_the_one_before() {
    let server = referred().await;
    let visitor = server.visitor(Role::Viewer).await;
    let place =
        |found: String| percent_encoding::percent_decode_str(&found).decode_utf8().unwrap().into_owned();
    let asked = visitor.get("/insights/referrals?filter=mrr+%3E+0&from=2026-02-01&to=2026-03-31&sum=").await;
    let found = place(asked.header("location").to_owned());
    assert_eq!(found, "/insights/referrals?filter=params.mrr > 0 and first_seen in 2026-02-01 .. 2026-03-31");
    let page = visitor.get(asked.header("location")).await.expect_page(200);
    let text = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("By this code alone came") && text.contains("title=\"2 people\">2 people</a>"),
        "{text}"
    );
    let again = visitor.get(&format!("{}&from=2026-04-01", asked.header("location"))).await;
    let found = place(again.header("location").to_owned());
    assert_eq!(found, "/insights/referrals?filter=params.mrr > 0 and first_seen >= 2026-04-01");
    let page = visitor.get(again.header("location")).await.expect_page(200);
    assert!(page.contains("bob@x.com</a> brought the most who pay"), "{page}");
    let wrong = visitor.get("/insights/referrals?from=soon").await.expect_page(422);
    assert!(wrong.contains("is no day") && wrong.contains(" id=\"view\""), "{wrong}");
}
