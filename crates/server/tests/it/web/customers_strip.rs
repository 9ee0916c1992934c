//! The numbers above the customers: what they say, where they lead, and what they say of the days before.

use serde_json::{Value, json};
use server::model::Role;

use crate::support::{server::TestServer, visitor::Visitor};

async fn with(people: &[(&str, &str, Value)]) -> TestServer {
    let server = TestServer::start().await;
    for (name, status, params) in people {
        let email = format!("{name}@x.com");
        server.identify(json!({ "email": email, "status": status, "params": params })).await;
    }
    server.index_ready().await;
    server
}

async fn page(visitor: &Visitor<'_>, address: &str) -> String {
    let page = visitor.get(address).await;
    assert_eq!(page.status, 200, "{address}");
    page.text().replace("&#34;", "\"").replace("&#38;", "&")
}

/// A card of the page, by its name.
fn card<'p>(page: &'p str, name: &str) -> &'p str {
    let (_, strip) = page.split_once("<dl class=\"metrics\"").expect("a strip");
    let (strip, _) = strip.split_once("</dl>").unwrap();
    let named = [format!("<span>{name}</span>"), format!(">{name}</a>")];
    let found = strip.split("<dt>").find(|card| named.iter().any(|name| card.contains(name)));
    found.unwrap_or_else(|| panic!("no {name} in {strip}"))
}

/// The number of a card.
fn number<'p>(page: &'p str, name: &str) -> &'p str {
    let (_, after) = card(page, name).split_once("class=\"number\"").unwrap();
    let (_, number) = after.split_once('>').unwrap();
    number.split_once('<').unwrap().0.trim()
}

#[tokio::test]
async fn each_card_counts_and_leads_to_its_people() {
    let server = with(&[
        ("a", "paid", json!({ "mrr": 29 })),
        ("b", "paid", json!({ "mrr": 19.5 })),
        ("c", "paid", json!({ "plan": "pro" })),
        ("d", "trial", json!({ "mrr": 1000 })),
        ("e", "churned", json!({})),
        ("f", "free", json!({})),
    ])
    .await;
    let visitor = server.visitor(Role::Viewer).await;
    let everybody = page(&visitor, "/customers").await;
    for (name, shown, people) in [
        ("Customers", "6", None),
        ("Paid", "3", Some("3")),
        ("Trial", "1", Some("1")),
        ("Churned", "1", Some("1")),
        ("MRR", "48.50", Some("2")),
        ("Average MRR", "24.25", Some("2")),
    ] {
        assert_eq!(number(&everybody, name), shown, "{name}");
        let link = card(&everybody, name).split("href=\"").nth(1).and_then(|rest| rest.split('"').next());
        match people {
            Some(people) => {
                let narrowed = page(&visitor, link.expect("a link")).await;
                assert_eq!(number(&narrowed, "Customers"), people, "{name} leads to its people: {link:?}");
            }
            None => assert!(!card(&everybody, name).contains("href=\"/customers?filter"), "{name}"),
        }
    }
    assert!(card(&everybody, "MRR").contains("of 2 paying customers"), "{everybody}");
    assert!(card(&everybody, "Paid").contains("50.0% of 6"));
    let none = page(&visitor, "/customers?filter=status+%3D+free").await;
    assert!(number(&none, "Paid") == "0" && !card(&none, "Paid").contains("href"), "nobody to lead to");
    assert_eq!(number(&none, "Average MRR"), "–");
}

