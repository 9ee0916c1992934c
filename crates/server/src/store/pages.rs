//! Pages on their way from a snapshot to whoever reads them: a few at a time, and not for ever. What reads stops when nobody
//! takes them any more.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use futures_util::{Stream, TryStreamExt, stream::try_unfold};
use tokio::{
    sync::mpsc::{Sender, channel},
    time::timeout,
};

use tokio_postgres::Row;

use super::{query::Error, snapshot::Snapshot};

/// A page ends with the row that passes this many bytes.
const PAGE_BYTES: usize = 1 << 20;
/// How long a reader may take to ask for the next page.
const STALLED: Duration = Duration::from_secs(60);
/// How long all pages may take together.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Where pages go. What ends without a word of it was cut.
pub(super) struct Pages<T> {
    to: Sender<Result<Option<T>, Error>>,
    begin: Instant,
}

impl<T: Send + 'static> Pages<T> {
    /// What `read` sends, as a stream. The next page is read while one is used; no more than a few are in memory. It begins
    /// when the first is asked for.
    pub(super) fn of<F>(
        read: impl FnOnce(Pages<T>) -> F + Send + 'static,
    ) -> impl Stream<Item = Result<T, Error>> + Send
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        try_unfold((Some(read), None), async |(read, from)| {
            let Some(mut from) = read.map(Pages::start).or(from) else { return Ok(None) };
            let page = from.recv().await.unwrap_or_else(|| Err(Error::Store(stopped())))?;
            Ok(page.map(|page| (page, (None, Some(from)))))
        })
    }

    fn start<F>(read: impl FnOnce(Pages<T>) -> F) -> tokio::sync::mpsc::Receiver<Result<Option<T>, Error>>
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let (to, from) = channel(1);
        let read = read(Pages { to: to.clone(), begin: Instant::now() });
        tokio::spawn(async move {
            // Nobody reads any more: what is under way in the database is given up with its connection.
            let read = tokio::select! {
                () = to.closed() => Ok(()),
                read = read => read,
            };
            if let Err(error) = read {
                tracing::warn!(%error, "an export was cut");
                let _ = to.try_send(Err(error));
            }
        });
        from
    }

    /// A page goes to its reader, or the reader is given up.
    pub(super) async fn send(&self, page: T) -> Result<(), Error> {
        self.put(Some(page)).await
    }

    /// All pages have gone.
    pub(super) async fn end(&self) -> Result<(), Error> {
        self.put(None).await
    }

    async fn put(&self, page: Option<T>) -> Result<(), Error> {
        let left = LONGEST.saturating_sub(self.begin.elapsed()).min(STALLED);
        let sent = timeout(left, self.to.send(Ok(page))).await;
        sent.ok().and_then(Result::ok).ok_or(Error::Store(stopped()))
    }
}

impl<I: Send + 'static> Pages<Vec<I>> {
    /// Sends what a cursor has, fetching so many rows at a time. `read` makes an item of a row, and says how many bytes it holds.
    pub(super) async fn send_all(
        &self,
        snapshot: &Snapshot,
        cursor: &str,
        rows: usize,
        read: impl Fn(Row) -> Result<(I, usize), super::Error>,
    ) -> Result<(), Error> {
        loop {
            let (mut page, mut bytes, mut found) = (Vec::new(), 0, 0);
            let mut fetched = pin!(snapshot.fetch(cursor, rows).await?);
            while let Some(row) = fetched.try_next().await.map_err(super::Error::from)? {
                let (item, weight) = read(row)?;
                found += 1;
                bytes += weight;
                page.push(item);
                if bytes > PAGE_BYTES {
                    self.send(std::mem::take(&mut page)).await?;
                    bytes = 0;
                }
            }
            if !page.is_empty() {
                self.send(page).await?;
            }
            if found < rows {
                return Ok(());
            }
        }
    }
}

fn stopped() -> super::Error {
    super::Error::Unavailable("the export was given up, as its reader took too long".to_owned())
}
