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
        Call, CustomerId, DatedBy, Email, Identify, Ignored, Kept, Ping, ProjectId, Reason, Refusal,
        Relationship, Sides, Source,
        merge::{Address, Age, Context, Merged, late, merge},
        past::{Told, told},
    },
    store::{batch::Place, clock::Clock},
};

/// Values before and after, as bytes of JSON text, that a fold enters; the last call may exceed it. In memory they take several
/// times as much, and a call of a few bytes enters a whole set of 64 KiB twice.
const WEIGHT_MAX: usize = 8 << 20;

/// Why a fold ended before its last call: the rows in hand must be written first.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// The next call takes a `user_id` that was given up in this fold.
    Released,
    /// The next call asks for a past that was not read: this fold alone has shown of whom it speaks.
    Unread,
    /// The next call moves a relationship to the customer of another e-mail.
    Relocate(Place, Email),
    /// What was entered so far is as much as may be in memory.
    Heavy,
}

/// What ends a call before it is stored.
enum Stop {
    Refused(Refusal),
    /// What it was given for is not so.
    Left,
    Halt(Halt),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refused(refusal)
    }
}

/// How a call stands to the relationship that it speaks of.
struct Met {
    /// The date of what it says of now.
    date: (Timestamp, DatedBy),
    /// What its e-mail is to the relationship.
    address: Address,
    /// Whether the relationship has begun: by an earlier call, or by the past that this one tells.
    born: bool,
}

