//! Reads `semantics.txt`, the table that says what filters mean. The server's tests include this file too, to hold SQL
//! against the same rows.

use std::collections::BTreeMap;

use filter::{Document, Names, Segment, Status};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use uuid::Uuid;

/// The rows of the table.
pub(crate) const TABLE: &str = include_str!("semantics.txt");

/// The projects of every test; the last is a test project.
pub(crate) const PROJECTS: [&str; 4] = ["app", "newsletter", "analytics", "sandbox"];

/// The id of a project of [`PROJECTS`].
pub(crate) fn project_id(slug: &str) -> Option<Uuid> {
    let position = PROJECTS.iter().position(|project| *project == slug)?;
    Some(Uuid::from_u128(0x1000 + position as u128))
}

/// A relationship that owns its values.
#[derive(Clone, Debug)]
pub(crate) struct Relationship {
    pub(crate) project: Uuid,
    pub(crate) test: bool,
    pub(crate) email: String,
    pub(crate) user_id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) status: Status,
    pub(crate) status_since: Timestamp,
    pub(crate) first_paid: Option<Timestamp>,
    pub(crate) first_seen: Timestamp,
    pub(crate) last_activity: Timestamp,
    pub(crate) imported: Option<Timestamp>,
    pub(crate) params: Map<String, Value>,
}

impl Relationship {
    /// The relationship as filters see it.
    pub(crate) fn document(&self) -> Document<'_> {
        Document {
            project: self.project,
            test: self.test,
            email: &self.email,
            user_id: self.user_id.as_deref(),
            name: self.name.as_deref(),
            status: Some(self.status),
            status_since: Some(self.status_since),
            first_paid: self.first_paid,
            first_seen: self.first_seen,
            last_activity: Some(self.last_activity),
            imported: self.imported,
            params: &self.params,
            history: None,
        }
    }
}

/// All relationships of one person.
pub(crate) type Customer = Vec<Relationship>;

/// The segments that a row may name; the projects are always [`PROJECTS`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalogue {
    pub(crate) segments: BTreeMap<String, Segment>,
}

impl Names for Catalogue {
    fn project(&self, slug: &str) -> Option<Uuid> {
        project_id(slug)
    }

    fn projects(&self) -> Vec<String> {
        PROJECTS.map(str::to_owned).to_vec()
    }

    fn segment(&self, name: &str, _: Option<&Segment>) -> Option<Segment> {
        self.segments.get(name).cloned()
    }

    fn segments(&self) -> Vec<String> {
        self.segments.keys().cloned().collect()
    }
}

/// One row: whether the filter is true of the customer's first relationship.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) line: usize,
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
    /// Into [`Table::customers`].
    pub(crate) customer: usize,
    pub(crate) filter: String,
    pub(crate) expected: bool,
}

/// The whole table.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) catalogue: Catalogue,
    pub(crate) customers: Vec<Customer>,
    pub(crate) rows: Vec<Row>,
}

/// Reads the table; panics on a line that it does not understand.
pub(crate) fn read() -> Table {
    let mut table = Table::default();
    let mut clock = (Timestamp::UNIX_EPOCH, TimeZone::UTC);
    for (position, line) in TABLE.lines().enumerate() {
        let line = line.trim();
        let (verb, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match verb {
            "" | "#" => {}
            "at" => clock = read_clock(rest),
            "segment" => table.catalogue.add(rest),
            "params" => table.customers.push(vec![relationship(&format!("{{\"params\": {rest}}}"))]),
            "relationship" => table.customers.push(vec![relationship(rest)]),
            "also" => table.customers.last_mut().expect("a customer comes first").push(relationship(rest)),
            "yes" | "no" => table.rows.push(Row {
                line: position + 1,
                now: clock.0,
                zone: clock.1.clone(),
                customer: table.customers.len() - 1,
                filter: rest.to_owned(),
                expected: verb == "yes",
            }),
            _ => panic!("semantics.txt:{}: {line}", position + 1),
        }
    }
    table
}

impl Catalogue {
    /// `NAME = FILTER`, `NAME of PROJECT = FILTER`
    pub(crate) fn add(&mut self, rest: &str) {
        let (name, text) = rest.split_once('=').expect("segment NAME = FILTER");
        let (name, project) = match name.split_once(" of ") {
            Some((name, project)) => (name, project_id(project.trim())),
            None => (name, None),
        };
        let segment = Segment { text: text.trim().to_owned(), project };
        self.segments.insert(name.trim().trim_matches('"').to_owned(), segment);
    }
}

/// `NOW in ZONE`
pub(crate) fn read_clock(rest: &str) -> (Timestamp, TimeZone) {
    let (now, zone) = rest.split_once(" in ").expect("at NOW in ZONE");
    (now.parse().expect("a timestamp"), TimeZone::get(zone).expect("a time zone"))
}

/// A relationship from its fields that differ from the defaults.
pub(crate) fn relationship(json: &str) -> Relationship {
    let mut fields: Map<String, Value> =
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
    let mut text = |key: &str| fields.remove(key).and_then(|value| value.as_str().map(str::to_owned));
    let slug = text("project").unwrap_or_else(|| "app".to_owned());
    let default = "2026-01-15T12:00:00Z";
    let time = |text: Option<String>| -> Option<Timestamp> { Some(text?.parse().expect("a timestamp")) };
    let known = Some(default.to_owned());
    Relationship {
        project: project_id(&slug).expect("a known project"),
        test: slug == "sandbox",
        email: text("email").unwrap_or_else(|| "ada@example.com".to_owned()),
        user_id: text("user_id"),
        name: text("name"),
        status: text("status").map_or(Status::Free, |status| status.parse().expect("a status")),
        status_since: time(text("status_since").or(known.clone())).expect("given or default"),
        first_paid: time(text("first_paid")),
        first_seen: time(text("first_seen").or(known.clone())).expect("given or default"),
        last_activity: time(text("last_activity").or(known)).expect("given or default"),
        imported: time(text("imported")),
        params: match fields.remove("params") {
            Some(Value::Object(params)) => params,
            _ => Map::new(),
        },
    }
}
