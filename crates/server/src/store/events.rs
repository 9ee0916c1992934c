//! What has become of an account since a version, for those who listen: how many customers of which project came, changed or
//! went. It is told from the feed, so it is the same whichever process wrote, and whether or not an index is kept.
//!
//! Who listens keeps nothing but the version up to which it has read: what happens while it does not read is summed up by
//! the next look. Those who have read equally far share one look. The versions come from this process's commits and from
//! whoever sees what others write ([`super::index`]).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::watch;
use uuid::Uuid;

use super::{AccountId, Error, Store};
use crate::model::ProjectId;

/// Beyond so many batches nothing is counted: whoever comes back after them has to look anew.
const BATCHES: i64 = 5_000;
/// Nor beyond so many places of rows, each time that one was written.
const PLACES: i64 = 200_000;

/// The version of an account, with how many batches and places the feed has after version `$2`.
const HEAD: &str = "
    select c.version, f.batches, f.places from clock c,
        lateral (select count(*) as batches,
                        coalesce(sum(cardinality(touched_projects) + cardinality(removed_projects)), 0)::bigint as places
                 from (select touched_projects, removed_projects from feed
                       where account_id = $1 and version > $2 limit $3) w) f
    where c.account_id = $1";

/// What there is now of the places that were written or removed between two versions. Who is new was born after the first.
const COUNTS: &str = "
    with place as (
        select distinct u.* from feed f
        cross join lateral unnest(f.touched_projects || f.removed_projects,
                                  f.touched_customers || f.removed_customers) as u (project_id, customer_id)
        where f.account_id = $1 and f.version > $2 and f.version <= $3),
    kind as (
        select u.project_id, r.customer_id is null as erased,
            exists (select from change h where h.account_id = $1 and h.customer_id = r.customer_id and h.at = r.began
                    and h.project_id = r.project_id and h.version > $2 and h.created) as created
        from place u left join relationship r
            on r.account_id = $1 and r.project_id = u.project_id and r.customer_id = u.customer_id)
    select p.id, p.slug, p.test,
        count(*) filter (where created), count(*) filter (where not created and not erased),
        count(*) filter (where erased)
    from kind join project p on p.account_id = $1 and p.id = kind.project_id
    group by p.id, p.slug, p.test order by p.slug";

/// Who listens in this process.
#[derive(Clone, Default)]
pub(in crate::store) struct Events(Arc<Mutex<HashMap<AccountId, Weak<Heard>>>>);

/// What those who listen to one account have in common.
struct Heard {
    account: AccountId,
    /// The latest version that anybody has told of; 0 before the first.
    version: watch::Sender<i64>,
    /// The last look, and since which version it was.
    last: tokio::sync::Mutex<Option<(i64, Arc<News>)>>,
}

/// Somebody who listens to an account.
pub struct Listener {
    heard: Arc<Heard>,
    versions: watch::Receiver<i64>,
}

/// What has become of an account since a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The version that it is at.
    pub version: i64,
    /// What has become of its projects, by slug; `None` where that cannot be told any more.
    pub projects: Option<Vec<Happened>>,
}

/// What has happened in a project: customers, each counted once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// The project.
    pub project: ProjectId,
    /// Its slug.
    pub slug: String,
    /// Whether it is one for trying things out.
    pub test: bool,
    /// Those who are new in it.
    pub created: i64,
    /// Those who were there, and of whom something is otherwise.
    pub changed: i64,
    /// Those who are there no more.
    pub erased: i64,
}

impl Events {
    /// The accounts that somebody listens to.
    pub(in crate::store) fn accounts(&self) -> Vec<Uuid> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, heard| heard.strong_count() > 0);
        all.keys().map(|account| account.0).collect()
    }

    /// Those among them that nobody has been told of yet: what has happened before somebody listened nobody tells by itself.
    pub(in crate::store) fn newcomers(&self) -> Vec<Uuid> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new =
            all.iter().filter(|(_, heard)| heard.upgrade().is_some_and(|heard| *heard.version.borrow() == 0));
        new.map(|(account, _)| account.0).collect()
    }

    /// Tells those who listen to an account that it has reached a version.
    pub(in crate::store) fn tell(&self, account: AccountId, version: i64) {
        let heard =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&account).and_then(Weak::upgrade);
        if let Some(heard) = heard {
            heard.tell(version);
        }
    }

    fn listen(&self, account: AccountId) -> Listener {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = all.get(&account).and_then(Weak::upgrade).unwrap_or_else(|| {
            let heard =
                Heard { account, version: watch::Sender::new(0), last: tokio::sync::Mutex::default() };
            Arc::new(heard)
        });
        all.insert(account, Arc::downgrade(&heard));
        Listener { versions: heard.version.subscribe(), heard }
    }
}

impl Heard {
    fn tell(&self, version: i64) {
        self.version.send_if_modified(|told| {
            let is_news = version > *told;
            *told = version.max(*told);
            is_news
        });
    }
}

impl Listener {
    /// Begins to listen to an account.
    pub fn new(store: &Store, account: AccountId) -> Listener {
        store.events.listen(account)
    }

    /// Waits until the account is beyond a version.
    pub async fn beyond(&mut self, version: i64) {
        // The sender lives as long as the listener.
        let _ = self.versions.wait_for(|told| *told > version).await;
    }

    /// What has become of the account since a version.
    pub async fn since(&self, store: &Store, from: i64) -> Result<Arc<News>, Error> {
        let mut last = self.heard.last.lock().await;
        let told = *self.heard.version.borrow();
        if let Some((_, news)) = last.as_ref().filter(|(since, news)| *since == from && news.version >= told)
        {
            return Ok(news.clone());
        }
        let news = Arc::new(read(store, self.heard.account, from).await?);
        *last = Some((from, news.clone()));
        // A database that was put back is at an earlier version than was heard of.
        self.heard.version.send_if_modified(|heard| {
            let is_back = *heard == told && news.version < told;
            *heard = if is_back { news.version } else { *heard };
            is_back
        });
        Ok(news)
    }

    /// The version that the account is at.
    pub async fn version(&self, store: &Store) -> Result<i64, Error> {
        super::clock::version(&store.client().await?, self.heard.account).await
    }
}

async fn read(store: &Store, account: AccountId, from: i64) -> Result<News, Error> {
    let client = store.client().await?;
    let head = client.prepare_cached(HEAD).await?;
    let head = client.query_opt(&head, &[&account.0, &from, &(BATCHES + 1)]).await?;
    let head = head.ok_or(Error::Missing("account"))?;
    let (version, batches, places): (i64, i64, i64) = (head.get(0), head.get(1), head.get(2));
    // The feed does not reach back so far; or the database is at an earlier version: it was restored.
    if version - from != batches || batches > BATCHES || places > PLACES {
        return Ok(News { version, projects: None });
    }
    if places == 0 {
        return Ok(News { version, projects: Some(Vec::new()) });
    }
    let counts = client.prepare_cached(COUNTS).await?;
    let rows = client.query(&counts, &[&account.0, &from, &version]).await?;
    let projects = rows.iter().map(|row| Happened {
        project: ProjectId(row.get(0)),
        slug: row.get(1),
        test: row.get(2),
        created: row.get(3),
        changed: row.get(4),
        erased: row.get(5),
    });
    Ok(News { version, projects: Some(projects.collect()) })
}
