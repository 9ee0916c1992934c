//! What an `identify` does to a relationship: one pure function, the heart of the write path.
//!
//! It either refuses the call and leaves the row as it was, or applies all of it. Whatever must hold for every writer
//! holds here: what a late call may do, the trust in publishable keys, the size of the params, exact arithmetic.
//!
//! **A late call** is older than the last change of a name that it speaks of. There it is judged at its date: a value (set,
//! unset, set once, dropped by a replace; a status, name or id) is compared with the one that the log had then, and enters
//! the log where it differs. Later values stand, so the row stays as it is, but for what follows from the past: since when
//! the status is what it is, and when it was first paid. Sums and sets (increment, add, remove) have no value of their own
//! at a date, and enter nothing. Before the horizon, where the log has been pruned, there is nothing to compare it with, and
//! it enters nothing either.

mod edit;
mod fields;
mod set;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    Change, DatedBy, Edit, Identify, Kept, Log, Relationship, Sides, Track,
    refusal::{Faults, Pointer, Reason, Refusal},
};
use edit::{Next, entry_len, outcome};
use set::Member;

pub use fields::late;

/// What an edit alone makes of a value; nothing is one that is missing. The error says why it cannot.
pub fn edited(edit: &Edit, present: Option<&Value>) -> Result<Option<Value>, String> {
    let members = || present.and_then(Value::as_array).into_iter().flatten();
    Ok(match outcome(edit, present, false)? {
        None => present.cloned(),
        Some(Next::Gone) => None,
        Some(Next::Put(value)) => Some(value),
        Some(Next::Grow(new)) => Some(members().cloned().chain(new).collect()),
        Some(Next::Shrink(gone, _)) => {
            Some(members().filter(|member| !gone.contains(&Member::of(member))).cloned().collect())
        }
    })
}

/// The most params that a relationship may have, as bytes of JSON text.
pub const PARAMS_MAX: usize = 1 << 20;

/// What became of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// What to enter into the log; it may be empty.
    pub change: Change,
    /// Whether the present row differs in more than its activity.
    pub changed: bool,
    /// Whether the params differ.
    pub params_changed: bool,
    /// What stored state refused to a publishable key: `status`, `params.KEY`, or `params` for their size.
    pub refused: Vec<String>,
    /// The bytes of the params as [`Context::size`] has them, where they are known now.
    pub size: Option<usize>,
}

/// What a call meets besides the row.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The row's past, as far as the call can ask for it: of the names that it names, at its date.
    pub log: &'a Log,
    /// Whether the row was made for this call.
    pub created: bool,
    /// Whether the call may only add.
    pub publishable: bool,
    /// The date of the call, and how it is known.
    pub date: (Timestamp, DatedBy),
    /// What lies before it has been pruned.
    pub horizon: Option<Timestamp>,
    /// What the call's e-mail is to the row.
    pub address: &'a Address,
    /// Whether the call's `user_id` is an alias of the row's: it says whom the call is about, and nothing of them.
    pub alias: bool,
    /// The bytes of the row's params, where an earlier call has counted them: to count a megabyte anew for every call of a
    /// batch takes seconds.
    pub size: Option<usize>,
}

/// What a call's e-mail is to a relationship.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Address {
    /// What the log is to say of it, if anything.
    pub sides: Option<Sides>,
    /// It is older than the present one, which stays.
    pub stale: bool,
}

/// How a call stands to the last change of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// It is not older: it alters the present.
    Present,
    /// It is older: it enters the past where it differs from what was.
    Late,
    /// It is older than the horizon: what was cannot be told.
    Forgotten,
}

impl Context<'_> {
    /// How the call stands to a name that has this past, and whether the row has it now.
    pub fn age(&self, track: Option<&Track>, known: bool) -> Age {
        let (at, _) = self.date;
        let forgotten = self.horizon.is_some_and(|horizon| at < horizon);
        match track.and_then(Track::last) {
            // What pruning has left says what is so since its date: a call that is not older alters that.
            Some(last) if at >= last => Age::Present,
            None if !(known && forgotten) => Age::Present,
            _ if forgotten => Age::Forgotten,
            _ => Age::Late,
        }
    }
}

/// Applies a call to a row, or refuses it and leaves the row alone.
pub fn merge(row: &mut Relationship, call: &Identify, context: Context<'_>) -> Result<Merged, Refusal> {
    let (at, dated_by) = context.date;
    let change = Change::new(at, dated_by, context.created);
    let mut step = Step {
        call,
        context,
        change,
        refused: Vec::new(),
        next: BTreeMap::new(),
        size: context.size,
        changed: false,
    };
    step.edits(row)?;
    step.bound(row)?;
    step.fields(row);
    step.address(context.address);
    let params_changed = step.apply(row);
    step.past(row);
    let Step { change, refused, changed, size, .. } = step;
    if !change.is_empty() {
        row.last_change = row.last_change.max(at);
    }
    Ok(Merged { change, changed: changed || params_changed, params_changed, refused, size })
}

/// A call on its way into a row.
struct Step<'a> {
    call: &'a Identify,
    context: Context<'a>,
    change: Change,
    refused: Vec<String>,
    /// What each key that changes becomes.
    next: BTreeMap<String, Next<'a>>,
    /// The bytes of the params, where they are known.
    size: Option<usize>,
    /// Whether a field of the row was altered.
    changed: bool,
}

