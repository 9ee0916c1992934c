//! Where a command's words go: answers to stdout, everything else to stderr.

use std::{
    fmt::Display,
    io::{self, Write},
};

use serde_json::Value;

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

/// Says something that is not the answer: progress, a warning, an error.
pub fn note(text: impl Display) {
    // A closed stderr is no reason to stop.
    let _ = writeln!(io::stderr().lock(), "{text}");
}
