//! One queue an account: while a batch commits, the next one gathers.

use std::{
    collections::{HashMap, HashSet, VecDeque, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::oneshot, task::JoinHandle};

use super::{
    Once, Receipt,
    request::{Kept, Request},
    run,
};
use crate::{
    model::{Call, Edit, KeyId, ProjectId, Source},
    store::{AccountId, Error, Store, batch::Landed, import::Step},
};

/// Calls that wait for an account before callers are told to come back: about two seconds of work.
const WAITING_MAX: usize = 10_000;
/// The same of one project, so that the others find room.
const WAITING_OF_ONE: usize = WAITING_MAX / 2;
/// All of them in bytes, and those of one project.
const WAITING_BYTES_MAX: usize = 64 << 20;
const WAITING_BYTES_OF_ONE: usize = WAITING_BYTES_MAX / 2;
/// A batch is closed when it holds so many calls, or so many bytes.
const BATCH_MAX: usize = 2_000;
const BATCH_BYTES_MAX: usize = 4 << 20;
/// A call with more values than this gets a batch of its own, so that its index entries delay nobody.
const LEAVES_MAX: usize = 5_000;

/// A request in the queue.
struct Job {
    request: Request,
    claim: Option<Claim>,
    bytes: usize,
    leaves: usize,
    reply: oneshot::Sender<Result<Receipt, Error>>,
}

/// The one door for writes to customers; cheap to clone.
#[derive(Clone)]
pub struct Writer {
    store: Store,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// An account is here as long as a task works for it.
    queues: HashMap<AccountId, Queue>,
    /// Idempotency keys under way.
    in_flight: HashSet<(KeyId, String)>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    calls: usize,
    /// Only of projects that have some.
    of_one: HashMap<ProjectId, Waiting>,
    bytes: usize,
}

/// What waits of a project.
#[derive(Clone, Copy, Default)]
struct Waiting {
    calls: usize,
    bytes: usize,
}

impl Writer {
    /// A writer with empty queues.
    pub fn new(store: Store) -> Writer {
        Writer { store, state: Arc::default() }
    }

    /// Stores calls in their order, and answers once they are committed. Each is one atomic step; together they are one
    /// transaction, unless there are more than a batch holds.
    ///
    /// Fails as a whole only when the database is away ([`Error::Unavailable`]), or was lost while it committed
    /// ([`Error::Unknown`]: the same under the same key is done once all the same), when too much is waiting ([`Error::Busy`]), or
    /// for its idempotency key.
    pub async fn submit(
        &self,
        account: AccountId,
        project: ProjectId,
        source: Source,
        calls: Vec<Call>,
        once: Option<Once>,
    ) -> Result<Receipt, Error> {
        let claim = once.as_ref().map(|once| self.claim(once)).transpose()?;
        let kept = once.map_or(Kept::Nothing, Kept::Answer);
        self.write(account, Request { project, source, calls, kept }, claim).await
    }

    /// Stores the calls of a step of an import, and notes in the same transaction that it is done. A step that was done
    /// before has no outcomes; one that does not follow what is done is refused ([`Error::Conflict`]).
    pub async fn submit_step(
        &self,
        account: AccountId,
        project: ProjectId,
        calls: Vec<Call>,
        step: Step,
    ) -> Result<Receipt, Error> {
        let source = Source::Import(Some(step.import));
        self.write(account, Request { project, source, calls, kept: Kept::Step(step) }, None).await
    }

    async fn write(
        &self,
        account: AccountId,
        request: Request,
        claim: Option<Claim>,
    ) -> Result<Receipt, Error> {
        let (reply, answer) = oneshot::channel();
        let bytes = request.calls.iter().map(bytes).sum();
        let leaves = request.calls.iter().map(Call::leaves).max().unwrap_or(0);
        self.push(account, Job { request, claim, bytes, leaves, reply })?;
        // A panic can come after the commit too.
        answer.await.unwrap_or_else(|_| Err(Error::Unknown("the batch was given up".to_owned())))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, account: AccountId, job: Job) -> Result<(), Error> {
        let mut state = self.lock();
        let queue = match state.queues.entry(account) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                tokio::spawn(self.clone().work(account));
                entry.insert(Queue::default())
            }
        };
        let full = queue.calls + job.request.calls.len() > WAITING_MAX
            || queue.bytes + job.bytes > WAITING_BYTES_MAX;
        if full && !queue.jobs.is_empty() {
            return Err(Error::Busy);
        }
        let of_one = queue.of_one.get(&job.request.project).copied().unwrap_or_default();
        let over = of_one.calls + job.request.calls.len() > WAITING_OF_ONE
            || of_one.bytes + job.bytes > WAITING_BYTES_OF_ONE;
        if of_one.calls > 0 && over {
            return Err(Error::Share("calls"));
        }
        queue.put(job);
        Ok(())
    }

    /// Writes batch after batch until nothing waits. While one is being written, the one before it is told to the index
    /// and its callers are answered.
    async fn work(self, account: AccountId) {
        let mut before = None;
        loop {
            if self.is_idle(account) {
                settle(account, &mut before).await;
            }
            let Some(jobs) = self.next(account) else { return };
            let store = self.store.clone();
            let written = tokio::spawn(async move { write(&store, account, jobs).await }).await;
            // In the order of the commits, and at most one: an index that cannot keep up holds the writes up.
            settle(account, &mut before).await;
            match written {
                Ok(written) => before = Some(tokio::spawn(written.answer())),
                // A panic costs its batch, never the queue: the replies are dropped and their callers told.
                Err(panic) => tracing::error!(%account, %panic, "a batch was given up"),
            }
        }
    }

    /// Whether nothing waits.
    fn is_idle(&self, account: AccountId) -> bool {
        self.lock().queues.get(&account).is_none_or(|queue| queue.jobs.is_empty())
    }

    /// The next batch; an account without one leaves the map in the same breath.
    fn next(&self, account: AccountId) -> Option<Vec<Job>> {
        let mut state = self.lock();
        let jobs = state.queues.get_mut(&account).map(Queue::take).unwrap_or_default();
        if jobs.is_empty() {
            state.queues.remove(&account);
            return None;
        }
        Some(jobs)
    }

    fn claim(&self, once: &Once) -> Result<Claim, Error> {
        let name = (once.scope, once.key.clone());
        if self.lock().in_flight.insert(name.clone()) {
            Ok(Claim { writer: self.clone(), name })
        } else {
            Err(Error::InFlight)
        }
    }
}

