//! The index alone, without HTTP and Postgres: how long each question takes, and how many bytes a relationship is.
//!
//! `cargo run --release -p index --example engine -- [ROWS] [WORDS]` prints a table, of the questions whose names hold the words
//! only. It is for finding out where time goes; the published figures are measured over HTTP, beside peers. With `--counted` for
//! words it asks a dozen of them on one core for `bench/guard`, which counts their instructions.

#![allow(clippy::print_stdout, reason = "the table is the program's answer")]

mod counted;
mod rows;

use std::{
    collections::{BTreeMap, HashMap},
    hint::black_box,
    time::{Duration, Instant},
};

use filter::{Field, Names, Predicate, Segment, calendar::Unit, expr::Start};
use index::{
    Datum, Index, Lived, Part, Prepared, Project, Question, Row, Scope, Snapshot,
    insight::{
        By, Ground, Home,
        conversion::Conversion,
        landmark::Landmark,
        lift::Lift,
        movements::Movements,
        people,
        referrals::{Order, Referrals},
        retention::{Retained, Retention},
    },
};
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use uuid::Uuid;

use rows::{PROJECT, life, row};

/// Rows are made and put into columns in chunks of this many.
const CHUNK: usize = 1 << 16;
/// Paths of the catalogue, as the API asks for them.
const CATALOGUE: usize = 5_000;
/// Rows of a batch.
const BATCH: u64 = 1_000;
/// In place of words: what `bench/guard` counts.
const COUNTED: &str = "--counted";
/// The questions whose instructions are counted: one or two of each kind.
const GUARDED: [&str; 12] = [
    "count and sum",
    "two keys",
    "trial ends soon",
    "pros by source",
    "pros by last activity",
    "e-mail contains",
    "dashboard, auto",
    "catalogue",
    "as of a month ago: count and sum",
    "changed from and to",
    "24 months: by plan",
    "retention: 26 x 26 weeks",
];

fn main() {
    let rows = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let now: Timestamp = "2026-06-15T12:00:00Z".parse().expect("a timestamp");
    if is_counted() {
        // All on this thread: instructions of others would come and go with the machine's load.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
        pool.build_global().expect("the first pool");
    }
    let index = fill(rows, now);
    let size = index.size();
    println!("{rows} rows, {} chunks, {} paths", size.chunks, size.paths);
    println!(
        "{:.1} bytes a row, {:.1} of them distinct strings",
        size.bytes as f64 / rows as f64,
        size.text as f64 / rows as f64
    );
    println!("| question | rows | least ms | median ms | p99 ms |\n|---|---|---|---|---|");
    for (name, filter, question) in questions() {
        ask(&index, now, name, filter, |snapshot, scope| {
            snapshot.answer(scope, &question, None, &[]).relationships
        });
    }
    ask(&index, now, "catalogue", "", |snapshot, scope| snapshot.catalogue(scope, CATALOGUE).0);
    let index = past(index, rows, now);
    if is_counted() {
        batch(index, now);
    }
}

/// Rows of a batch that are in the index already, as a commit brings them.
fn batch(mut index: Index, now: Timestamp) {
    let rows: Vec<Row> = (0..BATCH).map(|n| row(n, now)).collect();
    counted::count("a batch into the index", || {
        let version = index.version() + 1;
        index.apply(version, Prepared::new(&rows), &[]);
        index.snapshot()
    });
}

