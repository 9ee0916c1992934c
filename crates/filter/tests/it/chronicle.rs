//! Reads `past.txt`, the table that says what filters mean of people with histories. The server's tests include this file
//! too, to hold SQL against the same rows.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use filter::calendar::{day_of, first_instant};
use filter::value::Instant;
use filter::{Document, History, Scope, Status, Track};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::table::{Catalogue, Relationship, project_id, read_clock, relationship};

/// The rows of the table.
const TABLE: &str = include_str!("past.txt");

/// The fields that the log keeps changes of; any other name is a param.
const FIELDS: [&str; 4] = ["status", "name", "user_id", "email"];

/// What one change says: each name with the value after it, as the log stores it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    pub(crate) fields: Map<String, Value>,
    pub(crate) params: Map<String, Value>,
}

/// A relationship and what was written down of it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) relationship: Relationship,
    pub(crate) began: Timestamp,
    /// In the order in which it was written; of one microsecond the later ones win.
    pub(crate) log: Vec<Entry>,
    pub(crate) days: BTreeSet<Date>,
}

/// The relationships of one person, and the short name that rows call them by.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) told: Vec<Told>,
}

/// A question and who it finds, of a group of people.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) line: usize,
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
    pub(crate) horizon: Option<Timestamp>,
    pub(crate) filter: String,
    /// `ada` is her first relationship, `ada:newsletter` the one there.
    pub(crate) found: BTreeSet<String>,
}

/// People who are asked about together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) people: Vec<Person>,
    pub(crate) rows: Vec<Row>,
}

/// The whole table.
#[derive(Debug, Default)]
pub(crate) struct Chronicle {
    pub(crate) catalogue: Catalogue,
    pub(crate) groups: Vec<Group>,
}

/// Reads the table; panics on a line that it does not understand.
pub(crate) fn read() -> Chronicle {
    let mut chronicle = Chronicle::default();
    let mut clock = (Timestamp::UNIX_EPOCH, TimeZone::UTC, None);
    for (position, line) in TABLE.lines().enumerate() {
        let line = line.trim();
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "" | "#" => continue,
            "at" => {
                let (rest, horizon) = rest.split_once(" since ").map_or((rest, None), |(a, b)| (a, Some(b)));
                let (now, zone) = read_clock(rest);
                clock = (now, zone, horizon.map(|since| since.parse().expect("a timestamp")));
                continue;
            }
            "segment" => {
                chronicle.catalogue.add(rest);
                continue;
            }
            "people" => {
                chronicle.groups.push(Group::default());
                continue;
            }
            _ => {}
        }
        let group = chronicle.groups.last_mut().expect("people come first");
        match verb {
            "person" => group.people.push(Person { name: rest.to_owned(), told: Vec::new() }),
            "in" => group.people.last_mut().expect("a person comes first").begin(rest),
            "days" => group.last().days = rest.split(' ').map(|day| day.parse().expect("a day")).collect(),
            _ if verb.starts_with("20") && verb.ends_with('Z') => group.last().log.push(entry(verb, rest)),
            _ => {
                let (found, filter) = line.split_once('|').expect("WHO | FILTER");
                let (now, zone, horizon) = clock.clone();
                let found = found.split_whitespace().filter(|name| *name != "-").map(str::to_owned).collect();
                let filter = filter.trim().to_owned();
                group.rows.push(Row { line: position + 1, now, zone, horizon, filter, found });
            }
        }
    }
    let people = chronicle.groups.iter_mut().flat_map(|group| &mut group.people);
    people.flat_map(|person| &mut person.told).for_each(Told::settle);
    chronicle
}

/// `2026-03-20T10:00Z {"status": "churned"} unset mrr`, `… {} large bio 70000`
fn entry(at: &str, rest: &str) -> Entry {
    let end = rest.rfind('}').expect("an object") + 1;
    let (mut fields, mut params) = (Map::new(), Map::new());
    let values: Map<String, Value> =
        serde_json::from_str(&rest[..end]).unwrap_or_else(|error| panic!("{error}: {rest}"));
    for (name, value) in values {
        let sides = json!({ "after": value });
        if FIELDS.contains(&name.as_str()) {
            fields.insert(name, sides)
        } else {
            params.insert(name, sides)
        };
    }
    match rest[end..].split_whitespace().collect::<Vec<_>>().as_slice() {
        [] => {}
        ["unset", names @ ..] => {
            for name in names {
                let of = if FIELDS.contains(name) { &mut fields } else { &mut params };
                of.insert((*name).to_owned(), json!({}));
            }
        }
        ["large", key, bytes] => {
            let bytes: u64 = bytes.parse().expect("a number");
            let digest = json!({ "type": "string", "bytes": bytes, "sha256": format!("{bytes:064x}") });
            params.insert((*key).to_owned(), json!({ "after_large": digest }));
        }
        other => panic!("{other:?}"),
    }
    Entry { at: at.parse().expect("a timestamp"), fields, params }
}

/// The value after a change, as the past has it.
fn after(sides: &Value) -> Option<&Value> {
    sides.get("after").or_else(|| sides.get("after_large"))
}

impl Group {
    fn last(&mut self) -> &mut Told {
        let told = self.people.last_mut().and_then(|person| person.told.last_mut());
        told.expect("a relationship comes first")
    }

