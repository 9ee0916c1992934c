//! What stands around a page: the view that every answer holds, and problems as pages.

use std::time::Duration;

use axum::body::Body;
use futures_util::future::join_all;
use serde_json::json;
use server::model::Role;

use crate::support::{
    server::{Answer, TestServer},
    visitor::Visitor,
};

#[tokio::test]
async fn problems_are_pages_for_browsers_and_json_for_apps() {
    let server = TestServer::start().await;
    let visitor = server.visitor(Role::Viewer).await;
    for path in [
        "/nowhere",
        "/%ff",
        "/customers/nobody@example.com",
        "/customers?project=nowhere",
        "/projects/nowhere",
    ] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        assert!(answer.text().contains("Nothing is here"), "{path}");
        assert!(answer.header("content-security-policy").contains("script-src 'self'"), "{path}");
    }
    let answer = server.get("/nowhere").await;
    assert_eq!(answer.expect(404)["code"], "not_found");
    let answer = visitor.post("/customers", "").await;
    assert_eq!(answer.status, 405);
    let answer = server.call(&server.keys.secret, "PATCH", "/v1/projects", "").await;
    assert_eq!(answer.expect(405)["code"], "method_not_allowed");
}

#[tokio::test]
async fn without_its_tables_a_page_says_so_and_hides_the_cause() {
    let server = TestServer::start().await;
    let visitor = server.visitor(Role::Viewer).await;
    server.db.client().await.batch_execute("alter table project rename to gone").await.unwrap();
    let answer = visitor.get("/projects").await;
    assert_eq!(answer.status, 500);
    let text = answer.text();
    assert!(text.contains("Something went wrong") && text.contains(answer.header("x-request-id")), "{text}");
    assert!(!text.contains("relation") && !text.contains("42P01"), "{text}");
    let answer = server.get("/v1/projects").await;
    assert_eq!(answer.expect(500)["code"], "internal");
}

/// What htmx takes from an answer and puts in the place of the view that is there.
fn view(page: &str) -> &str {
    let parts: Vec<&str> = page.split(" id=\"view\"").collect();
    assert_eq!(parts.len(), 2, "a page holds one view: {page}");
    parts[1]
}

/// Asks as a link does whose answer htmx swaps in.
async fn boosted(visitor: &Visitor<'_>, method: &str, path: &str, body: &str) -> Answer {
    let request = visitor.boosted(method, path).header("sec-fetch-site", "same-origin");
    visitor.server.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

#[tokio::test]
async fn every_page_holds_a_view() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com" })).await;
    let visitor = server.visitor(Role::Owner).await;
    for path in [
        "/customers",
        "/customers?filter=mrr+over+20",
        "/customers/ada@x.com",
        "/segments",
        "/segments/won-back",
        "/home",
        "/home?test=1",
        "/changes",
        "/changes?period=soon",
        "/projects",
        "/projects/app",
        "/projects/app/start",
        "/new-project",
        "/keys",
        "/members",
        "/settings",
        "/password",
    ] {
        let page = visitor.get(path).await.expect_page(200);
        view(&page);
    }
    for path in ["/sign-in", "/sign-in/x"] {
        view(&server.stranger().get(path).await.expect_page(200));
    }
    // A project without customers has no table: whoever clears its filter is led to its call.
    server.project("empty").await;
    let cleared = boosted(&visitor, "GET", "/customers?project=empty", "").await;
    assert_eq!((cleared.status, cleared.header("location")), (303, "/projects/empty/start"));
    let start = boosted(&visitor, "GET", "/projects/empty/start", "").await.expect_page(200);
    assert!(view(&start).contains("Send your first customer"), "{start}");
}

