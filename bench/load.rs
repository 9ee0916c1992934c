//! The benchmark: a release server on its private Postgres, 100,000 customers, measured over HTTP from the same machine.
//!
//! `bench/run` builds, starts it and prints the table. What is measured beside it, the bare loop, writes the same tables by
//! UNNEST on one connection: the most that this Postgres on this disk could do just now.

#![allow(clippy::print_stdout, reason = "the table is the program's answer")]

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};
use tokio_postgres::NoTls;
use uuid::Uuid;

/// Customers in the project.
const CUSTOMERS: usize = 100_000;
/// How many customers share a value of `cohort`: what a selective filter finds.
const COHORT: usize = 10;
/// Connections that identify at once.
const CONNECTIONS: usize = 64;
/// Rows of one transaction of the bare loop: as many as connections.
const BARE_ROWS: usize = CONNECTIONS;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(key), Some(database)) = (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("load ADDRESS KEY DATABASE [SECONDS]: bench/run starts it".into());
    };
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(20);
    let (server, time) = (Server { address, key }, Duration::from_secs(seconds));
    let filled = server.fill().await?;
    println!("| filled by /v1/batch, 1,000 items a batch, 4 connections | {filled:.0} customers/s |");
    let bare = bare_loop(&database, time).await?;
    println!("| bare UNNEST loop, {BARE_ROWS} rows a commit, 1 connection | {bare:.0} rows/s |");
    let identify = server.identify(time).await?;
    let share = identify.rate() / bare * 100.0;
    println!(
        "| identify, {CONNECTIONS} connections, every call changes a param | {identify} | {share:.0}% of bare |"
    );
    println!("| ping, {CONNECTIONS} connections | {} |", server.ping(time / 2).await?);
    println!(
        "| selective equality: count and first page of {COHORT} rows | {} |",
        server.query(time / 4).await?
    );
    for format in ["ndjson", "csv"] {
        println!(
            "| export of {CUSTOMERS} customers as {format} | {:.0} rows/s |",
            server.export(format).await?
        );
    }
    Ok(())
}

/// The server under test, and the key of its project.
#[derive(Clone)]
struct Server {
    address: String,
    key: String,
}

/// How long each of many requests took.
struct Times {
    sorted: Vec<Duration>,
    whole: Duration,
}

impl Times {
    fn new(mut all: Vec<Duration>, whole: Duration) -> Times {
        all.sort_unstable();
        Times { sorted: all, whole }
    }

    fn rate(&self) -> f64 {
        self.sorted.len() as f64 / self.whole.as_secs_f64()
    }

    fn quantile(&self, share: f64) -> f64 {
        let at = ((self.sorted.len() as f64 * share) as usize).min(self.sorted.len() - 1);
        self.sorted[at].as_secs_f64() * 1000.0
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (half, most) = (self.quantile(0.5), self.quantile(0.99));
        write!(f, "{:.0}/s, p50 {half:.1} ms, p99 {most:.1} ms", self.rate())
    }
}

impl Server {
    /// Makes the customers; returns how many a second.
    async fn fill(&self) -> Result<f64, Failure> {
        let begin = Instant::now();
        let lanes = (0..4).map(|lane| {
            let server = self.clone();
            tokio::spawn(async move {
                let mut connection = Connection::open(&server).await?;
                for first in (lane * 1000..CUSTOMERS).step_by(4000) {
                    let items: Value = (first..first + 1000).map(customer).collect();
                    connection.post("/v1/batch", &json!({ "items": items })).await?;
                }
                Ok::<_, Failure>(())
            })
        });
        for lane in lanes.collect::<Vec<_>>() {
            lane.await??;
        }
        Ok(CUSTOMERS as f64 / begin.elapsed().as_secs_f64())
    }

    async fn identify(&self, time: Duration) -> Result<Times, Failure> {
        self.many("/v1/identify", time, |n| {
            json!({ "email": email(n * 7919), "status": "paid", "params": { "plan": "pro", "mrr": n % 90, "seen": n } })
        })
        .await
    }

    async fn ping(&self, time: Duration) -> Result<Times, Failure> {
        self.many("/v1/ping", time, |n| json!({ "email": email(n * 7919) })).await
    }

