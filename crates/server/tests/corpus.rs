//! What the fuzz targets of `fuzz/` began with and what they found, each once: bytes that broke a promise are a test from then on.

#![allow(clippy::unwrap_used)]

#[path = "plays/calls.rs"]
mod calls;
#[path = "plays/filter.rs"]
mod filters;
#[path = "plays/names.rs"]
mod names;
#[path = "plays/table.rs"]
mod table;
#[path = "plays/workbook.rs"]
mod workbook;

use std::{fs, path::Path};

/// The bytes that everything of `fuzz/corpus` may have together.
const LARGEST: usize = 1 << 20;

#[test]
fn nothing_that_was_found_breaks_a_promise() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut size = 0;
    for (target, play) in [
        ("calls", calls::play as fn(&[u8])),
        ("filter", filters::play),
        ("names", names::play),
        ("table", table::play),
        ("workbook", workbook::play),
    ] {
        let files = fs::read_dir(corpus.join(target)).unwrap().map(|file| file.unwrap().path());
        let mut count = 0;
        for file in files {
            let bytes = fs::read(&file).unwrap();
            (size, count) = (size + bytes.len(), count + 1);
            play(&bytes);
        }
        assert!(count > 0, "{target} has a corpus");
    }
    assert!(size <= LARGEST, "{size} bytes: minimise the corpus with -merge=1");
}
