//! The log of changes, held against an independent telling of it ([`telling`]): random calls, dated and undated, late and
//! ahead of the clock, alone and together, through the real writer; and after each step every row, every change and some
//! instants of the past must be what the telling says.
//!
//! `ORACLE_CASES=1000 cargo test -p server --test it log` plays so many sequences; `ORACLE_SEED=…` begins elsewhere.

mod asked;
mod backfill;
mod copies;
mod documents;
mod held;
mod indexed;
mod people;
mod pruned;
mod questions;
mod script;
mod telling;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use held::{Held, same};
use jiff::{SignedDuration, Timestamp};
use people::Merge;
use rand::{SeedableRng, rngs::StdRng};
use script::{Draft, Request, Step, When};
use serde_json::{Value, json};
use server::{
    model::{Email, Project, Source, now},
    store::{
        self, customer,
        erase::{self, Whom},
        history, write,
    },
};
use telling::{Said, Telling, Turn};

use crate::support::server::{Answer, TestServer};

/// Sequences in a normal run, and the things that happen in each.
const CASES: usize = 40;
const STEPS: usize = 40;
/// A slow machine plays less in the normal run.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a sequence that fails is tried shorter, and for how long.
const TRIES: usize = 400;
const SHORTENING: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_as_it_was_told() {
    let (wanted, first) = (number("ORACLE_CASES"), number("ORACLE_SEED").unwrap_or(1));
    let mut play = Play::open().await;
    let kinds = [
        "as it was",
        "batches of several requests",
        "changed",
        "corrected",
        "created",
        "merged",
        "pinged",
        "refused",
        "stale",
        "undone",
    ];
    let begin = Instant::now();
    let mut case = 0;
    // However slow the machine is, everything happens once.
    let is_enough = |play: &Play| kinds.iter().all(|kind| play.heard.contains_key(kind));
    while case < wanted.unwrap_or(CASES)
        && (wanted.is_some() || begin.elapsed() < PATIENCE || !is_enough(&play))
    {
        let seed = (first + case) as u64;
        let steps = script::steps(&mut StdRng::seed_from_u64(seed), STEPS);
        if let Err(fault) = play.run(&steps, seed).await {
            println!("ORACLE_SEED={seed}: {fault}\n\nSearching for a shorter sequence that fails ...");
            let fault = play.shorten(steps, fault, seed).await;
            panic!("ORACLE_SEED={seed}, made short:\n{fault}");
        }
        case += 1;
    }
    assert!(is_enough(&play), "too little happened: {:?}", play.heard);
    println!("{case} sequences of {STEPS} steps in {:?}: {:?}", begin.elapsed(), play.heard);
}

fn number(variable: &str) -> Option<usize> {
    std::env::var(variable).ok()?.parse().ok()
}

/// A server, and what it was told.
struct Play {
    server: TestServer,
    client: tokio_postgres::Client,
    projects: Vec<Project>,
    keys: Vec<String>,
    telling: Telling,
    /// Versions and times of the batches since the beginning of the sequence.
    turns: Vec<Turn>,
    /// Merges since then, the latest last.
    merges: Vec<Merge>,
    transcript: String,
    /// Whether the past is asked of after each sequence.
    asks: bool,
    /// How often each answer was given, over all sequences: a test that only refuses says little.
    heard: BTreeMap<&'static str, usize>,
}

/// A call that was sent, and its answer.
#[derive(Clone)]
struct Spoken {
    project: usize,
    import: bool,
    call: Value,
    answer: Value,
}

impl Play {
    async fn open() -> Play {
        let server = TestServer::start().await;
        let (mut projects, mut keys) = (Vec::new(), Vec::new());
        for slug in ["one", "two"] {
            let (project, key) = server.test_project(slug).await;
            projects.push(project);
            keys.push(key);
        }
        let client = server.db.client().await;
        let (turns, transcript) = (Vec::new(), String::new());
        Play {
            server,
            client,
            projects,
            keys,
            telling: Telling::new(),
            turns,
            merges: Vec::new(),
            transcript,
            asks: false,
            heard: BTreeMap::new(),
        }
    }

