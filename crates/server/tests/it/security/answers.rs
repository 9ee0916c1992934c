//! Whatever is sent, the answer says what is wrong: no route has a fault of ours for what cannot be stored, and every answer
//! has the headers that keep a browser from making something else of it.

use axum::{body::Body, http::Request};
use serde_json::json;
use server::{model::Role, router};
use tower::ServiceExt;

use crate::support::server::TestServer;

/// Every form, with fields that it would take.
const FORMS: [(&str, &str); 15] = [
    ("/projects", "name=Shop&slug=shop&test=true"),
    ("/projects/app", "kind=secret&label=mine"),
    ("/segments", "name=Payers&filter=status+%3D+paid&project="),
    ("/segments/01a20945-00ba-712e-84f6-a76982995db0/delete", "next=/segments"),
    ("/keys", "label=mine"),
    ("/members", "email=new%40x.com&role=viewer"),
    ("/settings/zone", "zone=UTC"),
    ("/settings/history", "months=12"),
    ("/settings/ignored", "pattern=%40x.com"),
    ("/settings/ignored/remove", "pattern=%40x.com"),
    ("/settings/ignored/erase", "pattern=%40x.com"),
    ("/customers/ID/merge", "other=bob%40x.com"),
    ("/customers/ID/correct", "project=app&first_seen=2026-01-01&first_paid=&status_since="),
    ("/theme", "theme=dark&next=/"),
    ("/sign-in", "email=ada%40x.com&password=wrong-password&next=/"),
];

/// The form with one field after the other made odd.
fn odd_forms<'f>(form: &'f str, odd: &'f str) -> impl Iterator<Item = String> + 'f {
    let fields: Vec<&str> = form.split('&').collect();
    (0..fields.len()).map(move |place| {
        let field = |(n, field): (usize, &&str)| match n == place {
            true => format!("{}={odd}", field.split('=').next().unwrap()),
            false => (*field).to_owned(),
        };
        fields.iter().enumerate().map(field).collect::<Vec<_>>().join("&")
    })
}

#[tokio::test]
async fn what_postgres_cannot_hold_is_a_clear_refusal_everywhere() {
    let server = TestServer::start().await;
    let ada = server.identify(json!({ "email": "ada@x.com" })).await;
    let owner = server.visitor(Role::Owner).await;
    for (path, form) in FORMS {
        let path = &path.replace("ID", ada["customer"].as_str().unwrap());
        for odd in ["a%00b", "%00", "%EF%BF%BF", "%F4%8F%BF%BF", "%FF", "a%0d%0ab"] {
            for body in odd_forms(form, odd) {
                let answer = owner.post(path, &body).await;
                assert!(answer.status < 500, "{path} {body}: {} {}", answer.status, answer.text());
            }
        }
    }
    assert_eq!(owner.post("/keys", "label=a%00b").await.status, 422);
    for page in [
        "/customers?q=",
        "/customers/",
        "/customers?sort=",
        "/segments?q=",
        "/customers/export.csv?q=",
        "/projects/",
        "/sign-in/",
        "/customers/rail?q=",
        "/customers/help?q=",
    ] {
        for odd in ["%00", "a%00b", "%FF", "email+%3D+%22a%00b%22", "params.a%00b+%3D+1"] {
            let answer = owner.get(&format!("{page}{odd}")).await;
            assert!(answer.status < 500, "{page}{odd}: {} {}", answer.status, answer.text());
        }
    }
    for path in [
        "customers/",
        "segments/",
        "query?filter=",
        "export?filter=",
        "export?columns=",
        "imports/",
        "query?sort=",
        "query?cursor=",
        "query?project=",
    ] {
        for odd in ["%00", "a%00b", "%FF", "email+%3D+%22a%00b%22", "params.a%00b+%3D+1"] {
            let answer = server.get(&format!("/v1/{path}{odd}")).await;
            assert!(answer.status < 500, "{path}{odd}: {} {}", answer.status, answer.text());
        }
    }
    for (path, body) in [
        ("/v1/segments", json!({ "name": "a\u{0}b", "filter": "status = paid" })),
        ("/v1/segments", json!({ "name": "a", "filter": "search \"a\u{0}b\"" })),
        ("/v1/query", json!({ "filter": "email = \"a\u{0}b\"" })),
        ("/v1/query", json!({ "filter": "params.\"a\u{0}\" = \"\u{0}\"", "select": ["count", "customers"] })),
        ("/v1/query", json!({ "filter": "", "group_by": "params.a\u{0}" })),
        ("/v1/query", json!({ "filter": "", "sort": "params.\"a\u{0}\"" })),
    ] {
        let answer = server.post(path, body.clone()).await;
        assert!(answer.status < 500, "{path} {body}: {} {}", answer.status, answer.text());
    }
}

