//! The pages of insights: their numbers are the API's, and each links to as many people as it says.

mod breakdown;
mod lift;
mod overlap;
mod past;
mod referrals;

use percent_encoding::percent_decode_str;
use rand::{SeedableRng, rngs::StdRng};
use serde_json::json;
use server::{model::Role, store::project};

use crate::{series::world, support::server::TestServer};

/// A link of a page to customers: their filter, their project, their day, and the text and the title of the link.
#[derive(Debug)]
struct Link {
    filter: String,
    project: Option<String>,
    as_of: Option<String>,
    text: String,
    title: String,
}

/// The links of a page to customers, but for those of the frame.
fn links(page: &str) -> Vec<Link> {
    let view = page.split(" id=\"view\"").nth(1).unwrap();
    let mut links = Vec::new();
    for part in view.split("<a ").skip(1) {
        let (tag, rest) = part.split_once('>').unwrap();
        let Some(href) = attribute(tag, "href").filter(|href| href.starts_with("/customers?")) else {
            continue;
        };
        let word = |name: &str| {
            let mut pairs = href.trim_start_matches("/customers?").split('&');
            let text = pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
            Some(percent_decode_str(text).decode_utf8().unwrap().into_owned())
        };
        let text = rest.split("</a>").next().unwrap();
        let text = text.rsplit('>').next().unwrap_or_default();
        let title = attribute(tag, "title").or(attribute(tag, "aria-label")).unwrap_or_default();
        let filter = word("filter").unwrap_or_default();
        links.push(Link {
            filter,
            project: word("project"),
            as_of: word("as_of"),
            text: text.to_owned(),
            title,
        });
    }
    links
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let text = tag.split(&format!("{name}=\"")).nth(1)?.split('"').next()?;
    Some(text.replace("&#38;", "&"))
}

/// Of how many a link speaks: `12 of 40` or `3 people` in its title, else the number that it is.
fn said(link: &Link) -> Option<u64> {
    let words: Vec<&str> = link.title.split(' ').collect();
    let is_number = |pair: &&[&str]| {
        let counted = ["of", "person", "people"].contains(&pair[1].trim_end_matches([':', ',']));
        counted && pair[0].starts_with(|letter: char| letter.is_ascii_digit())
    };
    let number = words.windows(2).find(is_number).map_or(link.text.as_str(), |pair| pair[0]);
    number.trim_matches(['(', ')']).split(' ').next()?.replace(',', "").parse().ok()
}

/// Every link of a page finds as many relationships as it says. Returns how many there are.
async fn walk(server: &TestServer, page: &str) -> usize {
    walk_of(server, page, "relationships").await
}

/// Every link of a page finds as many as it says. Returns how many there are.
async fn walk_of(server: &TestServer, page: &str, what: &str) -> usize {
    let links = links(page);
    for link in &links {
        let mut ask = json!({ "filter": link.filter, "project": link.project, "select": ["count"] });
        if let Some(day) = &link.as_of {
            ask["as_of"] = json!(day);
        }
        let found = server.call(&server.keys.account, "POST", "/v1/query", ask.to_string()).await.expect(200);
        assert_eq!(found[what].as_u64(), said(link), "{link:?}");
    }
    links.len()
}

/// A share as pages write it.
fn percent(share: f64) -> String {
    match format!("{:.1}%", share * 100.0).as_str() {
        "0.0%" if share == 0.0 => "0%".to_owned(),
        "100.0%" if share == 1.0 => "100%".to_owned(),
        text => text.to_owned(),
    }
}

/// A world whose activity is known since the new year.
async fn seen_world() -> TestServer {
    let server = world(&mut StdRng::seed_from_u64(20_261_127)).await;
    let since = "2026-01-01T12:00:00Z".parse().unwrap();
    for project in project::list(&server.app.store, server.account).await.unwrap() {
        project::set_activity_since(&server.app.store, server.account, project.id, since).await.unwrap();
    }
    server
}

