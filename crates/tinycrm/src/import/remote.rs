//! Imports by a server: `POST /v1/imports`.

use std::{
    io::{self, Read, Write},
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value;
use server::{import::Options, model::Slug};

use super::Task;
use crate::{
    client::{Client, Remote},
    failure::Failure,
};

/// How long a server that is away is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest wait between two attempts, in seconds.
const PAUSE_MAX: u64 = 10;

/// A server that imports into the key's project.
pub struct Remoted {
    client: Client,
}

impl Remoted {
    /// The server that the key is for; the key must be one of the project that was named, if one was.
    pub fn open(remote: &Remote, project: Option<&Slug>) -> Result<Remoted, Failure> {
        let client = remote.client()?;
        // Asked first, also where no project is named: a key that is refused in the middle of a file looks like a server that
        // hangs up.
        let answer = client.get_json("/v1/projects")?;
        let Some(project) = project else { return Ok(Remoted { client }) };
        let seen = answer["projects"].as_array().map(Vec::as_slice).unwrap_or_default();
        match seen {
            [one] if one["slug"] == project.as_str() => Ok(Remoted { client }),
            _ => {
                let slugs: Vec<&str> = seen.iter().filter_map(|project| project["slug"].as_str()).collect();
                let what = format!("TINYCRM_API_KEY is a key of {}, not of {project}.", slugs.join(", "));
                Err(Failure::usage(what)
                    .hint(format!("`tinycrm key create --project {project}` makes the right one.")))
            }
        }
    }

    /// Sends the file.
    pub(super) fn begin(&self, task: &Task, file: impl Read) -> Result<Value, Failure> {
        let mut query = query(&task.options);
        query.push(("name", task.name()));
        query.push(("wait", "0".to_owned()));
        query.extend(task.dry_run.then(|| ("dry_run", "true".to_owned())));
        Ok(self.client.upload("/v1/imports", &query, file)?)
    }

    /// Asks how an import stands. A server that is away for a moment goes on with it, or says that it was cut off.
    pub(super) fn report(&self, id: &str) -> Result<Value, Failure> {
        let began = Instant::now();
        loop {
            match self.client.get_json(&format!("/v1/imports/{id}")) {
                Err(error) if error.may_pass() && began.elapsed() < PATIENCE => {
                    sleep(Duration::from_secs(error.retry_after().unwrap_or(1).min(PAUSE_MAX)));
                }
                answer => return Ok(answer?),
            }
        }
    }

    /// Fetches the rows that were not taken.
    pub(super) fn rejected(&self, id: &str, out: &mut dyn Write) -> Result<(), Failure> {
        let answer = self.client.get(&format!("/v1/imports/{id}/rejected"), &[])?;
        io::copy(&mut answer.into_body().into_reader(), out)?;
        Ok(())
    }
}

/// The options as parameters, each as its flag spells it.
fn query(options: &Options) -> Vec<(&'static str, String)> {
    let mut query = Vec::new();
    let mut add = |name, value: Option<String>| query.extend(value.map(|value| (name, value)));
    add("format", options.format.map(|format| format.to_string()));
    add("delimiter", options.delimiter.map(|delimiter| delimiter.to_string()));
    add("encoding", options.encoding.map(|encoding| encoding.to_string()));
    add("sheet", options.sheet.clone());
    add("only_missing", options.only_missing.then(|| "true".to_owned()));
    add("seen", options.seen.then(|| "true".to_owned()));
    add("resume_from", options.resume_from.map(|line| line.to_string()));
    options.types.iter().for_each(|(column, kind)| add("type", Some(format!("{column}={kind}"))));
    options.map.iter().for_each(|(column, name)| add("map", Some(format!("{column}={name}"))));
    options.status_map.iter().for_each(|(theirs, ours)| add("status_map", Some(format!("{theirs}={ours}"))));
    query
}
