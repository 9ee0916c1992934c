//! The store: Postgres, the only truth. All SQL of the server lives in this folder and in `migrations/`.
//!
//! Every function takes the [`Store`] and, for a tenant's data, an [`AccountId`], which only an identity look-up in
//! this module can make. User text reaches a statement as a bind, never as text.

mod account;
pub mod act;
mod alias;
pub mod author;
mod batch;
pub mod catalogue;
mod clock;
pub mod customer;
mod days;
pub mod dossier;
pub mod erase;
mod error;
pub mod events;
pub mod export;
pub mod extent;
pub mod history;
mod hosts;
mod idempotency;
pub mod ignored;
pub mod import;
pub mod index;
mod jsonb;
pub mod key;
mod lane;
pub mod lexicon;
pub mod log;
pub mod member;
pub mod migrate;
pub mod note;
mod outcome;
mod pages;
mod progress;
pub mod project;
mod pulse;
pub mod query;
mod receipt;
pub mod recent;
mod row;
pub mod segment;
pub mod session;
pub mod settings;
mod snapshot;
mod statement;
pub mod sweep;
pub mod then;
mod transaction;
pub mod vacuum;
mod view;
pub mod write;
mod zone;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use deadpool::managed::QueueMode;
use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod,
    Runtime, Timeouts,
};
use prometheus_client::metrics::counter::Counter;
use tokio_postgres::{
    config::{Host, SslMode},
    error::SqlState,
};

pub use account::{Account, AccountId};
pub use account::{
    list as accounts, load as account, open as open_account, rename as rename_account, set_formats,
};
pub use error::Error;
pub use view::{Rows, View};
pub use zone::set as set_zone;

/// How long a request waits for a free connection before it is told to come back.
const WAIT: Duration = Duration::from_secs(5);
/// Connections to ask whether the database is there: the pulse's, and one for whoever looks.
const HEALTH: usize = 2;
/// One connection of so many is for the batches of calls.
const WRITES: usize = 4;
/// How long is waited between two attempts to connect, while the database has no connection to give.
const GLANCE: Duration = Duration::from_millis(50);

/// A handle on the database; cheap to clone.
#[derive(Clone)]
pub struct Store {
    /// For statements that are quick, and for whoever has got a turn in a lane.
    pool: Pool,
    /// For the batches of [`write::Writer`] alone.
    writes: Pool,
    /// For [`Store::ping`] alone.
    health: Pool,
    lanes: Arc<lane::Lanes>,
    keys: key::Cache,
    begun: write::Begun,
    ignored: ignored::Cache,
    /// Relationships of which the log was found to tell something else than the row.
    log_differences: Counter,
    indexes: index::Indexes,
    events: events::Events,
    pulse: pulse::Pulse,
}

impl Store {
    /// Opens a pool of `size` connections; how many that makes in all, [`settings::pool`] knows. Nothing is connected yet:
    /// the first statement says whether that works.
    pub fn open(config: tokio_postgres::Config, size: usize) -> Result<Store, Error> {
        let writes = (size / WRITES).max(1);
        let rest = size.saturating_sub(writes).max(1);
        let pulse = pulse::Pulse::of(pool(config.clone(), 1, &pulse::Pulse::none())?);
        let of_index = pool(config.clone(), settings::of_index(size), &pulse)?;
        let events = events::Events::default();
        let indexes = index::Indexes::new(of_index, pulse.clone(), events.clone());
        Ok(Store {
            writes: pool(config.clone(), writes, &pulse)?,
            health: pool(config.clone(), 1, &pulse)?,
            pool: pool(config, rest, &pulse)?,
            lanes: Arc::new(lane::Lanes::over(rest)),
            pulse,
            keys: key::Cache::default(),
            begun: write::Begun::default(),
            ignored: ignored::Cache::default(),
            log_differences: Counter::default(),
            indexes,
            events,
        })
    }

    /// A connection of the pool. Statements prepared with `prepare_cached` live as long as it does.
    pub(in crate::store) async fn client(&self) -> Result<Object, Error> {
        self.pulse.client(&self.pool).await
    }

    /// A connection for a batch of calls.
    pub(in crate::store) async fn writing(&self) -> Result<Object, Error> {
        self.pulse.client(&self.writes).await
    }

    /// A connection for a change of the account that is no call, which waits for the account's turn while it has it.
    pub(in crate::store) async fn changing(&self, account: AccountId) -> Result<lane::Held, Error> {
        let turn = self.lanes.changes.turn(View::account(account)).await?;
        Ok(lane::Held::new(self.client().await?, turn))
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        self.pulse.client(&self.health).await?.simple_query("select 1").await?;
        Ok(())
    }
}

/// A connection of a pool. A database that has none to give just now may have one in a moment.
async fn connect(pool: &Pool) -> Result<Object, Error> {
    let begin = Instant::now();
    loop {
        match pool.get().await {
            Err(error) if is_full(&error) && begin.elapsed() < WAIT => tokio::time::sleep(GLANCE).await,
            other => return Ok(other?),
        }
    }
}

/// Whether the database answered that it has no connection to give.
fn is_full(error: &PoolError) -> bool {
    matches!(error, PoolError::Backend(error) if error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS))
}

/// A pool of connections, which are cut when the pulse is lost.
fn pool(config: tokio_postgres::Config, size: usize, pulse: &pulse::Pulse) -> Result<Pool, Error> {
    let config = pulse::patient(config);
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    // TLS checks a host's name, and a socket has none.
    let sockets = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
    let manager = match config.get_ssl_mode() {
        SslMode::Disable => Manager::from_connect(config, pulse.line(tokio_postgres::NoTls), recycling),
        _ if sockets => Manager::from_connect(config, pulse.line(tokio_postgres::NoTls), recycling),
        _ => Manager::from_connect(config, pulse.line(tls()), recycling),
    };
    let timeouts = Timeouts { wait: Some(WAIT), create: Some(WAIT), recycle: Some(WAIT) };
    Pool::builder(manager)
        .max_size(size)
        // The connection that was used last has its plans and its caches warm.
        .queue_mode(QueueMode::Lifo)
        // What goes by key because other ways are switched off counts as very expensive where it cannot do without one, and a
        // database that is not ours would compile its plan each time, which takes a thousand times as long as running it.
        .post_create(Hook::async_fn(|client: &mut ClientWrapper, _| {
            Box::pin(async { client.batch_execute("set jit = off").await.map_err(HookError::Backend) })
        }))
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
