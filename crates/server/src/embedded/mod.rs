//! The private Postgres: found, created, started, watched and stopped by this process, in its data directory.
//!
//! Whoever runs TinyCRM without `--database-url` gets a real Postgres that needs no administration and that nobody
//! else can reach: a Unix socket in a directory of mode 0700, no TCP, fsync on. In the data directory lie
//!
//! | | |
//! |---|---|
//! | `postgres/` | the cluster, and its socket |
//! | `postgres.log` | what Postgres had to say |
//! | `lock` | held by the one process that runs this Postgres; its text is that process's id |
//! | `guests` | held, shared, by commands that use the Postgres of another process |
//!
//! A thread of its own spawns and watches Postgres, because the kernel's promise to stop a child with its parent
//! (`PR_SET_PDEATHSIG`) follows the *thread* that spawned it, and a worker of an async runtime may end at any time.

mod child;
mod cluster;
mod data_dir;
mod error;
mod find;
mod lock;
mod pidfile;
mod settings;
mod socket;
mod supervise;

use std::{
    path::{Path, PathBuf},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

pub use data_dir::DataDir;
pub use error::Error;

use lock::Lock;
use supervise::Purpose;

/// How long a server waits for a process that is about to leave the data directory.
const PATIENCE_OF_A_SERVER: Duration = Duration::from_secs(5);

/// How long a command waits for another process's Postgres to be ready.
const PATIENCE_OF_A_COMMAND: Duration = Duration::from_secs(60);

/// How often a wait looks again.
const PAUSE: Duration = Duration::from_millis(50);

/// A running private Postgres, or a guest's hold on one that another process runs.
///
/// Dropping it stops Postgres too, but blocks the thread meanwhile: prefer [`Postgres::stop`].
#[derive(Debug)]
pub struct Postgres {
    socket: PathBuf,
    hold: Hold,
}

#[derive(Debug)]
enum Hold {
    /// This process runs Postgres.
    Owner { stop: Option<oneshot::Sender<()>>, thread: Option<JoinHandle<()>> },
    /// Another process does, and a command there will not stop it while this lock is held.
    Guest { _guests: Lock },
}

impl Postgres {
    /// Runs the Postgres of `dir` for as long as the server lives, creating it at the first start; answers when it
    /// accepts connections. If it dies meanwhile it is started again.
    pub async fn start(dir: &DataDir) -> Result<Postgres, Error> {
        let deadline = Instant::now() + PATIENCE_OF_A_SERVER;
        loop {
            if let Some(lock) = Lock::owner(dir)? {
                return Postgres::run(dir, lock, Purpose::Server).await;
            }
            if Instant::now() > deadline {
                return Err(Error::in_use(dir));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The Postgres of `dir` for one command: the one that a server or another command is running, else one that is
    /// started now and stopped after the command.
    pub async fn attach(dir: &DataDir) -> Result<Postgres, Error> {
        let deadline = Instant::now() + PATIENCE_OF_A_COMMAND;
        loop {
            if let Some(lock) = Lock::owner(dir)? {
                return Postgres::run(dir, lock, Purpose::Command).await;
            }
            if let Some(guest) = Postgres::join(dir)? {
                return Ok(guest);
            }
            if Instant::now() > deadline {
                return Err(Error::in_use(dir));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn run(dir: &DataDir, lock: Lock, purpose: Purpose) -> Result<Postgres, Error> {
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = oneshot::channel();
        let thread = supervise::spawn(dir.clone(), lock, purpose, ready, stopped)?;
        let socket = is_ready.await.unwrap_or(Err(Error::Supervisor))?;
        Ok(Postgres { socket, hold: Hold::Owner { stop: Some(stop), thread: Some(thread) } })
    }

    /// Uses what another process runs, if it is ready. The lock comes first: an owner that is about to stop waits for
    /// guests, and who comes too late to be one finds the lock taken.
    fn join(dir: &DataDir) -> Result<Option<Postgres>, Error> {
        let Some(guests) = Lock::guest(dir)? else { return Ok(None) };
        let running = pidfile::read(&dir.cluster())?.filter(|postmaster| postmaster.ready);
        Ok(running
            .map(|postmaster| Postgres { socket: postmaster.socket, hold: Hold::Guest { _guests: guests } }))
    }

    /// How to connect: as the cluster's superuser, over the Unix socket.
    pub fn config(&self) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config
            .host_path(&self.socket)
            .user(cluster::SUPERUSER)
            .dbname("postgres")
            .application_name("tinycrm")
            .ssl_mode(tokio_postgres::config::SslMode::Disable);
        config
    }

    /// The directory of the socket, as `psql -h` takes it.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Whether this process runs Postgres, rather than using one that another process runs.
    pub fn is_owner(&self) -> bool {
        matches!(self.hold, Hold::Owner { .. })
    }

    /// Stops Postgres if this process runs it, and answers when it has ended. One that was started for a command waits
    /// for its guests first.
    pub async fn stop(mut self) {
        if let Some(thread) = self.hold.release() {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("the thread that watches Postgres ended in a panic");
            }
        }
    }
}

impl Hold {
    /// Asks the supervisor to end; its thread ends after Postgres.
    fn release(&mut self) -> Option<JoinHandle<()>> {
        match self {
            Hold::Owner { stop, thread } => {
                // An error means that the supervisor has ended already.
                let _ = stop.take()?.send(());
                thread.take()
            }
            Hold::Guest { .. } => None,
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(thread) = self.hold.release() {
            let _ = thread.join();
        }
    }
}
