//! What queries mean, as tables: a small world, a question, its answer.

// A failed step of a test is a panic, in its helpers too.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use filter::{Document, Names, Predicate, Segment, Status};
use index::{
    Aggregate, Answer, Bucket, Datum, Extreme, Facet, Facets, Question, Scope, Shape, Sort, Total, number,
    reference::{Customer, World, answer},
};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value, json};
use uuid::Uuid;

const APP: Uuid = Uuid::from_u128(1);
const SHOP: Uuid = Uuid::from_u128(2);

/// Nobody asks for projects or segments here.
struct Nobody;

impl Names for Nobody {
    fn project(&self, _: &str) -> Option<Uuid> {
        None
    }
    fn projects(&self) -> Vec<String> {
        Vec::new()
    }
    fn segment(&self, _: &str, _: Option<&Segment>) -> Option<Segment> {
        None
    }
    fn segments(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A relationship: customer, project, status, params.
type Row = (u128, Uuid, Status, Value);

/// Asks about those whose `x` is there, or about all.
fn ask(rows: &[Row], filter: &str, question: &Question) -> Answer {
    let seen: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    let params: Vec<Map<String, Value>> = rows.iter().map(|row| row.3.as_object().unwrap().clone()).collect();
    let mut customers: BTreeMap<u128, Vec<Document<'_>>> = BTreeMap::new();
    for ((customer, project, status, _), params) in rows.iter().zip(&params) {
        customers.entry(*customer).or_default().push(Document {
            project: *project,
            test: false,
            email: "a@x.com",
            user_id: None,
            name: None,
            status: Some(*status),
            status_since: Some(seen),
            first_paid: None,
            first_seen: seen,
            last_activity: Some(seen),
            imported: None,
            history: None,
            params,
        });
    }
    let customers: Vec<Customer<'_>> = customers
        .into_iter()
        .map(|(id, documents)| Customer { id: Uuid::from_u128(id), documents })
        .collect();
    let projects = BTreeMap::from([(APP, "app".to_owned()), (SHOP, "shop".to_owned())]);
    let rows = BTreeSet::from([APP, SHOP]);
    let zone = TimeZone::get("America/New_York").unwrap();
    let predicate = predicate(filter, seen, zone.clone());
    let world = World { customers: &customers, projects: &projects, rows: &rows, zone, moment: None };
    answer(&world, &predicate, question)
}

fn predicate(filter: &str, now: Timestamp, zone: TimeZone) -> Predicate {
    let scope = filter::Scope { now, horizon: None, zone, names: &Nobody, account_wide: true };
    filter::check(&filter::parse(filter).unwrap(), &scope).unwrap()
}

/// A customer each, in one project, with these values of `x`; `None` lacks the key.
fn values(values: &[Option<&str>]) -> Vec<Row> {
    let params = |value: &Option<&str>| match value {
        Some(json) => json!({ "x": serde_json::from_str::<Value>(json).unwrap() }),
        None => json!({}),
    };
    values.iter().enumerate().map(|(n, value)| (n as u128, APP, Status::Free, params(value))).collect()
}

#[test]
fn counts_tell_customers_from_relationships() {
    let rows = [
        (1, APP, Status::Paid, json!({ "x": 1 })),
        (1, SHOP, Status::Free, json!({ "x": 2 })),
        (2, SHOP, Status::Free, json!({ "y": 1 })),
    ];
    for (filter, customers, relationships) in
        [("", 2, 3), ("params.x exists", 1, 2), ("params.x = 1", 1, 1), ("params.x = 3", 0, 0)]
    {
        let answer = ask(&rows, filter, &Question::default());
        assert_eq!((answer.count, answer.relationships), (customers, relationships), "{filter}");
    }
}

fn shown(total: &Total) -> String {
    let value = match &total.value {
        None => "nothing".to_owned(),
        Some(Extreme::Number(exact)) => number::plain(exact),
        Some(Extreme::Day(day)) => day.to_string(),
        Some(Extreme::Instant(instant)) => instant.timestamp().to_string(),
    };
    format!("{value} {}/{}/{}", total.counted, total.skipped, total.missing)
}

/// The value, then how many were counted, skipped and missing.
#[test]
fn aggregates_are_exact_and_account_for_everything() {
    let money = [Some("0.1"), Some("0.20"), Some("\"0.3\""), Some("null"), None];
    let big = [Some("9007199254740993"), Some("1"), Some("0.5")];
    let dates = [
        Some("\"2026-03-29\""),
        Some("\"2026-03-29T03:59:59Z\""),
        Some("\"2026-03-29T04:00:01Z\""),
        Some("\"2026-02-30\""),
        Some("true"),
    ];
    for (rows, aggregate, expected) in [
        (&money[..], "sum(x)", "0.3 2/2/1"),
        (&money, "avg(x)", "0.15 2/2/1"),
        (&money, "min(x)", "0.1 2/2/1"),
        (&money, "max(x)", "0.2 2/2/1"),
        (&money, "median(x)", "0.15 2/2/1"),
        (&money, "sum(y)", "0 0/0/5"),
        (&money, "avg(y)", "nothing 0/0/5"),
        (&big, "sum(x)", "9007199254740994.5 3/0/0"),
        (&big, "avg(x)", "3002399751580331.5 3/0/0"),
        (&big, "median(x)", "1 3/0/0"),
        (&dates, "min(x)", "2026-03-29T03:59:59Z 3/2/0"), // the day begins at 04:00Z in New York
        (&dates, "max(x)", "2026-03-29T04:00:01Z 3/2/0"),
        (&dates[..1], "max(x)", "2026-03-29 1/0/0"),
        (&dates, "sum(x)", "0 0/5/0"),
    ] {
        let question =
            Question { aggregates: vec![aggregate.parse::<Aggregate>().unwrap()], ..Question::default() };
        assert_eq!(
            shown(&ask(&values(rows), "", &question).aggregates[0]),
            expected,
            "{aggregate} of {rows:?}"
        );
    }
}

/// One row per type and value, by count, then by value.
#[test]
fn groups_tell_types_apart() {
    let mixed = [
        Some("1"),
        Some("1.0"),
        Some("\"1\""),
        Some("null"),
        Some("\"null\""),
        Some("true"),
        Some("false"),
        Some("[1]"),
        Some("[]"),
        Some("{}"),
        Some("\"b\""),
        Some("\"b\""),
        None,
    ];
    let dates = [
        Some("\"2026-03-31\""),
        Some("\"2026-04-01T03:59:00Z\""),
        Some("\"2026-04-01T04:00:00Z\""),
        Some("1"),
        None,
    ];
    let numbers = [Some("-0.1"), Some("0"), Some("9.99"), Some("10"), Some("\"10\"")];
    for (rows, by, expected) in [
        (&mixed[..], "x", "1:2 b:2 (array):2 \"1\":1 null:1 false:1 true:1 Null:1 (object):1 missing:1"),
        (&dates, "month(x)", "2026-03:2 2026-04:1 skipped:1 missing:1"), // until 04:00Z it is March in New York
        (&dates, "quarter(x)", "2026-Q1:2 2026-Q2:1 skipped:1 missing:1"),
        (&numbers, "bucket(x, 10)", "0:2 -10:1 10:1 skipped:1"),
        (&numbers, "status", "free:5"),
        (&numbers, "project", "app:5"),
    ] {
        let question = Question { group_by: Some(by.parse().unwrap()), ..Question::default() };
        let groups = ask(&values(rows), "", &question).groups.unwrap();
        let unit = match question.group_by.as_ref().unwrap() {
            index::Grouping::Period(unit, _) => Some(*unit),
            _ => None,
        };
        let mut row: Vec<String> = Vec::new();
        for (bucket, group) in &groups.rows {
            let name = match bucket {
                Bucket::Value(Datum::Number(exact)) | Bucket::From(exact) => number::plain(exact),
                Bucket::Value(Datum::String(text)) if text == "1" => "\"1\"".to_owned(),
                Bucket::Value(Datum::String(text)) => text.clone(),
                Bucket::Value(Datum::Array) => "(array)".to_owned(),
                Bucket::Value(Datum::Object) => "(object)".to_owned(),
                Bucket::Value(other) => {
                    format!("{other:?}").replace("False", "false").replace("True", "true")
                }
                Bucket::Period(first) => unit.unwrap().label(*first),
            };
            row.push(format!("{name}:{}", group.count));
        }
        row.extend(groups.skipped.map(|group| format!("skipped:{}", group.count)));
        row.extend(groups.missing.map(|group| format!("missing:{}", group.count)));
        assert_eq!(row.join(" "), expected, "{by}");
    }
}

#[test]
fn what_is_not_listed_is_other() {
    let rows = values(&[Some("1"), Some("1"), Some("2"), Some("3"), None]);
    let question = Question { group_by: Some("x".parse().unwrap()), group_limit: 1, ..Question::default() };
    let groups = ask(&rows, "", &question).groups.unwrap();
    assert_eq!((groups.rows.len(), groups.distinct), (1, 3));
    assert_eq!((groups.other.unwrap().count, groups.missing.unwrap().count), (2, 1));
}

/// The order of customers 0, 1, 2 … by their values.
#[test]
fn orders_go_by_type_then_value() {
    let all = [
        None,
        Some("{}"),
        Some("[]"),
        Some("null"),
        Some("true"),
        Some("false"),
        Some("\"a\""),
        Some("\"B\""),
        Some("2"),
        Some("10"),
    ];
    let long = format!("\"{}\"", "é".repeat(200));
    let (same, other) = (long.clone(), format!("\"{}b\"", "é".repeat(150)));
    let cut = [Some(same.as_str()), Some(other.as_str()), Some(long.as_str())];
    for (rows, sort, expected) in [
        (&all[..], "x", vec![8, 9, 7, 6, 5, 4, 3, 2, 1, 0]),
        (&all, "-x", vec![1, 2, 3, 4, 5, 6, 7, 9, 8, 0]),
        (&cut, "-x", vec![0, 1, 2]), // alike in their first 128 characters: by id
        (&cut, "y", vec![0, 1, 2]),
    ] {
        let question = Question { sort: sort.parse::<Sort>().unwrap(), ..Question::default() };
        let order: Vec<u128> =
            ask(&values(rows), "", &question).customers.iter().map(Uuid::as_u128).collect();
        assert_eq!(order, expected, "{sort}");
    }
}

/// Across projects a customer stands where the first of its matching relationships does.
#[test]
fn customers_sort_by_their_best_relationship() {
    let row = |customer, project, x: Value| (customer, project, Status::Free, json!({ "x": x }));
    let rows = [
        row(1, APP, json!(5)),
        row(1, SHOP, json!(1)),
        row(2, APP, json!(3)),
        (3, APP, Status::Free, json!({})),
    ];
    for (filter, sort, expected) in [
        ("", "x", [1, 2, 3]),
        ("", "-x", [1, 2, 3]),
        ("not params.x = 1", "x", [2, 1, 3]),
        ("not params.x = 5", "-x", [2, 1, 3]),
    ] {
        let question = Question { sort: sort.parse().unwrap(), ..Question::default() };
        let order: Vec<u128> = ask(&rows, filter, &question).customers.iter().map(Uuid::as_u128).collect();
        assert_eq!(order, expected, "{filter} {sort}");
    }
}

#[test]
fn facets_count_members_and_kinds() {
    let rows = values(&[
        Some("\"a\""),
        Some("[\"a\", \"a\", 1, {}]"),
        Some("[1.0]"),
        Some("{\"deep\": true}"),
        Some("null"),
        None,
    ]);
    let question = Question { facets: Facets::auto(), ..Question::default() };
    let facets = ask(&rows, "", &question).facets;
    let names: Vec<String> = facets.iter().map(|facet| facet.field.to_string()).collect();
    assert_eq!(names, ["params.x", "params.x.deep"]);
    let Facet { coverage, distinct, kinds, shape: Shape::Values(values), .. } = &facets[0] else {
        panic!("few values")
    };
    assert_eq!((*coverage, *distinct), (5, Some(4)));
    let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{kind}:{count}")).collect();
    assert_eq!(kinds.join(" "), "string:1 null:1 array:2 object:1");
    let shown: Vec<String> = values
        .iter()
        .map(|value| format!("{:?} {} {}", value.value.kind().unwrap(), value.member, value.count))
        .collect();
    assert_eq!(shown, ["Number true 2", "String false 1", "String true 1", "Null false 1"]);
}

#[test]
fn many_values_show_their_range() {
    let rows: Vec<Row> = (0..1_001)
        .map(|n| (n, APP, Status::Free, json!({ "n": n as u64, "id": format!("id{n}") })))
        .collect();
    let question = Question { facets: "params.n, params.id".parse().unwrap(), ..Question::default() };
    let facets = ask(&rows, "", &question).facets;
    let Shape::Range { min, max, bins } = &facets[0].shape else { panic!("many values") };
    assert_eq!((min, max), (&Some(Extreme::Number(0.into())), &Some(Extreme::Number(1_000.into()))));
    let counts: Vec<u64> = bins.iter().map(|bin| bin.count).collect();
    assert_eq!(
        counts,
        [100, 100, 100, 100, 100, 100, 100, 100, 100, 101],
        "the last holds its upper end too"
    );
    assert_eq!(facets[1].shape, Shape::Range { min: None, max: None, bins: Vec::new() });
}

/// A question that has no time left stops at its next condition, so that none holds a processor for long.
#[test]
fn after_the_deadline_conditions_find_nothing() {
    let (seen, zone) = (Timestamp::UNIX_EPOCH, TimeZone::UTC);
    let params = json!({ "plan": "pro" });
    let document = Document {
        project: APP,
        test: false,
        email: "a@x.com",
        user_id: None,
        name: None,
        status: Some(Status::Free),
        status_since: Some(seen),
        first_paid: None,
        first_seen: seen,
        last_activity: Some(seen),
        imported: None,
        history: None,
        params: params.as_object().unwrap(),
    };
    let rows: Vec<index::Row> =
        (0..100).map(|n| index::Row::of(Uuid::from_u128(n), &document, document.params.clone())).collect();
    let mut held = index::Index::default();
    held.apply(1, index::Prepared::new(&rows), &[]);
    let projects = BTreeMap::from([(APP, index::Project { slug: "app".to_owned(), test: false })]);
    for text in
        ["plan = pro", "search x.com", "plan = pro or email contains a", "plan contains r and status = free"]
    {
        let predicate = predicate(text, seen, zone.clone());
        let count = |until: Option<Instant>| {
            let scope = Scope {
                rows: &[APP],
                projects: &projects,
                zone: &zone,
                predicate: &predicate,
                moment: None,
                until,
            };
            held.snapshot().answer(&scope, &Question::default(), None, &[]).relationships
        };
        assert_eq!(count(None), 100, "{text}");
        assert_eq!(count(Some(Instant::now() + Duration::from_secs(3_600))), 100, "{text}");
        assert_eq!(count(Some(Instant::now())), 0, "{text}");
    }
}
