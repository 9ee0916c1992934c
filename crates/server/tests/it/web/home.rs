//! Home: its numbers are those of the API, and each leads to its people.

use serde_json::{Value, json};
use server::model::Role;
use tokio_postgres::Client;

use crate::support::{server::TestServer, visitor::Visitor};

/// People in three products, one of which is a test; two currencies; somebody in two products.
async fn world() -> TestServer {
    let server = TestServer::start().await;
    let (_, news) = server.project("news").await;
    let (_, sandbox) = server.test_project("sandbox").await;
    let app = server.keys.secret.clone();
    for (key, email, status, params) in [
        (&app, "ada", "paid", json!({ "mrr": 29, "currency": "EUR" })),
        (&app, "bob", "paid", json!({ "mrr": 40.5, "currency": "EUR" })),
        (&app, "cyd", "paid", json!({ "mrr": 5, "currency": "USD" })),
        (&app, "dan", "trial", json!({ "mrr": 99, "currency": "EUR" })),
        (&app, "eve", "churned", json!({})),
        (&news, "ada", "paid", json!({ "mrr": 19.75, "currency": "EUR" })),
        (&news, "fay", "free", json!({})),
        (&sandbox, "gil", "paid", json!({ "mrr": 7, "currency": "EUR" })),
    ] {
        let body = json!({ "email": format!("{email}@x.com"), "status": status, "params": params });
        server.call(key, "POST", "/v1/identify", body.to_string()).await.expect(200);
    }
    server.index_remembers().await;
    server
}

async fn page(visitor: &Visitor<'_>, path: &str) -> String {
    let page = visitor.get(path).await.expect_page(200);
    page.replace("&#34;", "\"").replace("&#38;", "&").replace("&#39;", "'")
}

/// The links of a part of a page with what they say.
fn links(part: &str) -> Vec<(String, String)> {
    let link = |rest: &str| {
        let (address, rest) = rest.split_once('"')?;
        let text = rest.split_once('>')?.1.split_once("</a>")?.0;
        Some((address.to_owned(), text.trim().to_owned()))
    };
    part.split("<a href=\"").skip(1).filter_map(link).collect()
}

fn between<'p>(page: &'p str, from: &str, to: &str) -> &'p str {
    let (_, rest) = page.split_once(from).unwrap_or_else(|| panic!("no {from} in {page}"));
    rest.split_once(to).unwrap_or_else(|| panic!("no {to} after {from}")).0
}

/// The row of a product.
fn row<'p>(page: &'p str, name: &str) -> &'p str {
    let table = between(page, "<table class=\"products\">", "</table>");
    let row = table.split("<tr>").find(|row| row.contains(&format!("title=\"{name}\"")));
    row.unwrap_or_else(|| panic!("no {name} in {table}"))
}

async fn query(server: &TestServer, question: Value) -> Value {
    server.call(&server.keys.account, "POST", "/v1/query", question.to_string()).await.expect(200)
}

