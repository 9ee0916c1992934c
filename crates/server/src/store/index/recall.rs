//! Loads what an account was, after what every account is: part by part, into the index that is asked and written meanwhile.
//!
//! A part never changes, so what the log says of a row that still lives in it holds, at whatever version it was read (see
//! [`index::Untold`]). Rows that are written meanwhile are in new parts, which the next round reads; the last few are read
//! under the account's turn. Then every part knows its past, and the index follows.

use std::{
    collections::HashMap,
    fmt,
    ops::ControlFlow,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::GenericClient;
use futures_util::FutureExt;
use index::{Entered, Index, Told, Untold};
use tokio::task::{JoinSet, spawn_blocking, yield_now};
use uuid::Uuid;

use super::{
    super::{AccountId, Error},
    Indexes, feed,
    held::Held,
    memory::Needs,
    past::{self, Heavy, Place},
};

/// How long after a failure it is tried again, and how often.
const AGAIN: Duration = Duration::from_secs(1);
const ATTEMPTS: usize = 10;
/// As many rows may be read while the account's writes wait.
const CLOSE: usize = 500;
/// Rounds before the writes wait for more than that, but for no more than this: an account may be written to faster than its past
/// is read, and is then tried again later.
const ROUNDS: usize = 8;
const MOST: usize = 10_000;
/// And so long at most, for all of it.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is gathered is looked at whenever it has grown by so much.
const STEP: u64 = 1 << 20;
/// Parts that are told at once, each over a connection of its own.
const AT_ONCE: usize = 2;
/// Relationships whose past is asked for at a time.
const PAGE: usize = 1_000;

/// Why an index does not know the past.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lost {
    /// It does not fit into the memory.
    Memory,
    /// Some of it is too large to be read.
    Heavy(Heavy),
    /// It could not be read, again and again.
    Unread,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lost::Memory => f.write_str("it does not fit into --index-memory"),
            Lost::Heavy(heavy) => heavy.fmt(f),
            Lost::Unread => f.write_str("it could not be loaded"),
        }
    }
}

/// Why loading ends early.
enum Stop {
    /// There is nothing to be told any more: the index has gone, or its past was given up.
    Gone,
    Lost(Lost),
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Failed(error)
    }
}

