//! Feeds any bytes to the index as a sequence of changes; it must end as one that is built from what is left.

#![no_main]

#[path = "../../crates/index/tests/changes/machine.rs"]
mod machine;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| machine::play(bytes));
