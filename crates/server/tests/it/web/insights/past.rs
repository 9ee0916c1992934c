//! Insights as they were: a day in the address, said on the page, in every link and in the file.

use serde_json::json;
use server::model::Role;

use super::{PATHS, links, seen_world, walk_of};
use crate::support::server::TestServer;

#[tokio::test]
async fn a_day_of_the_past_is_said_and_every_mark_leads_to_its_people_of_then() {
    let server = seen_world().await;
    let visitor = server.visitor(Role::Viewer).await;
    for path in PATHS {
        // Nobody of that world came by a code: a plan is one as good as another.
        let own = if path == "/insights/referrals" { "path=plan" } else { "filter=" };
        let address = format!("{path}?{own}&as_of=2026-07-15");
        let page = visitor.get(&address).await.expect_page(200);
        assert!(page.contains("as it was at the end of <strong>15 Jul 2026</strong>"), "{address}: {page}");
        assert!(
            page.contains(&format!(
                "href=\"{}\">Back to today",
                if own == "filter=" { path.to_owned() } else { format!("{path}?{own}") }
            )),
            "{address}: {page}"
        );
        let links = links(&page);
        assert!(!links.is_empty() && links.iter().all(|link| link.as_of.as_deref() == Some("2026-07-15")));
        // What the numbers say is what is found on that day, and not today's.
        let what = if path == "/insights/overlap" { "count" } else { "relationships" };
        assert!(walk_of(&server, &page, what).await > 3, "{address}: {page}");
        let tabs = page.split("<nav class=\"tabs\"").nth(1).unwrap().split("</nav>").next().unwrap();
        assert_eq!(tabs.matches("as%5Fof=2026%2D07%2D15").count(), PATHS.len(), "{tabs}");
        let hidden = "<input type=\"hidden\" name=\"as_of\" value=\"2026-07-15\">";
        assert!(page.contains(hidden), "the form of the question keeps it: {page}");
        let file = visitor.get(&format!("{path}.csv?{own}&as_of=2026-07-15")).await.expect_page(200);
        let now = visitor.get(&format!("{path}.csv?{own}")).await.expect_page(200);
        assert!(file.lines().count() > 1 && file != now, "{address}");
    }
}

#[tokio::test]
async fn a_day_that_is_not_over_is_the_present_and_one_before_everybody_shows_nobody() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com", "status": "paid", "params": { "mrr": 9 } })).await;
    server.index_remembers().await;
    let visitor = server.visitor(Role::Viewer).await;
    for path in PATHS {
        let page = visitor
            .get(&format!("{path}?as_of={}", jiff::Timestamp::now().strftime("%Y-%m-%d")))
            .await
            .expect_page(200);
        assert!(!page.contains("Back to today") && !page.contains("as%5Fof"), "{path}: {page}");
        // Nobody was there then, which is no mistake.
        let page = visitor.get(&format!("{path}?as_of=2020-01-01")).await.expect_page(200);
        assert!(page.contains("Back to today") && page.contains("<div class=\"empty\">"), "{path}: {page}");
    }
}
