//! The TinyCRM server: store, HTTP API and dashboard.
//!
//! Data flows one way: `config, model ← store ← export ← import | http ← api | web ← router ← this file`; `embedded` uses `config` only.

pub mod api;
pub mod config;
pub mod embedded;
pub mod export;
pub mod http;
pub mod import;
pub mod model;
pub mod router;
pub mod store;
pub mod web;

use tokio::net::TcpListener;

/// Migrates the database, then serves until `stop` resolves. `ready` is called with the bound address.
pub async fn serve(
    database: tokio_postgres::Config,
    config: config::Server,
    ready: impl AsyncFnOnce(&http::App, std::net::SocketAddr),
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    let store = store::Store::open(database, config.pool)?;
    store::migrate::run(&store).await?;
    let listener =
        TcpListener::bind(config.listen).await.map_err(|source| Error::Listen(config.listen, source))?;
    let address = listener.local_addr().map_err(|source| Error::Listen(config.listen, source))?;
    // Links need the real port, also where any was asked for.
    let config = config::Server { listen: address, ..config };
    tokio::spawn(store::sweep::forever(store.clone()));
    tokio::spawn(store::log::sample(store.clone()));
    tokio::spawn(store::index::follower::forever(store.clone()));
    let app = http::App::new(store.clone(), config);
    ready(&app, address).await;
    http::listen::serve(listener, router::router(app), stop).await;
    store::index::follower::retire(&store).await;
    Ok(())
}

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database, or its schema.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The address is taken or not ours.
    #[error("cannot listen on {0}: {1}; choose another with --listen")]
    Listen(std::net::SocketAddr, #[source] std::io::Error),
}
