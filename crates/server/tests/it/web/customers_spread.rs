//! The numbers and dates of the rail, and the small forms: each bar and each range leads to as many as it says.

use serde_json::json;
use server::model::Role;

use crate::support::{server::TestServer, visitor::Visitor};

/// Forty people with numbers, days and flags, and two with neither.
async fn people() -> TestServer {
    let server = TestServer::start().await;
    for n in 0..40 {
        let day = format!("2026-{:02}-{:02}", 1 + n % 9, 1 + n % 28);
        let params = json!({ "mrr": f64::from(n * n) / 4.0, "ends": day, "beta": true, "seats": n % 8,
            "company": { "size": n, "city": "Bonn" }, "plan": if n % 2 == 0 { "pro" } else { "free" } });
        server.identify(json!({ "email": format!("p{n}@x.com"), "params": params })).await;
    }
    for name in ["a", "b"] {
        server
            .identify(
                json!({ "email": format!("{name}@x.com"), "params": { "plan": "none", "mrr": "much" } }),
            )
            .await;
    }
    server.index_ready().await;
    server
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn plain(html: &str) -> String {
    [("&#34;", "\""), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&"), ("&#39;", "'")]
        .iter()
        .fold(html.to_owned(), |text, (code, sign)| text.replace(code, sign))
}

/// The facet of a key, as a page has it.
async fn facet(visitor: &Visitor<'_>, address: &str, key: &str) -> String {
    let page = plain(&visitor.get(address).await.text());
    let (_, rail) = page.split_once("class=\"rail\"").expect("a rail");
    let found = rail.split("class=\"facet\"").find(|facet| facet.contains(&format!("<code>{key}</code>")));
    found.unwrap_or_else(|| panic!("no {key} in {rail}")).to_owned()
}

/// The bars of a facet: the filter of each, and how many it says.
fn bars(facet: &str) -> Vec<(String, u64)> {
    let (_, svg) = facet.split_once("<svg class=\"histogram\"").expect("bars");
    let (svg, _) = svg.split_once("</svg>").unwrap();
    let bar = |link: &str| {
        let (address, rest) = link.split_once('"').unwrap();
        let filter = address.split_once("filter=").unwrap().1;
        let filter = percent_encoding::percent_decode_str(filter).decode_utf8().unwrap().into_owned();
        let told = rest.split_once("aria-label=\"").unwrap().1.split_once('"').unwrap().0;
        let count = told.rsplit_once(": ").unwrap().1.split(' ').next().unwrap();
        (filter, count.replace(',', "").parse().unwrap())
    };
    svg.split("<a href=\"").skip(1).map(bar).collect()
}

async fn count(server: &TestServer, filter: &str, engine: &str) -> u64 {
    let body = json!({ "filter": filter, "select": ["count"], "engine": engine });
    let answer = server.post("/v1/query", body).await;
    answer.expect(200)["count"].as_u64().unwrap()
}

#[tokio::test]
async fn bars_say_how_many_their_links_find() {
    let server = people().await;
    let visitor = server.visitor(Role::Viewer).await;
    for (filter, key, all) in [
        ("", "mrr", 40),
        ("plan = pro", "mrr", 20),
        ("mrr >= 100 and mrr < 200", "mrr", 40),
        ("", "ends", 40),
        ("plan = pro and ends in 2026-02-01 .. 2026-03-31", "ends", 20),
        ("", "seats", 40),
    ] {
        let facet = facet(&visitor, &format!("/customers?filter={}", encoded(filter)), key).await;
        let bars = bars(&facet);
        assert!((5..=40).contains(&bars.len()), "{filter}: {} bars of {key}", bars.len());
        assert_eq!(
            bars.iter().map(|(_, count)| count).sum::<u64>(),
            all,
            "{filter}: all of {key} are in a bar"
        );
        for (link, told) in &bars {
            for engine in ["index", "sql"] {
                assert_eq!(count(&server, link, engine).await, *told, "{engine}: {link}");
            }
        }
        let is_marked = facet.contains("aria-current=\"true\"><title>");
        assert_eq!(is_marked, filter.contains(key), "{filter}: the range is marked");
    }
}

#[tokio::test]
async fn times_of_everybody_have_bars_and_ready_ranges() {
    let server = people().await;
    let visitor = server.visitor(Role::Viewer).await;
    let seen = json!({ "type": "identify", "email": "old@x.com", "first_seen": "2026-01-05T00:00:00Z" });
    server.batch(json!([seen])).await;
    let facet = facet(&visitor, "/customers?filter=plan+exists+or+not+plan+exists", "first_seen").await;
    for condition in ["in last 7 days", "in last 30 days", "in this month", "< today - 30d"] {
        let read = percent_encoding::percent_decode_str(&facet).decode_utf8_lossy();
        assert!(read.contains(&format!("first_seen {condition}\"")), "{condition}: {facet}");
    }
    for (link, told) in bars(&facet) {
        assert_eq!(count(&server, &link, "index").await, told, "{link}");
    }
}

#[tokio::test]
async fn a_form_leads_to_the_page_of_its_filter() {
    let server = people().await;
    let visitor = server.visitor(Role::Viewer).await;
    for (query, filter) in [
        ("filter=plan+%3D+pro&place=0&operator=!%3D&value=free", "params.plan%20!=%20%22free%22"),
        ("filter=plan+%3D+pro&place=7&operator=%3D&value=x", "plan%20=%20pro"),
        ("field=params.mrr&from=10&to=20", "params.mrr%20%3E=%2010%20and%20params.mrr%20%3C=%2020"),
        ("field=params.mrr&from=10&to=20&drawn=1", "params.mrr%20%3E=%2010%20and%20params.mrr%20%3C%2020"),
        (
            "field=params.ends&from=2026-01-01&to=2026-02-01",
            "params.ends%20in%202026-01-01%20..%202026-02-01",
        ),
    ] {
        let answer = visitor.get(&format!("/customers/narrow?{query}")).await;
        assert_eq!(answer.status, 303, "{query}");
        assert_eq!(answer.headers["location"], format!("/customers?filter={filter}"), "{query}");
    }
    for (from, to) in [("x%22+or+%22", ""), ("29,90", "50"), ("2026-02-30", "2026-03-01")] {
        let answer = visitor.get(&format!("/customers/narrow?field=params.mrr&from={from}&to={to}")).await;
        assert!(answer.expect_page(422).contains("No range of params.mrr goes from"), "{from}, {to}");
    }
}

#[tokio::test]
async fn flags_say_yes_no_and_none_and_objects_unfold() {
    let server = people().await;
    let visitor = server.visitor(Role::Viewer).await;
    let beta = facet(&visitor, "/customers", "beta").await;
    let places = ["v-boolean\">true<", "v-boolean\">false<", "(none)"].map(|row| beta.find(row).expect(row));
    assert!(places.is_sorted(), "{beta}");
    assert!(beta.contains("title=\"0 of 42, 0.0%\""), "no is told though nobody says it: {beta}");
    let page = visitor.get("/customers").await.text();
    let (_, company) = page.split_once("class=\"facet object\"").expect("an object");
    assert!(company.contains("<code>company.size</code>") && company.contains("<code>company.city</code>"));
}

#[tokio::test]
async fn keys_are_found_by_a_part_of_their_name() {
    let server = TestServer::start().await;
    let wide: serde_json::Map<_, _> = (0..90).map(|n| (format!("key{n}"), json!(n))).collect();
    for n in 0..6 {
        server.identify(json!({ "email": format!("p{n}@x.com"), "params": wide })).await;
    }
    server.identify(json!({ "email": "z@x.com", "params": { "zzz_rare": "x" } })).await;
    server.index_ready().await;
    let visitor = server.visitor(Role::Viewer).await;
    assert!(!visitor.get("/customers").await.text().contains("<code>zzz_rare</code></summary>"));
    let rare = facet(&visitor, "/customers?rail_q=ZZZ", "zzz_rare").await;
    assert!(rare.contains("rail_q=ZZZ"), "links keep it: {rare}");
    let page = visitor.get("/customers?rail_q=ZZZ").await.text();
    assert_eq!(page.matches("class=\"facet\"").count(), 1, "and nothing else is shown");
    let nothing = visitor.get("/customers?rail_q=%3Cb%3E").await.text();
    assert!(nothing.contains("No key has") && !nothing.contains("“<b>"), "{nothing}");
}

#[tokio::test]
async fn the_database_draws_the_same() {
    let server = TestServer::without_index().await;
    for n in 0..10 {
        server.identify(json!({ "email": format!("p{n}@x.com"), "params": { "mrr": n * 10 } })).await;
    }
    let visitor = server.visitor(Role::Viewer).await;
    let facet = facet(&visitor, "/customers/rail?filter=params.mrr+%3E+20", "mrr").await;
    let bars = bars(&facet);
    assert_eq!((bars.len(), bars.iter().map(|(_, count)| count).sum::<u64>()), (19, 10), "{facet}");
    for (link, told) in &bars {
        assert_eq!(count(&server, link, "sql").await, *told, "{link}");
    }
}

/// Of dates that lie ahead the ranges that come are offered, of others those that were last.
#[tokio::test]
async fn dates_that_lie_ahead_are_offered_by_what_comes() {
    let server = TestServer::start().await;
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    for n in 0..40_i64 {
        let day = |days: i64| today.saturating_add(jiff::Span::new().days(days)).to_string();
        let params = json!({ "trial_ends": day(n - 10), "began": day(n - 80) });
        server.identify(json!({ "email": format!("p{n}@x.com"), "params": params })).await;
    }
    server.index_ready().await;
    let visitor = server.visitor(Role::Viewer).await;
    let ahead = facet(&visitor, "/customers", "trial_ends").await;
    for (name, is_offered) in
        [("next 7 days", true), ("next 30 days", true), ("over", true), ("last 7 days", false)]
    {
        assert_eq!(ahead.contains(&format!(">{name}<")), is_offered, "{name}: {ahead}");
    }
    let past = facet(&visitor, "/customers", "began").await;
    assert!(past.contains(">last 7 days<") && !past.contains(">next 7 days<"), "{past}");
}
