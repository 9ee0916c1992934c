//! `tinycrm export`: customers as CSV or NDJSON, streamed.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use clap::ValueEnum;

use serde_json::Value;

use crate::{answer, client::Remote, failure::Failure, output::note};

/// Export customers as CSV or NDJSON
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without a FILTER it exports all customers. It streams: any number of rows takes the same memory.

Examples:
  tinycrm export 'trial_ends in next 7 days' > trials.csv
  tinycrm export 'status = paid' --columns email,name,params.plan,params.mrr
  tinycrm export --columns all -o everything.csv
  tinycrm export --format ndjson | jq -r .email")]
pub struct Export {
    /// A filter, e.g. 'params.trial_ends in next 7 days'
    #[arg(default_value = "", hide_default_value = true)]
    filter: String,

    /// csv or ndjson
    #[arg(long, default_value = "csv", hide_possible_values = true)]
    format: Format,

    /// The columns of a CSV, as email,name,params.plan; all has every path
    #[arg(long, value_name = "COLUMNS")]
    columns: Option<String>,

    /// Only customers of this project (account keys see all)
    #[arg(long, value_name = "SLUG")]
    project: Option<String>,

    /// Export all test projects instead of all others
    #[arg(long, conflicts_with = "project")]
    test: bool,

    /// Write to a file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    remote: Remote,
}

/// The form of an export.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A table with a header
    Csv,
    /// A JSON object a line
    Ndjson,
}

impl Export {
    /// Streams the export to stdout or the file.
    pub fn run(self) -> Result<(), Failure> {
        let client = self.remote.client()?;
        let answer = client.get("/v1/export", &self.query()).map_err(|error| error.about(&self.filter))?;
        let warnings = answer
            .headers()
            .get("tinycrm-warnings")
            .and_then(|json| serde_json::from_slice(json.as_bytes()).ok());
        for warning in warnings.iter().filter_map(Value::as_array).flatten() {
            note(answer::warning(warning));
        }
        let mut rows = answer.into_body().into_reader();
        let mut out: Box<dyn Write> = match &self.output {
            Some(path) => Box::new(create(path)?),
            None => Box::new(io::stdout().lock()),
        };
        io::copy(&mut rows, &mut out)?;
        Ok(out.flush()?)
    }

    fn query(&self) -> Vec<(&'static str, &str)> {
        let format = match self.format {
            Format::Csv => "csv",
            Format::Ndjson => "ndjson",
        };
        let test = self.test.then_some("true");
        let optional =
            [("columns", self.columns.as_deref()), ("project", self.project.as_deref()), ("test", test)];
        let mut query = vec![("filter", self.filter.as_str()), ("format", format)];
        query.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
        query
    }
}

fn create(path: &PathBuf) -> Result<BufWriter<File>, Failure> {
    let file = File::create(path).map_err(|e| {
        Failure::new(format!("{} cannot be written: {e}.", path.display()))
            .hint("Choose another file with --output.")
    })?;
    Ok(BufWriter::new(file))
}
