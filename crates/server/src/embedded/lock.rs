//! Who may touch the cluster: file locks, which the kernel releases however their holder ends.
//!
//! `lock` is held by the one process that runs Postgres. `guests` is held, shared, by commands that use another
//! process's Postgres; a command that runs Postgres takes it alone before it stops, and so waits for them.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use nix::{
    errno::Errno,
    fcntl::{Flock, FlockArg},
};

use super::{DataDir, Error};

/// A file lock, held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: Flock<File>,
}

impl Lock {
    /// The right to run the Postgres of `dir`, if no other process has it.
    pub(super) fn owner(dir: &DataDir) -> Result<Option<Lock>, Error> {
        let path = dir.path().join("lock");
        let Some(lock) = Lock::take(&path, FlockArg::LockExclusiveNonblock)? else { return Ok(None) };
        let mut file = &*lock._file;
        let written = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
        written.map_err(Error::file("write", &path))?;
        Ok(Some(lock))
    }

    /// A guest's right, unless the owner is about to stop.
    pub(super) fn guest(dir: &DataDir) -> Result<Option<Lock>, Error> {
        Lock::take(&dir.path().join("guests"), FlockArg::LockSharedNonblock)
    }

    /// Waits until there are no guests, and lets no new ones in.
    pub(super) fn no_guests(dir: &DataDir) -> Result<Option<Lock>, Error> {
        Lock::take(&dir.path().join("guests"), FlockArg::LockExclusive)
    }

    /// The process that runs the Postgres of `dir`, as it wrote itself down.
    pub(super) fn holder(dir: &DataDir) -> String {
        fs::read_to_string(dir.path().join("lock")).unwrap_or_default()
    }

    fn take(path: &Path, how: FlockArg) -> Result<Option<Lock>, Error> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(Error::file("open", path))?;
        match Flock::lock(file, how) {
            Ok(file) => Ok(Some(Lock { _file: file })),
            Err((_, Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, errno)) => Err(Error::file("lock", path)(io::Error::from(errno))),
        }
    }
}
