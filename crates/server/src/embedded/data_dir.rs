//! Where the data lies and who runs Postgres on it.
//!
//! Postgres refuses to run as root, so root hands the cluster to the user `postgres`, who must be able to walk to it.
//! Where the way is closed (`/root` is), the data goes to `/var/lib/tinycrm` instead, and whoever starts TinyCRM is told.

use std::{
    ffi::OsStr,
    fs::{self, DirBuilder, Metadata, Permissions},
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use nix::unistd::{Gid, Uid, User, geteuid};

use super::Error;
use crate::config;

/// Where root keeps data that would otherwise be out of reach.
const SHARED_HOME: &str = "/var/lib/tinycrm";

/// A data directory: its place, and the user who runs Postgres on it.
#[derive(Clone, Debug)]
pub struct DataDir {
    path: PathBuf,
    moved_from: Option<PathBuf>,
    user: Option<RunAs>,
    pub(super) pg_bin: Option<PathBuf>,
}

/// The user that root becomes to run Postgres.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RunAs {
    pub(super) name: String,
    pub(super) uid: Uid,
    pub(super) gid: Gid,
}

impl DataDir {
    /// Finds the place for what `--data-dir` says, and creates it where it is missing.
    pub fn locate(database: &config::Database) -> Result<DataDir, Error> {
        let asked =
            std::path::absolute(&database.data_dir).map_err(Error::file("find", &database.data_dir))?;
        let pg_bin = database.pg_bin.clone();
        if geteuid().is_root() {
            return DataDir::for_root(asked, pg_bin, Path::new(SHARED_HOME));
        }
        create(&asked, 0o700)?;
        belongs_to_me(&asked)?;
        Ok(DataDir { path: asked, moved_from: None, user: None, pg_bin })
    }

    fn for_root(asked: PathBuf, pg_bin: Option<PathBuf>, home: &Path) -> Result<DataDir, Error> {
        let user = RunAs::owner_of(&asked.join("postgres"))?;
        // Others may walk through it to the cluster, which is closed to all but its owner.
        create(&asked, 0o711)?;
        let closed = match user.stopped_at(&asked)? {
            None => return Ok(DataDir { path: asked, moved_from: None, user: Some(user), pg_bin }),
            Some(closed) => closed,
        };
        if asked.join("postgres").exists() {
            return Err(Error::Unreachable { path: asked, closed, user: user.name });
        }
        // Only if it is empty: it was made a moment ago, or was never used.
        let _ = fs::remove_dir(&asked);
        let path = home.join(own_name(&asked));
        create(home, 0o755)?;
        create(&path, 0o711)?;
        if let Some(closed) = user.stopped_at(&path)? {
            return Err(Error::Unreachable { path, closed, user: user.name });
        }
        let user = RunAs::owner_of(&path.join("postgres"))?;
        Ok(DataDir { path, moved_from: Some(asked), user: Some(user), pg_bin })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory that was asked for, if the data had to go elsewhere: worth telling whoever started TinyCRM.
    pub fn moved_from(&self) -> Option<&Path> {
        self.moved_from.as_deref()
    }

    /// The cluster, which also holds the socket.
    pub(super) fn cluster(&self) -> PathBuf {
        self.path.join("postgres")
    }

    /// What Postgres had to say.
    pub fn log(&self) -> PathBuf {
        self.path.join("postgres.log")
    }

    /// Who runs Postgres, if it is not this process's user.
    pub(super) fn user(&self) -> Option<&RunAs> {
        self.user.as_ref()
    }
}

impl RunAs {
    /// The user of an existing cluster, else `postgres`. A cluster of root's (copied, restored) becomes `postgres`'s.
    fn owner_of(cluster: &Path) -> Result<RunAs, Error> {
        let owner =
            fs::metadata(cluster).ok().map(|meta| Uid::from_raw(meta.uid())).filter(|uid| !uid.is_root());
        let user = match owner {
            Some(uid) => User::from_uid(uid),
            None => User::from_name("postgres"),
        };
        let user = user.ok().flatten().ok_or(Error::NoUser)?;
        Ok(RunAs { name: user.name, uid: user.uid, gid: user.gid })
    }

