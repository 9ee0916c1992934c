//! How often one may ask: over it is 429 with the time to wait, and every answer tells what is left.

use axum::body::Body;
use futures_util::future::join_all;
use serde_json::json;

use crate::support::server::{Answer, TestServer, request};

/// A request that comes through a proxy from an address.
async fn from(server: &TestServer, address: &str, key: &str, path: &str, body: String) -> Answer {
    let request = request("POST", path).header("authorization", format!("Bearer {key}"));
    server.send(request.header("x-forwarded-for", address).body(body.into()).unwrap()).await
}

#[tokio::test]
async fn a_key_an_account_and_an_address_may_ask_so_often() {
    for (flag, name) in [
        ("--requests-per-key", "key"),
        ("--requests-per-account", "account"),
        ("--requests-per-address", "address"),
    ] {
        let server = TestServer::with_flags(&[flag, "2"]).await;
        let first = server.get("/v1/projects").await;
        assert_eq!(first.status, 200);
        let (policy, left) = (&first.headers["ratelimit-policy"], &first.headers["ratelimit"]);
        assert!(policy.to_str().unwrap().contains(&format!("\"{name}\";q=2;w=1")), "{policy:?}");
        assert!(left.to_str().unwrap().contains(&format!("\"{name}\";r=1;t=1")), "{left:?}");
        // At once: one after the other they may take as long as they have to wait.
        let answers = join_all((0..20).map(|_| server.get("/v1/projects"))).await;
        let refused =
            answers.iter().find(|answer| answer.status == 429).expect("20 are more than 2 a second");
        assert_eq!(refused.json()["code"], "too_many_requests");
        assert_eq!(refused.headers["retry-after"], "1");
        let left = refused.headers["ratelimit"].to_str().unwrap();
        assert!(left.contains(&format!("\"{name}\";r=0;t=1")), "{left}");
    }
}

#[tokio::test]
async fn an_address_may_make_so_many_calls_from_browsers() {
    let flags = ["--browser-calls-per-address", "10", "--trusted-proxy", "::"];
    let server = TestServer::with_flags(&flags).await;
    let call = async |address: &str, key: &str, items: usize| {
        let items: Vec<_> = (0..items).map(|n| json!({ "email": format!("c{n}@x.com") })).collect();
        from(&server, address, key, "/v1/batch", json!({ "items": items }).to_string()).await
    };
    let (browser, app) = (server.keys.publishable.as_str(), server.keys.secret.as_str());
    assert_eq!(call("9.9.9.9", browser, 8).await.status, 202);
    let refused = call("9.9.9.9", browser, 4).await;
    let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((6..=12).contains(&wait), "2 calls come back in 12 seconds: {wait}");
    assert_eq!(refused.expect(429)["code"], "too_many_requests");
    assert_eq!(call("9.9.9.9", browser, 2).await.status, 202, "what was refused was not counted");
    let never = call("8.8.8.8", browser, 11).await.expect(413);
    assert!(never["detail"].as_str().unwrap().contains("more than 10 at once"), "{never}");
    // What cannot be read counts as well.
    let nonsense = json!({ "items": vec![json!(7); 8] }).to_string();
    let bad = async || from(&server, "6.6.6.6", browser, "/v1/batch", nonsense.clone()).await.status;
    assert_eq!((bad().await, bad().await), (202, 429));
    // Each address has its own, and the app's own key is not held to it.
    assert_eq!(call("7.7.7.7", browser, 8).await.status, 202);
    assert_eq!(call("9.9.9.9", app, 100).await.status, 200);
}

#[tokio::test]
async fn requests_without_a_key_are_counted_as_well() {
    let server = TestServer::with_flags(&["--requests-per-address", "2"]).await;
    let page = || server.send(request("GET", "/sign-in").body(Body::empty()).unwrap());
    let statuses: Vec<u16> =
        join_all((0..20).map(|_| page())).await.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses[..2], [200, 200]);
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn a_browser_is_answered_when_the_clock_strikes_whomever_it_met() {
    let server = TestServer::start().await;
    let body =
        json!({ "items": (0..50).map(|n| json!({ "email": format!("c{n}@x.com") })).collect::<Vec<_>>() });
    for whom in ["nobody", "everybody"] {
        let begin = std::time::Instant::now();
        let answer = server.call(&server.keys.publishable, "POST", "/v1/batch", body.to_string()).await;
        assert_eq!(answer.status, 202, "{whom} is known");
        // At the first tick, or at a later one where the machine is busy: never before.
        assert!(begin.elapsed().as_millis() >= 100, "{whom} is known: {:?}", begin.elapsed());
    }
}
