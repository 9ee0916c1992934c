//! The page of any path by any other.

use serde_json::{Value, json};
use server::model::Role;

use super::{Link, links, seen_world, walk};
use crate::support::server::TestServer;

/// The groups of a query, each with what stands in a filter for its value.
async fn groups(server: &TestServer, filter: &str, by: &str) -> Value {
    let ask = json!({ "filter": filter, "group_by": by, "aggregates": ["sum(params.mrr)", "avg(params.mrr)"], "select": ["count", "groups"] });
    server.call(&server.keys.account, "POST", "/v1/query", ask.to_string()).await.expect(200)
}

fn shows(links: &[Link], filter: &str, text: &str) {
    let is_it = |link: &Link| link.filter == filter && link.text == text;
    assert!(links.iter().any(is_it), "{text} of {filter} in {links:?}");
}

#[tokio::test]
async fn every_cell_of_a_breakdown_is_what_a_query_of_its_filter_finds() {
    let server = seen_world().await;
    let visitor = server.visitor(Role::Viewer).await;
    let page =
        visitor.get("/insights/breakdown?by=status&across=tags&filter=mrr+exists").await.expect_page(200);
    assert!(walk(&server, &page).await > 15, "{page}");
    let found = links(&page);
    let whole = groups(&server, "mrr exists", "status").await;
    shows(&found, "params.mrr exists", &whole["relationships"].to_string());
    let mut told = 0;
    for row in whole["groups"]["rows"].as_array().unwrap() {
        let status = format!("params.mrr exists and status = {}", row["value"]);
        shows(&found, &status, &row["count"].to_string());
        let none = groups(&server, &format!("{status} and not tags exists"), "status").await;
        let none = none["relationships"].to_string();
        shows(&found, &format!("{status} and not params.tags exists"), &none);
        told += 1;
    }
    assert!(told > 2, "{whole}");
    let file = visitor.get("/insights/breakdown.csv?by=status&across=tags&filter=mrr+exists").await;
    let lists = 1 + 1 + usize::from(page.contains("(none)"));
    assert_eq!(file.expect_page(200).lines().count(), 1 + (told + 1) * lists);
}

#[tokio::test]
async fn numbers_are_told_currency_by_currency_and_values_that_few_have_are_others() {
    let server = TestServer::start().await;
    let call = |number: usize| {
        let currency = ["EUR", "USD"][number % 2];
        let mut params =
            json!({ "plan": format!("plan {}", number % 20), "mrr": number, "currency": currency });
        if number == 7 {
            params = json!({ "mrr": "none", "currency": currency });
        }
        let status = if number.is_multiple_of(3) { "paid" } else { "free" };
        json!({ "email": format!("p{number}@x.com"), "status": status, "params": params })
    };
    server.post("/v1/batch", json!({ "items": (0..60).map(call).collect::<Vec<_>>() })).await.expect(200);
    server.index_remembers().await;
    let visitor = server.visitor(Role::Viewer).await;
    for (how, aggregate) in [("sum", 0), ("avg", 1)] {
        let address = format!("/insights/breakdown?by=status&across=plan&number=mrr&how={how}");
        let page = visitor.get(&address).await.expect_page(200);
        assert!(walk(&server, &page).await > 30, "{page}");
        assert!(
            page.contains("<h2>EUR</h2>") && page.contains("<h2>USD</h2>") && page.contains("never added up")
        );
        assert!(page.contains("(others)") && page.contains("(none)"), "{page}");
        let found = links(&page);
        for (currency, status) in [("EUR", "free"), ("EUR", "paid"), ("USD", "free"), ("USD", "paid")] {
            let filter = format!("status = \"{status}\" and params.currency = \"{currency}\"");
            let answer = groups(&server, &filter, "status").await;
            let value = answer["groups"]["rows"][0]["aggregates"][aggregate]["value"].as_f64().unwrap();
            let people = format!(
                "status = \"{status}\" and params.mrr is number and params.currency = \"{currency}\""
            );
            let is_it = |link: &&Link| link.filter == people && !link.text.is_empty();
            let shown = found.iter().find(is_it).unwrap_or_else(|| panic!("{people}: {found:?}"));
            let text: f64 = shown.text.replace(',', "").parse().unwrap();
            assert!((text - value).abs() < 0.01, "{shown:?}: {value}");
        }
    }
    // Of an average the columns are no parts of a line: its bar is its own.
    let page = visitor.get("/insights/breakdown?by=plan").await.expect_page(200);
    assert!(page.contains("(others)") && walk(&server, &page).await > 30, "{page}");
}
