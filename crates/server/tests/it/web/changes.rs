//! What changed, as a page: the list and the counts of the API, its pages, its file, and what is wrong with a question.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use server::model::Role;

use crate::support::{server::TestServer, visitor::Visitor};

async fn world() -> TestServer {
    let server = TestServer::start().await;
    let (_, news) = server.project("news").await;
    let app = server.keys.secret.clone();
    for (key, email, at, status, mrr) in [
        (&app, "ada", "2026-03-02", "trial", 0),
        (&app, "ada", "2026-03-05", "paid", 20),
        (&app, "ada", "2026-03-09", "paid", 30),
        (&app, "bob", "2026-03-03", "paid", 10),
        (&app, "bob", "2026-03-08", "churned", 10),
        (&app, "bob", "2026-03-12", "paid", 10),
        (&news, "<cyd>", "2026-03-04", "free", 0),
        (&news, "dan", "2026-03-06", "paid", 40),
        (&news, "dan", "2026-03-11", "paid", 25),
    ] {
        let email = format!("{}@x.com", email.trim_matches(['<', '>']));
        let body = json!({ "email": email, "name": "<b>N</b>", "status": status, "timestamp": at,
            "params": { "mrr": mrr } });
        server.call(key, "POST", "/v1/identify", body.to_string()).await.expect(200);
    }
    server.index_remembers().await;
    server
}

const MARCH: (&str, &str) = ("period", "2026-03-01 .. 2026-03-31");

fn address(path: &str, words: &[(&str, &str)]) -> String {
    let word =
        |(name, text): &(&str, &str)| format!("{name}={}", utf8_percent_encode(text, NON_ALPHANUMERIC));
    format!("{path}?{}", words.iter().map(word).collect::<Vec<_>>().join("&"))
}

async fn told(server: &TestServer, words: &[(&str, &str)]) -> Value {
    server.call(&server.keys.account, "GET", &address("/v1/changes", words), "").await.expect(200)
}

async fn page(visitor: &Visitor<'_>, words: &[(&str, &str)]) -> String {
    visitor.get(&address("/changes", words)).await.expect_page(200).replace("&#38;", "&")
}

/// The kinds and the people of the list, newest first.
fn lines(page: &str) -> Vec<(String, String)> {
    let part = |row: &str, from: &str| row.split(from).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let rows = page.split("<td class=\"kind\">").skip(1);
    rows.map(|row| (part(row, "data-kind=\""), part(row, "title=\""))).collect()
}

fn of_api(answer: &Value) -> Vec<(String, String)> {
    let text = |change: &Value, name: &str| change[name].as_str().unwrap().to_owned();
    let changes = answer["changes"].as_array().unwrap();
    changes.iter().map(|change| (text(change, "kind"), text(change, "email"))).collect()
}

#[tokio::test]
async fn the_list_and_the_counts_are_those_of_the_api() {
    let server = world().await;
    let visitor = server.visitor(Role::Viewer).await;
    for words in [
        vec![MARCH],
        vec![MARCH, ("project", "news")],
        vec![MARCH, ("kinds", "new")],
        vec![MARCH, ("filter", "email starts with \"b\""), ("kinds", "churned,back")],
        vec![("period", "2026-03-05 .. 2026-03-05")],
    ] {
        let answer = told(&server, &words).await;
        let page = page(&visitor, &words).await;
        assert_eq!(lines(&page), of_api(&answer), "{words:?}");
        let every: Vec<(&str, &str)> = words.iter().filter(|(name, _)| *name != "kinds").copied().collect();
        let counts = told(&server, &every).await["counts"].clone();
        let kinds = page.split("aria-label=\"Kinds\">").nth(1).unwrap().split("</nav>").next().unwrap();
        let shown: Vec<u64> = kinds
            .split("<strong>")
            .skip(1)
            .map(|rest| rest.split('<').next().unwrap().parse().unwrap())
            .collect();
        let counts: Vec<u64> =
            counts.as_array().unwrap().iter().map(|c| c["count"].as_u64().unwrap()).collect();
        assert_eq!(shown[1..], counts, "{words:?}");
        assert_eq!(shown[0], counts.iter().sum::<u64>());
    }
    let churned = page(&visitor, &[MARCH, ("kinds", "churned")]).await;
    let people = churned.split("&filter=").nth(1).or(churned.split("?filter=").nth(1)).unwrap();
    let people = people.split('"').next().unwrap();
    let customers = visitor.get(&format!("/customers?filter={people}")).await.expect_page(200);
    assert!(customers.contains("bob@x.com") && !customers.contains("ada@x.com"), "{people}");
    let all = page(&visitor, &[MARCH]).await;
    assert!(all.contains("&#60;b&#62;N&#60;/b&#62;") && !all.contains("<b>N"), "names are text: {all}");
    let back = all.split("data-kind=\"back\"").nth(1).unwrap();
    let (before, after) = (back.find("data-status=\"churned\""), back.find("data-status=\"paid\""));
    assert!(before < after && before.is_some(), "{back}");
}