    /// Sends bodies over all connections at once until the time is over.
    async fn many(
        &self,
        path: &'static str,
        time: Duration,
        body: fn(usize) -> Value,
    ) -> Result<Times, Failure> {
        let begin = Instant::now();
        let lanes = (0..CONNECTIONS).map(|lane| {
            let server = self.clone();
            tokio::spawn(async move {
                let mut connection = Connection::open(&server).await?;
                let mut times = Vec::new();
                for n in (lane..).step_by(CONNECTIONS) {
                    let sent = Instant::now();
                    if sent - begin > time {
                        break;
                    }
                    connection.post(path, &body(n)).await?;
                    times.push(sent.elapsed());
                }
                Ok::<_, Failure>(times)
            })
        });
        let mut all = Vec::new();
        for lane in lanes.collect::<Vec<_>>() {
            all.extend(lane.await??);
        }
        Ok(Times::new(all, begin.elapsed()))
    }

    async fn query(&self, time: Duration) -> Result<Times, Failure> {
        let mut connection = Connection::open(self).await?;
        let (mut times, begin) = (Vec::new(), Instant::now());
        while begin.elapsed() < time {
            let cohort = times.len() * 31 % (CUSTOMERS / COHORT);
            let question =
                json!({ "filter": format!("params.cohort = {cohort}"), "select": ["count", "customers"] });
            let sent = Instant::now();
            let answer = connection.post("/v1/query", &question).await?;
            times.push(sent.elapsed());
            let expected = format!("\"count\":{COHORT},");
            if !answer.windows(expected.len()).any(|part| part == expected.as_bytes()) {
                return Err(format!("cohort {cohort} is not {COHORT} customers").into());
            }
        }
        Ok(Times::new(times, begin.elapsed()))
    }

    /// Reads a whole export; returns rows a second.
    async fn export(&self, format: &str) -> Result<f64, Failure> {
        let begin = Instant::now();
        let mut connection = Connection::open(self).await?;
        let rows = connection.lines(&format!("/v1/export?format={format}")).await?;
        if rows < CUSTOMERS {
            return Err(format!("the export as {format} has only {rows} rows").into());
        }
        Ok(CUSTOMERS as f64 / begin.elapsed().as_secs_f64())
    }
}

fn email(n: usize) -> String {
    format!("customer{}@example.com", n % CUSTOMERS)
}

/// A customer with a dozen params.
fn customer(n: usize) -> Value {
    let status = ["free", "trial", "paid", "churned"][n % 4];
    let plan = ["free", "pro", "team"][n % 3];
    let source = ["ad", "search", "friend"][n % 3];
    json!({
        "email": email(n), "user_id": format!("u_{n}"), "name": format!("Customer {n}"),
        "status": status,
        "params": {
            "plan": plan, "mrr": n % 90, "source": source,
            "role": "owner", "trial_ends": "2026-12-01", "referral": null, "beta": n.is_multiple_of(2), "dark": false,
            "signed_up_at": "2026-01-01T00:00:00Z", "billing_cycle": "monthly", "cohort": n / COHORT,
            "company": { "name": format!("Company {}", n % 1000), "country": "DE" },
        },
    })
}

/// One kept-alive HTTP/1.1 connection.
struct Connection {
    stream: BufReader<TcpStream>,
    key: String,
}

