//! STUB, replaced soon: the index's interface on top of the reference evaluator.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use filter::{Field, Path, Predicate, value::Kind};
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::{Datum, Facet, Facets, Groups, Question, Row, Sort, SortKey, Total, reference};

/// A project as questions see it.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its slug, by which groups and orders tell it.
    pub slug: String,
    /// Whether it is a test project.
    pub test: bool,
}

/// What a question is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The projects whose relationships are rows.
    pub rows: &'a [Uuid],
    /// Every project of the account.
    pub projects: &'a BTreeMap<Uuid, Project>,
    /// The account's zone.
    pub zone: &'a TimeZone,
    /// Which rows match.
    pub predicate: &'a Predicate,
}

/// Where a page begins: after this key and this customer.
pub type After = (SortKey, Uuid);

/// A customer of a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// What the customer is sorted by.
    pub key: SortKey,
    /// The customer.
    pub customer: Uuid,
    /// The projects of its relationships that match.
    pub projects: Vec<Uuid>,
}

/// What the index answers to a question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Customers with at least one relationship that matches.
    pub customers: u64,
    /// Relationships that match.
    pub relationships: u64,
    /// One page of customers, in order, one more than the limit if there is a next page.
    pub page: Vec<Ranked>,
    /// One per aggregate, in the order asked.
    pub aggregates: Vec<Total>,
    /// The groups, when they were asked for.
    pub groups: Option<Groups>,
    /// The facets: named fields first, then the widest paths.
    pub facets: Vec<Facet>,
    /// For each field of `lacking`: how many of the rows that match have no value there.
    pub lacking: Vec<u64>,
}

/// What all rows of a scope, matching or not, hold in a field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Probe {
    /// Rows that have a value.
    pub present: u64,
    /// Rows that have this text.
    pub same: u64,
    /// Rows that have this text but for the case of ASCII letters.
    pub folded: u64,
    /// The least text among those.
    pub other: Option<String>,
    /// How many rows hold each kind that occurs.
    pub kinds: Vec<(Kind, u64)>,
}

/// How large something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Bytes in memory, about.
    pub bytes: u64,
    /// Relationships.
    pub rows: u64,
    /// Distinct paths.
    pub paths: u64,
    /// Segments.
    pub segments: u64,
}

/// Rows of one project put into columns, on their way into an [`Index`]. Making it is the costly part, and needs no index.
pub struct Prepared(Vec<Row>);

impl Prepared {
    /// Puts rows into columns: any number, of any projects.
    pub fn new(rows: Vec<Row>) -> Prepared {
        Prepared(rows)
    }
}

/// The index of one account: the side that writes.
#[derive(Default)]
pub struct Index {
    version: i64,
    rows: BTreeMap<(Uuid, Uuid), Row>,
}

impl Index {
    /// The version it stands on.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Takes rows in, in place of those of the same project and customer, without a new version: for loading.
    pub fn load(&mut self, prepared: Prepared) {
        for row in prepared.0 {
            self.rows.insert((row.customer, row.project), row);
        }
    }

    /// Takes a whole batch in and stands on its version.
    pub fn apply(&mut self, version: i64, put: Prepared, removed: &[(Uuid, Uuid)]) {
        for (project, customer) in removed {
            self.rows.remove(&(*customer, *project));
        }
        self.load(put);
        self.version = version;
    }

    /// What readers see from now on.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { version: self.version, rows: Arc::new(self.rows.clone()) }
    }

    /// A merge of segments that is due, to be run without the index, then installed.
    pub fn merge(&self) -> Option<Merge> {
        None
    }

    /// Puts a merged segment in place of those that it was made of.
    pub fn install(&mut self, _merged: Merged) {}

    /// How large it is.
    pub fn size(&self) -> Size {
        Size { rows: self.rows.len() as u64, bytes: self.rows.len() as u64 * 300, ..Size::default() }
    }

    /// Every relationship (project, customer) that it holds.
    pub fn places(&self) -> Vec<(Uuid, Uuid)> {
        self.rows.keys().map(|(customer, project)| (*project, *customer)).collect()
    }

    /// Says how what it holds of a relationship differs from the row; `None` when nothing does.
    pub fn difference(&self, row: &Row) -> Option<String> {
        match self.rows.get(&(row.customer, row.project)) {
            None => Some("it is missing".to_owned()),
            Some(held) => (held != row).then(|| "it differs".to_owned()),
        }
    }
}

/// A merge that is due.
pub struct Merge(());

/// A merge that was run.
pub struct Merged(());

impl Merge {
    /// Makes the new segment.
    pub fn run(self) -> Merged {
        Merged(self.0)
    }
}

/// What readers see: everything up to one version, unchanging. Cheap to clone.
#[derive(Clone)]
pub struct Snapshot {
    version: i64,
    rows: Arc<BTreeMap<(Uuid, Uuid), Row>>,
}

impl Snapshot {
    /// The version it stands on.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Answers a question. `lacking` are fields of which is counted how many matching rows lack them.
    pub fn answer(
        &self,
        scope: &Scope<'_>,
        question: &Question,
        after: Option<&After>,
        lacking: &[Field],
    ) -> Found {
        let _ = (scope, question, after, lacking);
        let _ = (Sort::key(None), Datum::Null, reference::answer);
        Found::default()
    }

    /// The widest paths of the rows that match, as facets; those of objects only too.
    pub fn catalogue(&self, scope: &Scope<'_>, paths: usize) -> Vec<Facet> {
        let _ = (scope, paths, Facets::auto());
        Vec::new()
    }

    /// What the rows of the scope hold in a field, and how many have a text.
    pub fn probe(&self, scope: &Scope<'_>, field: &Field, text: Option<&str>) -> Probe {
        let _ = (scope, field, text);
        Probe::default()
    }

    /// The widest paths of the rows of the scope, so many at most.
    pub fn paths(&self, scope: &Scope<'_>, limit: usize) -> Vec<Path> {
        let _ = (scope, limit, BTreeSet::<Path>::new());
        Vec::new()
    }
}
