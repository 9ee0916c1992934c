//! The rules of `identify`, one by one, on the pure function.

use filter::Status;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Call, body::Terms, json};
use super::*;

fn day(day: i64) -> Timestamp {
    "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * day)
}

/// A row with its log, written to as the store does it.
struct Row {
    row: Relationship,
    log: Log,
    /// The account's time: it never runs backwards.
    clock: Timestamp,
    horizon: Option<Timestamp>,
    size: Option<usize>,
}

impl Row {
    fn unborn() -> Row {
        Row { row: Relationship::new(day(0)), log: Log::default(), clock: day(0), horizon: None, size: None }
    }

    fn new(params: impl serde::Serialize) -> Row {
        let mut row = Row::unborn();
        row.call(0, json!({ "params": params })).unwrap();
        row
    }

    /// A call without a timestamp, stored on that day.
    fn call(&mut self, stored: i64, body: Value) -> Result<Merged, Refusal> {
        self.write(stored, body, Terms { now: day(1000), publishable: false, live: true })
    }

    /// A call of an import.
    fn told(&mut self, stored: i64, body: Value) -> Result<Merged, Refusal> {
        self.write(stored, body, Terms { now: day(1000), publishable: false, live: false })
    }

    fn browser(&mut self, stored: i64, body: Value) -> Merged {
        self.write(stored, body, Terms { now: day(1000), publishable: true, live: true }).unwrap()
    }