#[tokio::test]
async fn the_numbers_of_a_product_are_those_of_the_api_and_lead_to_their_people() {
    let server = world().await;
    let visitor = server.visitor(Role::Viewer).await;
    let home = page(&visitor, "/home").await;
    for (name, shown) in [("app", ["5", "3", "1", "1"]), ("news", ["2", "1", "0", "0"])] {
        let row = row(&home, name);
        let amounts: Vec<&str> = row.split("class=\"amount\">").skip(1).collect();
        for (place, (amount, expected)) in amounts.iter().zip(shown).enumerate() {
            let status = ["", "status = paid", "status = trial", "status = churned"][place];
            let ask = json!({ "filter": status, "project": name, "select": ["count"] });
            assert_eq!(query(&server, ask).await["count"].to_string(), expected, "{name} {status}");
            let text = amount.split("</span>").next().unwrap();
            match expected {
                "0" => assert_eq!(text.trim(), "0", "nobody to lead to"),
                _ => {
                    let (link, said) = links(text).swap_remove(0);
                    assert_eq!(said, expected, "{name} {status}");
                    let people = page(&visitor, &link).await;
                    assert!(
                        people.contains(&format!("<dd class=\"number\">{expected}</dd>")),
                        "{link}: {people}"
                    );
                }
            }
        }
        for currency in ["EUR", "USD"] {
            let filter = format!("status = paid and currency = {currency}");
            let ask = json!({ "filter": filter, "project": name, "select": ["count", "aggregates"],
                "aggregates": ["sum(params.mrr)"] });
            let answer = query(&server, ask).await;
            let has = row.contains(&format!("<small>{currency}</small>"));
            assert_eq!(has, answer["count"] != 0, "{name} {currency}");
            if has {
                let sum = answer["aggregates"][0]["value"].to_string();
                let cell = row.split("</small>").find(|cell| cell.ends_with(&format!("<small>{currency}")));
                let said = links(cell.unwrap()).pop().unwrap().1;
                assert_eq!(
                    said.parse::<f64>().unwrap(),
                    sum.parse::<f64>().unwrap(),
                    "{name} {currency}: {row}"
                );
            }
        }
    }
    assert!(!home.contains("title=\"sandbox\"><i"), "test projects are apart");
    let test = page(&visitor, "/home?test=1").await;
    assert!(row(&test, "sandbox").contains("<small>EUR</small>") && !test.contains("ada@x.com"), "{test}");
}

/// Ada pays in two products and is one of the people.
#[tokio::test]
async fn together_people_count_once_and_money_is_added_up_by_currency() {
    let server = world().await;
    let visitor = server.visitor(Role::Viewer).await;
    let home = page(&visitor, "/home").await;
    let strip = between(&home, "<dl class=\"metrics\"", "</dl>");
    let cards: Vec<&str> = strip.split("<dt>").skip(1).collect();
    let numbers: Vec<String> = cards
        .iter()
        .map(|card| between(card, "class=\"number\"", "</dd>").split_once('>').unwrap().1.to_owned())
        .collect();
    let shown = ["6", "3", "1", "1", "89.25 <small>EUR</small>", "5 <small>USD</small>"].map(str::to_owned);
    assert_eq!(numbers, shown, "{strip}");
    assert!(cards[4].contains("of 2 people who pay"), "{}", cards[4]);
    for (card, filter) in cards.iter().zip(["", "status = paid", "status = trial", "status = churned"]) {
        let count =
            query(&server, json!({ "filter": filter, "select": ["count"] })).await["count"].to_string();
        assert!(card.contains(&format!("class=\"number\">{count}</dd>")), "{filter}: {card}");
        // The last thirty days are those of a series.
        let ask = json!({ "filter": filter, "step": "day", "period": "today - 30d .. today" });
        let series =
            server.call(&server.keys.account, "POST", "/v1/series", ask.to_string()).await.expect(200);
        let points = series["points"].as_array().unwrap();
        let (first, last) = (&points[0]["count"], &points[points.len() - 1]["count"]);
        assert!(card.contains(&format!("in 30 days: from {first} to {last}")), "{filter}: {card}");
        assert_eq!(between(card, "points=\"", "\"").split(' ').count(), points.len());
    }
    for (link, said) in links(strip) {
        let people = page(&visitor, &link).await;
        assert!(people.contains("class=\"people\""), "{said}: {link}");
    }
}

#[tokio::test]
async fn who_is_worth_most_is_added_up_over_products() {
    let server = world().await;
    let visitor = server.visitor(Role::Viewer).await;
    let home = page(&visitor, "/home").await;
    let best: Vec<Vec<(String, String)>> = home
        .split("<table class=\"people best\">")
        .skip(1)
        .map(|table| {
            let rows = table.split("</table>").next().unwrap().split("<tr>").skip(1);
            let of = |row: &str| {
                let sum = between(row, "class=\"num\">", " <small>").to_owned();
                (between(row, "title=\"", "\"").to_owned(), sum)
            };
            rows.map(of).collect()
        })
        .collect();
    let told = |rows: &[(&str, &str)]| -> Vec<(String, String)> {
        rows.iter().map(|(who, sum)| (format!("{who}@x.com"), (*sum).to_owned())).collect()
    };
    assert_eq!(best, [told(&[("ada", "48.75"), ("bob", "40.50")]), told(&[("cyd", "5")])]);
    let (link, said) = links(between(&home, "<p class=\"several\">", "</p>")).swap_remove(0);
    assert_eq!(said, "1 person is");
    let people = page(&visitor, &link).await;
    assert!(people.contains("<dd class=\"number\">1</dd>") && people.contains("ada@x.com"), "{people}");
}