#[tokio::test]
async fn every_cell_of_retention_is_the_api_s_and_leads_to_its_people() {
    let server = seen_world().await;
    let visitor = server.visitor(Role::Viewer).await;
    for (ask, address) in [
        (
            json!({ "unit": "month", "cohorts": "2026-02-01 .. 2026-06-30", "periods": 4, "retained": "seen" }),
            "unit=month&cohorts=2026-02-01+..+2026-06-30&periods=4&retained=seen&filter=&by=",
        ),
        (
            json!({ "cohorts": "2026-03-02 .. 2026-04-26", "periods": 3, "retained": "status = paid", "by": "plan", "filter": "mrr exists" }),
            "cohorts=2026-03-02+..+2026-04-26&periods=3&retained=status+%3D+paid&by=plan&filter=mrr+exists",
        ),
    ] {
        let page = visitor.get(&format!("/insights/retention?{address}")).await.expect_page(200);
        assert!(walk(&server, &page).await > 20, "{page}");
        let answer =
            server.call(&server.keys.account, "POST", "/v1/insights/retention", ask.to_string()).await;
        let answer = answer.expect(200);
        let links = links(&page);
        let mut told = 0;
        for period in answer["groups"][0]["cohorts"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|cohort| cohort["periods"].as_array().unwrap())
        {
            let cell = &period["retained"];
            let text = match (period["state"].as_str().unwrap(), cell["rate"].as_f64()) {
                ("over", Some(rate)) => percent(rate),
                ("over", None) => "–".to_owned(),
                _ => continue,
            };
            let filter = cell["filter"].as_str().unwrap();
            assert!(links.iter().any(|link| link.filter == filter && link.text == text), "{text}: {filter}");
            told += 1;
        }
        assert!(told > 10, "{told}");
        // The file has all of it, the totals' parts too.
        let file = visitor.get(&format!("/insights/retention.csv?{address}")).await;
        assert!(file.header("content-type").starts_with("text/csv"));
        let cells: usize = answer["groups"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|group| group["cohorts"].as_array().unwrap())
            .map(|cohort| cohort["periods"].as_array().unwrap().len())
            .sum();
        assert_eq!(file.expect_page(200).lines().count(), cells + 1);
    }
}

#[tokio::test]
async fn every_sum_of_revenue_is_the_api_s_and_leads_to_its_people() {
    let server = seen_world().await;
    let visitor = server.visitor(Role::Viewer).await;
    for (ask, address) in [
        (json!({ "period": "2026-02-01 .. 2026-06-30" }), "period=2026-02-01+..+2026-06-30&by=&path="),
        (
            json!({ "period": "2026-03-02 .. 2026-04-12", "unit": "week", "by": "plan", "then": true, "while": "plan exists" }),
            "period=2026-03-02+..+2026-04-12&unit=week&by=plan&then=true&while=plan+exists",
        ),
    ] {
        let page = visitor.get(&format!("/insights/revenue?{address}")).await.expect_page(200);
        assert!(walk(&server, &page).await > 40, "{page}");
        let answer =
            server.call(&server.keys.account, "POST", "/v1/insights/movements", ask.to_string()).await;
        let answer = answer.expect(200);
        let links = links(&page);
        let mut told = 0;
        for currency in answer["currencies"].as_array().unwrap() {
            for step in currency["groups"][0]["steps"].as_array().unwrap() {
                let pieces =
                    ["opening", "new", "expansion", "reactivated", "contraction", "churned", "closing"];
                for amount in pieces.map(|piece| &step[piece]) {
                    let (filter, end) = (amount["filter"].as_str().unwrap(), format!(": {}", amount["sum"]));
                    let is_told = |link: &Link| link.filter == filter && link.title.ends_with(&end);
                    assert!(links.iter().any(is_told), "{amount}");
                    told += 1;
                }
            }
        }
        assert!(told > 30, "{told}");
        let file = visitor.get(&format!("/insights/revenue.csv?{address}")).await.expect_page(200);
        assert!(file.lines().count() > told, "{file}");
    }
}

