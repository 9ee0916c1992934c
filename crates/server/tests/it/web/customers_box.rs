//! The box of the filter: its pills, what it offers, what the member has asked last, and what leaves everybody out.

use axum::body::Body;
use serde_json::json;
use server::{
    model::Role,
    store::{
        erase::{self, Whom},
        recent::KEPT,
    },
};

use crate::support::server::TestServer;

async fn people() -> TestServer {
    let server = TestServer::start().await;
    for (name, params) in [
        ("ada", json!({ "plan": "pro", "mrr": 29, "a b": 1 })),
        ("bob", json!({ "plan": "pro", "mrr": 9 })),
        ("cyd", json!({ "plan": "free", "mrr": 0, "source": "20" })),
    ] {
        server.identify(json!({ "email": format!("{name}@x.com"), "params": params })).await;
    }
    server.index_ready().await;
    server
}

fn plain(html: &str) -> String {
    html.replace("&#34;", "\"").replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&")
}

#[tokio::test]
async fn conditions_are_pills_and_what_has_none_is_advanced() {
    let server = people().await;
    let visitor = server.visitor(Role::Viewer).await;
    let page = visitor.get("/customers?filter=plan+%3D+pro+and+(mrr+%3E+20+or+mrr+%3C+5)").await;
    let page = plain(&page.text());
    let (_, pills) = page.split_once("<ul class=\"pills\"").expect("pills");
    let (pills, _) = pills.split_once("<form class=\"between\"").unwrap_or((pills, ""));
    for part in [
        "<code>plan = pro</code>",
        "href=\"/customers?filter=params.mrr%20%3E%2020%20or%20params.mrr%20%3C%205\" title=\"Drop params.plan = \"pro\"\"",
        "<option selected>=</option>",
        "name=\"value\" value=\"pro\"",
        "<code>advanced</code>",
        "href=\"/customers?filter=params.plan%20=%20%22pro%22\" title=\"Drop ",
    ] {
        assert!(pills.contains(part), "{part}: {pills}");
    }
    assert!(!visitor.get("/customers").await.text().contains("class=\"pills\""));
    assert!(!visitor.get("/customers?filter=plan+%3D").await.text().contains("class=\"pills\""));
}

#[tokio::test]
async fn the_last_filters_are_offered_to_whoever_asked_them() {
    let server = people().await;
    let visitor = server.visitor(Role::Viewer).await;
    for n in 0..12 {
        visitor.get(&format!("/customers?filter=mrr+%3E+{n}")).await;
    }
    visitor.get("/customers?filter=mrr+%3E+5").await;
    visitor.get("/customers?filter=mrr+over").await;
    visitor.get("/customers?project=nowhere&filter=mrr+%3E+99").await;
    let page = plain(&visitor.get("/customers").await.text());
    let (_, menu) = page.split_once(">Recent</summary>").expect("a list");
    let (menu, _) = menu.split_once("</details>").unwrap();
    let listed: Vec<&str> =
        menu.split("<code>").skip(1).map(|item| item.split_once("</code>").unwrap().0).collect();
    let told: Vec<String> = [5, 11, 10, 9, 8, 7, 6, 4, 3, 2].iter().map(|n| format!("mrr > {n}")).collect();
    assert_eq!(listed, told, "newest first, each once, only what gave a page");
    assert_eq!(server.count("recent").await, KEPT as i64);
    let other = server.visitor(Role::Admin).await;
    assert!(!other.get("/customers").await.text().contains(">Recent</summary>"), "each has their own");
    let help = plain(&visitor.get("/customers/help?filter=&at=0").await.text());
    assert!(help.contains("id=\"help-1\" aria-selected=\"false\" data-word=\"mrr > 5\""), "{help}");
}

/// What a browser fetches ahead, a HEAD, and what another site's page asks for are no filters that the member has asked.
#[tokio::test]
async fn only_what_the_member_looks_at_is_kept() {
    let server = people().await;
    let visitor = server.visitor(Role::Viewer).await;
    let look = async |method: &str, (name, value): (&str, &str)| {
        let request = visitor.request(method, "/customers?filter=mrr+%3E+1").header(name, value);
        assert_eq!(server.send(request.body(Body::empty()).unwrap()).await.status, 200);
        server.count("recent").await
    };
    for header in [("sec-purpose", "prefetch"), ("sec-fetch-site", "cross-site"), ("purpose", "prefetch")] {
        assert_eq!(look("GET", header).await, 0, "{header:?}");
    }
    assert_eq!(look("HEAD", ("sec-fetch-site", "same-origin")).await, 0);
    assert_eq!(look("GET", ("sec-fetch-site", "same-origin")).await, 1);
}

