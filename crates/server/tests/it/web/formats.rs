//! An account sees numbers, dates and money in its own formats on every page.

use serde_json::json;
use server::{model::Role, store};

use crate::support::{server::TestServer, visitor::Visitor};

/// More than a thousand people who pay amounts with cents, in one project; some say no currency, and nobody another.
async fn world() -> TestServer {
    let server = TestServer::start().await;
    store::set_zone(&server.app.store, server.account, "Europe/Berlin").await.unwrap();
    let person = |n: usize| {
        let status = if n.is_multiple_of(3) { "trial" } else { "paid" };
        let params = json!({ "mrr": 1234.5 + n as f64, "seats": 12345 + n });
        json!({ "email": format!("p{n}@example.com"), "status": status, "params": params,
                "first_seen": "2026-03-05T23:30:00Z" })
    };
    for from in [0, 500, 1_000] {
        let people: Vec<_> = (from..from + 500).map(person).collect();
        let body = json!({ "items": people }).to_string();
        server.call(&server.keys.secret, "POST", "/v1/batch", body).await.expect(200);
    }
    server.index_ready().await;
    server
}

/// What is read on a page: its text, and what is said of a part when it is pointed at.
fn read(page: &str) -> String {
    let mut read = String::new();
    let main = page.split_once("<body").unwrap_or(("", page)).1;
    for part in main.split('<') {
        let (tag, text) = part.split_once('>').unwrap_or(("", part));
        if !tag.starts_with("script") && !tag.starts_with("style") && !tag.starts_with("code") {
            read.push_str(text);
        }
        for name in [" title=\"", " aria-label=\""] {
            let said = tag.split_once(name).and_then(|(_, rest)| rest.split_once('"'));
            read.push('\n');
            read.push_str(said.map_or("", |(said, _)| said));
        }
        read.push('\n');
    }
    read
}

/// The numbers of a text that are written in the English way: a point before decimals, or commas between groups.
fn english(text: &str) -> Vec<&str> {
    let numbers = text.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ','));
    let is_english = |number: &&str| {
        let number = number.trim_matches(['.', ',']);
        let groups: Vec<&str> = number.split('.').skip(1).collect();
        let decimals = number.split_once(',').map(|(_, decimals)| decimals);
        groups.iter().any(|group| group.split(',').next().unwrap_or_default().len() != 3)
            || decimals.is_some_and(|decimals| decimals.len() == 3 || decimals.contains(','))
    };
    numbers.filter(is_english).collect()
}

#[test]
fn an_english_number_is_found() {
    assert_eq!(english("1,234 and 1.234, 5.5% of 1.234,50 in 2,5%; 12,345.5"), ["1,234", "5.5", "12,345.5"]);
}

const PAGES: [&str; 8] = [
    "/home",
    "/customers",
    "/customers/rail",
    "/insights/retention?unit=month&cohorts=last+24+months",
    "/insights/revenue",
    "/insights/breakdown?by=status&number=mrr",
    "/changes",
    "/segments",
];

async fn shown(visitor: &Visitor<'_>, path: &str) -> String {
    read(&visitor.get(path).await.expect_page(200)).replace("&#39;", "'")
}

