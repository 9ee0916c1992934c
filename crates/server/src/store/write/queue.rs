//! Who is next: the requests that wait for an account.
//!
//! Its projects share it evenly, by what their calls cost and not by how many come or who came first: a job is due when so
//! much work has been done as it costs, after the job before it of its project; what is due first is taken first. So who
//! sends large batches waits for oneself, a call of another project is in the next batch or nearly so, and the calls of one
//! project keep their order.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use tokio::sync::oneshot;

use super::{Receipt, claim::Claim, request::Request};
use crate::{
    model::{Call, Edit, ProjectId},
    store::Error,
};

/// Calls that wait for an account before callers are told to come back: about two seconds of work.
const WAITING_MAX: usize = 10_000;
/// The same of one project, so that the others find room.
const WAITING_OF_ONE: usize = WAITING_MAX / 2;
/// All of them in bytes, and those of one project.
const WAITING_BYTES_MAX: usize = 64 << 20;
const WAITING_BYTES_OF_ONE: usize = WAITING_BYTES_MAX / 2;
/// A batch is closed when it holds so many calls, or so many bytes: with what the values cost, 60,000 of them at most.
const BATCH_MAX: usize = 2_000;
const BATCH_BYTES_MAX: usize = 4 << 20;
/// A call with more values than this gets a batch of its own, so that its index entries delay nobody.
const LEAVES_MAX: usize = 5_000;

/// A request in the queue.
pub(super) struct Job {
    pub(super) request: Request,
    pub(super) claim: Option<Claim>,
    /// What it takes of memory, which is also what it costs to write.
    bytes: usize,
    /// Values of the call that has most.
    leaves: usize,
    pub(super) reply: oneshot::Sender<Result<Receipt, Error>>,
}

impl Job {
    /// A request, weighed.
    pub(super) fn new(
        request: Request,
        claim: Option<Claim>,
        reply: oneshot::Sender<Result<Receipt, Error>>,
    ) -> Job {
        let bytes = request.calls.iter().map(bytes).sum();
        let leaves = request.calls.iter().map(Call::leaves).max().unwrap_or(0);
        Job { request, claim, bytes, leaves, reply }
    }
}

/// What waits for an account, in the order in which it is due.
#[derive(Default)]
pub(super) struct Queue {
    /// By when they are due; of those that are due at once, by which came first.
    jobs: BTreeMap<(usize, u64), Job>,
    /// How many have come.
    count: u64,
    /// When the last one that was taken was due: what comes now cannot be due before.
    now: usize,
    calls: usize,
    bytes: usize,
    /// Only of projects that have some.
    of_one: HashMap<ProjectId, Waiting>,
}

/// What waits of a project.
#[derive(Clone, Copy, Default)]
struct Waiting {
    calls: usize,
    bytes: usize,
    /// When all of it is due.
    due: usize,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Puts it in line, if there is room. A project of which nothing waits always finds some, whatever the others send.
    pub(super) fn push(&mut self, job: Job) -> Result<(), Error> {
        self.admit(&job)?;
        self.put(job);
        Ok(())
    }

    fn admit(&self, job: &Job) -> Result<(), Error> {
        let Some(of_one) = self.of_one.get(&job.request.project) else { return Ok(()) };
        let (calls, bytes) = (job.request.calls.len(), job.bytes);
        if self.calls + calls > WAITING_MAX || self.bytes + bytes > WAITING_BYTES_MAX {
            return Err(Error::Busy);
        }
        if of_one.calls + calls > WAITING_OF_ONE || of_one.bytes + bytes > WAITING_BYTES_OF_ONE {
            return Err(Error::Share("calls"));
        }
        Ok(())
    }

    fn put(&mut self, job: Job) {
        let of_one = self.of_one.entry(job.request.project).or_default();
        of_one.calls += job.request.calls.len();
        of_one.bytes += job.bytes;
        of_one.due = of_one.due.max(self.now) + job.bytes;
        self.calls += job.request.calls.len();
        self.bytes += job.bytes;
        self.count += 1;
        self.jobs.insert((of_one.due, self.count), job);
    }

    /// The jobs of a batch: the first, and those after it that fit beside it.
    pub(super) fn take(&mut self) -> Vec<Job> {
        let (mut jobs, mut calls, mut bytes) = (Vec::new(), 0, 0);
        while let Some(next) = self.jobs.first_entry() {
            let job = next.get();
            calls += job.request.calls.len();
            bytes += job.bytes;
            let fits = calls <= BATCH_MAX && bytes <= BATCH_BYTES_MAX && job.leaves <= LEAVES_MAX;
            if !fits && !jobs.is_empty() {
                break;
            }
            let ((due, _), job) = next.remove_entry();
            self.now = due;
            self.forget(&job);
            jobs.push(job);
            if !fits {
                break;
            }
        }
        jobs
    }

