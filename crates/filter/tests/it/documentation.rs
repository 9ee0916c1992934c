//! What the documentation says is so.

use filter::{Scope, check, parse};

use crate::table::{Catalogue, project_id};

const MANUAL: &str = include_str!("../../../../docs/filter.md");
const CRATE: &str = include_str!("../../src/lib.rs");

/// The block between ```text and ```.
fn grammar(text: &str) -> &str {
    let (_, block) = text.split_once("```text\n").expect("a grammar block");
    block.split_once("```").expect("its end").0
}

#[test]
fn the_manual_has_the_grammar_of_the_crate() {
    let of_crate: String = CRATE
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    assert_eq!(grammar(MANUAL), grammar(&of_crate));
    assert!(grammar(MANUAL).starts_with("filter "));
}

#[test]
fn the_manuals_examples_are_filters() {
    let examples: Vec<&str> = MANUAL.lines().take_while(|line| !line.starts_with("## ")).collect();
    let examples = examples.iter().filter_map(|line| line.strip_prefix("    "));
    assert_eq!(examples.clone().map(accept).count(), 5);
    let cells =
        MANUAL.lines().filter(|line| line.starts_with("| `")).filter_map(|line| line.split('|').nth(1));
    let questions =
        cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).filter(|code| code.contains(' '));
    let mut checked = 0;
    for question in
        questions.filter(|question| !["not in", "starts with", "ends with", "is not"].contains(question))
    {
        // Periods stand alone in their table.
        let is_period = ["last ", "next ", "this ", "2026-"].iter().any(|start| question.starts_with(start));
        accept(&if is_period { format!("first_seen in {question}") } else { question.to_owned() });
        checked += 1;
    }
    assert!(checked > 35, "only {checked} examples were found");
}

fn accept(example: &str) {
    let segment = filter::Segment { text: String::new(), project: project_id("app") };
    let catalogue = Catalogue { segments: [("power users".to_owned(), segment)].into() };
    let now = "2026-03-10T12:00:00Z".parse().unwrap();
    let scope =
        Scope { now, horizon: None, zone: jiff::tz::TimeZone::UTC, names: &catalogue, account_wide: true };
    if let Err(error) = parse(example).and_then(|expr| check(&expr, &scope)) {
        panic!("{}", error.caret(example));
    }
}

/// The errors in the manual are the ones that users read.
#[test]
fn the_manuals_errors_are_real() {
    let catalogue = Catalogue::default();
    let now = "2026-03-10T12:00:00Z".parse().unwrap();
    let scope =
        Scope { now, horizon: None, zone: jiff::tz::TimeZone::UTC, names: &catalogue, account_wide: true };
    for text in ["mrr over 20", "upgraded last week", "first_seen > March 2026", "status = active"] {
        let error = parse(text).and_then(|expr| check(&expr, &scope)).unwrap_err();
        let drawn: String = error.caret(text).lines().map(|line| format!("    {line}\n")).collect();
        assert!(MANUAL.contains(&drawn), "the manual lacks\n{drawn}");
    }
}
