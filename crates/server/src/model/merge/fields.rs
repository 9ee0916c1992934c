//! The fields of a row that a call speaks of: what is taken now, what enters the past, and what follows from it.

use filter::Status;
use jiff::Timestamp;

use super::{Address, Age, Step};
use crate::model::{Kept, Past, Relationship, Sides, Track};

impl Step<'_> {
    pub(super) fn fields(&mut self, row: &mut Relationship) {
        let call = self.call;
        if let Some(user_id) = &call.who.user_id
            && !self.context.alias
        {
            self.text("user_id", &mut row.user_id, user_id);
        }
        if let Some(name) = &call.name {
            self.text("name", &mut row.name, name);
        }
        // What creates a relationship says how it began.
        let born = self.context.created.then_some(row.status);
        if let Some(status) = call.status.or(born) {
            self.status(row, status);
        }
    }

    fn text(&mut self, field: &'static str, present: &mut Option<String>, given: &str) {
        let track = self.context.log.field(field);
        let age = self.context.age(track, present.is_some());
        if age == Age::Present {
            if present.as_deref() != Some(given) {
                self.change.fields.insert(field, Sides::text(present.as_deref(), Some(given)));
                *present = Some(given.to_owned());
                self.changed = true;
            }
            return;
        }
        // One that says what is so now has not come too late for anything.
        if present.as_deref() != Some(given) {
            self.change.stale.push(field.to_owned());
        }
        if let Some(sides) = late(track, self.change.at, age, given) {
            self.change.fields.insert(field, sides);
        }
    }

    fn status(&mut self, row: &mut Relationship, status: Status) {
        if self.context.publishable && status != row.status {
            self.refused.push("status".to_owned());
            return;
        }
        let first = self.context.created || self.context.log.is_without_status();
        let track = self.context.log.field("status");
        let age = self.context.age(track, !first);
        let sides = match age {
            Age::Present if first => Some(Sides::text(None, Some(status.as_str()))),
            Age::Present => {
                (row.status != status).then(|| Sides::text(Some(row.status.as_str()), Some(status.as_str())))
            }
            age => {
                if status != row.status {
                    self.change.stale.push("status".to_owned());
                }
                late(track, self.change.at, age, status.as_str())
            }
        };
        if let Some(sides) = sides {
            self.change.fields.insert("status", sides);
            self.stand(row, status);
        }
    }

    /// The status that the row has now that this one was entered, and what follows from those before it.
    fn stand(&mut self, row: &mut Relationship, status: Status) {
        let at = self.change.at;
        let before = (row.status, row.status_since, row.first_paid);
        if self.context.created || at > row.last_change {
            let paid = (status == Status::Paid).then_some(at);
            (row.status, row.status_since, row.first_paid) = (status, at, row.first_paid.or(paid));
        } else if let Some(standing) = self.context.log.standing(Some((at, status))) {
            row.stand(standing);
        }
        self.changed |= self.context.created || before != (row.status, row.status_since, row.first_paid);
    }

    pub(super) fn address(&mut self, Address { sides, stale }: &Address) {
        self.changed |= sides.is_some() && !stale;
        self.change.fields.extend(sides.clone().map(|sides| ("email", sides)));
        self.change.stale.extend(stale.then(|| "email".to_owned()));
    }

    /// When the customer was seen, and what the call told of before that is not so.
    pub(super) fn past(&mut self, row: &mut Relationship) {
        let Past { first_seen, first_paid, status_since, last_activity } = self.call.past;
        let (at, known) = (self.change.at, row.first_seen);
        let seen = self.call.past.seen();
        row.first_seen = seen.map_or(at, |seen| seen.min(at)).min(row.first_seen);
        // What is told is news, and that the call itself is older is activity.
        self.changed |= seen.is_some_and(|seen| seen < known);
        if let (Some(told), true, false) = (last_activity, self.context.created, self.call.live) {
            // What brings somebody speaks of them, and is not them: its date is none at which they were there.
            row.last_activity = told.max(row.first_seen);
        }
        row.last_activity = row.last_activity.max(last_activity.unwrap_or(row.last_activity));
        if self.call.live {
            row.last_activity = row.last_activity.max(at);
        }
        let live = self.call.live;
        let mut stale = |field: &str, is: bool| self.change.stale.extend(is.then(|| field.to_owned()));
        // An app that says each time since when it knows somebody says nothing wrong.
        stale("first_seen", !live && first_seen.is_some_and(|told| told > row.first_seen));
        // What a customer's past is, only what brought them could tell.
        let differs = |told: Option<Timestamp>, known| told.is_some() && told != known;
        stale("first_paid", differs(first_paid, row.first_paid));
        stale("status_since", differs(status_since, Some(row.status_since)));
        stale("last_activity", !live && last_activity.is_some_and(|told| told < row.last_activity));
    }
}

/// What a text that comes too late for the present enters into the past: nothing where it was so already.
pub fn late(track: Option<&Track>, at: Timestamp, age: Age, given: &str) -> Option<Sides> {
    let was = track.and_then(|track| track.at(at));
    let differs = age == Age::Late && was.and_then(Kept::as_str) != Some(given);
    differs.then(|| Sides { before: was.cloned(), after: Some(Kept::text(given)) })
}
