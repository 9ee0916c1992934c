//! The one door for writes: while a batch of an account commits, the next one gathers.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::oneshot, task::JoinHandle};

use super::{
    Once, Receipt,
    claim::{Claim, Claims},
    queue::{Job, Queue},
    request::{Kept, Request},
    run,
};
use crate::{
    model::{Call, ProjectId, Source},
    store::{AccountId, Error, Store, act, batch::Landed, import::Step},
};

/// The one door for writes to customers; cheap to clone.
#[derive(Clone)]
pub struct Writer {
    store: Store,
    /// An account is here as long as a task works for it.
    queues: Arc<Mutex<HashMap<AccountId, Queue>>>,
    claims: Claims,
}

impl Writer {
    /// A writer with empty queues.
    pub fn new(store: Store) -> Writer {
        Writer { store, queues: Arc::default(), claims: Claims::default() }
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
        let claim = once.as_ref().map(|once| self.claims.claim(once)).transpose()?;
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

    /// The same for a step of an act.
    pub async fn submit_act(
        &self,
        account: AccountId,
        project: ProjectId,
        calls: Vec<Call>,
        step: act::Step,
    ) -> Result<Receipt, Error> {
        let source = Source::Act(step.act);
        self.write(account, Request { project, source, calls, kept: Kept::Act(step) }, None).await
    }

    async fn write(
        &self,
        account: AccountId,
        request: Request,
        claim: Option<Claim>,
    ) -> Result<Receipt, Error> {
        let (reply, answer) = oneshot::channel();
        self.push(account, Job::new(request, claim, reply))?;
        // A panic can come after the commit too.
        answer.await.unwrap_or_else(|_| Err(Error::Unknown("the batch was given up".to_owned())))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, account: AccountId, job: Job) -> Result<(), Error> {
        let mut queues = self.lock();
        let queue = match queues.entry(account) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                tokio::spawn(self.clone().work(account));
                entry.insert(Queue::default())
            }
        };
        queue.push(job)
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
        self.lock().get(&account).is_none_or(|queue| queue.is_empty())
    }

    /// The next batch; an account without one leaves the map in the same breath.
    fn next(&self, account: AccountId) -> Option<Vec<Job>> {
        let mut queues = self.lock();
        let jobs = queues.get_mut(&account).map(Queue::take).unwrap_or_default();
        if jobs.is_empty() {
            queues.remove(&account);
            return None;
        }
        Some(jobs)
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
