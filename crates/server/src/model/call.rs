//! The two calls that an app makes, as the store takes them: validated, bounded, dated.

use std::collections::BTreeMap;

use bigdecimal::BigDecimal;
use filter::Status;
use jiff::Timestamp;
use serde_json::Value;

use super::{DatedBy, Email, Past, Seen};

/// A call whose fields are all in order; only stored state can refuse it now.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// Says who somebody is and what the product knows of them.
    Identify(Box<Identify>),
    /// Says only that somebody was there.
    Ping(Ping),
}

/// Whom a call speaks of: an e-mail, the app's own id, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The e-mail.
    pub email: Option<Email>,
    /// The app's own id, unique in the project, up to 255 characters.
    pub user_id: Option<String>,
}

/// `identify`: what is left out stays as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Identify {
    /// Whom it speaks of.
    pub who: Who,
    /// The name shown for the customer.
    pub name: Option<String>,
    /// The payment status.
    pub status: Option<Status>,
    /// What happens to each named key. A key is named once, so their order does not matter.
    pub edits: BTreeMap<String, Edit>,
    /// Whether every key that is not in the call's `params` goes first.
    pub replace: bool,
    /// When it happened, if it says so: dates the change and the activity. `None` is the moment it is stored, so that
    /// calls which arrive together are never older than each other.
    pub at: Option<Timestamp>,
    /// What it tells of the time before it.
    pub past: Past,
    /// Whether it was made as it happened, and so says that the customer was there. An import is no activity.
    pub live: bool,
    /// What its writer has seen, where that must still be so.
    pub seen: Option<Box<Seen>>,
}

/// What a call does to one key of the params.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Removes it.
    Unset,
    /// Sets it, whatever it was.
    Set(Value),
    /// Sets it if it is missing.
    SetOnce(Value),
    /// Adds a number to it; a missing key counts as 0.
    Increment(BigDecimal),
    /// Puts values into it as a set kept in an array.
    Add(Vec<Value>),
    /// Takes values out of it as a set kept in an array.
    Remove(Vec<Value>),
}

/// `ping`: marks activity; a stranger is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ping {
    /// Whom it speaks of.
    pub who: Who,
    /// When, if it says so.
    pub at: Option<Timestamp>,
}

impl Call {
    /// Whom it speaks of.
    pub fn who(&self) -> &Who {
        match self {
            Call::Identify(call) => &call.who,
            Call::Ping(ping) => &ping.who,
        }
    }

    /// When it happened, if it says so.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Call::Identify(call) => call.at,
            Call::Ping(ping) => ping.at,
        }
    }

    /// How many values it brings: what its index entries cost.
    pub fn leaves(&self) -> usize {
        match self {
            Call::Identify(call) => call.edits.values().map(Edit::leaves).sum(),
            Call::Ping(_) => 0,
        }
    }
}

impl Identify {
    /// When it happened, and how that is known. Nothing happens after `now`, which is the account's time: a date ahead of
    /// it is that time. What somebody new is told with may have another date ([`super::past::told`]).
    pub fn date(&self, now: Timestamp) -> (Timestamp, DatedBy) {
        match self.at {
            Some(at) => (at.min(now), DatedBy::Caller),
            None => (now, DatedBy::Receipt),
        }
    }
}

impl Edit {
    /// The field of the body that it came from.
    pub fn field(&self) -> &'static str {
        match self {
            Edit::Unset => "unset",
            Edit::Set(_) => "params",
            Edit::SetOnce(_) => "set_once",
            Edit::Increment(_) => "increment",
            Edit::Add(_) => "add",
            Edit::Remove(_) => "remove",
        }
    }

    /// The length of its values as JSON text.
    pub fn bytes(&self) -> usize {
        match self {
            Edit::Set(value) | Edit::SetOnce(value) => super::json::text_len(value),
            Edit::Add(values) | Edit::Remove(values) => super::json::text_len(values),
            Edit::Unset | Edit::Increment(_) => 0,
        }
    }

    fn leaves(&self) -> usize {
        match self {
            Edit::Set(value) | Edit::SetOnce(value) => super::json::leaves(value),
            Edit::Add(values) => values.iter().map(super::json::leaves).sum(),
            Edit::Unset | Edit::Increment(_) | Edit::Remove(_) => 1,
        }
    }
}
