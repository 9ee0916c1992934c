//! What came after a version, read in one snapshot of the database.

use std::{collections::HashMap, sync::LazyLock};

use deadpool_postgres::{Object, Transaction};
use index::Entered;
use tokio_postgres::{IsolationLevel, types::ToSql};
use uuid::Uuid;

use super::{
    super::{
        AccountId, Error, lexicon,
        lexicon::Lexicon,
        row::{RELATIONSHIP_COLUMNS, Stored, WIDTH},
    },
    past::{self, Heavy},
    rows,
};

/// Everything that differs between two versions.
pub(super) struct News {
    /// The version that the database is at.
    pub(super) version: i64,
    /// What the places that were written or removed since hold now.
    pub(super) rows: Vec<index::Row>,
    /// Those of them (project, customer) that hold nothing.
    pub(super) removed: Vec<(Uuid, Uuid)>,
    /// The words, when they were altered or asked for.
    pub(super) words: Option<Lexicon>,
    /// What the rows were, where that was asked for.
    pub(super) past: Result<HashMap<past::Place, Entered>, Heavy>,
}

/// What is wanted beside the rows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Beside {
    /// The words, also where they were not altered.
    pub(super) words: bool,
    /// What the rows were.
    pub(super) past: bool,
}

const HEAD: &str = "
    select c.version, f.batches, f.words from clock c,
        lateral (select count(*) as batches, coalesce(bool_or(words), false) as words
                 from feed where account_id = $1 and version > $2) f
    where c.account_id = $1";

/// Places that were removed are looked up like the others: a later batch may have filled them again.
static ROWS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with place as (
            select distinct u.* from feed f
            cross join lateral unnest(f.touched_projects || f.removed_projects,
                                      f.touched_customers || f.removed_customers) as u (project_id, customer_id)
            where f.account_id = $1 and f.version > $2)
         select {RELATIONSHIP_COLUMNS}, u.project_id, u.customer_id from place u
         left join (relationship r join customer c on c.account_id = r.account_id and c.id = r.customer_id)
             on r.account_id = $1 and r.project_id = u.project_id and r.customer_id = u.customer_id"
    )
});

/// A snapshot of the database, to read in.
pub(super) async fn snapshot(client: &mut Object) -> Result<Transaction<'_>, Error> {
    let snapshot = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    Ok(snapshot.start().await?)
}

/// Reads what came after `from`, up to the version that the snapshot is at; `None` when the feed does not reach back so
/// far any more, or the database is at an earlier version: it was restored.
pub(super) async fn since(
    snapshot: &Transaction<'_>,
    account: AccountId,
    from: i64,
    beside: Beside,
) -> Result<Option<News>, Error> {
    let head = snapshot.prepare_cached(HEAD).await?;
    let rows = snapshot.prepare_cached(&ROWS).await?;
    let parameters: [&(dyn ToSql + Sync); 2] = [&account.0, &from];
    let (head, found) =
        tokio::try_join!(snapshot.query_opt(&head, &parameters), snapshot.query(&rows, &parameters))?;
    let head = head.ok_or(Error::Missing("account"))?;
    let (version, batches): (i64, i64) = (head.get(0), head.get(1));
    if version - from != batches {
        return Ok(None);
    }
    let words = match beside.words || head.get(2) {
        true => Some(lexicon::read(snapshot, account, None).await?),
        false => None,
    };
    let mut news = News {
        version,
        rows: Vec::with_capacity(found.len()),
        removed: Vec::new(),
        words,
        past: Ok(HashMap::new()),
    };
    for row in &found {
        match Stored::at(row, 0).is_there()? {
            true => news.rows.push(rows::read(row)?),
            false => news.removed.push((row.get(WIDTH), row.get(WIDTH + 1))),
        }
    }
    if beside.past {
        let places = news.rows.iter().map(|row| (row.project, row.customer)).unzip();
        news.past = past::lives(snapshot, account, &places).await?;
    }
    Ok(Some(news))
}