    fn write(&mut self, stored: i64, mut body: Value, terms: Terms) -> Result<Merged, Refusal> {
        body["email"] = json!("ada@example.com");
        let text = body.to_string();
        let raw = json::raw(text.as_bytes()).unwrap();
        let Call::Identify(call) = super::super::body::identify(raw, terms).unwrap() else { unreachable!() };
        let created = self.log.standing(None).is_none();
        self.clock = self.clock.max(day(stored));
        let date = call.date(self.clock);
        if created {
            self.row = Relationship::new(date.0);
        }
        let context = Context {
            log: &self.log,
            created,
            publishable: terms.publishable,
            date,
            horizon: self.horizon,
            address: &Address::default(),
            alias: false,
            size: self.size,
        };
        let merged = merge(&mut self.row, &call, context)?;
        self.size = merged.size;
        let counted: usize = self.row.params.iter().map(|(key, value)| entry_len(key, value)).sum();
        assert_eq!(self.size.unwrap_or(counted), counted);
        self.log.enter(&merged.change);
        assert_eq!(self.log.differences(&self.row), Vec::<String>::new());
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
    let change = merged.change;
    assert_eq!(change.params["a"], Sides { before: Some(Kept::Whole(json!(1))), after: None });
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
    let mut row = Row::unborn();
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
    assert!(merged.change.is_empty());
    assert_eq!((merged.changed, merged.params_changed, merged.refused), (false, false, vec![]));
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
    let change = merged.change;
    assert_eq!(change.at, day(5));
    assert_eq!(change.stale, ["plan", "name"]);
    let sides = Sides { before: Some(Kept::text("free")), after: Some(Kept::text("trial")) };
    assert_eq!(change.params["plan"], sides);
    assert_eq!(row.params(), json!({ "plan": "pro", "source": "x" }));
    assert_eq!(row.row.name.as_deref(), Some("Ada"));
    assert_eq!(
        (row.row.status_since, row.row.first_paid),
        (day(5), Some(day(5))),
        "it has been paid since then"
    );
    assert_eq!((row.row.first_seen, row.row.last_activity), (day(0), day(11 - 1)));
}

#[test]
fn a_late_status_is_stale_and_replace_spares_what_is_newer() {
    let mut row = Row::new(json!({ "old": 1 }));
    row.call(10, json!({ "status": "churned", "params": { "new": 1 } })).unwrap();
    let late = json!({ "status": "paid", "params": {}, "replace": true, "timestamp": "2026-01-06" });
    let merged = row.call(11, late).unwrap();
    assert_eq!(merged.change.stale, ["new", "status"]);
    assert_eq!(row.row.status, Status::Churned);
    assert_eq!(row.params(), json!({ "new": 1 }));
}

#[test]
fn calls_without_a_timestamp_are_never_late() {
    let mut row = Row::new(json!({}));
    row.call(10, json!({ "params": { "plan": "pro" } })).unwrap();
    let merged = row.call(9, json!({ "params": { "plan": "max" } })).unwrap();
    assert!(merged.changed && merged.change.stale.is_empty());
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

/// `paid` now, told late of a trial on the 1st of March and of a payment on the 15th: what a billing provider back-fills.
#[test]
fn late_values_are_judged_at_their_date() {
    let mut row = Row::new(json!({}));
    row.call(100, json!({ "status": "paid" })).unwrap();
    row.call(101, json!({ "status": "trial", "timestamp": day(10).to_string() })).unwrap();
    let late = row.call(102, json!({ "status": "paid", "timestamp": day(20).to_string() })).unwrap();
    assert_eq!(late.change.fields["status"], Sides::text(Some("trial"), Some("paid")));
    assert_eq!((row.row.status_since, row.row.first_paid), (day(20), Some(day(20))));
    let again = row.call(103, json!({ "status": "paid", "timestamp": day(30).to_string() })).unwrap();
    assert!(again.change.is_empty() && !again.changed, "it was so at its date");
}

/// Key `k`, its changes so far by day; a late call on day 5; what enters there (null: it is removed), and that it is stale.
#[test]
fn every_late_edit_enters_what_it_says_of_its_date() {
    let set = |value: &str| json!({ "params": { "k": value } });
    let gone = || json!({ "unset": ["k"] });
    let once = || json!({ "set_once": { "k": "x" } });
    let replace = || json!({ "params": {}, "replace": true });
    let [sum, add, remove] = ["increment", "add", "remove"].map(|edit| json!({ edit: { "k": 1 } }));
    let replace_once = json!({ "params": {}, "set_once": { "k": "x" }, "replace": true });
    let cases = [
        (vec![(1, set("pro")), (9, set("max"))], set("pro"), None),
        (vec![(1, set("pro")), (9, set("max"))], set("max"), Some(Some("max"))),
        (vec![(9, set("max"))], set("max"), Some(Some("max"))),
        (vec![(5, set("pro")), (9, set("max"))], set("pro"), None),
        (vec![(1, set("pro")), (9, gone())], gone(), Some(None)),
        (vec![(9, set("pro"))], gone(), None),
        (vec![(1, set("pro")), (9, gone())], once(), None),
        (vec![(9, set("pro"))], once(), Some(Some("x"))),
        (vec![(1, set("pro")), (9, gone())], replace(), Some(None)),
        (vec![(1, set("pro")), (9, set("max"))], replace(), Some(None)),
        (vec![(9, set("pro"))], replace(), None),
        (vec![(1, set("pro")), (9, set("max"))], replace_once, Some(Some("x"))),
        (vec![(9, sum.clone())], sum, None),
        (vec![(9, add.clone())], add.clone(), None),
        (vec![(9, add)], remove, None),
    ];
    for (before, mut late, entered) in cases {
        let mut row = Row::new(json!({}));
        for (at, call) in &before {
            row.call(*at, call.clone()).unwrap();
        }
        let present = row.params();
        let text = late.to_string();
        late["timestamp"] = json!(day(5).to_string());
        let merged = row.call(20, late).unwrap();
        let told = merged.change.params.get("k").map(|sides| sides.after.as_ref().and_then(Kept::as_str));
        assert_eq!((told, row.params()), (entered, present), "{text} after {before:?}");
        assert_eq!(merged.change.stale, ["k"], "{text} after {before:?}");
        assert!(!merged.changed);
    }
}

/// The manual says so: what a call said that altered nothing is not kept.
#[test]
fn a_call_that_only_confirmed_does_not_stand_against_older_data_told_later() {
    let mut row = Row::new(json!({ "plan": "pro" }));
    row.call(9, json!({ "params": { "plan": "pro" } })).unwrap();
    let merged =
        row.call(10, json!({ "params": { "plan": "max" }, "timestamp": day(5).to_string() })).unwrap();
    assert!(merged.changed && merged.change.stale.is_empty());
    assert_eq!(row.params(), json!({ "plan": "max" }));
}

#[test]
fn what_is_superseded_at_its_microsecond_never_held() {
    let mut row = Row::new(json!({}));
    row.call(3, json!({ "status": "paid", "params": { "k": 1 } })).unwrap();
    row.call(3, json!({ "status": "free", "params": { "k": 2 } })).unwrap();
    assert_eq!((row.row.status_since, row.row.first_paid), (day(0), None), "it has been free all along");
    assert_eq!(row.params(), json!({ "k": 2 }));
    row.call(9, json!({ "status": "trial" })).unwrap();
    row.call(9, json!({ "status": "paid", "timestamp": day(3).to_string() })).unwrap();
    assert_eq!(row.row.first_paid, Some(day(3)), "the later commit wins");
}

#[test]
fn a_birth_says_the_status_and_stays_when_older_data_comes() {
    let mut row = Row::unborn();
    let born = row.call(9, json!({ "params": { "k": 1 } })).unwrap().change;
    assert!(born.created);
    assert_eq!(born.fields["status"], Sides::text(None, Some("free")));
    let late = row.call(10, json!({ "status": "trial", "timestamp": day(2).to_string() })).unwrap().change;
    assert_eq!((late.created, &late.fields["status"]), (false, &Sides::text(None, Some("trial"))));
    assert_eq!((row.row.began, row.row.first_seen, row.row.last_change), (day(9), day(2), day(9)));
    assert_eq!((row.row.status, row.row.status_since), (Status::Free, day(9)));
}

#[test]
fn dates_ahead_of_the_clock_are_the_clocks() {
    let mut row = Row::new(json!({}));
    let ahead = row.call(5, json!({ "params": { "k": 1 }, "timestamp": day(6).to_string() })).unwrap().change;
    assert_eq!((ahead.at, ahead.dated_by), (day(5), DatedBy::Caller));
    let next = row.call(4, json!({ "params": { "k": 2 } })).unwrap().change;
    assert_eq!((next.at, next.dated_by), (day(5), DatedBy::Receipt), "time does not run backwards");
    assert_eq!(row.params(), json!({ "k": 2 }));
}

#[test]
fn a_call_that_is_not_live_marks_nobody_as_seen_and_tells_no_past_of_the_known() {
    let mut row = Row::new(json!({}));
    let told =
        json!({ "first_seen": day(-9), "first_paid": day(-5), "status": "free", "status_since": day(-4) });
    let merged = row.told(9, told).unwrap();
    assert_eq!(merged.change.stale, ["first_paid", "status_since"]);
    assert_eq!((row.row.first_seen, row.row.last_activity), (day(-9), day(0)));
    assert!(merged.changed, "an earlier first_seen is news");
    let merged = row.told(9, json!({ "last_activity": day(3) })).unwrap();
    assert_eq!(row.row.last_activity, day(3));
    assert!(merged.change.stale.is_empty() && !merged.changed);
    let merged = row.told(9, json!({ "first_seen": day(1), "last_activity": day(2) })).unwrap();
    assert_eq!(merged.change.stale, ["first_seen", "last_activity"]);
    assert_eq!((row.row.first_seen, row.row.last_activity, merged.changed), (day(-9), day(3), false));
    row.told(9, json!({ "timestamp": day(7), "params": { "a": 1 } })).unwrap();
    assert_eq!((row.row.last_activity, row.row.last_change), (day(3), day(7)));
}

#[test]
fn before_the_horizon_nothing_is_told_of_what_changed_later() {
    let mut row = Row::new(json!({ "plan": "free", "seats": 1 }));
    row.call(9, json!({ "unset": ["plan"], "status": "trial" })).unwrap();
    row.horizon = Some(day(10));
    let params = json!({ "plan": "pro", "source": "x", "seats": 2 });
    let body = json!({ "status": "paid", "name": "Ada", "params": params, "timestamp": day(5).to_string() });
    let change = row.call(20, body).unwrap().change;
    assert_eq!(change.stale, ["plan", "status"]);
    assert_eq!(row.params(), json!({ "source": "x", "seats": 2 }), "and what was not said again since");
    assert_eq!((row.row.status, row.row.name.as_deref()), (Status::Trial, Some("Ada")));
}

/// One edit of a small key space, as a body.
fn edit() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec!["a", "b", "c"]);
    let value = prop_oneof![Just(json!(null)), (0..5).prop_map(|n| json!(n)), "[xy]".prop_map(|s| json!(s))];
    (0..7, key, value).prop_map(|(kind, key, value)| match kind {
        0 => json!({ "params": { key: value } }),
        1 => json!({ "set_once": { key: value } }),
        2 => json!({ "unset": [key] }),
        3 => json!({ "status": if key == "a" { "free" } else { "churned" } }),
        4 => json!({ "status": if value.is_null() { "paid" } else { "trial" } }),
        5 => json!({ "increment": { key: 1 } }),
        _ => json!({ "params": { key: [value] }, "replace": true }),
    })
}

