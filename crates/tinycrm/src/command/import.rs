//! `tinycrm import`: the customers that are somewhere else already.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use server::{
    import::{Delimiter, Encoding, Format, Options, Type, renamed, translated, typed},
    model::Slug,
};

use crate::{
    client::Remote,
    database::Place,
    failure::{Failure, sentence},
    import::{Direct, Door, Remoted, Task, after, notes, rows},
    output::{Output, note},
};

/// How often it is asked how far an import has come.
const PAUSE: Duration = Duration::from_millis(100);
/// Rejected rows that are shown.
const SHOWN: usize = 5;

/// Import customers from a file: CSV, NDJSON, JSON or XLSX, perhaps .gz or .zst
#[derive(Debug, clap::Args)]
#[command(after_help = "\
What the file is, what stands between its cells and how they are written is found by looking, and
said. Columns named like fields (email, user_id, name, status, timestamp, first_seen, first_paid,
status_since, last_activity) are fields, the others become params. Empty cells are not sent. Each
row is one identify call: what it leaves out stays as it was, and importing twice harms nothing.

An import is no activity: nobody is marked as seen. What a row says of somebody new is dated by its
timestamp, else status_since, else first_paid, else first_seen; so a payer who left is one row.

With TINYCRM_API_KEY the server at TINYCRM_URL imports, else it goes into the database of --data-dir
or --database-url. An import that was cut off goes on where it stopped when the same command runs
again. Rejected rows stop nothing: they are written to a file, each with its reason in the first
column, and the exit code is 1. Mended there, that file can be imported.

Types: string, number, boolean, json, list, money, percent, unix (seconds or milliseconds) and
date:FORMAT, as in date:%d/%m/%Y.

Examples:
  tinycrm import users.csv --project newsletter --dry-run
  psql -c \"\\copy (select email, name, plan from users) to stdout csv header\" \\
    | tinycrm import - --project newsletter
  tinycrm import customers.csv --project newsletter --map 'Customer Email=email' \\
    --map 'First Name+Last Name=name' --status-map active=paid,trialing=trial,canceled=churned
  tinycrm import stripe.xlsx --project newsletter --type 'Total Spend=money' --type zip=string
  tinycrm import old.csv --project newsletter --only-missing --map notes=")]
pub struct ImportFile {
    /// The file, or - for stdin
    file: PathBuf,

    /// The project to import into; a key knows its own
    #[arg(long, value_name = "SLUG")]
    project: Option<Slug>,

    /// Read a column as a type (may be repeated)
    #[arg(long = "type", value_name = "COLUMN=TYPE", value_parser = typed)]
    types: Vec<(String, Type)>,

    /// Make a column a field, or a param of another name; an empty name leaves it out (may be repeated)
    #[arg(long, value_name = "COLUMN=NAME", value_parser = renamed)]
    map: Vec<(String, String)>,

    /// Translate the file's statuses to free, trial, paid and churned
    #[arg(long, value_name = "THEIRS=OURS", value_delimiter = ',', value_parser = translated)]
    status_map: Vec<(String, String)>,

    /// Set params only where they are missing; name and status are still set
    #[arg(long)]
    only_missing: bool,

    /// Mark the customers as seen at the dates of their rows
    #[arg(long)]
    seen: bool,

    /// Show what would be done; write nothing
    #[arg(long)]
    dry_run: bool,

    /// csv, ndjson, json or xlsx
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,

    /// What stands between the cells of a CSV: a character, or tab
    #[arg(long, value_name = "CHARACTER")]
    delimiter: Option<Delimiter>,

    /// How the file's bytes are characters, e.g. windows-1252
    #[arg(long, value_name = "NAME")]
    encoding: Option<Encoding>,

    /// The sheet of an Excel file [default: the first that has rows]
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,

    /// Begin at this line of the file, whatever was done before
    #[arg(long, value_name = "LINE")]
    resume_from: Option<u64>,