/// The page as soon as it holds a text.
async fn until(visitor: &Visitor<'_>, text: &str) -> String {
    for _ in 0..200 {
        let page = page(visitor, "/customers").await;
        if page.contains(text) {
            return page;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{text} is not told");
}

#[tokio::test]
async fn a_line_tells_the_last_thirty_days_or_the_title_says_why_not() {
    let people = [("a", "paid", json!({ "mrr": 29 })), ("b", "churned", json!({}))];
    let server = with(&people).await;
    let visitor = server.visitor(Role::Viewer).await;
    // History follows the present into memory.
    let told = until(&visitor, "<polyline").await;
    for (name, change, tone, words) in [
        ("Customers", "+2", "good", "Customers in 30 days: from 0 to 2"),
        ("Churned", "+1", "bad", "Churned in 30 days: from 0 to 1"),
        ("Trial", "no change", "same", "Trial in 30 days: from 0 to 0"),
        ("MRR", "+29", "good", "MRR in 30 days: from 0 to 29"),
    ] {
        let card = card(&told, name);
        assert!(card.contains(&format!("data-tone=\"{tone}\"")) && card.contains(change), "{name}: {card}");
        assert!(card.contains(words) && card.contains("</span> in 30 days"), "{name}: {card}");
        let points = card.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(points.split(' ').count(), 31, "an end of a day each, and now");
        assert!(!card.contains("<text"), "no text inside");
    }
    let other = TestServer::without_index().await;
    other.identify(json!({ "email": "a@x.com", "status": "paid", "params": { "mrr": 29 } })).await;
    let untold = until(&other.visitor(Role::Viewer).await, "does not fit the index").await;
    assert!(number(&untold, "MRR") == "29" && !untold.contains("<polyline"), "{untold}");
    assert!(untold.contains("<dl class=\"metrics\" title=\"History is not in memory: "), "{untold}");
}

#[tokio::test]
async fn money_says_its_currency_and_is_not_added_across() {
    let server = with(&[
        ("a", "paid", json!({ "mrr": 29, "currency": "EUR" })),
        ("b", "paid", json!({ "mrr": 10, "currency": "EUR" })),
        ("c", "paid", json!({ "mrr": 5, "currency": "USD" })),
        ("d", "free", json!({})),
        ("e", "free", json!({})),
    ])
    .await;
    let visitor = server.visitor(Role::Viewer).await;
    let both = page(&visitor, "/customers").await;
    assert_eq!(number(&both, "MRR"), "–");
    assert!(card(&both, "MRR").contains("in 2 currencies"), "{both}");
    let link = "/customers?filter=params.currency%20=%20%22EUR%22";
    assert!(card(&both, "MRR").contains(link), "{both}");
    let euros = page(&visitor, link).await;
    assert_eq!(number(&euros, "MRR"), "39");
    assert!(card(&euros, "MRR").contains("<small>EUR</small>"), "{euros}");
    let but = page(&visitor, "/customers?filter=currency+!%3D+EUR").await;
    assert_eq!(number(&but, "MRR"), "5");
}

#[tokio::test]
async fn the_currencies_are_those_of_the_money_that_is_summed() {
    let server = with(&[
        ("a", "paid", json!({ "mrr": 29, "currency": "EUR" })),
        ("b", "churned", json!({ "mrr": 10, "currency": "USD" })),
        ("c", "paid", json!({ "currency": "GBP" })),
    ])
    .await;
    let visitor = server.visitor(Role::Viewer).await;
    let one = page(&visitor, "/customers").await;
    assert_eq!(number(&one, "MRR"), "29", "who left and who has no number bring no currency: {one}");
    assert!(card(&one, "MRR").contains("<small>EUR</small>"), "{one}");
    server.identify(json!({ "email": "d@x.com", "status": "paid", "params": { "mrr": 5 } })).await;
    let two = page(&visitor, "/customers").await;
    assert_eq!(number(&two, "MRR"), "–", "fewer than five have no rail, and yet are not added: {two}");
    assert!(card(&two, "MRR").contains("in 1 currency, and without one: choose"), "{two}");
    let link = "/customers?filter=not%20params.currency%20exists";
    assert!(card(&two, "MRR").contains(link), "{two}");
    assert_eq!(number(&page(&visitor, link).await, "MRR"), "5");
    let other = TestServer::without_index().await;
    for (email, currency) in [("a@x.com", "EUR"), ("b@x.com", "USD")] {
        let params = json!({ "mrr": 29, "currency": currency });
        other.identify(json!({ "email": email, "status": "paid", "params": params })).await;
    }
    assert_eq!(number(&page(&other.visitor(Role::Viewer).await, "/customers").await, "MRR"), "–");
}

/// Two days beside each other: each number says what it was then, as the page of that day says it.
#[tokio::test]
async fn numbers_are_compared_with_those_of_a_day() {
    let server = TestServer::start().await;
    for (name, at, status, mrr) in [
        ("a", "2026-01-05", "paid", 20),
        ("b", "2026-01-06", "trial", 0),
        ("a", "2026-02-05", "paid", 50),
        ("b", "2026-02-06", "paid", 10),
        ("c", "2026-02-07", "churned", 0),
    ] {
        let params = json!({ "mrr": mrr });
        let body =
            json!({ "email": format!("{name}@x.com"), "status": status, "params": params, "timestamp": at });
        server.identify(body).await;
    }
    server.index_remembers().await;
    let visitor = server.visitor(Role::Viewer).await;
    let told = page(&visitor, "/customers?against=2026-01-31").await;
    for (name, change) in [
        ("Customers", "+1 (50.0%)</span> since 31 Jan 2026, when it was 2"),
        ("Paid", "+1 (100.0%)</span> since 31 Jan 2026, when it was 1"),
        ("Trial", "−1 (100.0%)</span> since 31 Jan 2026, when it was 1"),
        ("Churned", "+1</span> since 31 Jan 2026, when it was 0"),
        ("MRR", "+40 (200.0%)</span> since 31 Jan 2026, when it was 20"),
        ("Average MRR", "+10.00 (50.0%)</span> since 31 Jan 2026, when it was 20.00"),
    ] {
        assert!(card(&told, name).contains(change), "{change} in {}", card(&told, name));
    }
    let then = page(&visitor, "/customers?as_of=2026-01-31").await;
    assert_eq!((number(&then, "Customers"), number(&then, "MRR")), ("2", "20"));
    // A day of the past with a later one, and what every link carries.
    let both = page(&visitor, "/customers?as_of=2026-01-31&against=2026-02-28").await;
    assert!(card(&both, "MRR").contains("−40 (66.7%)</span> since 28 Feb 2026, when it was 60"), "{both}");
    assert!(
        card(&both, "Paid").contains("&against=2026-02-28")
            || card(&both, "Paid").contains("&amp;against=2026-02-28")
    );
    let none = page(&visitor, "/customers").await;
    assert!(card(&none, "Customers").contains("in 30 days"));
    let wrong = visitor.get("/customers?against=yesterday").await.expect_page(400);
    assert!(wrong.contains("against is a day, as 2026-03-29."), "{wrong}");
}
