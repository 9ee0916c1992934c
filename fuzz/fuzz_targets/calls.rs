//! Feeds any bytes to `crates/server/tests/plays/calls.rs`.

#![no_main]

#[path = "../../crates/server/tests/plays/calls.rs"]
mod calls;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| calls::play(bytes));
