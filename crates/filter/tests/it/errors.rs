//! What users read when a filter is wrong: the wording is reviewed like code.

use filter::{Names as _, Scope, Segment, check, parse};

use crate::table::Catalogue;

/// Filters that cannot be read.
const UNREADABLE: &[&str] = &[
    // Operators of other languages, and ours misspelt.
    "plan === pro",
    "plan =~ pro",
    "plan ~ pro",
    "mrr => 20",
    "mrr =< 20",
    "a = 1 & b = 2",
    "a = 1 | b = 2",
    "plan like \"pro%\"",
    "mrr over 20",
    "mrr between 1 and 2",
    "plan containz pro",
    "plan equals pro",
    "name startz with A",
    // Something missing.
    "plan =",
    "plan in",
    "plan in (",
    "plan in ()",
    "plan in (pro,",
    "plan in (pro team)",
    "plan not pro",
    "status",
    "status paid",
    "email contains",
    "email starts \"a\"",
    "plan is pro",
    "plan \"pro\"",
    "mrr 20",
    "not",
    "(plan = pro",
    "plan = pro)",
    "plan = pro and",
    "and plan = pro",
    "plan = pro or or mrr > 1",
    "plan = pro mrr > 20",
    "plan = pro max",
    "name = Ada Lovelace",
    "mrr > 1,000",
    "in newsletter",
    "in project",
    "in project newsletter where plan = pro",
    "in segment",
    "search",
    // Fields and paths.
    "params = 1",
    "params. = 1",
    "params.a..b = 1",
    "params.tags[0] = 1",
    "tags[0] = vip",
    "params.a@b = 1",
    "status.x = 1",
    "\"plan\" = \"pro\"",
    "\"my plan\" = \"pro\"",
    "params.plan",
    "params.\"a\"b = 1",
    // Strings.
    "plan = \"pro",
    "plan = 'pro",
    "plan = \"a\\x\"",
    "plan = \"\\ud800\"",
    "plan = *pro*",
    "plan = {}",
    "plan = pro; drop table customer",
    // Dates.
    "first_seen > 2026-02-30",
    "first_seen > 2026-03-10T25:00",
    "first_seen > now - 14",
    "first_seen > now - 14m",
    "first_seen > last 7 days",
    "first_seen in last 0 days",
    "first_seen in this 3 days",
    "first_seen in this hour",
    "first_seen in last 7",
    "first_seen in 2026-01-01 ..",
    "first_seen in 2026-01-01 .. soon",
    "first_seen > 99999999999 days ago",
    // On the third line.
    "status = paid\nand plan = pro\n  and mrr >> 3",
];

/// Filters that read well but ask for what is not there or cannot be.
const UNANSWERABLE: &[&str] = &[
    "status = active",
    "status = Paid",
    "status in (free, canceled)",
    "status = 5",
    "status = null",
    "status > free",
    "project = newsleter",
    "project > app",
    "project contains app",
    "in project newsleter",
    "in project nowhere",
    "in segment \"power user\"",
    "in segment loop",
    "in segment broken",
    "in segment stale",
    "in project app where (in segment loop)",
    "email = 5",
    "name = null",
    "user_id = 42",
    "email = true",
    "name = today",
    "email has \"a\"",
    "email in last 7 days",
    "first_seen = 5",
    "first_seen = soon",
    "first_seen > 14d",
    "first_paid = null",
    "first_seen contains \"2026\"",
    "mrr > true",
    "mrr >= null",
    "mrr > 12345678901234567890123456789012345678901",
    "mrr = 1e999999999",
    "first_seen in 2026-03-01 .. 2026-01-01",
    "first_seen > now - 99999y",
    "first_seen in last 999999 weeks",
    "first_seen > 0001-01-01 and first_seen < today - 4294967295d",
    "plan = \"a\\u0000b\"",
    "params.\"a\\u0000b\" = 1",
];

fn catalogue() -> Catalogue {
    let segments = [
        ("pros", "params.plan = \"pro\""),
        ("power users", "params.opens > 10"),
        ("loop", "status = \"free\" or in segment back"),
        ("back", "in segment loop"),
        ("broken", "params.plan = "),
        ("stale", "in project gone"),
    ];
    let segments =
        segments.map(|(name, text)| (name.to_owned(), Segment { text: text.to_owned(), project: None }));
    Catalogue { segments: segments.into() }
}

