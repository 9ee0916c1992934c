//! Laws that hold for every filter: what is printed reads back the same, nothing makes the crate panic, and meaning
//! survives printing. `PROPTEST_CASES=100000` runs longer.

use filter::{Expr, Scope, check, complete, describe, eval, parse, parse_field, sql, tokens};
use proptest::prelude::*;

use crate::generator::{self, Dice};
use crate::table;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases.max(2_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_printed_reads_back_the_same(seed: u64) {
        let mut dice = Dice::new(seed);
        let (now, zone) = generator::clock(&mut dice);
        let expr = generator::expr_of_any_time(&mut dice, now, &zone);
        let printed = expr.to_string();
        let read = parse(&printed).map_err(|error| TestCaseError::fail(error.caret(&printed)))?;
        prop_assert_eq!(&read, &expr, "{}", printed);
        prop_assert_eq!(read.to_string(), printed);
    }

    #[test]
    fn printing_keeps_the_meaning(seed: u64) {
        let mut dice = Dice::new(seed);
        let (now, zone) = generator::clock(&mut dice);
        let expr = generator::expr_of_any_time(&mut dice, now, &zone);
        let customers = generator::customers(&mut dice, 5, now, &zone);
        let catalogue = generator::catalogue();
        let scope = Scope { now, horizon: None, zone, names: &catalogue, account_wide: true };
        let checked = |expr: &Expr| check(expr, &scope).map_err(|error| TestCaseError::fail(error.message));
        let (once, again) = (checked(&expr)?, checked(&parse(&expr.to_string()).unwrap())?);
        for customer in &customers {
            let documents: Vec<_> = customer.iter().map(table::Relationship::document).collect();
            for at in 0..documents.len() {
                prop_assert_eq!(eval(&once, &documents, at), eval(&again, &documents, at), "{}", expr);
            }
        }
        prop_assert!(!describe(&expr).is_empty());
        prop_assert!(!sql(&once, filter::Tense::Present, &mut filter::Binds::starting_at(2)).is_empty());
    }

    #[test]
    fn no_text_makes_it_panic(text in any_text(), cursor in 0_usize..80) {
        exercise(&text, cursor);
    }

    #[test]
    fn what_was_read_prints_and_reads_back(text in any_text()) {
        if let Ok(expr) = parse(&text) {
            let printed = expr.to_string();
            let again = parse(&printed).map_err(|error| TestCaseError::fail(error.caret(&printed)))?;
            prop_assert_eq!(again, expr, "{} printed as {}", text, printed);
        }
    }
}

/// Words of the language, right and wrong.
const WORDS: &str = "and or not in project segment where search contains starts with ends has exists is null params. \
    params.\"a\" plan status first_seen email = != < <= .. ( ) , \"pro\" 'x “q” \\ 29 -1e9 1e999 2026-02-30 \
    2026-03-29T10:00:00Z now - 14d today last 7 days ago this month : && || ! [ ; \u{0} é 🙂 99999999999 today+9999999y \
    seen at least 3 days first first( first_paid changed from to increased decreased on since missing was ( yesterday never times went up \
    paid newsletter pros between === ~ true upgraded was week ago more than users <a@b.c> mailto:a@b.c";

/// What is offered for some words may be words of which something is offered: there must be an end.
#[test]
fn any_two_words_are_read_to_an_end() {
    let words: Vec<&str> =
        WORDS.split_whitespace().chain(["changes", "switched", "unchanged", "grew", "used"]).collect();
    for (one, other) in words.iter().flat_map(|one| words.iter().map(move |other| (one, other))) {
        for text in [format!("{one} {other}"), format!("not {one} {other}")] {
            exercise(&text, text.len());
        }
    }
}

/// Characters of every kind, and words of the language in any order.
fn any_text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(WORDS.split_whitespace().collect::<Vec<_>>());
    let gap = prop::sample::select(vec!["", " ", "\n", "  "]);
    let sentence = prop::collection::vec((word, gap), 0..12)
        .prop_map(|words| words.into_iter().map(|(word, gap)| format!("{word}{gap}")).collect::<String>());
    prop_oneof![3 => sentence, 1 => any::<String>(), 1 => "[ -~]{0,60}"]
}

fn exercise(text: &str, cursor: usize) {
    let catalogue = generator::catalogue();
    let scope = Scope {
        now: "2026-03-10T12:00:00Z".parse().unwrap(),
        horizon: None,
        zone: jiff::tz::TimeZone::get("America/New_York").unwrap(),
        names: &catalogue,
        account_wide: true,
    };
    let _ = (parse_field(text), complete(text, cursor));
    for (span, _) in tokens(text) {
        assert!(!span.of(text).is_empty(), "an empty token at {span:?} of {text:?}");
    }
    let answer = parse(text).and_then(|expr| {
        describe(&expr);
        check(&expr, &scope)
    });
    match answer {
        Ok(predicate) => drop(sql(&predicate, filter::Tense::Present, &mut filter::Binds::starting_at(2))),
        Err(error) => {
            assert!(
                error.span.start <= error.span.end && error.span.end <= text.len(),
                "{error:?} of {text:?}"
            );
            error.caret(text);
        }
    }
}
