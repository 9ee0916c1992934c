//! Many accounts in one database: each costs what happens in it.

use std::time::Duration;

use serde_json::{Value, json};
use server::{
    http::App,
    router,
    store::{AccountId, Store, index, sweep},
};
use tokio::time::{Instant, sleep, timeout};

use crate::support::server::{TestServer, request, send, settings};

/// How long another process may be behind.
const LATE: Duration = Duration::from_secs(1);
/// How many accounts a process loads before anybody asks.
const AT_START: u64 = 16;
/// How long an index is kept that nobody asks, when others need the room.
const IDLE: Duration = Duration::from_secs(10);

/// An account with customers, and its key.
async fn account(server: &TestServer, customers: usize) -> (AccountId, String) {
    let (account, key) = server.another_account().await;
    let person = |n: usize| json!({ "email": format!("c{n}@x.com"), "params": { "n": n, "text": format!("{n} of {account} ").repeat(20) } });
    let people: Vec<Value> = (0..customers).map(person).collect();
    server.call(&key, "POST", "/v1/batch", json!(people).to_string()).await.expect(200);
    (account, key)
}

/// Another process on the same database, with so much memory for its indexes.
fn process(server: &TestServer, memory: u64) -> (Store, axum::Router) {
    let store = server.db.store();
    store.keep_index(memory);
    (store.clone(), router::router(App::new(store, settings())))
}

/// One with room for all, that has loaded these.
async fn process_with(
    server: &TestServer,
    accounts: impl IntoIterator<Item = AccountId>,
) -> (Store, axum::Router) {
    let (store, router) = process(server, 1 << 30);
    for account in accounts {
        assert!(store.index_ready(account).await);
    }
    (store, router)
}

/// How many customers an account has, and what says so.
async fn count(router: &axum::Router, key: &str) -> (u64, String) {
    let body = json!({ "filter": "params.n >= 0", "select": ["count"] }).to_string();
    let request = request("POST", "/v1/query").header("authorization", format!("Bearer {key}"));
    let answer = send(router, request.body(body.into()).unwrap()).await.expect(200);
    (answer["relationships"].as_u64().unwrap(), answer["engine"].as_str().unwrap().to_owned())
}

