//! Who stays in the table though the filter lists them no longer.

use serde_json::{Value, json};
use server::model::Role;

use crate::support::server::TestServer;

#[tokio::test]
async fn whom_the_address_names_stays_dimmed_and_no_link_names_them() {
    let server = TestServer::start().await;
    let mut ids = Vec::new();
    for (name, plan) in [("ada", "pro"), ("bob", "free"), ("eve", "free")] {
        let call = json!({ "params": { "plan": plan } });
        ids.push(server.customer(&format!("{name}@x.com"), "2026-03-01", call).await);
    }
    server.index_ready().await;
    let admin = server.visitor(Role::Admin).await;
    let list = format!("/customers?filter=plan+%3D+free&kept={},{},no-id", ids[0], ids[1]);
    let page = admin.get(&list).await.expect_page(200);
    let (gone, others): (Vec<&str>, Vec<&str>) =
        page.split("<tr data-id=").skip(1).partition(|row| row.contains("class=\"left\""));
    assert!(gone.len() == 1 && others.len() == 2, "{page}");
    assert!(gone[0].contains("ada@x.com") && gone[0].contains("no longer matches"), "{}", gone[0]);
    assert!(gone[0].contains(" disabled>"), "nobody is chosen who is not listed: {}", gone[0]);
    let mut links = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    assert!(links.all(|link| !link.contains("kept=")), "another question begins anew: {page}");
    assert!(!page.contains("name=\"kept\""), "by a form too: {page}");
    assert!(page.contains("Act on this page: 2"), "who stays is not counted: {page}");
    // Where nobody is listed, they stay too; of the past nobody is marked.
    let none = admin.get(&format!("/customers?filter=plan+%3D+gone&kept={}", ids[0])).await.expect_page(200);
    assert!(none.contains("class=\"left\""), "{none}");
    let past = format!("/customers?filter=plan+%3D+free&as_of=2026-04-01&kept={}", ids[0]);
    assert!(!admin.get(&past).await.expect_page(200).contains("class=\"left\""));

    let viewer = server.visitor(Role::Viewer).await;
    let still = async |filter: &str| {
        let form = format!("filter={filter}&kept={}", ids.join(","));
        let answer = viewer.post("/customers/still", &form).await;
        let mut listed: Vec<String> = serde_json::from_str(&answer.expect_page(200)).unwrap();
        listed.sort();
        listed
    };
    let mut both = ids[1..].to_vec();
    both.sort();
    assert_eq!(still("plan+%3D+free").await, both);
    assert_eq!(still("plan+%3D+gone").await, Vec::<String>::new());
    assert_eq!(viewer.post("/customers/still", "filter=plan+%3D").await.status, 422);

    admin.post(&format!("/customers/{}/erase", ids[0]), "").await;
    assert!(!admin.get(&list).await.expect_page(200).contains("class=\"left\""), "who is gone is gone");
    let eve = server.foreigner().await;
    let theirs: Value =
        serde_json::from_str(&eve.post("/customers/still", &format!("kept={}", ids[1])).await.text())
            .unwrap();
    assert_eq!(theirs, json!([]), "nobody hears of others' customers");
    assert!(!eve.get(&format!("/customers?kept={}", ids[1])).await.text().contains("bob@x.com"));
}