#[tokio::test]
async fn every_refusal_is_in_the_view_and_the_frame_stays() {
    let server = TestServer::start().await;
    for email in ["ada@x.com", "bob@x.com"] {
        server.identify(json!({ "email": email })).await;
    }
    let visitor = server.visitor(Role::Admin).await;
    let large = format!("name={}", "x".repeat(4 << 20));
    for (status, method, path, body) in [
        (400, "GET", "/customers?sum=a+b+c", ""),
        (403, "POST", "/members", "email=eve%40x.com&role=owner"),
        (404, "GET", "/nowhere", ""),
        (404, "GET", "/customers?project=nowhere", ""),
        (404, "GET", "/customers/nobody@x.com", ""),
        (405, "POST", "/customers", ""),
        (409, "POST", "/projects/app/delete", ""),
        (413, "POST", "/projects", large.as_str()),
        (422, "GET", "/customers?after=nonsense", ""),
        (422, "POST", "/settings/zone", "zone=Atlantis"),
    ] {
        for page in [boosted(&visitor, method, path, body).await, {
            let request = visitor.request(method, path).header("sec-fetch-site", "same-origin");
            server.send(request.body(Body::from(body.to_owned())).unwrap()).await
        }] {
            let page = page.expect_page(status);
            let said = view(&page);
            assert!(said.contains(&format!("<p class=\"kicker\">{status}</p>")), "{path}: {page}");
            assert!(page.contains("class=\"side\"") && page.contains("admin@example.com"), "{path}: {page}");
            assert!(
                !page.contains("data-place"),
                "the address of a refusal is where it was asked for: {page}"
            );
        }
    }
    let stranger = server.stranger().get("/nowhere").await.expect_page(404);
    assert!(
        view(&stranger).contains("Nothing is here") && !stranger.contains("class=\"side\""),
        "{stranger}"
    );
}

#[tokio::test]
async fn a_cursor_of_another_filter_is_refused_in_the_view() {
    let server = TestServer::start().await;
    let people = (0..60).map(|i| json!({ "type": "identify", "email": format!("p{i}@x.com") }));
    server.batch(people.collect()).await;
    let visitor = server.visitor(Role::Viewer).await;
    let page = visitor.get("/customers").await.text();
    let next = page.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let next = next.replace("&#38;", "&");
    assert_eq!(visitor.get(&next).await.status, 200);
    let refused =
        boosted(&visitor, "GET", &format!("{next}&filter=status+%3D+paid"), "").await.expect_page(422);
    assert!(view(&refused).contains("That did not work") && refused.contains("class=\"side\""), "{refused}");
}

#[tokio::test]
async fn what_costs_too_much_to_frame_still_holds_a_view() {
    let (server, proxy) = TestServer::behind_proxy().await;
    let visitor = server.visitor(Role::Owner).await;
    let wrong = "password=short";
    let guesses = join_all((0..40).map(|_| boosted(&visitor, "POST", "/password", wrong))).await;
    let many = guesses.iter().find(|guess| guess.status == 429).expect("40 are more than 20 a minute").text();
    assert!(view(&many).contains("Too many attempts") && !many.contains("class=\"side\""), "{many}");
    proxy.away(true);
    proxy.cut_all();
    let away = boosted(&visitor, "GET", "/projects", "").await.expect_page(503);
    assert!(
        view(&away).contains("The database does not answer") && !away.contains("class=\"side\""),
        "{away}"
    );
    proxy.away(false);
    let mut back = visitor.get("/projects").await;
    for _ in 0..100 {
        if back.status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        back = visitor.get("/projects").await;
    }
    view(&back.expect_page(200));
    server.db.client().await.batch_execute("alter table customer rename to gone").await.unwrap();
    let broken = boosted(&visitor, "GET", "/customers/ada@x.com", "").await.expect_page(500);
    assert!(view(&broken).contains("Something went wrong"), "{broken}");
}