/// The same with what the rows were: three later changes of two keys each and twenty days on average.
fn past(mut index: Index, rows: usize, now: Timestamp) -> Index {
    let before = index.bytes();
    let numbers: HashMap<Uuid, u64> = (0..rows as u64).map(|n| (row(n, now).customer, n)).collect();
    let begin = Instant::now();
    for mut untold in index.untold() {
        for (place, customer) in untold.rows() {
            let n = numbers[&customer];
            let (history, days) = life(n, &row(n, now), now);
            untold.tell(place, &Lived::of(&history, &days));
        }
        index.tell(untold.finish());
    }
    assert!(index.remember(), "every part was told");
    println!(
        "\n{:.2} s to recall what they were, on one core, with making it up",
        begin.elapsed().as_secs_f64()
    );
    println!("{:.1} bytes a row of it", (index.bytes() - before) as f64 / rows as f64);
    println!("| question | rows | least ms | median ms | p99 ms |\n|---|---|---|---|---|");
    let count = Question {
        select: vec![Part::Count, Part::Aggregates],
        aggregates: index::list("sum(params.mrr)").filter_map(|text| text.parse().ok()).collect(),
        ..Question::default()
    };
    let group =
        Question { select: vec![Part::Groups], group_by: "params.plan".parse().ok(), ..count.clone() };
    let page = Question { select: Part::ALL[..2].to_vec(), ..Question::default() };
    let dashboard = Question {
        select: Part::ALL.to_vec(),
        facets: "auto, status".parse().unwrap_or_default(),
        ..count.clone()
    };
    let month = now - (30 * 24).hours();
    let year = now - (365 * 24).hours();
    let pro = "params.plan = \"pro\"";
    let questions = [
        ("as of a month ago: count and sum", pro, Some(month), &count),
        ("as of a year ago: count and sum", pro, Some(year), &count),
        ("as of a month ago: by plan", "status = paid", Some(month), &group),
        ("as of a month ago: a page by last activity", pro, Some(month), &page),
        ("as of a month ago: dashboard, auto", pro, Some(month), &dashboard),
        ("was on a day", "was (plan = free) on 60 days ago and plan = pro", None, &count),
        ("was in a time", "was (plan = free) in last 90 days", None, &count),
        ("was two things at once", "was (plan = free and mrr > 20) in last 90 days", None, &count),
        ("changed", "plan changed in last 14 days", None, &count),
        ("changed from and to", "plan changed from free to pro in last 14 days", None, &count),
        ("increased", "mrr increased in last month", None, &count),
        ("seen", "seen in last month", None, &count),
        ("seen often", "seen at least 3 days in last 7 days", None, &count),
    ];
    for (name, filter, moment, question) in questions {
        let moment = moment.map(filter::value::Instant::from);
        ask_at(&index, (now, moment), name, filter, |snapshot, scope| {
            snapshot.answer(scope, question, None, &[]).relationships
        });
    }
    series(&index, now, &count, &group);
    insights(&index, now);
    index
}

/// Numbers to act on.
fn insights(index: &Index, now: Timestamp) {
    let paying = filter::parse("status = paid").expect("a filter");
    let week = now.to_zoned(TimeZone::UTC).date();
    let half = (week.saturating_add((-25).weeks()), week);
    let weeks = |retained, by: Option<&str>| {
        let by = by.map(|field| By { field: filter::parse_field(field).expect("a field"), limit: 8 });
        Retention { unit: Unit::Week, began: Field::FirstSeen, cohorts: half, periods: 26, retained, by }
    };
    for (name, question) in [
        ("retention: 26 x 26 weeks", weeks(Some(Retained::Seen), None)),
        ("retention: 26 x 26 weeks by source", weeks(Some(Retained::Seen), Some("params.source"))),
        ("retention: 26 x 26 weeks, still paid", weeks(Some(Retained::While(Box::new(paying))), None)),
    ] {
        on_ground(index, now, name, |snapshot, scope, ground| {
            let answer = snapshot.retention(scope, ground, &question).ok().flatten();
            answer.map_or(0, |answer| answer.groups[0].cohorts.iter().map(|cohort| cohort.size).sum())
        });
    }
    let months = (week.saturating_add((-23).months()), week);
    for (name, by) in [("movements: 24 months", None), ("movements: 24 months by plan", Some("params.plan"))]
    {
        let by = by.map(|field| By { field: filter::parse_field(field).expect("a field"), limit: 8 });
        let (path, holds) = (filter::parse_field("params.mrr").expect("a field"), people::paying());
        let question =
            Movements { path, holds, unit: Unit::Month, period: months, by, then: false, currency: None };
        on_ground(index, now, name, |snapshot, scope, ground| {
            let answer = snapshot.movements(scope, ground, &question).ok().flatten();
            let steps = answer.map(|answer| answer.currencies[0].groups[0].steps.clone());
            steps.and_then(|steps| Some(steps.last()?.closing.people.count)).unwrap_or(0)
        });
    }
    for (name, by) in
        [("conversion: 90 days", None), ("conversion: 90 days by source", Some("params.source"))]
    {
        let by = by.map(|field| By { field: filter::parse_field(field).expect("a field"), limit: 8 });
        let (from, to) = (Start::Field(Field::FirstSeen), Start::Field(Field::FirstPaid));
        let question = Conversion { from, to, within: vec![7, 30, 90], days: 90, by };
        on_ground(index, now, name, |snapshot, scope, ground| {
            let answer = snapshot.conversion(scope, ground, &question).ok().flatten();
            answer.map_or(0, |answer| answer.groups[0].converted.count)
        });
    }
    let landmark = Landmark { days: 14, there: people::staying() };
    for (name, landmark) in [
        ("lift: the widest paths", None),
        ("lift: as they were 14 days after everybody began", Some(landmark)),
    ] {
        let question = Lift { outcome: people::paying(), fields: None, landmark };
        on_ground(index, now, name, |snapshot, scope, ground| {
            let answer = snapshot.lift(scope, ground, &question).ok().flatten();
            answer.map_or(0, |answer| (answer.lines.len() + answer.untested.len()) as u64)
        });
    }
    referrals(index, now);
}

