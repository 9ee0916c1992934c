//! What a history that was made to be looked at becomes when it has to be replayed: one pure function a relationship.
//!
//! Until then births were only to be guessed, late values were judged by the present, late sums were kept as nothing, and
//! what had no date of its own shared one. What cannot be known any more is inferred and marked so; where the log would
//! still tell something else than the row, the row is right, and the log is told so as of now.

use filter::Status;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use crate::model::{Change, DatedBy, Kept, Log, Relationship, Sides, Source};

/// A change that was written within so long after its date was dated by its receipt.
const AT_ONCE: SignedDuration = SignedDuration::from_secs(2);

/// A change as it was.
pub(super) struct Old {
    pub(super) id: Uuid,
    pub(super) source: Source,
    /// Without what was not kept then: how its date is known, whether it was a birth.
    pub(super) change: Change,
}

/// A change as it is to be.
#[derive(Debug)]
pub(super) struct Mended {
    pub(super) id: Uuid,
    pub(super) source: Source,
    pub(super) change: Change,
    pub(super) received: Timestamp,
    pub(super) inferred: bool,
}

/// Mends the changes of a relationship, which are in the order of their dates and ids, and what of the row follows from
/// them.
pub(super) fn mend(row: &mut Relationship, email: &str, old: Vec<Old>, now: Timestamp) -> Vec<Mended> {
    let mut all: Vec<Mended> = old.into_iter().map(|old| dated(old, now)).collect();
    forget_late_sums(&mut all);
    restore_long_values(&mut all, row);
    give_birth(&mut all, row, email, now);
    first_payment(&mut all, row, now);
    all.sort_by_key(|mended| mended.change.at);
    reconcile(&mut all, row, now);
    if let Some(standing) = log(&all).standing(None) {
        (row.status_since, row.first_paid) = (standing.status_since, standing.first_paid);
    }
    let born = all.iter().find(|mended| mended.change.created);
    row.began = born.map_or(row.began, |born| born.change.at);
    row.last_change = all.iter().map(|mended| mended.change.at).max().unwrap_or(row.began);
    all
}

/// The date was clamped to the present by nobody; how it is known, its distance to the receipt tells.
fn dated(old: Old, now: Timestamp) -> Mended {
    let Old { id, source, mut change } = old;
    let received = received(id).unwrap_or(change.at).min(now);
    let late = received.duration_since(change.at);
    let at_once = (SignedDuration::from_millis(-1)..=AT_ONCE).contains(&late);
    change.dated_by = if at_once { DatedBy::Receipt } else { DatedBy::Caller };
    change.at = change.at.min(now);
    Mended { id, source, change, received, inferred: false }
}

/// When a UUIDv7 was made.
fn received(id: Uuid) -> Option<Timestamp> {
    let (seconds, nanoseconds) = id.get_timestamp()?.to_unix();
    Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanoseconds).ok()?).ok()
}

fn inferred(at: Timestamp, created: bool, now: Timestamp) -> Mended {
    let change = Change::new(at, DatedBy::Receipt, created);
    Mended { id: Uuid::now_v7(), source: Source::Import(None), change, received: now, inferred: true }
}

fn log(all: &[Mended]) -> Log {
    let mut log = Log::default();
    all.iter().for_each(|mended| log.enter(&mended.change));
    log
}

/// A late sum or set was kept like a late unset: as nothing. Where the value of then was a number or a list, or there was
/// none, it was most likely no unset.
fn forget_late_sums(all: &mut Vec<Mended>) {
    let mut log = Log::default();
    for Mended { change, .. } in all.iter_mut() {
        let stale = &change.stale;
        change.params.retain(|key, sides| {
            let unset = matches!(
                log.param(key).and_then(|track| track.present()),
                Some(
                    Kept::Whole(Value::String(_) | Value::Bool(_) | Value::Object(_) | Value::Null)
                        | Kept::Digest(_)
                )
            );
            *sides != Sides::default() || !stale.contains(key) || unset
        });
        log.enter(change);
    }
    all.retain(|mended| !mended.change.is_empty());
}

