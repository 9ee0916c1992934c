//! How far back an account's history reaches, and what it weighs: by an estimate, for counting millions would cost more than
//! the answer is worth.

use jiff::Timestamp;

use super::{AccountId, Store, history, history::History, query, statement::unsigned};

/// So many changes, and so many years of somebody's days, are counted; where there are more, they are estimated.
const COUNTED: i64 = 20_000;
/// What a change weighs beside its values: the other columns, the row's header, its place in the key.
const CHANGE: u64 = 230;
/// What a year of somebody's days weighs.
const YEAR: u64 = 230;

/// What is kept of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// What was set, and what was pruned.
    pub history: History,
    /// Since when it is known what was so: the horizon, or when the first customer was seen.
    pub since: Option<Timestamp>,
    /// How many changes there are.
    pub changes: u64,
    /// Whether that many exactly.
    pub is_exact: bool,
    /// About how many bytes changes and days of activity take, with their keys.
    pub bytes: u64,
}

impl Extent {
    /// Its weight in words: `12 KiB`, `3.4 MiB`.
    pub fn size(&self) -> String {
        match self.bytes {
            small @ 0..1_048_576 => format!("{} KiB", small.div_ceil(1 << 10)),
            large => format!("{:.1} MiB", large as f64 / f64::from(1 << 20)),
        }
    }
}

/// What is kept of an account's past.
pub async fn load(store: &Store, account: AccountId) -> Result<Extent, query::Error> {
    let history = history::load(store, account).await?;
    let [changes, values, years] = counted(store, account).await?;
    let is_many = |counted: u64| counted == COUNTED.unsigned_abs();
    let (mut changes_of, mut years_of) = (changes, years);
    if is_many(changes) || is_many(years) {
        let [per_change, per_year] = per_relationship(store).await?;
        let people: u64 = query::by_project(store, account).await?.values().sum();
        let about = |counted: u64, per: f64| match is_many(counted) {
            true => counted.max((people as f64 * per) as u64),
            false => counted,
        };
        (changes_of, years_of) = (about(changes, per_change), about(years, per_year));
    }
    let since = match history.horizon {
        Some(horizon) => Some(horizon),
        None => query::began(store, account).await?,
    };
    Ok(Extent {
        history,
        since,
        changes: changes_of,
        is_exact: !is_many(changes),
        bytes: changes_of * (values + CHANGE) + years_of * YEAR,
    })
}

/// How many changes there are, what the values of one weigh on average, and how many years of days there are.
async fn counted(store: &Store, account: AccountId) -> Result<[u64; 3], super::Error> {
    let sql = "
        with part as (select pg_column_size(fields) + pg_column_size(params) as bytes from change where account_id = $1 limit $2)
        select count(*), coalesce(avg(bytes), 0)::bigint,
               (select count(*) from (select from activity where account_id = $1 limit $2) year)
        from part";
    let client = store.client().await?;
    let row = client.query_one(&client.prepare_cached(sql).await?, &[&account.0, &COUNTED]).await?;
    Ok([unsigned(&row, 0), unsigned(&row, 1), unsigned(&row, 2)])
}

/// How many changes, and how many years of days, a relationship has by what Postgres noted of its tables; of tables that it
/// has not looked at yet nothing is known.
async fn per_relationship(store: &Store) -> Result<[f64; 2], super::Error> {
    let sql = "select greatest(c.reltuples, 0)::float8 / r.reltuples, greatest(a.reltuples, 0)::float8 / r.reltuples
               from pg_class c, pg_class a, pg_class r
               where c.oid = 'change'::regclass and a.oid = 'activity'::regclass and r.oid = 'relationship'::regclass
                 and r.reltuples > 0";
    let client = store.client().await?;
    let row = client.query_opt(sql, &[]).await?;
    Ok(row.map_or([0.0, 0.0], |row| [row.get(0), row.get(1)]))
}