async fn until(late: Duration, what: &str, is_so: impl Fn() -> bool) {
    let waits = async {
        while !is_so() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(late, waits).await.unwrap_or_else(|_| panic!("{what}"));
}

#[tokio::test]
async fn an_account_is_loaded_when_it_is_first_asked() {
    let server = TestServer::start().await;
    let mut accounts = Vec::new();
    for _ in 0..=AT_START {
        accounts.push(account(&server, 2).await);
    }
    let (store, router) = process(&server, 1 << 30);
    until(LATE * 5, "ready without all", || store.index_facts().started).await;
    // The first one and those that were written to last: the oldest of the others is not.
    assert_eq!(store.index_facts().ready, AT_START);
    let (oldest, key) = &accounts[0];
    assert_eq!(store.index_facts().ready + store.index_facts().loading, AT_START);
    assert_eq!(count(&router, key).await.0, 2, "whoever is there first answers");
    assert!(store.index_ready(*oldest).await);
    assert_eq!(count(&router, key).await, (2, "index".to_owned()));
    assert_eq!(store.index_facts().ready, AT_START + 1);
}

/// Every write is one of another account, and the index of each is where the database is.
#[tokio::test]
async fn who_moves_is_seen_whoever_wrote() {
    let server = TestServer::start().await;
    let mut accounts = Vec::new();
    for _ in 0..5 {
        accounts.push(account(&server, 1).await);
    }
    let (store, router) = process_with(&server, accounts.iter().map(|(account, _)| *account)).await;
    for round in 2..6 {
        for (_, key) in &accounts {
            let body = json!({ "email": format!("new{round}@x.com"), "params": { "n": round } }).to_string();
            server.call(key, "POST", "/v1/identify", body).await.expect(200);
        }
        for (account, key) in &accounts {
            let at = version(&server, *account).await;
            until(LATE, "followed", || store.index_version(*account) >= Some(at)).await;
            assert_eq!(count(&router, key).await, (round, "index".to_owned()));
        }
    }
}

async fn version(server: &TestServer, account: AccountId) -> i64 {
    let sql = "select version from clock where account_id = $1::text::uuid";
    server.db.client().await.query_one(sql, &[&account.to_string()]).await.unwrap().get(0)
}

/// Transactions end in another order than they began, and one that has nothing to do with it stays open: looks go by, and what
/// was under way in one is found by a later one.
#[tokio::test]
async fn what_is_committed_late_is_not_missed() {
    let server = TestServer::start().await;
    let (slow, slow_key) = account(&server, 1).await;
    let (quick, quick_key) = account(&server, 1).await;
    let (store, router) = process_with(&server, [slow, quick]).await;
    let forever = server.db.client().await;
    forever.batch_execute("begin; create table unrelated (n int)").await.unwrap();
    // Several times: the clocks, which are read now and then, would find one.
    for round in 0..4 {
        let writer = under_way(&server, slow).await;
        for n in 0..5 {
            let body = json!({ "email": format!("q{round}{n}@x.com"), "params": { "n": n } }).to_string();
            server.call(&quick_key, "POST", "/v1/identify", body).await.expect(200);
            let at = version(&server, quick).await;
            until(LATE, "the quick one is followed", || store.index_version(quick) >= Some(at)).await;
        }
        let before = version(&server, slow).await;
        assert_eq!(store.index_version(slow), Some(before), "not committed");
        writer.batch_execute("commit").await.unwrap();
        until(LATE, "the slow one is followed", || store.index_version(slow) == Some(before + 1)).await;
    }
    assert_eq!(count(&router, &slow_key).await, (0, "index".to_owned()));
    forever.batch_execute("rollback").await.unwrap();
}

/// A transaction that has written the only relationship of an account, and is not committed.
async fn under_way(server: &TestServer, account: AccountId) -> tokio_postgres::Client {
    let (writer, id) = (server.db.client().await, account.to_string());
    writer.batch_execute("begin").await.unwrap();
    for sql in [
        "update clock set version = version + 1 where account_id = $1::text::uuid",
        "update relationship set params = '{\"n\": -1}' where account_id = $1::text::uuid",
        "insert into feed (account_id, version, at, touched_projects, touched_customers, removed_projects, removed_customers)
         select r.account_id, c.version, now(), array[r.project_id], array[r.customer_id], '{}', '{}'
         from clock c join relationship r using (account_id) where c.account_id = $1::text::uuid",
    ] {
        assert_eq!(writer.execute(sql, &[&id]).await.unwrap(), 1);
    }
    writer
}

/// What no reader can follow is left to the database, and nobody else waits for it.
#[tokio::test]
async fn an_account_that_cannot_be_read_holds_up_no_other() {
    let server = TestServer::start().await;
    let (odd, odd_key) = account(&server, 1).await;
    let (other, other_key) = account(&server, 1).await;
    let (store, router) = process_with(&server, [odd, other]).await;
    let telling = tokio::spawn(index::follower::forever(store.clone()));
    while server.count("follower").await == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    // Nested deeper than JSON is read: no call of ours lets it in.
    let deep = format!("{}1{}", "{\"n\":".repeat(200), "}".repeat(200));
    let sql = "update relationship set params = $2::text::jsonb where account_id = $1::text::uuid";
    let writer = under_way(&server, odd).await;
    writer.execute(sql, &[&odd.to_string(), &deep]).await.unwrap();
    writer.batch_execute("commit").await.unwrap();
    until(LATE, "it is left to the database", || store.index_version(odd).is_none()).await;
    assert_eq!(count(&router, &odd_key).await, (0, "sql".to_owned()));
    for n in 0..3 {
        let body = json!({ "email": "c0@x.com", "params": { "n": n } }).to_string();
        server.call(&other_key, "POST", "/v1/identify", body).await.expect(200);
        assert!(server.app.store.followed(other).await.unwrap(), "held up");
        assert_eq!(store.index_version(other), Some(version(&server, other).await));
    }
    // It is soon given up, so that a server that starts is not held up either.
    until(LATE * 10, "given up", || store.index_facts().outside == 1).await;
    let (late, _) = process(&server, 1 << 30);
    until(LATE * 10, "ready all the same", || late.index_facts().started).await;
    assert_eq!((late.index_facts().ready, late.index_facts().outside), (2, 1));
    telling.abort();
}

/// What was asked longest ago makes room; what is asked now does not, whoever comes.
#[tokio::test]
async fn what_nobody_asks_makes_room() {
    let server = TestServer::start().await;
    let mut accounts = Vec::new();
    for _ in 0..5 {
        accounts.push(account(&server, 400).await);
    }
    let (all, _) = process(&server, 1 << 30);
    for (account, _) in &accounts {
        assert!(all.index_remembers(*account).await);
    }
    until(LATE, "weighed", || all.index_facts().rows == 2_000).await;
    let one = all.index_facts().bytes / 5;
    // Room for three and a half; nothing is loaded at the start that does not fit.
    let (store, router) = process(&server, one * 7 / 2);
    until(LATE * 10, "started", || store.index_facts().started).await;
    let at_first: Vec<bool> =
        accounts.iter().map(|(account, _)| store.index_version(*account).is_some()).collect();
    assert_eq!(at_first.iter().filter(|ready| **ready).count(), 3, "{at_first:?}");
    let begin = Instant::now();
    let (kept, lost) = (
        at_first.iter().rposition(|ready| *ready).unwrap(),
        at_first.iter().position(|ready| *ready).unwrap(),
    );
    while begin.elapsed() < IDLE + LATE {
        assert_eq!(count(&router, &accounts[kept].1).await, (400, "index".to_owned()));
        sleep(Duration::from_millis(200)).await;
    }
    let (late, key) = account(&server, 400).await;
    assert!(store.index_ready(late).await, "others made room");
    assert_eq!(count(&router, &key).await, (400, "index".to_owned()));
    assert_eq!(
        count(&router, &accounts[kept].1).await,
        (400, "index".to_owned()),
        "it was asked all the time"
    );
    assert!(store.index_facts().bytes <= one * 7 / 2);
    // The answer is the same, whether or not there was room for it.
    assert_eq!(count(&router, &accounts[lost].1).await.0, 400);
}

#[tokio::test]
async fn what_has_had_its_time_goes_of_many_accounts_at_once_and_of_no_other() {
    let server = TestServer::start().await;
    let (first, second, other) =
        (account(&server, 2).await, account(&server, 2).await, account(&server, 2).await);
    let router = router::router(server.app.clone());
    let kept = async |of: &AccountId| -> i64 {
        let sql = "select (select count(*) from feed where account_id = $1::text::uuid)
                        + (select count(*) from idempotency where account_id = $1::text::uuid)";
        server.db.client().await.query_one(sql, &[&of.to_string()]).await.unwrap().get(0)
    };
    for (_, key) in [&first, &second, &other] {
        let call = request("POST", "/v1/identify")
            .header("authorization", format!("Bearer {key}"))
            .header("idempotency-key", "once");
        let body = json!({ "email": "c0@x.com" }).to_string();
        send(&router, call.body(body.into()).unwrap()).await.expect(200);
    }
    let of_each = kept(&first.0).await;
    assert!(of_each >= 3, "a batch and a call in the feed, and an answer");
    let (store, now) = (&server.app.store, server::model::now());
    sweep::expired(store, &[first.0, second.0], now).await.unwrap();
    assert_eq!(kept(&second.0).await, of_each, "a day has not passed yet");
    let tomorrow = now + jiff::SignedDuration::from_hours(25);
    sweep::expired(store, &[first.0, second.0], tomorrow).await.unwrap();
    assert_eq!((kept(&first.0).await, kept(&second.0).await), (0, 0));
    assert_eq!(kept(&other.0).await, of_each);
}
