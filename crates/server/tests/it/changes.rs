//! `/v1/changes`: each kind by a story, pages, what is refused, and that each count's filter finds as many.

use axum::http::Request;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use crate::{series::world, support::server::TestServer};

/// Asks with an account's key; each pair is a name and what it is.
async fn ask(server: &TestServer, words: &[(&str, &str)]) -> Value {
    server.call(&server.keys.account, "GET", &path(words), "").await.expect(200)
}

fn path(words: &[(&str, &str)]) -> String {
    let word =
        |(name, text): &(&str, &str)| format!("{name}={}", utf8_percent_encode(text, NON_ALPHANUMERIC));
    format!("/v1/changes?{}", words.iter().map(word).collect::<Vec<_>>().join("&"))
}

async fn tell(server: &TestServer, email: &str, at: &str, status: &str, params: Value) {
    let call = json!({ "email": email, "status": status, "timestamp": format!("2026-{at}T10:00:00Z"), "params": params });
    server.identify(call).await;
}

/// Each of the changes in one line: the kind, who, when, before and after.
fn lines(answer: &Value) -> Vec<String> {
    let line = |change: &Value| {
        let text = |name: &str| change[name].to_string().replace('"', "");
        let at = text("at").replace(":00Z", "");
        format!("{} {} {at} {} -> {}", text("kind"), text("email"), text("before"), text("after"))
    };
    answer["changes"].as_array().unwrap().iter().map(line).collect()
}

/// What became of eight people in March.
async fn march() -> TestServer {
    let server = TestServer::start().await;
    for (email, at, status, params) in [
        ("ada@x.com", "03-02", "free", json!({})),
        ("bob@x.com", "01-05", "trial", json!({ "trial_ends": "2026-03-06" })),
        ("bob@x.com", "03-05", "paid", json!({})),
        ("cleo@x.com", "01-05", "paid", json!({ "mrr": 7 })),
        ("cleo@x.com", "03-07", "churned", json!({})),
        ("dan@x.com", "01-05", "paid", json!({})),
        ("dan@x.com", "02-05", "churned", json!({})),
        ("dan@x.com", "03-09", "paid", json!({})),
        ("eve@x.com", "02-20", "trial", json!({ "trial_ends": "2026-03-20" })),
        ("fay@x.com", "01-05", "paid", json!({ "mrr": 10 })),
        ("fay@x.com", "03-10", "paid", json!({ "mrr": 20 })),
        ("fay@x.com", "03-12", "paid", json!({ "mrr": 25 })),
        ("gil@x.com", "01-05", "paid", json!({ "mrr": 30.5 })),
        ("gil@x.com", "03-11", "paid", json!({ "mrr": 12 })),
        // Who does not pay has no value that counts.
        ("hal@x.com", "01-05", "free", json!({ "mrr": 1 })),
        ("hal@x.com", "03-11", "free", json!({ "mrr": 2 })),
    ] {
        tell(&server, email, at, status, params).await;
    }
    server.index_remembers().await;
    server
}

const MARCH: (&str, &str) = ("period", "2026-03-01 .. 2026-03-31");

#[tokio::test]
async fn every_kind_has_its_story() {
    let server = march().await;
    let answer = ask(&server, &[MARCH]).await;
    assert_eq!(
        lines(&answer),
        [
            "trial_ends eve@x.com 2026-03-20T00:00 null -> 2026-03-20",
            "value_up fay@x.com 2026-03-12T10:00 10 -> 25",
            "value_down gil@x.com 2026-03-11T10:00 30.5 -> 12",
            "back dan@x.com 2026-03-09T10:00 churned -> paid",
            "churned cleo@x.com 2026-03-07T10:00 paid -> churned",
            "upgraded bob@x.com 2026-03-05T10:00 trial -> paid",
            "new ada@x.com 2026-03-02T10:00 null -> free",
        ]
    );
    let days = [&answer["from"], &answer["to"], &answer["next"]];
    assert_eq!(days, [&json!("2026-03-01"), &json!("2026-03-31"), &Value::Null]);
    let counts = answer["counts"].as_array().unwrap();
    let filters: Vec<&str> = counts.iter().map(|count| count["filter"].as_str().unwrap()).collect();
    assert_eq!(
        filters,
        [
            "first_seen in 2026-03-01 .. 2026-03-31",
            "first_paid in 2026-03-01 .. 2026-03-31",
            "status changed to \"churned\" in 2026-03-01 .. 2026-03-31",
            "status changed from \"churned\" to \"paid\" in 2026-03-01 .. 2026-03-31",
            "status = \"trial\" and params.trial_ends in 2026-03-01 .. 2026-03-31",
            "status = \"paid\" and params.mrr increased in 2026-03-01 .. 2026-03-31",
            "status = \"paid\" and params.mrr decreased in 2026-03-01 .. 2026-03-31",
        ]
    );
    assert!(counts.iter().all(|count| count["count"] == 1), "{counts:?}");
    assert_eq!(counts[0]["projects"], json!([{ "project": "app", "count": 1 }]));
    let by: Vec<&Value> =
        answer["changes"].as_array().unwrap().iter().map(|change| &change["by"]["source"]).collect();
    let key = &json!("secret_key");
    assert_eq!(by, [&Value::Null, key, key, key, key, key, key]);
    // Some kinds, of some people, and the numbers of another path.
    let some = ask(&server, &[MARCH, ("kinds", "churned,new"), ("filter", "email starts with \"c\"")]).await;
    assert_eq!(lines(&some), ["churned cleo@x.com 2026-03-07T10:00 paid -> churned"]);
    let kinds: Vec<&Value> = some["counts"].as_array().unwrap().iter().map(|count| &count["kind"]).collect();
    assert_eq!(kinds, ["new", "churned"]);
    let none = ask(&server, &[MARCH, ("kinds", "value_up"), ("value", "params.seats")]).await;
    assert_eq!(none["counts"][0]["count"], 0);
    assert_eq!(none["warnings"][0]["code"], "unknown_path", "{none}");
}

