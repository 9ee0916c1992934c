//! The log against the rows: replayed to the present, it must tell each relationship as it is.

use std::{collections::HashMap, time::Duration};

use deadpool_postgres::Transaction;
use jiff::Timestamp;
use tokio_postgres::{IsolationLevel, Row};
use uuid::Uuid;

use super::{
    AccountId, Error, Store, account, customer,
    index::{Difference, Report},
    jsonb::Jsonb,
    row::{RELATIONSHIP_COLUMNS, Stored, WRITTEN_COLUMNS},
    write::POINTS,
};
use crate::model::{CustomerId, Log, ProjectId, Relationship, Sides};

/// Relationships of one page, which also ends with the one that passes so many bytes of params, as they are stored.
const PAGE: i64 = 500;
const PAGE_BYTES: i64 = 4 << 20;
/// How often a few logs are replayed in the background, and how many.
const SAMPLED: Duration = Duration::from_secs(60);
const SAMPLE: i64 = 200;
/// Differences that a report lists; the others are counted.
const LISTED: usize = 20;

/// A relationship's place: customer, project.
type Place = (Uuid, Uuid);

/// Replays the log of every relationship of an account.
pub async fn check(store: &Store, account: AccountId) -> Result<Report, Error> {
    let (mut report, mut after) = (Report::default(), Some((Uuid::nil(), Uuid::nil())));
    while let Some(place) = after {
        let (found, next) = page(store, account, place, PAGE).await?;
        after = next;
        report.version = found.version;
        report.rows += found.rows;
        report.differences += found.differences;
        let room = LISTED - report.listed.len();
        report.listed.extend(found.listed.into_iter().take(room));
    }
    Ok(report)
}

/// Replays the log of at most `limit` relationships after a place, in one snapshot. Returns what differs, and the last place
/// if there may be more.
pub(in crate::store) async fn page(
    store: &Store,
    account: AccountId,
    after: Place,
    limit: i64,
) -> Result<(Report, Option<Place>), Error> {
    let mut client = store.client().await?;
    let snapshot = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    let snapshot = snapshot.start().await?;
    let clock = "select version, horizon, time from clock where account_id = $1";
    let clock = snapshot.query_one(&snapshot.prepare_cached(clock).await?, &[&account.0]).await?;
    let rows = rows(&snapshot, account, after, limit).await?;
    let mut logs = logs(&snapshot, account, (clock.get(1), clock.get(2)), &rows).await?;
    let mut report = Report { version: clock.get(0), rows: rows.len() as u64, ..Report::default() };
    for row in &rows {
        let ((customer, project), row) = row;
        let log = logs.remove(&(*customer, *project)).unwrap_or_default();
        let differences = log.differences(row);
        if !differences.is_empty() {
            report.differences += 1;
            report.listed.push(Difference {
                project: ProjectId(*project),
                customer: CustomerId(*customer),
                what: format!("replaying the log tells {}", differences.join("; ")),
            });
        }
    }
    Ok((report, rows.last().map(|(place, _)| *place)))
}

/// Replays a few logs of some account every minute, for ever.
pub async fn sample(store: Store) {
    loop {
        tokio::time::sleep(SAMPLED).await;
        match sampled(&store).await {
            Ok(Some((account, report))) if report.differences > 0 => {
                store.log_differences.inc_by(report.differences);
                // What differs may be personal data, which has no place in a log.
                let customer = report.listed.first().map(|difference| difference.customer.to_string());
                tracing::error!(%account, differences = report.differences, customer,
                    "the log of changes does not tell the relationship as it is");
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the log of changes could not be checked"),
        }
    }
}

async fn sampled(store: &Store) -> Result<Option<(AccountId, Report)>, Error> {
    let accounts = account::list(store).await?;
    let Some(account) = accounts.get(rand::random::<u64>() as usize % accounts.len().max(1)).copied() else {
        return Ok(None);
    };
    let from = customer::somewhere(&store.client().await?, account).await?;
    let (report, _) = page(store, account, (from.unwrap_or_default(), Uuid::nil()), SAMPLE).await?;
    Ok(Some((account, report)))
}

async fn rows(
    snapshot: &Transaction<'_>,
    account: AccountId,
    after: Place,
    limit: i64,
) -> Result<Vec<(Place, Relationship)>, Error> {
    // Said of both tables: a join may begin with either, and must not begin before the page.
    let sql = format!(
        "select * from (
             select {RELATIONSHIP_COLUMNS}, {WRITTEN_COLUMNS}, sum(pg_column_size(r.params)) over (
                 order by r.customer_id, r.project_id rows between unbounded preceding and 1 preceding) as before
             from relationship r join customer c on c.account_id = r.account_id and c.id = r.customer_id
             where r.account_id = $1 and (r.customer_id, r.project_id) > ($2, $3) and c.id >= $2
             order by r.customer_id, r.project_id limit $4) page
         where coalesce(before, 0) < $5"
    );
    let statement = snapshot.prepare_cached(&sql).await?;
    let found = snapshot.query(&statement, &[&account.0, &after.0, &after.1, &limit, &PAGE_BYTES]).await?;
    let read = |row: &Row| {
        let stored = Stored::at(row, 0);
        Ok(((stored.customer()?, stored.project()?), stored.relationship()?))
    };
    found.iter().map(read).collect()
}

/// What the logs of relationships tell of the present: of each name the last change, and every status.
async fn logs(
    snapshot: &Transaction<'_>,
    account: AccountId,
    (horizon, end): (Option<Timestamp>, Timestamp),
    rows: &[(Place, Relationship)],
) -> Result<HashMap<Place, Log>, Error> {
    let mut logs = HashMap::new();
    for (place, row) in rows {
        logs.insert(*place, Log::since(horizon, row.first_paid));
    }
    let (customers, projects): (Vec<Uuid>, Vec<Uuid>) = logs.keys().copied().unzip();
    let ends = vec![end; customers.len()];
    let all: Vec<Jsonb> = customers.iter().map(|_| Jsonb::of(&())).collect();
    let statement = snapshot.prepare_cached(POINTS).await?;
    let found = snapshot.query(&statement, &[&account.0, &projects, &customers, &ends, &all]).await?;
    for row in found {
        if let Some(log) = logs.get_mut(&(row.get(1), row.get(0))) {
            log.track(row.get(2), row.get(3)).enter(row.get(4), Sides::read(row.get(5)).after);
        }
    }
    Ok(logs)
}
