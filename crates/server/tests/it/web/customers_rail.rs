//! The rail beside the customers: what each link of it leads to, and what it says of a key.

use serde_json::json;
use server::model::Role;

use crate::support::{server::TestServer, visitor::Visitor};

/// Six people: three plans, one `null`, one without a plan.
async fn people() -> TestServer {
    let server = TestServer::start().await;
    for (name, plan) in [
        ("a", json!({ "plan": "pro", "seats": 1 })),
        ("b", json!({ "plan": "pro", "seats": 2 })),
        ("c", json!({ "plan": "starter", "seats": "two" })),
        ("d", json!({ "plan": "free" })),
        ("e", json!({ "plan": null })),
        ("f", json!({ "seats": 9 })),
    ] {
        server.identify(json!({ "email": format!("{name}@x.com"), "params": plan })).await;
    }
    server.index_ready().await;
    server
}

/// The facet of a key, as the page has it.
async fn facet(visitor: &Visitor<'_>, filter: &str, key: &str) -> String {
    let filter = percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC);
    let page = visitor.get(&format!("/customers?filter={filter}")).await.text();
    let (_, rail) = page.split_once("class=\"rail\"").expect("a rail");
    let facets = rail.split("class=\"facet\"");
    let found = facets.into_iter().find(|facet| facet.contains(&format!("<code>{key}</code>")));
    let facet = found.unwrap_or_else(|| panic!("no {key} in {rail}"));
    facet.replace("&#34;", "\"").replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&")
}

fn link(filter: &str) -> String {
    format!(
        "href=\"/customers?filter={}\"",
        filter.replace('"', "%22").replace(' ', "%20").replace('>', "%3E")
    )
}

#[tokio::test]
async fn from_one_value_it_is_one_click_to_the_next_and_what_is_chosen_stays() {
    let server = people().await;
    let visitor = server.visitor(Role::Viewer).await;
    let plan = facet(&visitor, "plan = pro", "plan").await;
    assert!(plan.contains(&link("params.plan = \"starter\"")), "sideways: {plan}");
    assert!(plan.contains("href=\"/customers\" aria-current=\"true\""), "and back: {plan}");
    assert!(plan.contains("title=\"1 of 6, 16.7%\""), "shares are of all: {plan}");
    assert!(plan.contains(&link("params.plan != \"starter\"")), "left out: {plan}");
    let plan = facet(&visitor, "plan != pro", "plan").await;
    assert!(
        plan.contains("<s>pro</s>")
            && plan.contains(&link("params.plan != \"pro\" and params.plan != \"free\"")),
        "{plan}"
    );
    let plan = facet(&visitor, "plan in (pro, nobody)", "plan").await;
    assert!(
        plan.contains(&link("params.plan = \"pro\"")),
        "also what nobody has is dropped by a click: {plan}"
    );
}

#[tokio::test]
async fn those_without_a_value_and_null_are_told_apart() {
    let server = people().await;
    let visitor = server.visitor(Role::Viewer).await;
    let plan = facet(&visitor, "", "plan").await;
    assert!(plan.contains(&link("not params.plan exists")) && plan.contains("(none)"), "{plan}");
    assert!(plan.contains(&link("params.plan = null")), "{plan}");
    assert!(plan.contains("text, null") && plan.contains(">83%<"), "its kinds and how many have it: {plan}");
    let seats = facet(&visitor, "seats > 1", "seats").await;
    assert!(seats.contains("number, text"), "{seats}");
    assert!(
        seats.contains("<code>seats > 1</code>") && seats.contains("title=\"Drop seats > 1\""),
        "{seats}"
    );
}

#[tokio::test]
async fn a_handful_needs_no_rail() {
    let server = TestServer::start().await;
    server.index_ready().await;
    let visitor = server.visitor(Role::Viewer).await;
    for name in ["a", "b", "c", "d", "e"] {
        assert!(!visitor.get("/customers").await.text().contains("class=\"rail\""), "before {name}");
        server.identify(json!({ "email": format!("{name}@x.com"), "params": { "plan": "pro" } })).await;
    }
    assert!(visitor.get("/customers").await.text().contains("class=\"rail\""));
    assert!(visitor.get("/customers?filter=a@x.com").await.text().contains("class=\"rail\""), "a way back");
}
