//! `tinycrm export`: customers as CSV or NDJSON, streamed; what breaks off goes on.

use std::{io::Write, path::PathBuf, thread::sleep, time::Duration};

use serde_json::{Value, json};
use ureq::{Body, http::Response};

use crate::{
    answer::{past, warnings},
    client::{Client, Error, Remote},
    export::{Form, SoFar, Stop, Target},
    failure::Failure,
    output::note,
};

/// How often it is asked again while nothing more comes: after 1, 2, 4 … seconds.
const ATTEMPTS: u32 = 6;
/// The response header with the version that the whole answer is of.
const VERSION: &str = "tinycrm-version";
/// The one with the moment of the past that all of it is of.
const AS_OF: &str = "tinycrm-as-of";
/// The one with what may have been meant otherwise.
const WARNINGS: &str = "tinycrm-warnings";

/// Export customers as CSV or NDJSON
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without a FILTER it exports all customers, one line for each of their projects. It streams: any
number of lines takes the same memory. An answer that breaks off is asked for from there on, and
a file takes its name when all is in it.

Examples:
  tinycrm export 'trial_ends in next 7 days' > trials.csv
  tinycrm export 'status = paid' --columns email,name,params.plan,params.mrr --sort -mrr
  tinycrm export --columns all --bom -o everything.csv
  tinycrm export --format ndjson | jq -r .email
  tinycrm export 'status = paid' --as-of 2026-06-30 -o june.csv")]
pub struct Export {
    /// A filter, e.g. 'params.trial_ends in next 7 days'
    #[arg(default_value = "", hide_default_value = true)]
    filter: String,

    /// csv or ndjson
    #[arg(long, default_value = "csv", hide_possible_values = true)]
    format: Form,

    /// The columns of a CSV, as email,name,params.plan; all has every path
    #[arg(long, value_name = "COLUMNS")]
    columns: Option<String>,

    /// Sort by a field or path; a minus in front sorts downwards [default: -last_activity]
    #[arg(long, value_name = "[-]PATH", allow_hyphen_values = true)]
    sort: Option<String>,

    /// Only customers of this project (account keys see all)
    #[arg(long, value_name = "SLUG")]
    project: Option<String>,

    /// Export all test projects instead of all others
    #[arg(long, conflicts_with = "project")]
    test: bool,

    /// Begin a CSV with a byte order mark, by which spreadsheets know UTF-8
    #[arg(long)]
    bom: bool,

    /// Export what was so at a moment of the past: 2026-03-01, '30 days ago'; no import takes it
    #[arg(long, value_name = "MOMENT")]
    as_of: Option<String>,

    /// Write to a file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    remote: Remote,
}

impl Export {
    /// Streams the export to stdout or the file.
    pub fn run(self) -> Result<(), Failure> {
        if self.bom && self.format == Form::Ndjson {
            return Err(Failure::usage("NDJSON has no byte order mark.").hint("Leave --bom out."));
        }
        let client = self.remote.client()?;
        let mut so_far = SoFar::default();
        // What is wrong is said before there is a file.
        let mut answer = self.ask(&client, &so_far).map_err(|error| error.about(&self.filter))?;
        warn(&answer);
        if let Some(moment) = header(&answer, AS_OF) {
            note(past(moment));
        }
        let mut target = Target::open(self.output.as_deref())?;
        if self.bom {
            target.write_all("\u{feff}".as_bytes())?;
        }
        let (began, mut attempts) = (version(&answer), 0);
        loop {
            let (before, now) = (so_far.lines, version(&answer));
            match so_far.copy(self.format, answer.into_body().into_reader(), &mut target) {
                Ok(()) => {
                    target.finish()?;
                    warn_of_versions(began, now);
                    return if so_far.lines == 0 { self.explain(&client) } else { Ok(()) };
                }
                Err(Stop::Write(error)) => return Err(error.into()),
                Err(Stop::Cut(why)) => {
                    note(format_args!(
                        "The answer broke off after {} lines ({why}); going on.",
                        so_far.lines
                    ));
                    attempts = if so_far.lines > before { 0 } else { attempts };
                    answer = self.go_on(&client, &so_far, &mut attempts)?;
                }
            }
        }
    }

    /// Asks for what has not come yet, again and again for a while.
    fn go_on(&self, client: &Client, so_far: &SoFar, attempts: &mut u32) -> Result<Response<Body>, Failure> {
        loop {
            if *attempts == ATTEMPTS {
                let what = format!("The export broke off after {} lines and does not go on.", so_far.lines);
                return Err(Failure::new(what).hint("Is the server running? Export again when it is."));
            }
            sleep(Duration::from_secs(1 << *attempts));
            *attempts += 1;
            match self.ask(client, so_far) {
                Ok(answer) => return Ok(answer),
                Err(error) if error.may_pass() => {}
                Err(error) => return Err(error.about(&self.filter)),
            }
        }
    }

    /// Why nobody was found.
    fn explain(&self, client: &Client) -> Result<(), Failure> {
        let mut question = json!({ "filter": self.filter, "select": ["count"], "project": self.project });
        if self.test {
            question["test"] = json!(true);
        }
        if let Some(moment) = &self.as_of {
            question["as_of"] = json!(moment);
        }
        let answer = client.ask("/v1/query", &question.to_string())?;
        warnings(&answer["warnings"]).for_each(note);
        Ok(())
    }

    fn ask(&self, client: &Client, so_far: &SoFar) -> Result<Response<Body>, Error> {
        let format = match self.format {
            Form::Csv => "csv",
            Form::Ndjson => "ndjson",
        };
        let optional = [
            // What has been written has columns already.
            ("columns", so_far.columns.as_deref().or(self.columns.as_deref())),
            ("sort", self.sort.as_deref()),
            ("project", self.project.as_deref()),
            ("test", self.test.then_some("true")),
            ("as_of", self.as_of.as_deref()),
            ("after", so_far.after.as_deref()),
        ];
        let mut query = vec![("filter", self.filter.as_str()), ("format", format), ("cursors", "1")];
        query.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
        client.get("/v1/export", &query)
    }
}

/// What may have been meant otherwise.
fn warn(answer: &Response<Body>) {
    let told = answer.headers().get(WARNINGS).and_then(|json| serde_json::from_slice(json.as_bytes()).ok());
    warnings(&told.unwrap_or(Value::Null)).for_each(note);
}

fn version(answer: &Response<Body>) -> Option<u64> {
    header(answer, VERSION)?.parse().ok()
}

fn header<'a>(answer: &'a Response<Body>, name: &str) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}

/// An export that went on in another version may hold a customer twice.
fn warn_of_versions(began: Option<u64>, ended: Option<u64>) {
    if let (Some(began), Some(ended)) = (began, ended)
        && began != ended
    {
        note(format_args!(
            "warning: customers that changed while it was cut (versions {began} to {ended}) may be there twice, or not at all"
        ));
    }
}