    /// Plays a sequence from nothing.
    async fn run(&mut self, steps: &[Step], seed: u64) -> Result<(), String> {
        let store = &self.server.app.store;
        self.client.execute("update clock set time = 'epoch', horizon = null", &[]).await.unwrap();
        for project in &self.projects {
            erase::reset(store, self.server.account, project).await.unwrap();
        }
        // The words are read anew, and the horizon with them.
        store::set_zone(store, self.server.account, "UTC").await.unwrap();
        (self.telling, self.transcript) = (Telling::new(), String::new());
        self.merges.clear();
        let version = self.version().await;
        self.turns = vec![Turn { version, now: now() }];
        let mut rng = StdRng::seed_from_u64(seed);
        for step in steps {
            let done = self.step(step, &mut rng).await;
            done.map_err(|fault| format!("{}\n{fault}", self.transcript))?;
        }
        let asked = if self.asks { self.ask(&mut rng).await } else { Ok(()) };
        asked.map_err(|fault| format!("{}\n{fault}", self.transcript))
    }

    /// Plays a sequence that holds. It may be long: of what it did the end is shown.
    async fn must(&mut self, steps: &[Step]) {
        if let Err(fault) = self.run(steps, 1).await {
            let lines: Vec<&str> = fault.lines().collect();
            panic!("...\n{}", lines[lines.len().saturating_sub(60)..].join("\n"));
        }
    }

