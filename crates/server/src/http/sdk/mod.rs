//! The clients of this server, built into it and of its version: what `/sdk` serves, and the lines that install it.

mod pack;
mod source;

use std::{io, sync::LazyLock};

use bytes::Bytes;
use sha2::{Digest, Sha256};

/// The version of the server, and of its clients.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The module for browsers.
pub const MODULE: &str = "tinycrm.js";
/// The package for npm.
pub const PACKAGE: &str = "tinycrm-sdk.tgz";
/// The wheel for pip, whose name must say its version (PEP 427).
pub const WHEEL: &str = concat!("tinycrm-", env!("CARGO_PKG_VERSION"), "-py3-none-any.whl");

/// Something to download.
pub struct File {
    /// The last part of its address.
    pub name: &'static str,
    /// Its content type.
    pub kind: &'static str,
    /// What it holds.
    pub bytes: Bytes,
    /// Names what it holds. Weak, because browsers get the module compressed.
    pub etag: String,
}

impl File {
    fn new(name: &'static str, kind: &'static str, bytes: Vec<u8>) -> File {
        let hash: String = Sha256::digest(&bytes).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        File { name, kind, bytes: bytes.into(), etag: format!("W/\"{hash}\"") }
    }
}

static FILES: LazyLock<Vec<File>> = LazyLock::new(|| pack_all().expect("memory takes every byte"));

fn pack_all() -> io::Result<Vec<File>> {
    let npm = pack::tgz(source::TYPESCRIPT)?;
    let wheel = pack::wheel(VERSION, source::PYTHON, source::PYTHON_README)?;
    Ok(vec![
        File::new(MODULE, "text/javascript; charset=utf-8", source::MODULE.to_vec()),
        File::new(PACKAGE, "application/gzip", npm),
        File::new(WHEEL, "application/zip", wheel),
    ])
}

/// What there is to download. Packed at the first call.
pub fn files() -> &'static [File] {
    &FILES
}

/// The line that installs the TypeScript client from the server at an address.
pub fn npm_install(url: &str) -> String {
    format!("npm install {url}/sdk/{PACKAGE}")
}

/// The line that installs the Python client from the server at an address.
pub fn pip_install(url: &str) -> String {
    format!("pip install {url}/sdk/{WHEEL}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_is_deterministic_and_complete() {
        let (once, again) = (pack_all().unwrap(), pack_all().unwrap());
        assert_eq!(once.iter().map(|file| file.name).collect::<Vec<_>>(), [MODULE, PACKAGE, WHEEL]);
        for (a, b) in once.iter().zip(&again) {
            assert!(a.bytes == b.bytes && a.etag == b.etag, "{}", a.name);
        }
    }

    #[test]
    fn the_clients_are_of_the_servers_version() {
        let text = |files: &[(&str, &'static [u8])], name: &str| {
            let (_, bytes) = files.iter().find(|(path, _)| *path == name).unwrap();
            std::str::from_utf8(bytes).unwrap()
        };
        let manifest: serde_json::Value =
            serde_json::from_str(text(source::TYPESCRIPT, "package.json")).unwrap();
        assert_eq!(manifest["version"], VERSION);
        let line = pip_install("http://127.0.0.1:7878");
        for readme in [source::PYTHON_README, include_str!("../../../../../README.md")] {
            assert!(readme.contains(&line), "a README does not say: {line}");
        }
        let version = text(source::PYTHON, "tinycrm/_version.py");
        assert!(version.contains(&format!("VERSION = \"{VERSION}\"")), "{version}");
    }
}