fn refusal(text: &str, account_wide: bool) -> String {
    let catalogue = catalogue();
    let scope = Scope {
        now: "2026-03-10T12:00:00Z".parse().unwrap(),
        zone: jiff::tz::TimeZone::UTC,
        names: &catalogue,
        account_wide,
    };
    match parse(text).and_then(|expr| check(&expr, &scope)) {
        Err(error) => error.caret(text),
        Ok(_) => panic!("this was accepted: {text}"),
    }
}

fn refusals(texts: &[&str], account_wide: bool) -> String {
    texts.iter().map(|text| refusal(text, account_wide) + "\n\n").collect()
}

#[test]
fn unreadable_filters() {
    insta::assert_snapshot!(refusals(UNREADABLE, true));
}

#[test]
fn unanswerable_filters() {
    insta::assert_snapshot!(refusals(UNANSWERABLE, true));
}

#[test]
fn project_keys_see_their_project_only() {
    let asked = ["in project app", "not in project app where (status = paid)", "in segment pros"];
    insta::assert_snapshot!(refusals(&asked, false));
}

#[test]
fn places_count_characters_and_lines() {
    let text = "name = \"é🙂\" and\n  plan === 3";
    let error = parse(text).unwrap_err();
    assert_eq!((error.line, error.column), (2, 8));
    let text = "é = \"🙂\" x";
    let error = parse(text).unwrap_err();
    assert_eq!((error.line, error.column, error.length), (1, 9, 1));
    assert_eq!(error.span.of(text), "x");
}

#[test]
fn bounds_hold() {
    let bytes = format!("plan = \"{}\"", "x".repeat(filter::TEXT_BYTES_MAX));
    assert_eq!(parse(&bytes).unwrap_err().message, format!("this filter has {} bytes", bytes.len()));

    let nested = |depth: usize| format!("{}plan = 1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(filter::DEPTH_MAX)).is_ok());
    assert_eq!(
        parse(&nested(filter::DEPTH_MAX + 1)).unwrap_err().message,
        "this filter nests more than 64 deep"
    );
    let negated = |depth: usize| format!("{}plan = 1", "not ".repeat(depth));
    assert!(parse(&negated(filter::DEPTH_MAX)).is_ok());
    assert!(parse(&negated(filter::DEPTH_MAX + 1)).is_err());

    let many = |count: usize| vec!["a = 1"; count].join(" or ");
    assert!(!refuses(&many(filter::CONDITIONS_MAX)));
    assert!(refuses(&many(filter::CONDITIONS_MAX + 1)));
    let list = |count: usize| format!("a in ({})", vec!["1"; count].join(", "));
    assert!(!refuses(&list(filter::CONDITIONS_MAX)));
    assert!(refuses(&list(filter::CONDITIONS_MAX + 1)));

    let path = |keys: usize| format!("params{} = 1", ".k".repeat(keys));
    assert!(parse(&path(filter::Path::KEYS_MAX)).is_ok());
    assert!(parse(&path(filter::Path::KEYS_MAX + 1)).is_err());

    let needle = |length: usize| format!("name contains \"{}\"", "é".repeat(length));
    assert!(!refuses(&needle(filter::fold::Needle::CHARS_MAX)));
    assert!(refuses(&needle(filter::fold::Needle::CHARS_MAX + 1)));
}

/// The deepest filter that can be read can also be checked, evaluated and printed.
#[test]
fn the_deepest_filter_works() {
    let mut text = "a = 1".to_owned();
    for level in 0..filter::DEPTH_MAX {
        let join = if level % 2 == 0 { "and" } else { "or" };
        text = format!("({text}) {join} b = 2");
    }
    assert!(!refuses(&text));
    assert_eq!(parse(&parse(&text).unwrap().to_string()).unwrap(), parse(&text).unwrap());
}

fn refuses(text: &str) -> bool {
    let catalogue = catalogue();
    assert!(catalogue.segment("pros").is_some());
    let now = "2026-03-10T12:00:00Z".parse().unwrap();
    let scope = Scope { now, zone: jiff::tz::TimeZone::UTC, names: &catalogue, account_wide: true };
    parse(text).and_then(|expr| check(&expr, &scope)).is_err()
}
