//! Case folding is one relation, seen from two sides: `fold`, which `eval` compares by, and `class`, which SQL's
//! patterns are made of.

use filter::fold::{class, fold};

#[test]
fn folding_and_classes_agree_on_every_character() {
    for c in '\0'..='\u{1ffff}' {
        let class = class(c);
        assert!(class.contains(&c), "{c:?}");
        assert_eq!(fold(&c.to_string()), class[0].to_string(), "{c:?} of {class:?}");
    }
}

/// Beyond the first two planes nothing has cases, so nothing there needs a class.
#[test]
fn the_other_planes_have_no_cases() {
    for c in '\u{20000}'..=char::MAX {
        assert!(c.to_lowercase().eq([c]) && c.to_uppercase().eq([c]), "{c:?}");
    }
}

#[test]
fn folding_is_simple() {
    assert_eq!(fold("STRAẞE"), fold("straße"));
    assert_ne!(fold("straße"), fold("strasse"));
    assert_eq!(fold("ΜΆΙΟΣ"), fold("μάιος"));
    assert_eq!(fold("\u{212a}"), fold("k"));
    assert_ne!(fold("İ"), fold("i"));
}