#[tokio::test]
async fn a_place_in_a_timeline_that_cannot_be_is_refused_by_page_and_api_alike() {
    let server = TestServer::start().await;
    let id = server.identify(json!({ "email": "ada@x.com" })).await["customer"].as_str().unwrap().to_owned();
    let owner = server.visitor(Role::Owner).await;
    let at = |at: &str| format!("{at}.1.1.{}", server.project.id);
    for (cursor, status) in [
        (at("-377705023201000000"), 422),
        (at("-62135596800000001"), 422),
        (at("-1"), 422),
        (at("0"), 200),
        (at("253402207200000000"), 200),
        (at("253402207200999999"), 422),
        (at("99999999999999999999"), 422),
        (at("0") + ".1", 422),
        ("nonsense".to_owned(), 422),
        (String::new(), 422),
    ] {
        let page = owner.get(&format!("/customers/{id}?cursor={cursor}")).await;
        let answer = server.get(&format!("/v1/customers/{id}?cursor={cursor}")).await;
        assert_eq!((page.status, answer.status), (status, status), "{cursor}: {}", page.text());
        assert!(status == 200 || answer.json()["code"] == "invalid_cursor", "{cursor}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_call_from_the_end_of_time_spoils_nobody_elses() {
    let server = TestServer::start().await;
    let far = ["9999-12-31T23:59:59Z", "9999-12-31", "+010000-01-01T00:00:00Z", "-000001-01-01T00:00:00Z"];
    let mut items = vec![json!({ "email": "before@x.com" })];
    items.extend(
        far.iter().enumerate().map(|(n, at)| json!({ "email": format!("far{n}@x.com"), "timestamp": at })),
    );
    items.push(json!({ "email": "after@x.com" }));
    let answer = server.post("/v1/batch", json!({ "items": items })).await;
    let results = answer.expect(200)["results"].clone();
    assert!(results[0]["ok"] == true && results[5]["ok"] == true, "{results}");
    assert_eq!(server.get("/v1/query?filter=email%20contains%20e").await.status, 200);
}

#[tokio::test]
async fn every_answer_is_what_it_says_and_is_not_kept() {
    let server = TestServer::start().await;
    for path in [
        "/v1/query",
        "/v1/customers/nobody@x.com",
        "/v1/nothing",
        "/healthz",
        "/readyz",
        "/v1/export",
        "/v1/export?format=ndjson",
        "/",
        "/sign-in",
        "/openapi.json",
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
    }
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let answer = router::metrics(server.app.clone()).oneshot(request).await.unwrap();
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers()["cache-control"], "no-store");
}

#[tokio::test]
async fn retry_after_says_when_one_may_sign_in_again() {
    let server = TestServer::start().await;
    let mut seconds = None;
    for _ in 0..30 {
        let answer = server.stranger().post("/sign-in", "email=ada%40x.com&password=wrong-password").await;
        if answer.status == 429 {
            seconds = answer.headers["retry-after"].to_str().unwrap().parse::<u64>().ok();
            break;
        }
    }
    // Ten a minute for an account: the next in six seconds.
    let seconds = seconds.expect("the limit of an account is reached");
    assert!((2..=6).contains(&seconds), "{seconds}");
}
