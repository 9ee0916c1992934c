//! Where a command's words go: answers to stdout, everything else to stderr.

use std::{
    fmt::Display,
    io::{self, Write},
};

use serde_json::Value;
use server::export::harmless;

use crate::failure::Failure;

/// How an answer is printed.
#[derive(Clone, Debug, clap::Args)]
pub struct Output {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl Output {
    /// Prints the answer: as JSON when asked for, else as text for people.
    pub fn show(&self, json: &Value, text: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.json { line(format_args!("{json:#}")) } else { line(text().trim_end()) }
    }
}

/// Prints a line of the answer.
pub fn line(text: impl Display) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Prints the answer as CSV. No cell is taken for a formula by a spreadsheet; numbers are what they are, below 0 too.
pub fn csv(lines: &[Vec<String>]) -> Result<(), Failure> {
    let mut out = csv::Writer::from_writer(Vec::new());
    for line in lines {
        let cell = |cell: &String| match cell.parse::<f64>() {
            Ok(_) => cell.clone(),
            Err(_) => harmless(cell).into_owned(),
        };
        out.write_record(line.iter().map(cell)).map_err(io::Error::other)?;
    }
    let bytes = out.into_inner().map_err(|error| error.into_error())?;
    Ok(io::stdout().lock().write_all(&bytes)?)
}

/// Says something that is not the answer: progress, a warning, an error.
pub fn note(text: impl Display) {
    // A closed stderr is no reason to stop.
    let _ = writeln!(io::stderr().lock(), "{text}");
}
