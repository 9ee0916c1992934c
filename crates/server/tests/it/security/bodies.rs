//! What is being read takes memory, so it is counted: one address leaves room for others, and whoever is over is told.

use std::pin::{Pin, pin};

use axum::body::{Body, Bytes};
use futures_util::{StreamExt, stream};

use crate::support::server::{Answer, TestServer, request};

/// A body of so many bytes that never ends.
fn unfinished(bytes: usize) -> Body {
    let begun = stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![b' '; bytes]))]);
    Body::from_stream(begun.chain(stream::pending()))
}

/// A batch that comes through a proxy from an address.
async fn batch(server: &TestServer, from: &str, body: Body) -> Answer {
    let request =
        request("POST", "/v1/batch").header("authorization", format!("Bearer {}", server.keys.secret));
    server.send(request.header("x-forwarded-for", from).body(body).unwrap()).await
}

/// Lets a request go on until so many bytes are held.
async fn held(server: &TestServer, mut request: Pin<&mut impl Future<Output = Answer>>, bytes: usize) {
    while server.app.budget.bytes_in_flight() < bytes {
        tokio::select! {
            biased;
            answer = &mut request => panic!("it never ends: {}", answer.text()),
            () = tokio::task::yield_now() => {}
        }
    }
}

#[tokio::test]
async fn bodies_that_are_being_read_are_bounded_together() {
    let flags = ["--body-memory", "3M", "--body-memory-per-address", "2M", "--trusted-proxy", "::"];
    let server = TestServer::with_flags(&flags).await;
    let mut first = pin!(batch(&server, "9.9.9.9", unfinished(3 << 19)));
    held(&server, first.as_mut(), 3 << 19).await;
    let over = batch(&server, "9.9.9.9", unfinished(1 << 20)).await;
    assert_eq!(over.expect(429)["code"], "too_many_requests");
    let mut second = pin!(batch(&server, "8.8.8.8", unfinished(1 << 20)));
    held(&server, second.as_mut(), 5 << 19).await;
    let full = batch(&server, "7.7.7.7", unfinished(1 << 20)).await;
    assert_eq!(full.headers["retry-after"], "1");
    assert_eq!(full.expect(503)["code"], "busy");
    // Small ones are answered meanwhile.
    let small = Body::from(r#"{"items":[{"email":"ada@x.com"}]}"#);
    assert_eq!(batch(&server, "7.7.7.7", small).await.status, 200);
}

#[tokio::test]
async fn a_publishable_key_sends_small_bodies_only() {
    let server = TestServer::start().await;
    let body = format!(r#"{{"email":"ada@x.com","params":{{"text":"{}"}}}}"#, "x".repeat(300_000));
    let call = async |key: &str| server.call(key, "POST", "/v1/identify", body.clone()).await;
    assert_eq!(call(&server.keys.secret).await.status, 200);
    let refused = call(&server.keys.publishable).await.expect(413);
    assert!(refused["detail"].as_str().unwrap().contains("256 KiB"), "{refused}");
}
