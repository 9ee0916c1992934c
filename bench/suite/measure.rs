//! Times TinyCRM: every question alone on one connection, then at a fixed rate; and both while others write.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Failure, Run,
    answers::request,
    fill::{SEED, today},
    http::Request,
    loads::{closed, open},
    questions::Question,
    rows::Maker,
};

/// The fastest that an open loop asks; and the share of what one connection reaches that it asks at most.
const RATE: f64 = 200.0;
const LOAD: f64 = 0.3;
/// Connections that write at once.
const WRITERS: u64 = 32;
/// What is asked while others write: the dashboard, and questions of each kind in turn.
const DASHBOARD: &str = "dashboard";
const MIX: [&str; 6] = ["count_sum", "two_keys", "range", "group_pros", "page", "referrers"];

/// Every question, alone and at a fixed rate.
pub(crate) fn questions(run: &Run, questions: &[Question]) -> Result<(), Failure> {
    let mut all = serde_json::Map::new();
    for question in questions {
        let (server, request) = (run.server_for(question), request(question));
        let long = if question.name == DASHBOARD { 4 } else { 1 };
        let (mut http, mut engine, name) = closed(&server, &request, run.time * long)?;
        let rate = rate(http.quantile(0.5));
        let mut open = open(&server, &[request], rate, run.time * long)?;
        all.insert(
            question.name.clone(),
            json!({ "engine": name, "http": http.summary(), "took": engine.summary(), "rate": rate, "open": open.summary() }),
        );
    }
    run.write("times-tinycrm", &Value::Object(all))
}

/// A rate that leaves the server room, rounded, from how many milliseconds an answer takes.
fn rate(millis: f64) -> f64 {
    let most = LOAD * 1000.0 / millis;
    if most < 10.0 { most.max(0.2) } else { (most / 10.0).floor() * 10.0 }.min(RATE)
}

/// Queries at a fixed rate: idle, then while identify runs as fast as it can.
pub(crate) fn busy(run: &Run, questions: &[Question]) -> Result<(), Failure> {
    let named = |name: &str| questions.iter().find(|question| question.name == name).map(request);
    let dashboard: Vec<Request> = named(DASHBOARD).into_iter().collect();
    let mix: Vec<Request> = MIX.into_iter().filter_map(named).collect();
    let server = &run.server;
    let mut answer = serde_json::Map::new();
    for (name, requests) in [("dashboard", dashboard), ("mix", mix)] {
        let mut slowest: f64 = 0.0;
        for request in &requests {
            slowest = slowest.max(closed(server, request, run.time / 4)?.0.quantile(0.5));
        }
        let rate = rate(slowest).min(50.0);
        let mut idle = open(server, &requests, rate, run.time * 4)?;
        let (queries, written) = beside_writers(run, || open(server, &requests, rate, run.time * 4))?;
        let mut queries = queries?;
        answer.insert(
            name.to_owned(),
            json!({ "rate": rate, "idle": idle.summary(), "busy": queries.summary(), "identify_per_s": written }),
        );
    }
    run.write("busy", &Value::Object(answer))
}

/// Does something while [`WRITERS`] connections identify as fast as they can; returns how many a second they did.
fn beside_writers<T>(run: &Run, work: impl FnOnce() -> T) -> Result<(T, f64), Failure> {
    let (stop, count, maker) = (&AtomicBool::new(false), &AtomicU64::new(0), &Maker::new(SEED, today()));
    let rows = run.rows()?;
    let write = move |lane: u64| -> Result<(), Failure> {
        let mut connection = run.writer.open()?;
        for n in (lane..).step_by(WRITERS as usize) {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let email = maker.row(0, n * 7919 % rows).email;
            let body = json!({ "email": email, "params": { "mrr": n % 90, "seats": n % 20, "seen": n } });
            connection.send(&Request::post("/v1/identify", body.to_string()))?;
            count.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let begin = Instant::now();
        let lanes: Vec<_> = (0..WRITERS).map(|lane| scope.spawn(move || write(lane))).collect();
        thread::sleep(Duration::from_millis(500));
        let done = work();
        stop.store(true, Ordering::Relaxed);
        for lane in lanes {
            lane.join().map_err(|_| "a writer broke")??;
        }
        Ok((done, count.load(Ordering::Relaxed) as f64 / begin.elapsed().as_secs_f64()))
    })
}

/// Writes and asks at once: the answer must hold the new value and no longer the old one.
pub(crate) fn fresh(run: &Run, checks: u64) -> Result<(), Failure> {
    const LANES: u64 = 16;
    let (rows, maker) = (run.rows()?, &Maker::new(SEED, today()));
    let check = |lane: u64| -> Result<u64, Failure> {
        let (mut write, mut read) = (run.writer.open()?, run.server.open()?);
        let email = maker.row(0, lane * 37 % rows).email;
        let (mut stale, mut before) = (0, -1_i64);
        for n in (lane..checks).step_by(LANES as usize) {
            let body = json!({ "email": email, "params": { "fresh": n } });
            write.send(&Request::post("/v1/identify", body.to_string()))?;
            let question =
                json!({ "filter": format!("fresh in ({before}, {n})"), "select": ["count", "customers"] });
            let answer = read.ask(&Request::post("/v1/query", question.to_string()))?;
            let found = &answer["customers"][0]["relationships"][0]["params"]["fresh"];
            stale += u64::from(answer["count"] != json!(1) || *found != json!(n));
            before = n as i64;
        }
        Ok(stale)
    };
    let begin = Instant::now();
    let stale = thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES)
            .map(|lane| {
                scope.spawn({
                    let check = &check;
                    move || check(lane)
                })
            })
            .collect();
        lanes
            .into_iter()
            .try_fold(0, |sum, lane| Ok::<_, Failure>(sum + lane.join().map_err(|_| "a check broke")??))
    })?;
    run.write("fresh", &json!({ "checks": checks, "stale": stale, "seconds": begin.elapsed().as_secs_f64() }))
}
