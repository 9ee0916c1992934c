//! The store: Postgres, the only truth. All SQL of the server lives in this folder and in `migrations/`.
//!
//! Every function takes the [`Store`] and, for a tenant's data, an [`AccountId`], which only an identity look-up in
//! this module can make. User text reaches a statement as a bind, never as text.

mod account;
mod alias;
mod batch;
pub mod catalogue;
mod clock;
pub mod customer;
pub mod erase;
mod error;
pub mod export;
pub mod history;
mod idempotency;
pub mod ignored;
pub mod import;
pub mod index;
mod jsonb;
pub mod key;
pub mod lexicon;
pub mod log;
pub mod member;
pub mod migrate;
pub mod project;
pub mod query;
mod receipt;
mod row;
pub mod segment;
pub mod session;
pub mod settings;
mod snapshot;
mod statement;
pub mod sweep;
mod transaction;
mod view;
pub mod write;
mod zone;

use std::{sync::Arc, time::Duration};

use deadpool::managed::QueueMode;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts};
use prometheus_client::metrics::counter::Counter;
use tokio::sync::Semaphore;
use tokio_postgres::config::{Host, SslMode};

pub use account::{Account, AccountId};
pub use account::{list as accounts, load as account, open as open_account};
pub use error::Error;
pub use view::{Rows, View};
pub use zone::set as set_zone;

/// How long a request waits for a free connection before it is told to come back.
const WAIT: Duration = Duration::from_secs(5);
/// One connection of so many may be held by an export, which holds it for as long as its reader reads.
const EXPORTS: usize = 4;

/// A handle on the database; cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
    keys: key::Cache,
    begun: write::Begun,
    ignored: ignored::Cache,
    /// Relationships of which the log was found to tell something else than the row.
    log_differences: Counter,
    indexes: index::Indexes,
    exports: Arc<Semaphore>,
}

impl Store {
    /// Opens a pool of `size` connections. Nothing is connected yet: the first statement says whether that works.
    pub fn open(config: tokio_postgres::Config, size: usize) -> Result<Store, Error> {
        let indexes = index::Indexes::new(pool(config.clone(), index::CONNECTIONS)?);
        Ok(Store {
            pool: pool(config, size)?,
            keys: key::Cache::default(),
            begun: write::Begun::default(),
            ignored: ignored::Cache::default(),
            log_differences: Counter::default(),
            indexes,
            exports: Arc::new(Semaphore::new((size / EXPORTS).max(1))),
        })
    }

    /// A connection of the pool. Statements prepared with `prepare_cached` live as long as it does.
    pub(in crate::store) async fn client(&self) -> Result<Object, Error> {
        Ok(self.pool.get().await?)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        self.client().await?.simple_query("select 1").await?;
        Ok(())
    }
}

/// A pool of connections.
fn pool(config: tokio_postgres::Config, size: usize) -> Result<Pool, Error> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    // TLS checks a host's name, and a socket has none.
    let sockets = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
    let manager = match config.get_ssl_mode() {
        SslMode::Disable => Manager::from_config(config, tokio_postgres::NoTls, recycling),
        _ if sockets => Manager::from_config(config, tokio_postgres::NoTls, recycling),
        _ => Manager::from_config(config, tls(), recycling),
    };
    let timeouts = Timeouts { wait: Some(WAIT), create: Some(WAIT), recycle: Some(WAIT) };
    Pool::builder(manager)
        .max_size(size)
        // The connection that was used last has its plans and its caches warm.
        .queue_mode(QueueMode::Lifo)
        .timeouts(timeouts)
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|e| Error::Config(e.to_string()))
}

/// TLS for databases elsewhere: certificates are checked against the web's roots.
fn tls() -> tokio_postgres_rustls::MakeRustlsConnect {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring's provider supports the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    tokio_postgres_rustls::MakeRustlsConnect::new(config)
}
