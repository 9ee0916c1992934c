//! Accounts: the tenants. This is where an account id comes from.

use jiff::{Timestamp, tz::TimeZone};
use uuid::Uuid;

use super::{Error, Store, clock};
use crate::model::{
    Currency, Dates, Formats, Numbers, SegmentId,
    ready::{READY, Ready},
};

/// A tenant's id. It cannot be made from a request: only look-ups of this module and its siblings return one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub(in crate::store) Uuid);

impl std::fmt::Display for AccountId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A tenant.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name on pages.
    pub name: String,
    /// Its time zone: days begin and end in it.
    pub zone: TimeZone,
    /// How its pages write numbers and dates.
    pub formats: Formats,
    /// The version that it is at, or was when this was read.
    pub version: i64,
}

/// Every account, oldest first: for jobs and the command line.
pub async fn list(store: &Store) -> Result<Vec<AccountId>, Error> {
    let rows = store.client().await?.query("select id from account order by created_at, id", &[]).await?;
    Ok(rows.iter().map(|row| AccountId(row.get(0))).collect())
}

/// The accounts that were written to since a moment, and the share of the others whose turns these are, of so many.
pub(in crate::store) async fn active_or_of_turns(
    store: &Store,
    since: Timestamp,
    (these, turns): (&[i64], i64),
) -> Result<Vec<AccountId>, Error> {
    let sql = "select account_id from clock
               where time > $1 or abs(hashtextextended(account_id::text, 0) % $3) = any($2) order by account_id";
    let rows = store.client().await?.query(sql, &[&since, &these, &turns]).await?;
    Ok(rows.iter().map(|row| AccountId(row.get(0))).collect())
}

/// The account itself.
pub async fn load(store: &Store, account: AccountId) -> Result<Account, Error> {
    let client = store.client().await?;
    let statement = client
        .prepare_cached(
            "select a.name, c.zone, c.version, a.numbers, a.dates, a.currency
             from account a join clock c on c.account_id = a.id where a.id = $1",
        )
        .await?;
    let row = client.query_opt(&statement, &[&account.0]).await?.ok_or(Error::Missing("account"))?;
    // What a newer program has stored is not known here: then it is as in a new account.
    let formats = Formats {
        numbers: Numbers::named(row.get(3)).unwrap_or_default(),
        dates: Dates::named(row.get(4)).unwrap_or_default(),
        currency: row.get::<_, Option<&str>>(5).and_then(Currency::of),
    };
    Ok(Account { id: account, name: row.get(0), zone: clock::zone(row.get(1)), version: row.get(2), formats })
}

/// Opens an account with its clock at 0, and the segments that are ready.
pub async fn open(store: &Store, name: &str, now: Timestamp) -> Result<AccountId, Error> {
    let id = Uuid::now_v7();
    let mut client = store.client().await?;
    let tx = client.transaction().await?;
    tx.execute("insert into account (id, name, created_at) values ($1, $2, $3)", &[&id, &name, &now]).await?;
    tx.execute("insert into clock (account_id, version) values ($1, 0)", &[&id]).await?;
    for Ready { slug, name, filter } in READY {
        let sql = "insert into segment (account_id, id, slug, name, filter, project_id, created_at)
                   values ($1, $2, $3, $4, $5, null, $6)";
        tx.execute(sql, &[&id, &SegmentId::new().0, &slug, &name, &filter, &now]).await?;
    }
    tx.commit().await.map_err(Error::of_write)?;
    Ok(AccountId(id))
}

/// Gives an account another name.
pub async fn rename(store: &Store, account: AccountId, name: &str) -> Result<(), Error> {
    let client = store.client().await?;
    let sql = "update account set name = $2 where id = $1";
    let set = client.execute(sql, &[&account.0, &name]).await.map_err(Error::of_write)?;
    if set == 0 { Err(Error::Missing("account")) } else { Ok(()) }
}

/// Has an account's pages write numbers and dates in another way.
pub async fn set_formats(store: &Store, account: AccountId, formats: Formats) -> Result<(), Error> {
    let Formats { numbers, dates, currency } = formats;
    let client = store.client().await?;
    let sql = "update account set numbers = $2, dates = $3, currency = $4 where id = $1";
    let currency = currency.map(Currency::as_str);
    let set = client.execute(sql, &[&account.0, &numbers.as_str(), &dates.as_str(), &currency]).await;
    if set.map_err(Error::of_write)? == 0 { Err(Error::Missing("account")) } else { Ok(()) }
}
