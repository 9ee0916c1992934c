//! What a call tells of the time before it: an import's row, or an app's first word of somebody, may say since when a
//! customer is known, when they first paid, and since when their status is what it is.
//!
//! For somebody new these become changes of their own, each with its date: began, paid, left. What is not told stays
//! unknown: the status before the first that is told is missing, and where somebody has paid before the present run of
//! `paid` began, the status is missing for the last microsecond before it, for nobody said what the break was.

use filter::Status;
use jiff::{SignedDuration, Timestamp};

use super::{Change, DatedBy, Identify, Kept, Sides, Source};

/// The smallest step of a date.
const MICROSECOND: SignedDuration = SignedDuration::from_micros(1);

/// What a call tells of the time before it; none of it is later than when the call was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// When the customer was first seen, if that is known to be earlier.
    pub first_seen: Option<Timestamp>,
    /// When the customer was first paid.
    pub first_paid: Option<Timestamp>,
    /// Since when the status is what the call says.
    pub status_since: Option<Timestamp>,
    /// When the customer was last seen.
    pub last_activity: Option<Timestamp>,
}

impl Past {
    /// When the customer is told to have been seen first: if by nothing else, by when they were seen last.
    pub fn seen(&self) -> Option<Timestamp> {
        self.first_seen.or(self.last_activity)
    }
}

/// A call about somebody new, put in order.
#[derive(Debug, PartialEq)]
pub struct Told {
    /// What comes before what the call says of now, the oldest first. Where there is anything, the first is the birth.
    pub before: Vec<Change>,
    /// The date of what the call says of now, and how it is known.
    pub date: (Timestamp, DatedBy),
    /// When it was received, where it is an import that says what is so and not since when.
    pub imported: Option<Timestamp>,
}

/// Puts what a call says of somebody new in order.
///
/// What it says of now is dated by its `timestamp`. Where it has none, an import speaks of when the status became what it
/// is (`status_since`, or `first_paid` of somebody who pays), else of when the customer was first seen; and an app of now.
pub fn told(call: &Identify, source: Source, now: Timestamp) -> Told {
    let past = call.past;
    let status = call.status.unwrap_or(Status::Free);
    let since = past.status_since.or(past.first_paid.filter(|_| status == Status::Paid));
    // Who has paid and does not now has left after that; nobody said when.
    let seen = past.seen().max(past.first_paid.map(|paid| paid + MICROSECOND)).map(|at| at.min(now));
    let date = match (call.at, since, seen) {
        (Some(at), _, _) => (at.min(now), DatedBy::Caller),
        (None, Some(since), _) if source.is_import() => (since, DatedBy::Caller),
        (None, None, Some(seen)) if source.is_import() => (seen, DatedBy::FirstSeen),
        _ => (now, DatedBy::Receipt),
    };
    let before = before(past, status, since, date.0);
    let is_undated = source.is_import() && before.is_empty() && date.1 != DatedBy::Caller;
    Told { before, date, imported: is_undated.then_some(now) }
}

/// The changes before what the call says of now.
fn before(past: Past, status: Status, since: Option<Timestamp>, date: Timestamp) -> Vec<Change> {
    let Some(told) = [since, past.first_paid].into_iter().flatten().min() else { return Vec::new() };
    let began = past.seen().map_or(told, |seen| seen.min(told));
    let mut statuses = statuses(status, since, past.first_paid, date);
    let first = statuses.first().map_or(date, |change| change.at);
    let birth = (began < first).then(|| Change::new(began, DatedBy::Caller, true));
    if let Some(first) = statuses.first_mut().filter(|first| first.at == began) {
        first.created = true;
    }
    birth.into_iter().chain(statuses).collect()
}

/// The changes of a status that has been what it is since a date, of somebody who first paid at another: all that there
/// were, told anew.
pub fn retold(status: Status, since: Timestamp, first_paid: Option<Timestamp>) -> Vec<Change> {
    statuses(status, Some(since), first_paid, Timestamp::MAX)
}

/// The changes of the status that are told, of those before a date.
fn statuses(
    status: Status,
    since: Option<Timestamp>,
    first_paid: Option<Timestamp>,
    date: Timestamp,
) -> Vec<Change> {
    let mut told: Vec<(Timestamp, Option<Status>)> = Vec::new();
    if let Some(paid) = first_paid.filter(|paid| *paid < since.unwrap_or(date)) {
        told.push((paid, Some(Status::Paid)));
        let broke = since.filter(|_| status == Status::Paid).map(|since| since - MICROSECOND);
        told.extend(broke.filter(|broke| *broke > paid).map(|broke| (broke, None)));
    }
    told.extend(since.filter(|since| *since < date).map(|since| (since, Some(status))));
    let mut stood: Option<Status> = None;
    let change = |(at, status): (Timestamp, Option<Status>)| {
        let mut change = Change::new(at, DatedBy::Caller, false);
        let text = |status: Option<Status>| status.map(|status| Kept::text(status.as_str()));
        change.fields.insert("status", Sides { before: text(stood), after: text(status) });
        stood = status;
        change
    };
    told.into_iter().map(change).collect()
}

#[cfg(test)]
mod tests;
