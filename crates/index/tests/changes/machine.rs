//! Any bytes as a sequence of changes to an index, which must end as one that is built from what is left. The fuzz target
//! `changes` feeds it what libFuzzer finds; the test of the same name feeds it chance.

use std::collections::BTreeMap;

use filter::{Predicate, Status};
use index::{Found, Index, Merge, Part, Prepared, Project, Question, Row, Scope};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Changes of one sequence.
const CHANGES_MAX: usize = 400;
const KEYS: [&str; 7] = ["plan", "mrr", "tags", "company", "", "a.b", "ends"];
const TEXTS: [&str; 8] =
    ["pro", "Pro", "", "2026-03-29", "2026-03-29T10:00:00Z", "\u{212a}elvin", "10", "free"];
const NUMBERS: [&str; 8] =
    ["0", "-0.0", "19.90", "19.9", "1e30", "9007199254740993", "-5", "0.000000000000000000001"];

/// Decisions, one after the other; zero when there are no more.
struct Bytes<'b>(std::slice::Iter<'b, u8>);

impl Bytes<'_> {
    fn next(&mut self) -> usize {
        self.0.next().map_or(0, |byte| usize::from(*byte))
    }

    fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.next() % from.len()]
    }

    fn time(&mut self) -> Timestamp {
        Timestamp::from_second(self.next() as i64 * 86_400 * 31).unwrap_or_default()
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.next() % if depth == 0 { 6 } else { 9 } {
            0 => Value::Null,
            1 => Value::Bool(self.next() & 1 == 0),
            2 | 3 => self.pick(&NUMBERS).parse().map_or(Value::Null, Value::Number),
            4 | 5 => Value::from(*self.pick(&TEXTS)),
            6 => (0..self.next() % 4).map(|_| self.value(depth - 1)).collect(),
            _ => Value::Object(self.object(depth - 1)),
        }
    }

    fn object(&mut self, depth: usize) -> Map<String, Value> {
        let count = self.next() % 5;
        (0..count).map(|_| ((*self.pick(&KEYS)).to_owned(), self.value(depth))).collect()
    }

    fn row(&mut self) -> Row {
        let (project, customer) = self.place();
        Row {
            project,
            customer,
            email: format!("c{}@{}.example", customer.as_u128() % 1000, self.next() % 3),
            user_id: (self.next() & 1 == 0).then(|| format!("u{}", customer.as_u128() % 1000)),
            name: (self.next() & 3 > 0).then(|| (*self.pick(&TEXTS)).to_owned()),
            status: Some(*self.pick(&Status::ALL)),
            status_since: Some(self.time()),
            first_paid: (self.next() & 1 == 0).then(|| self.time()),
            first_seen: self.time(),
            last_activity: Some(self.time()),
            imported: (self.next() & 3 == 0).then(|| self.time()),
            params: self.object(2),
        }
    }

    fn place(&mut self) -> (Uuid, Uuid) {
        let project = Uuid::from_u128(1 + self.next() as u128 % 3);
        // Not in the order of their numbers.
        let customer = Uuid::from_u128(
            (self.next() as u128 % 48).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835),
        );
        (project, customer)
    }
}

/// Plays a sequence, and holds its end against an index made of what is left.
pub(crate) fn play(bytes: &[u8]) {
    let mut bytes = Bytes(bytes.iter());
    let (mut index, mut rows) = (Index::default(), BTreeMap::<(Uuid, Uuid), Row>::new());
    let (mut put, mut removed): (Vec<Row>, Vec<(Uuid, Uuid)>) = (Vec::new(), Vec::new());
    let mut merge: Option<Merge> = None;
    for version in 1..=CHANGES_MAX as i64 {
        if bytes.0.len() == 0 {
            break;
        }
        match bytes.next() % 8 {
            0..=3 => put.push(bytes.row()),
            4 => removed.push(bytes.place()),
            5 => merge = merge.or_else(|| index.merge()),
            // What was begun some changes ago must not undo them.
            6 => merge.take().into_iter().for_each(|merge| index.install(merge.run())),
            _ => {
                removed.drain(..).for_each(|place| {
                    rows.remove(&place);
                    index.apply(version, Prepared::default(), &[place]);
                });
                rows.extend(put.iter().map(|row| ((row.project, row.customer), row.clone())));
                index.apply(version, Prepared::new(&std::mem::take(&mut put)), &[]);
            }
        }
    }
    let mut fresh = Index::default();
    fresh.load(Prepared::new(&rows.values().cloned().collect::<Vec<_>>()));
    compare(&index, &fresh, &rows);
}

fn compare(index: &Index, fresh: &Index, rows: &BTreeMap<(Uuid, Uuid), Row>) {
    for row in rows.values() {
        assert_eq!(index.difference(row), None, "{row:?}");
    }
    let mut places = index.places();
    places.sort_unstable();
    assert_eq!(places, rows.keys().copied().collect::<Vec<_>>());
    for question in questions() {
        assert_eq!(ask(index, &question), ask(fresh, &question), "{question:?}");
    }
}

fn questions() -> Vec<Question> {
    let whole = || Question {
        select: Part::ALL.to_vec(),
        facets: "auto, status, domain".parse().expect("its text form"),
        ..Question::default()
    };
    let groups = ["params.plan", "month(params.ends)", "bucket(params.mrr, 7)", "name", "first_seen"];
    let sorts = ["-params.mrr", "params.company.plan", "-params.\"\".\"a.b\"", "name", "-first_paid"];
    let aggregates =
        ["sum(params.mrr)", "median(params.mrr)", "min(params.ends)", "max(params.tags)", "avg(params.plan)"];
    let each = groups.iter().zip(sorts).zip(aggregates);
    each.map(|((group, sort), aggregate)| Question {
        group_by: group.parse().ok(),
        sort: sort.parse().expect("its text form"),
        aggregates: vec![aggregate.parse().expect("its text form")],
        limit: 7,
        group_limit: 3,
        ..whole()
    })
    .collect()
}

fn ask(index: &Index, question: &Question) -> Found {
    let project = |number: u128| {
        (Uuid::from_u128(number), Project { slug: json!(number).to_string(), test: number == 3 })
    };
    let projects: BTreeMap<Uuid, Project> = (1..=3).map(project).collect();
    let all: Vec<Uuid> = projects.keys().copied().collect();
    let (zone, predicate) = (TimeZone::UTC, Predicate::everything());
    let scope = Scope {
        rows: &all,
        projects: &projects,
        zone: &zone,
        predicate: &predicate,
        moment: None,
        until: None,
    };
    index.snapshot().answer(&scope, question, None, &[])
}
