//! Case folding is one relation, seen from two sides: `fold`, which `eval` compares by, and `class`, which SQL's
//! patterns are made of.

use filter::expr::Place;
use filter::fold::{Needle, class, fold};

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

#[test]
fn searches_leave_out_accents_and_how_they_are_composed() {
    for (needle, text, found) in [
        ("emile", "Émile", true),
        ("ÉMILE", "emile", true),
        ("jose", "José", true),
        ("jose", "Jose\u{301}", true),
        ("josé", "Jose\u{301}", true),
        ("Jose\u{301}", "José", true),
        ("zoe", "Zoë Brontë", true),
        ("bronte", "Zoë Brontë", true),
        ("nguyen", "Nguyễn", true),
        ("angstrom", "Ångstro\u{308}m", true),
        ("fish", "ﬁsh", true),
        ("ﬁ", "fi", true),
        ("full", "ＦＵＬＬ", true),
        ("ωμεγα", "Ωμέγα", true),
        ("и", "й", true),
        ("istanbul", "İstanbul", true),
        ("が", "か\u{3099}", true),
        // What does not fall apart is a letter of its own.
        ("dokic", "Đokić", false),
        ("đokic", "Đokić", true),
        ("lodz", "Łódź", false),
        ("łodz", "ŁÓDŹ", true),
        ("strasse", "straße", false),
        ("straße", "STRAẞE", true),
        // Vowel signs are letters of their scripts; tones are marks on them.
        ("กิน", "กิน", true),
        ("กน", "กิน", false),
        ("คา", "ค่า", true),
        ("कि", "का", false),
    ] {
        assert_eq!(Needle::search(needle).is_in(text, Place::Anywhere), found, "{needle} in {text}");
    }
    assert!(!Needle::new("jose").is_in("José", Place::Anywhere), "contains tells accents apart");
    assert!(!Needle::new("José").is_in("Jose\u{301}", Place::Anywhere));
}
