//! The index against Postgres, row by row.
//!
//! First everything is compared as it comes, page by page, while writes go on: a row that was written between its page and
//! the comparison looks different then. What looked different is judged afterwards: the index is held at the version of a
//! snapshot, and the places are looked up in that snapshot. Only what differs there differs.

use std::{
    collections::{HashMap, HashSet},
    ops::ControlFlow,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use deadpool_postgres::GenericClient;
use index::{Entered, Index, Lived, Row};
use uuid::Uuid;

use super::{
    super::{AccountId, Error, Store, customer, row::RELATIONSHIP_COLUMNS},
    Indexes, feed,
    held::Held,
    past, rows,
};
use crate::model::{CustomerId, ProjectId};

/// Rows of one page, which also ends with the row that passes so many bytes of params, as they are stored.
const PAGE: i64 = 2_000;
const PAGE_BYTES: i64 = 8 << 20;
/// Relationships whose pasts are compared together.
const RECALLED: usize = 200;
/// Places that are judged together: the account's writes wait meanwhile.
const JUDGED: usize = 500;
/// Differences that a report lists; the others are counted.
const LISTED: usize = 20;
/// How often a few rows are compared in the background, and how many.
const SAMPLED: Duration = Duration::from_secs(60);
const SAMPLE: i64 = 200;

/// A relationship's place as the index knows it: project, customer.
type Place = (Uuid, Uuid);

/// What a comparison found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The version that the index was at in the end.
    pub version: i64,
    /// Relationships of the database that were compared.
    pub rows: u64,
    /// How many places differ.
    pub differences: u64,
    /// The first of them.
    pub listed: Vec<Difference>,
}

/// A relationship of which the index holds something else than Postgres.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The project.
    pub project: ProjectId,
    /// The customer.
    pub customer: CustomerId,
    /// What differs.
    pub what: String,
}

/// Compares an account's whole index with the database. [`Error::Missing`] when the account has none.
pub async fn check(store: &Store, account: AccountId) -> Result<Report, Error> {
    let indexes = &store.indexes;
    let held = indexes.find(account).ok_or(NO_INDEX)?;
    let client = indexes.client().await?;
    let mut suspects = Vec::new();
    let mut known = held.places().await.ok_or(NO_INDEX)?.into_iter().peekable();
    let (mut rows, mut after) = (0, (Uuid::nil(), Uuid::nil()));
    loop {
        let page = page(&client, account, after).await?;
        let Some(last) = page.last() else { break };
        after = (last.project, last.customer);
        rows += page.len() as u64;
        suspects.extend(held.unlike(&page).await.ok_or(NO_INDEX)?);
        if held.published.knows_past() {
            for rows in page.chunks(RECALLED) {
                let places = rows.iter().map(|row| (row.project, row.customer)).unzip();
                match past::lives(&client, account, &places).await? {
                    Ok(lives) => suspects.extend(held.unlike_past(&lives).await.ok_or(NO_INDEX)?),
                    // They are judged one by one.
                    Err(_) => suspects.extend(places.0.into_iter().zip(places.1)),
                }
            }
        }
        let here: HashSet<Place> = page.iter().map(|row| (row.project, row.customer)).collect();
        while let Some(place) = known.next_if(|place| *place <= after) {
            suspects.extend((!here.contains(&place)).then_some(place));
        }
    }
    suspects.extend(known);
    suspects.sort_unstable();
    suspects.dedup();
    drop(client);
    judge(indexes, &held, rows, &suspects).await
}

const NO_INDEX: Error = Error::Missing("index of this account");

async fn page<C: GenericClient>(client: &C, account: AccountId, after: Place) -> Result<Vec<Row>, Error> {
    let sql = format!(
        "select * from (
             select {RELATIONSHIP_COLUMNS}, sum(pg_column_size(r.params)) over (
                 order by r.project_id, r.customer_id rows between unbounded preceding and 1 preceding) as before
             from relationship r join customer c on c.account_id = r.account_id and c.id = r.customer_id
             where r.account_id = $1 and (r.project_id, r.customer_id) > ($2, $3)
             order by r.project_id, r.customer_id limit $4) page
         where coalesce(before, 0) < $5"
    );
    let statement = client.prepare_cached(&sql).await?;
    let found = client.query(&statement, &[&account.0, &after.0, &after.1, &PAGE, &PAGE_BYTES]).await?;
    found.iter().map(rows::read).collect()
}

/// Says which of the places that looked different are.
async fn judge(indexes: &Indexes, held: &Arc<Held>, rows: u64, suspects: &[Place]) -> Result<Report, Error> {
    let mut report = Report { rows, version: held.published.version().unwrap_or(0), ..Report::default() };
    for places in suspects.chunks(JUDGED) {
        let (version, differences) = verdict(indexes, held, places).await?;
        report.version = version;
        report.differences += differences.len() as u64;
        let room = LISTED - report.listed.len();
        report.listed.extend(differences.into_iter().take(room));
    }
    indexes.0.differences.inc_by(report.differences);
    Ok(report)
}