/// As of a day of the past it is what was told on that day.
#[tokio::test]
async fn as_of_a_day_what_came_later_has_not_been() {
    let server = march().await;
    let answer = ask(&server, &[MARCH, ("as_of", "2026-03-10")]).await;
    assert_eq!(
        lines(&answer),
        [
            "value_up fay@x.com 2026-03-10T10:00 10 -> 20",
            "back dan@x.com 2026-03-09T10:00 churned -> paid",
            "churned cleo@x.com 2026-03-07T10:00 paid -> churned",
            "upgraded bob@x.com 2026-03-05T10:00 trial -> paid",
            "new ada@x.com 2026-03-02T10:00 null -> free",
        ]
    );
    assert_eq!(answer["to"], "2026-03-10", "the period ends with the day that is asked of");
}

/// Somebody who leaves twice is told of once, by the last time; in another project again, and in test projects only there.
#[tokio::test]
async fn somebody_is_told_of_once_for_each_project_and_kind() {
    let server = TestServer::start().await;
    for (at, status) in [("01-05", "paid"), ("03-02", "churned"), ("03-03", "paid"), ("03-04", "churned")] {
        tell(&server, "ada@x.com", at, status, json!({})).await;
    }
    let (_, other) = server.project("other").await;
    let (_, test) = server.test_project("sandbox").await;
    for key in [&other, &test] {
        let body = json!({ "email": "ada@x.com", "name": "Ada", "status": "free", "timestamp": "2026-03-06T10:00:00Z" });
        server.call(key, "POST", "/v1/identify", body.to_string()).await.expect(200);
    }
    server.index_remembers().await;
    let answer = ask(&server, &[MARCH]).await;
    assert_eq!(
        lines(&answer),
        [
            "new ada@x.com 2026-03-06T10:00 null -> free",
            "churned ada@x.com 2026-03-04T10:00 paid -> churned",
            "back ada@x.com 2026-03-03T10:00 churned -> paid",
        ]
    );
    let where_and_who: Vec<_> =
        answer["changes"].as_array().unwrap().iter().map(|one| (&one["project"], &one["name"])).collect();
    assert_eq!(where_and_who[..2], [(&json!("other"), &json!("Ada")), (&json!("app"), &Value::Null)]);
    let one = ask(&server, &[MARCH, ("project", "other")]).await;
    assert_eq!(lines(&one).len(), 1);
    let tests = ask(&server, &[MARCH, ("test", "true")]).await;
    assert_eq!((lines(&tests).len(), &tests["changes"][0]["project"]), (1, &json!("sandbox")));
    // A project's key sees its own.
    let own = server.get(&path(&[MARCH])).await.expect(200);
    assert_eq!(lines(&own).len(), 2);
}

#[tokio::test]
async fn pages_hold_still_while_others_write() {
    let server = march().await;
    let whole = lines(&ask(&server, &[MARCH]).await);
    let mut page = ask(&server, &[MARCH, ("limit", "2")]).await;
    let mut told = lines(&page);
    while let Some(next) = page["next"].as_str() {
        // Who comes meanwhile is newer than all that follows.
        let email = format!("new{}@x.com", told.len());
        tell(&server, &email, "03-25", "free", json!({})).await;
        page = ask(&server, &[MARCH, ("limit", "2"), ("cursor", next)]).await;
        told.extend(lines(&page));
    }
    assert_eq!(told, whole);
    let first = ask(&server, &[MARCH, ("limit", "2")]).await;
    assert!(lines(&first)[0].starts_with("new new"), "{first}");
    let next = first["next"].as_str().unwrap();
    for other in [("kinds", "new"), ("value", "params.seats"), ("filter", "plan = pro")] {
        let path = path(&[MARCH, ("limit", "2"), ("cursor", next), other]);
        let answer = server.call(&server.keys.account, "GET", &path, "").await.expect(422);
        assert_eq!(answer["code"], "cursor_mismatch", "{other:?}");
    }
    let query = json!({ "cursor": next }).to_string();
    let answer = server.call(&server.keys.account, "POST", "/v1/query", query).await.expect(422);
    assert_eq!(answer["code"], "cursor_mismatch");
}

