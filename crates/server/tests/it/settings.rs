//! A database that may lose what it has acknowledged is refused.

use std::time::Duration;

use futures_util::future::join_all;
use server::{
    model::now,
    store::{
        self, Store, View,
        query::{self, Engine, Query},
        settings::{self, Warning, check},
    },
};

use crate::support::postgres::TestDb;

#[tokio::test]
async fn a_durable_database_is_taken_and_a_superuser_is_warned_about() {
    let db = TestDb::empty().await;
    assert_eq!(check(&db.store(), true, false).await.unwrap(), []);
    assert_eq!(check(&db.store(), false, false).await.unwrap(), [Warning::Superuser("postgres".to_owned())]);
}

#[tokio::test]
async fn a_database_that_may_forget_is_refused_unless_that_is_meant() {
    let db = TestDb::empty().await;
    let forgetful = Store::open(db.config().options("-c synchronous_commit=off").clone(), 1).unwrap();
    let error = check(&forgetful, true, false).await.expect_err("it may lose writes").to_string();
    assert!(error.contains("synchronous_commit off"), "{error}");
    assert!(error.contains("--allow-unsafe-postgres"), "{error}");
    let allowed = check(&forgetful, true, true).await.unwrap();
    assert_eq!(allowed, [Warning::Unsafe(vec!["synchronous_commit".to_owned()])]);
}

#[tokio::test]
async fn every_test_has_a_database_of_its_own_with_the_whole_schema() {
    let (one, two) = (TestDb::migrated().await, TestDb::migrated().await);
    one.client().await.batch_execute("create table mine ()").await.unwrap();
    let count = "select count(*) from pg_tables where tablename in ('mine', 'relationship')";
    let tables = async |db: &TestDb| -> i64 { db.client().await.query_one(count, &[]).await.unwrap().get(0) };
    assert_eq!((tables(&one).await, tables(&two).await), (2, 1));
}

/// A role of the test's own that may have so many connections, and a database as it sees it.
async fn limited(db: &TestDb, connections: usize) -> tokio_postgres::Config {
    let mut config = db.config();
    let role = format!("limited_{}", config.get_dbname().unwrap());
    let sql = format!(
        "create role {role} login connection limit {connections}; grant all on schema public to {role};
         grant all on all tables in schema public to {role}"
    );
    db.client().await.batch_execute(&sql).await.unwrap();
    config.user(&role);
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_with_few_connections_gets_a_pool_that_fits() {
    let db = TestDb::migrated().await;
    let roomy = settings::pool(&db.store(), 8).await.unwrap();
    assert_eq!(roomy, (8, None));
    let config = limited(&db, 10).await;
    let (pool, fewer) = settings::pool(&Store::open(config.clone(), 1).unwrap(), 16).await.unwrap();
    // Three, three for the index, two to see that it answers, two for commands.
    assert_eq!((pool, fewer), (3, Some(Warning::Connections { allowed: 10, pool: 3 })));
    let store = Store::open(config, pool).unwrap();
    let account = store::open_account(&store, "Test", now()).await.unwrap();
    store.keep_index(1 << 30);
    let asked = (0..200).map(|n| {
        let (store, view) = (store.clone(), View::account(account));
        let engine = [None, Some(Engine::Sql)][n % 2];
        tokio::spawn(async move { query::run(&store, &view, &Query { engine, ..Query::default() }).await })
    });
    for answer in join_all(asked).await {
        answer.unwrap().expect("there are connections enough for everybody");
    }
}

#[tokio::test]
async fn a_database_without_a_connection_for_the_pulse_is_not_silent() {
    let db = TestDb::migrated().await;
    let store = Store::open(limited(&db, 1).await, 1).unwrap();
    store.ping().await.unwrap();
    let patience = Duration::from_millis(200);
    store.keep_pulse(patience);
    for _ in 0..10 {
        tokio::time::sleep(patience).await;
        store.ping().await.expect("its only connection is not cut");
    }
}