#[tokio::test]
async fn every_number_of_conversion_is_the_api_s_and_leads_to_its_people() {
    let server = seen_world().await;
    let visitor = server.visitor(Role::Viewer).await;
    for (ask, address) in [
        (json!({ "days": 30 }), "days=30&from=&to=&within="),
        (
            json!({ "from": "plan exists", "to": "mrr > 10", "within": [5, 20], "by": "plan" }),
            "from=plan+exists&to=mrr+%3E+10&within=5,20&by=plan",
        ),
    ] {
        let page = visitor.get(&format!("/insights/conversion?{address}")).await.expect_page(200);
        assert!(walk(&server, &page).await > 10, "{page}");
        let answer =
            server.call(&server.keys.account, "POST", "/v1/insights/conversion", ask.to_string()).await;
        let answer = answer.expect(200);
        // Filters name the instant of the question, so they are told by what surrounds them.
        let texts: Vec<String> = links(&page).into_iter().map(|link| link.text).collect();
        for group in answer["groups"].as_array().unwrap() {
            for window in group["within"].as_array().unwrap() {
                let text = window["over"]["rate"].as_f64().map_or_else(|| "–".to_owned(), percent);
                assert!(texts.contains(&text), "{window}");
            }
        }
        let curve = answer["groups"][0]["curve"].as_array().unwrap();
        for point in curve {
            let text = format!("<td>{}</td>", percent(point["share"].as_f64().unwrap()));
            assert!(page.contains(&text), "{point}");
        }
        let file = visitor.get(&format!("/insights/conversion.csv?{address}")).await.expect_page(200);
        assert!(file.lines().count() > curve.len(), "{file}");
    }
}

#[tokio::test]
async fn who_is_about_to_end_a_trial_is_a_click_away() {
    let server = TestServer::start().await;
    let soon = server::model::now() + jiff::SignedDuration::from_hours(72);
    let params = json!({ "trial_ends": soon.to_string() });
    for (email, status) in [("ada@x.com", "trial"), ("bob@x.com", "trial"), ("cleo@x.com", "paid")] {
        server.identify(json!({ "email": email, "status": status, "params": params })).await;
    }
    server.index_remembers().await;
    let visitor = server.visitor(Role::Viewer).await;
    let page = visitor.get("/insights/conversion").await.expect_page(200);
    let link = links(&page).into_iter().find(|link| link.text == "2 trials end").unwrap();
    assert_eq!(link.filter, "status = \"trial\" and params.trial_ends in next 7 days");
    let page = visitor.get("/insights/conversion?filter=ada+or+cleo").await.expect_page(200);
    let link = links(&page).into_iter().find(|link| link.text == "1 trial ends").unwrap();
    let both = r#"(search "ada" or search "cleo") and status = "trial" and params.trial_ends in next 7 days"#;
    assert_eq!(link.filter, both);
}

