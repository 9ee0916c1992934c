//! A batch: one transaction for the requests that were gathered, all of them or, on the second attempt, all but the poisoned.

use std::collections::HashMap;

use deadpool_postgres::Object;
use futures_util::future::try_join4;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::{
    Once, Outcome, Receipt, entered,
    fold::{Halt, fold},
    present::{LookUps, Present, Wanted},
    recall::recall,
    relocate::relocate,
    request::{Kept, Request, Task},
    rows,
};
use crate::{
    heavy::heavy,
    model::{Ignored, Reason, Refusal},
    store::{
        AccountId, Error, Store, act,
        batch::{Batch, Landed},
        clock::{bump, turn},
        idempotency, import, progress,
        transaction::Transaction,
    },
};

/// Writes the requests; one answer each, and what the index has to be told before anybody is answered.
pub(super) async fn batch(
    store: &Store,
    account: AccountId,
    requests: &[&Request],
) -> (Vec<Result<Receipt, Error>>, Option<Landed>) {
    let begun = store.begun.missing(requests);
    let written = match attempt(store, account, requests, Care::None).await {
        // What came first is found out by doing one after the other.
        Err(error) if error.is_poison() || error.is_aftermath() => {
            tracing::warn!(state = sql_state(&error), "a batch is bisected");
            attempt(store, account, requests, Care::Bisect).await
        }
        other => other,
    };
    match written {
        Ok((answers, landed)) => {
            store.begun.note(begun);
            (answers, Some(landed))
        }
        Err(error) => (requests.iter().map(|_| Err(error.for_another())).collect(), None),
    }
}

/// How a transaction meets data that Postgres alone refuses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    /// It fails, which costs nothing when all is well.
    None,
    /// It finds the call by bisection and goes on without it.
    Bisect,
}

/// What became of the requests, and what the index has to be told of them.
type Attempted = Result<(Vec<Result<Receipt, Error>>, Landed), Error>;

async fn attempt(store: &Store, account: AccountId, requests: &[&Request], care: Care) -> Attempted {
    let client = store.writing().await?;
    let attempted = attempt_on(&client, store, account, requests, care).await;
    if matches!(attempted, Err(Error::Unavailable(_) | Error::Unknown(_))) {
        // Postgres says goodbye before it hangs up: whoever got the connection in between would fail as well.
        drop(Object::take(client));
    }
    attempted
}

async fn attempt_on(
    client: &Object,
    store: &Store,
    account: AccountId,
    requests: &[&Request],
    care: Care,
) -> Attempted {
    let tx = Transaction::on(client);
    let onces: Vec<&Once> = requests.iter().filter_map(|request| request.once()).collect();
    let steps = requests.iter().filter_map(|request| request.step()).map(|step| step.import.0);
    let acts = requests.iter().filter_map(|request| request.act()).map(|step| step.act.0);
    let under_way: Vec<Uuid> = steps.chain(acts).collect();
    let all: Vec<Task<'_>> = requests.iter().flat_map(|request| request.tasks()).collect();
    let wanted = Wanted::of(&all);
    // Prepared before anything is sent: nothing may overtake the bump, nor read before it.
    let bump = bump(&tx).await?;
    let replays = idempotency::prepare(&tx, &onces).await?;
    let done = progress::prepare(&tx, &under_way).await?;
    let look_ups = LookUps::prepare(&tx, &wanted).await?;
    let (clock, replays, done, rows) = try_join4(
        turn(&tx, &bump, account),
        idempotency::find(&tx, replays.as_ref(), account, &onces),
        progress::progress(&tx, done.as_ref(), account, &under_way),
        look_ups.run(&tx, account, &wanted),
    )
    .await?;
    let mut settled = Settled { replays, done, version: clock.version };
    let answers: Vec<Option<Result<Receipt, Error>>> =
        requests.iter().map(|request| settled.answer(request)).collect();
    let mut batch = Batch::over(store, tx, account, clock);
    let ignored = store.ignored.list(&batch).await?;
    let fresh = requests.iter().zip(&answers).filter(|(_, answer)| answer.is_none());
    let tasks: Vec<Task<'_>> = fresh.flat_map(|(request, _)| request.tasks()).collect();
    let outcomes = match care {
        Care::None => {
            let present = Present::of(&rows)?;
            apply(&mut batch, &tasks, Some(present), &ignored).await?
        }
        Care::Bisect => bisect(&mut batch, &tasks, &ignored).await?,
    };
    let mut outcomes = outcomes.into_iter();
    let version = batch.clock.version;
    let mut kept = Vec::new();
    let answers = requests.iter().zip(answers).map(|(request, answer)| {
        answer.unwrap_or_else(|| {
            let receipt =
                Receipt { version, outcomes: outcomes.by_ref().take(request.calls.len()).collect() };
            if let Some(step) = request.step() {
                import::keep(&mut batch, step, &receipt.outcomes);
            }
            if let Some(step) = request.act() {
                act::keep(&mut batch, step, &receipt.outcomes);
            }
            kept.extend(request.once().map(|once| (once, receipt.clone())));
            Ok(receipt)
        })
    });
    let answers = answers.collect();
    idempotency::keep(&mut batch, &kept);
    batch.begin_activity(&store.begun.missing(requests));
    Ok((answers, batch.land().await?))
}