#[tokio::test]
async fn home_says_what_changed_today_and_where_it_leads() {
    let server = world().await;
    let visitor = server.visitor(Role::Viewer).await;
    let home = page(&visitor, "/home").await;
    let path = "/v1/changes?period=today%20..%20today&limit=200";
    let changes = server.call(&server.keys.account, "GET", path, "").await.expect(200);
    let all: u64 =
        changes["counts"].as_array().unwrap().iter().map(|count| count["count"].as_u64().unwrap()).sum();
    assert!(all > 7 && home.contains(&format!("href=\"/changes\">All {all}</a>")), "{all}: {home}");
    let table = between(&home, "<table class=\"people became\">", "</table>");
    let lines: Vec<&str> = table.split("<tr>").skip(2).collect();
    assert_eq!(lines.len(), 10.min(all as usize), "{table}");
    for (line, change) in lines.iter().zip(changes["changes"].as_array().unwrap()) {
        assert!(line.contains(change["email"].as_str().unwrap()), "{change}: {line}");
        assert!(line.contains(&format!("data-kind=\"{}\"", change["kind"].as_str().unwrap())), "{line}");
    }
    let left = page(&visitor, "/changes?kinds=churned&period=last%2030%20days").await;
    assert!(
        home.contains("href=\"/changes?kinds=churned&period=last%2030%20days\"")
            && left.contains("What changed")
    );
}

#[tokio::test]
async fn the_address_leads_home_once_there_is_somebody() {
    let server = TestServer::start().await;
    let visitor = server.visitor(Role::Owner).await;
    assert_eq!(visitor.get("/").await.header("location"), "/projects/app/start");
    let empty = page(&visitor, "/home").await;
    assert!(empty.contains("Nobody is here yet") && empty.contains("/projects/app/start"), "{empty}");
    let (_, sandbox) = server.test_project("sandbox").await;
    let body = json!({ "email": "a@x.com" }).to_string();
    server.call(&sandbox, "POST", "/v1/identify", body).await.expect(200);
    assert_eq!(visitor.get("/").await.header("location"), "/customers?test=1");
    assert!(page(&visitor, "/home").await.contains("href=\"/home?test=1\""));
    server.identify(json!({ "email": "a@x.com" })).await;
    assert_eq!(visitor.get("/").await.header("location"), "/home");
    assert!(page(&visitor, "/home").await.contains("Your products today"));
}

