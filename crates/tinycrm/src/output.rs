//! Where a command's words go: answers to stdout, everything else to stderr.

use std::{
    borrow::Cow,
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
        out.write_record(line.iter().map(|text| cell(text).into_owned())).map_err(io::Error::other)?;
    }
    let bytes = out.into_inner().map_err(|error| error.into_error())?;
    Ok(io::stdout().lock().write_all(&bytes)?)
}

/// A cell that no spreadsheet takes for a formula. Numbers of JSON never begin with a plus.
fn cell(text: &str) -> Cow<'_, str> {
    let is_number = text.parse::<f64>().is_ok() && !text.starts_with('+');
    if is_number { Cow::Borrowed(text) } else { harmless(text) }
}

/// Says something that is not the answer: progress, a warning, an error.
pub fn note(text: impl Display) {
    // A closed stderr is no reason to stop.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_they_are_and_texts_no_formulas() {
        for (text, told) in
            [("-5", "-5"), ("1e9", "1e9"), ("+1", "'+1"), ("=1", "'=1"), ("-1+cmd", "'-1+cmd")]
        {
            assert_eq!(cell(text), told);
        }
    }
}
