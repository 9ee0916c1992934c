//! The rules of `identify`, one by one, on the pure function.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Call, body::Terms};
use super::*;

fn day(day: i64) -> Timestamp {
    "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * day)
}

/// A row with its history, written to as the store does it.
struct Row {
    row: Relationship,
    history: History,
}

impl Row {
    fn new(params: impl serde::Serialize) -> Row {
        let mut row = Row { row: Relationship::new(day(0)), history: History::default() };
        row.call(0, json!({ "params": params })).unwrap();
        row
    }

    /// A call without a timestamp, stored on that day.
    fn call(&mut self, stored: i64, body: Value) -> Result<Merged, Refusal> {
        self.write(stored, body, false)
    }

    fn browser(&mut self, stored: i64, body: Value) -> Merged {
        self.write(stored, body, true).unwrap()
    }

    fn write(&mut self, stored: i64, mut body: Value, publishable: bool) -> Result<Merged, Refusal> {
        body["email"] = json!("ada@example.com");
        let text = body.to_string();
        let raw = json::raw(text.as_bytes()).unwrap();
        let terms = Terms { now: day(1000), publishable };
        let Call::Identify(call) = super::super::body::identify(raw, terms).unwrap() else { unreachable!() };
        let context = Context { history: &self.history, created: false, publishable, now: day(stored) };
        let merged = merge(&mut self.row, &call, context)?;
        if let Some(change) = &merged.change {
            self.history.note(change);
        }
        Ok(merged)
    }

    fn params(&self) -> Value {
        Value::Object(self.row.params.clone())
    }
}

#[test]
fn params_are_merged_shallowly_and_null_is_a_value() {
    let mut row = Row::new(json!({ "a": { "b": 1 }, "plan": "free", "kept": true }));
    row.call(1, json!({ "params": { "a": { "c": 2 }, "plan": null } })).unwrap();
    assert_eq!(row.params(), json!({ "a": { "c": 2 }, "plan": null, "kept": true }));
}

#[test]
fn replace_replaces_the_whole_object() {
    let mut row = Row::new(json!({ "a": 1, "b": 2, "n": 5 }));
    let merged =
        row.call(1, json!({ "params": { "b": 3 }, "replace": true, "increment": { "n": 1 } })).unwrap();
    assert_eq!(row.params(), json!({ "b": 3, "n": 1 }));
    let change = merged.change.unwrap();
    assert_eq!(change.params["a"], Sides { before: Some(json!(1)), after: None });
}

#[test]
fn every_edit_does_its_work() {
    for (before, call, after) in [
        (json!({}), json!({ "set_once": { "s": null } }), json!({ "s": null })),
        (json!({ "s": null }), json!({ "set_once": { "s": 1 } }), json!({ "s": null })),
        (json!({ "a": 1, "b": 2 }), json!({ "unset": ["a", "zzz"] }), json!({ "b": 2 })),
        (json!({}), json!({ "increment": { "n": 2 } }), json!({ "n": 2 })),
        (json!({}), json!({ "add": { "t": "vip" } }), json!({ "t": ["vip"] })),
        (
            json!({ "t": ["lead", 1] }),
            json!({ "add": { "t": ["lead", 1.0, "vip"] } }),
            json!({ "t": ["lead", 1, "vip"] }),
        ),
        (json!({ "t": ["lead", 1.0] }), json!({ "remove": { "t": ["lead", 1] } }), json!({ "t": [] })),
        (json!({}), json!({ "remove": { "t": "lead" } }), json!({})),
    ] {
        let mut row = Row::new(before.clone());
        row.call(1, call.clone()).unwrap();
        assert_eq!(row.params(), after, "{before} and {call}");
    }
}

#[test]
fn increments_are_exact() {
    let mut row = Row { row: Relationship::new(day(0)), history: History::default() };
    let mut add = |by: &str| {
        let body: Value = serde_json::from_str(&format!("{{\"increment\":{{\"mrr\":{by}}}}}")).unwrap();
        row.call(1, body).map(|_| row.row.params["mrr"].to_string())
    };
    assert_eq!(add("0.10").unwrap(), "0.10");
    assert_eq!(add("0.2").unwrap(), "0.30");
    assert_eq!(add("9007199254740993").unwrap(), "9007199254740993.30");
    let refusal = add("9999999999999999999999999999999999999999").unwrap_err();
    assert_eq!(refusal.faults[0].pointer, "/increment/mrr");
}

