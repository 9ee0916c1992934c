//! Callers who write without pause, note what they were told of each call, and hold the database against that afterwards.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{PATIENCE, agent, server::Server, wait_until};

/// Calls of one caller that go to one customer.
const EACH: usize = 400;
/// How many loads there were: each has customers of its own.
static LOADS: AtomicUsize = AtomicUsize::new(0);
/// The wait before a call is sent again.
const PAUSE: Duration = Duration::from_millis(20);

/// Callers at work.
pub(crate) struct Load {
    number: usize,
    shared: Arc<Shared>,
    callers: Vec<JoinHandle<Told>>,
    reader: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    over: AtomicBool,
    acknowledged: AtomicUsize,
    /// How often each answer came.
    answers: Mutex<BTreeMap<String, usize>>,
}

/// What a caller was told of its calls, by their numbers.
#[derive(Default)]
struct Told {
    acknowledged: BTreeSet<usize>,
    /// Nothing of them may be stored: not sent again.
    refused: BTreeSet<usize>,
    /// Either may be: not sent again.
    unknown: BTreeSet<usize>,
}

/// What an answer says of a call.
enum Answer {
    Acknowledged,
    Refused,
    Unknown,
    /// It says nothing: the same call is under way, or there are too many.
    Later,
}

struct Caller {
    url: String,
    key: String,
    load: usize,
    number: usize,
    shared: Arc<Shared>,
}

impl Load {
    /// So many callers, and one who reads.
    pub(crate) fn start(server: &Server, callers: usize) -> Load {
        let (shared, load) = (Arc::new(Shared::default()), LOADS.fetch_add(1, Ordering::Relaxed));
        let caller = |number| {
            let (url, key, shared) = (server.url(""), server.key.clone(), shared.clone());
            Caller { url, key, load, number, shared }
        };
        let callers = (0..callers).map(caller).map(|caller| thread::spawn(move || caller.run())).collect();
        let reading = caller(0);
        let reader = thread::spawn(move || reading.read());
        Load { number: load, shared: shared.clone(), callers, reader }
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.shared.acknowledged.load(Ordering::Relaxed)
    }

    /// How often each answer came up to now.
    pub(crate) fn answers(&self) -> BTreeMap<String, usize> {
        self.shared.answers.lock().unwrap().clone()
    }

    /// Waits until some more calls of each are acknowledged, or nearly.
    pub(crate) fn goes_on(&self) {
        let enough = self.acknowledged() + 4 * self.callers.len();
        wait_until(|| self.acknowledged() >= enough, "calls are acknowledged");
    }

    /// Ends it, and compares what is stored with what was told.
    pub(crate) fn audit(self, server: &Server, fault: &str) {
        self.shared.over.store(true, Ordering::Relaxed);
        let told: Vec<Told> = self.callers.into_iter().map(|caller| caller.join().unwrap()).collect();
        self.reader.join().unwrap();
        server.ready();
        let stored: Vec<BTreeSet<usize>> =
            told.iter().enumerate().map(|(number, told)| told.audit(self.number, number, server)).collect();
        let batches = stored.iter().flatten().filter(|n| is_batch(**n)).count();
        assert_eq!(
            server.params(&shared(self.number))["sum"],
            batches,
            "of a batch everything is stored, or nothing"
        );
        server.check();
        let sum = |of: fn(&Told) -> usize| told.iter().map(of).sum::<usize>();
        let (acknowledged, refused) = (sum(|t| t.acknowledged.len()), sum(|t| t.refused.len()));
        let (unknown, stored) = (sum(|t| t.unknown.len()), stored.iter().map(BTreeSet::len).sum::<usize>());
        println!(
            "{fault}: {acknowledged} calls acknowledged, {refused} refused, {unknown} left unknown (of which {} are \
             stored); lost 0, doubled 0, refused and stored 0, differences 0; answers {:?}",
            stored - acknowledged,
            self.shared.answers.lock().unwrap(),
        );
    }
}

impl Told {
    /// Returns what is stored of the calls of this caller.
    fn audit(&self, load: usize, number: usize, server: &Server) -> BTreeSet<usize> {
        let mut stored = BTreeSet::new();
        let calls = self.acknowledged.len() + self.refused.len() + self.unknown.len();
        for part in 0..calls.div_ceil(EACH) {
            let params = server.params(&email(load, number, part * EACH));
            let numbers: BTreeSet<usize> = params["calls"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|n| n.as_u64().unwrap() as usize)
                .collect();
            assert_eq!(
                params["sum"].as_u64().unwrap_or(0),
                numbers.len() as u64,
                "caller {number}: each once"
            );
            stored.extend(numbers);
        }
        let lost: Vec<_> = self.acknowledged.difference(&stored).collect();
        assert!(lost.is_empty(), "caller {number}: acknowledged, but not stored: {lost:?}");
        let more: Vec<_> = stored.difference(&self.acknowledged).collect();
        let more: Vec<_> = more.into_iter().filter(|n| !self.unknown.contains(n)).collect();
        assert!(more.is_empty(), "caller {number}: refused, but stored: {more:?}");
        stored
    }
}

