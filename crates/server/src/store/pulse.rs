//! Whether the database answers at all: one connection asks it, over and over.
//!
//! A database that is silent for too long would have everybody wait who waits for it. Then every connection is cut instead: what
//! waits for an answer on one fails at once, wherever in the code that is, and no connection in the middle of something
//! goes back to its pool. Until the database answers again nobody gets a new one. A statement that takes long is no
//! silence, because the one that is asked here takes none.

use std::{
    pin::{Pin, pin},
    sync::{Arc, Weak},
    time::Duration,
};

use deadpool_postgres::{ClientWrapper, Connect, Object, Pool};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_postgres::{
    Client, Config, Socket,
    tls::{MakeTlsConnect, TlsConnect},
};

use super::{Error, Store, hosts};

/// How often a database that answers is asked.
const EVERY: Duration = Duration::from_secs(1);
/// How soon one that cannot be reached is asked again.
const AGAIN: Duration = Duration::from_millis(100);
/// How long bytes may be on their way over the network.
const FORGOTTEN: Duration = Duration::from_secs(10);
/// How long a session lives that began while the database took no writes: it takes none afterwards either.
const READ_ONLY: Duration = Duration::from_secs(2);
/// Silence is waited for in so many parts: when this process itself was stopped for a while, that counts as one of them.
const PARTS: u32 = 8;

/// Whether the database answers; every clone tells the same. As long as nobody looks, it is taken to.
#[derive(Clone)]
pub(in crate::store) struct Pulse(Arc<Shared>);

struct Shared {
    answers: watch::Sender<bool>,
    /// For the connection that asks, which nobody else may use and nobody cuts.
    own: Option<Pool>,
}

impl Store {
    /// Begins to ask whether the database answers: silent for longer than `patience`, it is taken to be away. Must be called in
    /// a runtime.
    pub fn keep_pulse(&self, patience: Duration) {
        tokio::spawn(forever(Arc::downgrade(&self.pulse.0), patience));
    }
}

impl Pulse {
    /// The pulse of a database, which may be asked by connections of this pool.
    pub(in crate::store) fn of(own: Pool) -> Pulse {
        Pulse(Arc::new(Shared { answers: watch::Sender::new(true), own: Some(own) }))
    }

    /// One that is never lost.
    pub(in crate::store) fn none() -> Pulse {
        Pulse(Arc::new(Shared { answers: watch::Sender::new(true), own: None }))
    }

    /// Waits until the database is silent.
    pub(in crate::store) async fn lost(&self) {
        // The sender is ours.
        let _ = self.0.answers.subscribe().wait_for(|answers| !answers).await;
    }

    /// A connection of a pool, as long as the database is not silent.
    pub(in crate::store) async fn client(&self, pool: &Pool) -> Result<Object, Error> {
        tokio::select! {
            biased;
            () = self.lost() => Err(Error::Unavailable("it is silent".to_owned())),
            client = super::connect(pool) => client,
        }
    }

    /// What makes connections that end with the pulse.
    pub(in crate::store) fn line<T>(&self, tls: T) -> Line<T> {
        Line { tls, pulse: self.clone() }
    }
}

/// Settings with which a connection over the network that somebody on the way has forgotten ends within seconds, as far as they
/// say nothing else: the system would try for a quarter of an hour.
pub(in crate::store) fn patient(mut config: Config) -> Config {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(FORGOTTEN);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(FORGOTTEN);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_idle(FORGOTTEN).keepalives_interval(FORGOTTEN);
    }
    config
}

/// Makes connections, and cuts them when the pulse is lost.
pub(in crate::store) struct Line<T> {
    tls: T,
    pulse: Pulse,
}

/// A connection, and the task that carries it.
type Connected = Result<(Client, JoinHandle<()>), tokio_postgres::Error>;

impl<T> Connect for Line<T>
where
    T: MakeTlsConnect<Socket> + Clone + Sync + Send + 'static,
    T::Stream: Sync + Send,
    T::TlsConnect: Sync + Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    fn connect(&self, config: &Config) -> Pin<Box<dyn Future<Output = Connected> + Send + '_>> {
        let config = config.clone();
        Box::pin(async move {
            let (client, connection) = hosts::connect(&config, self.tls.clone()).await?;
            let pulse = self.pulse.clone();
            let read_only = connection.parameter("default_transaction_read_only") == Some("on");
            let life = if read_only { READ_ONLY } else { Duration::MAX };
            let task = tokio::spawn(async move {
                tokio::select! {
                    ended = connection => {
                        if let Err(error) = ended {
                            tracing::warn!(%error, "a connection to the database ended");
                        }
                    }
                    () = pulse.lost() => {}
                    () = sleep(life) => {}
                }
            });
            Ok((client, task))
        })
    }
}

/// Asks, as long as there is a store that wants to know.
async fn forever(shared: Weak<Shared>, patience: Duration) {
    let mut line = None;
    while let Some(shared) = shared.upgrade() {
        let Some(pool) = &shared.own else { return };
        let answers = answers(pool, &mut line, patience).await;
        if !answers {
            line = None; // it alone may hang: another is asked next
        }
        let turned = shared.answers.send_replace(answers) != answers;
        drop(shared);
        match (turned, answers) {
            (true, true) => tracing::info!("the database answers again"),
            (true, false) => {
                tracing::error!(?patience, "the database is silent: nobody waits for it any more");
            }
            (false, _) => {}
        }
        sleep(if answers { EVERY } else { AGAIN }).await;
    }
}

/// Whether it answers in time.
async fn answers(pool: &Pool, line: &mut Option<ClientWrapper>, patience: Duration) -> bool {
    let mut answer = pin!(ask(pool, line));
    for _ in 0..PARTS {
        if timeout(patience / PARTS, &mut answer).await.is_ok() {
            return true;
        }
    }
    false
}

/// Asks until it answers, on new connections if need be.
async fn ask(pool: &Pool, line: &mut Option<ClientWrapper>) {
    loop {
        match attempt(pool, line.take()).await {
            Ok(client) => {
                *line = client;
                return;
            }
            Err(error) => tracing::debug!(%error, "the database could not be asked whether it answers"),
        }
        sleep(AGAIN).await;
    }
}

/// The connection that was answered on. There may be none: a database that says that it has none to give answers too, and to
/// cut those that it has given would help nobody.
async fn attempt(pool: &Pool, line: Option<ClientWrapper>) -> Result<Option<ClientWrapper>, Error> {
    let client = match line {
        Some(client) => client,
        None => match pool.get().await {
            Err(error) if super::is_full(&error) => return Ok(None),
            client => Object::take(client?),
        },
    };
    client.simple_query("select 1").await?;
    Ok(Some(client))
}