    /// The shortest sequence found that still fails: what it did, and how it failed.
    async fn shorten(&mut self, mut steps: Vec<Step>, mut fault: String, seed: u64) -> String {
        let (mut tries, begin) = (0, Instant::now());
        'shorter: loop {
            for less in script::shorter(&steps) {
                tries += 1;
                if tries > TRIES || begin.elapsed() > SHORTENING {
                    return fault;
                }
                if let Err(other) = self.run(&less, seed).await {
                    (steps, fault) = (less, other);
                    continue 'shorter;
                }
            }
            return fault;
        }
    }

    async fn step(&mut self, step: &Step, rng: &mut StdRng) -> Result<(), String> {
        match step {
            Step::Call(project, draft) => {
                let call = self.dated(draft);
                let (path, mut body) = ("/v1/identify", call.clone());
                let path =
                    if body.as_object_mut().unwrap().remove("type").is_some() { "/v1/ping" } else { path };
                writeln!(self.transcript, "{project} {path} {body}").unwrap();
                let answer = self.server.call(&self.keys[*project], "POST", path, body.to_string()).await;
                let spoken = Spoken { project: *project, import: false, call, answer: read(&answer) };
                let version = self.version().await;
                return self.heard(vec![(version, vec![spoken])], rng).await;
            }
            Step::Batches(requests) => {
                let spoken = self.send(requests).await;
                return self.heard(spoken, rng).await;
            }
            Step::Delete(project, email) => {
                let path = format!("/v1/customers/{email}");
                let answer = self.server.call(&self.keys[*project], "DELETE", &path, String::new()).await;
                let own = self.telling.people.own(email);
                let known = self.telling.lives.remove(&(*project, own)).is_some();
                self.telling.forget();
                writeln!(self.transcript, "{project} DELETE {path}: {}", answer.status).unwrap();
                same("whether it was there", known, answer.status == 200)?;
            }
            Step::Erase(email) => {
                let (store, account) = (&self.server.app.store, self.server.account);
                let erased = erase::person(store, account, &Whom::Email(Email::parse(email).unwrap())).await;
                let before = self.telling.lives.len();
                let own = self.telling.people.own(email);
                self.telling.lives.retain(|(_, other), _| *other != own);
                self.telling.forget();
                writeln!(self.transcript, "erase {email}: {erased:?}").unwrap();
                same("whether there was anybody", before > self.telling.lives.len(), erased.is_ok())?;
            }
            Step::Move(old, new) => self.relocate(old, new).await?,
            Step::Merge(keep, other, parted) => {
                self.merge(keep, other, *parted, rng).await?;
            }
            Step::Undo(other) => self.undo(other).await?,
            Step::Correct(project, email, right) => self.correct(*project, email, right).await,
            Step::Zone(zone) => {
                store::set_zone(&self.server.app.store, self.server.account, zone).await.unwrap();
                self.telling.zone = jiff::tz::TimeZone::get(zone).unwrap();
                writeln!(self.transcript, "zone {zone}").unwrap();
            }
            Step::Jump => {
                let sql = "update clock set time = greatest(time, $1) + interval '10 minutes'";
                self.client.execute(sql, &[&now()]).await.unwrap();
                writeln!(self.transcript, "the clock jumps ahead").unwrap();
            }
            Step::Prune(horizon) => {
                // Postgres keeps whole microseconds.
                let horizon = horizon.round(jiff::Unit::Microsecond).unwrap();
                history::prune(&self.server.app.store, self.server.account, horizon, now()).await.unwrap();
                self.telling.prune(horizon);
                writeln!(self.transcript, "prune up to {horizon}").unwrap();
            }
        }
        self.held().await.agrees(&self.telling, rng)
    }

    async fn relocate(&mut self, old: &str, new: &str) -> Result<(), String> {
        let is = |email: &str| self.telling.lives.keys().any(|(_, other)| other == email);
        // Whether both may be somebody's is not the log's question.
        let alias = self.telling.people.own(new) != new;
        if !is(old) || is(new) || alias {
            return Ok(());
        }
        let (store, source) = (&self.server.app.store, Source::Import(None));
        let [from, to] = [old, new].map(|email| Email::parse(email).unwrap());
        write::move_customer(store, self.server.account, &from, &to, source).await.unwrap();
        writeln!(self.transcript, "move {old} to {new}").unwrap();
        let version = self.version().await;
        let turn = self.turns(&[version]).await[0];
        self.telling.relocate(turn, old, new);
        Ok(())
    }

    async fn merge(&mut self, keep: &str, other: &str, parted: bool, rng: &mut StdRng) -> Result<(), String> {
        let [own, their] = [keep, other].map(|email| self.telling.people.own(email));
        let is = |email: &String| self.telling.lives.keys().any(|(_, other)| other == email);
        // A break that has been pruned cannot be told of two any more.
        if own == their || !is(&own) || !is(&their) || self.telling.horizon.is_some() {
            return Ok(());
        }
        let (store, source) = (&self.server.app.store, Source::Import(None));
        let to = customer::at(store, self.server.account, keep).await.unwrap();
        let from = customer::at(store, self.server.account, other).await.unwrap();
        let merged = write::merge_customers(store, self.server.account, to, from, source).await;
        writeln!(self.transcript, "merge {other} into {keep}").unwrap();
        let version = merged.map_err(|error| error.to_string())?.1;
        let turn = self.turns(&[version]).await[0];
        let merge = self.telling.merge(turn, &own, &their);
        self.merges.push(merge);
        *self.heard.entry("merged").or_default() += 1;
        if parted {
            self.held().await.agrees(&self.telling, rng)?;
            self.undo(&their).await?;
        }
        Ok(())
    }

    async fn undo(&mut self, other: &str) -> Result<(), String> {
        let undone = write::undo_merge(&self.server.app.store, self.server.account, other).await;
        writeln!(self.transcript, "undo the merge of {other}: {undone:?}").unwrap();
        let Ok((_, version)) = undone else { return Ok(()) };
        let turn = self.turns(&[version]).await[0];
        let place = self.merges.iter().rposition(|merge| merge.other == other);
        let merge = self.merges.remove(place.ok_or("it was never merged")?);
        *self.heard.entry("undone").or_default() += 1;
        self.telling.undo(turn, &merge)
    }

    async fn correct(&mut self, project: usize, email: &str, right: &Value) {
        let own = self.telling.people.own(email);
        let time = |name: &str| Some(right[name].as_str()?.parse::<Timestamp>().unwrap());
        let correction = write::Correction {
            first_seen: time("first_seen").map(microsecond),
            first_paid: time("first_paid").map(microsecond).map(Some),
            status_since: time("status_since").map(microsecond),
        };
        let (store, source) = (&self.server.app.store, Source::Import(None));
        let Ok(customer) = customer::at(store, self.server.account, email).await else { return };
        let id = self.projects[project].id;
        let corrected = write::correct(store, self.server.account, id, customer, correction, source).await;
        writeln!(self.transcript, "{project} correct {email} {right}: {:?}", corrected.as_ref().map(|_| ()))
            .unwrap();
        let Ok((_, version)) = corrected else { return };
        let turn = self.turns(&[version]).await[0];
        let mut told = right.clone();
        for name in ["first_seen", "first_paid", "status_since"] {
            if let Some(at) = time(name) {
                told[name] = json!(microsecond(at).to_string());
            }
        }
        self.telling.correct(turn, &(project, own), &told);
        *self.heard.entry("corrected").or_default() += 1;
    }

    /// Sends requests at once: by the version of its batch, what was in each.
    async fn send(&mut self, requests: &[Request]) -> Vec<(i64, Vec<Spoken>)> {
        let mut bodies = Vec::new();
        for request in requests {
            let items: Vec<Value> = request.items.iter().map(|draft| self.dated(draft)).collect();
            let mut body = json!({ "items": items });
            if request.import {
                body["import"] = json!(uuid::Uuid::now_v7());
            }
            let shown: String =
                items.iter().fold(String::new(), |shown, item| format!("{shown}\n    {item}"));
            writeln!(self.transcript, "{} /v1/batch import {}{shown}", request.project, request.import)
                .unwrap();
            bodies.push(body);
        }
        let sent = requests.iter().zip(&bodies).map(|(request, body)| {
            self.server.call(&self.keys[request.project], "POST", "/v1/batch", body.to_string())
        });
        let answers = join_all(sent).await;
        let spoken = requests.iter().zip(bodies).zip(answers).map(|((request, body), answer)| {
            let answer = answer.expect(200);
            let items = body["items"].as_array().unwrap().iter().zip(answer["results"].as_array().unwrap());
            let Request { project, import, .. } = *request;
            let spoken = |(call, answer): (&Value, &Value)| Spoken {
                project,
                import,
                call: call.clone(),
                answer: answer.clone(),
            };
            (answer["version"].as_i64().unwrap(), items.map(spoken).collect())
        });
        spoken.collect()
    }

    /// Tells what was sent, and compares. Requests that shared a batch may have been taken in any order: one must fit.
    async fn heard(&mut self, spoken: Vec<(i64, Vec<Spoken>)>, rng: &mut StdRng) -> Result<(), String> {
        let versions: BTreeSet<i64> = spoken.iter().map(|(version, _)| *version).collect();
        let turns = self.turns(&Vec::from_iter(versions)).await;
        let held = self.held().await;
        let mut fault = None;
        for order in orders(&spoken) {
            match tell(self.telling.clone(), &turns, &order) {
                Ok(telling) => match held.agrees(&telling, rng) {
                    Ok(()) => {
                        self.telling = telling;
                        if turns.len() < order.len() {
                            *self.heard.entry("batches of several requests").or_default() += 1;
                        }
                        for said in order.iter().flat_map(|(_, spoken)| spoken) {
                            *self.heard.entry(kind(&said.answer)).or_default() += 1;
                        }
                        return Ok(());
                    }
                    Err(other) => fault = fault.or(Some(other)),
                },
                Err(other) => fault = fault.or(Some(other)),
            }
        }
        Err(fault.unwrap())
    }

    async fn held(&self) -> Held {
        let projects: Vec<uuid::Uuid> = self.projects.iter().map(|project| project.id.0).collect();
        Held::read(&self.client, &projects, self.turns[0].version).await
    }

    async fn version(&self) -> i64 {
        self.client.query_one("select version from clock", &[]).await.unwrap().get(0)
    }

    /// When the batches of some versions were written, as the feed says.
    async fn turns(&mut self, versions: &[i64]) -> Vec<Turn> {
        let sql = "select version, at from feed where version = any($1) order by version";
        let rows = self.client.query(sql, &[&versions]).await.unwrap();
        let turns: Vec<Turn> = rows.iter().map(|row| Turn { version: row.get(0), now: row.get(1) }).collect();
        self.turns.extend(&turns);
        turns
    }

    /// The call with its date.
    fn dated(&self, draft: &Draft) -> Value {
        let mut call = draft.body.clone();
        if let Some(at) = self.instant(draft.when) {
            call["timestamp"] = json!(at.to_string());
        }
        call
    }

    fn instant(&self, when: When) -> Option<Timestamp> {
        let now = now();
        match when {
            When::Undated => None,
            When::Fixed(at) => Some(at),
            When::Near(away) => Some(now + away),
            When::Turn(back, microseconds) => {
                let turn = self.turns.iter().rev().nth(back).unwrap_or(&self.turns[0]);
                let at = turn.now + SignedDuration::from_micros(microseconds);
                // What lies far ahead is refused by the reader, which is not the question here.
                Some(at.min(now + SignedDuration::from_mins(4)))
            }
        }
    }
}