/// An idempotency key under way. It goes with its job, whose caller may have gone long before.
struct Claim {
    writer: Writer,
    name: (KeyId, String),
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.writer.lock().in_flight.remove(&self.name);
    }
}

impl Queue {
    fn put(&mut self, job: Job) {
        self.calls += job.request.calls.len();
        let of_one = self.of_one.entry(job.request.project).or_default();
        of_one.calls += job.request.calls.len();
        of_one.bytes += job.bytes;
        self.bytes += job.bytes;
        self.jobs.push_back(job);
    }

    /// The jobs of a batch: the first, and those after it that fit beside it.
    fn take(&mut self) -> Vec<Job> {
        let (mut jobs, mut calls, mut bytes) = (Vec::new(), 0, 0);
        while let Some(job) = self.jobs.front() {
            calls += job.request.calls.len();
            bytes += job.bytes;
            let fits = calls <= BATCH_MAX && bytes <= BATCH_BYTES_MAX && job.leaves <= LEAVES_MAX;
            if !fits && !jobs.is_empty() {
                break;
            }
            self.calls -= job.request.calls.len();
            if let Entry::Occupied(mut of_one) = self.of_one.entry(job.request.project) {
                of_one.get_mut().calls -= job.request.calls.len();
                of_one.get_mut().bytes -= job.bytes;
                if of_one.get().calls == 0 {
                    of_one.remove();
                }
            }
            self.bytes -= job.bytes;
            jobs.extend(self.jobs.pop_front());
            if !fits {
                break;
            }
        }
        jobs
    }
}

/// A batch that was written, or failed.
struct Written {
    jobs: Vec<Job>,
    answers: Vec<Result<Receipt, Error>>,
    landed: Option<Landed>,
}

async fn write(store: &Store, account: AccountId, jobs: Vec<Job>) -> Written {
    let requests: Vec<&Request> = jobs.iter().map(|job| &job.request).collect();
    let (answers, landed) = run::batch(store, account, &requests).await;
    Written { jobs, answers, landed }
}

impl Written {
    /// Tells the index, then every caller.
    async fn answer(self) {
        if let Some(landed) = self.landed {
            landed.apply().await;
        }
        for (job, answer) in self.jobs.into_iter().zip(self.answers) {
            drop(job.claim);
            // A caller that has gone away is not told; what was committed stays.
            let _ = job.reply.send(answer);
        }
    }
}

/// Waits until a batch has been answered; at once when it was waited for already.
async fn settle(account: AccountId, before: &mut Option<JoinHandle<()>>) {
    let Some(answered) = before.take() else { return };
    if let Err(panic) = answered.await {
        tracing::error!(%account, %panic, "the callers of a batch were not answered");
    }
}

/// About how much memory a call takes.
fn bytes(call: &Call) -> usize {
    const CALL: usize = 256;
    let Call::Identify(identify) = call else { return CALL };
    let edit = |(key, edit): (&String, &Edit)| key.len() + 64 + edit.bytes();
    CALL + identify.edits.iter().map(edit).sum::<usize>()
}
