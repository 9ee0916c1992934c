//! Everything that an account has, copied out of Postgres: a large account over several connections at once.

use std::{pin::pin, sync::Arc};

use deadpool_postgres::GenericClient;
use futures_util::{TryStreamExt, future::try_join_all};
use index::{Prepared, Preparing};
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    task::spawn_blocking,
};
use tokio_postgres::binary_copy::{BinaryCopyOutRow, BinaryCopyOutStream};

use super::{
    super::{
        AccountId, Error,
        row::{RELATIONSHIP_COLUMNS, Stored, TYPES},
    },
    Indexes,
    held::Held,
    rows,
};

/// An account with more rows is split.
const LARGE: i64 = 50_000;
/// Rows that are put into columns together: a chunk's, or fewer when their params are long.
const CHUNK: Bound = Bound { rows: 65_536, bytes: 128 << 20 };
/// Rows that go from the connection to the thread that parses them at a time.
const PARCEL: Bound = Bound { rows: 1_024, bytes: 1 << 20 };
/// Parcels that wait for that thread before the connection does.
const PARCELS: usize = 8;

/// When something is full.
struct Bound {
    rows: usize,
    bytes: usize,
}

impl Bound {
    fn is_met(&self, rows: usize, bytes: usize) -> bool {
        rows >= self.rows || bytes >= self.bytes
    }
}

/// Rows on their way to the thread that parses them.
#[derive(Default)]
struct Parcel {
    rows: Vec<BinaryCopyOutRow>,
    bytes: usize,
}

/// Part of the table, by blocks; the last part has no end.
struct Part {
    from: i64,
    to: Option<i64>,
}

/// Copies everything. Parts are read in snapshots of their own: a row that moves between them meanwhile comes twice or
/// not at all, which the feed repairs when it is followed from a version that was read before.
pub(super) async fn all(indexes: &Indexes, held: &Arc<Held>, into: Sender<Prepared>) -> Result<(), Error> {
    let parts = match large(indexes, held.account).await? {
        Some(blocks) => split(blocks),
        None => vec![None],
    };
    try_join_all(parts.into_iter().map(|part| copy(indexes, held, part, into.clone()))).await?;
    Ok(())
}

/// The blocks of the table if the account is large.
async fn large(indexes: &Indexes, account: AccountId) -> Result<Option<i64>, Error> {
    let client = indexes.client().await?;
    let sql =
        "select (select count(*) from (select from relationship where account_id = $1 limit $2) few) >= $2,
                      pg_relation_size('relationship') / current_setting('block_size')::bigint";
    let row = client.query_one(sql, &[&account.0, &LARGE]).await?;
    Ok(row.get::<_, bool>(0).then(|| row.get(1)))
}

/// As many parts as there are processors to read them, within reason.
fn split(blocks: i64) -> Vec<Option<Part>> {
    let processors = std::thread::available_parallelism().map_or(2, |n| n.get() as i64);
    let parts = processors.clamp(2, super::COPYING as i64);
    let start = |part: i64| blocks * part / parts;
    (0..parts)
        .map(|part| Some(Part { from: start(part), to: (part + 1 < parts).then(|| start(part + 1)) }))
        .collect()
}

async fn copy(
    indexes: &Indexes,
    held: &Arc<Held>,
    part: Option<Part>,
    into: Sender<Prepared>,
) -> Result<(), Error> {
    let Ok(_turn) = indexes.0.copying.acquire().await else { return Ok(()) };
    let mut client = indexes.client().await?;
    let snapshot = client.build_transaction().read_only(true).start().await?;
    // A hash of all customers is built once a part: it should not go to disk, nor the work to yet more processes.
    snapshot
        .batch_execute("set local work_mem = '256MB'; set local max_parallel_workers_per_gather = 0")
        .await?;
    let stream = snapshot.copy_out(&statement(held.account, part.as_ref())).await?;
    let mut rows = pin!(BinaryCopyOutStream::new(stream, &TYPES));
    let (send, receive) = channel(PARCELS);
    let reader = spawn_blocking({
        let held = held.clone();
        move || read(&held, receive, &into)
    });
    let mut parcel = Parcel::default();
    while let Some(row) = rows.try_next().await? {
        parcel.bytes += Stored::at(&row, 0).weight()?;
        parcel.rows.push(row);
        if PARCEL.is_met(parcel.rows.len(), parcel.bytes)
            && send.send(std::mem::take(&mut parcel)).await.is_err()
        {
            break; // the reader has ended, and says why
        }
    }
    let _ = send.send(parcel).await;
    drop(send);
    reader.await.map_err(|panic| Error::Batch(panic.to_string()))?
}

/// COPY takes no parameters: what stands in the text is an id and numbers of ours.
fn statement(account: AccountId, part: Option<&Part>) -> String {
    let part = part.map(|Part { from, to }| {
        let to = to.map(|to| format!("and r.ctid < '({to},0)'::tid")).unwrap_or_default();
        format!("and r.ctid >= '({from},0)'::tid {to}")
    });
    let part = part.unwrap_or_default();
    format!(
        "copy (select {RELATIONSHIP_COLUMNS} from relationship r
               join customer c on c.account_id = r.account_id and c.id = r.customer_id
               where r.account_id = '{account}'::uuid {part}) to stdout (format binary)"
    )
}

/// Puts rows into columns, as fast as they come. Ends early when nobody takes them any more.
fn read(held: &Held, mut parcels: Receiver<Parcel>, into: &Sender<Prepared>) -> Result<(), Error> {
    let (mut chunk, mut rows, mut bytes) = (Preparing::default(), 0, 0);
    while let Some(parcel) = parcels.blocking_recv() {
        held.has_read(parcel.rows.len());
        rows += parcel.rows.len();
        bytes += parcel.bytes;
        for row in &parcel.rows {
            rows::prepare(row, &mut chunk)?;
        }
        if CHUNK.is_met(rows, bytes) {
            (rows, bytes) = (0, 0);
            if into.blocking_send(std::mem::take(&mut chunk).finish()).is_err() {
                return Ok(());
            }
        }
    }
    let _ = into.blocking_send(chunk.finish());
    Ok(())
}
