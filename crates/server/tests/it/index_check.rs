//! The comparison of the index with Postgres finds what differs, and only that.

use serde_json::json;

use crate::support::server::TestServer;

#[tokio::test]
async fn a_row_that_was_altered_behind_the_index_is_found() {
    let server = TestServer::start().await;
    let store = &server.app.store;
    assert!(store.index_ready(server.account).await);
    for n in 0..50 {
        let body = json!({ "email": format!("c{n}@x.com"), "name": "N", "params": { "n": n, "at": "2026-01-01", "tags": ["a", null] } });
        server.identify(body).await;
    }
    let numbers =
        r#"{"email":"n@x.com","params":{"a":19.90,"b":1e3,"c":-0,"d":9007199254740993,"e":1E-7,"f":0.10}}"#;
    server.call(&server.keys.secret, "POST", "/v1/identify", numbers).await.expect(200);
    let report = server.compare(store).await;
    assert_eq!((report.differences, report.rows), (0, 51), "{report:?}");
    let behind = |sql: &'static str| async {
        let client = server.db.client().await;
        client.batch_execute(sql).await.unwrap();
        let report = server.compare(store).await;
        (report.differences, report.listed)
    };
    let customer = "(select id from customer where email = 'c7@x.com')";
    let (differences, listed) =
        behind("update relationship set params = params || '{\"n\": 7.5}' where params->>'n' = '7'").await;
    assert_eq!((differences, listed.len(), listed[0].project), (1, 1, server.project.id), "{listed:?}");
    let named: uuid::Uuid =
        server.db.client().await.query_one(&format!("select {customer}"), &[]).await.unwrap().get(0);
    assert_eq!(listed[0].customer.0, named);
    assert!(!listed[0].what.is_empty());
    let (differences, listed) = behind("delete from relationship where params->>'n' = '8'").await;
    assert_eq!(differences, 2, "{listed:?}");
    assert!(listed.iter().any(|difference| difference.what.contains("Postgres does not")), "{listed:?}");
    let added = "insert into relationship select account_id, project_id, (select id from customer where email = 'c8@x.com'),
                 null, name, status, status_since, first_paid, params || '{\"n\": 8}', open_keys, first_seen, last_activity + '1s', version,
                 last_day, began, last_change, imported
                 from relationship where params->>'n' = '9'";
    let (differences, _) = behind(added).await;
    assert_eq!(differences, 2, "one is back, but with another time");
    assert_eq!(behind("update relationship set imported = '2026-01-01' where params->>'n' = '5'").await.0, 3);
    assert_eq!(behind("update relationship set last_activity = last_activity + '1s'").await.0, 51);
}
