//! The account's time zone: days begin and end in it, so a new one is a new version of the account.

use jiff::tz::TimeZone;

use super::{AccountId, Error, Store, batch::Batch};

/// Sets the time zone by its IANA name; a name that nobody knows is refused. Returns the version.
pub async fn set(store: &Store, account: AccountId, zone: &str) -> Result<i64, Error> {
    TimeZone::get(zone).map_err(|_| Error::Missing("time zone"))?;
    let client = store.changing(account).await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    batch.tx.execute("update clock set zone = $2 where account_id = $1", &[&account.0, &zone]).await?;
    batch.words = true;
    batch.commit().await
}