/// Without memory Postgres says the same of now, and the page says why it tells no more.
#[tokio::test]
async fn without_memory_the_numbers_are_told_and_no_history() {
    let server = TestServer::without_index().await;
    server.identify(json!({ "email": "a@x.com", "status": "paid", "params": { "mrr": 9 } })).await;
    let (_, other) = server.project("other").await;
    let body = json!({ "email": "a@x.com", "status": "paid", "params": { "mrr": 2 } }).to_string();
    server.call(&other, "POST", "/v1/identify", body).await.expect(200);
    // What fits in nothing is in memory for a moment, until somebody sees how large it is.
    while server.app.store.index_ready(server.account).await {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let home = page(&server.visitor(Role::Viewer).await, "/home").await;
    assert!(row(&home, "app").contains(">9</a>") && row(&home, "other").contains(">2</a>"), "{home}");
    assert!(home.contains("History is not in memory") && !home.contains("<polyline"), "{home}");
    assert!(home.contains("What changed is not told"), "{home}");
    assert!(between(&home, "<table class=\"people best\">", "</table>").contains(">11</td>"), "{home}");
}

/// Who has left a currency behind is still seen in its line.
#[tokio::test]
async fn a_product_that_lost_all_of_its_money_says_so() {
    let server = world().await;
    let (_, gone) = server.project("gone").await;
    for (at, status) in [("2026-01-05", "paid"), ("today", "churned")] {
        let at = if at == "today" { jiff::Timestamp::now().to_string() } else { at.to_owned() };
        let body = json!({ "email": "zoe@x.com", "status": status, "timestamp": at,
            "params": { "mrr": 12, "currency": "EUR" } });
        server.call(&gone, "POST", "/v1/identify", body.to_string()).await.expect(200);
    }
    server.index_remembers().await;
    let home = page(&server.visitor(Role::Viewer).await, "/home").await;
    let row = row(&home, "gone");
    assert!(row.contains("MRR in 30 days: −12 (100.0%)"), "{row}");
}

/// Who waits for the table of relationships.
const WAITING: &str =
    "select count(*) from pg_locks where relation = 'relationship'::regclass and not granted";

/// Lets whoever waits for a locked table in, and nobody who comes later: the lock is in the queue behind them. Says what they ask.
async fn let_one_in(server: &TestServer, locker: Client) -> (Client, String) {
    let next = server.db.client().await;
    until(&next, WAITING, 1).await;
    let asked = "select a.query from pg_stat_activity a join pg_locks l using (pid) \
                 where l.relation = 'relationship'::regclass and not l.granted";
    let asked = next.query_one(asked, &[]).await.unwrap().get(0);
    let watcher = server.db.client().await;
    let again = async {
        next.batch_execute("begin; lock table relationship").await.unwrap();
    };
    let letting = async {
        until(&watcher, WAITING, 2).await;
        locker.batch_execute("rollback").await.unwrap();
    };
    futures_util::future::join(again, letting).await;
    (next, asked)
}

async fn until(client: &Client, counted: &str, wanted: i64) {
    while client.query_one(counted, &[]).await.unwrap().get::<_, i64>(0) < wanted {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// What the time limit does, done at once to all but the first questions.
#[tokio::test]
async fn what_is_too_slow_is_said_in_its_place_and_everything_else_stands() {
    let server = TestServer::without_index().await;
    let params = json!({ "mrr": 9, "currency": "EUR" });
    server.identify(json!({ "email": "a@x.com", "status": "paid", "params": params })).await;
    while server.app.store.index_ready(server.account).await {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let visitor = server.visitor(Role::Viewer).await;
    let mut locker = server.db.client().await;
    locker.batch_execute("begin; lock table relationship").await.unwrap();
    let asking = page(&visitor, "/home");
    let stopping = async {
        // The frame counts the customers of projects; then comes which paths there are, the currencies, and everybody.
        let mut questions = 0;
        while questions < 3 {
            let asked;
            (locker, asked) = let_one_in(&server, locker).await;
            questions += usize::from(!asked.contains("group by project_id"));
        }
        let canceller = server.db.client().await;
        let sql = "select count(pg_cancel_backend(pid)) from pg_locks \
                   where relation = 'relationship'::regclass and not granted";
        loop {
            canceller.query_one(sql, &[]).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let home = tokio::select! {
        home = asking => home,
        () = stopping => unreachable!("it stops others for ever"),
    };
    let strip = between(&home, "<dl class=\"metrics\"", "</dl>");
    let numbers: Vec<&str> =
        strip.split("<dd class=\"number\"").skip(1).filter_map(|rest| rest.split('>').nth(1)).collect();
    let numbers: Vec<&str> =
        numbers.iter().filter_map(|rest| rest.split('<').next()).map(str::trim).collect();
    assert_eq!(numbers, ["1", "–", "–", "–", "–"], "{strip}");
    assert_eq!(strip.matches(">too slow now<").count(), 4, "{strip}");
    let row = row(&home, "app");
    assert!(row.contains("MRR: too slow now") && !row.contains("Customers: too slow"), "{row}");
    assert!(home.contains("Too slow now: somebody may be missing here."), "{home}");
}