#[tokio::test]
async fn what_is_wrong_is_said_with_its_place() {
    let server = march().await;
    let words = [("kinds", "new,chuned"), ("value", "status"), ("trial_ends", "params."), ("limit", "0")];
    let answer = server.get(&path(&words)).await.expect(422);
    let wrong = answer["errors"].as_array().unwrap();
    let pointers: Vec<&str> = wrong.iter().map(|one| one["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/kinds/1", "/value", "/trial_ends", "/limit"]);
    assert_eq!(wrong[0]["hint"], "did you mean churned?");
    assert_eq!(wrong[1]["detail"], "status is no path in params; name one, as params.mrr");
    let answer = server.get(&path(&[("period", "next week")])).await.expect(422);
    assert_eq!(answer["errors"][0]["pointer"], "/period");
    assert_eq!(answer["errors"][0]["place"]["length"], 9, "{answer}");
    let answer = server.get(&path(&[("filter", "plan = = pro")])).await.expect(422);
    assert_eq!(answer["code"], "invalid_filter");
    let forged = server.get(&path(&[("cursor", "eyJ4IjoxfQ")])).await.expect(422);
    assert_eq!(forged["code"], "invalid_cursor");
    let unknown = server.get(&path(&[("since", "yesterday")])).await;
    assert_eq!(unknown.status, 422);
    let none = server.send(Request::get(path(&[])).body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(none.status, 401);
    // Since yesterday.
    let since = server.get(&path(&[("period", "yesterday .. today")])).await.expect(200);
    assert_eq!(since["counts"][0]["count"], 0);
    server.identify(json!({ "email": "zoe@x.com" })).await;
    let since = server.get(&path(&[("period", "yesterday .. today")])).await.expect(200);
    assert_eq!(
        (since["changes"][0]["kind"].as_str(), since["changes"][0]["email"].as_str()),
        (Some("new"), Some("zoe@x.com"))
    );
}

/// The days are those of the account's zone, and a trial may end at an instant, on a day or at a number of seconds.
#[tokio::test]
async fn days_are_those_of_the_zone() {
    let server = TestServer::start().await;
    server::store::set_zone(&server.app.store, server.account, "America/New_York").await.unwrap();
    // 3 March in UTC, and still the second in New York.
    server.identify(json!({ "email": "ada@x.com", "timestamp": "2026-03-03T02:00:00Z" })).await;
    for (email, ends) in [
        ("day@x.com", json!("2026-03-02")),
        ("instant@x.com", json!("2026-03-03T03:00:00Z")),
        ("seconds@x.com", json!(1_772_503_200)),
        ("late@x.com", json!("2026-03-03T06:00:00Z")),
        ("text@x.com", json!("soon")),
    ] {
        let params = json!({ "ends": ends });
        tell(&server, email, "02-01", "trial", params).await;
    }
    server.index_remembers().await;
    let answer = ask(&server, &[("period", "2026-03-02 .. 2026-03-02"), ("trial_ends", "params.ends")]).await;
    assert_eq!(
        lines(&answer),
        [
            "trial_ends instant@x.com 2026-03-03T03:00 null -> 2026-03-03T03:00:00Z",
            "new ada@x.com 2026-03-03T02:00 null -> free",
            "trial_ends seconds@x.com 2026-03-03T02:00 null -> 1772503200",
            "trial_ends day@x.com 2026-03-02T05:00 null -> 2026-03-02",
        ]
    );
}

/// Of random people each count's filter finds as many relationships, by Postgres too, and the list is as long as the counts say.
#[tokio::test]
async fn every_count_lists_its_people() {
    let server = world(&mut StdRng::seed_from_u64(29)).await;
    let mut found = 0;
    for (period, as_of, filter) in [
        ("2026-01-01 .. 2026-10-31", "today", ""),
        ("2026-02-01 .. 2026-06-30", "today", ""),
        ("2026-03-02 .. 2026-04-12", "2026-05-01", "params.plan exists"),
        ("this year", "2026-08-14", "status != \"free\""),
    ] {
        let words = [("period", period), ("as_of", as_of), ("filter", filter), ("limit", "200")];
        let answer = ask(&server, &words).await;
        let mut counted = 0;
        for count in answer["counts"].as_array().unwrap() {
            for engine in ["index", "sql"] {
                let query = json!({ "filter": count["filter"], "as_of": as_of, "select": ["count"], "engine": engine });
                let query = server
                    .call(&server.keys.account, "POST", "/v1/query", query.to_string())
                    .await
                    .expect(200);
                assert_eq!(query["relationships"], count["count"], "{count} by {engine}");
            }
            let projects = count["projects"].as_array().unwrap().iter();
            let sum: u64 = projects.map(|project| project["count"].as_u64().unwrap()).sum();
            assert_eq!(json!(sum), count["count"], "{count}");
            counted += sum;
        }
        assert_eq!(lines(&answer).len() as u64, counted);
        found += counted;
    }
    assert!(found > 60, "{found}: that says little");
}
