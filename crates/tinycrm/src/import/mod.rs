//! Where a file goes to be imported: to a server, as an app speaks to it, or straight into the database. Both run the same
//! import, and tell how it stands in the same words.

mod direct;
mod remote;
mod text;

use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use serde_json::Value;
use server::import::Options;

use crate::failure::Failure;

pub use direct::Direct;
pub use remote::Remoted;
pub use text::{after, notes, rows};

/// A file to import, and how.
pub struct Task {
    /// The file, or `-` for stdin.
    pub file: PathBuf,
    /// How it is read.
    pub options: Options,
    /// Whether nothing is to be written.
    pub dry_run: bool,
}

/// A place that imports files.
pub enum Door {
    /// A server.
    Server(Remoted),
    /// The database itself.
    Database(Box<Direct>),
}

impl Door {
    /// Hands the file over, and returns how its import stands; `watch` hears how many bytes were read.
    pub fn begin(&self, task: &Task, watch: impl Fn(u64)) -> Result<Value, Failure> {
        let input = Watched { input: task.open()?, watch };
        match self {
            Door::Server(server) => server.begin(task, input),
            Door::Database(database) => database.begin(task, input),
        }
    }

    /// How an import stands.
    pub fn report(&self, id: &str) -> Result<Value, Failure> {
        match self {
            Door::Server(server) => server.report(id),
            Door::Database(database) => database.report(id),
        }
    }

    /// Notes that the end of an import was shown: the same file is another import from here on. A server notes it by itself
    /// when it says so.
    pub fn heard(&self, id: &str) -> Result<(), Failure> {
        match self {
            Door::Server(_) => Ok(()),
            Door::Database(database) => database.heard(id),
        }
    }

    /// Writes the rows of an import that were not taken.
    pub fn rejected(&self, id: &str, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Door::Server(server) => server.rejected(id, out),
            Door::Database(database) => database.rejected(id, out),
        }
    }
}

impl Task {
    /// The file's name, which hints at what it is.
    pub fn name(&self) -> String {
        match self.file.file_name() {
            Some(name) if !self.is_stdin() => name.to_string_lossy().into_owned(),
            _ => "stdin".to_owned(),
        }
    }

    /// Whether it comes from stdin.
    pub fn is_stdin(&self) -> bool {
        self.file == Path::new("-")
    }

    fn open(&self) -> Result<Box<dyn Read>, Failure> {
        if self.is_stdin() {
            return Ok(Box::new(io::stdin()));
        }
        let file = File::open(&self.file).and_then(|file| match file.metadata()?.is_dir() {
            true => Err(io::ErrorKind::IsADirectory.into()),
            false => Ok(file),
        });
        match file {
            Ok(file) => Ok(Box::new(file)),
            Err(error) => Err(Failure::new(format!("{} cannot be read: {error}.", self.file.display()))
                .hint("Name a file of CSV, NDJSON, JSON or XLSX, or - for stdin.")),
        }
    }
}

/// A reader that tells how much it has read, for the progress bar.
struct Watched<W> {
    input: Box<dyn Read>,
    watch: W,
}

impl<W: Fn(u64)> Read for Watched<W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        (self.watch)(count as u64);
        Ok(count)
    }
}
