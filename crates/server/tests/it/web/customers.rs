//! The table of customers and its filter.

use server::model::Role;

use crate::support::server::{TestServer, metrics};

#[tokio::test]
async fn the_page_says_when_the_database_answers() {
    let (server, other) = (TestServer::start().await, TestServer::without_index().await);
    server.index_ready().await;
    for server in [&server, &other] {
        for name in ["ada", "bob", "cyd", "dot", "eve"] {
            let email = format!("{name}@x.com");
            server.identify(serde_json::json!({ "email": email, "params": { "plan": "pro" } })).await;
        }
    }
    let page = server.visitor(Role::Viewer).await.get("/customers").await;
    assert!(page.text().contains("ada@x.com") && !page.text().contains("Answered by the database"));
    assert!(page.text().contains(r#"class="facet""#), "the rail comes with the page");
    let counted = metrics(&server.app).await;
    assert!(counted.contains(r#"tinycrm_query_seconds_count{engine="index"}"#), "{counted}");
    let visitor = other.visitor(Role::Viewer).await;
    // At first the index loads, then it has outgrown its memory.
    for _ in 0..100 {
        let page = visitor.get("/customers").await;
        if page.text().contains("does not fit the index") {
            assert!(page.text().contains("hx-get=\"/customers/rail"), "the rail comes after the page");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("nothing is said of memory");
}

/// What may have been meant otherwise is a click away: words of the filter, the order, what is summed and shown.
#[tokio::test]
async fn doubts_have_a_link_that_puts_them_right() {
    let server = TestServer::start().await;
    let params = serde_json::json!({ "plan": "pro", "mrr": 29, "company": { "country": "DE" } });
    let ada = serde_json::json!({ "email": "ada@x.com", "status": "paid", "params": params });
    server.identify(ada).await;
    let visitor = server.visitor(Role::Viewer).await;
    for (address, link) in [
        ("filter=plna+%3D+pro", "filter=params.plan%20=%20pro"),
        ("filter=upgraded+last+week", "filter=status%20changed%20to%20paid%20in%20last%20week"),
        ("filter=paid", "filter=status%20=%20paid"),
        ("filter=active", "filter=status%20=%20paid"),
        ("sort=-created", "sort=-first_seen"),
        ("sum=mrrr", "sum=params.mrr"),
        ("columns=status,country,plan", "columns=status,params.company.country,plan"),
    ] {
        let page = visitor.get(&format!("/customers?{address}")).await;
        let text = page.text().replace("&#38;", "&");
        assert!(page.status == 200 && text.contains(&format!("/customers?{link}\"")), "{address}: {text}");
    }
}
