//! What is told of somebody new, as the changes that it becomes.

use serde_json::{Value, json};

use super::super::{
    Call, Log, Relationship, body, json as reader,
    merge::{Address, Context, merge},
};
use super::*;

const NOW: &str = "2026-06-01T00:00:00Z";

/// What became of a call about somebody new: its changes in the words of the log, and the row.
fn story(source: Source, told_by: Value) -> (Vec<String>, Relationship) {
    let mut call = told_by;
    call["email"] = json!("ada@example.com");
    let text = call.to_string();
    let now: Timestamp = NOW.parse().unwrap();
    let terms = body::Terms { now, publishable: false, live: !source.is_import() };
    let Call::Identify(call) = body::identify(reader::raw(text.as_bytes()).unwrap(), terms).unwrap() else {
        unreachable!()
    };
    let Told { before, date, imported } = told(&call, source, now);
    let mut log = Log::default();
    let began = before.first().map_or(date.0, |birth| birth.at);
    let mut row = Relationship { imported, ..Relationship::new(began) };
    for change in &before {
        log.enter(change);
        row.last_change = change.at;
    }
    if let Some(standing) = log.standing(None) {
        row.stand(standing);
    }
    let context = Context {
        log: &log,
        created: before.is_empty(),
        publishable: false,
        date,
        horizon: None,
        address: &Address::default(),
        alias: false,
        size: None,
    };
    let merged = merge(&mut row, &call, context).unwrap();
    let changes: Vec<Change> = before.into_iter().chain([merged.change]).collect();
    log = Log::default();
    changes.iter().for_each(|change| log.enter(change));
    assert_eq!(log.differences(&row), Vec::<String>::new(), "{changes:?}");
    assert_eq!(changes.iter().filter(|change| change.created).count(), 1);
    assert!(changes[0].created && changes[0].at == row.began);
    (changes.iter().filter(|c| c.created || !c.is_empty()).map(shown).collect(), row)
}

fn shown(change: &Change) -> String {
    let day = change.at.strftime("%Y-%m-%d");
    let began = if change.created { " began" } else { "" };
    let status = change.fields.get("status").map(|sides| {
        sides.after.as_ref().map_or(" unknown".to_owned(), |after| format!(" {}", after.as_str().unwrap()))
    });
    let params = if change.params.is_empty() { "" } else { " params" };
    format!("{day}{began}{}{params} ({})", status.unwrap_or_default(), change.dated_by.as_str())
}

/// Rows of an import about somebody new, and the changes that they become.
fn rows() -> Vec<(Value, Vec<&'static str>)> {
    vec![
        (json!({ "status": "paid" }), vec!["2026-06-01 began paid params (receipt)"]),
        (
            json!({ "status": "churned", "first_seen": "2023-05-01" }),
            vec!["2023-05-01 began churned params (first_seen)"],
        ),
        (
            json!({ "status": "churned", "first_seen": "2023-05-01", "first_paid": "2023-06-01", "status_since": "2024-10-01" }),
            vec![
                "2023-05-01 began (caller)",
                "2023-06-01 paid (caller)",
                "2024-10-01 churned params (caller)",
            ],
        ),
        (
            json!({ "status": "paid", "first_seen": "2023-05-01", "first_paid": "2023-06-01" }),
            vec!["2023-05-01 began (caller)", "2023-06-01 paid params (caller)"],
        ),
        (
            json!({ "status": "trial", "first_seen": "2023-05-01", "status_since": "2023-06-01" }),
            vec!["2023-05-01 began (caller)", "2023-06-01 trial params (caller)"],
        ),
        (
            json!({ "status": "free", "first_seen": "2023-05-01", "status_since": "2023-06-01" }),
            vec!["2023-05-01 began (caller)", "2023-06-01 free params (caller)"],
        ),
        // Who has paid and left, nobody said when: right after that.
        (
            json!({ "status": "churned", "first_seen": "2023-05-01", "first_paid": "2023-06-01" }),
            vec![
                "2023-05-01 began (caller)",
                "2023-06-01 paid (caller)",
                "2023-06-01 churned params (first_seen)",
            ],
        ),
        // A break that is not told.
        (
            json!({ "status": "paid", "first_paid": "2023-06-01", "status_since": "2025-01-01" }),
            vec![
                "2023-06-01 began paid (caller)",
                "2024-12-31 unknown (caller)",
                "2025-01-01 paid params (caller)",
            ],
        ),
        (
            json!({ "status": "paid", "first_paid": "2023-06-01", "status_since": "2023-06-01" }),
            vec!["2023-06-01 began paid params (caller)"],
        ),
        (
            json!({ "status": "churned", "status_since": "2024-01-01", "timestamp": "2025-01-01" }),
            vec!["2024-01-01 began churned (caller)", "2025-01-01 params (caller)"],
        ),
        (
            json!({ "status": "paid", "first_seen": "2024-01-01", "timestamp": "2025-01-01" }),
            vec!["2025-01-01 began paid params (caller)"],
        ),
    ]
}

