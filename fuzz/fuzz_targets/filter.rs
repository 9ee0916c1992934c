//! Feeds any bytes to `crates/server/tests/plays/filter.rs`.

#![no_main]

#[path = "../../crates/server/tests/plays/filter.rs"]
mod play;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| play::play(bytes));
