//! The report of rejected lines: a CSV of line and reason, made when the first line is rejected.

use std::{
    fs::{File, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::PathBuf,
};

use crate::failure::Failure;

/// A line that was not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its number in the file.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// The report's file.
pub struct Report {
    path: PathBuf,
    file: Option<File>,
    bytes: u64,
}

impl Report {
    /// A report that goes on after `bytes`: what was written later was never noted as done.
    pub fn new(path: PathBuf, bytes: u64) -> Report {
        Report { path, file: None, bytes }
    }

    /// Adds lines; returns how long the report is now.
    pub fn add(&mut self, lines: &[Rejected]) -> Result<u64, Failure> {
        if !lines.is_empty() {
            let text = self.text(lines)?;
            self.write(&text).map_err(|e| {
                Failure::new(format!("{} cannot be written: {e}.", self.path.display()))
                    .hint("Choose where rejected lines are reported with --rejects FILE.")
            })?;
        }
        Ok(self.bytes)
    }

    fn text(&self, lines: &[Rejected]) -> Result<Vec<u8>, Failure> {
        let mut table = csv::Writer::from_writer(Vec::new());
        if self.bytes == 0 {
            table.write_record(["line", "reason"]).map_err(std::io::Error::from)?;
        }
        for Rejected { line, reason } in lines {
            table.write_record([line.to_string().as_str(), reason]).map_err(std::io::Error::from)?;
        }
        table.into_inner().map_err(|e| e.into_error().into())
    }

    fn write(&mut self, text: &[u8]) -> std::io::Result<()> {
        if self.file.is_none() {
            let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(&self.path)?;
            file.set_len(self.bytes)?;
            file.seek(SeekFrom::End(0))?;
            self.file = Some(file);
        }
        if let Some(file) = &mut self.file {
            file.write_all(text)?;
            self.bytes += text.len() as u64;
        }
        Ok(())
    }
}
