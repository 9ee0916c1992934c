//! Where calls go: over HTTP with a key, straight into the database, or, in a dry run, nowhere.

use std::{thread, time::Duration};

use serde_json::{Value, value::RawValue};
use server::{
    model::{Call, ImportId, KeyId, ProjectId, Refusal, Slug, Source, body, now},
    store::write::{Once, Outcome, Writer},
};
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::{chunk::Chunk, report::Rejected};
use crate::{
    client::{Client, Error, Remote},
    database::{self, Opened, Place},
    failure::Failure,
    output::note,
};

/// How often a chunk is sent before the import gives up; it can go on later.
const ATTEMPTS: u32 = 8;
/// The longest wait between two attempts, in seconds.
const PAUSE_MAX: u64 = 20;
/// What to do when the import could not go on.
const AGAIN: &str = "Run the same command again to go on from here.";

/// A place for calls.
pub enum Sink {
    /// A server, as an app uses it.
    Http(Client),
    /// The database itself.
    Database(Box<Direct>),
    /// Nowhere: a dry run.
    Nowhere,
}

/// A project in a database.
pub struct Direct {
    /// Goes last: the writer works in it.
    writer: Writer,
    project: ProjectId,
    db: Opened,
    runtime: Runtime,
}

/// A chunk's name: sent under the same one again, it is stored once.
#[derive(Clone, Copy, Debug)]
pub struct Name {
    /// The import.
    pub import: Uuid,
    /// The first line that the chunk may hold.
    pub line: u64,
}

impl Sink {
    /// The server that the key is for; the key must be one of the project that was named.
    pub fn http(remote: &Remote, project: &Slug) -> Result<Sink, Failure> {
        let client = remote.client()?;
        let answer = client.get_json("/v1/projects")?;
        let seen = answer["projects"].as_array().map(Vec::as_slice).unwrap_or_default();
        match seen {
            [one] if one["slug"] == project.as_str() => Ok(Sink::Http(client)),
            _ => {
                let slugs: Vec<&str> = seen.iter().filter_map(|project| project["slug"].as_str()).collect();
                let what = format!("TINYCRM_API_KEY is a key of {}, not of {project}.", slugs.join(", "));
                Err(Failure::usage(what)
                    .hint(format!("`tinycrm key create --project {project}` makes the right one.")))
            }
        }
    }

    /// The project in the database that the flags name.
    pub fn database(place: &Place, project: &Slug) -> Result<Sink, Failure> {
        let runtime = Runtime::new()?;
        let db = runtime.block_on(place.open())?;
        let project = runtime.block_on(database::project(&db.store, db.account, project))?.id;
        let writer = Writer::new(db.store.clone());
        Ok(Sink::Database(Box::new(Direct { writer, project, db, runtime })))
    }

    /// Stores the calls of a chunk; returns those that were rejected.
    pub fn send(&self, chunk: &Chunk, name: Name) -> Result<Vec<Rejected>, Failure> {
        if chunk.calls.is_empty() {
            return Ok(Vec::new());
        }
        match self {
            Sink::Http(client) => post(client, chunk, name),
            Sink::Database(direct) => direct.store(chunk, name),
            Sink::Nowhere => Ok(read(chunk).1),
        }
    }
}

fn post(client: &Client, chunk: &Chunk, name: Name) -> Result<Vec<Rejected>, Failure> {
    let calls: Vec<&str> = chunk.calls.iter().map(|(_, call)| call.as_str()).collect();
    let body = format!("{{\"import\":\"{}\",\"items\":[{}]}}", name.import, calls.join(","));
    let key = format!("import-{}-{}", name.import, name.line);
    let mut attempt = 0;
    loop {
        attempt += 1;
        match client.post("/v1/batch", &body, Some(&key)) {
            Ok(answer) => return rejected(chunk, &answer),
            Err(error) if attempt < ATTEMPTS && error.may_pass() => {
                let seconds = error.retry_after().unwrap_or(1 << attempt.min(4)).min(PAUSE_MAX);
                note(format_args!("{error} Trying again in {seconds} s."));
                thread::sleep(Duration::from_secs(seconds));
            }
            Err(error) => return Err(unfinished(error)),
        }
    }
}

