//! The people of `insights/people.ndjson` in an index that knows their past, and the ground on which they are asked of.

use std::{collections::BTreeMap, fs, path::Path};

use filter::{
    Expr, History, Names, Predicate, Segment, Status, Track, calendar::first_instant, check, value::Instant,
};
use index::{
    Datum, Index, Lived, Prepared, Project, Row, Scope, Snapshot,
    insight::{By, Ground, Home, Kept, stats::Interval},
};
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::ends;

const SLUG: &str = "app";
const PROJECT: Uuid = Uuid::from_u128(1);
/// More values than anybody holds in a field of which this is asked, so that none is among the others.
const VALUES: usize = 40;

pub(crate) fn text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/insights").join(file);
    fs::read_to_string(path).unwrap()
}

pub(crate) fn json(file: &str) -> Value {
    serde_json::from_str(&text(file)).unwrap()
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

pub(crate) fn day(value: &Value) -> Date {
    value.as_str().unwrap().parse().unwrap()
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

/// The field of which a question tells values apart, if it does.
pub(crate) fn by(field: &Value) -> Option<By> {
    Some(By { field: filter::parse_field(field.as_str()?).unwrap(), limit: VALUES })
}

/// Whom a written group is of.
pub(crate) fn kept(group: &Value) -> Kept {
    match group.get("value") {
        Some(value) => Kept::Value(Datum::of(value)),
        None if group["missing"] == true => Kept::Missing,
        None => {
            assert_eq!(group["all"], true, "{group}");
            Kept::All
        }
    }
}

/// An interval is as it is written, or is not there in both.
#[track_caller]
pub(crate) fn interval(found: Option<Interval>, wanted: &Value, of: &Value) {
    assert_eq!(found.is_none(), wanted.is_null(), "{of}");
    found.iter().for_each(|found| ends(*found, &wanted[0], &wanted[1], 0.0, of));
}

/// Everybody, and when they are asked of.
pub(crate) struct World {
    now: Timestamp,
    zone: TimeZone,
    seen_since: Date,
    snapshot: Snapshot,
}

impl World {
    pub(crate) fn read() -> World {
        let world = json("world.json");
        let zone = TimeZone::get(world["zone"].as_str().unwrap()).unwrap();
        let people: Vec<Person> = text("people.ndjson").lines().map(Person::read).collect();
        assert_eq!(people.len() as u64, world["people"].as_u64().unwrap());
        let mut index = Index::default();
        let rows: Vec<Row> = people.iter().map(Person::row).collect();
        index.apply(1, Prepared::new(&rows), &[]);
        let lives: BTreeMap<Uuid, &Person> = people.iter().map(|person| (person.id, person)).collect();
        for mut untold in index.untold() {
            for (row, customer) in untold.rows() {
                untold.tell(row, &lives[&customer].lived(&zone));
            }
            index.tell(untold.finish());
        }
        assert!(index.remember());
        let (now, seen_since) = (time(&world["now"]), day(&world["activity_since"]));
        World { now, zone, seen_since, snapshot: index.snapshot() }
    }

    /// Asks something of those whom a filter finds.
    pub(crate) fn ask<T>(
        &self,
        filter: &str,
        ask: impl FnOnce(&Snapshot, &Scope<'_>, &Ground<'_>) -> T,
    ) -> T {
        let (now, zone) = (self.now, &self.zone);
        let filter = filter::parse(filter).unwrap();
        let names =
            filter::Scope { now, horizon: None, zone: zone.clone(), names: &Only, account_wide: true };
        let checked = |expr: &Expr| check(expr, &names);
        let homes = [Home { id: PROJECT, slug: SLUG.to_owned(), seen_since: Some(self.seen_since) }];
        let ground = Ground { filter: &filter, homes: &homes, zone, now, horizon: None, check: &checked };
        let projects = BTreeMap::from([(PROJECT, Project { slug: SLUG.to_owned(), test: false })]);
        let predicate = &Predicate::everything();
        let scope =
            Scope { rows: &[PROJECT], projects: &projects, zone, predicate, moment: None, until: None };
        ask(&self.snapshot, &scope, &ground)
    }
}

/// The one project.
struct Only;

impl Names for Only {
    fn project(&self, slug: &str) -> Option<Uuid> {
        (slug == SLUG).then_some(PROJECT)
    }

    fn projects(&self) -> Vec<String> {
        vec![SLUG.to_owned()]
    }

    fn segment(&self, _: &str, _: Option<&Segment>) -> Option<Segment> {
        None
    }

    fn segments(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A line of the file.
struct Person {
    id: Uuid,
    first_seen: Timestamp,
    first_paid: Option<Timestamp>,
    days: Vec<Date>,
    /// In order; of what was said of one name at one time the last counts.
    status: Track,
    params: BTreeMap<String, Track>,
    began: Instant,
}

impl Person {
    fn read(line: &str) -> Person {
        let told: Value = serde_json::from_str(line).unwrap();
        let mut person = Person {
            id: Uuid::from_u128(told["id"].as_u64().unwrap().into()),
            first_seen: time(&told["first_seen"]),
            first_paid: told["first_paid"].as_str().map(|at| at.parse().unwrap()),
            days: days(list(&told["days"])),
            status: Track::new(),
            params: BTreeMap::new(),
            began: time(&told["log"][0][0]).into(),
        };
        for entry in list(&told["log"]) {
            person.enter(time(&entry[0]).into(), &entry[1]);
        }
        person
    }

    fn enter(&mut self, at: Instant, change: &Value) {
        if let Some(status) = change.get("status") {
            self.status.insert(at, Some(status.clone()));
        }
        let set = change.get("set").and_then(Value::as_object).into_iter().flatten();
        let set = set.map(|(key, value)| (key.clone(), Some(value.clone())));
        let unset = change.get("unset").map_or(&[][..], list).iter();
        let unset = unset.map(|key| (key.as_str().unwrap().to_owned(), None));
        for (key, value) in set.chain(unset) {
            self.params.entry(key).or_default().insert(at, value);
        }
    }

    fn lived(&self, zone: &TimeZone) -> Lived {
        let end = |day: &Date| Instant(first_instant(day.tomorrow().unwrap(), zone).0 - 1);
        let history = History {
            began: self.began,
            fields: BTreeMap::from([("status".into(), self.status.clone())]),
            params: self.params.clone(),
            days: self.days.iter().map(end).collect(),
            moment: None,
        };
        Lived::of(&history, &self.days)
    }

    fn row(&self) -> Row {
        let mut params = Map::new();
        for (key, track) in &self.params {
            if let Some((_, Some(value))) = track.last_key_value() {
                params.insert(key.clone(), value.clone());
            }
        }
        let (since, status) = self.status.last_key_value().unwrap();
        let status: Status = status.as_ref().and_then(Value::as_str).unwrap().parse().unwrap();
        Row {
            project: PROJECT,
            customer: self.id,
            email: format!("{}@example.com", self.id),
            user_id: None,
            name: None,
            status: Some(status),
            status_since: Some(since.timestamp()),
            first_paid: self.first_paid,
            first_seen: self.first_seen,
            last_activity: None,
            imported: None,
            params,
        }
    }
}

/// The first day, then the steps from each to the next.
fn days(told: &[Value]) -> Vec<Date> {
    let [first, steps @ ..] = told else { return Vec::new() };
    let mut days = vec![day(first)];
    for step in steps {
        let next = days[days.len() - 1].checked_add(step.as_i64().unwrap().days());
        days.push(next.unwrap());
    }
    days
}
