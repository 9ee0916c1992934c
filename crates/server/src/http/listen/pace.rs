//! How long a peer may keep us waiting, while it sends a body or takes an answer.
//!
//! A peer has so much of our patience. Waiting for it uses that up, what it moves gives it back; so a stall and a drip are cut
//! off alike, however much came before, and whoever is slow but steady is not. Only waiting for the peer counts: time that
//! the server takes itself does not.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// The patience with a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long it may be waited for at most, at once.
    pub most: Duration,
    /// So many bytes give a second of it back.
    pub rate: u64,
}

/// The peer took longer than it may.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("it came too slowly")]
pub struct TooSlow;

/// What is left of the patience with one peer.
#[derive(Debug)]
pub(super) struct Waiting {
    patience: Patience,
    left: Duration,
    /// When it began to be waited for.
    since: Option<Instant>,
    /// Wakes us when the patience ends; made when it is waited for the first time.
    end: Option<Pin<Box<Sleep>>>,
}

impl Waiting {
    /// All of it.
    pub(super) fn new(patience: Patience) -> Waiting {
        Waiting { patience, left: patience.most, since: None, end: None }
    }

    /// Notes that the peer moved so many bytes.
    pub(super) fn moved(&mut self, bytes: usize) {
        let waited = self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        self.spend(waited, bytes);
    }

    fn spend(&mut self, waited: Duration, bytes: usize) {
        let back = Duration::from_secs_f64(bytes as f64 / self.patience.rate as f64);
        self.left = self.left.saturating_sub(waited).saturating_add(back).min(self.patience.most);
    }

    /// Ready when the peer, which moves nothing just now, has used its patience up.
    pub(super) fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let due = since + self.left;
        let end = self.end.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if end.deadline() != due {
            end.as_mut().reset(due);
        }
        end.as_mut().poll(context)
    }
}

/// A body that is waited for with patience.
pub(super) struct Paced<B> {
    body: B,
    waiting: Waiting,
}

impl<B> Paced<B> {
    /// A body that the peer sends.
    pub(super) fn new(body: B, patience: Patience) -> Paced<B> {
        Paced { body, waiting: Waiting::new(patience) }
    }
}

impl<B: Body<Data = Bytes, Error: Into<axum::BoxError>> + Unpin> Body for Paced<B> {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => {
                let bytes = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref().map(Bytes::len));
                self.waiting.moved(bytes.unwrap_or(0));
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => self.waiting.poll_over(context).map(|()| Some(Err(TooSlow.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many frames of a peer that sends so many bytes every so many seconds come before it is cut off.
    fn frames(sends: &[(u64, usize)]) -> usize {
        let mut waiting = Waiting::new(Patience { most: Duration::from_secs(30), rate: 4 << 10 });
        let in_time = |(seconds, bytes): &&(u64, usize)| {
            let waited = Duration::from_secs(*seconds);
            let came = waited < waiting.left;
            waiting.spend(waited, *bytes);
            came
        };
        sends.iter().take_while(in_time).count()
    }

    #[test]
    fn stalls_and_drips_are_cut_off_and_steady_ones_are_not() {
        assert_eq!(frames(&[(30, 1)]), 0);
        // However much came before, nobody may stall for longer.
        assert_eq!(frames(&[(0, 100 << 20), (30, 1)]), 1);
        assert_eq!(frames(&[(10, 1); 100]), 3);
        // Four KiB a second is enough, and so is a pause that is made up for.
        assert_eq!(frames(&[(1, 4 << 10); 1000]), 1000);
        assert_eq!(frames(&[(29, 116 << 10); 20]), 20);
        assert_eq!(frames(&[(1, 2 << 10); 1000]), 58);
    }
}
