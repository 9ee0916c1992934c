//! Reads as much of the log as late calls can ask for: of each row that a call is not later than, what was so at the
//! call's date, what is so in the end, and every status.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    present::{Known, Present, Questions},
    request::Task,
};
use crate::{
    model::{Call, CustomerId, Identify, Kept, Log, ProjectId, Sides},
    store::{
        Error,
        batch::{Batch, Place, columns},
        jsonb::Jsonb,
    },
};

/// Values of the past that are read at a time, about: they may be long.
const WEIGHT_MAX: usize = 5_000;

/// What a replace counts for.
const REPLACE: usize = 500;

/// Reads the log for the rows in hand, as far as the tasks can ask for it.
pub(super) async fn recall(
    batch: &Batch<'_>,
    present: &mut Present,
    tasks: &[Task<'_>],
) -> Result<(), Error> {
    let asked = questions(batch, present, tasks);
    if asked.is_empty() {
        return Ok(());
    }
    let (mut places, mut dates, mut keys): (Vec<Place>, Vec<Timestamp>, Vec<Jsonb>) = Default::default();
    for (place, Questions(asked)) in &asked {
        // What is so in the end says when each changed last.
        let all = asked.values().cloned().reduce(|all, keys| Some(all?.into_iter().chain(keys?).collect()));
        let end = (batch.clock.now, all.flatten());
        for (date, asked) in asked.iter().map(|(date, keys)| (*date, keys)).chain([(end.0, &end.1)]) {
            places.push(*place);
            dates.push(date);
            keys.push(Jsonb::of(asked));
        }
    }
    for (place, questions) in asked {
        if let Some(known) = present.rows.get_mut(&place) {
            known.log = Log::since(batch.clock.horizon, known.row.first_paid);
            known.recalled = questions;
        }
    }
    let (projects, customers) = columns(&places);
    let statement = batch.tx.prepare_cached(POINTS).await?;
    let found = batch.tx.query(&statement, &[&batch.account.0, &projects, &customers, &dates, &keys]).await?;
    for row in found {
        let place = (ProjectId(row.get(0)), CustomerId(row.get(1)));
        let Some(known) = present.rows.get_mut(&place) else { continue };
        let after: Option<Kept> = Sides::read(row.get(5)).after;
        known.log.track(row.get(2), row.get(3)).enter(row.get(4), after);
    }
    Ok(())
}

/// What the tasks ask for of the log of each row, where a task is not later than everything in it: as much as is read at a
/// time. A task that finds its past unread begins another round.
fn questions(batch: &Batch<'_>, present: &Present, tasks: &[Task<'_>]) -> BTreeMap<Place, Questions> {
    let (mut asked, mut weight): (BTreeMap<Place, Questions>, usize) = Default::default();
    for task in tasks {
        if weight > WEIGHT_MAX {
            break;
        }
        let Call::Identify(call) = task.call else { continue };
        let (date, _) = call.date(batch.clock.now);
        for place in candidates(present, task.project, call) {
            let known = present.rows.get(&place);
            if known.is_some_and(|known| known.may_be_late(date, batch.clock.horizon)) {
                asked.entry(place).or_default().add(date, call);
                // A replace asks for every key that there ever was.
                weight += 1 + if call.replace { REPLACE } else { call.edits.len() };
            }
        }
    }
    asked
}

/// The rows that a call may turn out to speak of: by its `user_id`, by its e-mail.
fn candidates(present: &Present, project: ProjectId, call: &Identify) -> impl Iterator<Item = Place> {
    let by_user = call.who.user_id.as_ref().and_then(|id| present.users.get(&(project, id.clone())));
    let by_email = call.who.email.as_ref().and_then(|email| present.customers.get(email.as_str()));
    let by_email = by_email.filter(|customer| by_user != Some(*customer));
    by_user.into_iter().chain(by_email).map(move |customer| (project, *customer))
}

impl Known {
    /// Whether a call of that date may meet something later than itself, or of its own microsecond, in the log that is
    /// stored; or something that has been pruned.
    pub(super) fn may_be_late(&self, date: Timestamp, horizon: Option<Timestamp>) -> bool {
        !self.created && (date <= self.stored_change || horizon.is_some_and(|horizon| date < horizon))
    }
}

/// For each place, date and set of keys (null: all): the last change at or before the date of each field and key. And
/// every change of the status of each place, in order.
pub(in crate::store) const POINTS: &str = "
    select u.project_id, u.customer_id, k.of_field, k.name, k.at, k.sides
    from unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::jsonb[]) as u (project_id, customer_id, date, keys)
    cross join lateral (
        select distinct on (e.of_field, e.name) e.of_field, e.name, c.at, e.sides
        from change c
        cross join lateral (
            select true, f.key, f.value from jsonb_each(c.fields) f where f.key <> 'status'
            union all
            select false, p.key, p.value from jsonb_each(c.params) p
            where jsonb_typeof(u.keys) = 'null' or u.keys ? p.key
        ) as e (of_field, name, sides)
        where c.account_id = $1 and c.project_id = u.project_id and c.customer_id = u.customer_id and c.at <= u.date
        order by e.of_field, e.name, c.at desc, c.version desc, c.seq desc
    ) as k
    union all
    select * from (
        select c.project_id, c.customer_id, true, 'status', c.at, c.fields -> 'status'
        from (select distinct u.* from unnest($2::uuid[], $3::uuid[]) as u (project_id, customer_id)) as u
        cross join lateral (
            select * from change c
            where c.account_id = $1 and c.project_id = u.project_id and c.customer_id = u.customer_id
              and c.fields ? 'status'
            offset 0
        ) as c
        order by c.at, c.version, c.seq
    ) as statuses";