/// What came by each code.
fn referrals(index: &Index, now: Timestamp) {
    let field = |name: &str| filter::parse_field(name).expect("a field");
    let (path, sum) = (field("params.referral"), Some(field("params.mrr")));
    let named = Referrals {
        path,
        sum,
        currency: None,
        carries: Some(field("params.code")),
        order: Order::SignUps,
        limit: 20,
    };
    let many = Referrals { path: field("user_id"), carries: None, ..named.clone() };
    for (name, question) in [
        ("referrals: 20 codes with their chains", named.clone()),
        ("referrals: 20 codes, who carries them is found", Referrals { carries: None, ..named.clone() }),
        ("referrals: 1,000 codes with their chains", Referrals { limit: 1_000, ..named }),
        ("referrals: everybody came by a code of his own", many),
    ] {
        on_ground(index, now, name, |snapshot, scope, ground| {
            let answer = snapshot.referrals(scope, ground, &question).ok().flatten();
            answer.map_or(0, |answer| answer.distinct)
        });
    }
}

/// Asks of everybody what an insight is told from.
fn on_ground(
    index: &Index,
    now: Timestamp,
    name: &str,
    answer: impl Fn(&Snapshot, &Scope<'_>, &Ground<'_>) -> u64,
) {
    let everybody = filter::parse("").expect("a filter");
    let names = NoNames;
    let checks = filter::Scope { now, horizon: None, zone: TimeZone::UTC, names: &names, account_wide: true };
    let check = |expr: &filter::Expr| filter::check(expr, &checks);
    let homes = [Home { id: PROJECT, slug: "bench".to_owned(), seen_since: Some(Date::MIN) }];
    let zone = &TimeZone::UTC;
    let ground = Ground { filter: &everybody, homes: &homes, zone, now, horizon: None, check: &check };
    ask(index, now, name, "", |snapshot, scope| answer(snapshot, scope, &ground));
}

/// The same question at the ends of many steps.
fn series(index: &Index, now: Timestamp, count: &Question, group: &Question) {
    let only = Question { select: vec![Part::Count], aggregates: Vec::new(), ..count.clone() };
    let plans = ["free", "pro", "team"].map(|plan| Datum::String(plan.to_owned()));
    let group = Question { listed: Some(plans.to_vec()), ..group.clone() };
    let trials = "plan = pro and mrr > 20 and status != churned";
    let questions = [
        ("24 months: sum", "status = paid", 24, 30, count),
        ("24 months: by plan", "status = paid", 24, 30, &group),
        ("90 days: count", trials, 90, 1, &only),
        (
            "90 days: count of a filter that moves with the clock",
            "last_activity in last 30 days",
            90,
            1,
            &only,
        ),
    ];
    for (name, filter, steps, days, question) in questions {
        let ends =
            (0..steps).rev().map(|step| filter::value::Instant::from(now - (step * days * 24).hours()));
        let ends: Vec<_> = ends.collect();
        ask_at(index, (now, None), name, filter, |snapshot, scope| {
            snapshot.answer_each(scope, question, &ends).last().map_or(0, |found| found.relationships)
        });
    }
}

/// The index of so many rows.
fn fill(rows: usize, now: Timestamp) -> Index {
    let mut index = Index::default();
    let mut spent = Duration::ZERO;
    for first in (0..rows).step_by(CHUNK) {
        let chunk: Vec<Row> = (first..rows.min(first + CHUNK)).map(|n| row(n as u64, now)).collect();
        let begin = Instant::now();
        index.load(Prepared::new(&chunk));
        spent += begin.elapsed();
    }
    println!("{:.2} s to put into columns, on one core", spent.as_secs_f64());
    index
}

