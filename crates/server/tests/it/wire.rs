//! What stands between a caller and a handler: codings of bodies, what browsers ask first, addresses that are nearly right,
//! keys of JSON that come twice, and texts that no route can read.

use axum::{
    body::Body,
    http::{Method, Request, Response},
};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};
use tower_http::compression::{CompressionLayer, predicate::SizeAbove};

use crate::support::server::{Answer, TestServer, request};

const CODINGS: [&str; 4] = ["gzip", "deflate", "br", "zstd"];

/// A body as a client would compress it.
async fn compressed(coding: &str, body: impl Into<Body>) -> Vec<u8> {
    let body = body.into();
    let answer = CompressionLayer::new().compress_when(SizeAbove::new(0)).layer(service_fn(
        async |request: Request<Body>| Ok::<_, std::convert::Infallible>(Response::new(request.into_body())),
    ));
    let request = Request::builder().header("accept-encoding", coding).body(body).unwrap();
    let answer = answer.oneshot(request).await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], coding);
    axum::body::to_bytes(Body::new(answer.into_body()), usize::MAX).await.unwrap().to_vec()
}

async fn send(server: &TestServer, method: &str, path: &str, coding: &str, body: Vec<u8>) -> Answer {
    let request = request(method, path)
        .header("authorization", format!("Bearer {}", server.keys.secret))
        .header("content-encoding", coding);
    server.send(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn every_route_reads_compressed_bodies() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com", "params": { "n": 1 } })).await;
    let segment = |name: &str| json!({ "name": name, "filter": "params.n = 1" });
    for coding in CODINGS {
        for (method, path, body, status) in [
            ("POST", "/v1/identify", json!({ "email": "ada@x.com" }), 200),
            ("POST", "/v1/ping", json!({ "email": "ada@x.com" }), 200),
            ("POST", "/v1/batch", json!([{ "email": "ada@x.com" }]), 200),
            ("POST", "/v1/query", json!({ "filter": "params.n = 1" }), 200),
            ("POST", "/v1/segments", segment(coding), 201),
            ("PUT", &format!("/v1/segments/{coding}"), segment(&format!("other {coding}")), 200),
        ] {
            let sent = compressed(coding, body.to_string()).await;
            let answer = send(&server, method, path, coding, sent).await;
            assert_eq!(answer.status, status, "{coding} {method} {path}: {}", answer.text());
        }
        // A form of a page: it is read, and whoever sends it is not known.
        let form = compressed(coding, "email=ada%40x.com&password=no").await;
        let request = Request::builder()
            .method("POST")
            .uri("/sign-in")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-encoding", coding);
        assert_eq!(server.send(request.body(form.into()).unwrap()).await.status, 401, "{coding}");
    }
    let gzip = compressed("gzip", r#"{"email":"ada@x.com"}"#).await;
    for name in ["GZIP", "x-gzip", "X-Gzip", " gzip", "gzip, identity"] {
        send(&server, "POST", "/v1/identify", name, gzip.clone()).await.expect(200);
    }
    // Two members in a row are one body.
    let halves = [compressed("gzip", r#"{"email":"#).await, compressed("gzip", r#""ada@x.com"}"#).await];
    send(&server, "POST", "/v1/identify", "gzip", halves.concat()).await.expect(200);
    send(&server, "POST", "/v1/identify", "identity", br#"{"email":"ada@x.com"}"#.to_vec()).await.expect(200);
}

#[tokio::test]
async fn a_body_is_bounded_after_it_is_decompressed() {
    let server = TestServer::start().await;
    for coding in CODINGS {
        let bomb = compressed(coding, vec![b' '; 40 << 20]).await;
        assert!(bomb.len() < 200_000);
        for path in ["/v1/identify", "/v1/batch", "/v1/query", "/v1/segments"] {
            let answer = send(&server, "POST", path, coding, bomb.clone()).await;
            assert_eq!(answer.expect(413)["code"], "too_large", "{coding} {path}");
        }
        let form = Request::builder()
            .method("POST")
            .uri("/sign-in")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-encoding", coding);
        let answer = server.send(form.body(bomb.into()).unwrap()).await;
        assert_eq!(answer.expect(413)["code"], "too_large", "{coding} /sign-in");
        let cut = &compressed(coding, "[".repeat(1000)).await[..9];
        for wrong in [b"{\"email\":\"ada@x.com\"}", cut] {
            let answer = send(&server, "POST", "/v1/identify", coding, wrong.to_vec()).await;
            assert_eq!(answer.expect(400)["code"], "invalid_request", "{coding}");
        }
    }
}

#[tokio::test]
async fn a_coding_that_is_not_read_is_named_with_those_that_are() {
    let server = TestServer::start().await;
    for (path, coding) in [
        ("/v1/identify", "compress"),
        ("/v1/query", "gzip, br"),
        ("/v1/segments", "lzma"),
        ("/sign-in", "snappy"),
    ] {
        let answer = send(&server, "POST", path, coding, b"{}".to_vec()).await;
        let problem = answer.expect(415);
        assert_eq!(problem["code"], "unsupported_media_type");
        assert!(problem["hint"].as_str().unwrap().contains("gzip, deflate, br, zstd"), "{problem}");
        assert_eq!(answer.headers["accept-encoding"], "gzip, deflate, br, zstd");
        let cors = answer.headers.contains_key("access-control-allow-origin");
        assert_eq!(cors, path == "/v1/identify", "{path}");
    }
}

#[tokio::test]
async fn browsers_may_send_whatever_headers_their_tools_add() {
    let server = TestServer::start().await;
    let asked = "authorization,content-type,baggage,sentry-trace,traceparent,tracestate,request-id,idempotency-key,x-b3-traceid";
    for path in ["/v1/identify", "/v1/ping", "/v1/batch", "/v1/identify/"] {
        let ask = Request::builder()
            .method(Method::OPTIONS)
            .uri(path)
            .header("origin", "https://app.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", asked);
        let answer = server.send(ask.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.headers["access-control-allow-headers"], asked, "{path}");
        assert_eq!(answer.headers["access-control-allow-origin"], "*", "{path}");
        assert!(!answer.headers.contains_key("access-control-allow-credentials"), "{path}");
    }
    let ask = Request::builder()
        .method(Method::OPTIONS)
        .uri("/v1/query")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "POST");
    let answer = server.send(ask.body(Body::empty()).unwrap()).await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"), "only those that write are open");
}

#[tokio::test]
async fn a_slash_too_many_is_no_other_address() {
    let server = TestServer::start().await;
    let body = json!({ "email": "ada@x.com" });
    for (n, path) in
        ["/v1/identify", "/v1/identify/", "//v1/identify", "/v1/identify//"].into_iter().enumerate()
    {
        let request = request("POST", path)
            .header("authorization", format!("Bearer {}", server.keys.secret))
            .header("origin", "https://app.example")
            .header("idempotency-key", "once");
        let answer = server.send(request.body(body.to_string().into()).unwrap()).await;
        assert_eq!(answer.expect(200)["created"], true, "{n}: the same request, the same answer");
        assert_eq!(answer.headers["access-control-allow-origin"], "*", "{path}");
    }
    assert_eq!(server.get("/v1/projects/").await.status, 200);
    assert_eq!(server.get("/v1/customers/ada@x.com/").await.status, 200);
    assert_eq!(server.get("/").await.status, 303);
}

#[tokio::test]
async fn a_key_that_comes_twice_is_refused_with_its_place() {
    let server = TestServer::start().await;
    let twice = |pointer: &str| vec![pointer.to_owned()];
    for (method, path, body, places) in [
        ("POST", "/v1/identify", r#"{"email":"a@x.com","email":"b@x.com"}"#, twice("/email")),
        ("POST", "/v1/identify", r#"{"email":"a@x.com","status":null,"status":"paid"}"#, twice("/status")),
        ("POST", "/v1/identify", r#"{"email":"a@x.com","params":{"p":1,"\u0070":1}}"#, twice("/params/p")),
        (
            "POST",
            "/v1/identify",
            r#"{"email":"a@x.com","params":{"a":[{"b/c":1,"b/c":1}]}}"#,
            twice("/params/a/0/b~1c"),
        ),
        (
            "POST",
            "/v1/identify",
            r#"{"email":"a@x.com","params":{"a":1,"a":2,"a":3},"set_once":{"b":1,"b":1}}"#,
            ["/params/a", "/params/a", "/set_once/b"].map(str::to_owned).to_vec(),
        ),
        ("POST", "/v1/ping", r#"{"email":"a@x.com","email":"a@x.com"}"#, twice("/email")),
        ("POST", "/v1/batch", r#"{"items":[],"items":[]}"#, twice("/items")),
        ("POST", "/v1/query", r#"{"filter":"a = 1","filter":""}"#, twice("/filter")),
        ("POST", "/v1/segments", r#"{"name":"a","filter":"a = 1","name":"b"}"#, twice("/name")),
        ("PUT", "/v1/segments/a", r#"{"name":"a","filter":"a = 1","name":"b"}"#, twice("/name")),
    ] {
        let answer = server.call(&server.keys.secret, method, path, body).await;
        let problem = answer.expect(400);
        assert_eq!(problem["code"], "invalid_json", "{path} {body}");
        let found: Vec<&str> =
            problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
        assert_eq!(found, places, "{path} {body}");
    }
    let items = r#"[{"email":"a@x.com","name":"A","name":"B"},{"email":"b@x.com"}]"#;
    let answer = server.call(&server.keys.secret, "POST", "/v1/batch", items).await.expect(200);
    assert_eq!(answer["results"][0]["code"], "invalid_json");
    assert_eq!(answer["results"][0]["errors"][0]["pointer"], "/name");
    assert_eq!(answer["results"][1]["ok"], true);
    assert_eq!(server.count("customer").await, 1);
}

#[tokio::test]
async fn a_hundred_thousand_keys_that_come_twice_are_refused_shortly_and_soon() {
    let server = TestServer::start().await;
    let keys: Vec<String> = (0..100_000).map(|n| format!("\"{}\":1", n % 50_000)).collect();
    let body = format!(r#"{{"email":"a@x.com","params":{{{}}}}}"#, keys.join(","));
    let begin = std::time::Instant::now();
    let answer = server.call(&server.keys.secret, "POST", "/v1/identify", body).await;
    assert!(begin.elapsed() < std::time::Duration::from_secs(5), "{:?}", begin.elapsed());
    assert_eq!(answer.expect(400)["code"], "invalid_json");
    assert!(answer.body.len() < 20_000);
}

#[tokio::test]
async fn what_no_route_can_read_is_a_problem_too() {
    let server = TestServer::start().await;
    for (method, path, status) in [
        ("GET", "/v1/customers/%FF", 400),
        ("DELETE", "/v1/customers/%FF", 400),
        ("GET", "/v1/customers/%00", 404),
        ("DELETE", "/v1/customers/%00", 404),
        ("GET", "/v1/customers/a@x.com?cursor=%FF", 400),
        ("GET", "/v1/customers/a@x.com?cursor=%00", 422),
        ("GET", "/v1/segments/%FF", 400),
        ("GET", "/v1/segments/%00", 404),
        ("PUT", "/v1/segments/%FF", 400),
        ("DELETE", "/v1/segments/%FF", 400),
        ("GET", "/v1/params?project=%00", 404),
        ("GET", "/v1/params?filter=%FF", 400),
        ("GET", "/v1/query?project=%00", 404),
        ("GET", "/v1/query?filter=a%20%3D%20%00", 422),
        ("GET", "/v1/export?project=%00", 404),
        ("GET", "/v1/export?format=xml", 422),
        ("GET", "/static/%FF/style.css", 400),
        ("GET", "/sign-in?next=1&next=2", 400),
        ("POST", "/sign-in", 415),
    ] {
        let answer = server.call(&server.keys.secret, method, path, Body::empty()).await;
        let problem: Value = serde_json::from_slice(&answer.body)
            .unwrap_or_else(|_| panic!("{method} {path}: {} {}", answer.status, answer.text()));
        assert_eq!(answer.status, status, "{method} {path}: {problem}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{method} {path}");
        assert_eq!(problem["request_id"], answer.headers["x-request-id"].to_str().unwrap());
    }
}