/// Folds tasks in order. Returns the outcomes so far, and why there are fewer than tasks. `from` is the address that the
/// first task's relationship has just been moved away from.
pub(super) fn fold(
    present: &mut Present,
    tasks: &[Task<'_>],
    mut from: Option<String>,
    clock: &Clock,
    ignored: &Ignored,
) -> (Vec<Outcome>, Option<Halt>) {
    let mut outcomes = Vec::with_capacity(tasks.len());
    for task in tasks {
        if present.weight > WEIGHT_MAX {
            return (outcomes, Some(Halt::Heavy));
        }
        let outcome = match task.call {
            _ if present.is_ignored(task, ignored) => Ok(Outcome::Ignored),
            Call::Ping(ping) => Ok(present.ping(task.project, ping, clock)),
            Call::Identify(call) => {
                present.identify(task, call, from.take().as_deref(), clock).map(Outcome::Identified)
            }
        };
        match outcome {
            Ok(outcome) => outcomes.push(outcome),
            Err(Stop::Left) => outcomes.push(Outcome::Left),
            Err(Stop::Refused(refusal)) => outcomes.push(Outcome::Refused(refusal)),
            Err(Stop::Halt(halt)) => return (outcomes, Some(halt)),
        }
    }
    (outcomes, None)
}

impl Present {
    /// Whether a call is about somebody whom the account ignores: by the address that it gives, else by the one that the
    /// person has.
    fn is_ignored(&self, task: &Task<'_>, ignored: &Ignored) -> bool {
        let who = task.call.who();
        let known = || {
            let user = (task.project, who.user_id.clone()?);
            self.email(*self.users.get(&user)?)
        };
        !ignored.is_empty()
            && who.email.as_ref().map(Email::as_str).or_else(known).is_some_and(|email| ignored.has(email))
    }

    fn identify(
        &mut self,
        task: &Task<'_>,
        call: &Identify,
        from: Option<&str>,
        clock: &Clock,
    ) -> Result<Identified, Stop> {
        let found = self.subject(task.project, call)?;
        let place = (task.project, found.unwrap_or_else(CustomerId::new));
        let row = self.rows.get(&place).map(|known| &known.row);
        if call.seen.as_ref().is_some_and(|seen| !seen.holds(found, row)) {
            return Err(Stop::Left);
        }
        let created = row.is_none();
        let entered = self.changes.len();
        let Met { date, address, born } = match created {
            true => self.begin(place, task.source, call, clock),
            false => self.meet(place, call, from, clock)?,
        };
        let alias = self.is_alias(place, call);
        let known = self.rows.get_mut(&place).expect("it is there, or has just begun");
        let user_id = known.row.user_id.clone();
        let seen = (known.row.first_seen, known.row.last_activity);
        let publishable = task.source.is_publishable();
        let open = publishable || !known.row.open_keys.is_empty();
        let horizon = clock.horizon;
        let context = Context {
            log: &known.log,
            created: !born,
            publishable,
            date,
            horizon,
            address: &address,
            alias,
            size: known.size,
        };
        let merged = match merge(&mut known.row, call, context) {
            Ok(merged) => merged,
            Err(refusal) => {
                if created {
                    self.rows.remove(&place);
                    self.changes.truncate(entered);
                }
                return Err(refusal.into());
            }
        };
        known.see(call, date.0, &clock.zone);
        // Which keys are open may change although nothing else does.
        known.altered |= open || merged.changed || !merged.change.is_empty();
        known.touched |=
            call.live || known.altered || seen != (known.row.first_seen, known.row.last_activity);
        known.params_changed |= merged.params_changed;
        known.size = merged.size;
        if found.is_none() {
            self.enrol(place.1, call.who.email.as_ref());
        }
        self.rename(place, user_id);
        Ok(self.record(task, place, merged, created))
    }

    /// Somebody new: enters what the call tells of the time before what it says of now.
    fn begin(&mut self, place: Place, source: Source, call: &Identify, clock: &Clock) -> Met {
        let Told { before, date, imported } = told(call, source, clock.now);
        // Somebody known elsewhere may be called by an alias.
        let email = self.email(place.1).or(call.who.email.as_ref().map(Email::as_str));
        let mut address = Address { sides: Some(Sides::text(None, email)), stale: false };
        let born = !before.is_empty();
        let began = before.first().map_or(date.0, |birth| birth.at);
        let mut known = Known::new(Relationship { imported, ..Relationship::new(began) });
        for mut change in before {
            change.fields.extend(address.sides.take().map(|sides| ("email", sides)));
            known.row.last_change = change.at;
            known.log.enter(&change);
            self.changes.push((place, source, change));
        }
        if let Some(standing) = known.log.standing(None) {
            known.row.stand(standing);
        }
        self.rows.insert(place, known);
        Met { date, address, born }
    }

    /// Somebody known: has the log of the row know what was entered in this batch, and makes sure that it was read for a
    /// late call.
    fn meet(
        &mut self,
        place: Place,
        call: &Identify,
        from: Option<&str>,
        clock: &Clock,
    ) -> Result<Met, Stop> {
        let date = call.date(clock.now);
        let known = self.rows.get_mut(&place).expect("the caller has seen it");
        if known.may_be_late(date.0, clock.horizon) && !known.recalled.cover(date.0, call) {
            return Err(Stop::Halt(Halt::Unread));
        }
        known.catch_up(&self.changes);
        let address = match from {
            // Of an alias it has come to whom that belongs to.
            Some(from) => Address { sides: Some(Sides::text(Some(from), self.email(place.1))), stale: false },
            None => self.readdress(place, call, date, clock)?,
        };
        Ok(Met { date, address, born: true })
    }

    /// Enters what a call altered, and says it to the caller.
    fn record(&mut self, task: &Task<'_>, place: Place, merged: Merged, created: bool) -> Identified {
        for key in merged.refused {
            *self.refusals.entry((place, key)).or_default() += 1;
        }
        let stale = merged.change.stale.clone();
        if !merged.change.is_empty() {
            if let Some(known) = self.rows.get_mut(&place) {
                known.own.push(self.changes.len());
            }
            let sides = merged.change.params.values().flat_map(|sides| [&sides.before, &sides.after]);
            self.weight += sides.flatten().map(Kept::bytes).sum::<usize>();
            self.changes.push((place, task.source, merged.change));
        }
        Identified { customer: place.1, created, changed: created || merged.changed, stale }
    }

    /// Whether a call names a relationship by an id that it does not have, but that another of the same person had.
    fn is_alias(&self, place: Place, call: &Identify) -> bool {
        let Some(user_id) = &call.who.user_id else { return false };
        let own = self.rows.get(&place).and_then(|known| known.row.user_id.as_ref());
        own != Some(user_id) && self.users.get(&(place.0, user_id.clone())) == Some(&place.1)
    }

    /// Finds whom a call speaks of; `None` is somebody new in the account. A known `user_id` wins.
    fn subject(&self, project: ProjectId, call: &Identify) -> Result<Option<CustomerId>, Stop> {
        let user = call.who.user_id.as_ref().map(|user_id| (project, user_id.clone()));
        let by_user = user.as_ref().and_then(|user| self.users.get(user)).copied();
        match (by_user, &call.who.email) {
            (Some(customer), _) => Ok(Some(customer)),
            (None, Some(_)) if user.is_some_and(|user| self.released.contains(&user)) => {
                Err(Stop::Halt(Halt::Released))
            }
            (None, Some(email)) => Ok(self.customers.get(email.as_str()).copied()),
            (None, None) => {
                let detail = "nobody in this project has that user_id: identify them once with their e-mail";
                Err(Refusal::new(Reason::UnknownUser, detail).into())
            }
        }
    }

    /// A known `user_id` with another e-mail is a change of address: too late, taken, refused for something else in the
    /// call, or a move.
    fn readdress(
        &self,
        place: Place,
        call: &Identify,
        date: (Timestamp, DatedBy),
        clock: &Clock,
    ) -> Result<Address, Stop> {
        let address = Address::default();
        let Some(email) = &call.who.email else { return Ok(address) };
        // Nor is an alias another address.
        let target = self.customers.get(email.as_str());
        if target == Some(&place.1) {
            return Ok(address);
        }
        let known = &self.rows[&place];
        let horizon = clock.horizon;
        let alias = self.is_alias(place, call);
        let context = Context {
            log: &known.log,
            created: false,
            publishable: false,
            date,
            horizon,
            address: &address,
            alias,
            size: known.size,
        };
        let track = known.log.field("email");
        match context.age(track, true) {
            Age::Present => {}
            age => {
                // An alias means the address of whom it belongs to.
                let email = target.and_then(|target| self.email(*target)).unwrap_or(email.as_str());
                return Ok(Address { sides: late(track, date.0, age, email), stale: true });
            }
        }
        if target.is_some_and(|target| self.rows.contains_key(&(place.0, *target))) {
            let detail = "another customer of this project has that e-mail already; nothing was changed";
            return Err(Refusal::new(Reason::EmailTaken, detail).into());
        }
        merge(&mut known.row.clone(), call, context)?;
        Err(Stop::Halt(Halt::Relocate(place, email.clone())))
    }

    fn email(&self, customer: CustomerId) -> Option<&str> {
        self.emails.get(&customer).map(String::as_str)
    }

    /// A customer whom the account did not know.
    fn enrol(&mut self, customer: CustomerId, email: Option<&Email>) {
        let email = email.map(Email::as_str).unwrap_or_default().to_owned();
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

    fn ping(&mut self, project: ProjectId, ping: &Ping, clock: &Clock) -> Outcome {
        let by_user = ping.who.user_id.as_ref().and_then(|id| self.users.get(&(project, id.clone())));
        let by_email = || self.customers.get(ping.who.email.as_ref()?.as_str());
        let customer = by_user.or_else(by_email).copied();
        if let Some(known) = customer.and_then(|customer| self.rows.get_mut(&(project, customer))) {
            let at = ping.at.map_or(clock.now, |at| at.min(clock.now));
            let before = (known.row.last_activity, known.row.first_seen);
            known.row.see(at);
            known.mark(at, &clock.zone);
            known.touched |= (known.row.last_activity, known.row.first_seen) != before;
        }
        Outcome::Pinged
    }
}