fn questions() -> Vec<(&'static str, &'static str, Question)> {
    let count = |aggregates: &str| Question {
        select: vec![Part::Count, Part::Aggregates],
        aggregates: index::list(aggregates).filter_map(|text| text.parse().ok()).collect(),
        ..Question::default()
    };
    let group = |by: &str, limit| Question {
        select: vec![Part::Groups],
        group_by: by.parse().ok(),
        group_limit: limit,
        ..count("sum(params.mrr)")
    };
    let page = |sort: &str| Question {
        select: vec![Part::Customers],
        sort: sort.parse().unwrap_or_default(),
        ..Question::default()
    };
    let named = "status, params.plan, params.source, params.role, params.beta, params.dark, params.billing_cycle, \
                 params.company.country, params.mrr, params.tags, params.trial_ends, params.referral";
    let dashboard = |facets: &str| Question {
        select: Part::ALL.to_vec(),
        facets: facets.parse().unwrap_or_default(),
        ..count("sum(params.mrr), avg(params.score)")
    };
    let pro = "params.plan = \"pro\"";
    vec![
        ("count", pro, count("")),
        ("count and sum", pro, count("sum(params.mrr)")),
        ("count and sum of many values", pro, count("sum(params.score)")),
        ("two keys", "params.plan = \"pro\" and params.source = \"source3\"", count("sum(params.mrr)")),
        ("range", "params.mrr > 20", count("sum(params.mrr)")),
        ("trial ends soon", "params.trial_ends in next 7 days", count("sum(params.mrr)")),
        ("median", pro, count("median(params.score)")),
        ("all by source", "", group("params.source", 1_000)),
        ("pros by source", pro, group("params.source", 1_000)),
        ("top referrers", "", group("params.referral", 20)),
        ("by month of a date", "", group("month(params.signed_up_at)", 1_000)),
        ("by e-mail", "", group("email", 20)),
        ("pros by last activity", pro, page("-last_activity")),
        ("all by plan", "", page("params.plan")),
        ("e-mail contains", "email contains \"er99@\"", count("")),
        ("search", "search \"family77\"", count("")),
        ("one e-mail", "email = \"customer77@77.example.com\"", count("")),
        ("not, missing", "not params.referral exists and params.plan != \"pro\"", count("")),
        ("has", "params.tags has \"t7\"", count("")),
        ("twelve facets", pro, Question { select: vec![Part::Facets], ..dashboard(named) }),
        ("facets auto", pro, Question { select: vec![Part::Facets], ..dashboard("auto") }),
        ("facets auto of all", "", Question { select: vec![Part::Facets], ..dashboard("auto") }),
        ("dashboard", pro, dashboard(named)),
        ("dashboard, auto", pro, dashboard("auto, status")),
        ("dashboard of all", "", dashboard("auto, status")),
    ]
}

/// Whether instructions are counted, and nothing is timed.
fn is_counted() -> bool {
    std::env::args().nth(2).is_some_and(|words| words == COUNTED)
}

struct NoNames;

impl Names for NoNames {
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

fn predicate(filter: &str, now: Timestamp) -> Predicate {
    let scope =
        filter::Scope { now, horizon: None, zone: TimeZone::UTC, names: &NoNames, account_wide: true };
    let parsed = filter::parse(filter).and_then(|expr| filter::check(&expr, &scope));
    parsed.unwrap_or_else(|error| panic!("{filter}: {}", error.message))
}

fn ask(
    index: &Index,
    now: Timestamp,
    name: &str,
    filter: &str,
    answer: impl Fn(&Snapshot, &Scope<'_>) -> u64,
) {
    ask_at(index, (now, None), name, filter, answer);
}

fn ask_at(
    index: &Index,
    (now, moment): (Timestamp, Option<filter::value::Instant>),
    name: &str,
    filter: &str,
    answer: impl Fn(&Snapshot, &Scope<'_>) -> u64,
) {
    let is_wanted = |words: String| name.contains(&words) || (is_counted() && GUARDED.contains(&name));
    if !std::env::args().nth(2).is_none_or(is_wanted) {
        return;
    }
    let predicate = predicate(filter, now);
    let projects = BTreeMap::from([(PROJECT, Project { slug: "bench".to_owned(), test: false })]);
    let scope = Scope {
        rows: &[PROJECT],
        projects: &projects,
        zone: &TimeZone::UTC,
        predicate: &predicate,
        moment,
        until: None,
    };
    let snapshot = index.snapshot();
    if is_counted() {
        counted::count(name, || answer(&snapshot, &scope));
        return;
    }
    let mut times = Vec::new();
    let mut rows = 0;
    let begin = Instant::now();
    while times.len() < 5 || (times.len() < 400 && begin.elapsed() < Duration::from_secs(1)) {
        let sent = Instant::now();
        rows = black_box(answer(&snapshot, &scope));
        times.push(sent.elapsed());
    }
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!("| {name} | {rows} | {:.3} | {:.3} | {:.3} |", at(0.0), at(0.5), at(0.99));
}
