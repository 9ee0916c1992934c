//! Calls in their order, through the pure merge, onto the rows in hand. No I/O: several calls to one customer see each
//! other, and what a call is refused for leaves no trace.

use jiff::Timestamp;

use super::{
    Identified, Outcome,
    present::{Known, Present},
    request::Task,
};
use crate::{
    model::{
        Call, Change, CustomerId, Email, Identify, Ping, ProjectId, Reason, Refusal, Relationship, Sides,
        merge::{Context, Merged, merge},
    },
    store::batch::Place,
};

/// Why a fold ended before its last call: the rows in hand must be written first.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// The next call takes a `user_id` that was given up in this fold.
    Released,
    /// The next call moves a relationship to the customer of another e-mail.
    Relocate(Place, Email),
}

/// What ends a call before it is stored.
enum Stop {
    Refused(Refusal),
    Halt(Halt),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refused(refusal)
    }
}

/// Whom a call speaks of.
struct Subject {
    /// `None`: somebody new in the account.
    customer: Option<CustomerId>,
    /// What history says of the e-mail.
    address: Option<Sides>,
    /// The call's e-mail is older than the present one, which stays.
    stale: bool,
}

/// Folds tasks in order. Returns the outcomes so far, and why there are fewer than tasks. `from` is the address that the
/// first task's relationship has just been moved away from.
pub(super) fn fold(
    present: &mut Present,
    tasks: &[Task<'_>],
    mut from: Option<String>,
    now: Timestamp,
) -> (Vec<Outcome>, Option<Halt>) {
    let mut outcomes = Vec::with_capacity(tasks.len());
    for task in tasks {
        let outcome = match task.call {
            Call::Ping(ping) => Ok(present.ping(task.project, ping, now)),
            Call::Identify(call) => present.identify(task, call, from.take(), now).map(Outcome::Identified),
        };
        match outcome {
            Ok(outcome) => outcomes.push(outcome),
            Err(Stop::Refused(refusal)) => outcomes.push(Outcome::Refused(refusal)),
            Err(Stop::Halt(halt)) => return (outcomes, Some(halt)),
        }
    }
    (outcomes, None)
}

impl Present {
    fn identify(
        &mut self,
        task: &Task<'_>,
        call: &Identify,
        from: Option<String>,
        now: Timestamp,
    ) -> Result<Identified, Stop> {
        let mut subject = self.subject(task.project, call, now)?;
        let customer = subject.customer.unwrap_or_else(CustomerId::new);
        let place = (task.project, customer);
        let created = !self.rows.contains_key(&place);
        let email = call.who.email.as_ref().map(Email::as_str);
        if created || from.is_some() {
            subject.address = Some(Sides { before: from.map(Into::into), after: email.map(Into::into) });
        }
        let at = call.at.unwrap_or(now);
        let known = self.rows.entry(place).or_insert_with(|| Known::new(Relationship::new(at)));
        let (last, user_id) = (known.row.last_activity, known.row.user_id.clone());
        let publishable = task.source.is_publishable();
        let context = Context { history: &known.history, created, publishable, now };
        let merged = match merge(&mut known.row, call, context) {
            Ok(merged) => merged,
            Err(refusal) => {
                if created {
                    self.rows.remove(&place);
                }
                return Err(refusal.into());
            }
        };
        known.mark(at, last);
        known.touched = true;
        known.params_changed |= merged.params_changed;
        if subject.customer.is_none() {
            self.enrol(customer, email);
        }
        self.rename(place, user_id);
        Ok(self.record(task, place, merged, subject, created, at))
    }

    /// Writes down what a call altered, and says it to the caller.
    fn record(
        &mut self,
        task: &Task<'_>,
        place: Place,
        merged: Merged,
        subject: Subject,
        created: bool,
        at: Timestamp,
    ) -> Identified {
        let moved = subject.address.is_some() && !subject.stale;
        let mut change = merged.change.unwrap_or_else(|| Change::new(at));
        change.fields.extend(subject.address.map(|sides| ("email", sides)));
        change.stale.extend(subject.stale.then(|| "email".to_owned()));
        for key in merged.refused {
            *self.refusals.entry((place, key)).or_default() += 1;
        }
        let stale = change.stale.clone();
        if !change.is_empty() {
            if let Some(known) = self.rows.get_mut(&place) {
                known.history.note(&change);
            }
            self.changes.push((place, task.source, change));
        }
        Identified { customer: place.1, created, changed: merged.changed || moved, stale }
    }

    /// Finds whom a call speaks of. A known `user_id` wins; with another e-mail it is a change of address.
    fn subject(&self, project: ProjectId, call: &Identify, now: Timestamp) -> Result<Subject, Stop> {
        let known = |customer| Subject { customer, address: None, stale: false };
        let user = call.who.user_id.as_ref().map(|user_id| (project, user_id.clone()));
        let by_user = user.as_ref().and_then(|user| self.users.get(user)).copied();
        match (by_user, &call.who.email) {
            (Some(customer), Some(email)) if self.email(customer) != Some(email.as_str()) => {
                self.readdress((project, customer), email, call, now)
            }
            (Some(customer), _) => Ok(known(Some(customer))),
            (None, Some(_)) if user.is_some_and(|user| self.released.contains(&user)) => {
                Err(Stop::Halt(Halt::Released))
            }
            (None, Some(email)) => Ok(known(self.customers.get(email.as_str()).copied())),
            (None, None) => {
                let detail = "nobody in this project has that user_id: identify them once with their e-mail";
                Err(Refusal::new(Reason::UnknownUser, detail).into())
            }
        }
    }

    /// A known `user_id` with another e-mail: too late, taken, refused for something else in the call, or a move.
    fn readdress(
        &self,
        place: Place,
        email: &Email,
        call: &Identify,
        now: Timestamp,
    ) -> Result<Subject, Stop> {
        let known = &self.rows[&place];
        let last = known.history.fields.get("email");
        if call.at.is_some_and(|at| last.is_some_and(|last| at < *last)) {
            let address = Some(Sides { before: None, after: Some(email.as_str().into()) });
            return Ok(Subject { customer: Some(place.1), address, stale: true });
        }
        let target = self.customers.get(email.as_str());
        if target.is_some_and(|target| self.rows.contains_key(&(place.0, *target))) {
            let detail = "another customer of this project has that e-mail already; nothing was changed";
            return Err(Refusal::new(Reason::EmailTaken, detail).into());
        }
        let context = Context { history: &known.history, created: false, publishable: false, now };
        merge(&mut known.row.clone(), call, context)?;
        Err(Stop::Halt(Halt::Relocate(place, email.clone())))
    }

    fn email(&self, customer: CustomerId) -> Option<&str> {
        self.emails.get(&customer).map(String::as_str)
    }

    /// A customer whom the account did not know.
    fn enrol(&mut self, customer: CustomerId, email: Option<&str>) {
        let email = email.unwrap_or_default().to_owned();
        self.customers.insert(email.clone(), customer);
        self.emails.insert(customer, email);
        self.new_customers.push(customer);
    }

    /// Keeps the look-up by `user_id` true when a call has replaced it.
    fn rename(&mut self, place: Place, before: Option<String>) {
        let after = self.rows.get(&place).and_then(|known| known.row.user_id.clone());
        if after != before {
            if let Some(before) = before {
                self.users.remove(&(place.0, before.clone()));
                self.released.insert((place.0, before));
            }
            self.users.extend(after.map(|after| ((place.0, after), place.1)));
        }
    }

    fn ping(&mut self, project: ProjectId, ping: &Ping, now: Timestamp) -> Outcome {
        let by_user = ping.who.user_id.as_ref().and_then(|id| self.users.get(&(project, id.clone())));
        let by_email = || self.customers.get(ping.who.email.as_ref()?.as_str());
        let customer = by_user.or_else(by_email).copied();
        if let Some(known) = customer.and_then(|customer| self.rows.get_mut(&(project, customer))) {
            let (at, last, first) = (ping.at.unwrap_or(now), known.row.last_activity, known.row.first_seen);
            known.row.see(at);
            known.mark(at, last);
            known.touched |= (known.row.last_activity, known.row.first_seen) != (last, first);
        }
        Outcome::Pinged
    }
}
