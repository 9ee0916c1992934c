//! Segments as pages: live counts, lines, where they are used, and what a change would change before it is saved.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use server::{
    model::Role,
    store::{View, segment},
};

use crate::support::{server::TestServer, visitor::Visitor};

async fn world() -> TestServer {
    let server = TestServer::start().await;
    for (email, status, mrr) in
        [("a", "paid", 10), ("b", "paid", 30), ("c", "trial", 50), ("d", "free", 70), ("e", "churned", 90)]
    {
        let call = json!({ "email": format!("{email}@x.com"), "status": status, "params": { "mrr": mrr } });
        server.identify(call).await;
    }
    server.index_remembers().await;
    server
}

async fn page(visitor: &Visitor<'_>, path: &str) -> String {
    let page = visitor.get(path).await.expect_page(200);
    page.replace("&#34;", "\"").replace("&#38;", "&").replace("&#39;", "'")
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Saves a segment; its page.
async fn save(visitor: &Visitor<'_>, name: &str, filter: &str, project: &str) -> String {
    let form = format!("name={}&filter={}&project={project}", encoded(name), encoded(filter));
    let saved = visitor.post("/segments", &form).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    saved.header("location").to_owned()
}

async fn id(server: &TestServer, slug: &str) -> String {
    let all = segment::list(&server.app.store, &View::account(server.account)).await.unwrap();
    all.iter().find(|segment| segment.slug.as_str() == slug).unwrap().id.to_string()
}

/// The entry of a segment in the list.
fn entry<'p>(list: &'p str, name: &str) -> &'p str {
    let list = list.split("<ul class=\"segments\">").nth(1).unwrap();
    let found = list.split("<li>").find(|entry| entry.contains(&format!(">{name}</a></h2>")));
    found.or_else(|| list.split("<li>").find(|entry| entry.contains(&format!(">{name}</a>")))).unwrap()
}

fn number(part: &str) -> &str {
    let rest = part.split("class=\"number\"").nth(1).unwrap().split_once('>').unwrap().1;
    rest.split('<').next().unwrap().trim()
}

#[tokio::test]
async fn the_list_counts_draws_and_says_where_each_is_used() {
    let server = world().await;
    let visitor = server.visitor(Role::Admin).await;
    assert_eq!(save(&visitor, "Payers", "status = paid", "").await, "/segments/payers");
    save(&visitor, "Big payers", "in segment payers and mrr > 20", "app").await;
    let list = page(&visitor, "/segments").await;
    for (name, slug, people) in
        [("Payers", "payers", 2), ("Big payers", "big-payers", 1), ("New this week", "new-this-week", 5)]
    {
        let entry = entry(&list, name);
        assert_eq!(number(entry), people.to_string(), "{name}");
        let ask = json!({ "filter": format!("in segment {slug}"), "select": ["count"] }).to_string();
        let counted = server.call(&server.keys.account, "POST", "/v1/query", ask).await.expect(200);
        assert_eq!(counted["count"], people, "{name}");
        let link = entry.split("class=\"number\" href=\"").nth(1).unwrap().split('"').next().unwrap();
        let shown = page(&visitor, link).await;
        assert!(shown.contains(&format!("<dd class=\"number\">{people}</dd>")), "{link}: {shown}");
        let ask = json!({ "filter": format!("in segment {slug}"), "step": "week", "period": "today - 90d .. today" });
        let series =
            server.call(&server.keys.account, "POST", "/v1/series", ask.to_string()).await.expect(200);
        let points = series["points"].as_array().unwrap();
        let drawn = entry.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(drawn.split(' ').count(), points.len(), "{name}");
        let (first, last) = (&points[0]["count"], &points[points.len() - 1]["count"]);
        assert!(entry.contains(&format!("from {first} to {last}")), "{name}: {entry}");
    }
    assert!(entry(&list, "Payers").contains("Big payers</a>"), "{list}");
    assert!(entry(&list, "Payers").contains("ustomers whose status is paid"), "{list}");
    let file =
        entry(&list, "Payers").split("class=\"button small\" href=\"").nth(1).unwrap().split('"').next();
    let file = visitor.get(file.unwrap()).await.text();
    assert_eq!(file.lines().count(), 3, "{file}");
}

