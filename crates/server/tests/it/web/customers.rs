//! The table of customers and its filter.

use server::model::Role;

use crate::support::server::{TestServer, metrics};

#[tokio::test]
async fn the_page_says_when_the_database_answers() {
    let (server, other) = (TestServer::start().await, TestServer::without_index().await);
    server.index_ready().await;
    for server in [&server, &other] {
        for name in ["ada", "bob", "cyd", "dot", "eve"] {
            let email = format!("{name}@x.com");
            server.identify(serde_json::json!({ "email": email, "params": { "plan": "pro" } })).await;
        }
    }
    let page = server.visitor(Role::Viewer).await.get("/customers").await;
    assert!(page.text().contains("ada@x.com") && !page.text().contains("Answered by the database"));
    assert!(page.text().contains(r#"class="facet""#), "the rail comes with the page");
    let counted = metrics(&server.app).await;
    assert!(counted.contains(r#"tinycrm_query_seconds_count{engine="index"}"#), "{counted}");
    let visitor = other.visitor(Role::Viewer).await;
    // At first the index loads, then it has outgrown its memory.
    for _ in 0..100 {
        let page = visitor.get("/customers").await;
        if page.text().contains("does not fit the index") {
            assert!(page.text().contains("hx-get=\"/customers/rail"), "the rail comes after the page");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("nothing is said of memory");
}

/// What may have been meant otherwise is a click away: words of the filter, the order, what is summed and shown.
#[tokio::test]
async fn doubts_have_a_link_that_puts_them_right() {
    let server = TestServer::start().await;
    let params = serde_json::json!({ "plan": "pro", "mrr": 29, "company": { "country": "DE" } });
    let ada = serde_json::json!({ "email": "ada@x.com", "status": "paid", "params": params });
    server.identify(ada).await;
    let visitor = server.visitor(Role::Viewer).await;
    for (address, link) in [
        ("filter=plna+%3D+pro", "filter=params.plan%20=%20pro"),
        ("filter=upgraded+last+week", "filter=status%20changed%20to%20paid%20in%20last%20week"),
        ("filter=paid", "filter=status%20=%20paid"),
        ("filter=active", "filter=status%20=%20paid"),
        ("sort=-created", "sort=-first_seen"),
        ("sum=mrrr", "sum=params.mrr"),
        ("columns=status,country,plan", "columns=status,params.company.country,plan"),
    ] {
        let page = visitor.get(&format!("/customers?{address}")).await;
        let text = page.text().replace("&#38;", "&");
        assert!(page.status == 200 && text.contains(&format!("/customers?{link}\"")), "{address}: {text}");
    }
}

/// The addresses on a page, and its links that have a name in `rel`.
fn read(page: &str) -> (Vec<String>, impl Fn(&str) -> Option<String> + use<>) {
    let emails = page.split("class=\"mail\"").skip(1).map(|part| {
        let title = part.split_once("title=\"").unwrap().1;
        title.split('"').next().unwrap().to_owned()
    });
    let (emails, page) = (emails.collect(), page.replace("&#38;", "&"));
    let link = move |rel: &str| {
        let place = page.find(&format!("rel=\"{rel}\""))?;
        let href = page[place..].split_once("href=\"")?.1;
        Some(href.split('"').next()?.to_owned())
    };
    (emails, link)
}

/// Pages lead forward and back: what one shows on the way back is what it showed before, also while people come in.
#[tokio::test]
async fn pages_lead_back_to_where_they_came_from() {
    let server = TestServer::start().await;
    let people: Vec<_> = (0..230)
        .map(|n| serde_json::json!({ "email": format!("p{n:03}@x.com"), "params": { "n": n % 7 } }))
        .collect();
    server.batch(serde_json::json!(people)).await;
    let visitor = server.visitor(Role::Viewer).await;
    for sort in ["email", "-params.n", "last_activity"] {
        let mut place = format!("/customers?sort={sort}");
        let mut seen = Vec::new();
        loop {
            let (emails, link) = read(&visitor.get(&place).await.expect_page(200));
            assert_eq!(link("prev").is_some(), !seen.is_empty(), "{place}");
            seen.push(emails);
            match link("next") {
                Some(next) => place = next,
                None => break,
            }
        }
        let all: std::collections::BTreeSet<&String> = seen.iter().flatten().collect();
        assert_eq!((seen.len(), all.len()), (5, 230), "{sort}");
        server.identify(serde_json::json!({ "email": "p001@x.com", "params": { "m": sort } })).await;
        while seen.pop().is_some() {
            let (emails, link) = read(&visitor.get(&place).await.expect_page(200));
            let (Some(before), Some(then)) = (link("prev"), seen.last()) else { break };
            assert!(!emails.is_empty());
            place = before;
            if sort == "email" {
                let (emails, _) = read(&visitor.get(&place).await.expect_page(200));
                assert_eq!(emails, *then, "{place}");
            }
        }
        assert!(seen.is_empty(), "it leads back to the first");
    }
    let (emails, link) = read(&visitor.get("/customers?rows=200&sort=email").await.expect_page(200));
    assert_eq!((emails.len(), link("next").unwrap().contains("rows=200")), (200, true));
    let (emails, _) = read(&visitor.get("/customers?rows=999999").await.expect_page(200));
    assert_eq!(emails.len(), 50, "no other length");
}

/// The columns are chosen, put in order, and kept for good, each member's own.
#[tokio::test]
async fn columns_have_an_order_and_are_kept() {
    let server = TestServer::start().await;
    let params = serde_json::json!({ "plan": "pro", "seats": 3, "city": "Paris" });
    server.identify(serde_json::json!({ "email": "ada@x.com", "params": params })).await;
    let (ada, bob) = (server.visitor(Role::Viewer).await, server.visitor(Role::Admin).await);
    let heads = |page: &str| -> Vec<String> {
        let heads = page.split("<th class=\"param").skip(1).map(|part| {
            let text = part.split_once("<a href").unwrap().1.split_once('>').unwrap().1;
            text.split('<').next().unwrap().to_owned()
        });
        heads.collect()
    };
    let page = ada.get("/customers?columns=params.city,params.plan").await.expect_page(200);
    assert_eq!(heads(&page), ["city", "plan"]);
    let text = page.replace("&#38;", "&");
    assert!(
        text.contains("/customers?columns=params.plan,params.city\""),
        "the order can be changed: {text}"
    );
    let kept = ada.post("/customers/columns", "columns=params.seats,params.plan&next=%2Fcustomers").await;
    assert_eq!((kept.status, kept.header("location")), (303, "/customers"));
    let page = ada.get("/customers").await.expect_page(200);
    assert_eq!(heads(&page), ["seats", "plan"]);
    assert!(page.contains("Forget my default"), "{page}");
    let named = ada.get("/customers?columns=params.city").await.expect_page(200);
    assert!(
        heads(&named) == ["city"] && named.contains("Make this my default"),
        "an address has the last word"
    );
    assert_ne!(
        heads(&bob.get("/customers").await.expect_page(200)),
        ["seats", "plan"],
        "another's are another's"
    );
    ada.post("/customers/columns", "columns=&next=%2F%2Fevil.example").await;
    assert_ne!(heads(&ada.get("/customers").await.expect_page(200)), ["seats", "plan"]);
    for columns in ["not+a+field!", &"x,".repeat(3_000)] {
        let refused = ada.post("/customers/columns", &format!("columns={columns}&next=/customers")).await;
        assert_eq!(refused.status, 400, "{columns:.20}");
    }
}

/// The panel beside the table is a part of it; alone it is the page of the person.
#[tokio::test]
async fn a_peek_is_a_part_of_the_table() {
    let server = TestServer::start().await;
    let params = serde_json::json!({ "note": "<b>bold</b>", "list": (0..40).collect::<Vec<_>>() });
    server.identify(serde_json::json!({ "email": "ada@x.com", "status": "paid", "params": params })).await;
    let visitor = server.visitor(Role::Viewer).await;
    let page = visitor.get("/customers").await.expect_page(200);
    assert!(page.contains("/peek\"") && page.contains("data-live=\"live\""), "{page}");
    let alone = visitor.get("/customers/ada@x.com/peek").await;
    assert!(alone.status == 303 && alone.header("location").starts_with("/customers/"), "{}", alone.text());
    let part = server
        .send(visitor.boosted("GET", "/customers/ada@x.com/peek").body(axum::body::Body::empty()).unwrap())
        .await
        .expect_page(200);
    assert!(part.contains("class=\"peeked\"") && !part.contains("<html"), "{part}");
    assert!(part.contains("&#60;b&#62;bold") && !part.contains("<b>bold"), "{part}");
    let past = visitor.get("/customers?as_of=2020-01-01").await.expect_page(200);
    assert!(!past.contains("data-live"), "the past does not change");
}
