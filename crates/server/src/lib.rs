//! The TinyCRM server: store, HTTP API and dashboard.
//!
//! Data flows one way: `budget, heavy, config, model ← store ← export ← import | http ← api | web ← router ← this file`; `embedded` uses `config` only.

pub mod api;
pub mod budget;
pub mod config;
pub mod embedded;
pub mod export;
pub mod heavy;
pub mod http;
pub mod import;
pub mod model;
pub mod router;
pub mod store;
pub mod web;

use std::{future, net::SocketAddr};

use tokio::net::TcpListener;

/// Fails where a server could not listen: what is told before a database is made and started for it is told at once.
pub async fn vacant(config: &config::Server) -> Result<(), Error> {
    bind(config.listen, "--listen").await?;
    if let Some(address) = config.metrics_listen {
        bind(address, "--metrics-listen").await?;
    }
    Ok(())
}

/// Migrates the database, then serves until `stop` resolves. `ready` is called with the bound address.
pub async fn serve(
    database: tokio_postgres::Config,
    config: config::Server,
    ready: impl AsyncFnOnce(&http::App, SocketAddr),
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    let store = store::Store::open(database, config.pool)?;
    store::migrate::run(&store).await?;
    let listener = bind(config.listen, "--listen").await?;
    let address = listener.local_addr().map_err(|source| Error::Listen(config.listen, "--listen", source))?;
    // Links need the real port, also where any was asked for.
    let config = config::Server { listen: address, ..config };
    http::listen::raise_descriptors();
    tokio::spawn(store::sweep::forever(store.clone()));
    tokio::spawn(store::log::sample(store.clone()));
    let telling = tokio::spawn(store::index::follower::forever(store.clone()));
    let app = http::App::new(store.clone(), config.clone());
    serve_metrics(&app).await?;
    ready(&app, address).await;
    let streams = app.streams.clone();
    let stop = async {
        stop.await;
        // They have no end of their own, and what is under way is waited for.
        streams.end();
    };
    http::listen::serve(listener, router::router(app), &config, stop).await;
    telling.abort();
    store::index::follower::retire(&store).await;
    Ok(())
}

/// Serves the metrics apart from everything else, if they are asked for.
async fn serve_metrics(app: &http::App) -> Result<(), Error> {
    if let Some(address) = app.config.metrics_listen {
        let listener = bind(address, "--metrics-listen").await?;
        let (router, config) = (router::metrics(app.clone()), app.config.clone());
        tokio::spawn(async move { http::listen::serve(listener, router, &config, future::pending()).await });
    }
    Ok(())
}

async fn bind(address: SocketAddr, flag: &'static str) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| Error::Listen(address, flag, source))
}

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database, or its schema.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The address is taken or not ours.
    #[error("cannot listen on {0}: {2}; choose another with {1}")]
    Listen(SocketAddr, &'static str, #[source] std::io::Error),
}
