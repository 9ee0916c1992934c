//! Load: one connection that asks again and again, and an open loop whose requests come at fixed times.
//!
//! In the open loop a request is due at its time whether or not the server has answered those before it, and its
//! latency counts from then: a server that stands still for a second is charged for all that would have been asked in it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Failure,
    http::{Request, Server},
};

/// Connections of an open loop: more than are ever busy at once, unless the server cannot keep up.
const LANES: u64 = 16;

/// A connection may have to wait for its turn longer than the server lets it. So long before a request is due it is looked at, and
/// opened again if it is closed: neither is part of the answer.
const EARLY: Duration = Duration::from_millis(20);

/// A question is asked three times at least, unless that takes longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long each of many requests took, in milliseconds.
#[derive(Default)]
pub(crate) struct Times(Vec<f64>);

impl Times {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64() * 1000.0);
    }

    pub(crate) fn extend(&mut self, others: Times) {
        self.0.extend(others.0);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn quantile(&mut self, share: f64) -> f64 {
        self.0.sort_unstable_by(f64::total_cmp);
        let at = ((self.0.len() as f64 * share) as usize).min(self.0.len().saturating_sub(1));
        self.0.get(at).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn summary(&mut self) -> Value {
        json!({
            "count": self.0.len(), "p50": self.quantile(0.5), "p90": self.quantile(0.9), "p99": self.quantile(0.99),
            "max": self.quantile(1.0),
        })
    }
}

/// One connection, one request after the other, for a while: HTTP to HTTP, and what the answers say of the engine.
pub(crate) fn closed(
    server: &Server,
    request: &Request,
    time: Duration,
) -> Result<(Times, Times, String), Failure> {
    let mut connection = server.open()?;
    let (mut http, mut engine, mut name) = (Times::default(), Times::default(), String::new());
    let warm = Instant::now();
    for _ in 0..20 {
        connection.send(request)?;
        if warm.elapsed() > time / 4 {
            break;
        }
    }
    let begin = Instant::now();
    let enough = |times: &Times| times.0.len() >= 3 || (begin.elapsed() > PATIENCE && !times.0.is_empty());
    while !enough(&http) || (begin.elapsed() < time && http.0.len() < 5_000) {
        let sent = Instant::now();
        let answer = connection.send(request)?;
        http.push(sent.elapsed());
        if let Some(took) = field(&answer, b"\"took_ms\":") {
            engine.0.push(took.parse().unwrap_or(f64::NAN));
        }
        name = field(&answer, b"\"engine\":\"").unwrap_or_default();
    }
    Ok((http, engine, name))
}

/// The plain value after a name, found without reading the whole answer as JSON.
fn field(answer: &[u8], name: &[u8]) -> Option<String> {
    let at = answer.windows(name.len()).position(|part| part == name)? + name.len();
    let end = answer[at..].iter().position(|byte| matches!(byte, b',' | b'"' | b'}'))? + at;
    String::from_utf8(answer[at..end].to_vec()).ok()
}

/// So many requests a second, evenly spaced, `requests` in turn.
pub(crate) fn open(
    server: &Server,
    requests: &[Request],
    rate: f64,
    time: Duration,
) -> Result<Times, Failure> {
    let count = ((rate * time.as_secs_f64()) as u64).max(5);
    let (next, begin) = (&AtomicU64::new(0), Instant::now() + Duration::from_millis(50));
    let lane = || -> Result<Times, Failure> {
        let (mut connection, mut times) = (server.open()?, Times::default());
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= count {
                return Ok(times);
            }
            let due = begin + Duration::from_secs_f64(n as f64 / rate);
            thread::sleep((due - EARLY).saturating_duration_since(Instant::now()));
            connection.mend()?;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            connection.send(&requests[n as usize % requests.len()])?;
            times.push(due.elapsed());
        }
    };
    thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|_| scope.spawn(lane)).collect();
        let mut all = Times::default();
        for lane in lanes {
            all.extend(lane.join().map_err(|_| "a lane of the load broke")??);
        }
        Ok(all)
    })
}
