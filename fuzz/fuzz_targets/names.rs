//! Feeds any bytes to `crates/server/tests/plays/names.rs`.

#![no_main]

#[path = "../../crates/server/tests/plays/names.rs"]
mod names;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| names::play(bytes));
