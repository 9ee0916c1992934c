//! The clients' files as they stand in `sdk/`. The TypeScript one is committed as built, so no build of the server needs Node.

/// A file of a package: its path there and what it holds.
pub(super) type Source = (&'static str, &'static [u8]);

macro_rules! files {
    ($root:literal: $($path:literal),+ $(,)?) => {
        &[
            $(($path, include_bytes!(concat!("../../../../../sdk/", $root, $path))),)+
            ("LICENSE-APACHE", include_bytes!("../../../../../LICENSE-APACHE")),
            ("LICENSE-MIT", include_bytes!("../../../../../LICENSE-MIT")),
        ]
    };
}

/// What browsers import.
pub(super) const MODULE: &[u8] = include_bytes!("../../../../../sdk/typescript/dist/esm/index.js");

/// The package for npm.
pub(super) const TYPESCRIPT: &[Source] = files!("typescript/":
    "package.json",
    "README.md",
    "dist/cjs/check.d.ts",
    "dist/cjs/index.d.ts",
    "dist/cjs/index.js",
    "dist/cjs/package.json",
    "dist/cjs/send.d.ts",
    "dist/cjs/uuid.d.ts",
    "dist/cjs/wire.d.ts",
    "dist/esm/check.d.ts",
    "dist/esm/index.d.ts",
    "dist/esm/index.js",
    "dist/esm/send.d.ts",
    "dist/esm/uuid.d.ts",
    "dist/esm/wire.d.ts",
);

/// The package for pip.
pub(super) const PYTHON: &[Source] = files!("python/src/":
    "tinycrm/__init__.py",
    "tinycrm/_check.py",
    "tinycrm/_client.py",
    "tinycrm/_json.py",
    "tinycrm/_lane.py",
    "tinycrm/_proxy.py",
    "tinycrm/_result.py",
    "tinycrm/_send.py",
    "tinycrm/_version.py",
    "tinycrm/_wire.py",
    "tinycrm/py.typed",
);

/// What pip shows of the package.
pub(super) const PYTHON_README: &str = include_str!("../../../../../sdk/python/README.md");

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    fn found(folder: &Path, under: &str) -> BTreeSet<String> {
        let entries = fs::read_dir(folder.join(under)).unwrap().map(|entry| entry.unwrap());
        let paths = entries.flat_map(|entry| {
            let path = format!("{under}/{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() { found(folder, &path) } else { BTreeSet::from([path]) }
        });
        paths.filter(|path| !path.contains("__pycache__")).collect()
    }

    #[test]
    fn no_file_of_a_client_is_forgotten() {
        let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk");
        for (files, folder, under) in [(TYPESCRIPT, "typescript", "dist"), (PYTHON, "python/src", "tinycrm")]
        {
            let listed: BTreeSet<String> = files
                .iter()
                .map(|(path, _)| (*path).to_owned())
                .filter(|path| path.starts_with(under))
                .collect();
            assert_eq!(listed, found(&sdk.join(folder), under));
        }
    }
}
