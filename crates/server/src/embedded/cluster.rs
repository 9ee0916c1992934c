//! The cluster: created by `initdb` the first time, and afterwards matched with the programs of its major version.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use nix::{sys::signal::Signal, unistd};

use super::{
    DataDir, Error, child,
    data_dir::{RunAs, create},
    find::Installation,
};

/// The cluster's superuser, whom everybody who can reach the socket may be.
pub(super) const SUPERUSER: &str = "postgres";

/// Makes sure that there is a cluster, and answers which of the installed programs run it.
pub(super) fn prepare(dir: &DataDir, installed: &[Installation]) -> Result<Installation, Error> {
    let cluster = dir.cluster();
    let version = cluster.join("PG_VERSION");
    match fs::read_to_string(&version) {
        Ok(major) => {
            give_to(dir.user(), &cluster)?;
            matching(major.trim(), &cluster, installed)
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let newest = first(installed)?;
            initdb(dir, newest)?;
            Ok(newest.clone())
        }
        Err(e) => Err(Error::file("read", &version)(e)),
    }
}

fn first(installed: &[Installation]) -> Result<&Installation, Error> {
    installed.first().ok_or(Error::NotInstalled)
}

fn matching(major: &str, cluster: &Path, installed: &[Installation]) -> Result<Installation, Error> {
    if let Some(found) = installed.iter().find(|installation| installation.major.to_string() == major) {
        return Ok(found.clone());
    }
    let other = first(installed)?;
    Err(Error::OtherMajor {
        data: major.to_owned(),
        cluster: cluster.to_owned(),
        installed: (other.major, other.bin.clone()),
    })
}

/// Creates the cluster under another name and renames it when it is whole, so that a crash leaves no half of one.
fn initdb(dir: &DataDir, installation: &Installation) -> Result<(), Error> {
    let cluster = dir.cluster();
    let unfinished = dir.path().join("postgres.new");
    refuse_strangers(&cluster)?;
    remove(&unfinished)?;
    create(&unfinished, 0o700)?;
    give_to(dir.user(), &unfinished)?;
    tracing::info!(directory = %cluster.display(), version = installation.major, "creating the private Postgres");
    // Its own children end when their pipe closes; killed with us, it leaves only the unfinished directory.
    let output = child::command(&installation.bin.join("initdb"), dir.user(), Signal::SIGKILL)
        .arg("--pgdata")
        .arg(&unfinished)
        .args(["--username", SUPERUSER, "--auth", "trust", "--no-instructions"])
        .args(["--encoding", "UTF8", "--locale", "C", "--data-checksums"])
        .output()
        .map_err(Error::file("run", installation.bin.join("initdb")))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        return Err(Error::Initdb { cluster, output: String::from_utf8_lossy(&said).into_owned() });
    }
    fs::rename(&unfinished, &cluster).map_err(Error::file("rename", &unfinished))
}

/// Whatever lies where the cluster should be was not made by us: better not touch it. An empty directory is fine.
fn refuse_strangers(cluster: &Path) -> Result<(), Error> {
    match fs::remove_dir(cluster) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(_) => Err(Error::NotACluster(cluster.to_owned())),
    }
}

fn remove(directory: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(directory) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::file("remove", directory)(e)),
        _ => Ok(()),
    }
}

/// Gives what root created, copied or restored to the user who runs Postgres; what is theirs already stays untouched.
fn give_to(user: Option<&RunAs>, path: &Path) -> Result<(), Error> {
    let Some(user) = user else { return Ok(()) };
    let meta = fs::symlink_metadata(path).map_err(Error::file("read", path))?;
    if meta.uid() == user.uid.as_raw() || meta.is_symlink() {
        return Ok(());
    }
    unistd::chown(path, Some(user.uid), Some(user.gid))
        .map_err(|errno| Error::file("give away", path)(errno.into()))?;
    if !meta.is_dir() {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(Error::file("close", path))?;
    for entry in fs::read_dir(path).map_err(Error::file("read", path))? {
        give_to(Some(user), &entry.map_err(Error::file("read", path))?.path())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn the_programs_of_the_clusters_version_are_taken_even_if_newer_ones_are_there() {
        let newer = Installation { bin: PathBuf::from("/17/bin"), major: 17 };
        let same = Installation { bin: PathBuf::from("/15/bin"), major: 15 };
        let installed = [newer, same.clone()];
        assert_eq!(matching("15", Path::new("data"), &installed).ok(), Some(same));
        let error = matching("14", Path::new("data"), &installed).expect_err("there is no 14");
        assert!(matches!(&error, Error::OtherMajor { data, .. } if data == "14"), "{error}");
    }

    #[test]
    fn a_directory_with_something_else_in_it_is_left_alone() {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let taken = dir.path().join("postgres");
        fs::create_dir(&taken).expect("a directory can be made");
        fs::write(taken.join("thesis.txt"), "years of work").expect("a file can be written");
        assert!(matches!(refuse_strangers(&taken), Err(Error::NotACluster(_))));
        assert!(taken.join("thesis.txt").exists());
    }
}