impl<'a> Step<'a> {
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
                continue;
            }
            match self.age(key, before) {
                Age::Present => match outcome(edit, before, self.call.replace) {
                    Ok(next) => self.note(key, before, next),
                    Err(detail) => faults.add(Pointer::Root.key(edit.field()).key(key), detail),
                },
                age => self.note_late(key, edit, age),
            }
        }
        if self.call.replace {
            self.drop_unnamed(row);
        }
        faults.or(())
    }

    fn age(&self, key: &str, present: Option<&Value>) -> Age {
        self.context.age(self.context.log.param(key), present.is_some())
    }

    /// `replace`: the keys that the call does not name go; where the call is late, those that there were then.
    fn drop_unnamed(&mut self, row: &Relationship) {
        let (log, at) = (self.context.log, self.change.at);
        let gone = log.params().map(|(key, _)| key).filter(|key| !row.params.contains_key(*key));
        let was = |key: &str| log.param(key).and_then(|track| track.at(at));
        let keys: Vec<&str> = row.params.keys().map(String::as_str).chain(gone).collect();
        for key in keys.into_iter().filter(|key| !self.call.edits.contains_key(*key)) {
            let before = row.params.get(key);
            match self.age(key, before) {
                Age::Present => self.note(key, before, Some(Next::Gone)),
                Age::Forgotten if before.is_none() => {}
                Age::Late if before.is_none() && was(key).is_none() => {}
                age => self.note_late(key, &Edit::Unset, age),
            }
        }
    }

    /// Notes what a key becomes, unless that is what it is.
    fn note(&mut self, key: &str, before: Option<&Value>, next: Option<Next<'a>>) {
        let next = next.filter(|next| match next {
            Next::Gone => before.is_some(),
            Next::Put(value) => before != Some(value),
            Next::Grow(_) | Next::Shrink(..) => true,
        });
        if let Some(next) = next {
            let before = before.map(|before| self.kept(key, before));
            self.change.params.insert(key.to_owned(), Sides { before, after: None });
            self.next.insert(key.to_owned(), next);
        }
    }

    /// What the log keeps of the value that a key has: of a long one it knows that already, where it knows the key.
    fn kept(&self, key: &str, value: &Value) -> Kept {
        let told = self.context.log.param(key).and_then(Track::present);
        told.filter(|told| matches!(told, Kept::Digest(_))).cloned().unwrap_or_else(|| Kept::of(value))
    }

    /// A key that changed later than the call: the value enters the past where it differs from what was then.
    fn note_late(&mut self, key: &str, edit: &Edit, age: Age) {
        self.change.stale.push(key.to_owned());
        let was = self.context.log.param(key).and_then(|track| track.at(self.change.at));
        let after = match edit {
            _ if age == Age::Forgotten => return,
            Edit::Unset => None,
            Edit::Set(value) => Some(Kept::of(value)),
            Edit::SetOnce(value) => {
                was.filter(|_| !self.call.replace).cloned().or_else(|| Some(Kept::of(value)))
            }
            Edit::Increment(_) | Edit::Add(_) | Edit::Remove(_) => return,
        };
        if was != after.as_ref() {
            self.change.params.insert(key.to_owned(), Sides { before: was.cloned(), after });
        }
    }

    /// Refuses params that would grow over their limit.
    fn bound(&mut self, row: &Relationship) -> Result<(), Refusal> {
        let shrinks = self.next.values().all(|next| matches!(next, Next::Gone | Next::Shrink(..)));
        if shrinks && self.size.is_none() {
            return Ok(());
        }
        let entries = || row.params.iter().map(|(key, value)| entry_len(key, value)).sum();
        let present = self.size.unwrap_or_else(entries);
        let (mut gained, mut lost) = (0, 0);
        for (key, next) in &self.next {
            let before = row.params.get(key);
            let (plus, minus) = next.sizes(key, before);
            gained += plus;
            lost += minus;
        }
        let size = (present + gained).saturating_sub(lost);
        self.size = Some(size);
        if shrinks || size <= PARAMS_MAX {
            return Ok(());
        }
        if self.context.publishable {
            self.refused.push("params".to_owned());
            self.change.params.clear();
            self.next.clear();
            self.size = Some(present);
            return Ok(());
        }
        let detail =
            format!("the params of this customer would have {size} bytes; they have at most {PARAMS_MAX}");
        Err(Refusal::new(Reason::ParamsTooLarge, detail))
    }

    /// Puts the new values in place; says whether there were any.
    fn apply(&mut self, row: &mut Relationship) -> bool {
        self.open(row);
        let any = !self.next.is_empty();
        for (key, next) in std::mem::take(&mut self.next) {
            match next {
                Next::Gone => drop(row.params.remove(&key)),
                Next::Put(value) => drop(row.params.insert(key.clone(), value)),
                Next::Grow(new) => members(row, &key).extend(new),
                Next::Shrink(gone, _) => {
                    members(row, &key).retain(|member| !gone.contains(&Member::of(member)));
                }
            }
            if let Some(sides) = self.change.params.get_mut(&key) {
                sides.after = row.params.get(&key).map(Kept::of);
            }
        }
        any
    }

    /// A key is open as long as only publishable calls have set it.
    fn open(&self, row: &mut Relationship) {
        for (key, next) in &self.next {
            if self.context.publishable && !matches!(next, Next::Gone) {
                row.open_keys.insert(key.clone());
            } else {
                row.open_keys.remove(key);
            }
        }
        if !self.context.publishable && !row.open_keys.is_empty() {
            let named = self.call.edits.iter().filter(|(_, edit)| !matches!(edit, Edit::SetOnce(_)));
            for (key, _) in named.filter(|(key, _)| self.age(key, row.params.get(*key)) == Age::Present) {
                row.open_keys.remove(key);
            }
        }
    }
}

/// The members of a set that is there.
fn members<'r>(row: &'r mut Relationship, key: &str) -> &'r mut Vec<Value> {
    row.params.get_mut(key).and_then(Value::as_array_mut).expect("what grows or shrinks is an array")
}

#[cfg(test)]
mod tests;
