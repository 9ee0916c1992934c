//! The customers as they were at the end of a day, and the columns, which are the project's whatever is asked.

use serde_json::json;
use server::model::Role;

use crate::support::server::TestServer;

#[tokio::test]
async fn a_day_of_the_past_is_shown_whole_and_every_link_keeps_it() {
    let server = TestServer::start().await;
    for name in ["a", "b", "c", "d", "e"] {
        let call = |status: &str, plan: &str, at: &str| json!({ "email": format!("{name}@x.com"), "status": status, "params": { "plan": plan }, "timestamp": at });
        server.identify(call("trial", "solo", "2026-03-01T12:00:00Z")).await;
        server.identify(call("paid", "team", "2026-03-20T12:00:00Z")).await;
    }
    server.index_remembers().await;
    let visitor = server.visitor(Role::Viewer).await;
    let past = visitor.get("/customers?as_of=2026-03-10&sort=email").await.text();
    assert!(past.contains("as it was at the end of <strong>10 Mar 2026</strong>"), "{past}");
    assert!(past.contains("href=\"/customers?sort=email\">Back to today"), "{past}");
    let (rows, rail) = past.split_once("class=\"rail\"").expect("a rail");
    assert!(rows.contains(">solo</span>") && !rows.contains(">team</span>"), "rows of then: {rows}");
    assert!(rail.contains(">solo</span>") && !rail.contains(">team</span>"), "a rail of then: {rail}");
    assert!(rows.contains("Trial in 30 days: from 0 to 5"), "numbers of then: {rows}");
    let links = past.split("href=\"/customers").skip(1).map(|rest| rest.split('"').next().unwrap());
    let links: Vec<&str> = links
        .filter(|link| link.starts_with(['?', '/']) && link.contains("export") || link.contains("filter="))
        .collect();
    assert!(links.len() > 5 && links.iter().all(|link| link.contains("as_of=2026-03-10")), "{links:?}");
    assert!(
        past.contains("<input type=\"hidden\" name=\"as_of\" value=\"2026-03-10\">"),
        "the filter's form too"
    );
    let file = visitor.get("/customers/export.csv?as_of=2026-03-10&columns=params.plan").await.text();
    assert!(file.contains("solo") && !file.contains("team"), "{file}");
}

#[tokio::test]
async fn a_day_that_is_not_over_is_the_present_and_no_day_is_refused() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "a@x.com" })).await;
    server.index_ready().await;
    let visitor = server.visitor(Role::Viewer).await;
    let ahead = visitor.get("/customers?as_of=2999-01-01&filter=a@x.com").await.expect_page(422);
    assert!(
        ahead.contains("is yet to come") && ahead.contains("href=\"/customers?filter=a@x.com\""),
        "{ahead}"
    );
    assert!(ahead.contains("role=\"search\"") && !ahead.contains("class=\"people\""), "{ahead}");
    let later = visitor
        .get(&format!("/customers?as_of={}", jiff::Timestamp::now().strftime("%Y-%m-%d")))
        .await
        .text();
    assert!(later.contains("a@x.com") && !later.contains("Back to today") && !later.contains("&#38;as_of=2"));
    let wrong = visitor.get("/customers?as_of=soon").await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text().contains("id=\"view\"") && wrong.text().contains("is no day"), "{}", wrong.text());
}

#[tokio::test]
async fn columns_are_the_projects_whatever_the_filter_and_numbers_stand_under_each_other() {
    let server = TestServer::start().await;
    for (name, params) in [
        ("a", json!({ "plan": "pro", "mrr": 12 })),
        ("b", json!({ "plan": "pro", "mrr": 7.5, "rare": 1 })),
        ("c", json!({ "plan": "free", "mrr": 0 })),
        ("d", json!({ "plan": "free", "mrr": 65.25 })),
    ] {
        server.identify(json!({ "email": format!("{name}@x.com"), "params": params })).await;
    }
    server.index_ready().await;
    let visitor = server.visitor(Role::Viewer).await;
    let heads = |page: &str| {
        let heads = page
            .split("<th class=\"")
            .skip(1)
            .map(|rest| rest.split("aria-sort").next().unwrap().to_owned() + rest.split('>').nth(2).unwrap());
        heads.collect::<Vec<_>>()
    };
    let all = visitor.get("/customers").await.text();
    assert!(
        all.contains(">12.00</span>") && all.contains(">7.50</span>") && all.contains(">0.00</span>"),
        "{all}"
    );
    assert!(heads(&all).iter().any(|head| head.starts_with("param num") && head.contains("mrr")), "{all}");
    for filter in ["rare = 1", "plan = free", "email = none@x.com or plan = pro"] {
        let filtered = visitor.get(&format!("/customers?filter={}", filter.replace(' ', "+"))).await.text();
        assert_eq!(heads(&filtered), heads(&all), "{filter}");
    }
}
