//! Where an export goes: to stdout, or into a file that takes its name when everything is in it.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::failure::Failure;

/// Where an export goes.
pub struct Target {
    out: Box<dyn Write>,
    /// The file as long as it grows, and what it will be called.
    names: Option<(PathBuf, PathBuf)>,
}

impl Target {
    /// Stdout, or a file. What is no plain file, such as a pipe, is written to as it is.
    pub fn open(path: Option<&Path>) -> Result<Target, Failure> {
        let Some(path) = path else {
            return Ok(Target { out: Box::new(BufWriter::new(io::stdout().lock())), names: None });
        };
        let special = fs::metadata(path).is_ok_and(|found| !found.is_file());
        // A link stays one: what it leads to is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let names = (!special).then(|| (beside(&path), path.clone()));
        let growing = names.as_ref().map_or(&path, |(growing, _)| growing);
        let file = File::create(growing).map_err(|error| {
            Failure::new(format!("{} cannot be written: {error}.", growing.display()))
                .hint("Choose another file with --output.")
        })?;
        Ok(Target { out: Box::new(BufWriter::new(file)), names })
    }

    /// Everything is in it.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()?;
        match self.names.take() {
            Some((growing, name)) => {
                File::open(&growing)?.sync_all()?;
                fs::rename(growing, name)
            }
            None => Ok(()),
        }
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".part");
    name.into()
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A file that did not become whole goes.
impl Drop for Target {
    fn drop(&mut self) {
        if let Some((growing, _)) = self.names.take() {
            let _ = fs::remove_file(growing);
        }
    }
}
