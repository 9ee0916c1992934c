//! A database that may lose what it has acknowledged is refused.

use server::store::{
    Store,
    settings::{Warning, check},
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
