//! The addresses and domains that an account ignores, and the people of theirs who are there already.
//!
//! A batch must know the list as it is in its turn. So the account's clock says which version altered it last, and each
//! process keeps the list that it read under that version.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use deadpool_postgres::GenericClient;
use jiff::Timestamp;

use super::{
    AccountId, Error, Store,
    batch::{Batch, Write},
    query::{self, people},
};
use crate::model::{Ignored, Pattern};

/// The lists that this process has read, each with the version that made it.
#[derive(Clone, Default)]
pub(in crate::store) struct Cache(Arc<Mutex<Lists>>);

type Lists = HashMap<AccountId, (i64, Arc<Ignored>)>;

impl Cache {
    /// The list of an account as the batch's turn finds it.
    pub(in crate::store) async fn list(&self, batch: &Batch<'_>) -> Result<Arc<Ignored>, Error> {
        let version = batch.clock.ignored;
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&batch.account).cloned();
        if let Some((_, list)) = known.filter(|(of, _)| *of == version) {
            return Ok(list);
        }
        // Nothing has ever been put into a list of version 0.
        let list = if version == 0 { Ignored::default() } else { read(&*batch.tx, batch.account).await? };
        let list = Arc::new(list);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(batch.account, (version, list.clone()));
        Ok(list)
    }
}

/// An address or a domain that is ignored.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is.
    pub pattern: Pattern,
    /// Since when.
    pub added_at: Timestamp,
    /// How many customers have such an address: they were there before.
    pub customers: u64,
}

/// Everything that an account ignores.
pub async fn load(store: &Store, account: AccountId) -> Result<Ignored, Error> {
    read(&store.client().await?, account).await
}

async fn read<C: GenericClient>(client: &C, account: AccountId) -> Result<Ignored, Error> {
    let statement = client.prepare_cached("select pattern from ignored where account_id = $1").await?;
    let rows = client.query(&statement, &[&account.0]).await?;
    Ok(rows.iter().map(|row| Pattern::kept(row.get(0))).collect())
}

/// The same, each with how many are there already.
pub async fn list(store: &Store, account: AccountId) -> Result<Vec<Entry>, query::Error> {
    let sql = "select pattern, added_at from ignored where account_id = $1
               order by ltrim(pattern, '@*.') collate \"C\", pattern collate \"C\"";
    let rows = store.client().await?.query(sql, &[&account.0]).await.map_err(Error::from)?;
    let patterns: Vec<Pattern> = rows.iter().map(|row| Pattern::kept(row.get(0))).collect();
    let filters: Vec<String> = patterns.iter().map(Pattern::filter).collect();
    let counts = people::count(store, account, &filters).await?;
    let entries = patterns.into_iter().zip(&rows).zip(counts);
    Ok(entries
        .map(|((pattern, row), customers)| Entry { pattern, added_at: row.get(1), customers })
        .collect())
}

/// How many customers have such an address.
pub async fn count(store: &Store, account: AccountId, pattern: &Pattern) -> Result<u64, query::Error> {
    Ok(people::count(store, account, &[pattern.filter()]).await?.into_iter().sum())
}

/// Puts an address or a domain on the list; says whether it is new there. Who is there already stays.
pub async fn add(store: &Store, account: AccountId, pattern: &Pattern) -> Result<bool, Error> {
    let client = store.changing(account).await?;
    let batch = Batch::begin(store, &client, account).await?;
    let sql =
        "insert into ignored (account_id, pattern, added_at) values ($1, $2, $3) on conflict do nothing";
    let count = batch.tx.execute(sql, &[&account.0, &pattern.as_str(), &batch.clock.now]).await?;
    alter(batch).await?;
    Ok(count > 0)
}

/// Takes one off the list: its people are stored again from their next call on.
pub async fn remove(store: &Store, account: AccountId, pattern: &Pattern) -> Result<(), Error> {
    let client = store.changing(account).await?;
    let batch = Batch::begin(store, &client, account).await?;
    let sql = "delete from ignored where account_id = $1 and pattern = $2";
    if batch.tx.execute(sql, &[&account.0, &pattern.as_str()]).await? == 0 {
        return Err(Error::Missing("ignored address or domain"));
    }
    alter(batch).await
}

/// Commits a batch that has altered the list.
async fn alter(mut batch: Batch<'_>) -> Result<(), Error> {
    batch.put(Write {
        sql: "update clock set ignored = $2 where account_id = $1",
        parameters: vec![Box::new(batch.clock.version)],
    });
    batch.commit().await.map(drop)
}
