//! Which accounts have moved, whoever wrote: read from the feed of all accounts at once, so that looking costs what has
//! happened and not what there is.
//!
//! A version is news when the transaction that made it was not visible in the snapshot of the last look: it was under way
//! then, or had not begun. That misses none, in whatever order transactions end; nobody who writes has to tell anybody
//! (`notify` would take a lock of the whole database at each commit); and a transaction that stays open for an hour, be it in
//! another database of the same Postgres, makes no look longer.

use std::{fmt, str::FromStr};

use deadpool_postgres::GenericClient;

use super::super::{AccountId, Error};

/// Which transactions had ended at a moment: all whose number is below `end`, but for those that were under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    end: i64,
    under_way: Vec<i64>,
}

impl Snapshot {
    /// Whether what a transaction wrote could be seen.
    pub(super) fn sees(&self, transaction: i64) -> bool {
        transaction < self.end && !self.under_way.contains(&transaction)
    }

    /// Whether it lies before another: the database has gone back between them, or another one took its place.
    pub(super) fn is_before(&self, other: &Snapshot) -> bool {
        self.end < other.end
    }
}

/// As `pg_current_snapshot()` says it: `xmin:xmax:xip,xip…`, see "Transaction ID and Snapshot Information Functions" in the
/// manual of Postgres. The first number follows from the others.
impl FromStr for Snapshot {
    type Err = Error;

    fn from_str(text: &str) -> Result<Snapshot, Error> {
        let odd = || Error::Config(format!("Postgres says of its snapshot {text:?}"));
        let number = |text: &str| text.parse::<i64>().map_err(|_| odd());
        let [_, end, under_way] = text.split(':').collect::<Vec<_>>()[..] else { return Err(odd()) };
        let under_way = under_way.split(',').filter(|text| !text.is_empty());
        Ok(Snapshot { end: number(end)?, under_way: under_way.map(number).collect::<Result<_, _>>()? })
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begin = self.under_way.iter().copied().min().unwrap_or(self.end);
        let under_way: Vec<String> = self.under_way.iter().map(i64::to_string).collect();
        write!(f, "{begin}:{}:{}", self.end, under_way.join(","))
    }
}

/// The snapshot of now.
pub(super) async fn snapshot<C: GenericClient>(client: &C) -> Result<Snapshot, Error> {
    let statement = client.prepare_cached("select pg_current_snapshot()::text").await?;
    client.query_one(&statement, &[]).await?.get::<_, &str>(0).parse()
}

/// Beyond the second snapshot nothing has happened yet, and what says so comes from elsewhere: a copy of a database keeps the
/// numbers of transactions of where it was made.
const MOVED: &str = "
    select account_id, max(version) from (
        select account_id, version from feed where xid >= $1 and xid < $2
        union all
        select account_id, version from feed where xid = any($3)) moved
    group by account_id";

/// The accounts that have moved between two snapshots, and how far; one that moved a moment later may be among them.
pub(super) async fn between<C: GenericClient>(
    client: &C,
    last: &Snapshot,
    now: &Snapshot,
) -> Result<Vec<(AccountId, i64)>, Error> {
    if last == now {
        return Ok(Vec::new());
    }
    let statement = client.prepare_cached(MOVED).await?;
    let rows = client.query(&statement, &[&last.end, &now.end, &last.under_way]).await?;
    Ok(rows.iter().map(|row| (AccountId(row.get(0)), row.get(1))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_read_as_it_is_written() {
        for (text, seen, unseen) in [
            ("10:20:10,14", &[9, 11, 19][..], &[10, 14, 20, 21][..]),
            ("20:20:", &[19], &[20]),
            ("0:9000000000:0", &[8_999_999_999], &[0, 9_000_000_000]),
        ] {
            let snapshot: Snapshot = text.parse().unwrap();
            assert_eq!(snapshot.to_string(), text);
            assert!(seen.iter().all(|transaction| snapshot.sees(*transaction)), "{text}");
            assert!(unseen.iter().all(|transaction| !snapshot.sees(*transaction)), "{text}");
        }
        for odd in ["", "10", "10:20", "10:x:", "10:20:a", "10:20::"] {
            assert!(odd.parse::<Snapshot>().is_err(), "{odd}");
        }
    }
}
