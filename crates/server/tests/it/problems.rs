//! Errors that no single call is about: a wrong method, a body that stalls, a query that is cut off, a fault of ours.

use std::time::Duration;

use axum::body::Body;
use serde_json::json;

use crate::support::server::{TestServer, request};

#[tokio::test]
async fn an_address_says_which_methods_it_takes() {
    let server = TestServer::start().await;
    let answer = server.get("/v1/identify").await;
    assert_eq!(answer.expect(405)["code"], "method_not_allowed");
    assert_eq!(answer.headers["allow"], "POST");
}

#[tokio::test]
async fn a_query_that_is_cut_off_says_so() {
    let server = TestServer::start().await;
    let mut client = server.db.client().await;
    let tx = client.transaction().await.unwrap();
    tx.batch_execute("lock table relationship in access exclusive mode").await.unwrap();
    // What the time limit does after 30 seconds, done at once.
    let cut_off = async {
        let waiting = "select count(pg_cancel_backend(pid)) from pg_stat_activity
                       where datname = current_database() and wait_event_type = 'Lock'";
        while tx.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let (answer, ()) = tokio::join!(server.get("/v1/query?filter=plan%20%3D%20pro"), cut_off);
    assert_eq!(answer.json()["code"], "query_too_slow", "{}", answer.text());
}

#[tokio::test]
async fn a_fault_of_ours_tells_its_number_and_nothing_of_the_inside() {
    let server = TestServer::start().await;
    server.db.client().await.batch_execute("alter table relationship drop column params").await.unwrap();
    let answer = server.post("/v1/identify", json!({ "email": "ada@example.com" })).await;
    let problem = answer.expect(500);
    assert_eq!(problem["code"], "internal");
    assert_eq!(problem["request_id"], answer.headers["x-request-id"].to_str().unwrap());
    assert!(!answer.text().contains("column"), "{}", answer.text());
}

#[tokio::test]
async fn an_address_that_is_not_there_says_so() {
    let server = TestServer::start().await;
    let answer = server.send(request("GET", "/v1/nothing").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.expect(404)["code"], "not_found");
}
