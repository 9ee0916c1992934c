//! Where calls go: over HTTP with a key, or straight into the database.

use std::{thread, time::Duration};

use serde_json::Value;
use server::model::Slug;

use super::{chunk::Chunk, report::Rejected};
use crate::{
    client::{Client, Error, Refusal, Remote},
    database::Place,
    failure::Failure,
    output::note,
};

/// How often a chunk is sent before the import gives up; it can go on later.
const ATTEMPTS: u32 = 8;
/// The longest wait between two attempts.
const PAUSE_MAX: u64 = 20;

/// A place for calls.
pub enum Sink {
    /// A server, as an app uses it.
    Http(Client),
    /// Nowhere: a dry run.
    Nowhere,
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
                Err(Failure::usage(format!(
                    "TINYCRM_API_KEY is a key of {}, not of {project}.",
                    slugs.join(", ")
                ))
                .hint(format!("`tinycrm key create --project {project}` makes the right one.")))
            }
        }
    }

    /// The project in the database that the flags name.
    pub fn database(_place: &Place, _project: &Slug) -> Result<Sink, Failure> {
        Err(Failure::usage("No API key was given.").hint("Set TINYCRM_API_KEY."))
    }

    /// Stores the calls of a chunk; returns those that were rejected. The same `key` again stores nothing twice.
    pub fn send(&self, chunk: &Chunk, key: &str) -> Result<Vec<Rejected>, Failure> {
        match self {
            _ if chunk.calls.is_empty() => Ok(Vec::new()),
            Sink::Http(client) => post(client, chunk, key),
            Sink::Nowhere => Ok(Vec::new()),
        }
    }
}

fn post(client: &Client, chunk: &Chunk, key: &str) -> Result<Vec<Rejected>, Failure> {
    let calls: Vec<&str> = chunk.calls.iter().map(|(_, call)| call.as_str()).collect();
    let body = format!("{{\"items\":[{}]}}", calls.join(","));
    let mut attempt = 0;
    loop {
        attempt += 1;
        match client.post("/v1/batch", &body, Some(key)) {
            Ok(answer) => return Ok(rejected(chunk, &answer)),
            Err(Error::Refused(refusal)) if is_about_the_call(&refusal, chunk) => {
                return Ok(vec![Rejected { line: chunk.calls[0].0, reason: reason(&refusal.problem) }]);
            }
            Err(error) if attempt < ATTEMPTS && error.may_pass() => {
                let seconds = error.retry_after().unwrap_or(1 << attempt.min(4)).min(PAUSE_MAX);
                note(format_args!("{error} Trying again in {seconds} s."));
                thread::sleep(Duration::from_secs(seconds));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// A single call can be too large for a batch of its own; that is the line's fault.
fn is_about_the_call(refusal: &Refusal, chunk: &Chunk) -> bool {
    chunk.calls.len() == 1 && matches!(refusal.status, 400 | 413 | 422)
}

/// The answer has a result per item, in order.
fn rejected(chunk: &Chunk, answer: &Value) -> Vec<Rejected> {
    let results = answer["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    let failed = |result: &&Value| result["status"].as_u64().is_some_and(|status| status >= 400);
    let pairs = chunk.calls.iter().zip(results).filter(|(_, result)| failed(result));
    pairs.map(|((line, _), result)| Rejected { line: *line, reason: reason(result) }).collect()
}

/// A problem in one line: all that is wrong with the call.
fn reason(problem: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let each = |error: &Value| {
        format!("{}: {}", text(&error["pointer"]).trim_start_matches('/'), text(&error["detail"]))
    };
    match problem["errors"].as_array() {
        Some(errors) if !errors.is_empty() => errors.iter().map(each).collect::<Vec<_>>().join("; "),
        _ => text(&problem["detail"]),
    }
}