/// Compares places while the index is held at the version of the snapshot in which they are looked up.
async fn verdict(
    indexes: &Indexes,
    held: &Arc<Held>,
    places: &[Place],
) -> Result<(i64, Vec<Difference>), Error> {
    let mut client = indexes.client().await?;
    let mut turn = held.turn().await;
    let snapshot = feed::snapshot(&mut client).await?;
    let followed = held.forward(&mut turn, &snapshot).await?;
    let Some(index) = turn.as_ref() else {
        drop(turn);
        indexes.settle(held, followed)?;
        return Err(Error::Unavailable("the index is being loaded again".to_owned()));
    };
    let found = rows::at(&snapshot, held.account, &places.iter().copied().unzip()).await?;
    let there: HashSet<Place> = found.iter().map(|row| (row.project, row.customer)).collect();
    let gone: HashSet<Place> = places.iter().filter(|place| !there.contains(*place)).copied().collect();
    let kept = if gone.is_empty() { Vec::new() } else { index.places() };
    let kept = kept.into_iter().filter(|place| gone.contains(place));
    let kept = kept.map(|place| difference(place, "the index holds it, Postgres does not".to_owned()));
    let unlike =
        found.iter().filter_map(|row| Some(difference((row.project, row.customer), index.difference(row)?)));
    let mut differences: Vec<Difference> = unlike.chain(kept).collect();
    if index.remembers() {
        let told: HashSet<Place> = differences.iter().map(|d| (d.project.0, d.customer.0)).collect();
        let compare = |n: usize, lived: Lived| {
            let other = held.other_past(index, &places[n], &lived).filter(|_| !told.contains(&places[n]));
            differences.extend(other.map(|what| difference(places[n], what)));
            ControlFlow::Continue(())
        };
        // A past that is too large is none that the index knows: that it does will be found when it is written next.
        let _ = past::each(&snapshot, held.account, &places.iter().copied().unzip(), compare).await?;
    }
    Ok((index.version(), differences))
}

fn difference((project, customer): Place, what: String) -> Difference {
    Difference { project: ProjectId(project), customer: CustomerId(customer), what }
}

impl Held {
    /// Every place, in the order of the database's key.
    async fn places(&self) -> Option<Vec<Place>> {
        let mut places = self.turn().await.as_ref()?.places();
        places.sort_unstable();
        Some(places)
    }

    /// The places of those rows that it holds otherwise.
    async fn unlike(&self, rows: &[Row]) -> Option<Vec<Place>> {
        let turn = self.turn().await;
        let index = turn.as_ref()?;
        let unlike = rows.iter().filter(|row| index.difference(row).is_some());
        Some(unlike.map(|row| (row.project, row.customer)).collect())
    }
}

impl Held {
    /// The places whose past it knows otherwise.
    async fn unlike_past(&self, lives: &HashMap<Place, Entered>) -> Option<Vec<Place>> {
        let turn = self.turn().await;
        let index = turn.as_ref()?;
        let unlike = lives.iter().filter(|(place, entered)| match entered {
            Entered::Whole(lived) => self.other_past(index, place, lived).is_some(),
            Entered::Fresh(_) => false,
        });
        Some(unlike.map(|(place, _)| *place).collect())
    }

    /// How what the index knows of a past differs from what the log says, as far as that reaches back.
    fn other_past(&self, index: &Index, place: &Place, lived: &Lived) -> Option<String> {
        let horizon = self.published.words().and_then(|words| words.horizon);
        index.past_difference(*place, lived, horizon.map(Into::into))
    }
}

/// Compares a few rows of some account every minute, for ever. An index that is wrong is loaded again.
pub(super) async fn sample(indexes: std::sync::Weak<super::Shared>) {
    loop {
        tokio::time::sleep(SAMPLED).await;
        let Some(shared) = indexes.upgrade() else { return };
        let indexes = Indexes(shared);
        let ready: Vec<Arc<Held>> =
            indexes.all().into_iter().filter(|held| held.published.is_ready()).collect();
        let Some(held) = ready.get(rand::random::<u64>() as usize % ready.len().max(1)) else { continue };
        match sampled(&indexes, held).await {
            Ok(report) if report.differences > 0 => {
                // What differs may be personal data, which has no place in a log.
                let customer = report.listed.first().map(|difference| difference.customer.to_string());
                tracing::error!(account = %held.account, differences = report.differences, customer,
                    "the index differs from Postgres and is loaded again");
                held.give_up().await;
                indexes.load(held);
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(account = %held.account, %error, "the index could not be checked"),
        }
    }
}

async fn sampled(indexes: &Indexes, held: &Arc<Held>) -> Result<Report, Error> {
    let client = indexes.client().await?;
    let Some(from) = customer::somewhere(&client, held.account).await? else { return Ok(Report::default()) };
    let sql = format!(
        "select {RELATIONSHIP_COLUMNS} from relationship r
         join customer c on c.account_id = r.account_id and c.id = r.customer_id
         where r.account_id = $1 and r.customer_id >= $2 and c.id >= $2 order by r.customer_id limit $3"
    );
    let found = client.query(&sql, &[&held.account.0, &from, &SAMPLE]).await?;
    drop(client);
    let found: Vec<Row> = found.iter().map(rows::read).collect::<Result<_, _>>()?;
    let suspects = held.unlike(&found).await.ok_or(NO_INDEX)?;
    judge(indexes, held, found.len() as u64, &suspects).await
}

impl Indexes {
    /// Notes how far the accounts were behind their clocks when these were last read.
    pub(super) fn behind(&self, versions: i64) {
        self.0.behind.store(versions, Ordering::Relaxed);
    }
}
