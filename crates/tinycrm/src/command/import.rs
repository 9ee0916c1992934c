//! `tinycrm import`: the customers that are somewhere else already.

use std::{
    cell::Cell,
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use server::model::Slug;

use crate::{
    client::Remote,
    database::Place,
    failure::Failure,
    import::{
        Columns, Format, Import, Outcome, Progress, Report, Rules, Sink, Source, State, Target, Type, subject,
    },
    output::{Output, note},
    table::Table,
};

/// Import customers from a CSV or NDJSON file
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Columns named like fields (email, user_id, name, status, timestamp, first_seen) are fields, the
others become params. Plain numbers without a leading zero and true/false are typed, empty cells
are not sent, the rest are strings. Each line is one identify call: what it leaves out stays as
it was, and importing twice harms nothing.

With TINYCRM_API_KEY it sends to the server at TINYCRM_URL, else it writes into the database of
--data-dir or --database-url. An import that was cut off goes on where it stopped when the same
command runs again. Rejected lines do not stop it: they are reported in a file with their
reasons, and the exit code is 1.

Examples:
  tinycrm import users.csv --project newsletter --dry-run
  psql -c \"\\copy (select email, name, plan from users) to stdout csv header\" \\
    | tinycrm import - --project newsletter
  tinycrm import customers.csv --project newsletter --map 'Customer Email=email' \\
    --status-map active=paid,trialing=trial,canceled=churned
  tinycrm import old.csv --project newsletter --only-missing --type zip=string --map notes=")]
pub struct ImportFile {
    /// A .csv or .ndjson file, or - for stdin
    file: PathBuf,

    /// The project to import into
    #[arg(long, value_name = "SLUG")]
    project: Slug,

    /// csv or ndjson [default: by the file's name or its first character]
    #[arg(long, hide_possible_values = true)]
    format: Option<Format>,

    /// What stands between the cells of a CSV: a character, or tab
    #[arg(long, value_name = "CHARACTER", default_value = ",", value_parser = delimiter)]
    delimiter: u8,

    /// Read a column as string, number, boolean (t and f too) or json (may be repeated)
    #[arg(long = "type", value_name = "COLUMN=TYPE", value_delimiter = ',', value_parser = kind)]
    types: Vec<(String, Type)>,

    /// Make a column a field, or a param of another name; an empty name leaves it out (may be repeated)
    #[arg(long, value_name = "COLUMN=NAME", value_parser = renamed)]
    map: Vec<(String, String)>,

    /// Translate the file's statuses to free, trial, paid and churned
    #[arg(long, value_name = "THEIRS=OURS", value_delimiter = ',', value_parser = renamed)]
    status_map: Vec<(String, String)>,

    /// Set params only where they are missing; name and status are still set
    #[arg(long)]
    only_missing: bool,

    /// Show what would be sent; send nothing
    #[arg(long)]
    dry_run: bool,

    /// Begin at this line, whatever was done before
    #[arg(long, value_name = "LINE")]
    resume_from: Option<u64>,

    /// Where to note how far it has come [default: FILE.import; nowhere for stdin]
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Where to report rejected lines [default: FILE.rejected.csv]
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,

    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    place: Place,
}

impl ImportFile {
    /// Imports the file.
    pub fn run(self) -> Result<(), Failure> {
        let bar = self.bar();
        let moved = bar.clone();
        let rules = self.rules();
        let source =
            Source::open(&self.file, self.format, self.delimiter, rules, move |bytes| moved.inc(bytes))?;
        source.columns().map(left_out).into_iter().flatten().for_each(note);
        let columns = source.columns().map(columns).unwrap_or_default();
        let progress =
            Progress::open(self.state_file(), subject(&self.file, &self.flags()), self.resume_from)?;
        let report = Report::new(self.report_file(), progress.state.report_bytes);
        let import = Import { source, sink: self.sink()?, progress, report };
        let done = Cell::new(0);
        let ran = import.run(|state| {
            done.set(state.line);
            bar.set_message(progress_text(state));
        });
        bar.finish_and_clear();
        let outcome = ran.inspect_err(|_| self.say_where_it_stopped(done.get()))?;
        self.output.show(&self.json(&outcome, &columns), || self.text(&outcome, &columns))?;
        self.verdict(&outcome)
    }

    /// Without a state file only the one who called can say where to go on.
    fn say_where_it_stopped(&self, line: u64) {
        if self.state_file().is_none() && line > 0 {
            let next = line + 1;
            note(format_args!(
                "note: lines up to {line} are done; add --resume-from {next} to go on after them"
            ));
        }
    }

    /// Where the calls go.
    fn sink(&self) -> Result<Sink, Failure> {
        match self.dry_run {
            true => Ok(Sink::Nowhere),
            false if self.remote.has_key() => Sink::http(&self.remote, &self.project),
            false => Sink::database(&self.place, &self.project),
        }
    }

    fn rules(&self) -> Rules {
        Rules {
            names: self.map.iter().cloned().collect(),
            types: self.types.iter().cloned().collect(),
            statuses: self.status_map.iter().cloned().collect(),
            only_missing: self.only_missing,
        }
    }

    /// What else tells this import from another of the same file.
    fn flags(&self) -> String {
        format!("{} {:?} {:?} {}", self.project, self.rules(), self.format, self.delimiter)
    }

    fn state_file(&self) -> Option<PathBuf> {
        match &self.state {
            _ if self.dry_run => None,
            None => (!self.reads_stdin()).then(|| beside(&self.file, "import")),
            given => given.clone(),
        }
    }

    fn report_file(&self) -> PathBuf {
        let file = if self.reads_stdin() { Path::new("stdin") } else { &self.file };
        self.rejects.clone().unwrap_or_else(|| beside(file, "rejected.csv"))
    }

    fn reads_stdin(&self) -> bool {
        self.file == Path::new("-")
    }

    /// A bar by bytes where the size is known, else a spinner; hidden unless stderr is a terminal.
    fn bar(&self) -> ProgressBar {
        let size = std::fs::metadata(&self.file).ok().filter(std::fs::Metadata::is_file);
        let (bar, look) = match size {
            Some(file) => (ProgressBar::new(file.len()), "{wide_bar} {percent:>3}%  {msg}  {eta} left"),
            None => (ProgressBar::new_spinner(), "{spinner} {msg}  {elapsed}"),
        };
        bar.enable_steady_tick(Duration::from_millis(200));
        bar.with_style(ProgressStyle::with_template(look).unwrap_or_else(|_| ProgressStyle::default_bar()))
    }

    fn json(&self, outcome: &Outcome, columns: &BTreeMap<String, String>) -> Value {
        let sample: Vec<Value> =
            outcome.sample.iter().filter_map(|call| serde_json::from_str(call).ok()).collect();
        let refused: Vec<Value> =
            outcome.refused.iter().map(|r| json!({ "line": r.line, "reason": r.reason })).collect();
        let mut json = json!({
            "project": self.project.as_str(),
            "dry_run": self.dry_run,
            "imported": outcome.imported,
            "rejected": outcome.rejected,
            "report": (outcome.rejected > 0).then(|| self.report_file()),
            "first_rejected": refused,
            "columns": columns,
        });
        if self.dry_run {
            json["first_calls"] = sample.into();
        }
        json
    }

    fn text(&self, outcome: &Outcome, columns: &BTreeMap<String, String>) -> String {
        let (imported, project) = (outcome.imported, &self.project);
        if !self.dry_run {
            return format!("Imported {} into {project}.", lines(imported));
        }
        let mut parts = vec![format!("Would import {} into {project}. Nothing was sent.", lines(imported))];
        if !columns.is_empty() {
            let mut table = Table::new(["column", "becomes"]);
            columns.iter().for_each(|(column, target)| table.row([column.as_str(), target]));
            parts.push(table.render());
        }
        if !outcome.sample.is_empty() {
            parts.push(format!("The first calls:\n{}", outcome.sample.join("\n")));
        }
        parts.join("\n\n")
    }

    /// Rejected lines are an error, though all others were imported.
    fn verdict(&self, outcome: &Outcome) -> Result<(), Failure> {
        if outcome.rejected == 0 {
            return Ok(());
        }
        let mut what = format!("{} rejected:", were(outcome.rejected));
        for rejected in &outcome.refused {
            what += &format!("\n  line {}: {}", rejected.line, rejected.reason);
        }
        Err(Failure::new(what)
            .hint(format!("All of them, with their reasons, are in {}.", self.report_file().display())))
    }
}

fn columns(columns: &Columns) -> BTreeMap<String, String> {
    columns.targets().map(|(name, target)| (name.to_owned(), target.to_string())).collect()
}

/// Says which columns cannot be imported, and what to do if they mean something else.
fn left_out(columns: &Columns) -> Option<String> {
    let derived = columns.targets().filter(|(_, target)| **target == Target::Derived);
    let names: Vec<&str> = derived.map(|(name, _)| name).collect();
    let first = names.first()?;
    let all = names.join(", ");
    Some(format!(
        "note: not imported, for TinyCRM works it out: {all}. As a param: --map {first}=params.{first}"
    ))
}

/// A file beside another: users.csv.import for users.csv.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn progress_text(state: &State) -> String {
    let rejected = if state.rejected > 0 { format!(", {} rejected", state.rejected) } else { String::new() };
    format!("{} imported{rejected}", lines(state.imported))
}

fn lines(count: u64) -> String {
    format!("{count} {}", if count == 1 { "line" } else { "lines" })
}

fn were(count: u64) -> String {
    format!("{} {}", lines(count), if count == 1 { "was" } else { "were" })
}

/// Reads `THEIRS=OURS`; the last = counts, since a column's name may hold one.
fn renamed(text: &str) -> Result<(String, String), String> {
    let (from, to) = text.rsplit_once('=').ok_or("it has no =, as in E-Mail=email")?;
    Ok((from.trim().to_owned(), to.trim().to_owned()))
}

/// Reads `COLUMN=TYPE`.
fn kind(text: &str) -> Result<(String, Type), String> {
    let (column, kind) = renamed(text)?;
    Ok((column, kind.parse()?))
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [one] if one.is_ascii() => Ok(*one),
        b"tab" | b"\\t" => Ok(b'\t'),
        _ => Err("expected one character, or tab".to_owned()),
    }
}
