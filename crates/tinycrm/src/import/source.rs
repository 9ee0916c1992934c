//! The file as a stream of calls, each with its line: CSV or NDJSON, read at constant memory.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use serde_json::{Map, Value};

use super::{columns::Columns, rules::Rules};
use crate::failure::Failure;

/// A line of NDJSON over this is no call: the server takes bodies up to 1 MiB.
const LINE_MAX: u64 = 2 << 20;

/// The form of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A table with a header
    Csv,
    /// A JSON object a line
    Ndjson,
}

/// One line of the file.
pub struct Line {
    /// Its number; a record of several lines has its first.
    pub number: u64,
    /// The call that it makes, or why it makes none.
    pub call: Result<Map<String, Value>, String>,
}

/// The file, opened.
pub enum Source {
    /// A table.
    Csv { reader: Box<csv::Reader<Box<dyn Read>>>, columns: Columns },
    /// Objects.
    Ndjson { reader: Box<dyn BufRead>, rules: Rules, number: u64 },
}

impl Source {
    /// Opens a file, or stdin for `-`. Without a format the name tells, or else the first character.
    pub fn open(
        path: &Path,
        format: Option<Format>,
        delimiter: u8,
        rules: Rules,
        watch: impl Fn(u64) + 'static,
    ) -> Result<Source, Failure> {
        let input: Box<dyn Read> =
            if path == Path::new("-") { Box::new(io::stdin()) } else { Box::new(open(path)?) };
        let mut input = BufReader::new(Watched { input, watch });
        let format = match format.or_else(|| by_name(path)) {
            Some(format) => format,
            None => by_looks(&mut input)?,
        };
        match format {
            Format::Csv => Source::csv(Box::new(input), delimiter, rules),
            Format::Ndjson => Ok(Source::Ndjson { reader: Box::new(input), rules, number: 0 }),
        }
    }

    fn csv(input: Box<dyn Read>, delimiter: u8, rules: Rules) -> Result<Source, Failure> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(input);
        let header = reader.headers().map_err(|e| {
            Failure::new(format!("The header cannot be read: {e}."))
                .hint("The first line names the columns, in UTF-8.")
        })?;
        let names: Vec<String> =
            header.iter().map(|name| name.trim().trim_start_matches('\u{feff}').to_owned()).collect();
        if names.is_empty() {
            return Err(Failure::new("The file is empty.")
                .hint("Its first line names the columns, e.g. email,name,plan."));
        }
        let columns = Columns::plan(&names, rules)?;
        Ok(Source::Csv { reader: Box::new(reader), columns })
    }

    /// What the columns become, for a table.
    pub fn columns(&self) -> Option<&Columns> {
        match self {
            Source::Csv { columns, .. } => Some(columns),
            Source::Ndjson { .. } => None,
        }
    }

    /// The next line; `None` at the end. An error here ends the import: the file cannot be read on.
    pub fn next(&mut self) -> Result<Option<Line>, Failure> {
        match self {
            Source::Csv { reader, columns } => record(reader, columns),
            Source::Ndjson { reader, rules, number } => object(reader, rules, number),
        }
    }
}

fn record(reader: &mut csv::Reader<Box<dyn Read>>, columns: &Columns) -> Result<Option<Line>, Failure> {
    let mut record = csv::ByteRecord::new();
    let number = reader.position().line();
    match reader.read_byte_record(&mut record) {
        Ok(false) => Ok(None),
        Ok(true) => {
            let number = record.position().map_or(number, csv::Position::line);
            let call = csv::StringRecord::from_byte_record(record)
                .map_err(|_| "it is not UTF-8".to_owned())
                .and_then(|record| columns.call(&record.iter().collect::<Vec<_>>()));
            Ok(Some(Line { number, call }))
        }
        Err(error) => Err(Failure::new(format!("Line {number} cannot be read: {error}."))),
    }
}

fn object(reader: &mut Box<dyn BufRead>, rules: &Rules, number: &mut u64) -> Result<Option<Line>, Failure> {
    loop {
        let mut text = Vec::new();
        *number += 1;
        if reader.by_ref().take(LINE_MAX).read_until(b'\n', &mut text)? == 0 {
            return Ok(None);
        }
        if text.len() as u64 == LINE_MAX && !text.ends_with(b"\n") {
            reader.skip_until(b'\n')?;
            return Ok(Some(Line { number: *number, call: Err("it is longer than 2 MiB".to_owned()) }));
        }
        if !text.trim_ascii().is_empty() {
            let read = serde_json::from_slice(&text).map_err(|e| format!("it is not a JSON object: {e}"));
            return Ok(Some(Line { number: *number, call: read.and_then(|line| rules.call(line)) }));
        }
    }
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|e| {
        Failure::new(format!("{} cannot be read: {e}.", path.display()))
            .hint("Name a .csv or .ndjson file, or - for stdin.")
    })
}

fn by_name(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()?.to_lowercase().as_str() {
        "csv" | "tsv" => Some(Format::Csv),
        "ndjson" | "jsonl" => Some(Format::Ndjson),
        _ => None,
    }
}

/// An object begins with a brace; a header hardly does.
fn by_looks(input: &mut impl BufRead) -> Result<Format, Failure> {
    let first = input.fill_buf()?.trim_ascii_start().first();
    Ok(if first == Some(&b'{') { Format::Ndjson } else { Format::Csv })
}

/// A reader that tells how far it has come, for the progress bar.
struct Watched<R, W> {
    input: R,
    watch: W,
}

impl<R: Read, W: Fn(u64)> Read for Watched<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        (self.watch)(count as u64);
        Ok(count)
    }
}
