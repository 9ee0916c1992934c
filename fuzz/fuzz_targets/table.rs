//! Feeds any bytes to `crates/server/tests/plays/table.rs`.

#![no_main]

#[path = "../../crates/server/tests/plays/table.rs"]
mod table;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| table::play(bytes));
