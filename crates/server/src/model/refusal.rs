//! Why a call was not stored: every fault with its place, in words that the caller can act on.
//!
//! A refusal never repeats stored data or an e-mail: it is kept for idempotent replays and shown to whoever sent it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// At most this many faults are listed; a hostile body could hold a hundred thousand.
const FAULTS_MAX: usize = 50;

/// The kind of a refusal; the HTTP side gives each its code and status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Not JSON at all.
    InvalidJson,
    /// Nested deeper than anything honest.
    TooDeep,
    /// Fields that are missing, unknown, of the wrong type or out of their limits.
    InvalidFields,
    /// A `user_id` that stands for nobody, and would make strangers one person.
    PlaceholderUserId,
    /// A `user_id` alone that no relationship of the project has.
    UnknownUser,
    /// A change of address to a customer who is in this project already.
    EmailTaken,
    /// The params of the relationship would grow over their limit.
    ParamsTooLarge,
    /// Postgres alone refused it.
    Unstorable,
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// A JSON pointer (RFC 6901), e.g. `/params/mrr`; empty for the whole body.
    pub pointer: String,
    /// What was found, what is expected, what to do.
    pub detail: String,
}

/// A call that was not stored, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Which kind.
    pub reason: Reason,
    /// What happened, in a sentence.
    pub detail: String,
    /// Everything that is wrong with the fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
}

impl Refusal {
    /// A refusal of the call as a whole.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Refusal {
        Refusal { reason, detail: detail.into(), faults: Vec::new() }
    }

    /// The faults of the fields.
    pub fn fields(faults: Faults) -> Refusal {
        Refusal::of(Reason::InvalidFields, faults)
    }

    /// A refusal for one or more faults; the detail is the only one, or their number.
    pub fn of(reason: Reason, Faults { list, more }: Faults) -> Refusal {
        let detail = match (list.as_slice(), more) {
            ([Fault { pointer, detail }], 0) if pointer.is_empty() => detail.clone(),
            ([Fault { pointer, detail }], 0) => format!("{pointer}: {detail}"),
            (many, 0) => format!("{} things are wrong with the call", many.len()),
            (many, more) => {
                format!("{} things are wrong with the call, the first are listed", many.len() + more)
            }
        };
        Refusal { reason, detail, faults: list }
    }
}

impl Refusal {
    /// All that is wrong, in one line: of a row of a file the names of its fields are places enough.
    pub fn in_a_line(&self) -> String {
        let fault = |Fault { pointer, detail }: &Fault| match pointer.trim_start_matches('/') {
            "" => detail.clone(),
            place => format!("{place}: {detail}"),
        };
        let all: Vec<String> = self.faults.iter().map(fault).collect();
        if all.is_empty() { self.detail.clone() } else { all.join("; ") }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

/// Faults being gathered: a reader goes on after the first, so that the caller learns all of them at once.
#[derive(Debug, Default)]
pub struct Faults {
    list: Vec<Fault>,
    more: usize,
}

impl Faults {
    /// Notes a fault.
    pub fn add(&mut self, pointer: impl fmt::Display, detail: impl Into<String>) {
        if self.list.len() < FAULTS_MAX {
            self.list.push(Fault { pointer: pointer.to_string(), detail: detail.into() });
        } else {
            self.more += 1;
        }
    }

    /// Notes a fault that is put into words only where it is listed.
    pub fn note(&mut self, pointer: impl fmt::Display, detail: impl FnOnce() -> String) {
        if self.list.len() < FAULTS_MAX {
            self.add(pointer, detail());
        } else {
            self.more += 1;
        }
    }

    /// Whether nothing was wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The value if nothing was wrong, else the refusal.
    pub fn or<T>(self, value: T) -> Result<T, Refusal> {
        if self.is_empty() { Ok(value) } else { Err(Refusal::fields(self)) }
    }
}

/// A place in a JSON document, as a chain on the stack: it costs nothing until a fault needs its text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pointer<'a> {
    /// The document.
    Root,
    /// A key of an object.
    Key(&'a Pointer<'a>, &'a str),
    /// An element of an array.
    Index(&'a Pointer<'a>, usize),
}

impl<'a> Pointer<'a> {
    /// A key below this place.
    pub(crate) fn key(&'a self, key: &'a str) -> Pointer<'a> {
        Pointer::Key(self, key)
    }
}

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pointer::Root => Ok(()),
            Pointer::Key(parent, key) => write!(f, "{parent}/{}", key.replace('~', "~0").replace('/', "~1")),
            Pointer::Index(parent, index) => write!(f, "{parent}/{index}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_is_counted_and_never_put_into_words() {
        let (mut faults, mut worded) = (Faults::default(), 0);
        for n in 0..100_000 {
            faults.note(n, || {
                worded += 1;
                "wrong".to_owned()
            });
        }
        assert_eq!(worded, FAULTS_MAX);
        let refusal = Refusal::fields(faults);
        assert_eq!(refusal.faults.len(), FAULTS_MAX);
        assert_eq!(refusal.detail, "100000 things are wrong with the call, the first are listed");
    }
}
