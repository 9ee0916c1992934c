//! Where the socket goes: into the cluster, or, because the path of a Unix socket is at most 107 bytes long, into a
//! short directory of its own. Postgres records the place in `postmaster.pid`.

use std::{
    ffi::OsString,
    fs,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
};

use nix::unistd::{chown, geteuid};

use super::{DataDir, Error, data_dir::create};

/// What Postgres calls its socket on the default port.
const NAME: &str = ".s.PGSQL.5432";

/// The longest path of a socket in Linux's `sockaddr_un`, without the final zero.
const LONGEST: usize = 107;

/// The directory for the socket, which only the user who runs Postgres (and root) can enter.
pub(super) fn directory(dir: &DataDir) -> Result<PathBuf, Error> {
    let cluster = dir.cluster();
    if fits(&cluster) { Ok(cluster) } else { short_directory(dir) }
}

/// What Postgres writes beside its socket in a directory, so that no other takes it.
pub(super) fn lock(directory: &Path) -> PathBuf {
    directory.join(format!("{NAME}.lock"))
}

fn fits(directory: &Path) -> bool {
    directory.join(NAME).as_os_str().len() <= LONGEST
}

fn short_directory(dir: &DataDir) -> Result<PathBuf, Error> {
    let me = geteuid();
    let path = runtime_directory()
        .join(format!("tinycrm-{me}-{:08x}", crc32fast::hash(dir.path().as_os_str().as_bytes())));
    create(&path, 0o700)?;
    if let Some(user) = dir.user() {
        // Root's place is /var/run, where nobody else can have prepared anything.
        chown(&path, Some(user.uid), Some(user.gid))
            .map_err(|e| Error::file("give away", &path)(e.into()))?;
    }
    let owner = dir.user().map_or(me, |user| user.uid);
    let meta = fs::symlink_metadata(&path).map_err(Error::file("read", &path))?;
    let ours = meta.is_dir() && meta.uid() == owner.as_raw() && meta.mode() & 0o777 == 0o700;
    if ours { Ok(path) } else { Err(Error::SocketDirectory(path)) }
}

fn runtime_directory() -> PathBuf {
    if geteuid().is_root() {
        return PathBuf::from("/var/run");
    }
    let session = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    session
        .filter(|path| path.is_dir() && path.as_os_str().len() <= 60)
        .unwrap_or_else(|| PathBuf::from("/tmp"))
}

/// The directory as the setting `unix_socket_directories` takes it: a list, in which a quoted item may hold commas.
pub(super) fn quoted(directory: &Path) -> OsString {
    let mut bytes = vec![b'"'];
    for &byte in directory.as_os_str().as_bytes() {
        if byte == b'"' {
            bytes.push(b'"');
        }
        bytes.push(byte);
    }
    bytes.push(b'"');
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_path_is_107_bytes() {
        let directory = |length: usize| PathBuf::from(format!("/{}", "d".repeat(length - 1)));
        assert!(fits(&directory(107 - 1 - NAME.len())));
        assert!(!fits(&directory(107 - NAME.len())));
    }

    #[test]
    fn commas_and_quotes_stay_in_the_path() {
        assert_eq!(quoted(Path::new("/a, \"b\"/c")), OsString::from("\"/a, \"\"b\"\"/c\""));
    }
}
