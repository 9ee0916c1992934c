//! Feeds any bytes to `crates/server/tests/plays/workbook.rs`.

#![no_main]

#[allow(dead_code, reason = "a workbook is read as a table is, and played otherwise")]
#[path = "../../crates/server/tests/plays/table.rs"]
mod table;
#[path = "../../crates/server/tests/plays/workbook.rs"]
mod workbook;

use std::sync::Once;

static HOOK: Once = Once::new();

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // The reader of workbooks gives up by a panic, which is caught: the fuzzer must not end at it. It does at one that is not.
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if panic.location().is_none_or(|place| !place.file().contains("calamine")) {
                usual(panic);
            }
        }));
    });
    workbook::play(bytes);
});
