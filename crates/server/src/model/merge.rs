//! What an `identify` does to a relationship: one pure function, the heart of the write path.
//!
//! It either refuses the call and leaves the row as it was, or applies all of it. Whatever must hold for every writer
//! holds here: staleness, the trust in publishable keys, the size of the params, exact arithmetic.

use std::collections::{BTreeMap, HashSet};

use bigdecimal::BigDecimal;
use filter::Status;
use jiff::Timestamp;
use serde_json::Value;

use super::{
    Change, Edit, History, Identify, Relationship, Sides,
    body::a,
    json, number,
    refusal::{Faults, Pointer, Reason, Refusal},
};

/// The most params that a relationship may have, as bytes of JSON text.
pub const PARAMS_MAX: usize = 1 << 20;

/// What became of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// What to write into history, if anything.
    pub change: Option<Change>,
    /// Whether the present row differs in more than its activity.
    pub changed: bool,
    /// Whether the params differ.
    pub params_changed: bool,
    /// What stored state refused to a publishable key: `status`, `params.KEY`, or `params` for their size.
    pub refused: Vec<String>,
}

/// What a call meets besides the row.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// When the row's fields and keys last changed.
    pub history: &'a History,
    /// Whether the row was made for this call.
    pub created: bool,
    /// Whether the call may only add.
    pub publishable: bool,
    /// Dates a call that does not date itself.
    pub now: Timestamp,
}

/// Applies a call to a row, or refuses it and leaves the row alone.
pub fn merge(row: &mut Relationship, call: &Identify, context: Context<'_>) -> Result<Merged, Refusal> {
    let at = call.at.unwrap_or(context.now);
    let mut step =
        Step { call, context, change: Change::new(at), refused: Vec::new(), next: BTreeMap::new() };
    step.edits(row)?;
    step.bound(row)?;
    step.fields(row);
    let changed_fields = step.change.fields.keys().any(|field| !step.is_stale_field(field));
    let params_changed = step.apply(row);
    row.see(at);
    row.first_seen = call.first_seen.map_or(row.first_seen, |seen| row.first_seen.min(seen));
    let Step { change, refused, .. } = step;
    let changed = changed_fields || params_changed;
    Ok(Merged { change: (!change.is_empty()).then_some(change), changed, params_changed, refused })
}

/// A call on its way into a row.
struct Step<'a> {
    call: &'a Identify,
    context: Context<'a>,
    change: Change,
    refused: Vec<String>,
    /// What each key that changes becomes; `None` is removed.
    next: BTreeMap<String, Option<Value>>,
}