/// Loads the past of one account, unless it is there.
pub(super) async fn account(indexes: Indexes, held: Arc<Held>) {
    let mut started = indexes.0.started.subscribe();
    if started.wait_for(|started| *started).await.is_err() {
        return;
    }
    // Not of the turns in which the present is loaded: that must be there as soon as ever.
    let Ok(_turn) = indexes.0.recalling.acquire().await else { return };
    let _only = held.recalling.lock().await;
    for _ in 0..ATTEMPTS {
        // Where the present is loaded again, the past is after it.
        if !held.published.is_ready() || held.published.knows_past() || held.published.lacks_past() {
            return;
        }
        let attempt = AssertUnwindSafe(attempt(&indexes, &held)).catch_unwind().await;
        match attempt.unwrap_or_else(|_| Err(Stop::Failed(Error::Batch("a panic".to_owned())))) {
            Ok(()) | Err(Stop::Gone) => return,
            Err(Stop::Lost(why)) => {
                held.lose_past(why).await;
                return;
            }
            Err(Stop::Failed(error)) => {
                tracing::warn!(account = %held.account, %error, "the past could not be loaded");
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
    held.lose_past(Lost::Unread).await;
}

/// How far the past has been read, to say what all of it would take if it does not fit.
struct Reading {
    /// The bytes of the index before.
    before: u64,
    /// Rows whose past is to be read.
    rows: usize,
    /// Those of them whose past has been read.
    read: AtomicUsize,
}

impl Reading {
    fn of(index: &mut Index) -> (Vec<Untold>, Reading) {
        let untold = index.untold();
        let rows = untold.iter().map(Untold::len).sum();
        (untold, Reading { before: index.bytes(), rows, read: AtomicUsize::new(0) })
    }

    /// Whether what is held now fits, or all of it would if others made room; if not, that is noted.
    fn fits(&self, indexes: &Indexes, held: &Held, bytes: u64) -> bool {
        if indexes.fits(held, bytes) {
            return true;
        }
        let read = self.read.load(Ordering::Relaxed).min(self.rows);
        let needs = Needs::of(self.before, bytes, (read as u64, self.rows as u64), true);
        held.memory.lacks(needs);
        indexes.make_room(held, needs.bytes)
    }
}

async fn attempt(indexes: &Indexes, held: &Arc<Held>) -> Result<(), Stop> {
    let (mut untold, reading) = Reading::of(held.turn().await.as_mut().ok_or(Stop::Gone)?);
    let reading = Arc::new(reading);
    for _ in 0..ROUNDS {
        if untold.iter().map(Untold::len).sum::<usize>() > CLOSE {
            parts(indexes, held, &reading, untold).await?;
        }
        match last(indexes, held, &reading, CLOSE).await? {
            Some(more) => untold = more,
            None => return Ok(()),
        }
    }
    match last(indexes, held, &reading, MOST).await? {
        None => Ok(()),
        Some(_) => {
            Err(Stop::Failed(Error::Batch("the account is written to faster than it is read".to_owned())))
        }
    }
}

/// Reads what the rows of parts were, each part in a task of its own: most of it is work for a processor. Where one fails, the
/// others have ended too.
async fn parts(
    indexes: &Indexes,
    held: &Arc<Held>,
    reading: &Arc<Reading>,
    untold: Vec<Untold>,
) -> Result<(), Stop> {
    let mut parts = JoinSet::new();
    let done = async {
        for untold in untold {
            if parts.len() == AT_ONCE {
                next(&mut parts).await?;
            }
            let (indexes, held, reading) = (indexes.clone(), held.clone(), reading.clone());
            parts.spawn(async move { part(&indexes, &held, &reading, untold).await });
        }
        while !parts.is_empty() {
            next(&mut parts).await?;
        }
        Ok(())
    };
    let done = done.await;
    parts.shutdown().await;
    done
}

/// Waits for one of the parts.
async fn next(parts: &mut JoinSet<Result<(), Stop>>) -> Result<(), Stop> {
    match parts.join_next().await {
        Some(Err(broken)) => Err(Stop::Failed(Error::Batch(broken.to_string()))),
        Some(Ok(told)) => told,
        None => Ok(()),
    }
}

/// Reads what a part's rows were, and tells it.
async fn part(
    indexes: &Indexes,
    held: &Arc<Held>,
    reading: &Reading,
    mut untold: Untold,
) -> Result<(), Stop> {
    let Ok(_turn) = indexes.0.copying.acquire().await else { return Err(Stop::Gone) };
    let client = indexes.client().await?;
    let mut gathered = held.memory.gathered();
    for page in untold.rows().chunks(PAGE) {
        let fits = |bytes| {
            gathered.is(bytes);
            reading.fits(indexes, held, held.memory.bytes())
        };
        read(&client, held.account, &mut untold, page, reading, fits).await?;
        if held.published.lacks_past() || !held.published.is_ready() {
            return Err(Stop::Gone);
        }
        yield_now().await;
    }
    drop(client);
    let told = finish(untold).await?;
    let mut turn = held.turn().await;
    let index = turn.as_mut().filter(|index| index.recalls()).ok_or(Stop::Gone)?;
    index.tell(told);
    held.memory.weighed(index.bytes());
    Ok(())
}

/// Under the account's turn: tells the parts that are left, if they have no more rows than `most`, and from then on the
/// index follows. Else says which are left.
async fn last(
    indexes: &Indexes,
    held: &Arc<Held>,
    reading: &Reading,
    most: usize,
) -> Result<Option<Vec<Untold>>, Stop> {
    let mut client = indexes.client().await?;
    let mut turn = held.turn().await;
    let snapshot = feed::snapshot(&mut client).await?;
    let followed = held.forward(&mut turn, &snapshot).await?;
    let Some(index) = turn.as_mut() else {
        drop(turn);
        indexes.settle(held, followed)?;
        return Err(Stop::Gone);
    };
    if !index.recalls() {
        return Err(Stop::Gone);
    }
    let untold = index.untold();
    if untold.iter().map(Untold::len).sum::<usize>() > most {
        return Ok(Some(untold));
    }
    let (mut gathered, until) = (0, tokio::time::Instant::now() + PATIENCE);
    for mut untold in untold {
        for page in untold.rows().chunks(PAGE) {
            let fits = |bytes| reading.fits(indexes, held, held.memory.bytes() + gathered + bytes);
            let read = read(&snapshot, held.account, &mut untold, page, reading, fits);
            let late = |_| Error::Batch("what an account was could not be read in time".to_owned());
            tokio::time::timeout_at(until, read).await.map_err(late)??;
        }
        gathered += untold.bytes();
        index.tell(finish(untold).await?);
    }
    if !index.remember() {
        return Err(Stop::Failed(Error::Batch("a part was not told its past".to_owned())));
    }
    held.memory.weighed(index.bytes());
    held.publish(index, None);
    held.merge_if_due(index);
    Ok(None)
}

/// Tells of some rows what they were, as long as what is gathered fits.
async fn read<C: GenericClient>(
    client: &C,
    account: AccountId,
    untold: &mut Untold,
    rows: &[(u16, Uuid)],
    reading: &Reading,
    mut fits: impl FnMut(u64) -> bool + Send,
) -> Result<(), Stop> {
    let customers: Vec<Uuid> = rows.iter().map(|(_, customer)| *customer).collect();
    let places = (vec![untold.project(); customers.len()], customers);
    let mut looked_at = untold.bytes();
    let told = past::each(client, account, &places, |n, lived| {
        untold.tell(rows[n].0, &lived);
        reading.read.fetch_add(1, Ordering::Relaxed);
        if untold.bytes() < looked_at + STEP {
            return ControlFlow::Continue(());
        }
        looked_at = untold.bytes();
        if fits(looked_at) { ControlFlow::Continue(()) } else { ControlFlow::Break(Heavy::Full) }
    });
    match told.await? {
        ControlFlow::Continue(()) if fits(untold.bytes()) => Ok(()),
        ControlFlow::Continue(()) | ControlFlow::Break(Heavy::Full) => Err(Stop::Lost(Lost::Memory)),
        ControlFlow::Break(heavy) => Err(Stop::Lost(Lost::Heavy(heavy))),
    }
}

async fn finish(untold: Untold) -> Result<Told, Error> {
    spawn_blocking(|| untold.finish()).await.map_err(|panic| Error::Batch(panic.to_string()))
}

impl Held {
    /// Gives the past up, or what of it has been loaded; the present stays. Says whether there was any.
    pub(super) async fn lose_past(&self, why: Lost) -> bool {
        let mut turn = self.turn().await;
        let Some(index) = turn.as_mut().filter(|index| index.remembers() || index.recalls()) else {
            return false;
        };
        self.forget_past(index, why);
        self.publish(index, None);
        true
    }

    /// The same, of an index that is about to be published.
    fn forget_past(&self, index: &mut Index, why: Lost) {
        tracing::warn!(account = %self.account, "questions about the past go to the database: {why}");
        index.forget_past();
        self.memory.weighed(index.bytes());
        // What was too much at once is read one by one when it is loaded.
        self.memory.leave_past(!matches!(why, Lost::Heavy(Heavy::Many)));
        self.published.lack_past();
    }

    /// What was read of the past; where it was too large the index does without.
    pub(super) fn take_past(
        &self,
        index: &mut Index,
        past: Result<HashMap<Place, Entered>, Heavy>,
    ) -> HashMap<Place, Entered> {
        past.unwrap_or_else(|heavy| {
            self.forget_past(index, Lost::Heavy(heavy));
            HashMap::new()
        })
    }

    /// Whether the past was given up so long ago that it may be tried again.
    pub(super) fn may_recall(&self, after: Duration) -> bool {
        self.published.lacks_past() && self.memory.is_past_outside_for(after)
    }

    /// Begins anew: the past is to be loaded.
    pub(super) fn begin_recalling(&self) {
        self.published.want_past();
    }
}
