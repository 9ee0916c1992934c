//! A history of a hundred thousand changes, and one change of a megabyte.

use serde_json::json;

use super::{find, find_by_sql, only};
use crate::support::server::TestServer;

/// `n` counts the minutes since 2020, the status goes round with every thousand of them; at the end there were 100,000.
pub(super) const MINUTES: &str = "
    insert into change (account_id, project_id, customer_id, at, version, seq, created, dated_by, received, source, fields, params,
                        stale)
    select r.account_id, r.project_id, r.customer_id, r.began + n * interval '1 minute', r.version, n, false, 'caller', now(),
           'secret_key',
           case when n % 1000 = 0 then jsonb_build_object('status', jsonb_build_object(
               'before', (array['free', 'trial', 'paid', 'churned'])[(n / 1000 - 1) % 4 + 1],
               'after', (array['free', 'trial', 'paid', 'churned'])[n / 1000 % 4 + 1])) else '{}' end,
           jsonb_build_object('n', jsonb_build_object('before', n - 1, 'after', n)), '{}'
    from relationship r, generate_series(1, 100000) n where r.params = '{\"n\": 0}'";
pub(super) const PRESENT: &str = "
    update relationship set params = '{\"n\": 100000}', status_since = began + interval '100000 minutes',
        first_paid = began + interval '2000 minutes', last_change = began + interval '100000 minutes' where params = '{\"n\": 0}'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_changes_of_one_customer_are_asked() {
    let server = TestServer::without_index().await;
    server
        .identify(json!({ "email": "ada@x.com", "timestamp": "2020-01-01T00:00:00Z", "params": { "n": 0 } }))
        .await;
    server
        .identify(json!({ "email": "bob@x.com", "timestamp": "2020-01-01T00:00:00Z", "params": { "n": -1 } }))
        .await;
    let client = server.db.client().await;
    for sql in [MINUTES, PRESENT] {
        client.execute(sql, &[]).await.unwrap();
    }
    client.batch_execute("analyze change").await.unwrap();
    find_by_sql(
        &server,
        &[
            ("was (n = 1) on 2020-01-01T00:01:00Z", "ada"),
            ("was (n = 1) on 2020-01-01T00:02:00Z", ""),
            ("was (n = 0) on 2020-01-01T00:00:59.999999Z", "ada"),
            ("was (n = 77777)", "ada"),
            ("was (n = 77777 and status = trial)", "ada"),
            ("was (n = 77777 and status = paid)", ""),
            ("was (n > 100000)", ""),
            ("was (status = churned) in 2020-01-01 .. 2020-01-02", ""),
            ("was (n = 5000 and status_since = 2020-01-04T11:20:00Z)", "ada"),
            ("n changed from 99999 to 100000", "ada"),
            ("n changed from 99998 to 100000", ""),
            ("n changed to 0", ""),
            ("n increased in 2020-01-02 .. 2020-01-03", "ada"),
            ("n decreased in 2020-01-02 .. 2020-12-31", ""),
            ("status changed from churned to free in 2020-02-01 .. today", "ada"),
            ("not was (n < 0)", "ada"),
        ],
    )
    .await;
    let then = only(&server, json!({ "as_of": "2020-01-08T00:00:00Z", "filter": "n > 0" })).await;
    assert_eq!((&then["params"]["n"], &then["status"]), (&json!(10_080), &json!("paid")));
    assert_eq!(then["status_since"], "2020-01-07T22:40:00Z");
    assert_eq!(then["first_paid"], "2020-01-02T09:20:00Z");
}

/// Beyond 64 KiB the log keeps a value's type, size and hash, so that is what it was; the present has it whole.
#[tokio::test]
async fn a_change_of_a_megabyte_is_asked_like_any_other() {
    let server = TestServer::start().await;
    let wide: Vec<String> =
        (0..20_000).map(|n| format!("member number {n} of a long list of all of them")).collect();
    let call = |at: &str, params| json!({ "email": "ada@x.com", "timestamp": at, "params": params });
    server.identify(call("2026-01-01T00:00:00Z", json!({ "wide": wide, "plan": "a" }))).await;
    let long = "x".repeat(900_000);
    server.identify(call("2026-02-01T00:00:00Z", json!({ "long": long, "wide": null }))).await;
    server.identify(call("2026-03-01T00:00:00Z", json!({ "long": "short", "whole": long }))).await;
    find(
        &server,
        &[
            ("was (long exists) on 2026-01-31", ""),
            ("was (long exists and plan = a) on 2026-02-15", "ada"),
            ("was (long is object) on 2026-02-15", "ada"),
            ("was (long.type = string and long.bytes = 900002) on 2026-02-15", "ada"),
            ("was (wide.type = array) on 2026-01-15", "ada"),
            ("was (wide is null) on 2026-02-15", "ada"),
            ("was (whole starts with xxx) on 2026-03-15", "ada"),
            ("was (whole exists) on 2026-02-15", ""),
            ("long changed to short", "ada"),
            ("long changed from missing in 2026-02-01", "ada"),
            ("wide changed to null", "ada"),
        ],
    )
    .await;
    let then = only(&server, json!({ "as_of": "2026-02-15" })).await;
    assert_eq!(then["params"]["long"]["bytes"], 900_002);
    assert_eq!((&then["params"]["wide"], &then["params"]["plan"]), (&json!(null), &json!("a")));
    let now = only(&server, json!({ "as_of": "2026-03-15" })).await;
    assert_eq!(now["params"]["whole"].as_str().map(str::len), Some(900_000));
}
