//! Lanes: what takes long has places of its own, a few, so that what is quick never waits behind it.
//!
//! Who asks is a [`View`]: a project's key, or the account. Each has at most half of the places, in its own queue, so that
//! one who asks a thousand things at once waits for oneself and not before others. All who ask of one account have at most
//! all places but one, however many projects that are: a place that is taken is not given back before its time, so what
//! another account is to find must be free before it comes, and also while nobody else is there. A lane of one place has
//! nothing to leave. A place is waited for a while, and then it is said whose fault it is that there is none.

use std::{
    collections::HashMap,
    hash::Hash,
    num::NonZeroUsize,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use deadpool_postgres::Object;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use super::{AccountId, Error, View, WAIT};

/// Queues of a kind that are kept though nobody stands in them.
const QUEUES: usize = 1_000;

/// So many places for one kind of work.
pub(in crate::store) struct Lane {
    /// What is done here, for whoever finds no place.
    what: &'static str,
    places: Arc<Semaphore>,
    views: Queues<View>,
    accounts: Queues<AccountId>,
}

/// Where those who ask stand in line, each in a queue of one's own.
struct Queues<K> {
    /// Places that one of them may have.
    each: usize,
    of: Mutex<HashMap<K, Weak<Semaphore>>>,
}

/// A place, until it is dropped.
pub(in crate::store) struct Turn {
    _places: [OwnedSemaphorePermit; 3],
}

/// Every lane there is.
pub(in crate::store) struct Lanes {
    /// What the index computes; holds a processor.
    pub(in crate::store) answers: Lane,
    /// What Postgres answers by reading everything; holds a connection.
    pub(in crate::store) questions: Lane,
    /// Exports; hold a connection for as long as their readers read.
    pub(in crate::store) exports: Lane,
    /// Exports of one person; the same, but nobody's right to their data waits for other exports.
    pub(in crate::store) people: Lane,
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
            people: Lane::new("exports of one person", connections / 6),
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
        Lane {
            what,
            places: Arc::new(Semaphore::new(places)),
            views: Queues::of(places.div_ceil(2)),
            accounts: Queues::of((places - 1).max(1)),
        }
    }

    /// Waits for a place.
    pub(in crate::store) async fn turn(&self, view: View) -> Result<Turn, Error> {
        let until = Instant::now() + WAIT;
        let of_view = place(self.views.queue(view), until).await.ok_or(Error::Share(self.what))?;
        let of_account =
            place(self.accounts.queue(view.account), until).await.ok_or(Error::Share(self.what))?;
        let of_all = place(self.places.clone(), until).await.ok_or(Error::Crowded(self.what))?;
        Ok(Turn { _places: [of_view, of_account, of_all] })
    }
}

/// Waits until then.
async fn place(queue: Arc<Semaphore>, until: Instant) -> Option<OwnedSemaphorePermit> {
    timeout_at(until, queue.acquire_owned()).await.ok()?.ok()
}

impl<K: Copy + Eq + Hash> Queues<K> {
    /// Queues for so many places each.
    fn of(each: usize) -> Queues<K> {
        Queues { each, of: Mutex::default() }
    }

    /// Where one stands in line.
    fn queue(&self, one: K) -> Arc<Semaphore> {
        let mut queues = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(&one).and_then(Weak::upgrade) {
            return queue;
        }
        if queues.len() >= QUEUES {
            queues.retain(|_, queue| queue.strong_count() > 0);
        }
        let queue = Arc::new(Semaphore::new(self.each));
        queues.insert(one, Arc::downgrade(&queue));
        queue
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use uuid::Uuid;

    use super::*;
    use crate::model::ProjectId;

    fn project(account: u128, project: u128) -> View {
        View::project(AccountId(Uuid::from_u128(account)), ProjectId(Uuid::from_u128(project)))
    }

    #[tokio::test]
    async fn a_project_has_half_and_an_account_all_but_one() {
        for (places, of_a_project, of_an_account) in [(1, 1, 1), (2, 1, 1), (3, 2, 2), (4, 2, 3), (9, 5, 8)] {
            let lane = Lane::new("things", places);
            let at_once = |view| lane.turn(view).now_or_never().map(Result::unwrap);
            let mut held: Vec<Turn> = std::iter::from_fn(|| at_once(project(1, 1))).collect();
            assert_eq!(held.len(), of_a_project, "of {places}");
            for n in 2..9 {
                held.extend(std::iter::from_fn(|| at_once(project(1, n))));
            }
            assert_eq!(held.len(), of_an_account, "of {places}");
            assert!(
                at_once(View::account(project(1, 1).account)).is_none(),
                "the account itself is no other"
            );
            held.extend(std::iter::from_fn(|| at_once(project(2, 1))));
            assert_eq!(held.len(), places, "what is left is the other account's");
            held.clear();
            assert!(at_once(project(1, 2)).is_some(), "all of it comes back");
        }
    }
}
