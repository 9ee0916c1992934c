//! What is told late, as it happens in life: years of billing events in the wrong order, and a long history that is mended.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, civil::date, tz::TimeZone};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::{Map, Value, json};

use super::{
    Play,
    script::{Draft, Request, Step, When},
    telling::{Home, State},
};

const PEOPLE: usize = 6;
const MONTHS: i16 = 24;

/// A billing event: when, and the values that it says are so from then on.
type Event = (Timestamp, Map<String, Value>);

/// No value comes back, so that none of the events can pass for a repetition of another: then any order is right.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_years_of_billing_told_in_the_wrong_order_after_going_live() {
    let mut rng = StdRng::seed_from_u64(1);
    let histories: Vec<Vec<Event>> = (0..PEOPLE).map(|_| steady(&mut rng)).collect();
    let mut events = addressed(&histories);
    events.shuffle(&mut rng);
    check(&histories, events).await;
}

/// Values come back, as when somebody churns and returns. Newest first, no event meets what is before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_years_of_billing_told_backwards_after_going_live() {
    let mut rng = StdRng::seed_from_u64(2);
    let histories: Vec<Vec<Event>> = (0..PEOPLE).map(|_| fickle(&mut rng)).collect();
    let mut events = addressed(&histories);
    events.sort_by_key(|(_, (at, _))| std::cmp::Reverse(*at));
    check(&histories, events).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_changes_are_mended_in_the_middle() {
    let hour = |n: i64| "2024-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(n);
    let draft = |n: i64, mut body: Value| {
        body["email"] = json!("a@x.com");
        Draft { body, when: When::Fixed(hour(n)) }
    };
    let items = |from: i64| {
        let status = |n: i64| ["free", "trial", "paid", "churned"][(n / 250 % 4) as usize];
        let item = |n| draft(n, json!({ "params": { "n": n, "even": n % 2 == 0 }, "status": status(n) }));
        (from..from + 1000).map(item).collect()
    };
    let request = |items| Step::Batches(vec![Request { project: 0, import: true, items }]);
    let late = [
        draft(1000, json!({ "params": { "n": "late" }, "status": "paid" })),
        draft(999, json!({ "unset": ["even"], "set_once": { "plan": "pro" }, "name": "Ada" })),
        draft(600, json!({ "status": "trial", "params": {}, "replace": true })),
        draft(-1, json!({ "status": "paid", "add": { "even": 1 }, "set_once": { "n": 0 } })),
        draft(1999, json!({ "params": { "even": null }, "status": "churned" })),
        draft(1500, json!({ "increment": { "n": 1 }, "user_id": "u" })),
    ];
    let calls = late.iter().cloned().map(|draft| Step::Call(0, draft));
    let steps: Vec<Step> = [request(items(0)), request(items(1000))].into_iter().chain(calls).collect();
    let mut play = Play::open().await;
    play.must(&steps).await;
    let held = play.held().await;
    let home: Home = (0, "a@x.com".to_owned());
    let n = |at: i64| held.at(&home, hour(at)).get("params.n").cloned();
    assert_eq!([998, 1000, 1001].map(n), [json!(998), json!("late"), json!(1001)].map(Some));
    assert_eq!(n(-2), None);
    assert_eq!(play.telling.lives[&home].first_paid(), Some(hour(-1)));
}

/// Each is late for keys of its own, and only the first shows of whom the second speaks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_calls_of_one_date_are_each_judged_by_the_log() {
    let draft = |day: &str, body: Value| Draft { body, when: When::Fixed(day.parse().unwrap()) };
    let (old, new) = ("2025-01-01T00:00:00Z", "2025-12-31T00:00:00Z");
    for second in [json!({ "params": { "n": 2 } }), json!({ "params": {}, "replace": true })] {
        let mut second = draft(old, second);
        second.body["user_id"] = json!("u");
        let born = draft(new, json!({ "email": "a@x.com", "params": { "n": 1 } }));
        let items = vec![draft(old, json!({ "email": "a@x.com", "user_id": "u" })), second];
        let request = Request { project: 0, import: false, items };
        Play::open().await.must(&[Step::Call(0, born), Step::Batches(vec![request])]).await;
    }
}