proptest! {
    /// Whatever is told, in whatever order of dates, the log tells the row (the helper checks it after each call), and each
    /// change says what was so at its date.
    #[test]
    fn the_log_tells_the_row(edits in prop::collection::vec((edit(), prop::option::of(0..40_i64), 0..40_i64), 1..30)) {
        let mut row = Row::new(json!({ "a": 1, "b": [2] }));
        for (mut body, dated, stored) in edits {
            if let Some(dated) = dated {
                body["timestamp"] = json!(day(dated).to_string());
            }
            let log = row.log.clone();
            let Ok(merged) = row.call(stored, body) else { continue };
            for (key, sides) in merged.change.params {
                prop_assert_eq!(log.param(&key).and_then(|track| track.at(merged.change.at)), sides.before.as_ref());
                prop_assert_ne!(&sides.before, &sides.after);
            }
        }
    }

    /// A dated history of which no two calls say the same gives the same log whatever order it is told in. (One that says
    /// what was so already leaves no entry, and what is older and told after it then stands.)
    #[test]
    fn dated_values_commute(order in Just((0..4).collect::<Vec<i64>>()).prop_shuffle()) {
        let mut row = Row::unborn();
        for n in order {
            let status = ["free", "trial", "paid", "churned"][n as usize];
            row.call(100, json!({ "params": { "n": n }, "status": status, "timestamp": day(n).to_string() })).unwrap();
        }
        prop_assert_eq!(row.params(), json!({ "n": 3 }));
        let status = (row.row.status, row.row.status_since, row.row.first_paid);
        prop_assert_eq!(status, (Status::Churned, day(3), Some(day(2))));
        prop_assert_eq!((row.row.first_seen, row.row.last_activity), (day(0), day(3)));
    }
}
