//! A way between the server and its Postgres that can be cut: at random, or exactly where a batch commits.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream, UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    time::sleep,
};
use tokio_postgres::{Config, config::Host};

/// Where the connection of the next batch is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Postgres never hears of the commit.
    Before,
    /// Postgres has committed, and the server never hears of it.
    After,
    /// The server has lost it long before Postgres commits.
    Late(Duration),
}

/// What the proxy does; every clone is the same one.
#[derive(Clone)]
pub(crate) struct Proxy {
    port: u16,
    next: watch::Sender<Option<Cut>>,
    /// Changes when all connections are cut.
    cuts: watch::Sender<u64>,
    away: Arc<AtomicBool>,
    /// Whether the next cut takes the whole database away.
    leaves: Arc<AtomicBool>,
}

impl Proxy {
    /// A proxy before the Postgres of these settings, which is reached by its socket.
    pub(crate) async fn before(config: &Config) -> Proxy {
        let Host::Unix(dir) = &config.get_hosts()[0] else { panic!("the test's Postgres has a socket") };
        let socket = dir.join(".s.PGSQL.5432");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = Proxy {
            port,
            next: watch::Sender::new(None),
            cuts: watch::Sender::new(0),
            away: Arc::default(),
            leaves: Arc::default(),
        };
        tokio::spawn(proxy.clone().listen(listener, socket));
        proxy
    }

    /// The same database, by way of this proxy.
    pub(crate) fn config(&self, config: &Config) -> Config {
        let mut through = Config::new();
        through.host("127.0.0.1").port(self.port).ssl_mode(config.get_ssl_mode());
        through.user(config.get_user().unwrap()).dbname(config.get_dbname().unwrap());
        through
    }

    /// Cuts the connection of the next batch that commits.
    pub(crate) fn cut_next(&self, cut: Cut) {
        self.next.send_replace(Some(cut));
    }

    /// The same, and from that moment on nobody is let through.
    pub(crate) fn leave_at_next(&self, cut: Cut) {
        self.leaves.store(true, Ordering::SeqCst);
        self.cut_next(cut);
    }

    /// Waits until it has been cut.
    pub(crate) async fn is_cut(&self) {
        self.next.subscribe().wait_for(Option::is_none).await.unwrap();
    }

    /// Cuts every connection that there is.
    pub(crate) fn cut_all(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Lets nobody through, or everybody again.
    pub(crate) fn away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    async fn listen(self, listener: TcpListener, socket: PathBuf) {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            if !self.away.load(Ordering::SeqCst) {
                tokio::spawn(self.clone().carry(client, UnixStream::connect(&socket).await.unwrap()));
            }
        }
    }

    async fn carry(self, client: TcpStream, database: UnixStream) {
        client.set_nodelay(true).unwrap();
        let mut cuts = self.cuts.subscribe();
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_database, mut to_database) = database.into_split();
        let there = async {
            let mut told = Told::default();
            let mut bytes = vec![0; 1 << 16];
            while let Ok(count @ 1..) = from_client.read(&mut bytes).await {
                let some = &bytes[..count];
                if let Some(at) = told.commit(some)
                    && let Some(cut) = self.next.send_replace(None)
                {
                    return Some((cut, some[..at].to_vec(), some[at..].to_vec()));
                }
                if to_database.write_all(some).await.is_err() {
                    break;
                }
            }
            None
        };
        let back = async { tokio::io::copy(&mut from_database, &mut to_client).await };
        let cut = tokio::select! {
            cut = there => cut,
            _ = back => None,
            _ = cuts.changed() => None,
        };
        let Some((cut, before, commit)) = cut else { return };
        if self.leaves.swap(false, Ordering::SeqCst) {
            self.away(true);
            self.cut_all();
        }
        end(cut, (from_database, to_database), &before, &commit, || {
            drop((from_client, to_client));
        })
        .await;
    }
}

/// Ends a connection that is about to commit.
async fn end(
    cut: Cut,
    (mut from, mut to): (OwnedReadHalf, OwnedWriteHalf),
    before: &[u8],
    commit: &[u8],
    cut_client: impl FnOnce(),
) {
    to.write_all(before).await.unwrap();
    match cut {
        Cut::Before => cut_client(),
        Cut::After => {
            to.write_all(commit).await.unwrap();
            hear(&mut from, b"COMMIT\0").await;
            cut_client();
        }
        Cut::Late(after) => {
            cut_client();
            sleep(after).await;
            to.write_all(commit).await.unwrap();
            hear(&mut from, b"COMMIT\0").await;
        }
    }
}

/// Reads until Postgres has said it.
async fn hear(from: &mut OwnedReadHalf, wanted: &[u8]) {
    let mut heard = Vec::new();
    while !heard.windows(wanted.len()).any(|some| some == wanted) {
        assert_ne!(from.read_buf(&mut heard).await.unwrap(), 0, "Postgres has hung up");
    }
}

/// What a connection's client has said: batches begin in a way of their own.
#[derive(Default)]
struct Told {
    in_batch: bool,
}

impl Told {
    /// Where in these bytes a batch commits, if it does. The driver writes a whole message at once, and both are short.
    fn commit(&mut self, bytes: &[u8]) -> Option<usize> {
        let find = |wanted: &[u8]| bytes.windows(wanted.len()).rposition(|some| some == wanted);
        self.in_batch |= find(b"begin; set local idle_in_transaction").is_some();
        let commit = find(b"Q\0\0\0\x0bcommit\0")?;
        std::mem::take(&mut self.in_batch).then_some(commit)
    }
}
