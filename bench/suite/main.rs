//! The benchmark's steps, one command each; `bench/run` calls them in order, README.md says why each is as it is.
//!
//! Each step writes what it found as JSON into the folder of the run; the last one makes RESULTS.md of it.

#![allow(clippy::print_stdout, reason = "the run is watched in a terminal")]
#![allow(missing_docs, reason = "a program, not a library")]

mod accounts;
mod answers;
mod dice;
mod facts;
mod fill;
mod http;
mod insights;
mod lives;
mod loads;
mod logs;
mod measure;
mod over_http;
mod postgres;
mod questions;
mod report;
mod rows;
mod writes;

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};

use http::Server;
use questions::Question;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What `bench/run` says of the run, by variables that begin with `BENCH_`.
struct Run {
    /// With a key that reads the project `bench`.
    server: Server,
    /// With a key that reads the account.
    account: Server,
    /// With a key that writes to `bench`.
    writer: Server,
    /// Where it tells its metrics, to whoever asks.
    metrics: Server,
    /// How to connect to the private Postgres.
    database: String,
    /// The server's process.
    pid: u32,
    /// Where results go.
    out: PathBuf,
    /// How long a question is measured.
    time: Duration,
    /// Whether the rows have a past, and are asked of it.
    has_past: bool,
}

impl Run {
    fn read() -> Run {
        let text = |name: &str| env::var(format!("BENCH_{name}")).unwrap_or_default();
        let server = |key: &str| Server { address: text("ADDRESS"), key: text(key) };
        Run {
            server: server("READ_KEY"),
            account: server("ACCOUNT_KEY"),
            writer: server("SECRET_KEY"),
            metrics: Server { address: text("METRICS"), key: String::new() },
            database: text("DATABASE"),
            pid: text("PID").parse().unwrap_or(0),
            out: PathBuf::from(text("OUT")),
            time: Duration::from_secs_f64(text("SECONDS").parse().unwrap_or(5.0)),
            has_past: text("PAST") != "no",
        }
    }

    /// The server with the key that a question takes.
    fn server_for(&self, question: &Question) -> Server {
        if question.is_wide { self.account.clone() } else { self.server.clone() }
    }

    /// How many customers were filled.
    fn rows(&self) -> Result<u64, Failure> {
        self.found("fill")["rows"].as_u64().ok_or_else(|| "nothing was filled".into())
    }

    /// What a step has found; null if it was left out.
    fn found(&self, name: &str) -> Value {
        let text = fs::read_to_string(self.out.join(format!("{name}.json"))).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    fn write(&self, name: &str, value: &Value) -> Result<(), Failure> {
        Ok(fs::write(self.out.join(format!("{name}.json")), format!("{value:#}"))?)
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let run = Run::read();
    match words[..] {
        ["ready", started, name] => facts::ready(&run, started, name),
        ["fill", rows] => {
            let filled = fill::fill(&run, rows.parse()?).await?;
            run.write("fill", &filled)
        }
        ["export"] => facts::export(&run),
        ["sizes", program] => facts::sizes(&run, Path::new(program)),
        ["pings"] => writes::pings(&run),
        ["identify", name] => writes::identify(&run, name),
        ["accounts"] => {
            told(&run.found("fill")["accounts"]);
            Ok(())
        }
        ["limit", name] => {
            println!("{}", facts::limit(&run, name)?);
            Ok(())
        }
        ["accounts", count] => accounts::fill(&run, count.parse()?).await,
        ["samples"] => {
            told(&run.found("accounts")["accounts"]);
            Ok(())
        }
        ["touch"] => accounts::touch(&run),
        ["quiet"] => accounts::quiet(&run),
        ["writers"] => accounts::writers(&run),
        ["projects"] => accounts::projects(&run),
        ["follow"] => accounts::follow(&run),
        ["fresh", checks] => measure::fresh(&run, checks.parse()?),
        ["report", page] => report::write(&run, Path::new(page)),
        ["report-accounts", page] => accounts::report(&run, Path::new(page)),
        [step] => asked(&run, step).await,
        _ => Err("bench/run starts this".into()),
    }
}

/// Prints a list of texts, one a line.
fn told(list: &Value) {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).for_each(|text| println!("{text}"));
}

/// The steps that ask the questions.
async fn asked(run: &Run, step: &str) -> Result<(), Failure> {
    let mut questions = questions::read(&run.database).await?;
    questions.retain(|question| run.has_past || !question.is_of_the_past());
    match step {
        "answers" => {
            facts::isolated(run)?;
            run.write("questions", &questions.iter().map(Question::to_json).collect())?;
            let asked = questions.iter().map(|Question { name, ask, to_reach, .. }| {
                json!({ "name": name, "ask": ask, "to_reach": to_reach })
            });
            run.write("asked", &asked.collect())?;
            answers::tinycrm(run, &questions)?;
            postgres::answers(run, &questions).await
        }
        "compare" => answers::compare(run, &questions),
        "time" => {
            postgres::times(run, &questions).await?;
            over_http::times(run, &questions).await?;
            measure::questions(run, &questions)
        }
        "busy" => measure::busy(run, &questions),
        _ => Err(format!("there is no step {step}").into()),
    }
}
