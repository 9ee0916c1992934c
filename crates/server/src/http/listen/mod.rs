//! The accept loop: deadlines for all that is waited for (a plain `axum::serve` has none), caps on connections, and a
//! shutdown that finishes what was accepted.

mod connection;
mod descriptors;
mod pace;
mod rest;

use std::{convert::Infallible, net::SocketAddr, pin::pin, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo, http::header};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use self::{
    connection::{AnswerBody, Connection, Progress},
    pace::Paced,
    rest::Rest,
};
use super::budget::holder;
use crate::{budget::Share, config};
pub use descriptors::raise as raise_descriptors;
pub use pace::{Patience, TooSlow};

/// How long a shutdown waits for requests under way.
const GRACE: Duration = Duration::from_secs(30);
/// How long to wait when the process is out of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);
/// The largest head: an address of 64 KiB, which htmx sends a second time, and what a browser adds.
const HEAD: usize = 144 << 10;
/// What a connection too many is told: there is no time to read what it asks.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// How long it is waited for what.
#[derive(Clone, Copy, Debug)]
struct Deadlines {
    /// For a head.
    head: Duration,
    /// For the next request.
    idle: Duration,
    /// For a body that is sent, and an answer that is taken.
    patience: Patience,
}

impl From<&config::Limits> for Deadlines {
    fn from(limits: &config::Limits) -> Deadlines {
        let patience = Patience { most: limits.patience, rate: limits.patience_rate.0.max(1) };
        Deadlines { head: limits.head_timeout, idle: limits.idle_timeout, patience }
    }
}

/// Serves until `stop` resolves, then finishes the requests under way.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    config: &config::Server,
    stop: impl Future<Output = ()>,
) {
    let deadlines = Deadlines::from(&config.limits);
    let limits = &config.limits;
    let connections = Share::new(limits.connections.min(descriptors::room()), limits.connections_per_address);
    let mut http = http1::Builder::new();
    // Whoever closes a side has gone: an answer that nobody takes must not count as told.
    http.timer(TokioTimer::new()).header_read_timeout(None).half_close(false);
    http.max_headers(100).max_buf_size(HEAD);
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let (stream, address) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = &mut stop => break,
        };
        let Ok(part) = connections.take(holder(address.ip(), &config.trusted_proxy), 1) else {
            // It is told what fits into its socket's buffer, which is empty.
            let _ = stream.try_write(FULL);
            continue;
        };
        let progress = Progress::new();
        let io = TokioIo::new(Connection::new(stream, deadlines.patience, progress.clone()));
        let (router, told) = (router.clone(), progress.clone());
        let answer = service_fn(move |request| answer(router.clone(), address, deadlines, &told, request));
        let connection = graceful.watch(http.serve_connection(io, answer));
        tokio::spawn(async move {
            let ended = progress.watch(deadlines, connection).await;
            if !matches!(ended, Some(Ok(()))) {
                tracing::debug!(?ended, %address, "connection cut off");
            }
            drop(part);
        });
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(GRACE) => tracing::warn!("some requests did not end in time"),
    }
}

/// Answers a request; its body is waited for with patience, and it is over when the answer has gone.
fn answer(
    router: Router,
    address: SocketAddr,
    deadlines: Deadlines,
    progress: &Progress,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<AnswerBody>, Infallible>> + Send + use<> {
    let answering = progress.request();
    let rest = Rest::default();
    // Who waits to be told to go on with a body has sent none of it.
    let waits = request.headers().contains_key(header::EXPECT);
    let mut request = request.map(|body| Body::new(Paced::new(rest.of(body), deadlines.patience)));
    request.extensions_mut().insert(ConnectInfo(address));
    async move {
        let response = router.oneshot(request).await?;
        if !waits {
            rest.drain().await;
        }
        Ok(response.map(|body| AnswerBody::new(body, answering)))
    }
}

/// The next connection; errors of single connections, and a lack of file descriptors, are waited out.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                // Answers are small and complete: waiting to fill a packet only delays them.
                let _ = stream.set_nodelay(true);
                return (stream, address);
            }
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
