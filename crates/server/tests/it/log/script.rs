//! Random sequences of what may happen to an account, as data: so that one which fails can be made short.

use jiff::{SignedDuration, Timestamp};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Map, Value, json};

/// One thing that happens.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A call of its own.
    Call(usize, Draft),
    /// Requests of several calls that are sent at once.
    Batches(Vec<Request>),
    /// A project forgets a customer.
    Delete(usize, String),
    /// Everybody does.
    Erase(String),
    /// A person moves to another e-mail in every project.
    Move(String, String),
    /// Two people become one; perhaps they are parted at once.
    Merge(String, String, bool),
    /// The merge of an address is undone, if that is possible.
    Undo(String),
    /// Somebody sets the past right.
    Correct(usize, String, Value),
    /// The days begin elsewhere.
    Zone(&'static str),
    /// A process whose clock is ahead was here.
    Jump,
    /// The log is pruned up to here.
    Prune(Timestamp),
}

/// `POST /v1/batch`.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) project: usize,
    pub(super) import: bool,
    pub(super) items: Vec<Draft>,
}

/// A call whose date is known only when it is sent.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) body: Value,
    pub(super) when: When,
}

/// A date.
#[derive(Clone, Copy, Debug)]
pub(super) enum When {
    Undated,
    /// An instant of the calendar, which many calls share.
    Fixed(Timestamp),
    /// So far from the real present.
    Near(SignedDuration),
    /// That of an earlier batch, and some microseconds.
    Turn(usize, i64),
}

const EMAILS: [&str; 5] = ["a@x.com", "b@x.com", "c@x.com", "d@x.com", "e@x.com"];
const USERS: [&str; 3] = ["u1", "u2", "u3"];
/// One is called as a field is.
const KEYS: [&str; 4] = ["plan", "n", "tags", "status"];
const STATUSES: [&str; 4] = ["free", "trial", "paid", "churned"];
/// Days and years begin between them, here or there.
const INSTANTS: [&str; 10] = [
    "2024-02-29T12:00:00Z",
    "2024-12-31T20:30:00Z",
    "2025-01-01T02:00:00Z",
    "2025-01-01T02:00:00.000001Z",
    "2025-03-01T00:00:00Z",
    "2025-03-01T00:00:00.0000007Z",
    "2025-03-01T23:30:00Z",
    "2025-06-30T12:00:00Z",
    "2025-07-01T12:00:00Z",
    "2025-12-31T23:59:59.999999Z",
];

/// A sequence of things that happen.
pub(super) fn steps(rng: &mut StdRng, count: usize) -> Vec<Step> {
    (0..count).map(|_| step(rng)).collect()
}

