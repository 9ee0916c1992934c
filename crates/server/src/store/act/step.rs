//! A step of an act: how far it comes is written in the transaction of its calls, so that a step is done once, whoever tries it
//! again.

use crate::{
    model::{ActId, now},
    store::{
        batch::{Batch, Write},
        receipt::{Identified, Outcome},
    },
};

/// Some of those whom an act is about, one after the other in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The act.
    pub act: ActId,
    /// The places of the list before it.
    pub from: i64,
    /// The places of the list up to its end.
    pub to: i64,
    /// Those of them of whom no call is made: there is nothing to write, or nobody any more.
    pub stayed: i64,
}

/// Notes with what the batch commits that a step is done, and what became of it.
pub(in crate::store) fn keep(batch: &mut Batch<'_>, step: &Step, outcomes: &[Outcome]) {
    let (mut changed, mut stayed, mut refused, mut reason) = (0, step.stayed, 0, None);
    for outcome in outcomes {
        match outcome {
            Outcome::Identified(Identified { changed: true, .. }) => changed += 1,
            Outcome::Identified(_) | Outcome::Pinged => {}
            Outcome::Ignored | Outcome::Left => stayed += 1,
            Outcome::Refused(refusal) => {
                refused += 1;
                reason.get_or_insert_with(|| refusal.in_a_line());
            }
        }
    }
    note(batch, step, (changed, stayed, refused), reason);
}

/// The same of an erasure.
pub(in crate::store) fn keep_erased(batch: &mut Batch<'_>, step: &Step, count: usize) {
    note(batch, step, (i64::try_from(count).unwrap_or(i64::MAX), step.stayed, 0), None);
}

fn note(
    batch: &mut Batch<'_>,
    step: &Step,
    (changed, stayed, refused): (i64, i64, i64),
    reason: Option<String>,
) {
    batch.put(Write {
        sql: "
            update act set done = $3, changed = changed + $4, stayed = stayed + $5, refused = refused + $6,
                reason = coalesce(reason, $7), touched_at = $8
            where account_id = $1 and id = $2",
        parameters: vec![
            Box::new(step.act.0),
            Box::new(step.to),
            Box::new(changed),
            Box::new(stayed),
            Box::new(refused),
            Box::new(reason),
            Box::new(now()),
        ],
    });
}
