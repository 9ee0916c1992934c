//! What a handler has left of a body unread. A connection that is closed with bytes in it is reset, and the answer may be
//! lost with it: whoever is refused while they send would learn nothing but "broken pipe". So some of the rest is read.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::timeout;

/// How much of a rest is read, and for how long.
const BYTES: usize = 1 << 20;
const TIME: Duration = Duration::from_millis(500);

/// Where a body goes that was not read to its end.
#[derive(Clone, Default)]
pub(super) struct Rest(Arc<Mutex<Option<Incoming>>>);

/// A body whose rest is kept when it is dropped.
pub(super) struct Kept {
    body: Option<Incoming>,
    rest: Rest,
}

impl Rest {
    /// A body whose rest comes here.
    pub(super) fn of(&self, body: Incoming) -> Kept {
        Kept { body: Some(body), rest: self.clone() }
    }

    /// Reads some of what was left, so that the answer arrives.
    pub(super) async fn drain(self) {
        let Some(mut body) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let some = async {
            let mut read = 0;
            while let Some(Ok(frame)) = body.frame().await {
                read += frame.data_ref().map_or(0, Bytes::len);
                if read > BYTES {
                    break;
                }
            }
        };
        // Who sends more, or nothing, is not waited for.
        let _ = timeout(TIME, some).await;
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let body = self.body.take().filter(|body| !body.is_end_stream());
        *self.rest.0.lock().unwrap_or_else(PoisonError::into_inner) = body;
    }
}

impl Body for Kept {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}
