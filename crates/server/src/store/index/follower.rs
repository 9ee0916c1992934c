//! Tells other processes how far the indexes of this one have followed what they wrote, so that a command can wait until
//! a running server answers with what it has just done.
//!
//! What a process wrote itself is in its index before anybody is answered: nobody waits for that, and it is not told. So
//! a server that is written to alone tells nothing but that it is there.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use deadpool_postgres::GenericClient;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{
    super::{AccountId, Error, Store},
    Indexes,
};

/// How often it is looked whether there is something to tell.
const LOOK: Duration = Duration::from_millis(50);
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

/// Tells, for ever.
pub async fn forever(store: Store) {
    let mut told = Told { versions: HashMap::new(), at: None };
    loop {
        // Whoever is not told waits a little longer: the error of a database that is away is said by those who need it.
        if let Err(error) = told.bring_up_to_date(&store.indexes).await {
            tracing::debug!(%error, "how far the indexes have followed could not be told");
        }
        sleep(LOOK).await;
    }
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
    /// Waits until every running server that keeps an index of the account has followed what this process has committed.
    /// Says whether all have: one that does not within two seconds is not waited for.
    pub async fn followed(&self, account: AccountId) -> Result<bool, Error> {
        let Some(version) = self.indexes.committed(account) else { return Ok(true) };
        let client = self.client().await?;
        let waited = async {
            while lags(&client, account, version).await? {
                sleep(ASK).await;
            }
            Ok(())
        };
        timeout(PATIENCE, waited).await.map_or(Ok(false), |all: Result<(), Error>| all.map(|()| true))
    }
}

async fn lags<C: GenericClient>(client: &C, account: AccountId, version: i64) -> Result<bool, Error> {
    let sql = "select exists (select from follower
                   where account_id = $1 and version < $2 and told_at > now() - make_interval(secs => $3))";
    let statement = client.prepare_cached(sql).await?;
    Ok(client.query_one(&statement, &[&account.0, &version, &GONE]).await?.get(0))
}

/// What a process has told of its indexes.
struct Told {
    versions: HashMap<AccountId, i64>,
    /// When it told all of it.
    at: Option<Instant>,
}

impl Told {
    /// Tells what is new since the last time; now and then everything.
    async fn bring_up_to_date(&mut self, indexes: &Indexes) -> Result<(), Error> {
        let beats = self.at.is_none_or(|at| at.elapsed() > BEAT);
        let all = indexes.all();
        let followed: HashMap<AccountId, i64> =
            all.iter().filter_map(|held| Some((held.account, held.followed()?))).collect();
        let gone = self.versions.keys().filter(|account| !followed.contains_key(account));
        let gone: Vec<Uuid> = gone.map(|account| account.0).collect();
        let is_news =
            |(account, version): &(AccountId, i64)| beats || self.versions.get(account) < Some(version);
        let news: Vec<(AccountId, i64)> = followed.into_iter().filter(is_news).collect();
        if news.is_empty() && gone.is_empty() {
            return Ok(());
        }
        let client = indexes.client().await?;
        tell(&client, indexes.0.process, &news).await?;
        if !gone.is_empty() {
            // Nobody has to wait for an index that is not there any more.
            let left = "delete from follower where process = $1 and account_id = any($2)";
            client.execute(left, &[&indexes.0.process, &gone]).await?;
            self.versions.retain(|account, _| !gone.contains(&account.0));
        }
        if beats {
            let old = "delete from follower where told_at < now() - interval '1 hour'";
            client.execute(old, &[]).await?;
            self.at = Some(Instant::now());
        }
        self.versions.extend(news);
        Ok(())
    }
}

async fn tell<C: GenericClient>(client: &C, process: Uuid, news: &[(AccountId, i64)]) -> Result<(), Error> {
    let sql = "insert into follower (account_id, process, version, told_at)
               select account, $1, version, now() from unnest($2::uuid[], $3::bigint[]) news (account, version)
               on conflict (account_id, process) do update set version = excluded.version, told_at = excluded.told_at";
    let statement = client.prepare_cached(sql).await?;
    let (accounts, versions): (Vec<Uuid>, Vec<i64>) =
        news.iter().map(|(account, version)| (account.0, *version)).unzip();
    client.execute(&statement, &[&process, &accounts, &versions]).await?;
    Ok(())
}
