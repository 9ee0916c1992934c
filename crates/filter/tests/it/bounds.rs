//! What is as long as a filter may be is refused at once, whatever its words: nothing goes over the text again for each of
//! them. Where something does, this test takes minutes.

use filter::{Scope, check, meant, parse};

use crate::errors::catalogue;

const WORDS: [&str; 34] = [
    "seen or ",
    "seen last week or ",
    "paid in ",
    "x ",
    "x. ",
    "@a ",
    "ab cd ",
    "2026 ",
    "paid ",
    "a@b.c ",
    "not ",
    "( ",
    "\"a\" ",
    "in ",
    "last week ",
    "plan = ",
    "a.b.c ",
    "é ",
    "2026-01-01 ",
    "or ",
    "= ",
    "a,b ",
    "params.x ",
    "is ",
    "x:y ",
    "' ",
    "{ ",
    "1e9 ",
    "search a ",
    "was ( ",
    "seen at least 3 days in ",
    "changed to ",
    "a changed ",
    "mrr went up ",
];

#[test]
fn long_texts_of_any_words_are_refused_at_once() {
    let catalogue = catalogue();
    let now = "2026-03-10T12:00:00Z".parse().unwrap();
    let scope =
        Scope { now, horizon: None, zone: jiff::tz::TimeZone::UTC, names: &catalogue, account_wide: true };
    for word in WORDS {
        let text = word.repeat(filter::TEXT_BYTES_MAX / word.len());
        assert!(parse(&text).and_then(|expr| check(&expr, &scope)).is_err(), "{word}");
        assert_eq!(meant(&text), None, "{word}");
    }
}

#[test]
fn a_sentence_has_few_words() {
    let said = |fillers: usize| meant(&format!("{}upgraded last week", "the ".repeat(fillers)));
    assert_eq!(said(20).as_deref(), Some("status changed to paid in last week"));
    assert_eq!(said(40), None, "nobody says a condition in so many words");
}

/// Each of them is told what was probably meant, which is tried: a try tries nothing itself, or they would double the work.
#[test]
fn many_faults_take_no_longer_than_one() {
    for fault in ["a b last > 1 and ", "ada paid = 1 or ", "a is pro and "] {
        assert!(parse(&fault.repeat(100)).is_err(), "{fault}");
    }
}
