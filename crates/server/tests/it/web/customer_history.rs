//! The history of one person: who wrote it, and what is looked for in it.

use serde_json::json;
use server::model::Role;

use super::customer::read;
use crate::support::server::TestServer;

#[tokio::test]
async fn the_history_names_its_writers_and_is_searched() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let ada =
        server.customer("ada@x.com", "2024-01-01", json!({ "params": { "plan": "free", "a": 1 } })).await;
    let (page, slug) = (format!("/customers/{ada}"), server.project.slug.to_string());
    server.customer("ada@x.com", "2024-02-01", json!({ "params": { "plan": "Größe" } })).await;
    server.customer("ada@x.com", "2024-03-01", json!({ "status": "paid", "name": "Ada" })).await;
    server.customer("ada@x.com", "2024-01-15", json!({ "params": { "plan": "late" } })).await;
    let (_, key) = server.project("shop").await;
    let call = json!({ "email": "ada@x.com", "params": { "cart": 3 } });
    server.call(&key, "POST", "/v1/identify", call.to_string()).await.expect(200);
    crate::imports::import(&server, "", "email,seats\nada@x.com,7\n").await;
    let edit = format!("project={slug}&key=vip&was=&kind=boolean&value=true");
    assert_eq!(admin.post(&format!("{page}/edit"), &edit).await.status, 303);

    let history = async |query: &str| {
        let page = admin.get(&format!("{page}?{query}")).await.expect_page(200);
        read(page.split("id=\"history\"").nth(1).unwrap().split("</form>").nth(1).unwrap())
    };
    let all = history("").await;
    for told in ["by admin@example.com vip true", "by the import of", "by the key", "created with"] {
        assert!(all.contains(told), "{told}: {all}");
    }
    for (query, has, not) in [
        ("kind=created", vec!["plan free", "cart 3"], vec!["vip", "seats"]),
        ("kind=created&in=shop", vec!["cart 3"], vec!["plan"]),
        ("kind=status", vec!["paid"], vec!["vip", "plan"]),
        ("kind=name", vec!["Ada"], vec!["vip"]),
        ("kind=late", vec!["told late"], vec!["vip", "seats"]),
        ("name=plan", vec!["Größe", "late"], vec!["vip", "cart"]),
        ("name=params.plan", vec!["Größe"], vec!["vip"]),
        ("source=member", vec!["vip"], vec!["plan", "seats"]),
        ("source=import", vec!["seats"], vec!["vip"]),
        ("text=gr%C3%B6%C3%9Fe", vec!["Größe"], vec!["vip", "cart"]),
        ("text=nothing+of+that", vec!["No change is like that."], vec!["vip"]),
    ] {
        let said = history(query).await;
        for word in has {
            assert!(said.contains(word), "{query}: {word}: {said}");
        }
        for word in not {
            assert!(!said.contains(word), "{query}: {word}: {said}");
        }
    }
    // Paging keeps what is asked.
    for n in 0..60 {
        server.identify(json!({ "email": "ada@x.com", "params": { "n": n } })).await;
    }
    let first = admin.get(&format!("{page}?name=n&text=&in={slug}")).await.expect_page(200);
    let link = first.split("href=\"").find(|link| link.contains("cursor=")).unwrap();
    let link = link.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    assert!(link.contains(&format!("&in={slug}&name=n")), "{link}");
    let second = read(&admin.get(link.split('#').next().unwrap()).await.expect_page(200));
    assert!(second.contains("n 0 → 1") && !second.contains("cursor="), "{second}");
    let evil = admin.get(&format!("{page}?text=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E")).await;
    assert!(!evil.expect_page(200).contains("<script>alert"));
    assert_eq!(admin.get(&format!("{page}?text=%00")).await.status, 200);
}