fn step(rng: &mut StdRng) -> Step {
    match rng.random_range(0..100) {
        0..4 => Step::Merge(email(rng), email(rng), rng.random_bool(0.3)),
        4..6 => Step::Undo(email(rng)),
        6..8 => Step::Correct(project(rng), email(rng), correction(rng)),
        8..50 => Step::Call(project(rng), draft(rng)),
        50..72 => Step::Batches(vec![request(rng)]),
        72..83 => Step::Batches((0..rng.random_range(2..4)).map(|_| request(rng)).collect()),
        83..86 => Step::Delete(project(rng), email(rng)),
        86..88 => Step::Erase(email(rng)),
        88..91 => Step::Move(email(rng), email(rng)),
        91..94 => Step::Zone(
            ["UTC", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati"].choose(rng).unwrap(),
        ),
        94..97 => Step::Jump,
        _ => Step::Prune(INSTANTS.choose(rng).unwrap().parse().unwrap()),
    }
}

fn correction(rng: &mut StdRng) -> Value {
    let mut right = Map::new();
    let names = ["first_seen", "first_paid", "status_since"];
    right.insert((*names.choose(rng).unwrap()).to_owned(), json!(INSTANTS.choose(rng).unwrap()));
    if rng.random_bool(0.7) {
        right.insert((*names.choose(rng).unwrap()).to_owned(), json!(INSTANTS.choose(rng).unwrap()));
    }
    right.into()
}

fn request(rng: &mut StdRng) -> Request {
    let mut items: Vec<Draft> = (0..rng.random_range(1..=8)).map(|_| draft(rng)).collect();
    if rng.random_bool(0.3) {
        let when = when(rng);
        // What tells its past is dated by it.
        let dated = items.iter_mut().filter(|item| item.body.get("status_since").is_none());
        dated.for_each(|item| item.when = when);
    }
    Request { project: project(rng), import: rng.random_bool(0.3), items }
}

fn project(rng: &mut StdRng) -> usize {
    usize::from(rng.random_bool(0.25))
}

/// The first is in most calls.
fn email(rng: &mut StdRng) -> String {
    let one = rng.random_range(0..EMAILS.len()) * rng.random_range(0..=1);
    EMAILS[one].to_owned()
}

fn when(rng: &mut StdRng) -> When {
    match rng.random_range(0..100) {
        0..30 => When::Undated,
        30..70 => When::Fixed(INSTANTS.choose(rng).unwrap().parse().unwrap()),
        70..82 => When::Near(SignedDuration::from_secs(rng.random_range(-240..=240))),
        _ => When::Turn(rng.random_range(0..20), *[-1, 0, 0, 1].choose(rng).unwrap()),
    }
}

fn draft(rng: &mut StdRng) -> Draft {
    let mut body = Map::new();
    if rng.random_bool(0.15) {
        body.insert("type".to_owned(), json!("ping"));
        match rng.random_bool(0.5) {
            true => body.insert("email".to_owned(), json!(email(rng))),
            false => body.insert("user_id".to_owned(), json!(USERS.choose(rng).unwrap())),
        };
        return Draft { body: body.into(), when: when(rng) };
    }
    // Both of somebody, and not long ago: they move.
    let moves = rng.random_bool(0.08);
    if moves || rng.random_bool(0.3) {
        body.insert("user_id".to_owned(), json!(USERS.choose(rng).unwrap()));
    }
    if moves || body.is_empty() || rng.random_bool(0.6) {
        let email = if moves { (*EMAILS.choose(rng).unwrap()).to_owned() } else { email(rng) };
        body.insert("email".to_owned(), json!(email));
    }
    if rng.random_bool(0.3) {
        body.insert("name".to_owned(), json!(["Ada", "Bob"].choose(rng).unwrap()));
    }
    if rng.random_bool(0.4) {
        body.insert("status".to_owned(), json!(STATUSES.choose(rng).unwrap()));
    }
    if rng.random_bool(0.25) {
        body.insert("first_seen".to_owned(), json!(INSTANTS.choose(rng).unwrap()));
    }
    if rng.random_bool(0.1) {
        body.insert("last_activity".to_owned(), json!(INSTANTS.choose(rng).unwrap()));
    }
    let tells = rng.random_bool(0.25);
    if tells {
        past(rng, &mut body);
    }
    for key in KEYS {
        if rng.random_bool(0.4) {
            edit(rng, key, &mut body);
        }
    }
    if rng.random_bool(0.15) {
        body.insert("replace".to_owned(), json!(true));
        body.entry("params").or_insert_with(|| json!({}));
    }
    let when = if tells || moves && rng.random_bool(0.7) { When::Undated } else { when(rng) };
    Draft { body: body.into(), when }
}

/// How the status came to be, in dates that can be.
fn past(rng: &mut StdRng, body: &mut Map<String, Value>) {
    body.entry("status").or_insert_with(|| json!(STATUSES.choose(rng).unwrap()));
    let mut dates = [INSTANTS.choose(rng).unwrap(), INSTANTS.choose(rng).unwrap()];
    dates.sort_by_key(|date| date.parse::<Timestamp>().unwrap());
    if rng.random_bool(0.7) {
        body.insert("first_paid".to_owned(), json!(dates[0]));
    }
    if rng.random_bool(0.7) {
        body.insert("status_since".to_owned(), json!(dates[1]));
    }
    if rng.random_bool(0.3) {
        body.insert("last_activity".to_owned(), json!(INSTANTS.choose(rng).unwrap()));
    }
}

/// One edit of a key. Most fit its values, so that few calls are refused.
fn edit(rng: &mut StdRng, key: &str, body: &mut Map<String, Value>) {
    let (number, array) = (key == "n", key == "tags");
    let odd = rng.random_bool(0.04);
    let kind = match rng.random_range(0..10) {
        0..4 => "params",
        4..6 => "set_once",
        6 => "unset",
        7..9 if number != odd => "increment",
        7 if array != odd => "add",
        8 if array != odd => "remove",
        _ => "params",
    };
    let members = [json!("x"), json!(["x", "y"]), json!(["z"])];
    let value = match kind {
        "increment" => json!(rng.random_range(-1..=2)),
        "add" | "remove" => members.choose(rng).unwrap().clone(),
        _ if number != odd => json!(rng.random_range(0..3)),
        _ if array != odd => [json!([]), json!(["x"]), json!(["x", "z", "x"])].choose(rng).unwrap().clone(),
        _ => [json!("free"), json!("pro"), Value::Null, json!({ "a": "x" }), json!({ "a": "pro", "b": [] })]
            .choose(rng)
            .unwrap()
            .clone(),
    };
    if kind == "unset" {
        body.entry(kind).or_insert_with(|| json!([])).as_array_mut().unwrap().push(json!(key));
    } else {
        body.entry(kind).or_insert_with(|| json!({}))[key] = value;
    }
}

/// What is left when one thing is left out, for everything that can be.
pub(super) fn shorter(steps: &[Step]) -> Vec<Vec<Step>> {
    let mut all: Vec<Vec<Step>> = Vec::new();
    for half in [steps.len() / 2, steps.len() / 4] {
        if half > 1 {
            all.extend((0..steps.len()).step_by(half).map(|from| {
                let gone = from..(from + half).min(steps.len());
                steps
                    .iter()
                    .enumerate()
                    .filter(|(n, _)| !gone.contains(n))
                    .map(|(_, step)| step.clone())
                    .collect()
            }));
        }
    }
    for (n, step) in steps.iter().enumerate().rev() {
        let with = |instead: Option<Step>| [&steps[..n], &Vec::from_iter(instead), &steps[n + 1..]].concat();
        all.push(with(None));
        match step {
            Step::Call(project, draft) => {
                all.extend(simpler(draft).into_iter().map(|draft| with(Some(Step::Call(*project, draft)))));
            }
            Step::Batches(requests) => {
                all.extend(fewer(requests).into_iter().map(|requests| with(Some(Step::Batches(requests)))));
            }
            _ => {}
        }
    }
    all
}

fn fewer(requests: &[Request]) -> Vec<Vec<Request>> {
    let mut all = Vec::new();
    for (n, request) in requests.iter().enumerate() {
        let with = |instead: Option<Request>| {
            [&requests[..n], &Vec::from_iter(instead), &requests[n + 1..]].concat()
        };
        if requests.len() > 1 {
            all.push(with(None));
        }
        for (m, item) in request.items.iter().enumerate() {
            let with = |instead: Option<Draft>| {
                let items = [&request.items[..m], &Vec::from_iter(instead), &request.items[m + 1..]].concat();
                with(Some(Request { items, ..request.clone() }))
            };
            if request.items.len() > 1 {
                all.push(with(None));
            }
            all.extend(simpler(item).into_iter().map(|item| with(Some(item))));
        }
    }
    all
}

/// The call without one of its fields, or one of its keys.
fn simpler(draft: &Draft) -> Vec<Draft> {
    let mut all = Vec::new();
    let body = draft.body.as_object().unwrap();
    for (field, value) in body {
        let mut less = body.clone();
        less.remove(field);
        let tells = less.contains_key("first_paid") || less.contains_key("status_since");
        if tells && field == "status" {
            continue;
        }
        let named = less.contains_key("email") || less.contains_key("user_id");
        if named && field != "type" && (field != "params" || !body.contains_key("replace")) {
            all.push(Draft { body: less.into(), ..draft.clone() });
        }
        for key in value.as_object().into_iter().flat_map(|keys| keys.keys()) {
            let mut less = draft.body.clone();
            less[field].as_object_mut().unwrap().remove(key);
            all.push(Draft { body: less, ..draft.clone() });
        }
    }
    all
}
