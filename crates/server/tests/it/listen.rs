//! The accept loop: slow clients are cut off, quick ones do not notice them, a shutdown finishes what it accepted.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::json;
use server::{config, http::listen, router};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

use crate::support::server::TestServer;

/// As many connections as a test may open without raising the limit of file descriptors.
const SLOW: usize = 400;

/// A server on a real socket; sending or dropping `stop` shuts it down.
struct Listening {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

async fn listening(server: &TestServer) -> Listening {
    listening_with(server, server.app.config.limits.clone()).await
}

/// A server with limits of its own.
async fn listening_with(server: &TestServer, limits: config::Limits) -> Listening {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = router::router(server.app.clone());
    let config = config::Server { limits, ..(*server.app.config).clone() };
    let served = tokio::spawn(async move {
        let stop = async {
            let _ = stopped.await;
        };
        listen::serve(listener, router, &config, stop).await;
    });
    Listening { address, stop, served }
}

/// Sends a whole request and reads the answer to its end.
async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_never_finish_their_headers_are_cut_off_and_hinder_nobody() {
    let server = TestServer::start().await;
    let on = listening(&server).await;
    let begin = Instant::now();
    let mut slow = Vec::new();
    for _ in 0..SLOW {
        let mut stream = TcpStream::connect(on.address).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ").await.unwrap();
        slow.push(stream);
    }
    assert!(get(on.address, "/healthz").await.starts_with("HTTP/1.1 200"));
    for mut stream in slow {
        let mut rest = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut rest)).await;
        assert!(read.is_ok(), "a slow connection is still open after {:?}", begin.elapsed());
    }
}

#[tokio::test]
async fn garbage_is_a_400_and_too_many_headers_a_431() {
    let server = TestServer::start().await;
    let on = listening(&server).await;
    for (request, status) in [
        ("\u{16}\u{3}\u{1} TLS?\r\n\r\n".to_owned(), "400"),
        (format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(200)), "431"),
    ] {
        let mut stream = TcpStream::connect(on.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer:?}");
    }
    assert!(get(on.address, "/healthz").await.starts_with("HTTP/1.1 200"));
}

/// htmx says at each request where the page is, so a long filter comes twice.
#[tokio::test]
async fn the_longest_address_may_come_twice() {
    let server = TestServer::start().await;
    let on = listening(&server).await;
    let long = "x".repeat(65_000);
    let path = format!("/healthz?{long} HTTP/1.1\r\nhx-current-url: http://x/?{long}\r\nx-rest:");
    assert!(get(on.address, &path).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_shutdown_answers_the_request_under_way_and_takes_no_other() {
    let server = TestServer::start().await;
    let on = listening(&server).await;
    let body = r#"{"email":"ada@example.com"}"#;
    let mut stream = TcpStream::connect(on.address).await.unwrap();
    let head = format!(
        "POST /v1/identify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        server.keys.secret,
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    on.stop.send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(TcpStream::connect(on.address).await.is_err(), "a new connection was taken");
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    on.served.await.unwrap();
}

/// A connection that is closed with bytes in it is reset: the answer would be lost.
#[tokio::test]
async fn whoever_is_refused_while_sending_gets_the_answer() {
    let server = TestServer::start().await;
    let on = listening(&server).await;
    for length in [300, 200_000, 900_000] {
        let mut stream = TcpStream::connect(on.address).await.unwrap();
        let head = format!("POST /v1/imports HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        stream.write_all(&vec![b'x'; length]).await.unwrap();
        let answer = self::head(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{length}: {answer}");
    }
}

/// A connection on which a head was sent, for a body of so many bytes.
async fn begun(server: &TestServer, address: SocketAddr, path: &str, kind: &str, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n",
        server.keys.secret
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// Reads the head of an answer without a body to speak of.
async fn head(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 4 << 10];
    let count = stream.read(&mut bytes).await.unwrap();
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

#[tokio::test]
async fn a_connection_may_be_silent_between_requests_for_longer_than_a_head_may_take() {
    let server = TestServer::start().await;
    let limits = server.app.config.limits.clone();
    let short = Duration::from_millis(1500);
    let on = listening_with(&server, config::Limits { head_timeout: short, ..limits.clone() }).await;
    let mut stream = TcpStream::connect(on.address).await.unwrap();
    for _ in 0..2 {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert!(head(&mut stream).await.starts_with("HTTP/1.1 200"));
        tokio::time::sleep(short * 5 / 4).await;
    }
    // Half a head after the silence is held to the time of a head again.
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost").await.unwrap();
    assert_eq!(head(&mut stream).await, "", "it was cut off");
    // Nor is the silence for ever.
    let on = listening_with(&server, config::Limits { idle_timeout: short, ..limits }).await;
    let mut stream = TcpStream::connect(on.address).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 200"));
    assert_eq!(head(&mut stream).await, "", "it was closed");
}

#[tokio::test]
async fn bodies_that_drip_or_stall_are_a_408_on_every_route_that_takes_one() {
    let server = TestServer::start().await;
    let limits = server.app.config.limits.clone();
    let on = listening_with(&server, config::Limits { patience: Duration::from_millis(300), ..limits }).await;
    let form = "application/x-www-form-urlencoded";
    for (path, kind) in [
        ("/v1/identify", "application/json"),
        ("/v1/batch", "application/json"),
        ("/v1/query", "application/json"),
        ("/v1/imports", "text/csv"),
        ("/sign-in", form),
    ] {
        let (mut reading, mut writing) = begun(&server, on.address, path, kind, 1000).await.into_split();
        let drip = tokio::spawn(async move {
            while writing.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let mut answer = String::new();
        let _ = reading.read_to_string(&mut answer).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{path}: {answer}");
        assert!(kind == form || answer.contains(r#""code":"timeout""#), "{path}: {answer}");
        drip.abort();
    }
}

#[tokio::test]
async fn whoever_does_not_take_an_answer_is_cut_off() {
    let server = TestServer::start().await;
    for n in 0..40 {
        let body = json!({ "email": format!("c{n}@x.com"), "params": { "text": "x".repeat(500_000) } });
        assert_eq!(server.post("/v1/identify", body).await.status, 200);
    }
    let limits = server.app.config.limits.clone();
    let on = listening_with(&server, config::Limits { patience: Duration::from_millis(300), ..limits }).await;
    let mut stream = TcpStream::connect(on.address).await.unwrap();
    let request = format!(
        "GET /v1/export?format=ndjson HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        server.keys.secret
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    // A shutdown waits for requests under way: this one it has given up.
    tokio::time::sleep(Duration::from_secs(1)).await;
    on.stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(10), on.served).await.unwrap().unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.len() < 20_000_000 && !answer.ends_with(b"0\r\n\r\n"), "{} bytes", answer.len());
}

#[tokio::test]
async fn a_connection_too_many_is_told_so_and_the_others_go_on() {
    let server = TestServer::start().await;
    let limits = config::Limits { connections_per_address: 2, ..server.app.config.limits.clone() };
    let on = listening_with(&server, limits).await;
    let mut first = TcpStream::connect(on.address).await.unwrap();
    first.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(head(&mut first).await.starts_with("HTTP/1.1 200"));
    assert!(get(on.address, "/healthz").await.starts_with("HTTP/1.1 200"));
    let _second = TcpStream::connect(on.address).await.unwrap();
    let mut third = TcpStream::connect(on.address).await.unwrap();
    assert!(head(&mut third).await.starts_with("HTTP/1.1 503"));
    first.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(head(&mut first).await.starts_with("HTTP/1.1 200"));
}
