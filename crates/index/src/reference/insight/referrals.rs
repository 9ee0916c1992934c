//! Referrals, cell by cell: whom its filter finds. Where there are more codes than a filter holds, whose code is one of them.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use filter::{Content, Expr, Field, Path, Status};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    Datum,
    insight::{
        Error, Ground, Place,
        cell::Figure,
        referrals::{Answer, Book, Carrier, Links, Listed, Of, Plan, Referrals, Spot},
    },
    reference::{Row, World, matching},
};

/// What came by each code.
pub fn referrals(world: &World<'_>, ground: &Ground<'_>, question: &Referrals) -> Result<Answer, Error> {
    world.then(|world| {
        let referred = ground.checked(Place::Filter, &question.referred(ground))?;
        let mut codes: BTreeMap<Datum, (u64, u64)> = BTreeMap::new();
        for row in matching(world, &referred) {
            let (people, paid) =
                codes.entry(read(world, &row, &question.path).unwrap_or(Datum::Null)).or_default();
            *people += 1;
            *paid += u64::from(row.document.status == Some(Status::Paid));
        }
        let key = |(people, paid): &(u64, u64)| Reverse(question.order.key(*people, *paid));
        let mut listed: Vec<(&Datum, &(u64, u64))> =
            codes.iter().filter(|(code, _)| code.is_whole()).collect();
        listed.sort_by_key(|(_, counts)| key(counts)); // stable: equal ones stay in the order of codes
        let listed = listed.into_iter().map(|(code, _)| code.clone()).collect();
        let listed = Listed::of(listed, question.limit, codes.len() as u64);
        let plan = question.plan(ground, world, listed)?;
        plan.answer(ground, &Told { world, ground, plan: &plan, codes: codes.into_keys().collect() })
    })
}

fn read(world: &World<'_>, row: &Row<'_>, field: &Field) -> Option<Datum> {
    Datum::read(row.document, field, world.projects)
}

fn scalar(world: &World<'_>, row: &Row<'_>, field: &Field) -> Option<Datum> {
    read(world, row, field)
        .filter(|code| matches!(code, Datum::String(_) | Datum::Number(_) | Datum::False | Datum::True))
}

/// Everybody, and of whom is told.
struct Told<'t> {
    world: &'t World<'t>,
    ground: &'t Ground<'t>,
    plan: &'t Plan<'t>,
    /// All codes by which somebody of those came.
    codes: BTreeSet<Datum>,
}

impl Told<'_> {
    fn found(&self, people: &Expr) -> Vec<Row<'_>> {
        (self.ground.check)(people).map_or_else(|_| Vec::new(), |predicate| matching(self.world, &predicate))
    }

    /// The codes of a chain, and how long it is.
    fn chain(&self, code: usize) -> (BTreeSet<Datum>, u64) {
        let (path, carries) = (&self.plan.question.path, self.plan.carries.as_ref());
        let everybody = matching(self.world, &filter::Predicate::everything());
        let mut reached = BTreeSet::from([self.plan.listed.codes[code].clone()]);
        let (mut last, mut level, mut depth) = (reached.clone(), 0, 0);
        while !last.is_empty() {
            level += 1;
            if last.iter().any(|code| self.codes.contains(code)) {
                depth = level;
            }
            let came =
                |row: &&Row<'_>| scalar(self.world, row, path).is_some_and(|code| last.contains(&code));
            let carried = everybody.iter().filter(came);
            let carried = carried.filter_map(|row| scalar(self.world, row, &carries?.field));
            last = carried.filter(|code| !reached.contains(code)).collect();
            reached.extend(last.iter().cloned());
        }
        (reached.into_iter().filter(|code| self.codes.contains(code)).collect(), depth)
    }

    /// Those of a place that no filter lists.
    fn unlisted(&self, spot: Spot) -> Vec<Row<'_>> {
        let Plan { listed, question, .. } = self.plan;
        let all = self.found(&self.plan.filter(self.ground, Spot { of: Of::All, ..spot }, &[]));
        let chain = match spot.of {
            Of::Chain(code) => self.chain(code).0,
            _ => self.codes.iter().filter(|code| !listed.codes.contains(code)).cloned().collect(),
        };
        let is_in =
            |row: &Row<'_>| scalar(self.world, row, &question.path).is_some_and(|own| chain.contains(&own));
        all.into_iter().filter(is_in).collect()
    }
}

impl Book for Told<'_> {
    fn figure(&self, spot: Spot, people: Option<&Expr>) -> Figure {
        let rows = people.map_or_else(|| self.unlisted(spot), |people| self.found(people));
        let sum = self.plan.question.sum.as_ref().filter(|_| spot.currency.is_some());
        let number = |row: &Row<'_>| match read(self.world, row, sum?) {
            Some(Datum::Number(number)) => Some(number),
            _ => None,
        };
        Figure { people: rows.len() as u64, sum: rows.iter().filter_map(number).sum() }
    }

    fn carriers(&self, _: usize, people: &Expr) -> (u64, Option<Carrier>) {
        let rows = self.found(people);
        let mut customers: Vec<Carrier> = rows
            .iter()
            .map(|row| Carrier { id: row.customer, email: row.document.email.to_owned() })
            .collect();
        customers.dedup_by_key(|customer| customer.id); // the rows of a customer stand together
        (rows.len() as u64, customers.pop().filter(|_| customers.is_empty()))
    }

    fn links(&self, code: usize) -> Links {
        let (codes, depth) = self.chain(code);
        Links { count: codes.len() as u64, codes: codes.into_iter().collect(), depth }
    }
}

/// How many of some texts are held by one customer each, field by field.
pub(super) fn own(world: &World<'_>, texts: &[&str]) -> Vec<(Field, u64)> {
    let mut held: BTreeMap<(Field, String), BTreeSet<Uuid>> = BTreeMap::new();
    for row in matching(world, &filter::Predicate::everything()) {
        let mut strings = Vec::new();
        walk(row.document.params, &mut Vec::new(), &mut strings);
        if let Some(Content::Text(id)) = Field::UserId.read(row.document) {
            strings.push((Field::UserId, id.to_owned()));
        }
        for place in strings.into_iter().filter(|(_, text)| texts.contains(&text.as_str())) {
            held.entry(place).or_default().insert(row.customer);
        }
    }
    let mut own: BTreeMap<Field, u64> = BTreeMap::new();
    for ((field, _), customers) in held {
        *own.entry(field).or_default() += u64::from(customers.len() == 1);
    }
    own.into_iter().collect()
}

/// The strings of an object, with their paths.
fn walk(object: &Map<String, Value>, keys: &mut Vec<String>, strings: &mut Vec<(Field, String)>) {
    for (key, value) in object {
        keys.push(key.clone());
        match value {
            Value::Object(inner) => walk(inner, keys, strings),
            Value::String(text) => {
                let path = Path::new(keys.clone()).map(Field::Params);
                strings.extend(path.map(|path| (path, text.clone())));
            }
            _ => {}
        }
        keys.pop();
    }
}
