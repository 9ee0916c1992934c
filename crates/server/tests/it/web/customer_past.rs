//! One person as they were at the end of a day: all of the page, the links that keep the day, and what is not known of it.

use serde_json::json;
use server::{model::Role, store::history};

use super::customer::read;
use crate::support::{server::TestServer, visitor::Visitor};

/// Ada, who tried, was named, and paid later; a second project met her then. Her id.
async fn ada(server: &TestServer) -> String {
    let params = |plan: &str| json!({ "plan": plan, "team": { "size": 3 } });
    server
        .customer(
            "ada@x.com",
            "2026-03-01T12:00:00Z",
            json!({ "status": "trial", "name": "Ada", "params": params("solo") }),
        )
        .await;
    let (_, shop) = server.project("shop").await;
    let call = json!({ "email": "ada@x.com", "timestamp": "2026-03-15", "params": { "cart": 2 } });
    server.call(&shop, "POST", "/v1/identify", call.to_string()).await.expect(200);
    let call = json!({ "status": "paid", "name": "Ada Ltd", "user_id": "u-1", "params": params("pro") });
    server.customer("ada@x.com", "2026-03-20T12:00:00Z", call).await
}

/// Where the links of the page to customers and their lists lead.
fn links(page: &str) -> Vec<&str> {
    let links = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    links.filter(|link| link.starts_with("/customers") && !link.ends_with(".js")).collect()
}

#[tokio::test]
async fn all_of_a_person_is_as_it_was_and_every_link_keeps_the_day() {
    let server = TestServer::start().await;
    let ada = ada(&server).await;
    server.index_ready().await;
    let admin = server.visitor(Role::Admin).await;
    let made = admin.post("/segments", "name=Trials&filter=status+%3D+trial&project=app").await;
    assert_eq!(made.status, 303, "{}", made.text());
    admin.post(&format!("/customers/{ada}/notes"), "text=Met+later").await;
    let path = format!("/customers/{ada}");

    let page = admin.get(&format!("{path}?as_of=2026-03-10")).await.expect_page(200);
    let text = read(&page);
    let main = page.split("<main").nth(1).unwrap_or(&page);
    for told in [
        "Everything here is as it was at the end of 10 Mar 2026",
        "ada@x.com Ada ",
        "Status since 1 Mar 2026",
        "plan solo",
        "Not there yet: shop",
        "Trials",
        "1 active day since 1 Mar 2026",
        "The past is not edited here",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    for later in ["Ada Ltd", "pro<", "cart", "u-1", "First paid", "Met later", "20 Mar 2026"] {
        assert!(!main.contains(later), "{later}: {main}");
    }
    for hand in ["/edit", "/merge", "/move", "/correct", "/erase", "/notes", "/export\""] {
        assert!(!main.contains(hand), "nothing is done in the past: {hand}: {main}");
    }
    let (now, kept): (Vec<&str>, Vec<&str>) =
        links(main).into_iter().partition(|link| !link.contains("as_of=2026-03-10"));
    assert!(kept.len() > 5, "{kept:?}");
    assert!(now.iter().all(|link| *link == path), "only the way back is of now: {now:?}");
    assert!(
        main.contains("<input type=\"hidden\" name=\"as_of\" value=\"2026-03-10\">"),
        "the history's form"
    );

    let today = admin.get(&path).await.expect_page(200);
    assert!(
        today.contains("/edit") && !today.contains("Back to today") && !today.contains("as_of=2026"),
        "{today}"
    );
    let ahead = admin.get(&format!("{path}?as_of=2999-01-01")).await.expect_page(422);
    assert!(ahead.contains("is yet to come") && ahead.contains(" id=\"view\""), "{ahead}");
    let later = admin
        .get(&format!("{path}?as_of={}", jiff::Timestamp::now().strftime("%Y-%m-%d")))
        .await
        .expect_page(200);
    assert!(later.contains("/edit") && read(&later).contains("Ada Ltd"), "a day that is not over is now");
    assert_eq!(admin.get(&format!("{path}?as_of=soon")).await.status, 400);
}

#[tokio::test]
async fn the_table_the_panel_and_the_reasons_are_of_the_same_day() {
    let server = TestServer::start().await;
    let ada = ada(&server).await;
    server.index_ready().await;
    let viewer = server.visitor(Role::Viewer).await;
    let list = viewer.get("/customers?as_of=2026-03-10").await.expect_page(200);
    let (page, peek) =
        (format!("/customers/{ada}?as_of=2026-03-10"), format!("/customers/{ada}/peek?as_of=2026-03-10"));
    assert!(
        list.contains(&format!("href=\"{page}\"")) && list.contains(&format!("hx-get=\"{peek}\"")),
        "{list}"
    );
    let part = viewer.part(&peek).await;
    let text = read(&part);
    assert!(text.contains("As it was at the end of 10 Mar 2026") && text.contains("trial"), "{text}");
    assert!(part.contains(">solo<") && !part.contains(">pro<") && !text.contains("cart"), "{text}");
    assert!(part.contains(&format!("href=\"{page}\"")), "{part}");
    let whole = viewer.get(&peek).await;
    assert_eq!((whole.status, whole.header("location")), (303, page.as_str()));
    for (day, holds) in [("&as_of=2026-03-10", "false trial"), ("", "true paid")] {
        let why = format!("/customers/{ada}/why?project=app&filter=status+%3D+paid{day}");
        let text = read(&viewer.get(&why).await.expect_page(200));
        assert!(text.contains(holds), "{day}: {text}");
    }
}

#[tokio::test]
async fn nobody_is_there_before_they_began_and_nothing_is_told_before_history() {
    let server = TestServer::start().await;
    let ada = ada(&server).await;
    let viewer = server.visitor(Role::Viewer).await;
    let text = read(&viewer.get(&format!("/customers/{ada}?as_of=2026-02-01")).await.expect_page(200));
    assert!(text.contains("Not there yet: app, shop") && !text.contains("created with"), "{text}");
    let horizon = "2026-03-18T00:00:00Z".parse().unwrap();
    history::prune(&server.app.store, server.account, horizon, server::model::now()).await.unwrap();
    let page = viewer.get(&format!("/customers/{ada}?as_of=2026-03-10")).await.expect_page(422);
    let text = read(&page);
    assert!(text.contains("History is kept since") && text.contains("10 Mar 2026"), "{text}");
    assert!(!text.contains("Not there yet") && !text.contains("In none"), "it is not known: {text}");
}

impl Visitor<'_> {
    /// A part of a page, as the page's script asks for it.
    async fn part(&self, path: &str) -> String {
        let request = self.boosted("GET", path).body(axum::body::Body::empty()).unwrap();
        self.server.send(request).await.expect_page(200)
    }
}