impl Connection {
    async fn open(server: &Server) -> Result<Connection, Failure> {
        let stream = TcpStream::connect(&server.address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream: BufReader::new(stream), key: server.key.clone() })
    }

    /// Posts JSON and reads the answer; anything but 200 is an error.
    async fn post(&mut self, path: &str, body: &Value) -> Result<Vec<u8>, Failure> {
        let (body, key) = (body.to_string(), &self.key);
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        let head = self.head().await?;
        let length = head
            .get("content-length")
            .and_then(|text| text.parse().ok())
            .ok_or("an answer without a length")?;
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).await?;
        if head["status"] != "200" {
            return Err(format!("{}: {}", head["status"], String::from_utf8_lossy(&answer)).into());
        }
        Ok(answer)
    }

    /// The headers of an answer by their names, and its `status`.
    async fn head(&mut self) -> Result<HashMap<String, String>, Failure> {
        let mut head = HashMap::new();
        let mut line = String::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line).await? == 0 {
                return Err("the server closed the connection".into());
            }
            match line.trim_end().split_once(": ") {
                Some((name, value)) => head.insert(name.to_lowercase(), value.to_owned()),
                None if line.trim_end().is_empty() => return Ok(head),
                None => head.insert("status".into(), line.split(' ').nth(1).unwrap_or_default().to_owned()),
            };
        }
    }

    /// How many lines a streamed answer has, those of its chunks' headers left out.
    async fn lines(&mut self, path: &str) -> Result<usize, Failure> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
            self.key
        );
        self.stream.write_all(request.as_bytes()).await?;
        let head = self.head().await?;
        if head["status"] != "200" {
            return Err(format!("the export is answered {}", head["status"]).into());
        }
        let (mut lines, mut last, mut buffer) = (0, b'\n', vec![0; 1 << 16]);
        loop {
            let read = self.stream.read(&mut buffer).await?;
            if read == 0 {
                return Ok(lines);
            }
            for byte in &buffer[..read] {
                // Chunk headers end in CR LF; rows end in LF alone in NDJSON, and in CR LF after a value in CSV.
                lines += usize::from(*byte == b'\n' && last != b'\r');
                last = *byte;
            }
        }
    }
}

/// The params with another `mrr`.
fn changed(mut params: Value, mrr: usize) -> Value {
    params["mrr"] = json!(mrr % 90);
    params
}

/// Updates relationships and writes history, activity's clock and feed, in batches of [`BARE_ROWS`]; returns rows a second.
async fn bare_loop(database: &str, time: Duration) -> Result<f64, Failure> {
    let (mut client, connection) = tokio_postgres::connect(database, NoTls).await?;
    tokio::spawn(connection);
    let rows =
        client.query("select account_id, project_id, customer_id, params from relationship", &[]).await?;
    let account: Uuid = rows.first().ok_or("nobody to update")?.get(0);
    let (mut count, begin) = (0, Instant::now());
    let clock = client
        .prepare("update clock set version = version + 1 where account_id = $1 returning version")
        .await?;
    let update = client
        .prepare(
            "update relationship r set params = u.params, last_activity = now(), version = $5
             from unnest($2::uuid[], $3::uuid[], $4::jsonb[]) as u (project_id, customer_id, params)
             where r.account_id = $1 and r.project_id = u.project_id and r.customer_id = u.customer_id",
        )
        .await?;
    let change = client
        .prepare(
            "insert into change (account_id, id, project_id, customer_id, at, source, fields, params, stale)
             select $1, u.id, u.project_id, u.customer_id, now(), 'import', '{}', u.params, '{}'
             from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::jsonb[]) as u (id, project_id, customer_id, params)",
        )
        .await?;
    let feed = client
        .prepare(
            "insert into feed (account_id, version, at, touched_projects, touched_customers, removed_projects, removed_customers)
             values ($1, $2, now(), $3, $4, '{}', '{}')",
        )
        .await?;
    while begin.elapsed() < time {
        let chosen = (0..BARE_ROWS).map(|n| &rows[(count + n) * 7919 % rows.len()]);
        let (projects, customers): (Vec<Uuid>, Vec<Uuid>) =
            chosen.clone().map(|row| (row.get::<_, Uuid>(1), row.get::<_, Uuid>(2))).unzip();
        let ids: Vec<Uuid> = customers.iter().map(|_| Uuid::now_v7()).collect();
        let params: Vec<Value> = chosen.clone().map(|row| changed(row.get(3), count)).collect();
        let changes: Vec<Value> =
            (0..BARE_ROWS).map(|n| json!({ "mrr": { "before": n, "after": count } })).collect();
        let transaction = client.transaction().await?;
        let version: i64 = transaction.query_one(&clock, &[&account]).await?.get(0);
        transaction.execute(&update, &[&account, &projects, &customers, &params, &version]).await?;
        transaction.execute(&change, &[&account, &ids, &projects, &customers, &changes]).await?;
        transaction.execute(&feed, &[&account, &version, &projects, &customers]).await?;
        transaction.commit().await?;
        count += BARE_ROWS;
    }
    Ok(count as f64 / begin.elapsed().as_secs_f64())
}
