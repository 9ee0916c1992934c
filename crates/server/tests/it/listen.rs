//! The accept loop: slow clients are cut off, quick ones do not notice them, a shutdown finishes what it accepted.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use server::{http::listen, router};
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
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = router::router(server.app.clone());
    let served = tokio::spawn(listen::serve(listener, router, async {
        let _ = stopped.await;
    }));
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
