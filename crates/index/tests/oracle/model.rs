//! The same relationships twice: as documents for the reference, and in an index that got them batch by batch.

use std::collections::{BTreeMap, BTreeSet};

use filter::{Expr, Predicate, Scope as FilterScope, check};
use index::{
    After, Index, Prepared, Preparing, Project, Question, Row, Scope, Snapshot,
    reference::{self, Customer, World},
};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    generator::{self, Dice},
    table::{self, Catalogue, PROJECTS, Relationship, project_id},
};

/// People and their relationships, on both sides.
pub(crate) struct Model {
    now: Timestamp,
    zone: TimeZone,
    /// By customer and project.
    rows: BTreeMap<(Uuid, Uuid), Relationship>,
    index: Index,
    version: i64,
    people: u128,
}

impl Model {
    /// Nobody, somewhere at some time.
    pub(crate) fn new(dice: &mut Dice) -> Model {
        let (now, zone) = generator::clock(dice);
        Model { now, zone, rows: BTreeMap::new(), index: Index::default(), version: 0, people: 0 }
    }

    /// These people.
    pub(crate) fn of(customers: &[table::Customer], zone: &TimeZone) -> Model {
        let (now, zone) = (Timestamp::UNIX_EPOCH, zone.clone());
        let mut model =
            Model { now, zone, rows: BTreeMap::new(), index: Index::default(), version: 0, people: 0 };
        let mut put = Vec::new();
        for customer in customers {
            put.extend(model.enrol(customer.clone()));
        }
        model.apply(put, &[]);
        model
    }