/// What was done before the batch.
struct Settled {
    replays: HashMap<Once, Result<Receipt, Error>>,
    /// How far each import and act has come, with the steps of this batch that were looked at.
    done: HashMap<Uuid, i64>,
    version: i64,
}

impl Settled {
    /// The answer of a request of which nothing is to be written: it was before, or must not be.
    fn answer(&mut self, request: &Request) -> Option<Result<Receipt, Error>> {
        match &request.kept {
            Kept::Nothing => None,
            Kept::Answer(once) => self.replays.remove(once),
            Kept::Step(step) => {
                let done = self.done.get_mut(&step.import.0);
                follows(done, (step.from, step.to), self.version, "import")
            }
            Kept::Act(step) => {
                let done = self.done.get_mut(&step.act.0);
                follows(done, (step.from, step.to), self.version, "act")
            }
        }
    }
}

/// Whether a step follows what is done of its run: `None`, and it is done then; else what is answered instead.
fn follows(
    done: Option<&mut i64>,
    (from, to): (i64, i64),
    version: i64,
    run: &'static str,
) -> Option<Result<Receipt, Error>> {
    match done {
        Some(done) if *done == from => {
            *done = to;
            None
        }
        Some(done) if *done >= to => Some(Ok(Receipt { version, outcomes: Vec::new() })),
        Some(_) => Some(Err(Error::Conflict(format!("this {run} is run elsewhere as well")))),
        None => Some(Err(Error::Missing(run))),
    }
}

/// Reads, folds and writes. A call that needs what was folded before it on disk, or a move, begins another round of the
/// same transaction; rounds after that begin small, so that a batch of nothing but moves stays linear. What the first round
/// reads may be in hand; what the last one writes goes with what comes next.
async fn apply(
    batch: &mut Batch<'_>,
    tasks: &[Task<'_>],
    mut first: Option<Present>,
    ignored: &Ignored,
) -> Result<Vec<Outcome>, Error> {
    let mut outcomes = Vec::with_capacity(tasks.len());
    let (mut width, mut from) = (tasks.len(), None);
    while outcomes.len() < tasks.len() {
        let rest = &tasks[outcomes.len()..];
        let round = &rest[..width.min(rest.len())];
        batch.flush().await?;
        let mut present = match first.take() {
            Some(present) => present,
            None => Present::read(batch, round).await?,
        };
        recall(batch, &mut present, round).await?;
        let (done, halt) = heavy(|| fold(&mut present, round, from.take(), &batch.clock, ignored));
        rows::write(batch, &mut present).await?;
        let past = if batch.remembers() { entered::all(&present) } else { HashMap::new() };
        present.hand_over(batch, past);
        outcomes.extend(done);
        width = match halt {
            Some(Halt::Heavy) => width,
            Some(_) => 1,
            None => width.saturating_mul(2),
        };
        if let Some(Halt::Relocate(place, to)) = halt {
            batch.flush().await?;
            relocate(batch, place, &to).await?;
            from = present.emails.remove(&place.1);
        }
    }
    Ok(outcomes)
}

/// Applies what can be applied: halves that fail are halved again, down to the calls that Postgres refuses.
async fn bisect(batch: &mut Batch<'_>, tasks: &[Task<'_>], ignored: &Ignored) -> Result<Vec<Outcome>, Error> {
    let mut outcomes = Vec::with_capacity(tasks.len());
    let mut todo = vec![tasks];
    while let Some(tasks) = todo.pop() {
        let mark = batch.mark();
        batch.tx.batch_execute("savepoint half").await?;
        let applied = async {
            let done = apply(batch, tasks, None, ignored).await?;
            batch.flush().await?;
            Ok::<_, Error>(done)
        };
        match applied.await {
            Ok(done) => {
                batch.tx.batch_execute("release savepoint half").await?;
                outcomes.extend(done);
            }
            Err(error) if error.is_poison() => {
                batch.tx.batch_execute("rollback to savepoint half; release savepoint half").await?;
                batch.back_to(mark);
                match tasks {
                    [_] => outcomes.push(Outcome::Refused(unstorable(&error))),
                    many => {
                        let (first, second) = many.split_at(many.len() / 2);
                        todo.extend([second, first]);
                    }
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(outcomes)
}

fn sql_state(error: &Error) -> &str {
    error.sql_state().map_or("", SqlState::code)
}

/// What Postgres said may quote the row, so that neither the caller nor the log gets more of it than its state.
fn unstorable(error: &Error) -> Refusal {
    tracing::warn!(state = sql_state(error), "a call was refused by the database alone");
    let detail = match error.sql_state() {
        Some(&SqlState::FOREIGN_KEY_VIOLATION) => "the project of this key was deleted".to_owned(),
        _ => format!("the database cannot store this call (SQLSTATE {})", sql_state(error)),
    };
    Refusal::new(Reason::Unstorable, detail)
}