impl Step<'_> {
    /// Finds what every key becomes, without touching the row.
    fn edits(&mut self, row: &Relationship) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        for (key, edit) in &self.call.edits {
            let before = row.params.get(key);
            if self.context.publishable
                && matches!(edit, Edit::Set(_))
                && before.is_some()
                && !row.open_keys.contains(key)
            {
                self.refused.push(format!("params.{key}"));
            } else if self.is_stale(self.context.history.params.get(key)) {
                self.note_stale(key, edit);
            } else {
                match outcome(edit, before.filter(|_| !self.call.replace)) {
                    Ok(after) => self.note(key, before, after),
                    Err(detail) => faults.add(Pointer::Root.key(edit.field()).key(key), detail),
                }
            }
        }
        if self.call.replace {
            self.drop_unnamed(row);
        }
        faults.or(())
    }

    /// `replace`: the keys that the call does not name go, unless they changed later than it.
    fn drop_unnamed(&mut self, row: &Relationship) {
        for (key, before) in row.params.iter().filter(|(key, _)| !self.call.edits.contains_key(*key)) {
            if self.is_stale(self.context.history.params.get(key)) {
                self.note_stale(key, &Edit::Unset);
            } else {
                self.note(key, Some(before), None);
            }
        }
    }

    fn is_stale(&self, last: Option<&Timestamp>) -> bool {
        self.call.at.is_some_and(|at| last.is_some_and(|last| at < *last))
    }

    fn is_stale_field(&self, field: &str) -> bool {
        self.is_stale(self.context.history.fields.get(field))
    }

    fn note(&mut self, key: &str, before: Option<&Value>, after: Option<Value>) {
        if before != after.as_ref() {
            let sides = Sides { before: before.cloned(), after: after.clone() };
            self.change.params.insert(key.to_owned(), sides);
            self.next.insert(key.to_owned(), after);
        }
    }

    /// A value that came too late enters history only; sums and sets have no value of their own.
    fn note_stale(&mut self, key: &str, edit: &Edit) {
        let after = match edit {
            Edit::Set(value) | Edit::SetOnce(value) => Some(value.clone()),
            _ => None,
        };
        self.change.params.insert(key.to_owned(), Sides { before: None, after });
        self.change.stale.push(key.to_owned());
    }

    /// Refuses params that would grow over their limit.
    fn bound(&mut self, row: &Relationship) -> Result<(), Refusal> {
        if self.next.values().all(Option::is_none) {
            return Ok(());
        }
        let staying = row.params.iter().filter(|(key, _)| !self.next.contains_key(*key));
        let staying = staying.map(|(key, value)| entry_len(key, value));
        let coming = self.next.iter().filter_map(|(key, after)| Some(entry_len(key, after.as_ref()?)));
        let size = staying.chain(coming).sum::<usize>();
        if size <= PARAMS_MAX {
            return Ok(());
        }
        if self.context.publishable {
            self.refused.push("params".to_owned());
            self.change.params.clear();
            self.next.clear();
            return Ok(());
        }
        let detail =
            format!("the params of this customer would have {size} bytes; they have at most {PARAMS_MAX}");
        Err(Refusal::new(Reason::ParamsTooLarge, detail))
    }

    fn fields(&mut self, row: &mut Relationship) {
        let call = self.call;
        if let Some(user_id) = &call.who.user_id {
            self.text("user_id", &mut row.user_id, user_id);
        }
        if let Some(name) = &call.name {
            self.text("name", &mut row.name, name);
        }
        if let Some(status) = call.status {
            self.status(row, status);
        }
    }

    fn text(&mut self, field: &'static str, present: &mut Option<String>, given: &str) {
        if present.as_deref() != Some(given) && self.note_field(field, present.as_deref(), given) {
            *present = Some(given.to_owned());
        }
    }

    fn status(&mut self, row: &mut Relationship, status: Status) {
        let at = self.change.at;
        if status == Status::Paid {
            row.first_paid = Some(row.first_paid.map_or(at, |first| first.min(at)));
        }
        if self.context.publishable && status != row.status {
            self.refused.push("status".to_owned());
            return;
        }
        let before = Some(row.status).filter(|_| !self.context.created);
        if before != Some(status) && self.note_field("status", before.map(Status::as_str), status.as_str()) {
            row.status = status;
            row.status_since = at;
        }
    }

    /// Records a field that differs; says whether it is to be altered, which it is not when it came too late.
    fn note_field(&mut self, field: &'static str, before: Option<&str>, after: &str) -> bool {
        let stale = self.is_stale_field(field);
        let before = before.filter(|_| !stale);
        self.change.fields.insert(field, Sides::text(before, Some(after)));
        if stale {
            self.change.stale.push(field.to_owned());
        }
        !stale
    }

    /// Puts the new values in place; says whether there were any.
    fn apply(&mut self, row: &mut Relationship) -> bool {
        self.open(row);
        let any = !self.next.is_empty();
        for (key, after) in std::mem::take(&mut self.next) {
            match after {
                Some(value) => row.params.insert(key, value),
                None => row.params.remove(&key),
            };
        }
        any
    }

    /// A key is open as long as only publishable calls have set it.
    fn open(&self, row: &mut Relationship) {
        for (key, after) in &self.next {
            if self.context.publishable && after.is_some() {
                row.open_keys.insert(key.clone());
            } else {
                row.open_keys.remove(key);
            }
        }
        if !self.context.publishable && !row.open_keys.is_empty() {
            let named = self.call.edits.iter().filter(|(_, edit)| !matches!(edit, Edit::SetOnce(_)));
            for (key, _) in named.filter(|(key, _)| !self.is_stale(self.context.history.params.get(*key))) {
                row.open_keys.remove(key);
            }
        }
    }
}

/// What an edit makes of a value, or why it cannot.
fn outcome(edit: &Edit, present: Option<&Value>) -> Result<Option<Value>, String> {
    match edit {
        Edit::Unset => Ok(None),
        Edit::Set(value) => Ok(Some(value.clone())),
        Edit::SetOnce(value) => Ok(Some(present.unwrap_or(value).clone())),
        Edit::Increment(by) => increment(present, by).map(Some),
        Edit::Add(values) => Ok(Some(Value::Array(union(array(present)?, values)))),
        Edit::Remove(_) if present.is_none() => Ok(None),
        Edit::Remove(values) => Ok(Some(Value::Array(difference(array(present)?, values)))),
    }
}

fn increment(present: Option<&Value>, by: &BigDecimal) -> Result<Value, String> {
    let sum = match present {
        None => by.clone(),
        Some(Value::Number(number)) => number::exact(number).unwrap_or_default() + by,
        Some(other) => {
            return Err(format!("the present value is {}, not a number: set it with params first", a(other)));
        }
    };
    let number = number::from_exact(&sum);
    number.map(Value::Number).ok_or_else(|| format!("the sum has more than {} digits", number::DIGITS_MAX))
}

/// The members of a set: those of an array, none of a missing value.
fn array(present: Option<&Value>) -> Result<&[Value], String> {
    match present {
        None => Ok(&[]),
        Some(Value::Array(members)) => Ok(members),
        Some(other) => {
            Err(format!("the present value is {}, not an array: set it with params first", a(other)))
        }
    }
}

fn union(members: &[Value], values: &[Value]) -> Vec<Value> {
    let mut known: HashSet<String> = members.iter().map(identity).collect();
    let new = values.iter().filter(|value| known.insert(identity(value)));
    members.iter().chain(new).cloned().collect()
}

fn difference(members: &[Value], values: &[Value]) -> Vec<Value> {
    let gone: HashSet<String> = values.iter().map(identity).collect();
    members.iter().filter(|member| !gone.contains(&identity(member))).cloned().collect()
}

/// What makes two members of a set the same: numbers by value (`1` is `1.0`), everything else by its text.
fn identity(member: &Value) -> String {
    match member {
        Value::Number(number) => number::exact(number).unwrap_or_default().normalized().to_plain_string(),
        other => other.to_string(),
    }
}

/// `"key":value,` in bytes.
fn entry_len(key: &str, value: &Value) -> usize {
    json::text_len(key) + json::text_len(value) + 2
}

#[cfg(test)]
mod tests;
