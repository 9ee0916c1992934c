//! What is told of a time of which only the end is known any more.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Play,
    script::{Draft, Request, Step, When},
    telling::Life,
};

/// Day `n` of a month that is pruned later.
fn day(n: u32) -> Timestamp {
    format!("2024-03-{n:02}T00:00:00Z").parse().unwrap()
}

fn draft(n: u32, mut body: Value) -> Draft {
    body["email"] = json!("a@x.com");
    Draft { body, when: When::Fixed(day(n)) }
}

/// Tells some things, prunes up to day 20, tells one more; returns what then is so.
async fn pruned_between(before: Vec<Draft>, after: Draft) -> Life {
    let items = Request { project: 0, import: false, items: before };
    let steps = [Step::Batches(vec![items]), Step::Prune(day(20)), Step::Call(0, after)];
    let mut play = Play::open().await;
    play.must(&steps).await;
    play.telling.lives.into_values().next().unwrap()
}

/// Of two statuses at one microsecond the later commit wins, and the other never held: nor was it paid. What the status was
/// before is not known any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_told_of_the_very_moment_that_pruning_has_left() {
    let before = vec![draft(1, json!({ "status": "free" })), draft(5, json!({ "status": "paid" }))];
    let life = pruned_between(before, draft(5, json!({ "status": "free" }))).await;
    assert_eq!((life.now("status"), life.first_paid()), (Some(&json!("free")), None));
    assert_eq!(life.status_since(), Some(day(5)));
}

/// It was told last on day 5, though it has been so since day 1: of day 3 it is too late to tell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_went_away_and_came_back_within_a_microsecond() {
    let plan = |n, plan: &str| draft(n, json!({ "params": { "plan": plan } }));
    let before = vec![plan(1, "a"), plan(5, "b"), plan(5, "a")];
    let life = pruned_between(before, draft(3, json!({ "unset": ["plan"] }))).await;
    assert_eq!(life.now("params.plan"), Some(&json!("a")));
}

/// The same after late data: paid since day 3 and told so of day 5, so what was on day 4 does not matter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_was_told_again_later() {
    let paid = |n| draft(n, json!({ "status": "paid" }));
    let before = vec![draft(1, json!({ "status": "trial" })), paid(5), paid(3)];
    let life = pruned_between(before, draft(4, json!({ "status": "churned" }))).await;
    assert_eq!((life.now("status"), life.status_since()), (Some(&json!("paid")), Some(day(3))));
}
