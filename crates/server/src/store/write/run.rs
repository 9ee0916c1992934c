//! A batch: one transaction for the requests that were gathered, all of them or, on the second attempt, all but the poisoned.

use std::collections::HashMap;

use futures_util::future::try_join3;
use tokio_postgres::error::SqlState;

use super::{
    Once, Outcome, Receipt,
    fold::{Halt, fold},
    present::{LookUps, Present, Wanted},
    recall::recall,
    relocate::relocate,
    request::{Request, Task},
    rows,
};
use crate::{
    model::{Reason, Refusal},
    store::{
        AccountId, Error, Store,
        batch::{Batch, Landed},
        clock::{bump, turn},
        idempotency,
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
        Err(error) if error.is_poison() => {
            tracing::warn!(%error, "a batch is bisected");
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

async fn attempt(
    store: &Store,
    account: AccountId,
    requests: &[&Request],
    care: Care,
) -> Result<(Vec<Result<Receipt, Error>>, Landed), Error> {
    let client = store.client().await?;
    let tx = Transaction::on(&client);
    let onces: Vec<&Once> = requests.iter().filter_map(|request| request.once.as_ref()).collect();
    let all: Vec<Task<'_>> = requests.iter().flat_map(|request| request.tasks()).collect();
    let wanted = Wanted::of(&all);
    // Prepared before anything is sent: nothing may overtake the bump, nor read before it.
    let bump = bump(&tx).await?;
    let replays = idempotency::prepare(&tx, &onces).await?;
    let look_ups = LookUps::prepare(&tx, &wanted).await?;
    let (clock, mut replays, rows) = try_join3(
        turn(&tx, &bump, account),
        idempotency::find(&tx, replays.as_ref(), account, &onces),
        look_ups.run(&tx, account, &wanted),
    )
    .await?;
    let mut batch = Batch::over(store, tx, account, clock);
    let fresh = requests.iter().filter(|request| !is_replay(request, &replays));
    let tasks: Vec<Task<'_>> = fresh.flat_map(|request| request.tasks()).collect();
    let outcomes = match care {
        Care::None => {
            let present = Present::of(&rows)?;
            apply(&mut batch, &tasks, Some(present)).await?
        }
        Care::Bisect => bisect(&mut batch, &tasks).await?,
    };
    let (mut outcomes, version) = (outcomes.into_iter(), batch.clock.version);
    let mut answers = Vec::with_capacity(requests.len());
    let mut kept = Vec::new();
    for request in requests {
        if let Some(replay) = request.once.as_ref().and_then(|once| replays.remove(once)) {
            answers.push(replay);
            continue;
        }
        let receipt = Receipt { version, outcomes: outcomes.by_ref().take(request.calls.len()).collect() };
        kept.extend(request.once.as_ref().map(|once| (once, receipt.clone())));
        answers.push(Ok(receipt));
    }
    idempotency::keep(&mut batch, &kept);
    batch.begin_activity(&store.begun.missing(requests));
    Ok((answers, batch.land().await?))
}

fn is_replay(request: &Request, replays: &HashMap<Once, Result<Receipt, Error>>) -> bool {
    request.once.as_ref().is_some_and(|once| replays.contains_key(once))
}

/// Reads, folds and writes. A call that needs what was folded before it on disk, or a move, begins another round of the
/// same transaction; rounds after that begin small, so that a batch of nothing but moves stays linear. What the first round
/// reads may be in hand; what the last one writes goes with what comes next.
async fn apply(
    batch: &mut Batch<'_>,
    tasks: &[Task<'_>],
    mut first: Option<Present>,
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
        let (done, halt) = fold(&mut present, round, from.take(), &batch.clock);
        rows::write(batch, &mut present).await?;
        present.hand_over(batch);
        outcomes.extend(done);
        width = if halt.is_some() { 1 } else { width.saturating_mul(2) };
        if let Some(Halt::Relocate(place, to)) = halt {
            batch.flush().await?;
            relocate(batch, place, &to).await?;
            from = present.emails.remove(&place.1);
        }
    }
    Ok(outcomes)
}

/// Applies what can be applied: halves that fail are halved again, down to the calls that Postgres refuses.
async fn bisect(batch: &mut Batch<'_>, tasks: &[Task<'_>]) -> Result<Vec<Outcome>, Error> {
    let mut outcomes = Vec::with_capacity(tasks.len());
    let mut todo = vec![tasks];
    while let Some(tasks) = todo.pop() {
        let mark = batch.mark();
        batch.tx.batch_execute("savepoint half").await?;
        let applied = async {
            let done = apply(batch, tasks, None).await?;
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

/// What Postgres said goes to the log: it may quote the row.
fn unstorable(error: &Error) -> Refusal {
    tracing::warn!(%error, "a call was refused by the database alone");
    let detail = match error.sql_state() {
        Some(&SqlState::FOREIGN_KEY_VIOLATION) => "the project of this key was deleted".to_owned(),
        state => {
            let state = state.map_or("", SqlState::code);
            format!("the database cannot store this call (SQLSTATE {state})")
        }
    };
    Refusal::new(Reason::Unstorable, detail)
}