#[tokio::test]
async fn pages_follow_each_other_and_the_file_has_all() {
    let server = TestServer::start().await;
    let people: Vec<Value> = (0..70)
        .map(|n| {
            json!({ "type": "identify", "email": format!("p{n:02}@x.com"), "name": "=1+1",
            "timestamp": format!("2026-03-{:02}T10:00:{:02}Z", 1 + n % 28, n % 60) })
        })
        .collect();
    server.batch(Value::Array(people)).await;
    server.index_remembers().await;
    let visitor = server.visitor(Role::Viewer).await;
    let all = of_api(&told(&server, &[MARCH, ("limit", "200")]).await);
    let first = page(&visitor, &[MARCH]).await;
    let next = first.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let second = visitor.get(next).await.expect_page(200);
    assert_eq!([lines(&first), lines(&second)].concat(), all);
    assert!(second.contains("First page") && !second.contains("rel=\"next\""));
    let file = visitor.get(&address("/changes.csv", &[MARCH])).await;
    assert!(file.header("content-disposition").contains("changes.csv"));
    let text = file.text();
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows[0].trim_start_matches('\u{feff}'), "kind,at,project,email,name,before,after");
    let listed: Vec<(String, String)> = rows[1..]
        .iter()
        .map(|row| row.split(',').collect::<Vec<_>>())
        .map(|cells| (cells[0].to_owned(), cells[3].to_owned()))
        .collect();
    assert_eq!(listed, all);
    assert!(rows[1].contains(",'=1+1,"), "no formula: {}", rows[1]);
}

#[tokio::test]
async fn the_days_of_the_form_are_a_period_and_what_is_wrong_is_said() {
    let server = world().await;
    let visitor = server.visitor(Role::Viewer).await;
    let dated = visitor.get("/changes?project=app&from=2026-03-01&to=2026-03-08&period=last+7+days").await;
    assert_eq!(dated.status, 303);
    let place = dated.header("location").to_owned();
    let words = [("project", "app"), ("period", "2026-03-01 .. 2026-03-08")];
    assert_eq!(lines(&visitor.get(&place).await.expect_page(200)), of_api(&told(&server, &words).await));
    for (words, said) in [
        (vec![("period", "soon")], "period"),
        (vec![("kinds", "upgrade")], "is no kind of change"),
        (vec![("filter", "mrr over 20")], "is not an operator"),
    ] {
        let page = page(&visitor, &words).await;
        assert!(page.contains(said) && page.contains("role=\"alert\""), "{words:?}: {page}");
        assert!(page.contains("Nothing is told until"), "{words:?}");
    }
    let today = page(&visitor, &[]).await;
    assert!(today.contains("Nothing changed today."), "{today}");
    assert!(today.contains("Show the last 7 days") && today.contains("?period=last%207%20days"), "{today}");
}
