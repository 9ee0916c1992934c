//! API keys: made, found by their hash, replaced, revoked. An identity look-up: a key yields its account.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio_postgres::Row;

use super::{AccountId, Error, Store};
use crate::model::{KeyId, KeyKind, Overlap, ProjectId, Secret};

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
    /// Whether its project is archived: then nothing is written to it.
    pub archived: bool,
    /// When it stops, where another key has replaced it.
    stops: Option<Timestamp>,
}

/// What a key's text turned out to be.
#[derive(Clone, Debug)]
pub enum Found {
    /// A key that works.
    Live(Key),
    /// One that was replaced, and has stopped since.
    Stopped(Timestamp),
    /// None at all, or one that was revoked.
    Nothing,
}

impl Found {
    /// The key, if it works.
    pub fn live(self) -> Option<Key> {
        match self {
            Found::Live(key) => Some(key),
            Found::Stopped(_) | Found::Nothing => None,
        }
    }

    fn of(key: Key, now: Timestamp) -> Found {
        match key.stops {
            Some(at) if at <= now => Found::Stopped(at),
            _ => Found::Live(key),
        }
    }
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
    /// When it stops or has stopped, because another key has replaced it.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Whether a key works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It works.
    Live,
    /// It works until then: another key has replaced it.
    Stops(Timestamp),
    /// It has stopped then.
    Stopped(Timestamp),
    /// It was revoked then.
    Revoked(Timestamp),
}

impl Standing {
    /// Whether it works no more.
    pub fn is_over(self) -> bool {
        matches!(self, Standing::Stopped(_) | Standing::Revoked(_))
    }
}

impl KeyInfo {
    /// Whether it works at a time.
    pub fn standing(&self, now: Timestamp) -> Standing {
        match (self.revoked_at, self.expires_at) {
            (None, None) => Standing::Live,
            (None, Some(at)) if at > now => Standing::Stops(at),
            (Some(at), Some(stopped)) if stopped <= at => Standing::Stopped(stopped),
            (Some(at), _) => Standing::Revoked(at),
            (None, Some(at)) => Standing::Stopped(at),
        }
    }
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

/// Finds a key, and says whether it works at a time: one that was replaced stops at its very instant, in every process.
pub async fn find(store: &Store, secret: &Secret, now: Timestamp) -> Result<Found, Error> {
    let hash = secret.hash();
    if let Some(key) = store.keys.fresh(&hash) {
        return Ok(Found::of(key, now));
    }
    let client = store.client().await?;
    let sql = "select k.id, k.account_id, k.project_id, k.kind, coalesce(p.archived, false), k.expires_at
               from api_key k left join project p on p.account_id = k.account_id and p.id = k.project_id
               where k.hash = $1 and k.revoked_at is null";
    let statement = client.prepare_cached(sql).await?;
    let Some(row) = client.query_opt(&statement, &[&hash.as_slice()]).await? else {
        return Ok(Found::Nothing);
    };
    let key = Key {
        id: KeyId(row.get(0)),
        account: AccountId(row.get(1)),
        project: row.get::<_, Option<_>>(2).map(ProjectId),
        kind: kind(row.get(3))?,
        archived: row.get(4),
        stops: row.get(5),
    };
    let found = Found::of(key, now);
    if let Found::Live(key) = &found
        && store.keys.keep(hash, key)
    {
        tokio::spawn(touch(store.clone(), key.id));
    }
    Ok(found)
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
            "select id, project_id, kind, prefix, label, created_at, last_used_at, expires_at, revoked_at
             from api_key where account_id = $1 order by created_at desc, id desc",
            &[&account.0],
        )
        .await?;
    rows.iter().map(info).collect()
}

fn info(row: &Row) -> Result<KeyInfo, Error> {
    Ok(KeyInfo {
        id: KeyId(row.get(0)),
        project: row.get::<_, Option<_>>(1).map(ProjectId),
        kind: kind(row.get(2))?,
        prefix: row.get(3),
        label: row.get(4),
        created_at: row.get(5),
        last_used_at: row.get(6),
        expires_at: row.get(7),
        revoked_at: row.get(8),
    })
}

/// Calls a key something else.
pub async fn relabel(store: &Store, account: AccountId, id: KeyId, label: &str) -> Result<(), Error> {
    let client = store.client().await?;
    let sql = "update api_key set label = $3 where account_id = $1 and id = $2";
    let set = client.execute(sql, &[&account.0, &id.0, &label]).await.map_err(Error::of_write)?;
    if set == 0 { Err(Error::Missing("key")) } else { Ok(()) }
}

/// Makes a key of the same kind and label, and lets the old one work on for the overlap. Returns the old one as it was, and
/// the new one. A key that has stopped, or is about to, has been replaced already.
pub async fn rotate(
    store: &Store,
    account: AccountId,
    id: KeyId,
    overlap: Overlap,
    now: Timestamp,
) -> Result<(KeyInfo, KeyId, Secret), Error> {
    let mut client = store.client().await?;
    let tx = client.transaction().await?;
    let sql = "select id, project_id, kind, prefix, label, created_at, last_used_at, expires_at, revoked_at
               from api_key where account_id = $1 and id = $2 for update";
    let row = tx.query_opt(sql, &[&account.0, &id.0]).await?.ok_or(Error::Missing("key"))?;
    let old = info(&row)?;
    if old.revoked_at.is_some() {
        return Err(Error::Conflict(format!("{} was revoked: make a new key", old.prefix)));
    }
    if let Some(at) = old.expires_at {
        return Err(Error::Conflict(format!("{} was replaced already, and stops at {at}", old.prefix)));
    }
    let (new, secret) = (KeyId::new(), Secret::new(old.kind));
    tx.execute(
        "insert into api_key (id, account_id, project_id, kind, hash, prefix, label, created_at)
         select $3, account_id, project_id, kind, $4, $5, label, $6 from api_key where account_id = $1 and id = $2",
        &[&account.0, &id.0, &new.0, &secret.hash().as_slice(), &secret.visible(), &now],
    )
    .await?;
    let sql = "update api_key set expires_at = $3 where account_id = $1 and id = $2";
    tx.execute(sql, &[&account.0, &id.0, &(now + overlap.duration())]).await?;
    tx.commit().await.map_err(Error::of_write)?;
    store.keys.forget(|key| key.id == id);
    Ok((old, new, secret))
}

/// Looks the keys of a project up again: what may be done with them has changed.
pub(in crate::store) fn forget(store: &Store, project: ProjectId) {
    store.keys.forget(|key| key.project == Some(project));
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
    forget(store, project);
    Ok(())
}

fn kind(text: &str) -> Result<KeyKind, Error> {
    text.parse().map_err(Error::Config)
}