fn unfinished(error: Error) -> Failure {
    if error.may_pass() { Failure::new(error.to_string()).hint(AGAIN) } else { error.into() }
}

/// What the answer, which has a result per item in their order, says of each line.
fn rejected(chunk: &Chunk, answer: &Value) -> Result<Vec<Rejected>, Failure> {
    let results = answer["results"].as_array().filter(|results| results.len() == chunk.calls.len());
    let results = results.ok_or_else(|| {
        Failure::new("The server's answer has not a result for each call.")
            .hint("Is TINYCRM_URL a TinyCRM server of the same version?")
    })?;
    let failed = chunk.calls.iter().zip(results).filter(|(_, result)| result["ok"] != true);
    Ok(failed.map(|((line, _), result)| Rejected { line: *line, reason: reason(result) }).collect())
}

/// A problem in one line: all that is wrong with the call.
fn reason(problem: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let each = |error: &Value| fault(&text(&error["pointer"]), &text(&error["detail"]));
    match problem["errors"].as_array() {
        Some(errors) if !errors.is_empty() => errors.iter().map(each).collect::<Vec<_>>().join("; "),
        _ => text(&problem["detail"]),
    }
}

fn fault(pointer: &str, detail: &str) -> String {
    let place = pointer.trim_start_matches('/');
    if place.is_empty() { detail.to_owned() } else { format!("{place}: {detail}") }
}

impl Direct {
    fn store(&self, chunk: &Chunk, name: Name) -> Result<Vec<Rejected>, Failure> {
        let (calls, mut rejected) = read(chunk);
        let (lines, calls): (Vec<u64>, Vec<Call>) = calls.into_iter().unzip();
        let once = Once {
            scope: KeyId(name.import),
            key: format!("import-{}", name.line),
            request: fingerprint(chunk),
        };
        let source = Source::Import(Some(ImportId(name.import)));
        let stored = self.writer.submit(self.db.account, self.project, source, calls, Some(once));
        let stored = self.runtime.block_on(stored);
        let receipt = stored.map_err(|error| Failure::from(error).hint(AGAIN))?;
        for (line, outcome) in lines.into_iter().zip(receipt.outcomes) {
            if let Outcome::Refused(refusal) = outcome {
                rejected.push(Rejected { line, reason: refused(&refusal) });
            }
        }
        Ok(rejected)
    }
}

/// Which lines a chunk holds: enough to know it again, for the file is the same.
fn fingerprint(chunk: &Chunk) -> [u8; 32] {
    let mut print = [0; 32];
    let last = chunk.last_line().unwrap_or_default();
    print[..8].copy_from_slice(&last.to_be_bytes());
    print[8..16].copy_from_slice(&(chunk.calls.len() as u64).to_be_bytes());
    print
}

/// The calls that are in order, and the lines of those that are not.
fn read(chunk: &Chunk) -> (Vec<(u64, Call)>, Vec<Rejected>) {
    let terms = body::Terms { now: now(), publishable: false, live: false };
    let (mut calls, mut rejected) = (Vec::with_capacity(chunk.calls.len()), Vec::new());
    for (line, text) in &chunk.calls {
        let raw: Result<&RawValue, _> = serde_json::from_str(text);
        match raw.map(|raw| body::item(raw, terms)) {
            Ok(Ok(call)) => calls.push((*line, call)),
            Ok(Err(refusal)) => rejected.push(Rejected { line: *line, reason: refused(&refusal) }),
            Err(error) => rejected.push(Rejected { line: *line, reason: error.to_string() }),
        }
    }
    (calls, rejected)
}

fn refused(refusal: &Refusal) -> String {
    let each: Vec<String> = refusal.faults.iter().map(|f| fault(&f.pointer, &f.detail)).collect();
    if each.is_empty() { refusal.detail.clone() } else { each.join("; ") }
}
