//! What rows tell of the past: of people who are new, and of those who are known.

use serde_json::json;

use super::{counts, import};
use crate::support::server::TestServer;

#[tokio::test]
async fn somebody_new_was_last_seen_when_the_row_says() {
    let server = TestServer::start().await;
    let report = import(&server, "", "email,last_activity\nls@x.com,2024-05-05\n").await;
    assert_eq!(counts(&report), [1, 0, 0, 0, 0], "{report:#}");
    let row = server.row(server.project.id, "ls@x.com").await.unwrap();
    for field in ["first_seen", "last_activity"] {
        assert!(row[field].as_str().unwrap().starts_with("2024-05-05"), "{field}: {row:#}");
    }
    assert_eq!(server.days("ls@x.com", 2024).await.len(), 1);
    assert_eq!(server.days("ls@x.com", 2026).await, [0; 0]);
}

#[tokio::test]
async fn an_earlier_first_seen_is_news_and_what_is_not_taken_is_listed() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "old@x.com", "timestamp": "2025-02-01" })).await;
    let report = import(&server, "", "email,first_seen\nold@x.com,2025-01-01\n").await;
    assert_eq!(counts(&report), [0, 1, 0, 0, 0], "{report:#}");
    let row = server.row(server.project.id, "old@x.com").await.unwrap();
    assert!(row["first_seen"].as_str().unwrap().starts_with("2025-01-01"), "{row:#}");
    let file = "email,first_seen,last_activity\nold@x.com,2025-01-15,2025-01-20\n";
    let report = import(&server, "", file).await;
    assert_eq!(counts(&report), [0, 0, 1, 1, 0], "{report:#}");
    assert_eq!(report["first_stale"][0]["names"], json!(["first_seen", "last_activity"]), "{report:#}");
    let after = server.row(server.project.id, "old@x.com").await.unwrap();
    assert_eq!((&after["first_seen"], &after["last_activity"]), (&row["first_seen"], &row["last_activity"]));
}

/// Each date is corrected in a full export: it is told who sets it right, and nobody is rejected.
#[tokio::test]
async fn a_past_that_was_corrected_in_an_export_is_listed() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com", "status": "paid", "params": { "plan": "pro" } })).await;
    let file = server.get("/v1/export").await.text();
    let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(file.as_bytes());
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    for name in ["first_paid", "status_since"] {
        let at = rows[0].iter().position(|cell| cell == name).unwrap();
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record(&rows[0]).unwrap();
        out.write_record(
            rows[1].iter().enumerate().map(|(n, cell)| if n == at { "2026-01-01" } else { cell }),
        )
        .unwrap();
        let report = import(&server, "", out.into_inner().unwrap()).await;
        assert_eq!(counts(&report), [0, 0, 1, 1, 0], "{name}: {report:#}");
        assert_eq!(report["first_stale"][0]["names"], json!([name]), "{report:#}");
    }
}

/// Of rows that told something older the first are listed, over all steps.
#[tokio::test]
async fn the_first_rows_that_told_something_older_are_listed() {
    let server = TestServer::start().await;
    let row = |n: usize, seen: &str| format!("o{n}@x.com,{seen}\n");
    let file =
        |seen: &str| "email,first_seen\n".to_owned() + &(0..1030).map(|n| row(n, seen)).collect::<String>();
    import(&server, "", file("2025-01-01")).await;
    let report = import(&server, "", file("2025-01-02")).await;
    assert_eq!(counts(&report), [0, 0, 1030, 1030, 0], "{report:#}");
    let listed: Vec<u64> =
        report["first_stale"].as_array().unwrap().iter().map(|row| row["row"].as_u64().unwrap()).collect();
    assert_eq!(listed, (1..=20).collect::<Vec<u64>>());
}