/// Of three calls one is a batch, which goes to the customer of all too.
fn is_batch(n: usize) -> bool {
    n.is_multiple_of(3)
}

fn email(load: usize, caller: usize, n: usize) -> String {
    format!("c{load}-{caller}-{}@x.com", n / EACH)
}

/// The customer of all callers.
fn shared(load: usize) -> String {
    format!("shared{load}@x.com")
}

impl Caller {
    fn run(&self) -> Told {
        let (agent, mut told) = (agent(), Told::default());
        for n in 0.. {
            if self.shared.over.load(Ordering::Relaxed) {
                break;
            }
            let call = json!({ "email": email(self.load, self.number, n), "add": { "calls": n }, "increment": { "sum": 1 } });
            let (path, body) = if is_batch(n) {
                (
                    "/v1/batch",
                    json!({ "items": [call, { "email": shared(self.load), "increment": { "sum": 1 } }] }),
                )
            } else {
                ("/v1/identify", call)
            };
            let set = match self.until_told(&agent, path, &body.to_string(), n) {
                Answer::Acknowledged => &mut told.acknowledged,
                Answer::Refused => &mut told.refused,
                Answer::Unknown | Answer::Later => &mut told.unknown,
            };
            set.insert(n);
        }
        told
    }

    /// Sends a call, again and again under its idempotency key, until it is acknowledged; some are given up before.
    fn until_told(&self, agent: &ureq::Agent, path: &str, body: &str, n: usize) -> Answer {
        let (once, begin, mut unknown) = (Uuid::now_v7().to_string(), Instant::now(), false);
        for attempt in n.. {
            match self.send(agent, path, body, &once) {
                Answer::Acknowledged => {
                    self.shared.acknowledged.fetch_add(1, Ordering::Relaxed);
                    return Answer::Acknowledged;
                }
                // What was unknown before stays so: an earlier one may still be on its way.
                Answer::Refused if !unknown && attempt % 2 == 0 => {
                    thread::sleep(PAUSE);
                    return Answer::Refused;
                }
                Answer::Unknown if attempt % 4 == 0 => return Answer::Unknown,
                Answer::Unknown => unknown = true,
                Answer::Refused | Answer::Later => {}
            }
            assert!(begin.elapsed() < PATIENCE, "the call {body} is never acknowledged");
            thread::sleep(PAUSE);
        }
        Answer::Later
    }

    fn send(&self, agent: &ureq::Agent, path: &str, body: &str, once: &str) -> Answer {
        let request = agent
            .post(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .header("idempotency-key", once);
        let told = request
            .send(body)
            .and_then(|mut answer| Ok((answer.status().as_u16(), answer.body_mut().read_to_string()?)));
        let (what, answer) = match told {
            Ok((200, text)) => {
                assert!(!text.contains("\"ok\":false"), "{text}");
                ("acknowledged".to_owned(), Answer::Acknowledged)
            }
            Ok((status, text)) => {
                let problem: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
                let code = problem["code"].as_str().unwrap().to_owned();
                match (status, code.as_str()) {
                    (503, "unavailable" | "busy") => (code, Answer::Refused),
                    (503, "outcome_unknown") => (code, Answer::Unknown),
                    (409, "idempotency_in_flight") | (429, _) => (code, Answer::Later),
                    _ => panic!("{status}: {text}"),
                }
            }
            // Nobody was there, or went away in the middle.
            Err(ureq::Error::Io(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                ("no connection".to_owned(), Answer::Refused)
            }
            Err(_) => ("connection lost".to_owned(), Answer::Unknown),
        };
        *self.shared.answers.lock().unwrap().entry(what).or_default() += 1;
        answer
    }

    /// Reads until it is over, from the index and from Postgres.
    fn read(&self) {
        let agent = agent();
        while !self.shared.over.load(Ordering::Relaxed) {
            for engine in ["index", "sql"] {
                let url = format!("{}/v1/query?filter=sum%20%3E%200&engine={engine}", self.url);
                let request = agent.get(url).header("authorization", format!("Bearer {}", self.key));
                if let Ok(answer) = request.call() {
                    let status = answer.status().as_u16();
                    assert!([200, 429, 503].contains(&status), "a query is answered {status}");
                }
            }
            thread::sleep(PAUSE);
        }
    }
}
