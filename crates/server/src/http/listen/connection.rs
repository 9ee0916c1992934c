//! A connection with deadlines: for a head, for the silence between two requests, and for taking an answer.
//!
//! hyper has one time-out for both a head and the silence before it. They are apart here: a head is a matter of seconds,
//! and a proxy keeps its connections open for a minute and does not like to lose one in the middle of a POST.

use std::{
    future::poll_fn,
    io,
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    time::{Instant, sleep_until},
};

use super::{
    Deadlines,
    pace::{Patience, Waiting},
};

/// How much is read at once: less than the 8 KiB with which hyper's buffer begins. Where a read fills that, hyper doubles it, and
/// keeps it as long as the connection lives: thousands of bodies that do not end would take more there than they may where they
/// are counted.
const READ: u64 = (8 << 10) - 1;

/// What a connection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A head is being sent.
    Head,
    /// A request is being answered. Its body and its answer have deadlines of their own.
    Request,
    /// Nothing: the peer may send another request, or not.
    Idle,
}

/// What a connection is at, and since when: its bytes and its service both say.
#[derive(Clone, Debug)]
pub(super) struct Progress(Arc<Mutex<State>>);

#[derive(Clone, Copy, Debug)]
struct State {
    phase: Phase,
    since: Instant,
    /// Whether the peer is to take bytes that it does not: an answer whose body has gone may still lie in a buffer.
    writing: bool,
}

impl Progress {
    /// A connection that was just opened, to say something.
    pub(super) fn new() -> Progress {
        let state = State { phase: Phase::Head, since: Instant::now(), writing: false };
        Progress(Arc::new(Mutex::new(state)))
    }

    /// A head has come whole. The request is over when what is returned is dropped.
    pub(super) fn request(&self) -> Answering {
        self.set(Phase::Request);
        Answering(self.clone())
    }

    /// Bytes have come.
    fn arrived(&self) {
        self.alter(|state| {
            if state.phase == Phase::Idle {
                *state = State { phase: Phase::Head, since: Instant::now(), ..*state };
            }
        });
    }

    /// Bytes of an answer are waiting to be taken, or have been.
    fn writing(&self, waits: bool) {
        self.alter(|state| {
            state.writing = waits;
            if state.phase == Phase::Idle {
                state.since = Instant::now();
            }
        });
    }

    /// Drives a connection to its end: `None` when nothing has come on it for too long. All that alters what it is at happens
    /// while it is polled, so it is enough to look after that.
    pub(super) async fn watch<C: Future>(self, deadlines: Deadlines, connection: C) -> Option<C::Output> {
        let mut connection = pin!(connection);
        let mut wake = pin!(sleep_until(Instant::now() + deadlines.head));
        poll_fn(|context| {
            if let Poll::Ready(ended) = connection.as_mut().poll(context) {
                return Poll::Ready(Some(ended));
            }
            loop {
                let Some(due) = self.due(&deadlines) else { return Poll::Pending };
                // One that would wake us too early is left alone: with each request it is due later.
                if due < wake.deadline() {
                    wake.as_mut().reset(due);
                }
                match wake.as_mut().poll(context) {
                    Poll::Ready(()) if due <= Instant::now() => return Poll::Ready(None),
                    Poll::Ready(()) => wake.as_mut().reset(due),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await
    }

    /// Until when something must have come.
    fn due(&self, deadlines: &Deadlines) -> Option<Instant> {
        let state = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait: Duration = match state.phase {
            Phase::Head => deadlines.head,
            Phase::Request => return None,
            Phase::Idle if state.writing => return None,
            Phase::Idle => deadlines.idle,
        };
        Some(state.since + wait)
    }

    fn set(&self, phase: Phase) {
        self.alter(|state| *state = State { phase, since: Instant::now(), ..*state });
    }

    fn alter(&self, how: impl FnOnce(&mut State)) {
        how(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A request that is being answered.
pub(super) struct Answering(Progress);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.set(Phase::Idle);
    }
}

/// The body of an answer: when it has gone, the request is over.
pub(super) struct AnswerBody {
    body: axum::body::Body,
    _answering: Answering,
}

impl AnswerBody {
    /// The body that answers a request.
    pub(super) fn new(body: axum::body::Body, answering: Answering) -> AnswerBody {
        AnswerBody { body, _answering: answering }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The bytes of a connection.
pub(super) struct Connection<S> {
    stream: S,
    progress: Progress,
    writing: Waiting,
}

impl<S> Connection<S> {
    /// A connection that was just opened.
    pub(super) fn new(stream: S, patience: Patience, progress: Progress) -> Connection<S> {
        Connection { stream, progress, writing: Waiting::new(patience) }
    }

    /// What became of a write: bytes that were taken, or the patience with who takes none.
    fn poll_written(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.progress.writing(written.is_pending());
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.writing.moved(bytes);
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.writing.poll_over(context).map(|()| Err(io::ErrorKind::TimedOut.into())),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut (&mut self.stream).take(READ)).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.progress.arrived();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.poll_written(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.poll_written(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