    /// Every relationship, as rows call it, and where it stands.
    pub(crate) fn names(&self) -> BTreeMap<(usize, usize), String> {
        let mut names = BTreeMap::new();
        for (number, person) in self.people.iter().enumerate() {
            for (place, told) in person.told.iter().enumerate() {
                let project = super::table::PROJECTS
                    .into_iter()
                    .find(|slug| project_id(slug) == Some(told.relationship.project))
                    .expect("one of the table's");
                let name =
                    if place == 0 { person.name.clone() } else { format!("{}:{project}", person.name) };
                names.insert((number, place), name);
            }
        }
        names
    }
}

impl Person {
    /// `app {"first_seen": …}`: what is not said follows from the log.
    fn begin(&mut self, rest: &str) {
        let (slug, fields) = rest.split_once(' ').unwrap_or((rest, "{}"));
        let mut fields: Map<String, Value> = serde_json::from_str(fields).expect("an object");
        let began = fields.remove("began").map(|at| at.as_str().and_then(|at| at.parse().ok()));
        fields.insert("project".to_owned(), slug.into());
        fields.entry("email").or_insert_with(|| format!("{}@example.com", self.name).into());
        for time in ["status_since", "first_paid", "first_seen", "last_activity"] {
            fields.entry(time).or_insert(NOT_SAID.into());
        }
        let relationship = relationship(&Value::Object(fields).to_string());
        let began =
            began.map_or_else(|| NOT_SAID.parse().expect("a timestamp"), |at| at.expect("a timestamp"));
        self.told.push(Told { relationship, began, log: Vec::new(), days: BTreeSet::new() });
    }
}

const NOT_SAID: &str = "0001-01-01T00:00:00Z";

impl Told {
    /// Gives the present what the log says of it, where the table does not.
    fn settle(&mut self) {
        let not_said: Timestamp = NOT_SAID.parse().expect("a timestamp");
        let first = self.log.iter().map(|entry| entry.at).min().expect("it began");
        let tracks = self.history(&TimeZone::UTC);
        let last = self.last_change();
        let r = &mut self.relationship;
        let unless_said = |time: &mut Timestamp, known: Timestamp| {
            if *time == not_said {
                *time = known;
            }
        };
        unless_said(&mut self.began, first);
        unless_said(&mut r.first_seen, first);
        unless_said(&mut r.last_activity, last);
        let now = |track: &Track| track.values().last().cloned().flatten();
        let text = |name: &str| now(tracks.fields.get(name)?)?.as_str().map(str::to_owned);
        (r.name, r.user_id) = (text("name"), text("user_id"));
        r.status = text("status").map_or(Status::Free, |status| status.parse().expect("a status"));
        let status = tracks.fields.get("status").cloned().unwrap_or_default();
        let word = Some(Value::from(r.status.as_str()));
        let run = status.iter().rev().take_while(|(_, value)| **value == word).last();
        unless_said(&mut r.status_since, run.map_or(first, |(at, _)| at.timestamp()));
        if r.first_paid == Some(not_said) {
            let paid = status.iter().find(|(_, value)| **value == Some("paid".into()));
            r.first_paid = paid.map(|(at, _)| at.timestamp());
        }
        for (key, track) in &tracks.params {
            if let Some(value) = now(track) {
                r.params.insert(key.clone(), whole(value));
            }
        }
        if self.days.is_empty() {
            self.days = self.log.iter().map(|entry| day_of(entry.at, &TimeZone::UTC)).collect();
        }
    }

    /// The date of its last change.
    pub(crate) fn last_change(&self) -> Timestamp {
        self.log.iter().map(|entry| entry.at).max().expect("it began")
    }

    /// Its past, in a zone.
    pub(crate) fn history(&self, zone: &TimeZone) -> History {
        let (mut fields, mut params) = (BTreeMap::new(), BTreeMap::new());
        for entry in &self.log {
            let at = Instant::from(entry.at);
            for (name, sides) in &entry.fields {
                let track: &mut Track = fields.entry(Cow::from(name.clone())).or_default();
                track.insert(at, after(sides).cloned());
            }
            for (key, sides) in &entry.params {
                let track: &mut Track = params.entry(key.clone()).or_default();
                track.insert(at, after(sides).cloned());
            }
        }
        let end = |day: &Date| Instant(first_instant(day.tomorrow().expect("a day"), zone).0 - 1);
        let days = self.days.iter().map(end).collect();
        History { began: self.began.into(), fields, params, days, moment: None }
    }

    /// As filters see it.
    pub(crate) fn document<'a>(&'a self, history: &'a History) -> Document<'a> {
        Document { history: Some(history), ..self.relationship.document() }
    }
}

/// What a row holds still, of which the log keeps a digest.
fn whole(value: Value) -> Value {
    match (value.get("sha256"), value.get("bytes").and_then(Value::as_u64)) {
        (Some(_), Some(bytes)) => "x".repeat(bytes as usize - 2).into(),
        _ => value,
    }
}

impl Chronicle {
    /// What a row is asked with.
    pub(crate) fn scope(&self, row: &Row) -> Scope<'_> {
        let (now, horizon, zone) = (row.now, row.horizon, row.zone.clone());
        Scope { now, horizon, zone, names: &self.catalogue, account_wide: true }
    }
}