#[tokio::test]
async fn whoever_is_erased_is_in_no_recent_filter() {
    let server = people().await;
    let visitor = server.visitor(Role::Viewer).await;
    for filter in ["ADA%40x.com", "mrr+%3E+1", "email+%3D+%22bob%40x.com%22"] {
        visitor.get(&format!("/customers?filter={filter}")).await;
    }
    assert_eq!(server.count("recent").await, 3);
    let ada = Whom::Email(server::model::Email::parse("ada@x.com").unwrap());
    erase::person(&server.app.store, server.account, &ada).await.unwrap();
    assert_eq!(server.count("recent").await, 2);
    let delete = server.call(&server.keys.secret, "DELETE", "/v1/customers/bob%40x.com", String::new()).await;
    delete.expect(200);
    assert_eq!(server.count("recent").await, 1);
}

#[tokio::test]
async fn nobody_is_told_which_condition_leaves_everybody_out() {
    let server = people().await;
    let visitor = server.visitor(Role::Viewer).await;
    let page =
        plain(&visitor.get("/customers?filter=plan+%3D+pro+and+mrr+%3E+20+and+mrr+%3C+25").await.text());
    let (_, list) = page.split_once("class=\"excluders\"").expect("excluders");
    let (list, _) = list.split_once("</ul>").unwrap();
    for (link, count, condition) in [
        ("params.plan%20=%20%22pro%22%20and%20params.mrr%20%3C%2025", "1 customer", "mrr > 20"),
        ("params.plan%20=%20%22pro%22%20and%20params.mrr%20%3E%2020", "1 customer", "mrr < 25"),
    ] {
        let said =
            format!("<a href=\"/customers?filter={link}\">{count}</a> without <code>{condition}</code>");
        assert!(list.contains(&said), "{said}: {list}");
    }
    assert_eq!(list.matches("<li>").count(), 2, "without the plan there is nobody either");
    for filter in ["plan+%3D+nothing", "plan+%3D+pro", "plan+%3D+a+and+plan+%3D+b+and+mrr+%3E+99"] {
        let page = visitor.get(&format!("/customers?filter={filter}")).await.text();
        assert!(!page.contains("class=\"excluders\""), "{filter}");
    }
    let many: Vec<String> = (0..13).map(|n| format!("mrr+%3E+{n}")).collect();
    let page = visitor.get(&format!("/customers?filter={}+and+plan+%3D+x", many.join("+and+"))).await.text();
    assert!(page.contains("Nobody matches") && !page.contains("class=\"excluders\""));
}

#[tokio::test]
async fn the_box_offers_the_shortest_spelling_its_kind_and_how_many() {
    let server = people().await;
    let segment = json!({ "name": "Power users", "filter": "plan = pro" });
    server.post("/v1/segments", segment).await.expect(201);
    let visitor = server.visitor(Role::Viewer).await;
    for (text, option) in [
        (
            "pl",
            "data-word=\"plan\" data-from=\"0\" data-to=\"2\"><code>plan</code><span class=\"fine push\">text · 3</span>",
        ),
        ("plan = ", "data-word=\"pro\""),
        ("source = ", "data-word=\"\"20\"\""),
        ("in segment ", "<span class=\"fine push\">Power users · 2</span>"),
    ] {
        let filter = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
        let help =
            plain(&visitor.get(&format!("/customers/help?filter={filter}&at={}", text.len())).await.text());
        assert!(help.contains(option), "{text}: {help}");
    }
}

/// Words that nobody is called, and that are values, are told the conditions that they mean.
#[tokio::test]
async fn words_that_are_values_are_told_their_fields() {
    let server = TestServer::start().await;
    for n in 0..3 {
        let params = serde_json::json!({ "plan": "pro", "source": "producthunt", "n": n });
        server.identify(serde_json::json!({ "email": format!("p{n}@x.com"), "params": params })).await;
    }
    assert!(server.app.store.index_ready(server.account).await);
    let visitor = server.visitor(Role::Viewer).await;
    let page = visitor.get("/customers?project=app&filter=Pro+producthunt").await.expect_page(200);
    let page = page.replace("&#34;", "\"");
    assert!(page.contains("\"pro\" is a value of plan, \"producthunt\" is a value of source"), "{page}");
    let fix = page
        .split("class=\"button small fix\" href=\"")
        .skip(1)
        .find(|fix| fix.contains("producthunt"))
        .unwrap();
    let people = visitor.get(&fix.split('"').next().unwrap().replace("&#38;", "&")).await.expect_page(200);
    assert!(people.contains("p0@x.com") && people.contains("p2@x.com"), "{people}");
    let page = visitor.get("/customers?project=app&filter=pro+nowhere").await.expect_page(200);
    assert!(!page.contains("is a value of"), "{page}");
}
