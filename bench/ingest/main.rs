//! The benchmark of writes: identify, batch and ping over HTTP, beside a bare loop that writes the same tables by UNNEST.
//!
//! `bench/run ingest` builds, starts a server and prints the table. Ours and the bare loop take turns on the same Postgres,
//! so that what else happens on the machine happens to both; what counts is the ratio. The bare loop writes for an account
//! of its own, as many rows a commit as the server's commits turned out to have.

#![allow(clippy::print_stdout, reason = "the table is the program's answer")]

mod bare;
mod calls;
mod load;
mod wire;

use std::time::Duration;

use bare::Bare;
use load::{Server, Times};

/// Ours and the bare loop take so many turns each.
const TURNS: u32 = 3;
/// Items of a request to `/v1/batch`.
const ITEMS: usize = 1000;
/// Customers that each turn of an import brings.
const IMPORT: usize = 8 * ITEMS;

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(key), Some(database)) = (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("ingest ADDRESS KEY DATABASE [SECONDS]: bench/run starts it".into());
    };
    let seconds: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(12);
    let only = arguments.next();
    let chosen = |row: &str| only.as_deref().is_none_or(|only| row.contains(only));
    let (server, turn) = (Server { address, key }, Duration::from_secs(seconds) / TURNS / 2);
    let mut bench = Bench { bare: Bare::open(&database).await?, server, known: 0, turn };
    println!("| what | ours | bare loop | rows a commit | ratio |\n|---|---|---|---|---|");
    for connections in [4, 1] {
        bench.import(connections).await?;
    }
    for connections in [4, 1] {
        if chosen("batch") {
            bench.batch(connections).await?;
        }
    }
    let mut most = 0.0;
    for connections in [1, 8, 64] {
        if chosen(&format!("identify{connections}")) {
            most = bench.identify(connections).await?;
        }
    }
    if chosen("identify") && most > 0.0 {
        bench.half_load(most / 2.0).await?;
    }
    if chosen("ping") {
        bench.ping(64).await?;
    }
    Ok(())
}

/// A server with customers, and the bare loop beside it.
struct Bench {
    server: Server,
    bare: Bare,
    /// Customers that both know.
    known: usize,
    turn: Duration,
}

impl Bench {
    /// New customers, a thousand a request.
    async fn import(&mut self, connections: usize) -> Result<(), Failure> {
        let (mut ours, mut bare, mut a_commit) = (Times::default(), Times::default(), 0);
        for _ in 0..TURNS {
            let before = self.bare.version().await?;
            ours.add(self.server.import(self.known, IMPORT, connections).await?);
            a_commit = self.bare.rows_a_commit(before).await?;
            bare.add(self.bare.import(self.known, IMPORT, a_commit).await?);
            self.known += IMPORT;
        }
        let rates = (ours.rate(), bare.rate());
        row(&format!("new customers by /v1/batch, {connections} connections"), &ours, rates, a_commit);
        Ok(())
    }

    /// Known customers who change, a thousand a request.
    async fn batch(&mut self, connections: usize) -> Result<(), Failure> {
        let (mut ours, mut bare, mut a_commit) = (Times::default(), Times::default(), 0);
        for turn in 0..TURNS as usize {
            let first = turn * IMPORT;
            let before = self.bare.version().await?;
            ours.add(self.server.batch(self.known, first, IMPORT, connections).await?);
            a_commit = self.bare.rows_a_commit(before).await?;
            bare.add(self.bare.identify(a_commit, self.turn, Some(IMPORT)).await?);
        }
        let rates = (ours.rate(), bare.rate());
        row(&format!("known customers by /v1/batch, {connections} connections"), &ours, rates, a_commit);
        Ok(())
    }

    /// Single calls that each change a customer. Returns how many a second.
    async fn identify(&mut self, connections: usize) -> Result<f64, Failure> {
        let (mut ours, mut bare, mut a_commit) = (Times::default(), Times::default(), 0);
        for _ in 0..TURNS {
            let before = self.bare.version().await?;
            ours.add(self.server.identify(self.known, connections, self.turn).await?);
            a_commit = self.bare.rows_a_commit(before).await?;
            bare.add(self.bare.identify(a_commit, self.turn, None).await?);
        }
        let rates = (ours.rate(), bare.rate());
        row(&format!("identify, {connections} connections"), &ours, rates, a_commit);
        Ok(ours.rate())
    }

    /// Calls at a steady rate, whether or not those before are answered.
    async fn half_load(&mut self, rate: f64) -> Result<(), Failure> {
        let before = self.bare.version().await?;
        let times = self.server.steadily(self.known, rate, self.turn * 2).await?;
        let a_commit = self.bare.rows_a_commit(before).await?;
        println!("| identify, open loop at half of that | {times} | | {a_commit} | |");
        Ok(())
    }

    async fn ping(&mut self, connections: usize) -> Result<(), Failure> {
        let (mut ours, mut bare, mut a_commit) = (Times::default(), Times::default(), 0);
        for _ in 0..TURNS {
            let before = self.bare.version().await?;
            ours.add(self.server.ping(self.known, connections, self.turn / 2).await?);
            a_commit = self.bare.rows_a_commit(before).await?;
            bare.add(self.bare.ping(a_commit, self.turn / 2).await?);
        }
        let rates = (ours.rate(), bare.rate());
        row(&format!("ping, {connections} connections"), &ours, rates, a_commit);
        Ok(())
    }
}

fn row(what: &str, ours: &Times, (our_rate, bare): (f64, f64), a_commit: usize) {
    println!("| {what} | {ours} | {bare:.0} rows/s | {a_commit} | {:.0}% |", our_rate / bare * 100.0);
}
