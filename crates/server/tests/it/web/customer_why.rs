//! Why somebody is in a segment, part by part.

use serde_json::json;
use server::model::Role;

use super::customer::read;
use crate::support::server::TestServer;

#[tokio::test]
async fn each_part_of_a_filter_is_told_with_what_the_person_has() {
    let server = TestServer::start().await;
    let (admin, viewer) = (server.visitor(Role::Admin).await, server.visitor(Role::Viewer).await);
    let eve = server.foreigner().await;
    let call = json!({ "status": "trial", "params": { "plan": "pro", "mrr": 29, "x": "<b>x" } });
    let ada = server.customer("ada@x.com", "2024-01-01", call).await;
    server.customer("ada@x.com", "2024-02-01", json!({ "status": "paid" })).await;
    let (shop, key) = server.project("shop").await;
    let call = json!({ "email": "ada@x.com", "params": { "cart": 3 } });
    server.call(&key, "POST", "/v1/identify", call.to_string()).await.expect(200);
    for (name, filter, project) in [
        ("Payers", "status+%3D+paid+and+mrr+%3E+5", ""),
        ("Nobody", "status+%3D+churned", ""),
        // True of them in another project than the one that it speaks of.
        ("Carts", "cart+exists", server.project.slug.as_str()),
        ("Shoppers", "cart+exists", "shop"),
    ] {
        let form = format!("name={name}&filter={filter}&project={project}");
        assert_eq!(admin.post("/segments", &form).await.status, 303);
    }
    let page = format!("/customers/{ada}");
    let text = viewer.get(&page).await.expect_page(200);
    let segments = text.split("aria-label=\"Segments\"").nth(1).unwrap().split("</section>").next().unwrap();
    let said = read(segments);
    assert!(said.contains("Payers") && said.contains("Shoppers"), "{said}");
    assert!(!said.contains("Nobody") && !said.contains("Carts"), "{said}");
    let link = segments
        .split("href=\"")
        .find(|link| link.starts_with(&format!("{page}/why")) && link.contains("mrr"))
        .unwrap();
    let link = link.split('"').next().unwrap().replace("&amp;", "&");
    let said = read(&viewer.get(&link).await.expect_page(200));
    assert!(said.contains("all of these true false"), "{said}");

    let filter = "plan%20%3D%20pro%20and%20(mrr%20%3E%20100%20or%20not%20x%20%3D%20y)%20and%20was%20(status%20%3D%20trial)%20and%20in%20project%20shop%20where%20(cart%20%3E%205)";
    let whole = viewer.get(&format!("{page}/why?filter={filter}")).await.expect_page(200);
    let said = read(whole.split("<tbody>").nth(1).unwrap());
    for told in [
        "all of these false false",
        "params.plan = &#34;pro&#34; true pro false missing",
        "at least one of these true true",
        "params.mrr &#62; 100 false 29 false missing",
        "not true true",
        "was (status = &#34;trial&#34;) true false",
        "in project shop false false",
        "params.cart &#62; 5 not asked false 3",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert!(!whole.contains("<b>x"), "{whole}");
    let only = viewer.get(&format!("{page}/why?project={}&filter=cart%20exists", shop.slug)).await;
    let said = read(only.expect_page(200).split("<tbody>").nth(1).unwrap());
    assert!(said.contains("params.cart exists true 3"), "{said}");
    for (filter, status) in [("", 200), ("plan%20%3D", 422), ("in%20segment%20nothing", 200)] {
        assert_eq!(viewer.get(&format!("{page}/why?filter={filter}")).await.status, status, "{filter}");
    }
    assert_eq!(eve.get(&format!("{page}/why?filter=plan%20%3D%20pro")).await.status, 404);
    let long = vec!["n%20%3D%201"; 90].join("%20or%20");
    let said = viewer.get(&format!("{page}/why?filter={long}")).await.expect_page(200);
    assert!(said.contains("more parts than are shown"));
}
