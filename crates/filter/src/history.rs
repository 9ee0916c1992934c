//! What a relationship was: the values of its names at any moment, and the days on which it was seen.
//!
//! There is one axis, the change's own time. A value holds from the change that made it (included) to the next
//! (excluded); before the first it is missing.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::value::Instant;

/// The values of one name by when they began to hold; `None` where it was missing from then on. Of several changes at one
/// microsecond the last stands alone.
pub type Track = BTreeMap<Instant, Option<Value>>;

/// What is known of a relationship's past. A value that was too long to be kept is what the log keeps of it: an object of
/// its type, size and hash.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// The date of the change that the relationship began with: what it was then is no change.
    pub began: Instant,
    /// The changes of `status`, `name`, `user_id` and `email`.
    pub fields: BTreeMap<Cow<'static, str>, Track>,
    /// The changes of the params' keys.
    pub params: BTreeMap<String, Track>,
    /// The last instant, in the account's zone, of each day on which it was seen.
    pub days: BTreeSet<Instant>,
    /// The moment as of which this is; `None` for the present.
    pub moment: Option<Instant>,
}

impl History {
    /// Of a relationship that has never changed.
    pub(crate) fn none(began: Instant) -> History {
        History {
            began,
            fields: BTreeMap::new(),
            params: BTreeMap::new(),
            days: BTreeSet::new(),
            moment: None,
        }
    }

    /// The same, as it was known to nobody but the past: without what came after a moment.
    pub(crate) fn until(&self, moment: Instant, all_days: bool) -> History {
        let cut = |track: &Track| track.range(..=moment).map(|(at, value)| (*at, value.clone())).collect();
        History {
            began: self.began,
            fields: self.fields.iter().map(|(name, track)| (name.clone(), cut(track))).collect(),
            params: self.params.iter().map(|(key, track)| (key.clone(), cut(track))).collect(),
            days: self.days.iter().copied().filter(|day| all_days || *day <= moment).collect(),
            moment: Some(moment),
        }
    }
}
