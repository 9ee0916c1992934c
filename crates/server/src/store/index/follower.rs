//! Tells other processes how far the indexes of this one have followed what they wrote, so that a command can wait until
//! a running server answers with what it has just done.
//!
//! A server tells one line, whatever the number of its accounts: the last snapshot of which it answers with everything. It does so when
//! something has moved, and now and then that it is there.

use std::time::Duration;

use deadpool_postgres::GenericClient;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{
    super::{AccountId, Error, Store},
    Indexes,
    moves::Snapshot,
};

/// How often a process tells that it is there, whether or not it has followed anything.
const BEAT: Duration = Duration::from_secs(30);
/// After so many seconds of silence a process has gone.
const GONE: f64 = 75.0;
/// How often somebody who waits asks.
const ASK: Duration = Duration::from_millis(20);
/// How long it is waited for servers that are overloaded, or were killed a moment ago.
const PATIENCE: Duration = Duration::from_secs(2);
/// A database that does not answer must not keep a process from ending.
const FAREWELL: Duration = Duration::from_secs(1);

/// Tells, for ever: when there is something that others wait for, and now and then that it is there.
pub async fn forever(store: Store) {
    let indexes = &store.indexes;
    let mut followed = indexes.0.followed.subscribe();
    if let Err(error) = forget(indexes).await {
        tracing::debug!(%error, "servers that have gone could not be forgotten");
    }
    loop {
        // Whoever is not told waits a little longer: the error of a database that is away is said by those who need it.
        if let Err(error) = tell(indexes).await {
            tracing::debug!(%error, "how far the indexes have followed could not be told");
        }
        // The sender lives as long as the store.
        let _ = timeout(BEAT, followed.changed()).await;
    }
}

/// Forgets servers that were killed long ago.
async fn forget(indexes: &Indexes) -> Result<(), Error> {
    let client = indexes.client().await?;
    client.execute("delete from follower where told_at < now() - interval '1 hour'", &[]).await?;
    Ok(())
}

async fn tell(indexes: &Indexes) -> Result<(), Error> {
    let Some(snapshot) = indexes.0.followed.borrow().as_ref().map(ToString::to_string) else { return Ok(()) };
    let client = indexes.client().await?;
    let sql = "insert into follower (process, snapshot, told_at) values ($1, $2, now())
               on conflict (process) do update set snapshot = excluded.snapshot, told_at = excluded.told_at";
    let statement = client.prepare_cached(sql).await?;
    client.execute(&statement, &[&indexes.0.process, &snapshot]).await?;
    Ok(())
}

/// Takes back what this process has told, because it ends: nobody has to wait for it.
pub async fn retire(store: &Store) {
    let gone = async {
        let client = store.indexes.client().await?;
        client.execute("delete from follower where process = $1", &[&store.indexes.0.process]).await?;
        Ok::<(), Error>(())
    };
    if let Ok(Err(error)) = timeout(FAREWELL, gone).await {
        tracing::debug!(%error, "a command may wait for this server for a moment, though it has ended");
    }
}

impl Store {
    /// Waits until every running server has followed what this process has committed in the account. Says whether all have:
    /// one that does not within two seconds is not waited for.
    pub async fn followed(&self, account: AccountId) -> Result<bool, Error> {
        let Some(version) = self.indexes.committed(account) else { return Ok(true) };
        let client = self.client().await?;
        let made =
            client.prepare_cached("select xid from feed where account_id = $1 and version = $2").await?;
        let Some(made) = client.query_opt(&made, &[&account.0, &version]).await? else { return Ok(true) };
        let Some(transaction) = made.get(0) else { return Ok(true) };
        let waited = async {
            while lags(&client, self.indexes.0.process, transaction).await? {
                sleep(ASK).await;
            }
            Ok(())
        };
        timeout(PATIENCE, waited).await.map_or(Ok(false), |all: Result<(), Error>| all.map(|()| true))
    }
}

/// Whether a running server has not seen yet what a transaction wrote.
async fn lags<C: GenericClient>(client: &C, process: Uuid, transaction: i64) -> Result<bool, Error> {
    let sql = "select snapshot from follower
               where process <> $1 and told_at > now() - make_interval(secs => $2)";
    let statement = client.prepare_cached(sql).await?;
    for row in client.query(&statement, &[&process, &GONE]).await? {
        if !row.get::<_, &str>(0).parse::<Snapshot>()?.sees(transaction) {
            return Ok(true);
        }
    }
    Ok(false)
}
