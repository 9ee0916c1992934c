//! File descriptors: each connection takes one, and a process that has none left answers nobody.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// More than the server ever needs.
const WANTED: u64 = 65_536;
/// Kept for all but connections of clients: the database, files, the log.
const RESERVED: u64 = 256;

/// Lets the process open as many files as it may: systems begin with 1,024, for programs that were written long ago.
pub fn raise() {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
    let wanted = hard.min(WANTED);
    if soft < wanted
        && let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, wanted, hard)
    {
        tracing::warn!(%error, soft, wanted, "the limit of open files could not be raised");
    }
}

/// How many connections of clients there is room for.
pub(super) fn room() -> usize {
    let files = getrlimit(Resource::RLIMIT_NOFILE).map_or(WANTED, |(soft, _)| soft);
    let room = files.saturating_sub(RESERVED).max(files / 2);
    usize::try_from(room).unwrap_or(usize::MAX)
}