    /// Counts a job no longer.
    fn forget(&mut self, job: &Job) {
        self.calls -= job.request.calls.len();
        self.bytes -= job.bytes;
        if let Entry::Occupied(mut of_one) = self.of_one.entry(job.request.project) {
            of_one.get_mut().calls -= job.request.calls.len();
            of_one.get_mut().bytes -= job.bytes;
            if of_one.get().calls == 0 {
                of_one.remove();
            }
        }
    }
}

/// About how much memory a call takes, and in this measure also what it costs to write: each value is a bit of both.
fn bytes(call: &Call) -> usize {
    const CALL: usize = 256;
    const VALUE: usize = 64;
    let Call::Identify(identify) = call else { return CALL };
    let edit = |(key, edit): (&String, &Edit)| key.len() + edit.bytes();
    CALL + VALUE * call.leaves() + identify.edits.iter().map(edit).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::request::Kept;
    use super::*;
    use crate::model::{Identify, Past, Source, Who};

    /// A request of so many calls of a project, each with so many values.
    fn job(project: u128, calls: usize, values: usize) -> Job {
        let edits = BTreeMap::from([("n".to_owned(), Edit::Set(vec![1; values].into()))]);
        let (who, past) = (Who::default(), Past::default());
        let identify = Identify {
            who,
            name: None,
            status: None,
            edits,
            replace: false,
            at: None,
            past,
            live: true,
            seen: None,
        };
        let calls = vec![Call::Identify(Box::new(identify)); calls];
        let (project, source) = (ProjectId(Uuid::from_u128(project)), Source::Import(None));
        Job::new(Request { project, source, calls, kept: Kept::Nothing }, None, oneshot::channel().0)
    }

    /// The batches that a queue makes: of each job, whose it is and how many calls it has.
    fn batches(queue: &mut Queue) -> Vec<Vec<(u128, usize)>> {
        let take = || Some(queue.take()).filter(|jobs| !jobs.is_empty());
        let told = |job: &Job| (job.request.project.0.as_u128(), job.request.calls.len());
        std::iter::from_fn(take).map(|jobs| jobs.iter().map(told).collect()).collect()
    }

    fn queue(jobs: impl IntoIterator<Item = Job>) -> Queue {
        let mut queue = Queue::default();
        jobs.into_iter().for_each(|job| queue.put(job));
        queue
    }

    #[test]
    fn who_sends_much_waits_for_oneself() {
        let mut queue = queue((0..5).map(|n| job(1, 1_000 - n, 1)));
        assert_eq!(queue.take().len(), 2);
        [job(2, 1, 1), job(3, 3, 1), job(2, 2, 1)].into_iter().for_each(|job| queue.put(job));
        let after = [vec![(2, 1), (3, 3), (2, 2), (1, 998)], vec![(1, 997), (1, 996)]];
        assert_eq!(batches(&mut queue), after, "who came last is next, each project in its order");
        assert!(queue.of_one.is_empty() && (queue.calls, queue.bytes) == (0, 0));
    }

    #[test]
    fn many_small_requests_have_as_much_as_few_large_ones() {
        let mut queue = queue((0..4).map(|_| job(1, 1_000, 1)).chain((0..2_000).map(|_| job(2, 1, 1))));
        for _ in 0..2 {
            let batch = queue.take();
            let of_one = batch.iter().filter(|job| job.request.project.0.as_u128() == 1);
            assert_eq!((of_one.count(), batch.len()), (1, 1_001), "half of it is each one's");
        }
    }

    #[test]
    fn a_batch_is_bounded_by_what_its_values_cost() {
        let mut queue = queue((0..100).map(|_| job(1, 1, 1_000)));
        let calls = queue.take().len();
        assert!((55..=65).contains(&calls), "{calls} calls of 1,000 values each");
        let heavy = [job(1, 1, 1), job(1, 1, LEAVES_MAX + 1), job(1, 1, 1)];
        let heavy = batches(&mut self::queue(heavy));
        assert_eq!(heavy.len(), 3, "one of very many values is alone");
    }

    #[test]
    fn a_project_of_which_nothing_waits_finds_room() {
        let mut queue = queue((0..10).map(|n| job(n / 5, 1_000, 1)));
        assert!(matches!(queue.admit(&job(0, 1, 1)), Err(Error::Busy)));
        assert!(queue.admit(&job(2, 1_000, 1)).is_ok());
        queue.put(job(2, 1, 1));
        assert!(matches!(queue.admit(&job(2, 1, 1)), Err(Error::Busy)));
        queue.take();
        assert!(queue.admit(&job(2, 1, 1)).is_ok());
    }
}
