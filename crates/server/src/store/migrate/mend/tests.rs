//! What becomes of histories that were made to be looked at.

use serde_json::json;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const NOW: &str = "2026-11-01T00:00:00Z";

/// A change as it was: date, fields, params, stale names.
fn old(date: &str, fields: Value, params: Value, stale: &[&str]) -> Old {
    let mut change = Change::new(at(date), DatedBy::Caller, false);
    change.fields = crate::model::change::read_fields(fields);
    change.params = crate::model::change::read_params(params);
    change.stale = stale.iter().map(|name| (*name).to_owned()).collect();
    Old { id: Uuid::now_v7(), source: Source::Import(None), change }
}

/// Mends, and checks that the log then tells the row. Returns `date name: value` for each side, with `!` where it was
/// inferred and `*` where the relationship began.
fn mended(row: &mut Relationship, all: Vec<Old>) -> Vec<String> {
    let mended = mend(row, "ada@x.com", all, at(NOW));
    assert_eq!(log(&mended).differences(row), Vec::<String>::new());
    let shown = mended.iter().flat_map(|Mended { change, inferred, .. }| {
        let mark = [if *inferred { "!" } else { "" }, if change.created { "*" } else { "" }].concat();
        let date = change.at.strftime("%m-%d").to_string();
        let fields = change.fields.iter().filter(|(name, _)| **name != "email");
        let all = fields.map(|(name, sides)| (*name, sides));
        let all = all.chain(change.params.iter().map(|(key, sides)| (key.as_str(), sides)));
        all.map(move |(name, sides)| format!("{date}{mark} {name}: {}", sides.to_json()["after"]))
            .collect::<Vec<_>>()
    });
    shown.collect()
}

fn row(status: Status, since: &str, paid: Option<&str>, params: Value) -> Relationship {
    let Value::Object(params) = params else { unreachable!() };
    Relationship {
        status,
        status_since: at(since),
        first_paid: paid.map(at),
        params,
        ..Relationship::new(at(since))
    }
}

#[test]
fn a_birth_says_the_status_that_the_next_change_came_from() {
    let mut row = row(Status::Paid, "2026-03-01T00:00:00Z", Some("2026-03-01T00:00:00Z"), json!({}));
    let birth = old("2026-01-01T00:00:00Z", json!({ "email": { "after": "ada@x.com" } }), json!({}), &[]);
    let paid = old(
        "2026-03-01T00:00:00Z",
        json!({ "status": { "before": "trial", "after": "paid" } }),
        json!({}),
        &[],
    );
    let shown = mended(&mut row, vec![birth, paid]);
    assert_eq!(shown, [r#"01-01!* status: "trial""#, r#"03-01 status: "paid""#]);
    assert_eq!(row.began, at("2026-01-01T00:00:00Z"));
}

#[test]
fn a_birth_without_a_change_says_the_present_status() {
    let mut row = row(Status::Churned, "2026-01-01T00:00:00Z", None, json!({}));
    let birth = old("2026-01-01T00:00:00Z", json!({ "email": { "after": "ada@x.com" } }), json!({}), &[]);
    assert_eq!(mended(&mut row, vec![birth]), [r#"01-01!* status: "churned""#]);
}

#[test]
fn no_history_at_all_begins_when_the_customer_was_first_seen() {
    let mut row = row(Status::Trial, "2026-02-01T00:00:00Z", None, json!({ "plan": "pro" }));
    assert_eq!(
        mended(&mut row, Vec::new()),
        [r#"02-01!* status: "trial""#, r#"11-01! plan: "pro""#],
        "what is known of the params is known now"
    );
}

/// `paid` since June; told late of a trial on 1 March, and that it was paid on the 15th, which left no trace but a date.
#[test]
fn a_payment_of_which_only_the_date_was_kept_is_told() {
    let mut row = row(Status::Paid, "2026-06-01T00:00:00Z", Some("2026-03-15T00:00:00Z"), json!({}));
    let birth = old(
        "2026-06-01T00:00:00Z",
        json!({ "email": { "after": "ada@x.com" }, "status": { "after": "paid" } }),
        json!({}),
        &[],
    );
    let trial =
        old("2026-03-01T00:00:00Z", json!({ "status": { "after": "trial" } }), json!({}), &["status"]);
    let shown = mended(&mut row, vec![trial, birth]);
    assert_eq!(shown, [r#"03-01 status: "trial""#, r#"03-15! status: "paid""#, r#"06-01* status: "paid""#]);
    assert_eq!(row.status_since, at("2026-03-15T00:00:00Z"), "the run of paid began there");
}

#[test]
fn late_sums_were_no_unsets() {
    let mut row = row(Status::Free, "2026-01-01T00:00:00Z", None, json!({ "n": 2, "plan": "pro" }));
    let birth = old(
        "2026-01-01T00:00:00Z",
        json!({ "email": { "after": "ada@x.com" }, "status": { "after": "free" } }),
        json!({ "n": { "after": 1 }, "plan": { "after": "free" } }),
        &[],
    );
    let late =
        old("2026-02-01T00:00:00Z", json!({}), json!({ "n": {}, "m": {}, "plan": {} }), &["n", "m", "plan"]);
    let last = old(
        "2026-03-01T00:00:00Z",
        json!({}),
        json!({ "n": { "before": 1, "after": 2 }, "plan": { "before": "free", "after": "pro" } }),
        &[],
    );
    let shown = mended(&mut row, vec![birth, late, last]);
    assert_eq!(
        shown,
        [
            r#"01-01* status: "free""#,
            "01-01* n: 1",
            r#"01-01* plan: "free""#,
            "02-01 plan: null",
            "03-01 n: 2",
            r#"03-01 plan: "pro""#
        ]
    );
}

#[test]
fn long_values_that_are_present_still_are_restored() {
    let long = "x".repeat(5000);
    let mut row = row(Status::Free, "2026-01-01T00:00:00Z", None, json!({ "bio": long }));
    let Kept::Digest(digest) = Kept::digest(&json!(long)) else { unreachable!() };
    let birth = old(
        "2026-01-01T00:00:00Z",
        json!({ "email": { "after": "ada@x.com" }, "status": { "after": "free" } }),
        json!({ "bio": { "after_large": digest } }),
        &[],
    );
    let shown = mended(&mut row, vec![birth]);
    assert_eq!(shown.len(), 2);
    assert!(shown[1].ends_with("x\""), "{}", shown[1]);
}

#[test]
fn what_the_log_tells_otherwise_is_told_as_of_now() {
    let mut row =
        row(Status::Paid, "2026-05-01T00:00:00Z", Some("2026-05-01T00:00:00Z"), json!({ "plan": "max" }));
    let birth = old(
        "2026-01-01T00:00:00Z",
        json!({ "email": { "after": "ada@x.com" }, "status": { "after": "free" } }),
        json!({ "plan": { "after": "pro" }, "gone": { "after": 1 } }),
        &[],
    );
    let shown = mended(&mut row, vec![birth]);
    assert_eq!(
        shown[3..],
        [r#"05-01! status: "paid""#, "11-01! gone: null", r#"11-01! plan: "max""#].map(str::to_owned)
    );
}

#[test]
fn dates_ahead_of_the_clock_are_now() {
    let mut row = row(Status::Free, NOW, None, json!({}));
    let ahead = old("2026-11-01T00:04:00Z", json!({ "email": { "after": "ada@x.com" } }), json!({}), &[]);
    assert_eq!(mended(&mut row, vec![ahead]), [r#"11-01!* status: "free""#]);
    assert_eq!((row.began, row.last_change), (at(NOW), at(NOW)));
}