#[tokio::test]
async fn what_is_wrong_with_a_question_stands_under_it() {
    let server = TestServer::start().await;
    server
        .identify(json!({ "email": "ada@x.com", "status": "paid", "params": { "plan": "pro", "mrr": 9 } }))
        .await;
    server.index_remembers().await;
    let visitor = server.visitor(Role::Viewer).await;
    for path in PATHS {
        let page = visitor.get(&format!("{path}?filter=mrr+over+20")).await.expect_page(200);
        assert!(page.contains("over</code> is not an operator"), "{path}: {page}");
        assert!(
            page.contains(&format!("{path}?filter=mrr%20%3E%2020")),
            "{path}: the fix leads back: {page}"
        );
        let page = visitor.get(&format!("{path}?nonsense=1")).await.expect_page(200);
        assert!(page.contains("<code>nonsense</code>: unknown field"), "{path}: {page}");
        let page = visitor.get(&format!("{path}?as_of=30+days+ago")).await.expect_page(200);
        assert!(page.contains("<code>as_of</code>: &#34;30 days ago&#34; is no day"), "{path}: {page}");
        let page = visitor.get(&format!("{path}?as_of=2999-01-01")).await.expect_page(200);
        assert!(page.contains("<code>as_of</code>: ") && page.contains("Look at today"), "{path}: {page}");
        let page = visitor.get(&format!("{path}?filter=plna+%3D+pro")).await.expect_page(200);
        assert!(page.contains("nobody has params.plna"), "{path}: {page}");
        if path != "/insights/overlap" {
            let page = visitor.get(&format!("{path}?project=nowhere")).await.expect_page(404);
            assert!(page.contains(" id=\"view\""), "{path}");
        }
        let csv = visitor.get(&format!("{path}.csv?filter=mrr+over+20")).await;
        assert_eq!(csv.status, 422, "{path}");
    }
    for (path, words, wrong) in [
        ("/insights/retention", "cohorts=next+week&by=first_seen&unit=century", 2),
        ("/insights/revenue", "while=mrr+over+20&by=first_seen&unit=century", 3),
        ("/insights/conversion", "from=mrr+over+20&by=first_seen&within=0", 3),
        ("/insights/lift", "outcome=mrr+over+20&fields=plan,(&landmark=0", 3),
        ("/insights/lift", "there=plan+exists", 1),
        ("/insights/breakdown", "by=first_seen&across=(&number=status&how=most", 4),
        ("/insights/referrals", "path=status&carries=name&sum=(&order=age", 4),
    ] {
        let page = visitor.get(&format!("{path}?{words}")).await.expect_page(200);
        assert_eq!(page.matches("aria-invalid=\"true\"").count(), wrong, "{path}: {page}");
    }
}

const PATHS: [&str; 7] = [
    "/insights/retention",
    "/insights/revenue",
    "/insights/conversion",
    "/insights/referrals",
    "/insights/lift",
    "/insights/breakdown",
    "/insights/overlap",
];

#[tokio::test]
async fn of_nobody_a_page_says_so_and_what_to_do() {
    let server = TestServer::start().await;
    server.index_remembers().await;
    let visitor = server.visitor(Role::Viewer).await;
    for path in PATHS {
        for address in [path.to_owned(), format!("{path}?test=1")] {
            let page = visitor.get(&address).await.expect_page(200);
            assert!(page.contains("<div class=\"empty\">") && links(&page).is_empty(), "{address}: {page}");
        }
    }
    server.identify(json!({ "email": "ada@x.com", "timestamp": "2020-02-03T10:00:00Z" })).await;
    let page = visitor.get("/insights/retention").await.expect_page(200);
    assert!(page.contains("1 person came at another time"), "{page}");
    let page = visitor.get("/insights/retention?filter=ada").await.expect_page(200);
    assert!(page.contains("1 person came at another time"), "{page}");
}

