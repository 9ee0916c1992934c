//! What stands beside each other on a page: each question has its own answer, in the time that the page has.

use std::time::{Duration, Instant};

use server::store::{
    View,
    query::{Engine, Error, Fallback, Query, Series, Together, beside, run_with, together},
};

use crate::support::server::TestServer;
use filter::calendar::Unit;
use index::{Part, Question};
use serde_json::json;

fn count(filter: &str) -> Query {
    let question = Question { select: vec![Part::Count], ..Question::default() };
    Query { filter: filter.to_owned(), question, ..Query::default() }
}

fn week() -> Series {
    Series {
        filter: String::new(),
        rows: server::store::Rows::Live,
        aggregates: Vec::new(),
        step: Unit::Day,
        period: Some("last 7 days".to_owned()),
        by: None,
        limit: 0,
        listed: None,
        min_version: 0,
        engine: None,
    }
}

async fn ask(server: &TestServer, queries: &[Query], series: &[Series], patience: Duration) -> Together {
    together(&server.app.store, &View::account(server.account), queries, series, patience).await.unwrap()
}

/// What the index does not know of the past, Postgres is asked, and that alone.
#[tokio::test]
async fn a_question_of_the_past_that_memory_does_not_know_spoils_no_other() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "a@x.com", "status": "paid" })).await;
    server.index_remembers().await;
    let days = "was (last_activity > 2026-01-01) in 2026-01-01 .. 2026-01-31";
    let told =
        ask(&server, &[count(""), count(days), count("nope(")], &[week()], Duration::from_secs(30)).await;
    let [all, past, wrong] = &told.answers[..] else { panic!("{told:?}") };
    let all = all.as_ref().unwrap();
    assert_eq!((all.engine, all.count.unwrap().customers), (Engine::Index, 1));
    let past = past.as_ref().unwrap();
    assert_eq!(
        (past.engine, past.fallback, past.count.unwrap().customers),
        (Engine::Sql, Some(Fallback::Past), 0)
    );
    assert!(matches!(wrong, Err(Error::Filter(_))), "{wrong:?}");
    assert_eq!(told.series[0].as_ref().unwrap().engine, Engine::Index);
}

/// Postgres is told how much time is left: nothing that nobody waits for goes on there.
#[tokio::test]
async fn the_patience_of_a_page_holds_within_postgres() {
    let server = TestServer::without_index().await;
    server.identify(json!({ "email": "a@x.com" })).await;
    while server.app.store.index_ready(server.account).await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let locker = server.db.client().await;
    locker.batch_execute("begin; lock table relationship").await.unwrap();
    let begin = Instant::now();
    let told = ask(&server, &[count(""), count("status = paid")], &[], Duration::from_millis(500)).await;
    assert!(begin.elapsed() < Duration::from_secs(10), "it took {:?}", begin.elapsed());
    assert!(told.answers.iter().all(|answer| matches!(answer, Err(Error::TooSlow))), "{told:?}");
    let waiting = "select count(*) from pg_locks where relation = 'relationship'::regclass and not granted";
    let begin = Instant::now();
    while locker.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) > 0 {
        assert!(begin.elapsed() < Duration::from_secs(10), "it still goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    locker.batch_execute("rollback").await.unwrap();
    let told = ask(&server, &[count("")], &[], Duration::from_secs(30)).await;
    assert_eq!(told.answers[0].as_ref().unwrap().count.unwrap().customers, 1, "the connections still serve");
}

/// What else stands on a page is of the version of its first answer, whatever has been written since.
#[tokio::test]
async fn what_stands_beside_an_answer_is_of_its_version() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "a@x.com", "status": "paid" })).await;
    server.index_ready().await;
    let (store, view) = (&server.app.store, View::account(server.account));
    let (answer, _, held) = run_with(store, &view, &count(""), &[]).await.unwrap();
    server.identify(json!({ "email": "b@x.com", "status": "paid" })).await;
    let queries = [count("status = paid"), count("")];
    let told = beside(store, &view, &queries, &held, Duration::from_secs(30)).await.unwrap();
    for told in told {
        let told = told.unwrap();
        assert_eq!((told.version, told.count), (answer.version, answer.count));
    }
    let now = ask(&server, &queries, &[], Duration::from_secs(30)).await;
    assert_eq!(now.answers[0].as_ref().unwrap().count.unwrap().customers, 2);
}