    /// The first directory on the way to `path`, itself included, that the user may not enter.
    fn stopped_at(&self, path: &Path) -> Result<Option<PathBuf>, Error> {
        let real = path.canonicalize().map_err(Error::file("find", path))?;
        let mut way: Vec<&Path> = real.ancestors().collect();
        way.reverse();
        for step in way {
            let meta = fs::metadata(step).map_err(Error::file("read", step))?;
            if !self.may_enter(&meta) {
                return Ok(Some(step.to_owned()));
            }
        }
        Ok(None)
    }

    /// Whether the user may walk through a directory; the first class that fits decides, as in the kernel.
    fn may_enter(&self, directory: &Metadata) -> bool {
        let bit = if directory.uid() == self.uid.as_raw() {
            0o100
        } else if directory.gid() == self.gid.as_raw() {
            0o010
        } else {
            0o001
        };
        directory.mode() & bit != 0
    }
}

/// Creates a directory, and those above it with the usual mode; one that exists stays as it is.
pub(super) fn create(path: &Path, mode: u32) -> Result<(), Error> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Error::file("create", parent))?;
    }
    match DirBuilder::new().mode(mode).create(path) {
        Err(_) if path.is_dir() => Ok(()),
        Err(error) => Err(Error::file("create", path)(error)),
        // Whatever the umask took away.
        Ok(()) => fs::set_permissions(path, Permissions::from_mode(mode)).map_err(Error::file("open", path)),
    }
}

/// A name for `path` that tells people whose it is, and that no other path has.
fn own_name(path: &Path) -> String {
    let name = path.parent().and_then(Path::file_name).and_then(OsStr::to_str).unwrap_or("data");
    format!("{name}-{:08x}", crc32fast::hash(path.as_os_str().as_bytes()))
}

/// Refuses a cluster of somebody else's. Who ran TinyCRM on it owns the lock; who owns the cluster may be whom root
/// became.
fn belongs_to_me(dir: &Path) -> Result<(), Error> {
    let me = geteuid();
    let owner = |path: &Path| fs::metadata(path).ok().map(|meta| Uid::from_raw(meta.uid()));
    let path = dir.join("postgres");
    let Some(of_cluster) = owner(&path).filter(|owner| *owner != me) else { return Ok(()) };
    let name =
        |uid: Uid| User::from_uid(uid).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name);
    Err(Error::Owner { path, owner: name(owner(&dir.join("lock")).unwrap_or(of_cluster)), me: name(me) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory that everybody may enter, under the system's temporary directory.
    fn open_directory() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        chmod(dir.path(), 0o755);
        dir
    }

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("the directory is ours");
    }

    fn postgres_user() -> Option<RunAs> {
        RunAs::owner_of(Path::new("/nonexistent")).ok()
    }

    #[test]
    fn a_closed_directory_on_the_way_is_found() {
        let Some(user) = postgres_user() else { return };
        let dir = open_directory();
        let data = dir.path().join("home/data");
        create(&data, 0o711).expect("the directory can be made");
        assert_eq!(user.stopped_at(&data).ok(), Some(None));
        let home = dir.path().join("home").canonicalize().expect("it exists");
        chmod(&home, 0o700);
        assert_eq!(user.stopped_at(&data).ok(), Some(Some(home.clone())));
        chmod(&home, 0o711);
    }

    #[test]
    fn root_moves_data_that_postgres_cannot_reach_and_says_so() {
        if !geteuid().is_root() || postgres_user().is_none() {
            return;
        }
        let dir = open_directory();
        let closed = dir.path().join("closed");
        create(&closed, 0o700).expect("the directory can be made");
        let asked = closed.join("shop/data");
        let home = dir.path().join("home");
        let data = DataDir::for_root(asked.clone(), None, &home).expect("there is a place for it");
        assert_eq!(data.moved_from(), Some(asked.as_path()));
        assert!(data.path().starts_with(&home), "{data:?}");
        assert!(own_name(&asked).starts_with("shop-"), "{}", own_name(&asked));
        assert_eq!(data.path(), home.join(own_name(&asked)), "the next start finds it again");
    }

    #[test]
    fn root_never_starts_empty_beside_data_that_it_cannot_reach() {
        if !geteuid().is_root() || postgres_user().is_none() {
            return;
        }
        let dir = open_directory();
        let asked = dir.path().join("closed/data");
        create(&asked.join("postgres"), 0o700).expect("the directory can be made");
        chmod(&dir.path().join("closed"), 0o700);
        let error =
            DataDir::for_root(asked, None, &dir.path().join("home")).expect_err("the data is out of reach");
        assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    }
}
