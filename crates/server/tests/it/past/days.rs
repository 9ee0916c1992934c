//! Days of which clocks show an hour twice or not at all, and a zone that becomes another one in the middle.

use jiff::civil::Date;
use serde_json::json;
use server::store;

use super::{find, only, people};
use crate::support::server::TestServer;

async fn in_zone(zone: &str) -> TestServer {
    let server = TestServer::start().await;
    store::set_zone(&server.app.store, server.account, zone).await.unwrap();
    server
}

async fn plan(server: &TestServer, email: &str, at: &str, plan: &str) {
    server.identify(json!({ "email": email, "timestamp": at, "params": { "plan": plan } })).await;
}

/// São Paulo's clocks went from the end of 3 November 2018 to 01:00 of the 4th, Havana's showed the first hour of 2 November
/// 2025 twice, St John's went from 00:01 of 29 October 2006 back to 23:01 of the 28th, Berlin's 29 March 2026 had 23 hours.
#[tokio::test]
async fn a_day_ends_where_the_next_begins_whatever_clocks_show() {
    for (zone, day, last, next) in [
        ("America/Sao_Paulo", "2018-11-03", "2018-11-04T02:59:59.999999Z", "2018-11-04T03:00:00Z"),
        ("America/Havana", "2025-11-01", "2025-11-02T03:59:59.999999Z", "2025-11-02T04:00:00Z"),
        ("America/Havana", "2025-11-02", "2025-11-03T04:59:59.999999Z", "2025-11-03T05:00:00Z"),
        ("America/St_Johns", "2006-10-28", "2006-10-29T02:29:59.999999Z", "2006-10-29T02:45:00Z"),
        ("Europe/Berlin", "2026-03-28", "2026-03-28T22:59:59.999999Z", "2026-03-28T23:00:00Z"),
        ("Europe/Berlin", "2026-03-29", "2026-03-29T21:59:59.999999Z", "2026-03-29T22:00:00Z"),
    ] {
        let server = in_zone(zone).await;
        let tomorrow = day.parse::<Date>().unwrap().tomorrow().unwrap();
        plan(&server, "ada@x.com", last, "last").await;
        plan(&server, "ada@x.com", next, "next").await;
        plan(&server, "bob@x.com", next, "next").await;
        let then = only(&server, json!({ "as_of": day })).await;
        assert_eq!(
            (&then["params"]["plan"], &then["last_activity"]),
            (&json!("last"), &json!(last)),
            "{zone} {day}"
        );
        let filters = [
            (format!("was (plan = last) on {day}"), "ada"),
            (format!("was (plan = next) on {day}"), ""),
            (format!("was (plan = next) on {next}"), "ada bob"),
            (format!("was (plan = next) in {day}"), ""),
            (format!("plan changed to next in {day}"), ""),
            (format!("plan changed to next in {day} .. {next}"), "ada"),
            (format!("seen in {day}"), "ada"),
            (format!("seen at least 2 days in {day} .. {tomorrow}"), "ada"),
            (format!("seen in {tomorrow}"), "ada bob"),
            (format!("was (last_activity in {day}) on {day}"), "ada"),
            (format!("was (seen in {day}) on {day}"), "ada"),
        ];
        let filters: Vec<(&str, &str)> =
            filters.iter().map(|(filter, found)| (filter.as_str(), *found)).collect();
        find(&server, &filters).await;
    }
}

/// A day stays what it was when it was written; where it ends, the zone of now says. Moments do not care.
#[tokio::test]
async fn days_that_were_written_stay_when_the_zone_becomes_another() {
    let server = TestServer::start().await;
    // In Kathmandu it is the next day already.
    plan(&server, "ada@x.com", "2026-03-01T20:00:00Z", "a").await;
    store::set_zone(&server.app.store, server.account, "Asia/Kathmandu").await.unwrap();
    plan(&server, "ada@x.com", "2026-03-03T20:00:00Z", "b").await;
    find(
        &server,
        &[
            ("seen in 2026-03-01", "ada"),
            ("seen in 2026-03-02", ""),
            ("seen in 2026-03-03", ""),
            ("seen in 2026-03-04", "ada"),
            ("was (plan = a) on 2026-03-01", ""),
            ("was (plan = a) on 2026-03-02", "ada"),
            ("was (plan = b) on 2026-03-03", ""),
            ("plan changed to b in 2026-03-04", "ada"),
        ],
    )
    .await;
    // The last activity has been since: what is known of it is the end of the last day before.
    let then = only(&server, json!({ "as_of": "2026-03-03" })).await;
    assert_eq!(then["last_activity"], "2026-03-01T18:14:59.999999Z");
    assert_eq!(
        people(&server, json!({ "as_of": "2026-03-01" })).await,
        [""; 0],
        "she came on the 2nd, in Kathmandu"
    );
}
