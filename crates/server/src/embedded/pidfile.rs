//! `postmaster.pid`: whether a Postgres runs on a cluster, whether it is ready, and where its socket is; and what one that is gone
//! leaves behind.

use std::{
    ffi::OsStr,
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{Error, PAUSE, socket};

/// How long a Postgres whose server was killed may take to end by itself before it is asked to.
const GRACE: Duration = Duration::from_secs(3);

/// How long it may take after that.
const PATIENCE: Duration = Duration::from_secs(60);

/// What Postgres writes into its cluster.
const NAME: &str = "postmaster.pid";

/// What a running Postgres writes about itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Postmaster {
    pub(super) pid: i32,
    pub(super) socket: PathBuf,
    pub(super) ready: bool,
}

/// What the cluster's `postmaster.pid` says; it may be stale.
pub(super) fn read(cluster: &Path) -> Result<Option<Postmaster>, Error> {
    let path = cluster.join(NAME);
    match fs::read(&path) {
        Ok(text) => Ok(parse(&text)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::file("read", &path)(e)),
    }
}

/// Lines: process, data directory, start, port, socket directory, address, shared memory, status. The later ones
/// appear as Postgres comes up.
fn parse(text: &[u8]) -> Option<Postmaster> {
    let mut lines = text.split(|&byte| byte == b'\n');
    let pid = std::str::from_utf8(lines.next()?).ok()?.trim().parse().ok()?;
    let socket = PathBuf::from(OsStr::from_bytes(lines.nth(3).unwrap_or_default()));
    let status = lines.nth(2).unwrap_or_default();
    Some(Postmaster { pid, socket, ready: status.trim_ascii() == b"ready" })
}

/// Clears the way for a new Postgres: waits for one that a killed server left behind, asks it to stop if it does not
/// by itself, and removes the files of one that is gone, `postmaster.pid` and the lock of its socket: Postgres would believe in
/// any process that has its number by now, and in one that has ended until its parent has heard of that.
pub(super) fn make_way(cluster: &Path, sockets: &Path) -> Result<(), Error> {
    if let Some(Postmaster { pid, .. }) = read(cluster)? {
        if !ends_within(pid, cluster, GRACE) {
            tracing::warn!(pid, "stopping the Postgres that an earlier server left behind");
            // An error means that it has just ended.
            let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
            if !ends_within(pid, cluster, PATIENCE) {
                return Err(Error::StillRunning { pid, cluster: cluster.to_owned() });
            }
        }
        remove(&cluster.join(NAME))?;
    }
    let lock = socket::lock(sockets);
    // A directory for sockets alone may be shared, if two paths have the same checksum: then the lock says whose it is.
    if sockets == cluster || fs::read(&lock).is_ok_and(|text| cluster_of(&text) == Some(cluster)) {
        remove(&lock)?;
    }
    Ok(())
}

/// Which cluster a lock is of: its second line, as that of `postmaster.pid`.
fn cluster_of(text: &[u8]) -> Option<&Path> {
    text.split(|&byte| byte == b'\n').nth(1).map(|line| Path::new(OsStr::from_bytes(line)))
}

fn remove(file: &Path) -> Result<(), Error> {
    match fs::remove_file(file) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::file("remove", file)(e)),
        _ => Ok(()),
    }
}

fn ends_within(pid: i32, cluster: &Path, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    while is_alive(pid, cluster) {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(PAUSE);
    }
    true
}

/// Whether process `pid` is a Postgres of this cluster, and not a stranger who got its number: Postgres works in its
/// data directory. A process that may not be signalled is somebody else's.
fn is_alive(pid: i32, cluster: &Path) -> bool {
    if pid <= 0 || kill(Pid::from_raw(pid), None).is_err() {
        return false;
    }
    if !cfg!(target_os = "linux") {
        return true;
    }
    match fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(cwd) => cluster.canonicalize().is_ok_and(|cluster| cluster == cwd),
        Err(e) => e.kind() == io::ErrorKind::PermissionDenied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_grows_as_postgres_comes_up() {
        let whole = b"4711\n/data/postgres\n1700000000\n5432\n/data/postgres\n\n  12345  67\nready   \n";
        let socket = PathBuf::from("/data/postgres");
        assert_eq!(parse(whole), Some(Postmaster { pid: 4711, socket: socket.clone(), ready: true }));
        let starting = b"4711\n/data/postgres\n1700000000\n5432\n/data/postgres\n\n  12345  67\nstarting\n";
        assert_eq!(parse(starting), Some(Postmaster { pid: 4711, socket, ready: false }));
        let first = b"4711\n/data/postgres\n1700000000\n5432\n";
        assert_eq!(parse(first), Some(Postmaster { pid: 4711, socket: PathBuf::new(), ready: false }));
        assert_eq!(parse(b""), None);
    }

    #[test]
    fn of_the_locks_in_a_shared_directory_only_ones_own_goes() {
        let (cluster, sockets) =
            (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
        let lock = socket::lock(sockets.path());
        for (of, stays) in [(Path::new("/another/postgres"), true), (cluster.path(), false)] {
            fs::write(&lock, format!("1\n{}\n1700000000\n5432\n", of.display())).expect("it can be written");
            make_way(cluster.path(), sockets.path()).expect("nothing is in the way");
            assert_eq!(lock.exists(), stays, "{of:?}");
        }
    }

    #[test]
    fn a_process_that_works_elsewhere_is_not_this_postgres() {
        let cluster = tempfile::tempdir().expect("a temporary directory can be made");
        let me = i32::try_from(std::process::id()).expect("process ids are small");
        assert!(!is_alive(me, cluster.path()));
        assert!(is_alive(me, &std::env::current_dir().expect("there is one")));
    }
}
