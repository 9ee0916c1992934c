//! Writes: pings beside everything that is timed, and identify by many connections with what was in memory and without.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    Failure, Run,
    fill::{SEED, today},
    http::Request,
    loads::Times,
    rows::Maker,
};

/// Pings a second while questions are timed.
const PINGS: f64 = 50.0;
/// Connections of those who identify as fast as they can: beside questions, and alone.
const BESIDE: u64 = 32;
const ALONE: u64 = 64;

/// Pings one customer after the other at a steady rate, until the process is ended.
pub(crate) fn pings(run: &Run) -> Result<(), Failure> {
    let (rows, maker, begin) = (run.rows()?, Maker::new(SEED, today()), Instant::now());
    let mut connection = run.writer.open()?;
    for n in 0.. {
        let due = begin + Duration::from_secs_f64(n as f64 / PINGS);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let body = json!({ "email": maker.email(n * 7919 % rows) });
        connection.send(&Request::post("/v1/ping", body.to_string()))?;
    }
    Ok(())
}

/// Identifies as fast as it can for a while; `name` says what the server has in memory.
pub(crate) fn identify(run: &Run, name: &str) -> Result<(), Failure> {
    let (_, mut times, rate) = beside(run, ALONE, || thread::sleep(run.time * 2))?;
    run.write(&format!("identify-{name}"), &json!({ "per_s": rate, "times": times.summary() }))
}

/// Does something while others identify as fast as they can; returns how many a second they did.
pub(crate) fn beside_writers<T>(run: &Run, work: impl FnOnce() -> T) -> Result<(T, f64), Failure> {
    let (done, _, rate) = beside(run, BESIDE, || {
        thread::sleep(Duration::from_millis(500));
        work()
    })?;
    Ok((done, rate))
}

/// Does something while so many connections identify; returns how long each call took, and how many a second there were.
fn beside<T>(run: &Run, connections: u64, work: impl FnOnce() -> T) -> Result<(T, Times, f64), Failure> {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let (stop, maker, rows) = (&AtomicBool::new(false), &Maker::new(SEED, today()), run.rows()?);
    // Whoever runs later says something else.
    let start = u64::from(std::process::id()) * 1_000_003;
    let write = move || -> Result<Times, Failure> {
        let (mut connection, mut times) = (run.writer.open()?, Times::default());
        while !stop.load(Ordering::Relaxed) {
            let n = start + CALLS.fetch_add(1, Ordering::Relaxed);
            let email = maker.email(n * 7919 % rows);
            let body = json!({ "email": email, "params": { "mrr": n % 90, "seats": n % 20, "seen": n } });
            let sent = Instant::now();
            connection.send(&Request::post("/v1/identify", body.to_string()))?;
            times.push(sent.elapsed());
        }
        Ok(times)
    };
    thread::scope(|scope| {
        let begin = Instant::now();
        let lanes: Vec<_> = (0..connections).map(|_| scope.spawn(write)).collect();
        let done = work();
        stop.store(true, Ordering::Relaxed);
        let mut all = Times::default();
        for lane in lanes {
            all.extend(lane.join().map_err(|_| "a writer broke")??);
        }
        let rate = all.count() as f64 / begin.elapsed().as_secs_f64();
        Ok((done, all, rate))
    })
}