#[test]
fn what_does_not_fit_the_present_value_is_refused_and_nothing_is_altered() {
    let mut row = Row::new(json!({ "plan": "pro", "nothing": null }));
    let before = row.row.clone();
    let refusal = row
        .call(1, json!({ "params": { "x": 1 }, "increment": { "plan": 1, "nothing": 1 }, "add": { "t": 1 }, "status": "paid" }))
        .unwrap_err();
    assert_eq!(refusal.reason, Reason::InvalidFields);
    assert_eq!(refusal.faults.len(), 2);
    assert!(refusal.faults[1].detail.contains("a string, not a number"), "{refusal:?}");
    let refusal = row.call(1, json!({ "remove": { "plan": "pro" } })).unwrap_err();
    assert!(refusal.faults[0].detail.contains("not an array"));
    assert_eq!(row.row, before);
}

#[test]
fn a_call_that_alters_nothing_writes_no_change() {
    let mut row = Row::new(json!({ "plan": "pro" }));
    row.call(1, json!({ "name": "Ada", "status": "paid" })).unwrap();
    let merged =
        row.call(2, json!({ "name": "Ada", "status": "paid", "params": { "plan": "pro" } })).unwrap();
    assert_eq!(merged, Merged { change: None, changed: false, params_changed: false, refused: vec![] });
    assert_eq!((row.row.status_since, row.row.first_paid), (day(1), Some(day(1))));
    assert_eq!(row.row.last_activity, day(2));
}

#[test]
fn a_late_call_enters_history_and_leaves_the_present_alone() {
    let mut row = Row::new(json!({ "plan": "free" }));
    row.call(10, json!({ "params": { "plan": "pro" }, "status": "paid", "name": "Ada" })).unwrap();
    let merged = row
        .call(11, json!({ "params": { "plan": "trial", "source": "x" }, "status": "paid", "name": "A.", "timestamp": "2026-01-06" }))
        .unwrap();
    let change = merged.change.unwrap();
    assert_eq!(change.at, day(5));
    assert_eq!(change.stale, ["plan", "name"]);
    assert_eq!(change.params["plan"], Sides { before: None, after: Some(json!("trial")) });
    assert_eq!(row.params(), json!({ "plan": "pro", "source": "x" }));
    assert_eq!(row.row.name.as_deref(), Some("Ada"));
    assert_eq!(
        (row.row.status_since, row.row.first_paid),
        (day(10), Some(day(5))),
        "first paid is the earliest"
    );
    assert_eq!((row.row.first_seen, row.row.last_activity), (day(0), day(11 - 1)));
}

#[test]
fn a_late_status_is_stale_and_replace_spares_what_is_newer() {
    let mut row = Row::new(json!({ "old": 1 }));
    row.call(10, json!({ "status": "churned", "params": { "new": 1 } })).unwrap();
    let late = json!({ "status": "paid", "params": {}, "replace": true, "timestamp": "2026-01-06" });
    let merged = row.call(11, late).unwrap();
    assert_eq!(merged.change.unwrap().stale, ["new", "status"]);
    assert_eq!(row.row.status, Status::Churned);
    assert_eq!(row.params(), json!({ "new": 1 }));
}

#[test]
fn calls_without_a_timestamp_are_never_late() {
    let mut row = Row::new(json!({}));
    row.call(10, json!({ "params": { "plan": "pro" } })).unwrap();
    let merged = row.call(9, json!({ "params": { "plan": "max" } })).unwrap();
    assert!(merged.changed && merged.change.unwrap().stale.is_empty());
    assert_eq!(row.params(), json!({ "plan": "max" }));
}

#[test]
fn first_seen_is_the_earliest_ever_given() {
    let mut row = Row::new(json!({}));
    row.call(5, json!({ "first_seen": "2025-12-31" })).unwrap();
    row.call(6, json!({ "first_seen": "2026-01-03" })).unwrap();
    assert_eq!((row.row.first_seen, row.row.last_activity), (day(-1), day(6)));
}

