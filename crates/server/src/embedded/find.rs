//! Finds an installed Postgres: the programs `postgres` and `initdb`, and their major version.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::Error;

/// The oldest major version whose SQL the store may use.
pub(super) const OLDEST: u32 = 14;

/// Folders where distributions keep one folder of programs per major version.
const VERSIONED: [(&str, &str, &str); 5] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
];

/// An installed Postgres.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Installation {
    /// The folder of its programs.
    pub(super) bin: PathBuf,
    /// Its major version.
    pub(super) major: u32,
}

/// Every usable installation, the preferred one first: the `named` folder alone, if there is one; else what
/// `pg_config` says, the distribution's folders from the newest down, and PATH.
pub(super) fn installations(named: Option<&Path>) -> Result<Vec<Installation>, Error> {
    match named {
        Some(bin) => {
            let found = installation(bin).ok_or_else(|| Error::NotInFolder(bin.to_owned()))?;
            usable(vec![found])
        }
        None => usable(candidates().iter().filter_map(|bin| installation(bin)).collect()),
    }
}

/// Leaves out what is too old and what was found twice.
fn usable(found: Vec<Installation>) -> Result<Vec<Installation>, Error> {
    let Some(first) = found.first().cloned() else { return Err(Error::NotInstalled) };
    let mut usable: Vec<Installation> = Vec::new();
    for installation in found {
        if installation.major >= OLDEST && !usable.contains(&installation) {
            usable.push(installation);
        }
    }
    if usable.is_empty() {
        return Err(Error::TooOld { found: first.major, bin: first.bin });
    }
    Ok(usable)
}

fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = pg_config().into_iter().collect();
    for (parent, prefix, suffix) in VERSIONED {
        folders.extend(versions(Path::new(parent), prefix).into_iter().map(|folder| folder.join(suffix)));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    folders
}

/// The folders of `parent` called `prefix` and a number, the greatest number first.
fn versions(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(parent) else { return Vec::new() };
    let version = |path: &Path| path.file_name()?.to_str()?.strip_prefix(prefix)?.parse::<u32>().ok();
    let mut found: Vec<(u32, PathBuf)> =
        entries.flatten().filter_map(|entry| Some((version(&entry.path())?, entry.path()))).collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, path)| path).collect()
}

fn pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
}

/// What the folder holds, if it holds both programs. A symbolic link (as in `/usr/local/bin`) is followed, because
/// Postgres looks for its other files beside the real one.
fn installation(bin: &Path) -> Option<Installation> {
    let postgres = bin.join("postgres").canonicalize().ok()?;
    let bin = postgres.parent()?.to_owned();
    if !bin.join("initdb").is_file() {
        return None;
    }
    let output = Command::new(&postgres).arg("--version").output().ok()?;
    let major = major(std::str::from_utf8(&output.stdout).ok()?)?;
    Some(Installation { bin, major })
}

/// The major version in `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` or `postgres (PostgreSQL) 19beta1`.
fn major(version: &str) -> Option<u32> {
    let number = version.split("(PostgreSQL) ").nth(1)?;
    let digits = number.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_postgres_prints() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(major("postgres: something else\n"), None);
    }

    #[test]
    fn nothing_installed_names_the_package() {
        let error = usable(Vec::new()).expect_err("there is no Postgres in an empty list");
        assert!(matches!(error, Error::NotInstalled));
        assert!(error.to_string().contains("postgresql"), "{error}");
    }

    #[test]
    fn what_is_too_old_is_left_out_and_alone_is_an_error() {
        let old = Installation { bin: PathBuf::from("/old/bin"), major: 13 };
        let new = Installation { bin: PathBuf::from("/new/bin"), major: 17 };
        assert_eq!(usable(vec![old.clone(), new.clone(), new.clone()]).ok(), Some(vec![new]));
        assert!(matches!(usable(vec![old]), Err(Error::TooOld { found: 13, .. })));
    }

    #[test]
    fn a_named_folder_without_postgres_is_an_error() {
        let empty = tempfile::tempdir().expect("a temporary directory can be made");
        let error = installations(Some(empty.path())).expect_err("the folder is empty");
        assert!(matches!(error, Error::NotInFolder(_)), "{error}");
    }

    #[test]
    fn the_newest_version_comes_first() {
        let parent = tempfile::tempdir().expect("a temporary directory can be made");
        for name in ["9", "15", "16", "common"] {
            std::fs::create_dir(parent.path().join(name)).expect("a directory can be made");
        }
        let names: Vec<_> =
            versions(parent.path(), "").iter().map(|path| path.file_name().map(ToOwned::to_owned)).collect();
        assert_eq!(names, [Some("16".into()), Some("15".into()), Some("9".into())]);
    }
}
