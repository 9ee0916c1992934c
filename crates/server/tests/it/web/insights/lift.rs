//! The page of what goes with an outcome.

use serde_json::json;
use server::model::Role;

use super::{links, percent, seen_world, walk};
use crate::support::server::TestServer;

#[tokio::test]
async fn every_line_of_lift_is_the_api_s_and_leads_to_its_people() {
    let server = seen_world().await;
    let visitor = server.visitor(Role::Viewer).await;
    for (ask, address) in [
        (json!({ "outcome": "status = paid" }), ""),
        (json!({ "outcome": "status = paid" }), "outcome=&fields=&landmark=&there=&filter="),
        (
            json!({ "outcome": "mrr > 20", "fields": ["plan", "tags"], "landmark": 30, "there": "first_seen exists" }),
            "outcome=mrr+%3E+20&fields=plan,tags&landmark=30&there=first_seen+exists",
        ),
    ] {
        let page = visitor.get(&format!("/insights/lift?{address}")).await.expect_page(200);
        assert!(walk(&server, &page).await > 10, "{page}");
        let answer = server.call(&server.keys.account, "POST", "/v1/insights/lift", ask.to_string()).await;
        let answer = answer.expect(200);
        // A filter with a landmark names the instant of the question.
        let is_same = |one: &str, other: &str| one.split('"').next() == other.split('"').next();
        let links = links(&page);
        let mut told = 0;
        for line in answer["lines"].as_array().unwrap() {
            for side in ["with", "without"].map(|side| &line[side]) {
                let text = side["rate"].as_f64().map_or_else(|| "–".to_owned(), percent);
                let filter = side["filter"].as_str().unwrap();
                let shows = |link: &super::Link| is_same(&link.filter, filter) && link.text == text;
                assert!(links.iter().any(shows), "{line}");
                told += 1;
            }
        }
        assert!(told > 4, "{answer}");
        let tested = format!("({} comparisons)", answer["tested"]);
        assert!(page.contains(&tested) && page.contains("Association, not cause."), "{tested}: {page}");
        let file = visitor.get(&format!("/insights/lift.csv?{address}")).await.expect_page(200);
        let untested = answer["untested"].as_array().unwrap().len();
        assert_eq!(file.lines().count(), 1 + told / 2 + untested, "{file}");
    }
}

#[tokio::test]
async fn whether_a_flag_goes_with_staying_is_answered_in_a_sentence() {
    let server = TestServer::start().await;
    let call = |number: usize| {
        let beta = number < 60;
        let status =
            if number.is_multiple_of(3) || beta && number.is_multiple_of(2) { "paid" } else { "churned" };
        let params = json!({ "beta": beta, "odd": number % 2 });
        json!({ "email": format!("p{number}@x.com"), "status": status, "params": params })
    };
    server.post("/v1/batch", json!({ "items": (0..150).map(call).collect::<Vec<_>>() })).await.expect(200);
    server.index_remembers().await;
    let visitor = server.visitor(Role::Viewer).await;
    let page = visitor.get("/insights/lift?fields=beta").await.expect_page(200);
    let text = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("<code>beta = true</code> goes with <code>status = \"paid\"</code>")
            || text.contains("<code>beta = true</code> goes with <code>status = &#34;paid&#34;</code>"),
        "{text}"
    );
    assert!(text.contains(">66.7%</a></strong> of the 60 people with it"), "{text}");
    assert!(text.contains("of 90 people without it, 33.3 points more"), "{text}");
    assert!(!text.contains("<code>odd</code>") && text.contains("Compare all of the widest paths"), "{text}");
    // The outcome speaks of staying, which may itself be why: a landmark is offered.
    let page =
        visitor.get("/insights/lift?outcome=not+status+%3D+churned&fields=beta").await.expect_page(200);
    assert!(page.contains("landmark=14") && page.contains("staying"), "{page}");
}

/// What somebody is given for paying follows from paying, and leads nothing.
#[tokio::test]
async fn values_that_come_with_the_outcome_are_named_apart() {
    let server = TestServer::start().await;
    let mut calls = Vec::new();
    for n in 0..60 {
        let email = format!("p{n}@x.com");
        let role = if n % 3 == 0 { "owner" } else { "guest" };
        calls
            .push(json!({ "email": email, "params": { "role": role }, "timestamp": "2026-03-02T10:00:00Z" }));
        // Of owners nearly all pay, and of guests few: whoever does has a plan from then on.
        if (n % 3 == 0) == (n % 10 != 0) {
            calls.push(json!({ "email": email, "status": "paid", "params": { "plan": "pro" }, "timestamp": "2026-03-09T10:00:00Z" }));
        }
    }
    server.batch(json!(calls)).await;
    server.index_remembers().await;
    let visitor = server.visitor(Role::Viewer).await;
    let page = visitor.get("/insights/lift").await.expect_page(200);
    let page = page.replace("&#34;", "\"");
    let finding = page.split("<p class=\"finding\">").nth(1).unwrap().split("</p>").next().unwrap();
    assert!(finding.contains("<code>role = guest</code> goes against"), "{finding}");
    let following =
        page.split("These follow from <code>status = \"paid\"</code>").nth(1).expect("some follow");
    assert!(following.split("</section>").next().unwrap().contains("= pro"), "{following}");
    let leading = page.split("These follow from").next().unwrap();
    assert!(!leading.contains("<code>plan</code>") && leading.contains("<code>role</code>"), "{leading}");
    // With a landmark values come first.
    let page = visitor.get("/insights/lift?landmark=1").await.expect_page(200);
    assert!(!page.contains("These follow from"), "{page}");
}
