//! Lanes: what takes long has places of its own, a few, so that what is quick never waits behind it.
//!
//! Who asks is a [`View`]: a project's key, or the account. Each has at most half of the places, in its own queue, so that
//! one who asks a thousand things at once waits for oneself and not before others. A place is waited for a while, and then
//! it is said whose fault it is that there is none.

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use deadpool_postgres::Object;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{Error, View, WAIT};

/// Queues that are kept though nobody stands in them.
const QUEUES: usize = 1_000;

/// So many places for one kind of work.
pub(in crate::store) struct Lane {
    /// What is done here, for whoever finds no place.
    what: &'static str,
    places: Arc<Semaphore>,
    each: usize,
    queues: Mutex<HashMap<View, Weak<Semaphore>>>,
}

/// A place, until it is dropped.
pub(in crate::store) struct Turn {
    _of_all: OwnedSemaphorePermit,
    _of_one: OwnedSemaphorePermit,
}

/// Every lane there is.
pub(in crate::store) struct Lanes {
    /// What the index computes; holds a processor.
    pub(in crate::store) answers: Lane,
    /// What Postgres answers by reading everything; holds a connection.
    pub(in crate::store) questions: Lane,
    /// Exports; hold a connection for as long as their readers read.
    pub(in crate::store) exports: Lane,
    /// Changes that wait for the account's turn: segments, erasures, merges; hold a connection.
    pub(in crate::store) changes: Lane,
}

impl Lanes {
    /// The lanes over a pool of so many connections, of which some are left for what is quick.
    pub(in crate::store) fn over(connections: usize) -> Lanes {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Lanes {
            // Twice as many as can run: who asks many things may use every processor, and others still get theirs.
            answers: Lane::new("queries", processors * 2),
            questions: Lane::new("queries", connections / 4),
            exports: Lane::new("exports", connections / 4),
            changes: Lane::new("changes", connections / 6),
        }
    }
}

/// A connection that is held in a lane.
pub(in crate::store) struct Held {
    client: Object,
    _turn: Turn,
}

impl Held {
    /// A connection, and the place that it is held in.
    pub(in crate::store) fn new(client: Object, turn: Turn) -> Held {
        Held { client, _turn: turn }
    }
}

impl Deref for Held {
    type Target = Object;

    fn deref(&self) -> &Object {
        &self.client
    }
}

impl Lane {
    /// A lane with so many places, at least one.
    pub(in crate::store) fn new(what: &'static str, places: usize) -> Lane {
        let places = places.max(1);
        let each = places.div_ceil(2);
        Lane { what, places: Arc::new(Semaphore::new(places)), each, queues: Mutex::default() }
    }

    /// Waits for a place.
    pub(in crate::store) async fn turn(&self, view: View) -> Result<Turn, Error> {
        let begin = tokio::time::Instant::now();
        let of_one = timeout(WAIT, self.queue(view).acquire_owned()).await;
        let of_one = of_one.ok().and_then(Result::ok).ok_or(Error::Share(self.what))?;
        let of_all = timeout(WAIT.saturating_sub(begin.elapsed()), self.places.clone().acquire_owned()).await;
        let of_all = of_all.ok().and_then(Result::ok).ok_or(Error::Crowded(self.what))?;
        Ok(Turn { _of_all: of_all, _of_one: of_one })
    }

    /// Where one stands in line.
    fn queue(&self, view: View) -> Arc<Semaphore> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(&view).and_then(Weak::upgrade) {
            return queue;
        }
        if queues.len() >= QUEUES {
            queues.retain(|_, queue| queue.strong_count() > 0);
        }
        let queue = Arc::new(Semaphore::new(self.each));
        queues.insert(view, Arc::downgrade(&queue));
        queue
    }
}
