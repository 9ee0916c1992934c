//! Why the private Postgres cannot run: what was found, what was expected, where, and what to do next.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{DataDir, find::OLDEST, lock::Lock};

/// Why there is no private Postgres.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing to run.
    #[error(
        "Postgres is not installed: looked in pg_config --bindir, /usr/lib/postgresql/*/bin and PATH.\n\
         Install it ({}),\nor name its folder in TINYCRM_PG_BIN, or use a database elsewhere with --database-url.",
        install_hint()
    )]
    NotInstalled,
    /// The folder that was named holds no Postgres.
    #[error("{} holds no Postgres: expected the programs `postgres` and `initdb` there (TINYCRM_PG_BIN)", .0.display())]
    NotInFolder(PathBuf),
    /// Installed, but too old.
    #[error("found Postgres {found} in {}, but {OLDEST} or newer is needed ({})", .bin.display(), install_hint())]
    TooOld {
        /// Its major version.
        found: u32,
        /// Its folder of programs.
        bin: PathBuf,
    },
    /// The cluster was made by a major version that is not installed.
    #[error("{}", other_major(.data, .cluster, .installed))]
    OtherMajor {
        /// The major version that made the cluster.
        data: String,
        /// The cluster.
        cluster: PathBuf,
        /// The newest installed: its version and its programs.
        installed: (u32, PathBuf),
    },
    /// Something else lies where the cluster should be.
    #[error("{} is not empty and holds no Postgres cluster (no PG_VERSION). Choose another --data-dir, or move it away.", .0.display())]
    NotACluster(PathBuf),
    /// The data is somebody else's.
    #[error(
        "{} belongs to user {owner}, and this is user {me}. Run tinycrm as {owner} (sudo -u {owner} tinycrm …), or choose \
         another --data-dir.", .path.display()
    )]
    Owner {
        /// The cluster.
        path: PathBuf,
        /// Whose it is.
        owner: String,
        /// Who we are.
        me: String,
    },
    /// Root has to drop to another user, and there is none.
    #[error(
        "Postgres refuses to run as root, and there is no user `postgres` to run it as. Create one (useradd --system \
         postgres), or run tinycrm as an ordinary user."
    )]
    NoUser,
    /// A cluster that its user cannot reach.
    #[error(
        "the data in {} cannot be reached by user {user}, who has to run Postgres because root may not: {} is closed \
         to others. Open it (chmod o+x {}), or move the data.", .path.display(), .closed.display(), .closed.display()
    )]
    Unreachable {
        /// The data directory.
        path: PathBuf,
        /// The directory on its way that the user may not enter.
        closed: PathBuf,
        /// Who should run Postgres.
        user: String,
    },
    /// Another process runs this Postgres.
    #[error(
        "{} is in use by another tinycrm (process {holder}). Stop that one first, or choose another --data-dir.",
        .path.display()
    )]
    InUse {
        /// The data directory.
        path: PathBuf,
        /// The process.
        holder: String,
    },
    /// A Postgres from before does not end.
    #[error("an earlier Postgres (process {pid}) still runs in {} and does not stop; stop it with: kill -INT {pid}", .cluster.display())]
    StillRunning {
        /// Its process.
        pid: i32,
        /// The cluster.
        cluster: PathBuf,
    },
    /// The socket's fallback directory was made by somebody else.
    #[error("{} must be a directory of ours with mode 0700 (the socket's path in the data directory is too long); remove it", .0.display())]
    SocketDirectory(PathBuf),
    /// `initdb` failed.
    #[error("initdb could not create {}:\n{output}", .cluster.display())]
    Initdb {
        /// The cluster.
        cluster: PathBuf,
        /// What initdb said.
        output: String,
    },
    /// Postgres ended before it was ready.
    #[error("Postgres does not start ({status}). It said, in {}:\n{said}", .log.display())]
    Start {
        /// How it ended.
        status: String,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        said: String,
    },
    /// The supervising thread ended without an answer.
    #[error("the thread that starts Postgres ended unexpectedly; this is a bug, please report it")]
    Supervisor,
    /// A file operation failed.
    #[error("cannot {action} {}: {source}", .path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// Names the failed operation and its place: for `map_err`.
    pub(super) fn file(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Error {
        let path = path.as_ref().to_owned();
        move |source| Error::File { action, path, source }
    }

    pub(super) fn in_use(dir: &DataDir) -> Error {
        Error::InUse { path: dir.path().to_owned(), holder: Lock::holder(dir) }
    }
}

/// The one package to install, on this platform.
fn install_hint() -> &'static str {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    package(std::env::consts::OS, &release)
}

/// The one command that installs Postgres, from the name of the system and its `/etc/os-release`.
fn package(os: &str, release: &str) -> &'static str {
    let is = |names: &[&str]| {
        release
            .lines()
            .filter(|line| line.starts_with("ID=") || line.starts_with("ID_LIKE="))
            .flat_map(|line| line.split(['=', ' ', '"']))
            .any(|word| names.contains(&word))
    };
    match os {
        "macos" => "brew install postgresql@17",
        _ if is(&["debian", "ubuntu"]) => "apt-get install postgresql",
        _ if is(&["fedora", "rhel", "centos"]) => "dnf install postgresql-server",
        _ if is(&["alpine"]) => "apk add postgresql",
        _ if is(&["arch"]) => "pacman -S postgresql",
        _ if is(&["suse", "opensuse"]) => "zypper install postgresql-server",
        _ => "the package is called postgresql or postgresql-server",
    }
}

fn other_major(data: &str, cluster: &Path, (version, bin): &(u32, PathBuf)) -> String {
    let (cluster, bin) = (cluster.display(), bin.display());
    format!(
        "{cluster} was made by Postgres {data}, and of those installed here the first is Postgres {version} ({bin}).\n\
         Either install Postgres {data} beside it (on Debian: apt-get install postgresql-{data}) and start again,\n\
         or move the data: with both versions installed and tinycrm stopped, initdb a new cluster with {version} and \
         run\n  {bin}/pg_upgrade --old-bindir=… --new-bindir={bin} --old-datadir={cluster} --new-datadir={cluster}-{version}\n\
         as the owner of the files, then put the new cluster in the old one's place \
         (https://www.postgresql.org/docs/{version}/pgupgrade.html)."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_has_one_command() {
        let debian = "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n";
        let mint = "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n";
        let rocky = "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n";
        assert_eq!(package("linux", debian), "apt-get install postgresql");
        assert_eq!(package("linux", mint), "apt-get install postgresql");
        assert_eq!(package("linux", rocky), "dnf install postgresql-server");
        assert_eq!(package("linux", "ID=alpine\n"), "apk add postgresql");
        assert_eq!(package("linux", "ID=arch\n"), "pacman -S postgresql");
        assert_eq!(package("macos", ""), "brew install postgresql@17");
        assert_eq!(package("linux", ""), "the package is called postgresql or postgresql-server");
    }

    #[test]
    fn another_major_version_says_how_to_move() {
        let error = Error::OtherMajor {
            data: "14".to_owned(),
            cluster: PathBuf::from("/srv/data/postgres"),
            installed: (17, PathBuf::from("/usr/lib/postgresql/17/bin")),
        };
        let text = error.to_string();
        assert!(text.starts_with("/srv/data/postgres was made by Postgres 14"), "{text}");
        assert!(text.contains("apt-get install postgresql-14"), "{text}");
        assert!(text.contains("/usr/lib/postgresql/17/bin/pg_upgrade --old-bindir=…"), "{text}");
    }
}
