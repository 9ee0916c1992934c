//! New names: how many paths of params a publishable key may bring its project in a day. Whoever reads a web page has the
//! key; a path is a column of every page, of the index and of exports, and nothing takes it away again.
//!
//! Paths that some customer of the project has are free, so what an app sends every day is taken although somebody else has
//! used up the key's day. While the index does not answer, nobody knows them, and each counts once a day.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::Value;

use super::{Code, Problem};
use crate::model::{Call, Edit, KeyId};

const DAY: i64 = 24 * 60 * 60;

/// The paths that publishable keys have brought today.
pub struct NewPaths {
    most: usize,
    today: Mutex<Today>,
    /// Nobody outside can make two paths count as one.
    hasher: RandomState,
}

#[derive(Default)]
struct Today {
    /// Days since 1970, of UTC.
    day: i64,
    brought: HashMap<KeyId, HashSet<u64>>,
}

impl NewPaths {
    /// Nothing was brought yet; a key may bring so many a day.
    pub fn new(most: usize) -> NewPaths {
        NewPaths { most, today: Mutex::default(), hasher: RandomState::new() }
    }

    /// Lets a call of a publishable key pass, and counts the paths in it that are new; or refuses all of it. `is_known` says
    /// whether the project has a path.
    pub fn admit(
        &self,
        key: KeyId,
        call: &Call,
        now: Timestamp,
        is_known: impl Fn(&[&str]) -> bool,
    ) -> Result<(), Problem> {
        let Call::Identify(identify) = call else { return Ok(()) };
        let mut new = HashSet::new();
        // Looked up before the lock, as others wait for that. More than a day's at once are never taken.
        let mut fits = |path: &[&str]| {
            if !is_known(path) {
                new.insert(self.hasher.hash_one(path));
            }
            new.len() <= self.most
        };
        let fit = identify.edits.iter().all(|(key, edit)| match edit {
            Edit::Set(value) | Edit::SetOnce(value) => all_paths(&mut vec![key], value, &mut fits),
            _ => fits(&[key]),
        });
        if fit && self.count(key, new, now) { Ok(()) } else { Err(self.refuse(now)) }
    }

    /// Counts paths, unless there would be too many today.
    fn count(&self, key: KeyId, new: HashSet<u64>, now: Timestamp) -> bool {
        let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
        let day = now.as_second().div_euclid(DAY);
        if today.day != day {
            *today = Today { day, brought: HashMap::new() };
        }
        let before = today.brought.entry(key).or_default();
        let fits = before.len() + new.difference(before).count() <= self.most;
        if fits {
            before.extend(new);
        }
        fits
    }

    fn refuse(&self, now: Timestamp) -> Problem {
        let left = DAY - now.as_second().rem_euclid(DAY);
        let detail = format!(
            "A publishable key may bring {} new keys of params a day, and this call has more. Nothing of it was stored.",
            self.most
        );
        Problem::new(Code::TooManyRequests, detail)
            .hint("Send new keys from your server first, with the secret key, or tomorrow; keys that a customer of the project has are always taken.")
            .retry_after(Duration::from_secs(left.unsigned_abs()))
    }
}

/// Whether the paths of a value, its own and those inside it, all pass; it stops at the first that does not.
fn all_paths<'v>(
    keys: &mut Vec<&'v str>,
    value: &'v Value,
    passes: &mut impl FnMut(&[&str]) -> bool,
) -> bool {
    if !passes(keys) {
        return false;
    }
    let Value::Object(inner) = value else { return true };
    inner.iter().all(|(key, value)| {
        keys.push(key);
        let all = all_paths(keys, value, passes);
        keys.pop();
        all
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::model::body::{self, Terms};

    fn call(params: &Value) -> Call {
        let text = json!({ "email": "ada@x.com", "params": params }).to_string();
        let terms = Terms { now: Timestamp::UNIX_EPOCH, publishable: true, live: true };
        body::identify(&serde_json::value::RawValue::from_string(text).unwrap(), terms).unwrap()
    }

    #[test]
    fn a_key_brings_so_many_paths_a_day() {
        let paths = NewPaths::new(3);
        let (one, other) = (KeyId(Uuid::from_u128(1)), KeyId(Uuid::from_u128(2)));
        let admit = |key, at: i64, params: Value| {
            let now = Timestamp::from_second(at).unwrap();
            let is_known = |path: &[&str]| path == ["plan"];
            paths.admit(key, &call(&params), now, is_known).map_err(|problem| problem.retry_after)
        };
        assert_eq!(admit(one, 0, json!({ "a": 1, "b": { "c": 1 } })), Ok(()));
        assert_eq!(admit(one, 1, json!({ "a": 2, "b": { "c": 2 }, "plan": "pro" })), Ok(()), "none is new");
        let left = Err(Some(Duration::from_secs(86_400 - 10)));
        assert_eq!(admit(one, 10, json!({ "b": { "d": 1 } })), left, "the fourth");
        assert_eq!(admit(one, 10, json!({ "d": 1, "a": 1 })), left);
        assert_eq!(admit(other, 10, json!({ "d": 1, "a": 1 })), Ok(()), "each key has its own");
        assert_eq!(admit(one, DAY, json!({ "d": 1 })), Ok(()), "tomorrow");
    }

    #[test]
    fn a_call_that_is_refused_uses_nothing_up() {
        let paths = NewPaths::new(2);
        let key = KeyId(Uuid::from_u128(1));
        let admit = |params| paths.admit(key, &call(&params), Timestamp::UNIX_EPOCH, |_| false).is_ok();
        assert!(!admit(json!({ "a": 1, "b": 1, "c": 1 })));
        assert!(admit(json!({ "d": 1, "e": 1 })));
        assert!(!admit(json!({ "f": 1 })));
    }
}