/// Values over 4 KiB were kept as a digest; those that are present still can be told.
fn restore_long_values(all: &mut [Mended], row: &Relationship) {
    for (key, value) in &row.params {
        let last = all.iter_mut().rev().find_map(|mended| mended.change.params.get_mut(key));
        if let Some(sides) = last.filter(|sides| sides.after.as_ref() == Some(&Kept::digest(value))) {
            sides.after = Some(Kept::of(value));
        }
    }
}

/// Finds the change that created the relationship, or infers one, and has it say the status.
fn give_birth(all: &mut Vec<Mended>, row: &Relationship, email: &str, now: Timestamp) {
    let creates = |mended: &Mended| {
        let address = mended.change.fields.get("email");
        address.is_some_and(|sides| sides.before.is_none())
            && !mended.change.stale.iter().any(|name| name == "email")
    };
    let place = all.iter().position(creates).unwrap_or_else(|| {
        let at = all.first().map_or(row.first_seen, |first| first.change.at).min(now);
        let mut birth = inferred(at, true, now);
        birth.change.fields.insert("email", Sides::text(None, Some(email)));
        all.insert(0, birth);
        0
    });
    let told = all[place + 1..].iter().find_map(|mended| mended.change.fields.get("status")?.before.clone());
    let status = told.unwrap_or_else(|| Kept::text(row.status.as_str()));
    let birth = &mut all[place];
    birth.change.created = true;
    if !birth.change.fields.contains_key("status") {
        birth.change.fields.insert("status", Sides { before: None, after: Some(status) });
        birth.inferred = true;
    }
}

/// A payment of which only the date was kept.
fn first_payment(all: &mut Vec<Mended>, row: &Relationship, now: Timestamp) {
    let Some(paid) = row.first_paid.map(|paid| paid.min(now)) else { return };
    let told = log(all).standing(None).and_then(|standing| standing.first_paid);
    if told.is_none_or(|told| paid < told) {
        let mut payment = inferred(paid, false, now);
        payment.change.fields.insert("status", Sides::text(None, Some(Status::Paid.as_str())));
        all.push(payment);
    }
}

/// Where the log tells something else than the row: the row is right. The status since the row's own date if that is later
/// than all that the log says of it.
fn reconcile(all: &mut Vec<Mended>, row: &Relationship, now: Timestamp) {
    let log = log(all);
    let standing = log.standing(None);
    if standing.is_none_or(|standing| standing.status != row.status) {
        let last = log.field("status").and_then(|track| track.last());
        let since = row.status_since.min(now);
        let at = if last.is_none_or(|last| last < since) { since } else { now };
        let mut told = inferred(at, false, now);
        let before = standing.map(|standing| standing.status.as_str());
        told.change.fields.insert("status", Sides::text(before, Some(row.status.as_str())));
        all.push(told);
        all.sort_by_key(|mended| mended.change.at);
    }
    let mut told = inferred(now, false, now);
    for (field, value) in [("name", &row.name), ("user_id", &row.user_id)] {
        let before = log.field(field).and_then(|track| track.present());
        let after = value.as_deref().map(Kept::text);
        if before != after.as_ref() {
            told.change.fields.insert(field, Sides { before: before.cloned(), after });
        }
    }
    let gone = log.params().map(|(key, _)| key).filter(|key| !row.params.contains_key(*key));
    for key in row.params.keys().map(String::as_str).chain(gone) {
        let before = log.param(key).and_then(|track| track.present());
        let after = row.params.get(key).map(Kept::of);
        if before != after.as_ref() {
            told.change.params.insert(key.to_owned(), Sides { before: before.cloned(), after });
        }
    }
    if !told.change.is_empty() {
        all.push(told);
    }
}

#[cfg(test)]
mod tests;