#[tokio::test]
async fn a_german_account_sees_german_numbers_everywhere() {
    let server = world().await;
    let admin = server.visitor(Role::Admin).await;
    for path in PAGES {
        let page = shown(&admin, path).await;
        assert!(!page.contains("EUR"), "{path} of an account without a currency: {page}");
    }
    let english_home = shown(&admin, "/home").await;
    assert!(english_home.contains("1,500"), "{english_home}");
    let to = admin.post("/settings/formats", "numbers=point-comma&dates=iso&currency=eur").await;
    assert_eq!(to.header("location"), "/settings?saved=formats");
    for path in PAGES {
        let page = shown(&admin, path).await;
        assert_eq!(english(&page), [] as [&str; 0], "{path}: {page}");
    }
    for (path, said) in [
        // 1,000 people pay 1,234.50 and their number.
        ("/home", ["1.500", "1.984.500", "EUR"]),
        ("/customers", ["1.984.500", "1.984,50", "66,7% of 1.500"]),
        ("/customers?columns=mrr,seats&filter=params.mrr+%3D+2733.5", ["2733,5", "13.844", "EUR"]),
        ("/insights/revenue", ["1.984.500", "EUR", "1.000 people: 1.984.500"]),
        ("/insights/breakdown?by=status&number=mrr", ["1.984.500", "EUR", "66,7%"]),
        ("/insights/breakdown?by=status&number=seats", ["13.095.000", "1.000 people", "66,7%"]),
    ] {
        let page = shown(&admin, path).await;
        for said in said {
            assert!(page.contains(said), "no {said:?} on {path}: {page}");
        }
    }
    let seats = shown(&admin, "/insights/breakdown?by=status&number=seats").await;
    assert!(!seats.contains("EUR"), "seats are no money: {seats}");
    admin.post("/settings/formats", "numbers=point-comma&dates=day-first&currency=").await;
    let dated = shown(&admin, "/customers?columns=first_seen&filter=params.mrr+%3D+2733.5").await;
    assert!(dated.contains("06.03.2026") && dated.contains("06.03.2026, 00:30:00 Europe/Berlin"), "{dated}");
}

#[tokio::test]
async fn files_and_the_api_know_nothing_of_formats() {
    let server = world().await;
    let admin = server.visitor(Role::Admin).await;
    let files = ["/customers/export.csv", "/insights/revenue.csv", "/insights/breakdown.csv?by=seats"];
    let mut before = Vec::new();
    for path in files {
        before.push(admin.get(path).await.expect_page(200));
    }
    admin.post("/settings/formats", "numbers=point-comma&dates=iso&currency=EUR").await;
    for (path, before) in files.iter().zip(before) {
        assert_eq!(admin.get(path).await.expect_page(200), before, "{path}");
    }
}

#[tokio::test]
async fn the_form_shows_what_is_so_and_refuses_what_is_not() {
    let server = TestServer::start().await;
    let (viewer, admin) = (server.visitor(Role::Viewer).await, server.visitor(Role::Admin).await);
    let form = "numbers=space-comma&dates=iso&currency=chf";
    assert_eq!(viewer.post("/settings/formats", form).await.status, 403);
    assert_eq!(admin.post("/settings/formats", form).await.status, 303);
    let page = admin.get("/settings?saved=formats").await.expect_page(200);
    for said in
        ["value=\"space-comma\" selected", "value=\"iso\" selected", "value=\"CHF\"", "like this from now"]
    {
        assert!(page.contains(said), "no {said}: {page}");
    }
    let seen = viewer.get("/settings").await.expect_page(200);
    assert!(seen.contains("1\u{202f}234,56") && seen.contains("CHF"), "{seen}");
    for (form, said) in [
        ("numbers=roman&dates=iso&currency=", "no number format"),
        ("numbers=space-comma&dates=lunar&currency=", "no date format"),
        ("numbers=space-comma&dates=iso&currency=EUX", "no currency"),
        ("numbers=space-comma&dates=iso&currency=EURO", "no currency"),
    ] {
        let answer = admin.post("/settings/formats", form).await;
        assert!(answer.status == 422 && answer.text().contains(said), "{form}: {}", answer.text());
    }
    // What was refused is still in the form, and so is what was chosen beside it.
    let form = "numbers=comma-point&dates=month-first&currency=EURO";
    let again = admin.post("/settings/formats", form).await.expect_page(422);
    for kept in ["value=\"comma-point\" selected", "value=\"month-first\" selected", "value=\"EURO\""] {
        assert!(again.contains(kept), "no {kept}: {again}");
    }
    assert!(!again.contains("maxlength=\"3\"") && again.contains("id=\"wrong-formats\""), "{again}");
    admin.post("/settings/formats", "numbers=space-comma&dates=iso&currency=").await;
    assert!(!viewer.get("/settings").await.text().contains("CHF"));
}