    /// Where to write rejected rows [default: FILE.rejected.csv, of NDJSON and JSON FILE.rejected.ndjson]
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
        let task = self.task();
        let door = self.door()?;
        let bar = upload_bar(&self.file);
        let begun = door.begin(&task, |bytes| bar.inc(bytes));
        bar.finish_and_clear();
        let begun = begun?;
        notes(&begun).into_iter().for_each(note);
        let report = wait(&door, begun)?;
        let rejected = self.write_rejected(&door, &report)?;
        let mut told = report.clone();
        told["rejected_file"] = json!(rejected);
        self.output.show(&told, || after(&report))?;
        report["id"].as_str().map_or(Ok(()), |id| door.heard(id))?;
        verdict(&report, rejected.as_deref())
    }

    fn task(&self) -> Task {
        let options = Options {
            format: self.format,
            delimiter: self.delimiter,
            encoding: self.encoding,
            types: self.types.clone(),
            map: self.map.clone(),
            status_map: self.status_map.clone(),
            only_missing: self.only_missing,
            sheet: self.sheet.clone(),
            seen: self.seen,
            resume_from: self.resume_from,
        };
        Task { file: self.file.clone(), options, dry_run: self.dry_run }
    }

    fn door(&self) -> Result<Door, Failure> {
        if self.remote.has_key() {
            return Ok(Door::Server(Remoted::open(&self.remote, self.project.as_ref())?));
        }
        let project = self.project.as_ref().ok_or_else(|| {
            Failure::usage("No project was named, and no API key was given.")
                .hint("Add --project SLUG to import into the database here, or set TINYCRM_API_KEY.")
        })?;
        Ok(Door::Database(Box::new(Direct::open(&self.place, project)?)))
    }

    /// Writes the rows that were not taken beside the file; says where.
    fn write_rejected(&self, door: &Door, report: &Value) -> Result<Option<PathBuf>, Failure> {
        let (Some(id), Some(1..)) = (report["id"].as_str(), report["rejected"].as_u64()) else {
            return Ok(None);
        };
        let ending = match report["about"]["format"].as_str() {
            Some("ndjson" | "json") => "rejected.ndjson",
            _ => "rejected.csv",
        };
        let path = self.rejects.clone().unwrap_or_else(|| free(&self.file, ending));
        let unwritable = |error: std::io::Error| {
            Failure::new(format!("The rejected rows cannot be written to {}: {error}.", path.display()))
                .hint("Choose another file with --rejects.")
        };
        let mut file = File::create(&path).map_err(unwritable)?;
        door.rejected(id, &mut file)?;
        file.sync_all().map_err(unwritable)?;
        Ok(Some(path))
    }
}

/// Waits until an import has ended, and shows how far it is.
fn wait(door: &Door, begun: Value) -> Result<Value, Failure> {
    let Some(id) = begun["id"].as_str().map(str::to_owned) else { return Ok(begun) };
    let (bar, before) = (rows_bar(&begun), begun["went_on_after"].clone());
    let mut report = begun;
    while report["state"] == "running" {
        sleep(PAUSE);
        report = door.report(&id)?;
        bar.set_position(report["done"].as_u64().unwrap_or(0));
        let rejected = report["rejected"].as_u64().filter(|count| *count > 0);
        bar.set_message(rejected.map(|count| format!("{count} rejected")).unwrap_or_default());
    }
    bar.finish_and_clear();
    // Only the first answer says where it went on.
    report["went_on_after"] = before;
    Ok(report)
}

/// Rejected rows are an error, though all others were imported; so is a file that ends early.
fn verdict(report: &Value, rejected: Option<&Path>) -> Result<(), Failure> {
    let count = report["rejected"].as_u64().unwrap_or(0);
    let problem = report["problem"].as_str();
    let mut parts = Vec::new();
    parts.extend(problem.map(sentence));
    if count > 0 {
        let were = if count == 1 { "was" } else { "were" };
        parts.push(format!("{} {were} rejected:", rows(count)));
        let first = report["first_rejected"].as_array().into_iter().flatten().take(SHOWN);
        parts
            .extend(first.map(|row| {
                format!("  line {}: {}", row["line"], row["reason"].as_str().unwrap_or_default())
            }));
    }
    if report["state"] == "interrupted" {
        parts.push("The import was cut off.".to_owned());
    }
    if parts.is_empty() {
        return Ok(());
    }
    let failure = Failure::new(parts.join("\n"));
    Err(match (report["state"].as_str(), rejected) {
        (Some("interrupted"), _) => failure.hint("Run the same command again to go on from here."),
        (_, Some(path)) => {
            let which = match report["rejected_kept"].as_u64() {
                Some(kept) if kept < count => format!("The first {kept}"),
                _ => "All".to_owned(),
            };
            failure.hint(format!(
                "{which} of them are in {}, each with its reason: mend them there, and import that file.",
                path.display()
            ))
        }
        _ => failure,
    })
}

/// A file beside another: users.csv.rejected.csv for users.csv.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let name = if file == Path::new("-") { Path::new("stdin") } else { file };
    let mut name = name.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// The first such file that is not there yet: somebody may be mending the one of an earlier run.
fn free(file: &Path, ending: &str) -> PathBuf {
    let (name, kind) = ending.split_once('.').unwrap_or((ending, "csv"));
    let later = (2..).map(|number| beside(file, &format!("{name}-{number}.{kind}")));
    let mut paths = std::iter::once(beside(file, ending)).chain(later);
    paths.find(|path| !path.exists()).unwrap_or_else(|| beside(file, ending))
}

/// A bar by bytes where the size is known, else a spinner; hidden unless stderr is a terminal.
fn upload_bar(file: &Path) -> ProgressBar {
    let size = fs::metadata(file).ok().filter(fs::Metadata::is_file);
    match size {
        Some(file) => look(ProgressBar::new(file.len()), "reading {wide_bar} {percent:>3}%  {eta} left"),
        None => look(ProgressBar::new_spinner(), "{spinner} reading {bytes}  {elapsed}"),
    }
}

fn rows_bar(report: &Value) -> ProgressBar {
    let bar = ProgressBar::new(report["rows"].as_u64().unwrap_or(0));
    bar.set_position(report["done"].as_u64().unwrap_or(0));
    look(bar, "{wide_bar} {human_pos} of {human_len} rows, {per_sec}  {msg}  {eta} left")
}

fn look(bar: ProgressBar, template: &str) -> ProgressBar {
    bar.enable_steady_tick(Duration::from_millis(200));
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