    fn enrol(&mut self, customer: table::Customer) -> Vec<(Uuid, Relationship)> {
        self.people += 1;
        // Not in order of appearance: ties must go by id.
        let id = Uuid::from_u128(self.people.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        customer.into_iter().map(|relationship| (id, relationship)).collect()
    }

    fn apply(&mut self, put: Vec<(Uuid, Relationship)>, removed: &[(Uuid, Uuid)]) {
        self.version += 1;
        for (customer, project) in removed {
            self.rows.remove(&(*customer, *project));
        }
        let rows: Vec<Row> =
            put.iter().map(|(customer, relationship)| row(*customer, relationship)).collect();
        let removed: Vec<(Uuid, Uuid)> =
            removed.iter().map(|(customer, project)| (*project, *customer)).collect();
        let prepared = if self.version % 2 == 0 { Prepared::new(&rows) } else { as_text(&rows) };
        self.index.apply(self.version, prepared, &removed);
        self.rows.extend(put.into_iter().map(|(customer, row)| ((customer, row.project), row)));
    }

    /// A batch: people come, some of their relationships change, some go; sometimes chunks are merged after it.
    pub(crate) fn step(&mut self, dice: &mut Dice) {
        let count = 1 + dice.below(8);
        let mut put = Vec::new();
        for customer in generator::customers(dice, count, self.now, &self.zone) {
            put.extend(self.enrol(customer));
        }
        let known: Vec<(Uuid, Uuid)> = self.rows.keys().copied().collect();
        let mut removed = Vec::new();
        for place in known {
            if dice.chance(10) {
                removed.push(place);
            } else if dice.chance(25) {
                let mut fresh =
                    generator::customers(dice, 1, self.now, &self.zone).swap_remove(0).swap_remove(0);
                fresh.project = place.1;
                fresh.test = self.rows[&place].test;
                fresh.email.clone_from(&self.rows[&place].email);
                put.push((place.0, fresh));
            }
        }
        let merge = dice.chance(40).then(|| self.index.merge()).flatten();
        self.apply(put, &removed);
        // One that was begun before the batch must not undo it.
        if let Some(merge) = merge {
            self.index.install(merge.run());
        }
        while let Some(merge) = dice.chance(80).then(|| self.index.merge()).flatten() {
            self.index.install(merge.run());
        }
    }

    /// Many people with values of their own.
    pub(crate) fn crowd(&mut self, dice: &mut Dice, count: usize) {
        let mut put = Vec::new();
        for (place, mut customer) in
            generator::customers(dice, count, self.now, &self.zone).into_iter().enumerate()
        {
            for relationship in &mut customer {
                let own = json!({
                    "score": place * 37 % 1_500, "token": format!("t{place}"), "half": place as f64 / 2.0,
                    "at": self.now.as_second().saturating_add(place as i64), "few": place % 300,
                    "day": format!("20{:02}-03-{:02}", place % 30, place % 28 + 1),
                    "seen": format!("{:04}-05-06T07:08:09Z", 1000 + place),
                    "labels": [format!("l{place}"), "all", place % 5],
                });
                let Value::Object(own) = own else { continue };
                relationship.params.extend(own);
            }
            put.extend(self.enrol(customer));
        }
        self.apply(put, &[]);
    }

    /// A random filter that can be answered.
    pub(crate) fn filter(&self, dice: &mut Dice) -> (Expr, Predicate) {
        let expr = generator::expr(dice, self.now, &self.zone);
        let predicate = self.check_expr(&expr, self.now, &generator::catalogue());
        (expr, predicate)
    }

    /// A filter's meaning at a time.
    pub(crate) fn check_filter(&self, text: &str, now: Timestamp, catalogue: &Catalogue) -> Predicate {
        let expr = filter::parse(text).unwrap_or_else(|error| panic!("{}: {text}", error.message));
        self.check_expr(&expr, now, catalogue)
    }

    fn check_expr(&self, expr: &Expr, now: Timestamp, catalogue: &Catalogue) -> Predicate {
        let scope =
            FilterScope { now, horizon: None, zone: self.zone.clone(), names: catalogue, account_wide: true };
        check(expr, &scope).unwrap_or_else(|error| panic!("{}: {expr}", error.message))
    }

    /// Every row is in the index as it should be, and nothing else is.
    pub(crate) fn check(&self, what: &str) {
        for ((customer, _), relationship) in &self.rows {
            assert_eq!(self.index.difference(&row(*customer, relationship)), None, "{what}");
        }
        let places: BTreeSet<(Uuid, Uuid)> =
            self.index.places().into_iter().map(|(project, customer)| (customer, project)).collect();
        assert_eq!(places, self.rows.keys().copied().collect(), "{what}");
        assert_eq!(self.index.size().rows, self.rows.len() as u64);
    }
}

/// Rows as they come from Postgres: the params as text.
fn as_text(rows: &[Row]) -> Prepared {
    let mut preparing = Preparing::default();
    for row in rows {
        let params = serde_json::to_vec(&row.params).expect("params are JSON");
        preparing.push_text(row.customer, &row.document(false), &params).expect("it is an object");
    }
    preparing.finish()
}

/// A relationship as the index takes it.
fn row(customer: Uuid, relationship: &Relationship) -> Row {
    Row::of(customer, &relationship.document(), relationship.params.clone())
}

/// Which projects' relationships are rows: all live ones, one, or the test project.
fn choices() -> [Vec<Uuid>; 3] {
    let ids = |slugs: &[&str]| slugs.iter().filter_map(|slug| project_id(slug)).collect();
    [ids(&PROJECTS[..3]), ids(&PROJECTS[..1]), ids(&PROJECTS[3..])]
}

/// Asks both sides; returns how many rows match.
pub(crate) fn compare(model: &Model, predicate: &Predicate, question: &Question, what: &str) -> u64 {
    let mut customers: BTreeMap<Uuid, Customer<'_>> = BTreeMap::new();
    for ((id, _), relationship) in &model.rows {
        let customer = customers.entry(*id).or_insert_with(|| Customer { id: *id, documents: Vec::new() });
        customer.documents.push(relationship.document());
    }
    let customers: Vec<Customer<'_>> = customers.into_values().collect();
    let slugs: BTreeMap<Uuid, String> =
        PROJECTS.iter().filter_map(|slug| Some((project_id(slug)?, (*slug).to_owned()))).collect();
    let project = |slug: &str| Project { slug: slug.to_owned(), test: slug == PROJECTS[3] };
    let projects: BTreeMap<Uuid, Project> = slugs.iter().map(|(id, slug)| (*id, project(slug))).collect();
    // Which rows are asked about follows from the question, so that a case stays the same.
    let rows = &choices()[question.limit % 3];
    let wanted: BTreeSet<Uuid> = rows.iter().copied().collect();
    let zone = model.zone.clone();
    let world = World { customers: &customers, projects: &slugs, rows: &wanted, zone, moment: None };
    let whole = Question { limit: usize::MAX, ..question.clone() };
    let expected = reference::answer(&world, predicate, &whole);
    let scope = Scope { rows, projects: &projects, zone: &model.zone, predicate, moment: None, until: None };
    let snapshot = model.index.snapshot();
    let found = snapshot.answer(&scope, question, None, &[]);
    assert_eq!(
        (found.customers, found.relationships),
        (expected.count, expected.relationships),
        "count: {what}"
    );
    assert_eq!(found.aggregates, expected.aggregates, "aggregates: {what}");
    assert_eq!(found.groups, expected.groups, "groups: {what}");
    let bare = Question {
        select: vec![index::Part::Groups],
        aggregates: Vec::new(),
        bare: true,
        ..question.clone()
    };
    let bare = snapshot.answer(&scope, &bare, None, &[]).groups;
    assert_eq!(bare.as_ref().map(sizes), expected.groups.as_ref().map(sizes), "bare groups: {what}");
    for (own, expected) in found.facets.iter().zip(&expected.facets) {
        assert_eq!(own, expected, "facet: {what}");
    }
    assert_eq!(found.facets.len(), expected.facets.len(), "facets: {what}");
    assert_eq!(pages(&snapshot, &scope, question), expected.customers, "order: {what}");
    expected.relationships
}

/// How many relationships there are in each group; those that are not listed, have no bucket or no value come last.
fn sizes(groups: &index::Groups) -> (Vec<(&index::Bucket, u64)>, [Option<u64>; 4]) {
    let rows = groups.rows.iter().map(|(bucket, group)| (bucket, group.count)).collect();
    let rest = [&groups.other, &groups.skipped, &groups.missing].map(|group| Some(group.as_ref()?.count));
    let [other, skipped, missing] = rest;
    (rows, [Some(groups.distinct), other, skipped, missing])
}

/// The customers of all pages.
fn pages(snapshot: &Snapshot, scope: &Scope<'_>, question: &Question) -> Vec<Uuid> {
    let question = Question { select: vec![index::Part::Customers], ..question.clone() };
    let (mut ids, mut after): (Vec<Uuid>, Option<After>) = (Vec::new(), None);
    loop {
        let mut page = snapshot.answer(scope, &question, after.as_ref(), &[]).page;
        let more = page.len() > question.limit;
        page.truncate(question.limit);
        assert!(page.iter().all(|ranked| !ranked.projects.is_empty()));
        ids.extend(page.iter().map(|ranked| ranked.customer));
        match page.pop().filter(|_| more) {
            Some(last) => after = Some((last.key, last.customer)),
            None => return ids,
        }
    }
}