/// Rows that tell of the last time too: who was seen last is seen then, and not by the import.
fn rows_of_the_seen() -> Vec<(Value, Vec<&'static str>)> {
    vec![
        (json!({ "last_activity": "2024-05-05" }), vec!["2024-05-05 began free params (first_seen)"]),
        (
            json!({ "last_activity": "2024-05-05", "timestamp": "2025-01-01" }),
            vec!["2025-01-01 began free params (caller)"],
        ),
        (
            json!({ "status": "paid", "status_since": "2024-06-01", "last_activity": "2024-05-05" }),
            vec!["2024-05-05 began (caller)", "2024-06-01 paid params (caller)"],
        ),
        (
            json!({ "first_seen": "2024-01-01", "last_activity": "2024-05-05" }),
            vec!["2024-01-01 began free params (first_seen)"],
        ),
    ]
}

#[test]
fn a_row_of_an_import_becomes_dated_changes() {
    for (mut row, expected) in [rows(), rows_of_the_seen()].concat() {
        row["params"] = json!({ "plan": "pro" });
        let (changes, stored) = story(Source::Import(None), row.clone());
        assert_eq!(changes, expected, "{row}");
        let date = |field: &str| {
            row[field].as_str().map(|day| format!("{day}T00:00:00Z").parse::<Timestamp>().unwrap())
        };
        assert_eq!(stored.first_paid.filter(|_| row["first_paid"].is_string()), date("first_paid"), "{row}");
        assert_eq!(date("status_since").unwrap_or(stored.status_since), stored.status_since, "{row}");
        assert_eq!(date("first_seen").unwrap_or(stored.first_seen), stored.first_seen, "{row}");
        assert_eq!(date("last_activity").unwrap_or(stored.last_activity), stored.last_activity, "{row}");
        assert!(stored.last_activity < NOW.parse().unwrap() || row.get("first_seen").is_none());
        // Since when it is so was told, or else when that was received.
        let is_undated = !changes[0].ends_with("(caller)");
        assert_eq!(stored.imported, is_undated.then(|| NOW.parse().unwrap()), "{row}");
    }
}

#[test]
fn an_app_speaks_of_now_and_may_tell_the_past() {
    let key = Source::Secret(crate::model::KeyId(uuid::Uuid::now_v7()));
    let told = json!({ "status": "paid", "first_seen": "2023-05-01", "first_paid": "2023-06-01", "params": { "a": 1 } });
    let (changes, row) = story(key, told);
    assert_eq!(
        changes,
        ["2023-05-01 began (caller)", "2023-06-01 paid (caller)", "2026-06-01 params (receipt)"]
    );
    assert_eq!(row.last_activity.to_string(), NOW);
    let (changes, row) = story(key, json!({ "status": "paid", "first_seen": "2023-05-01" }));
    assert_eq!(changes, ["2026-06-01 began paid (receipt)"]);
    assert_eq!((row.first_seen.to_string().as_str(), row.imported), ("2023-05-01T00:00:00Z", None));
}
