//! The page of what projects have in common.

use serde_json::json;
use server::model::Role;

use super::{links, percent, seen_world, walk_of};
use crate::support::server::TestServer;

#[tokio::test]
async fn every_number_of_overlap_is_the_api_s_and_leads_to_its_customers() {
    let server = seen_world().await;
    let visitor = server.visitor(Role::Viewer).await;
    for (ask, address) in [
        (json!({}), ""),
        (json!({ "filter": "status = paid or mrr > 10" }), "filter=status+%3D+paid+or+mrr+%3E+10"),
    ] {
        let page = visitor.get(&format!("/insights/overlap?{address}")).await.expect_page(200);
        assert!(walk_of(&server, &page, "count").await > 8, "{page}");
        let answer = server.call(&server.keys.account, "POST", "/v1/insights/overlap", ask.to_string()).await;
        let answer = answer.expect(200);
        let links = links(&page);
        let shows = |filter: &serde_json::Value, text: &str| {
            links.iter().any(|link| filter == &json!(link.filter) && link.text == text)
        };
        let pair = &answer["pairs"][0];
        for side in ["of_first", "of_second"] {
            assert!(shows(&pair[side]["filter"], &percent(pair[side]["rate"].as_f64().unwrap())), "{pair}");
        }
        assert!(shows(&pair["paid"]["filter"], &pair["paid"]["count"].to_string()), "{page}");
        for project in answer["projects"].as_array().unwrap() {
            let customers = &project["customers"];
            assert!(shows(&customers["filter"], &customers["count"].to_string()), "{page}");
        }
        assert!(page.contains(&percent(pair["jaccard"].as_f64().unwrap())), "{page}");
        let file = visitor.get(&format!("/insights/overlap.csv?{address}")).await.expect_page(200);
        assert_eq!(file.lines().count(), 1 + 2 + 1, "{file}");
    }
}

#[tokio::test]
async fn overlap_is_of_all_projects_wherever_one_comes_from() {
    let server = seen_world().await;
    let visitor = server.visitor(Role::Viewer).await;
    let page = visitor.get("/insights/retention?project=other").await.expect_page(200);
    assert!(page.contains("href=\"/insights/overlap\""), "{page}");
    let narrow = visitor.get("/insights/overlap?project=other").await.expect_page(200);
    let wide = visitor.get("/insights/overlap").await.expect_page(200);
    assert_eq!(links(&narrow).len(), links(&wide).len());
    assert!(!narrow.contains("project=other&#38;") && narrow.contains("Customers are counted here"));
}

#[tokio::test]
async fn the_sentence_says_what_two_projects_share_or_that_they_share_nobody() {
    let server = TestServer::start().await;
    let (_, other) = server.project("other").await;
    let call = |name: &str| json!({ "email": format!("{name}@x.com"), "status": "paid" }).to_string();
    for (key, name) in [(&server.keys.secret, "ada"), (&other, "bob")] {
        server.call(key, "POST", "/v1/identify", call(name)).await.expect(200);
    }
    server.index_remembers().await;
    let visitor = server.visitor(Role::Viewer).await;
    let page = visitor.get("/insights/overlap").await.expect_page(200);
    assert!(page.contains("No customer of one project is a customer of another."), "{page}");
    server.call(&other, "POST", "/v1/identify", call("ada")).await.expect(200);
    let page = visitor.get("/insights/overlap").await.expect_page(200);
    let text = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(">1 person</a> is a customer of both"), "{text}");
    assert!(text.contains("<strong>100%</strong> of the customers of"), "{text}");
    assert!(text.contains("<strong>50.0%</strong> of those of other"), "{text}");
}
