//! Prepares a child process: another user, an environment without our secrets, and an end when its parent ends.

use std::{os::unix::process::CommandExt, path::Path, process::Command};

use nix::sys::signal::Signal;

use super::data_dir::RunAs;

/// A command that runs as `user` (if given), in its own process group so that Ctrl-C reaches only us, with nothing of
/// our environment but where programs and libraries are, and that gets `at_our_end` when the calling *thread* ends.
pub(super) fn command(program: &Path, user: Option<&RunAs>, at_our_end: Signal) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C").current_dir("/").process_group(0);
    for name in ["PATH", "LD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    if let Some(user) = user {
        // Between fork and exec, root's supplementary groups are dropped first, then the group, then the user.
        command.gid(user.gid.as_raw()).uid(user.uid.as_raw());
    }
    end_with_parent(&mut command, at_our_end);
    command
}

/// The kernel forgets the wish when the user changes, so it is made after that: hooks run last before exec.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn end_with_parent(command: &mut Command, signal: Signal) {
    use nix::{errno::Errno, sys::prctl, unistd};

    let parent = unistd::getpid();
    let hook = move || {
        prctl::set_pdeathsig(signal)?;
        // The parent may have ended before the wish was made; then nobody would ever send the signal.
        if unistd::getppid() == parent { Ok(()) } else { Err(Errno::ECANCELED.into()) }
    };
    // SAFETY: after fork only async-signal-safe things are allowed. The hook makes two system calls, compares two
    // integers and allocates nothing (an `io::Error` made from an errno is a plain number).
    unsafe { command.pre_exec(hook) };
}

/// Elsewhere there is no such wish: a server that is killed leaves Postgres behind, and the next start stops it.
#[cfg(not(target_os = "linux"))]
fn end_with_parent(_command: &mut Command, _signal: Signal) {}