#[test]
fn a_browser_sets_what_is_missing_or_its_own() {
    let mut row = Row::new(json!({ "plan": "pro" }));
    let merged = row
        .browser(1, json!({ "params": { "plan": "hacked", "theme": "dark" }, "set_once": { "ref": "x" } }));
    assert_eq!(merged.refused, ["params.plan"]);
    assert_eq!(row.params(), json!({ "plan": "pro", "theme": "dark", "ref": "x" }));
    row.browser(2, json!({ "params": { "theme": "light" } }));
    assert_eq!(row.row.params["theme"], "light");
    row.call(3, json!({ "params": { "theme": "light" } })).unwrap();
    let merged = row.browser(4, json!({ "params": { "theme": "dark" } }));
    assert_eq!((merged.refused, merged.changed), (vec!["params.theme".to_owned()], false));
    row.call(5, json!({ "status": "paid" })).unwrap();
    assert_eq!(row.browser(6, json!({ "status": "free" })).refused, ["status"]);
    assert_eq!(row.row.status, Status::Paid);
}

#[test]
fn params_have_a_limit_for_everybody() {
    let mut row = Row::new(json!({ "a": "x".repeat(700_000) }));
    let refusal = row.call(1, json!({ "params": { "b": "x".repeat(400_000) } })).unwrap_err();
    assert_eq!(refusal.reason, Reason::ParamsTooLarge);
    assert_eq!(row.browser(1, json!({ "params": { "b": "x".repeat(400_000) } })).refused, ["params"]);
    row.call(1, json!({ "params": { "b": "x".repeat(400_000) }, "unset": ["a"] })).unwrap();
    assert_eq!(row.row.params.len(), 1);
}

#[test]
fn long_values_enter_history_as_type_size_and_hash() {
    let mut row = Row::new(json!({}));
    let change = row.call(1, json!({ "params": { "bio": "x".repeat(5000) } })).unwrap().change.unwrap();
    let stored = change.params_json();
    assert_eq!(stored["bio"]["after_large"]["type"], "string");
    assert_eq!(stored["bio"]["after_large"]["bytes"], 5002);
    assert!(stored["bio"].get("after").is_none());
}

/// One edit of a small key space, as a body.
fn edit() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec!["a", "b", "c"]);
    let value = prop_oneof![Just(json!(null)), (0..5).prop_map(|n| json!(n)), "[xy]".prop_map(|s| json!(s))];
    (0..4, key, value).prop_map(|(kind, key, value)| match kind {
        0 => json!({ "params": { key: value } }),
        1 => json!({ "set_once": { key: value } }),
        2 => json!({ "unset": [key] }),
        _ => json!({ "params": { key: [value] }, "replace": true }),
    })
}

proptest! {
    /// Replaying the changes over the first state gives the present one: history is complete.
    #[test]
    fn history_replays_to_the_present(edits in prop::collection::vec(edit(), 1..30)) {
        let mut row = Row::new(json!({ "a": 1, "b": [2] }));
        let mut replayed = row.row.params.clone();
        for (index, body) in edits.into_iter().enumerate() {
            let merged = row.call(index as i64, body).unwrap();
            prop_assert_eq!(merged.change.is_some(), merged.changed);
            for (key, sides) in merged.change.into_iter().flat_map(|change| change.params) {
                prop_assert_eq!(replayed.get(&key), sides.before.as_ref());
                match sides.after {
                    Some(after) => replayed.insert(key, after),
                    None => replayed.remove(&key),
                };
            }
        }
        prop_assert_eq!(replayed, row.row.params);
    }

    /// A dated history gives the same present whatever order it is imported in.
    #[test]
    fn dated_values_commute(order in Just((0..8).collect::<Vec<i64>>()).prop_shuffle()) {
        let mut row = Row { row: Relationship::new(day(0)), history: History::default() };
        for n in order {
            let mut body = json!({ "params": { "n": n }, "timestamp": day(n).to_string() });
            if let Some(status) = ["trial", "paid", "churned"].get(n as usize) {
                body["status"] = json!(status);
            }
            row.call(100, body).unwrap();
        }
        prop_assert_eq!(row.params(), json!({ "n": 7 }));
        prop_assert_eq!((row.row.status, row.row.first_paid), (Status::Churned, Some(day(1))));
        prop_assert_eq!((row.row.first_seen, row.row.last_activity), (day(0), day(7)));
    }
}
