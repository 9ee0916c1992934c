//! Times TinyCRM: every question alone on one connection, then at a fixed rate; and both while others write.

use std::{thread, time::Instant};

use serde_json::{Value, json};

use crate::{
    Failure, Run,
    answers::{self, request},
    fill::{SEED, today},
    http::Request,
    loads::{closed, open},
    questions::Question,
    rows::Maker,
    writes::beside_writers,
};

/// The fastest that an open loop asks; and the share of what one connection reaches that it asks at most.
const RATE: f64 = 200.0;
const LOAD: f64 = 0.3;
/// What takes longer, in milliseconds, is not asked in an open loop: at such a rate nothing would be learned in minutes.
const SLOWEST: f64 = 1000.0;
/// What is asked while others write: the dashboard, and questions of each kind in turn.
const DASHBOARD: &str = "dashboard";
const MIX: [&str; 6] = ["count_sum", "two_keys", "range", "group_pros", "page", "referrers"];

/// Every question, alone and at a fixed rate.
pub(crate) fn questions(run: &Run, questions: &[Question]) -> Result<(), Failure> {
    let mut all = serde_json::Map::new();
    let answered = answers::answered(run)?;
    for question in questions.iter().filter(|question| answered.contains_key(&question.name)) {
        let (server, request) = (run.server_for(question), request(question));
        let long = if question.name == DASHBOARD { 4 } else { 1 };
        let (mut http, mut engine, name) = closed(&server, &request, run.time * long)?;
        let mut figures = json!({ "engine": name, "http": http.summary(), "took": engine.summary() });
        if http.quantile(0.5) < SLOWEST {
            let rate = rate(http.quantile(0.5));
            figures["rate"] = json!(rate);
            figures["open"] = open(&server, &[request], rate, run.time * long)?.summary();
        }
        all.insert(question.name.clone(), figures);
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

/// Writes and asks at once: the answer must hold the new value and no longer the old one.
pub(crate) fn fresh(run: &Run, checks: u64) -> Result<(), Failure> {
    const LANES: u64 = 16;
    let (rows, maker) = (run.rows()?, &Maker::new(SEED, today()));
    let check = |lane: u64| -> Result<u64, Failure> {
        let (mut write, mut read) = (run.writer.open()?, run.server.open()?);
        let email = maker.email(lane * 37 % rows);
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