/// A date as Postgres keeps it.
fn microsecond(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_nanosecond().div_euclid(1000) as i64).unwrap()
}

/// Applies requests in an order, and compares the answers.
fn tell(mut telling: Telling, turns: &[Turn], order: &[(i64, Vec<Spoken>)]) -> Result<Telling, String> {
    for (version, spoken) in order {
        let turn =
            turns.iter().find(|turn| turn.version == *version).ok_or("the batch is not in the feed")?;
        for Spoken { project, import, call, answer } in spoken {
            let said = telling.hear(*turn, *project, call, *import);
            agree(&said, answer).map_err(|fault| format!("{call}\n{answer}\n{fault}"))?;
        }
    }
    Ok(telling)
}

fn agree(said: &Said, answer: &Value) -> Result<(), String> {
    match said {
        Said::Refused(code) => same("refusal", Some(*code), answer["code"].as_str()),
        Said::Pinged => same("ping", &json!(true), &answer["ok"]),
        Said::Stored { created, changed, stale } => {
            same("ok", &json!(true), &answer["ok"])?;
            same("created", &json!(created), &answer["created"])?;
            same("changed", &json!(changed), &answer["changed"])?;
            let mut listed: Vec<String> = serde_json::from_value(answer["stale"].clone()).unwrap();
            listed.sort();
            same("stale", stale, &listed)
        }
    }
}

/// An answer as a result of a batch is.
fn read(answer: &Answer) -> Value {
    let mut body = answer.json();
    body["ok"] = json!(answer.status == 200);
    body
}

/// In which of the ways that matter a call was answered.
fn kind(answer: &Value) -> &'static str {
    match answer {
        answer if answer["ok"] == false => "refused",
        answer if answer["created"].is_null() => "pinged",
        answer if answer["created"] == true => "created",
        answer if answer["stale"] != json!([]) => "stale",
        answer if answer["changed"] == true => "changed",
        _ => "as it was",
    }
}

/// The orders in which requests may have been taken: by version, and each way within one.
fn orders<T: Clone>(requests: &[(i64, T)]) -> Vec<Vec<(i64, T)>> {
    let Some(first) = requests.iter().map(|(version, _)| *version).min() else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for n in (0..requests.len()).filter(|n| requests[*n].0 == first) {
        let rest = [&requests[..n], &requests[n + 1..]].concat();
        all.extend(orders(&rest).into_iter().map(|order| [vec![requests[n].clone()], order].concat()));
    }
    all
}
