//! API keys: made, found by their hash, revoked. An identity look-up: a key yields its account.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{AccountId, Error, Store};
use crate::model::{KeyId, KeyKind, ProjectId, Secret};

/// A revoked key works at most this long in other processes; in this one it stops at once.
const FRESH: Duration = Duration::from_secs(1);
/// How often `last_used_at` is written, at most.
const TOUCH: Duration = Duration::from_secs(60);

/// A live key: who calls, and what they may do.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its row; changes and idempotency keys refer to it.
    pub id: KeyId,
    /// The account that it speaks for.
    pub account: AccountId,
    /// Its project; `None` for account keys.
    pub project: Option<ProjectId>,
    /// What it may do.
    pub kind: KeyKind,
}

/// A key as lists show it.
#[derive(Clone, Debug)]
pub struct KeyInfo {
    /// Its row.
    pub id: KeyId,
    /// Its project; `None` for account keys.
    pub project: Option<ProjectId>,
    /// What it may do.
    pub kind: KeyKind,
    /// The part of it that may be shown.
    pub prefix: String,
    /// What its maker called it.
    pub label: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Keys seen in the last second, by hash, so that a busy app costs one look-up a second.
#[derive(Clone, Default)]
pub(in crate::store) struct Cache(Arc<Mutex<HashMap<[u8; 32], Cached>>>);

struct Cached {
    key: Key,
    found: Instant,
    touched: Option<Instant>,
}

impl Cache {
    fn fresh(&self, hash: &[u8; 32]) -> Option<Key> {
        let cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(hash).filter(|cached| cached.found.elapsed() < FRESH).map(|cached| cached.key.clone())
    }

    /// Keeps a key; says whether it is time to write `last_used_at`.
    fn keep(&self, hash: [u8; 32], key: &Key) -> bool {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = cache.get(&hash).and_then(|cached| cached.touched);
        let touch = before.is_none_or(|at| at.elapsed() > TOUCH);
        let touched = if touch { Some(Instant::now()) } else { before };
        cache.insert(hash, Cached { key: key.clone(), found: Instant::now(), touched });
        touch
    }

    fn forget(&self, gone: impl Fn(&Key) -> bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, cached| !gone(&cached.key));
    }
}

/// Finds a live key. `None`: no such key, or a revoked one.
pub async fn find(store: &Store, secret: &Secret) -> Result<Option<Key>, Error> {
    let hash = secret.hash();
    if let Some(key) = store.keys.fresh(&hash) {
        return Ok(Some(key));
    }
    let client = store.client().await?;
    let statement = client
        .prepare_cached(
            "select id, account_id, project_id, kind from api_key where hash = $1 and revoked_at is null",
        )
        .await?;
    let Some(row) = client.query_opt(&statement, &[&hash.as_slice()]).await? else { return Ok(None) };
    let key = Key {
        id: KeyId(row.get(0)),
        account: AccountId(row.get(1)),
        project: row.get::<_, Option<_>>(2).map(ProjectId),
        kind: kind(row.get(3))?,
    };
    if store.keys.keep(hash, &key) {
        tokio::spawn(touch(store.clone(), key.id));
    }
    Ok(Some(key))
}

/// Writes `last_used_at`, off the path; a failure costs nothing but the date.
async fn touch(store: Store, id: KeyId) {
    let result = async {
        let client = store.client().await?;
        let now = crate::model::now();
        client.execute("update api_key set last_used_at = $2 where id = $1", &[&id.0, &now]).await?;
        Ok::<_, Error>(())
    };
    if let Err(error) = result.await {
        tracing::debug!(%error, key = %id, "last_used_at was not written");
    }
}

/// Makes a key of a project, or of the whole account. The secret is returned once and stored only as a hash.
pub async fn create(
    store: &Store,
    account: AccountId,
    project: Option<ProjectId>,
    kind: KeyKind,
    label: &str,
    now: Timestamp,
) -> Result<(KeyId, Secret), Error> {
    let (id, secret) = (KeyId::new(), Secret::new(kind));
    let client = store.client().await?;
    let project = project.map(|p| p.0);
    client
        .execute(
            "insert into api_key (id, account_id, project_id, kind, hash, prefix, label, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                &id.0,
                &account.0,
                &project,
                &kind.as_str(),
                &secret.hash().as_slice(),
                &secret.visible(),
                &label,
                &now,
            ],
        )
        .await
        .map_err(Error::of_write)?;
    Ok((id, secret))
}

/// Every key of the account, newest first, revoked ones too.
pub async fn list(store: &Store, account: AccountId) -> Result<Vec<KeyInfo>, Error> {
    let client = store.client().await?;
    let rows = client
        .query(
            "select id, project_id, kind, prefix, label, created_at, last_used_at, revoked_at
             from api_key where account_id = $1 order by created_at desc, id desc",
            &[&account.0],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(KeyInfo {
                id: KeyId(row.get(0)),
                project: row.get::<_, Option<_>>(1).map(ProjectId),
                kind: kind(row.get(2))?,
                prefix: row.get(3),
                label: row.get(4),
                created_at: row.get(5),
                last_used_at: row.get(6),
                revoked_at: row.get(7),
            })
        })
        .collect()
}

/// Revokes a key: at once here, within a second in other processes. Revoking twice is no error.
pub async fn revoke(store: &Store, account: AccountId, id: KeyId, now: Timestamp) -> Result<(), Error> {
    let client = store.client().await?;
    let count = client
        .execute(
            "update api_key set revoked_at = coalesce(revoked_at, $3) where account_id = $1 and id = $2",
            &[&account.0, &id.0, &now],
        )
        .await
        .map_err(Error::of_write)?;
    store.keys.forget(|key| key.id == id);
    if count == 0 { Err(Error::Missing("key")) } else { Ok(()) }
}

/// Revokes every key of a project, as soon as one.
pub async fn revoke_all(
    store: &Store,
    account: AccountId,
    project: ProjectId,
    now: Timestamp,
) -> Result<(), Error> {
    let client = store.client().await?;
    let sql =
        "update api_key set revoked_at = coalesce(revoked_at, $3) where account_id = $1 and project_id = $2";
    client.execute(sql, &[&account.0, &project.0, &now]).await?;
    store.keys.forget(|key| key.project == Some(project));
    Ok(())
}

fn kind(text: &str) -> Result<KeyKind, Error> {
    text.parse().map_err(Error::Config)
}
