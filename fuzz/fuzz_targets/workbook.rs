//! Feeds any bytes to `crates/server/tests/plays/workbook.rs`.

#![no_main]

#[allow(dead_code, reason = "a workbook is read as a table is, and played otherwise")]
#[path = "../../crates/server/tests/plays/table.rs"]
mod table;
#[path = "../../crates/server/tests/plays/workbook.rs"]
mod workbook;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| workbook::play(bytes));
