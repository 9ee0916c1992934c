//! The past as a document: a relationship as it was at a moment, and what of it changed.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::document::Document;
use crate::field::Field;
use crate::history::{History, Track};
use crate::status::Status;
use crate::value::Instant;

/// A relationship as it was at a moment.
#[derive(Clone, Debug)]
pub struct Past<'a> {
    present: Document<'a>,
    status: Option<Status>,
    status_since: Option<Timestamp>,
    first_paid: Option<Timestamp>,
    last_activity: Option<Timestamp>,
    params: Map<String, Value>,
    history: History,
}

impl<'a> Document<'a> {
    /// The relationship as it was at a moment; `None` before it began. A name that changed later is put back to what it was:
    /// everything else is as it is. Who a person is does not travel: e-mail, name, user_id and project are those of now; nor does when an import told of
    /// them.
    ///
    /// The latest activity is exact if it was not later; else it is the last instant of the last day before it.
    pub fn at(&self, moment: Instant) -> Option<Past<'a>> {
        if Instant::from(self.first_seen) > moment {
            return None;
        }
        let was_last = |time: &Timestamp| Instant::from(*time) <= moment;
        let exact = self.last_activity.filter(was_last);
        let known =
            self.history.map_or_else(|| Cow::Owned(History::none(self.first_seen.into())), Cow::Borrowed);
        let history = known.until(moment, exact.is_some());
        let day = || history.days.last().map(|day| day.timestamp());
        let mut past = Past {
            present: *self,
            status: self.status,
            status_since: self.status_since,
            first_paid: self.first_paid.filter(was_last),
            last_activity: exact.or_else(day),
            params: self.params.clone(),
            history,
        };
        past.put_back(&known, moment);
        Some(past)
    }
}

impl Past<'_> {
    /// Gives everything that changed after the moment the value that it had.
    fn put_back(&mut self, known: &History, moment: Instant) {
        let later = |track: &Track| track.last_key_value().is_some_and(|(at, _)| *at > moment);
        for (key, _) in known.params.iter().filter(|(_, track)| later(track)) {
            match self.history.params[key].last_key_value().and_then(|(_, value)| value.clone()) {
                Some(value) => self.params.insert(key.clone(), value),
                None => self.params.remove(key),
            };
        }
        if known.fields.get("status").is_some_and(later) {
            let run = run(&self.history.fields["status"]);
            (self.status, self.status_since) = (run.map(|(status, _)| status), run.map(|(_, since)| since));
        }
    }

    /// The relationship, to be asked like any other: of its past, what was known then.
    pub fn document(&self) -> Document<'_> {
        Document {
            status: self.status,
            status_since: self.status_since,
            first_paid: self.first_paid,
            last_activity: self.last_activity,
            params: &self.params,
            history: Some(&self.history),
            ..self.present
        }
    }
}

/// The status that a track ends with, and since when it was that without a break.
fn run(track: &Track) -> Option<(Status, Timestamp)> {
    let status =
        |value: &Option<Value>| value.as_ref().and_then(Value::as_str).and_then(|word| word.parse().ok());
    let mut run: Option<(Status, Timestamp)> = None;
    for (at, value) in track {
        run = status(value).map(|status: Status| match run {
            Some((known, since)) if known == status => (known, since),
            _ => (status, at.timestamp()),
        });
    }
    run
}

impl History {
    /// The changes of a field, or of the key that a path begins with.
    fn track(&self, field: &Field) -> Option<&Track> {
        match field {
            Field::Params(path) => self.params.get(path.keys().first()?),
            field => self.fields.get(field.to_string().as_str()),
        }
    }

    /// Every change of a field's value, in order: when, what it was, and what it became. Values are compared as the
    /// language does, so 19.9 that becomes 19.90 is none.
    pub(crate) fn changes(&self, field: &Field) -> Vec<(Instant, Option<&Value>, Option<&Value>)> {
        let mut changes = Vec::new();
        let mut before = None;
        for (at, value) in self.track(field).into_iter().flatten() {
            let after = value.as_ref().and_then(|value| inside(field, value));
            if !is_same(before, after) {
                changes.push((*at, before, after));
            }
            before = after;
        }
        changes
    }
}

/// What lies at a path's end, in the value of its first key.
fn inside<'v>(field: &Field, value: &'v Value) -> Option<&'v Value> {
    let rest = field.path().map_or(&[][..], |path| &path.keys()[1..]);
    rest.iter().try_fold(value, |value, key| value.as_object()?.get(key))
}

/// Whether two values are the same to the language: numbers by their exact value, wherever they stand. What is missing is the
/// same as what is missing.
pub fn is_same(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one, other) {
        (Some(Value::Number(one)), Some(Value::Number(other))) => {
            one == other
                || match (one.as_i64(), other.as_i64()) {
                    (Some(one), Some(other)) => one == other,
                    _ => crate::value::decimal(one)
                        .zip(crate::value::decimal(other))
                        .is_some_and(|(one, other)| one == other),
                }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| is_same(Some(one), Some(other)))
        }
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            one.len() == other.len() && one.iter().all(|(key, value)| is_same(Some(value), other.get(key)))
        }
        (one, other) => one == other,
    }
}