#[tokio::test]
async fn without_memory_a_page_says_what_is_missing() {
    let server = TestServer::without_index().await;
    server.identify(json!({ "email": "ada@x.com", "params": { "plan": "pro" } })).await;
    let visitor = server.visitor(Role::Viewer).await;
    for path in PATHS {
        // At first the index loads, then it has outgrown its memory.
        let mut page = visitor.get(path).await;
        for _ in 0..200 {
            if page.text().contains("--index-memory") {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            page = visitor.get(path).await;
        }
        let text = page.expect_page(503);
        assert!(
            text.contains("Insights are told from memory") && text.contains(" id=\"view\""),
            "{path}: {text}"
        );
        assert!(text.contains("Start the server with more --index-memory"), "{path}: {text}");
    }
}

#[tokio::test]
async fn insights_begin_with_retention_and_with_the_demo_where_there_is_nothing_else() {
    let server = TestServer::start().await;
    let visitor = server.visitor(Role::Viewer).await;
    assert_eq!(visitor.get("/insights").await.header("location"), "/insights/retention");
    server.test_project("demo").await;
    assert_eq!(visitor.get("/insights").await.header("location"), "/insights/retention?test=1");
    assert!(visitor.get("/customers").await.text().contains("href=\"/insights\""));
}

/// Two values are told apart in a sentence, by a test that says whether chance is enough.
#[tokio::test]
async fn retention_says_which_of_two_values_stays_longer() {
    let server = TestServer::start().await;
    let person = |source: &str, n: u64, stays: bool| {
        let email = format!("{source}{n}@x.com");
        let came =
            json!({ "email": email, "params": { "source": source }, "timestamp": "2026-03-02T10:00:00Z" });
        let left = json!({ "email": email, "status": "churned", "timestamp": "2026-03-04T10:00:00Z" });
        if stays { vec![came] } else { vec![came, left] }
    };
    let web = (0..40).flat_map(|n| person("web", n, n < 30));
    let ads = (0..40).flat_map(|n| person("ads", n, n < 10));
    server.batch(json!(web.chain(ads).collect::<Vec<_>>())).await;
    server.index_remembers().await;
    let visitor = server.visitor(Role::Viewer).await;
    let ask = "/insights/retention?by=source&retained=not+status+%3D+churned&cohorts=2026-03-02+..+2026-03-08&periods=4";
    let page = visitor.get(ask).await.expect_page(200);
    assert!(page.contains("<code>web</code> stays longer than <code>ads</code>: after four weeks"), "{page}");
    assert!(
        page.contains("75.0%</a>") && page.contains("25.0%</a>") && page.contains("50.0 points more"),
        "{page}"
    );
    assert!(
        page.contains("points: more than chance\n    explains.") && !page.contains("that most people have"),
        "{page}"
    );
    let few = format!("{ask}&filter=email+starts+with+%22web1%22+or+email+starts+with+%22ads2%22");
    let page = visitor.get(&few).await.expect_page(200);
    assert!(!page.contains("stays longer") && page.contains("are not compared: after"), "{page}");
    assert!(page.contains("fewer than 30 say too little"), "{page}");
    // Thirty of each are enough.
    let alike =
        ["one", "two"].into_iter().flat_map(|source| (0..30).flat_map(move |n| person(source, n, n < 9)));
    server.batch(json!(alike.collect::<Vec<_>>())).await;
    server.index_remembers().await;
    let same = format!("{ask}&filter=email+starts+with+%22one%22+or+email+starts+with+%22two%22");
    let page = visitor.get(&same).await.expect_page(200);
    assert!(
        page.contains("<code>one</code> stay alike") || page.contains("<code>two</code> stay alike"),
        "{page}"
    );
    let page = visitor.get("/insights/retention?retained=not+status+%3D+churned").await.expect_page(200);
    assert!(!page.contains("stays longer"), "{page}");
}

/// Every shade can be read, in both colours of the page.
#[tokio::test]
async fn numbers_on_shades_have_contrast() {
    let server = TestServer::start().await;
    let page = server.stranger().get("/sign-in").await.expect_page(200);
    let style = attribute(page.split("<link rel=\"stylesheet\"").nth(1).unwrap(), "href").unwrap();
    let style = server.stranger().get(&style).await.text();
    let token = |name: &str| -> [[f64; 3]; 2] {
        let value = style.split(&format!("--{name}: light-dark(")).nth(1).unwrap().split(')').next().unwrap();
        let colours: Vec<[f64; 3]> = value
            .split(", ")
            .map(|colour| {
                [1, 3, 5].map(|at| f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0)
            })
            .collect();
        [colours[0], colours[1]]
    };
    // As WCAG defines it.
    let bright = |colour: [f64; 3]| {
        let linear = colour
            .map(|part| if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    };
    for shade in 0..10 {
        let ink = if style.contains(&format!(
            "[data-shade=\"{shade}\"] {{ --shade: var(--shade-{shade}); --on-shade: var(--on-low)"
        )) {
            "on-low"
        } else {
            "on-high"
        };
        for (ground, ink) in token(&format!("shade-{shade}")).into_iter().zip(token(ink)) {
            let (one, other) = (bright(ground), bright(ink));
            let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
            assert!(contrast >= 4.5, "shade {shade}: {contrast}");
        }
    }
}