/// Whoever looks at test data is led to test data, and back by one link.
#[tokio::test]
async fn links_of_test_data_stay_there() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com" })).await;
    let (_, sandbox) = server.test_project("sandbox").await;
    server
        .call(&sandbox, "POST", "/v1/identify", json!({ "email": "gil@x.com" }).to_string())
        .await
        .expect(200);
    let visitor = server.visitor(Role::Owner).await;
    let gil = server.query("select to_jsonb(id) from customer where email = 'gil@x.com'", &[]).await;
    let gil = format!("/customers/{}", gil[0].as_str().unwrap());
    let pages = [
        "/home?test=1".to_owned(),
        "/customers?test=1".to_owned(),
        "/customers?project=sandbox".to_owned(),
        "/changes?test=1".to_owned(),
        "/insights/retention?test=1".to_owned(),
        "/insights/lift?project=sandbox".to_owned(),
        gil.clone(),
        format!("{gil}/json"),
        format!("{gil}/move"),
        format!("{gil}/merge"),
        format!("{gil}/why"),
        format!("{gil}/edit?project=sandbox&field=status"),
    ];
    for path in pages {
        let page = visitor.get(&path).await.expect_page(200);
        let back = page.matches("To your own</a>").count();
        assert_eq!(back, usize::from(!path.starts_with(&gil)), "{path} leads back");
        assert!(!page.contains("<p class=\"crumb\"><a href=\"/customers\">"), "{path}");
        for link in ["/home", "/customers", "/insights", "/changes"] {
            assert!(
                page.contains(&format!("<a href=\"{link}?test=1\"")),
                "{path} leads to test data: {link}"
            );
            let frame = page.split(" id=\"view\"").next().unwrap();
            assert!(!frame.contains(&format!("<a href=\"{link}\"")), "{path} leads away by {link}");
        }
    }
    assert_eq!(visitor.get("/insights?test=1").await.header("location"), "/insights/retention?test=1");
    let own = visitor.get("/customers/ada@x.com").await.expect_page(200);
    assert!(
        own.contains("<a href=\"/customers\"") && !own.contains("href=\"/customers?test=1\">Customers"),
        "{own}"
    );
    let erased = visitor.post(&format!("{gil}/erase?test=1"), "").await;
    assert_eq!(erased.header("location"), "/customers?test=1");
}

/// Nobody is gone because a project was put away.
#[tokio::test]
async fn pages_say_that_all_of_ones_own_is_archived() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com" })).await;
    server.index_remembers().await;
    let visitor = server.visitor(Role::Owner).await;
    assert_eq!(visitor.post("/projects/app/archive", "").await.status, 303);
    assert_eq!(visitor.get("/").await.header("location"), "/home");
    for path in ["/home", "/customers", "/insights/retention", "/insights/breakdown", "/insights/overlap"] {
        let page = visitor.get(path).await.expect_page(200);
        assert!(page.contains("app is archived: its customers are kept"), "{path}: {page}");
        assert!(page.contains("<a href=\"/customers?project=app\">Look at them</a>"), "{path}");
        assert!(!page.contains("yet"), "{path}: {page}");
    }
    assert!(
        visitor.get("/changes").await.expect_page(200).contains("app is archived: its customers are kept")
    );
    // Demo data hides nobody's own, and test projects alone can be archived too.
    let (_, sandbox) = server.test_project("sandbox").await;
    server.call(&sandbox, "POST", "/v1/identify", r#"{"email":"gil@x.com"}"#).await.expect(200);
    assert_eq!(visitor.get("/").await.header("location"), "/home");
    assert_eq!(visitor.get("/insights").await.header("location"), "/insights/retention");
    let page = visitor.get("/home").await.expect_page(200);
    assert!(
        page.contains("All your projects are archived") && page.contains("href=\"/projects/app\""),
        "{page}"
    );
    assert!(page.contains("href=\"/home?test=1\"") && page.contains("<a href=\"/customers\""), "{page}");
    assert!(!page.contains("Make a project"), "nothing is new here: {page}");
    server.project("news").await;
    let page = visitor.get("/home").await.expect_page(200);
    assert!(page.contains("Nobody is here yet") && !page.contains("is archived"), "{page}");
}

#[tokio::test]
async fn archived_test_projects_are_no_new_account() {
    let server = TestServer::alone().await;
    let visitor = server.visitor(Role::Owner).await;
    server.test_project("sandbox").await;
    assert_eq!(visitor.post("/projects/sandbox/archive", "").await.status, 303);
    assert_eq!(visitor.post("/projects/app/archive", "").await.status, 303);
    assert_eq!(visitor.get("/").await.header("location"), "/home");
    assert!(visitor.get("/home").await.expect_page(200).contains("All your projects are archived"));
}
