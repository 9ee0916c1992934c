//! What is counted has labels of closed sets: whoever invents methods and addresses takes no memory.

use axum::body::Body;

use crate::support::server::{TestServer, metrics};

#[tokio::test]
async fn invented_methods_and_addresses_are_no_new_labels() {
    let server = TestServer::start().await;
    let send = async |n: usize| {
        let long = "X".repeat(if n == 7 { 10_000 } else { 1 });
        server.call("", &format!("M{n}{long}"), &format!("/nothing/{n}"), Body::empty()).await;
        server.call("", &format!("M{n}{long}"), "/v1/identify", Body::empty()).await;
        server.call("", "GET", &format!("/customers/{n}@x.com"), Body::empty()).await;
    };
    send(0).await;
    let before = metrics(&server.app).await;
    for n in 1..200 {
        send(n).await;
    }
    let after = metrics(&server.app).await;
    assert_eq!(after.lines().count(), before.lines().count());
    assert!(after.contains(r#"method="other",route="/v1/identify",status="405""#), "{after}");
    assert!(!after.contains("@x.com") && !after.contains("M1"), "{after}");
}

#[tokio::test]
async fn metrics_are_not_where_everybody_comes() {
    let server = TestServer::start().await;
    assert_eq!(server.get("/metrics").await.status, 404);
    assert!(metrics(&server.app).await.contains("tinycrm_http_requests_total"));
}
