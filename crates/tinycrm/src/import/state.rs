//! How far an import has come, on disk: a second run of the same command goes on from there.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::failure::Failure;

/// What is known to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Names the import: its chunks are sent under idempotency keys made from it.
    pub import: Uuid,
    /// The file and the flags; another file, or other flags, is another import.
    pub subject: String,
    /// Lines up to this one are done.
    pub line: u64,
    /// Calls that were stored.
    pub imported: u64,
    /// Lines that were rejected.
    pub rejected: u64,
    /// How long the report of rejected lines was then.
    pub report_bytes: u64,
}

/// The state and the file that keeps it; an import from stdin keeps none unless it is told where.
pub struct Progress {
    /// What is done.
    pub state: State,
    path: Option<PathBuf>,
}

impl Progress {
    /// Goes on where the file says, or begins after `line`.
    pub fn open(path: Option<PathBuf>, subject: String, line: Option<u64>) -> Result<Progress, Failure> {
        let fresh = State {
            import: Uuid::now_v7(),
            subject,
            line: line.map_or(0, |line| line.saturating_sub(1)),
            imported: 0,
            rejected: 0,
            report_bytes: 0,
        };
        let kept = match (&path, line) {
            (Some(path), None) => read(path)?,
            _ => None,
        };
        match kept {
            Some(kept) if kept.subject != fresh.subject => Err(other(path.as_deref())),
            kept => Ok(Progress { state: kept.unwrap_or(fresh), path }),
        }
    }

    /// Notes what is done. The old state stays whole until the new one is.
    pub fn save(&self) -> Result<(), Failure> {
        let Some(path) = &self.path else { return Ok(()) };
        let next = path.with_extension("import.new");
        let text = serde_json::to_string(&self.state).map_err(std::io::Error::from)?;
        let written = fs::write(&next, text).and_then(|()| fs::rename(&next, path));
        written.map_err(|e| {
            Failure::new(format!("{} cannot be written: {e}.", path.display()))
                .hint("Choose where the import notes how far it has come with --state FILE.")
        })
    }

    /// All is done: nothing is left to go on with.
    pub fn finish(self) -> Result<(), Failure> {
        match self.path.map(fs::remove_file) {
            Some(Err(error)) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// What tells one import from another: the file's name, size and age, and what is done with it.
pub fn subject(path: &Path, flags: &str) -> String {
    let about = fs::metadata(path).ok().map_or_else(String::new, |file| {
        let modified = file.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        format!("{} bytes, modified {}", file.len(), modified.unwrap_or_default().as_millis())
    });
    format!("{}, {about}, {flags}", path.display())
}

fn read(path: &Path) -> Result<Option<State>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).map(Some).map_err(|_| other(Some(path))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::new(format!("{} cannot be read: {error}.", path.display()))),
    }
}

fn other(path: Option<&Path>) -> Failure {
    let path = path.unwrap_or(Path::new("")).display();
    Failure::new(format!("{path} belongs to another import: the file or the flags were others."))
        .hint(format!("Delete {path} to begin anew, or repeat the first command to go on."))
}
