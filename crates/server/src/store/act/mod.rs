//! Acts: what a member did to many customers at once. Each is begun with a list of whom it is about, and comes further step by
//! step through the one door for writes; what it wrote is in the log, with it as the source.

mod begin;
mod forget;
mod portion;
mod step;

use jiff::Timestamp;
use tokio_postgres::{Row, types::Json};
use uuid::Uuid;

use super::{AccountId, Error, Store};
use crate::model::{ActId, ProjectId, What, now};

pub use begin::{begin, begin_undo};
pub(in crate::store) use forget::{forget, forget_targets};
pub use portion::{Portion, next};
pub use step::Step;
pub(in crate::store) use step::{keep, keep_erased};

/// Acts in a list: the last ones.
const LISTED: i64 = 100;

/// Something that was done to many customers at once.
#[derive(Clone, Debug)]
pub struct Act {
    /// Its id, which the changes that it made name as their source.
    pub id: ActId,
    /// The address of who did it; `None` when they have been removed since.
    pub member: Option<String>,
    /// What was done.
    pub what: What,
    /// The filter of whom it is about; `None` where they were chosen one by one.
    pub filter: Option<String>,
    /// Where it wrote; of an erasure, nowhere.
    pub projects: Vec<ProjectId>,
    /// How many people it is about; `None`, like the next, as long as they are being listed.
    pub people: Option<i64>,
    /// How many relationships, of an erasure how many people.
    pub total: Option<i64>,
    /// Those that are done.
    pub done: i64,
    /// Those that it changed.
    pub changed: i64,
    /// Those that it left: they were changed since by somebody else, or are gone.
    pub stayed: i64,
    /// Those that were refused.
    pub refused: i64,
    /// Why the first of them was.
    pub reason: Option<String>,
    /// When it began.
    pub began_at: Timestamp,
    /// When it last came further.
    pub touched_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The act that undoes it.
    pub undone_by: Option<ActId>,
}

impl Act {
    /// Those that were so already.
    pub fn same(&self) -> i64 {
        self.done - self.changed - self.stayed - self.refused
    }
}

const COLUMNS: &str = "a.id, m.email, a.what, a.filter, a.projects, a.people, a.total, a.done, a.changed, a.stayed, a.refused, \
                       a.reason, a.began_at, a.touched_at, a.ended_at, a.undone_by";

/// The last acts of an account, newest first.
pub async fn list(store: &Store, account: AccountId) -> Result<Vec<Act>, Error> {
    let sql = format!(
        "select {COLUMNS} from act a left join member m on m.id = a.member_id and m.account_id = a.account_id
         where a.account_id = $1 order by a.began_at desc, a.id desc limit $2"
    );
    let client = store.client().await?;
    client
        .query(&client.prepare_cached(&sql).await?, &[&account.0, &LISTED])
        .await?
        .iter()
        .map(read)
        .collect()
}

/// An act.
pub async fn find(store: &Store, account: AccountId, id: ActId) -> Result<Act, Error> {
    let sql = format!(
        "select {COLUMNS} from act a left join member m on m.id = a.member_id and m.account_id = a.account_id
         where a.account_id = $1 and a.id = $2"
    );
    let client = store.client().await?;
    let row = client.query_opt(&client.prepare_cached(&sql).await?, &[&account.0, &id.0]).await?;
    read(&row.ok_or(Error::Missing("act"))?)
}

/// Notes that an act has come to its end, and forgets whom it was about.
pub async fn finish(store: &Store, account: AccountId, id: ActId) -> Result<(), Error> {
    let sql = "with gone as (delete from act_target where account_id = $1 and act_id = $2)
               update act set ended_at = $3 where account_id = $1 and id = $2 and ended_at is null";
    store.client().await?.execute(sql, &[&account.0, &id.0, &now()]).await?;
    Ok(())
}

fn read(row: &Row) -> Result<Act, Error> {
    let Json(what) = row.try_get(2)?;
    Ok(Act {
        id: ActId(row.get(0)),
        member: row.get(1),
        what,
        filter: row.get(3),
        projects: row.get::<_, Vec<Uuid>>(4).into_iter().map(ProjectId).collect(),
        people: row.get(5),
        total: row.get(6),
        done: row.get(7),
        changed: row.get(8),
        stayed: row.get(9),
        refused: row.get(10),
        reason: row.get(11),
        began_at: row.get(12),
        touched_at: row.get(13),
        ended_at: row.get(14),
        undone_by: row.get::<_, Option<Uuid>>(15).map(ActId),
    })
}