#[tokio::test]
async fn what_a_change_would_change_is_said_before_it_is_saved() {
    let server = world().await;
    let visitor = server.visitor(Role::Admin).await;
    let place = save(&visitor, "Payers", "status = paid", "").await;
    let form = format!("name=Rich&filter={}", encoded("mrr >= 30"));
    let preview = page(&visitor, &format!("{place}?{form}")).await;
    let said = preview.split("class=\"made preview\"").nth(1).unwrap();
    for (count, word, who) in
        [(3, "enter", ["c@x.com", "d@x.com", "e@x.com"].as_slice()), (1, "leave", &["a@x.com"])]
    {
        let link = said.split("<a href=\"").find(|rest| rest.contains(&format!("would {word}"))).unwrap();
        assert!(link.contains(&format!("{count} customer")), "{link}");
        let people = page(&visitor, link.split('"').next().unwrap()).await;
        assert!(people.contains(&format!("<dd class=\"number\">{count}</dd>")), "{people}");
        assert!(who.iter().all(|who| people.contains(who)), "{people}");
    }
    assert!(said.contains("it would have 4 customers"), "{said}");
    let id = id(&server, "payers").await;
    let seen = encoded("status = \"paid\"");
    let saved = visitor.post(&format!("/segments/{id}"), &format!("{form}&seen={seen}")).await;
    assert_eq!((saved.status, saved.header("location")), (303, "/segments/payers"));
    let shown = page(&visitor, "/segments/payers").await;
    assert!(shown.contains("<h1>Rich</h1>") && number(&shown) == "4", "{shown}");
    let again = visitor.post(&format!("/segments/{id}"), &format!("{form}&seen={seen}")).await;
    assert!(again.expect_page(409).contains("Somebody has changed this segment meanwhile"));
    let wrong = page(&visitor, &format!("{place}?name=Rich&filter={}", encoded("mrr over 20"))).await;
    assert!(wrong.contains("is not an operator") && !wrong.contains("class=\"made preview\""), "{wrong}");
    let itself = page(&visitor, &format!("{place}?name=Rich&filter={}", encoded("in segment payers"))).await;
    assert!(itself.contains("would enter") || itself.contains("Nobody would enter"), "{itself}");
    let circle =
        format!("name=Rich&filter={}&seen={}", encoded("in segment payers"), encoded("params.mrr >= 30"));
    visitor.post(&format!("/segments/{id}"), &circle).await.expect_page(422);
    let everybody = page(&visitor, &format!("{place}?name=Rich&filter=")).await;
    assert!(everybody.contains("1 customer") && everybody.contains("nobody would leave"), "{everybody}");
}

#[tokio::test]
async fn a_segment_is_copied_handed_on_and_deleted_with_a_warning() {
    let server = world().await;
    let visitor = server.visitor(Role::Admin).await;
    save(&visitor, "Payers", "status = paid", "").await;
    save(&visitor, "Big payers", "in segment payers and mrr > 20", "").await;
    let payers = id(&server, "payers").await;
    for name in ["Payers copy", "Payers copy 2"] {
        let copied = visitor.post(&format!("/segments/{payers}/copy"), "").await;
        let shown = page(&visitor, copied.header("location")).await;
        assert!(shown.contains(&format!("<h1>{name}</h1>")) && number(&shown) == "2", "{shown}");
    }
    let shown = page(&visitor, "/segments/payers").await;
    assert!(shown.contains("<input id=\"share\" readonly value=\"http://"), "{shown}");
    assert!(shown.contains("/segments/payers\"></label>"), "{shown}");
    let warned = shown.split("class=\"alert\"").nth(1).unwrap().split("</p>").next().unwrap();
    assert!(warned.contains("It is used by") && warned.contains("/segments/big-payers"), "{warned}");
    assert_eq!(visitor.post(&format!("/segments/{payers}/delete"), "").await.status, 303);
    assert_eq!(visitor.get("/segments/payers").await.status, 404);
    let broken = page(&visitor, "/segments").await;
    assert_eq!(number(entry(&broken, "Big payers")), "?", "one that is broken spoils no other: {broken}");
    assert_eq!(number(entry(&broken, "New this week")), "5");
    assert!(page(&visitor, "/segments/big-payers").await.contains("It cannot be counted"));
    let viewer = server.visitor(Role::Viewer).await;
    let shown = page(&viewer, "/segments/big-payers").await;
    assert!(!shown.contains("Delete this segment") && !shown.contains("Show what would change"), "{shown}");
}

/// Where nobody counts yet, what is counted is what there is to try things out with.
#[tokio::test]
async fn while_there_is_only_test_data_it_is_counted() {
    let server = TestServer::start().await;
    let (_, key) = server.test_project("sandbox").await;
    let body = json!({ "email": "ada@x.com", "status": "free" }).to_string();
    server.call(&key, "POST", "/v1/identify", body).await.expect(200);
    server.index_ready().await;
    let viewer = server.visitor(Role::Viewer).await;
    let list = page(&viewer, "/segments").await;
    assert!(list.contains("There is only test data yet"), "{list}");
    assert_eq!(number(entry(&list, "New this week")), "1");
    let own = page(&viewer, "/segments/new-this-week").await;
    let people = own.split("href=\"").find(|link| link.starts_with("/customers?test=1")).unwrap();
    let people = page(&viewer, &people.split('"').next().unwrap().replace(' ', "%20")).await;
    assert!(people.contains("ada@x.com"), "{people}");
}

/// Whoever says `in segment "Payers"` means the name: another one would break their filter.
#[tokio::test]
async fn a_segment_that_is_named_by_its_name_keeps_it() {
    let server = world().await;
    let admin = server.visitor(Role::Admin).await;
    save(&admin, "Big payers", "status = paid", "").await;
    save(&admin, "Rich", "in segment \"Big payers\" and mrr > 20", "").await;
    let id = id(&server, "big-payers").await;
    let rename = |name: &str| {
        format!(
            "name={}&filter={}&seen={}",
            encoded(name),
            encoded("status = paid"),
            encoded("status = \"paid\"")
        )
    };
    let refused = admin.post(&format!("/segments/{id}"), &rename("Payers")).await.expect_page(409);
    assert!(refused.contains("Rich") && refused.contains("big-payers"), "{refused}");
    assert_eq!(admin.post(&format!("/segments/{id}"), &rename("Big payers")).await.status, 303);
}
