//! Two relationships of one project that turned out to be one person's: what they come to.
//!
//! Their histories interleave, and the log says what is so: of each name the later change holds. What the log does not
//! know of, a change of the merge itself tells.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::{Change, DatedBy, Kept, Log, Relationship, Sides, Track};

/// What two relationships have come to.
#[derive(Clone, Debug, PartialEq)]
pub struct United {
    /// The row.
    pub row: Relationship,
    /// What the log must be told so that it says that row; empty where it does already.
    pub change: Change,
}

/// Unites `other` with `keep` at a date. The log is the one of both, up to that date.
pub fn unite(keep: &Relationship, other: &Relationship, log: &Log, at: Timestamp) -> United {
    let mut row = Relationship {
        first_seen: keep.first_seen.min(other.first_seen),
        last_activity: keep.last_activity.max(other.last_activity),
        last_day: keep.last_day.max(other.last_day),
        began: keep.began.min(other.began),
        last_change: keep.last_change.max(other.last_change).max(at),
        // Of two births the earlier stays, with what is known of its date.
        imported: if keep.began > other.began { other.imported } else { keep.imported },
        ..Relationship::new(at)
    };
    row.stand(log.standing(None).unwrap_or(keep.standing()));
    let mut change = Change::new(at, DatedBy::Receipt, false);
    for (name, place, sides) in [
        ("name", &mut row.name, (&keep.name, &other.name)),
        ("user_id", &mut row.user_id, (&keep.user_id, &other.user_id)),
    ] {
        let told = log.field(name).and_then(Track::present);
        *place = match log.field(name) {
            Some(_) => told.and_then(Kept::as_str).map(str::to_owned),
            None => sides.0.clone().or_else(|| sides.1.clone()),
        };
        if told.and_then(Kept::as_str) != place.as_deref() {
            change.fields.insert(name, Sides::text(None, place.as_deref()));
        }
    }
    params(&mut row, &mut change, [keep, other], log);
    United { row, change }
}

/// The values of both, of each key the one that the log says.
fn params(row: &mut Relationship, change: &mut Change, both: [&Relationship; 2], log: &Log) {
    let named = log.params().map(|(key, _)| key);
    let keys: BTreeSet<&str> =
        both.iter().flat_map(|one| one.params.keys().map(String::as_str)).chain(named).collect();
    for key in keys {
        let told = log.param(key).and_then(Track::present);
        let gone = log.param(key).is_some() && told.is_none();
        let values: Vec<(&Relationship, &Value)> =
            both.iter().filter_map(|one| Some((*one, one.params.get(key)?))).collect();
        let says = |value: &Value| told == Some(&Kept::of(value));
        let held = values.iter().find(|(_, value)| says(value)).or(values.first()).filter(|_| !gone);
        let after = held.map(|(_, value)| Kept::of(value));
        if after.as_ref() != told {
            change.params.insert(key.to_owned(), Sides { before: told.cloned(), after });
        }
        if let Some((one, value)) = held {
            row.params.insert(key.to_owned(), (*value).clone());
            if one.open_keys.contains(key) {
                row.open_keys.insert(key.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// A row with these params, all of them open, and the change that told them.
    fn told(log: &mut Log, at: i64, params: &Value) -> Relationship {
        let mut row = Relationship::new(second(at));
        let mut change = Change::new(second(at), DatedBy::Caller, true);
        change.fields.insert("status", Sides::text(None, Some("free")));
        for (key, value) in params.as_object().unwrap() {
            change.params.insert(key.clone(), Sides { before: None, after: Some(Kept::of(value)) });
            row.params.insert(key.clone(), value.clone());
            row.open_keys.insert(key.clone());
        }
        log.enter(&change);
        row
    }

    #[test]
    fn the_later_change_of_each_key_holds() {
        let (mut log, long) = (Log::default(), "x".repeat(100_000));
        let keep = told(&mut log, 1, &json!({ "plan": "free", "a": 1, "long": "short", "gone": 1 }));
        let mut other = told(&mut log, 2, &json!({ "plan": "pro", "b": 2, "long": long }));
        other.open_keys.remove("plan");
        let mut unset = Change::new(second(3), DatedBy::Caller, false);
        unset.params.insert("gone".to_owned(), Sides::default());
        log.enter(&unset);
        let United { row, change } = unite(&keep, &other, &log, second(9));
        let params = json!({ "plan": "pro", "a": 1, "b": 2, "long": long });
        assert_eq!(Value::Object(row.params.clone()), params);
        assert_eq!(row.open_keys, ["a", "b", "long"].map(str::to_owned).into());
        assert!(change.is_empty(), "{change:?}");
        assert_eq!((row.began, row.first_seen, row.last_activity), (second(1), second(1), second(2)));
        assert_eq!(log.differences(&row), Vec::<String>::new());
        let swapped = unite(&other, &keep, &log, second(9)).row;
        assert_eq!(swapped, row, "who is kept makes no difference");
    }

    #[test]
    fn what_the_log_does_not_know_is_told() {
        let mut log = Log::default();
        let mut keep = told(&mut log, 1, &json!({}));
        let other = Relationship { name: Some("Ada".to_owned()), ..keep.clone() };
        keep.params.insert("a".to_owned(), json!(1));
        let United { row, change } = unite(&keep, &other, &log, second(9));
        assert_eq!((row.name.as_deref(), &row.params["a"]), (Some("Ada"), &json!(1)));
        log.enter(&change);
        assert_eq!(log.differences(&row), Vec::<String>::new());
    }
}