/// Goes live with what is so now, tells the events in the order given, and holds the log against their true order.
async fn check(histories: &[Vec<Event>], events: Vec<(String, Event)>) {
    let live = histories.iter().enumerate().map(|(person, history)| {
        let now = truth(history, Timestamp::MAX);
        let mut body = json!({ "email": email(person), "status": now["status"], "params": {} });
        for (name, value) in
            now.iter().filter_map(|(name, value)| Some((name.strip_prefix("params.")?, value)))
        {
            body["params"][name] = value.clone();
        }
        Step::Call(0, Draft { body, when: When::Undated })
    });
    let draft = |(email, (at, mut said)): (String, Event)| {
        let status = said.remove("status");
        let body = json!({ "email": email, "status": status, "params": said });
        Draft { body, when: When::Fixed(at) }
    };
    let drafts: Vec<Draft> = events.into_iter().map(draft).collect();
    let told = drafts
        .chunks(7)
        .map(|items| Step::Batches(vec![Request { project: 0, import: false, items: items.to_vec() }]));
    let steps: Vec<Step> = live.chain(told).collect();
    let mut play = Play::open().await;
    play.must(&steps).await;
    let held = play.held().await;
    for (person, history) in histories.iter().enumerate() {
        let home: Home = (0, email(person));
        for month in 1..=MONTHS {
            let end = first(month) - SignedDuration::from_micros(1);
            let mut then = held.at(&home, end);
            then.remove("email");
            assert_eq!(then, truth(history, end), "{home:?} at {end}");
        }
        let row = play.server.row(play.projects[0].id, &home.1).await.unwrap();
        let instant = |name: &str| row[name].as_str().map(|text| text.parse::<Timestamp>().unwrap());
        let status = |event: &Event| event.1.get("status").cloned();
        let runs: Vec<(Timestamp, Value)> =
            history.iter().filter_map(|event| Some((event.0, status(event)?))).collect();
        let paid = runs.iter().find(|(_, status)| status == "paid").map(|(at, _)| *at);
        assert_eq!(instant("status_since"), runs.last().map(|(at, _)| *at), "{home:?}");
        assert_eq!(instant("first_paid"), paid, "{home:?}");
        let mut now: State = BTreeMap::from([("status".to_owned(), row["status"].clone())]);
        let params = row["params"].as_object().unwrap();
        now.extend(params.iter().map(|(key, value)| (format!("params.{key}"), value.clone())));
        assert_eq!(now, truth(history, Timestamp::MAX), "{home:?}");
    }
}

/// What the events up to an instant say, in their true order.
fn truth(history: &[Event], at: Timestamp) -> State {
    let said = history.iter().filter(|event| event.0 <= at).flat_map(|(_, said)| said);
    let named = |name: &String| if name == "status" { name.clone() } else { format!("params.{name}") };
    said.map(|(name, value)| (named(name), value.clone())).collect()
}

fn addressed(histories: &[Vec<Event>]) -> Vec<(String, Event)> {
    let of = |(person, history): (usize, &Vec<Event>)| {
        history.iter().map(move |event| (email(person), event.clone())).collect::<Vec<_>>()
    };
    histories.iter().enumerate().flat_map(of).collect()
}

fn email(person: usize) -> String {
    format!("p{person}@x.com")
}

/// The first instant of a month, counted from January 2024.
fn first(month: i16) -> Timestamp {
    let day = date(2024 + month / 12, (month % 12 + 1) as i8, 1);
    day.to_zoned(TimeZone::UTC).unwrap().timestamp()
}

/// Each status, plan and sum once.
fn steady(rng: &mut StdRng) -> Vec<Event> {
    let (trial, paid, churned) = (rng.random_range(1..4), rng.random_range(4..12), rng.random_range(12..30));
    let event = |month: i16| {
        let mut said = Map::from_iter([("mrr".to_owned(), json!(i32::from(month) * 10 + 9))]);
        if month % 5 == 0 {
            said.insert("plan".to_owned(), json!(format!("plan {month}")));
        }
        for (when, status) in [(0, "free"), (trial, "trial"), (paid, "paid"), (churned, "churned")] {
            if when == month {
                said.insert("status".to_owned(), json!(status));
            }
        }
        (some_time(rng, month), said)
    };
    (0..MONTHS).map(event).collect()
}

/// All of it comes and goes; what an event says differs from what was so before it.
fn fickle(rng: &mut StdRng) -> Vec<Event> {
    let mut was: BTreeMap<&str, usize> = BTreeMap::new();
    let names: [(&str, [Value; 4]); 3] = [
        ("status", ["free", "trial", "paid", "churned"].map(Value::from)),
        ("plan", [json!("free"), json!("pro"), json!("team"), Value::Null]),
        ("mrr", [json!(0), json!(29), json!(99), json!(29.5)]),
    ];
    let event = |month: i16| {
        let mut said = Map::new();
        for (name, values) in &names {
            let other = rng.random_range(0..4);
            if was.get(name) != Some(&other) && (month == 0 || rng.random_bool(0.7)) {
                was.insert(name, other);
                said.insert((*name).to_owned(), values[other].clone());
            }
        }
        (some_time(rng, month), said)
    };
    (0..MONTHS).map(event).collect()
}

fn some_time(rng: &mut StdRng, month: i16) -> Timestamp {
    first(month) + SignedDuration::from_mins(rng.random_range(0..27 * 24 * 60))
}
