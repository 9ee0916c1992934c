//! Load over HTTP: closed loops of some connections, and a steady rate.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{Failure, ITEMS, calls, wire::Connection};

/// Connections that a steady rate is spread over: enough that none waits for an answer when it is due.
const STEADY: usize = 128;

/// The server under test, and the key of its project.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) key: String,
}

/// How long each of many requests took, how many calls they were, and how long it all took.
#[derive(Default)]
pub(crate) struct Times {
    all: Vec<Duration>,
    calls: usize,
    whole: Duration,
}

impl Times {
    /// So many calls in so much time.
    pub(crate) fn of(calls: usize, whole: Duration) -> Times {
        Times { all: Vec::new(), calls, whole }
    }

    /// Another turn of the same.
    pub(crate) fn add(&mut self, more: Times) {
        self.all.extend(more.all);
        self.calls += more.calls;
        self.whole += more.whole;
    }

    /// Calls a second.
    pub(crate) fn rate(&self) -> f64 {
        self.calls as f64 / self.whole.as_secs_f64()
    }

    fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.all.clone();
        sorted.sort_unstable();
        let at = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
        sorted.get(at).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (half, most) = (self.quantile(0.5), self.quantile(0.99));
        write!(f, "{:.0}/s, p50 {half:.1} ms, p99 {most:.1} ms", self.rate())
    }
}

impl Server {
    /// New customers from `first` on.
    pub(crate) async fn import(
        &self,
        first: usize,
        count: usize,
        connections: usize,
    ) -> Result<Times, Failure> {
        self.batches((first..first + count).map(calls::arrival).collect(), connections).await
    }

    /// Changes of known customers.
    pub(crate) async fn batch(
        &self,
        known: usize,
        first: usize,
        count: usize,
        connections: usize,
    ) -> Result<Times, Failure> {
        let turns = first..first + count;
        let items = turns.map(|turn| calls::change(calls::scattered(turn, known), turn + connections));
        self.batches(items.collect(), connections).await
    }

    /// Sends items, a thousand a request, over all connections at once. Bodies are written before the clock starts.
    async fn batches(&self, items: Vec<Value>, connections: usize) -> Result<Times, Failure> {
        let mut lanes = vec![Vec::new(); connections];
        for (index, items) in items.chunks(ITEMS).enumerate() {
            lanes[index % connections].push(json!({ "items": items }).to_string());
        }
        let begin = Instant::now();
        let lanes: Vec<_> =
            lanes.into_iter().map(|bodies| tokio::spawn(self.clone().post_all(bodies))).collect();
        let mut all = Vec::new();
        for lane in lanes {
            all.extend(lane.await??);
        }
        Ok(Times { all, calls: items.len(), whole: begin.elapsed() })
    }

    async fn post_all(self, bodies: Vec<String>) -> Result<Vec<Duration>, Failure> {
        let mut connection = Connection::open(&self.address, &self.key).await?;
        let mut times = Vec::new();
        for body in bodies {
            let sent = Instant::now();
            connection.post("/v1/batch", &body).await?;
            times.push(sent.elapsed());
        }
        Ok(times)
    }

    /// Calls that each change a customer, one after the other on every connection.
    pub(crate) async fn identify(
        &self,
        known: usize,
        connections: usize,
        time: Duration,
    ) -> Result<Times, Failure> {
        self.closed("/v1/identify", connections, time, move |turn| {
            calls::change(calls::scattered(turn, known), turn)
        })
        .await
    }

    /// Marks that customers were seen.
    pub(crate) async fn ping(
        &self,
        known: usize,
        connections: usize,
        time: Duration,
    ) -> Result<Times, Failure> {
        self.closed(
            "/v1/ping",
            connections,
            time,
            move |turn| json!({ "email": calls::email(calls::scattered(turn, known)) }),
        )
        .await
    }

    async fn closed(
        &self,
        path: &'static str,
        connections: usize,
        time: Duration,
        body: impl Fn(usize) -> Value + Copy + Send + 'static,
    ) -> Result<Times, Failure> {
        let begin = Instant::now();
        // Every run starts elsewhere, so that its calls find something to change.
        let start = rand_start();
        let lanes = (0..connections).map(|lane| {
            let server = self.clone();
            tokio::spawn(async move {
                let mut connection = Connection::open(&server.address, &server.key).await?;
                let mut times = Vec::new();
                for turn in (start + lane..).step_by(connections) {
                    let sent = Instant::now();
                    if sent - begin > time {
                        break;
                    }
                    connection.post(path, &body(turn).to_string()).await?;
                    times.push(sent.elapsed());
                }
                Ok::<_, Failure>(times)
            })
        });
        let mut all = Vec::new();
        for lane in lanes.collect::<Vec<_>>() {
            all.extend(lane.await??);
        }
        Ok(Times { calls: all.len(), all, whole: begin.elapsed() })
    }

    /// Identifies at a steady rate; a call's time runs from when it was due.
    pub(crate) async fn steadily(&self, known: usize, rate: f64, time: Duration) -> Result<Times, Failure> {
        let (gap, begin, start) = (Duration::from_secs_f64(1.0 / rate), Instant::now(), rand_start());
        let lanes = (0..STEADY).map(|lane| {
            let server = self.clone();
            tokio::spawn(async move {
                let mut connection = Connection::open(&server.address, &server.key).await?;
                let mut times = Vec::new();
                for turn in (lane..).step_by(STEADY) {
                    let due = begin + gap.mul_f64(turn as f64);
                    if due - begin > time {
                        break;
                    }
                    tokio::time::sleep_until(due.into()).await;
                    let body = calls::change(calls::scattered(start + turn, known), start + turn).to_string();
                    connection.post("/v1/identify", &body).await?;
                    times.push(due.elapsed());
                }
                Ok::<_, Failure>(times)
            })
        });
        let mut all = Vec::new();
        for lane in lanes.collect::<Vec<_>>() {
            all.extend(lane.await??);
        }
        Ok(Times { calls: all.len(), all, whole: begin.elapsed() })
    }
}

/// A number that another run does not start with.
fn rand_start() -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static RUNS: AtomicUsize = AtomicUsize::new(1);
    RUNS.fetch_add(1, Ordering::Relaxed) * 1_000_003
}
