//! What a write does in this process, without HTTP and Postgres, for `bench/guard` to count its instructions: a body is read, its
//! call merged into the row, and the change entered into the log. `bench/engine.rs` takes rows into the index.

#![allow(clippy::print_stdout, reason = "names are the program's answer")]

mod counted;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use server::model::{
    Call, Identify, Log, Relationship,
    body::{self, Terms},
    json as bodies,
    merge::{Address, Context, merge},
};

/// Calls of a batch.
const BATCH: usize = 1_000;

fn main() {
    let (new, known) = (bodies_of(somebody), bodies_of(upgrade));
    let (same, late, sets) = (bodies_of(login), bodies_of(late), bodies_of(tags));
    let store = Store::of(&new, day(100));
    let begun = (0..BATCH).map(|_| Store::unborn()).collect::<Vec<_>>();
    counted::count("new customers", || written(&begun, &new, day(100)));
    counted::count("known customers who upgrade", || written(&store, &known, day(200)));
    counted::count("calls that alter nothing", || written(&store, &same, day(200)));
    counted::count("calls about the past", || written(&store, &late, day(200)));
    counted::count("counters and sets", || written(&store, &sets, day(200)));
}

/// A relationship as the store has it.
#[derive(Clone)]
struct Store {
    row: Relationship,
    log: Log,
}

impl Store {
    /// Nobody yet.
    fn unborn() -> Store {
        Store { row: Relationship::new(day(100)), log: Log::default() }
    }

    /// Those of whom these bodies tell.
    fn of(bodies: &[String], now: Timestamp) -> Vec<Store> {
        let write = |body: &String| {
            let mut store = Store::unborn();
            store.write(&call(body, now), now);
            store
        };
        bodies.iter().map(write).collect()
    }

    fn write(&mut self, call: &Identify, now: Timestamp) {
        let context = Context {
            log: &self.log,
            created: self.log.standing(None).is_none(),
            publishable: false,
            date: call.date(now),
            horizon: None,
            address: &Address::default(),
            alias: false,
            size: None,
        };
        let merged = merge(&mut self.row, call, context).unwrap_or_else(|refusal| panic!("{refusal:?}"));
        self.log.enter(&merged.change);
    }
}

/// The rows after a call to each of them.
fn written(store: &[Store], bodies: &[String], now: Timestamp) -> Vec<Relationship> {
    let write = |(store, body): (&Store, &String)| {
        let mut store = store.clone();
        store.write(&call(body, now), now);
        store.row
    };
    store.iter().zip(bodies).map(write).collect()
}

fn call(body: &str, now: Timestamp) -> Identify {
    let terms = Terms { now, publishable: false, live: true };
    let raw = bodies::raw(body.as_bytes()).unwrap_or_else(|refusal| panic!("{refusal:?}"));
    match body::identify(raw, terms) {
        Ok(Call::Identify(call)) => *call,
        other => panic!("{body}: {other:?}"),
    }
}

/// A day of the calendar that these rows live by.
fn day(day: i64) -> Timestamp {
    "2026-01-01T00:00:00Z".parse::<Timestamp>().expect("a timestamp") + SignedDuration::from_hours(24 * day)
}

fn bodies_of(tell: impl Fn(usize) -> Value) -> Vec<String> {
    let body = |n: usize| {
        let mut body = tell(n);
        body["email"] = json!(format!("customer{n}@{}.example.com", n % 97));
        body.to_string()
    };
    (0..BATCH).map(body).collect()
}

fn somebody(n: usize) -> Value {
    json!({
        "user_id": format!("u_{n}"), "name": format!("Name{} Family{}", n % 89, n % 83), "status": "trial",
        "params": {
            "plan": "free", "mrr": 0, "source": format!("source{}", n % 12), "role": "owner", "beta": n.is_multiple_of(2),
            "score": n as f64 / 100.0, "seats": n % 20, "locale": "en", "billing_cycle": "monthly", "logins": 1,
            "company": { "name": format!("Company {}", n % 71), "country": format!("C{}", n % 40) },
            "tags": [format!("t{}", n % 20), format!("t{}", n % 7)],
        },
    })
}

fn upgrade(n: usize) -> Value {
    json!({ "status": "paid", "params": { "plan": "pro", "mrr": 19 + n % 30, "seats": 5 } })
}

fn login(n: usize) -> Value {
    json!({ "name": format!("Name{} Family{}", n % 89, n % 83), "params": { "plan": "free", "role": "owner" } })
}

fn late(n: usize) -> Value {
    json!({ "timestamp": day(50).to_string(), "params": { "plan": "beta", "seats": n % 3 } })
}

fn tags(n: usize) -> Value {
    json!({ "increment": { "logins": 1 }, "add": { "tags": [format!("t{}", n % 11), "vip"] } })
}
