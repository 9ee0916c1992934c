//! Insights by the index and by the reference, which asks the filter of every cell.

mod breakdown;
mod changes;
mod conversion;
mod lift;
mod movements;
mod overlap;
mod referrals;
mod retention;

use std::collections::{BTreeMap, BTreeSet};

use filter::{Expr, check, value::Instant};
use index::{
    Index, Prepared, Project, Row, Scope,
    insight::{Ground, Home},
    reference::{self, Customer},
};
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde_json::{Map, Value};

use crate::{
    Asked, CASES, QUESTIONS, STEPS, World,
    generator::Dice,
    id,
    life::{self, NOW},
    number,
    table::{Catalogue, PROJECTS, project_id},
};

/// Fields whose values are told apart.
const BYS: [&str; 7] = ["plan", "status", "mrr", "tags", "params.company.country", "email", "project"];

/// Of whom something is asked, and when.
#[derive(Clone, Debug)]
struct On {
    seed: u64,
    filter: String,
    moment: Option<Instant>,
    /// Since when history is kept.
    horizon: Option<Instant>,
    /// Projects, and since when it is known who was seen in each.
    homes: Vec<Home>,
}

/// What was asked at random.
#[derive(Debug, Default)]
struct Told {
    asked: u64,
    /// Those that the index answered, and people in them.
    tables: u64,
    people: u64,
}

/// Asks one of so many cases of random people at random; half of them at least are answered.
fn ask_at_random(one_of: u64, mut ask: impl FnMut(&World, &mut Dice, &On) -> Asked) -> Told {
    let cases = number("ORACLE_CASES").unwrap_or(CASES) / one_of;
    let mut seed = number("ORACLE_SEED").unwrap_or(1);
    let mut told = Told::default();
    while told.asked < cases {
        let mut dice = Dice::new(seed);
        let mut world = World::new(&mut dice);
        for _ in 0..STEPS {
            world.step(&mut dice);
            for _ in 0..QUESTIONS / 8 {
                let on = On::at_random(seed, &world, &mut dice);
                match ask(&world, &mut dice, &on) {
                    Asked::Refused => continue,
                    Asked::Untold => {}
                    Asked::Told(people) => {
                        told.tables += 1;
                        told.people += people;
                    }
                }
                told.asked += 1;
            }
        }
        seed += 1;
    }
    println!("{told:?}");
    assert!(told.tables > told.asked / 2, "{told:?}: that says little");
    told
}

impl On {
    fn at_random(seed: u64, world: &World, dice: &mut Dice) -> On {
        let filter = if dice.chance(40) { String::new() } else { life::plain(dice, 1) };
        let first = Date::constant(2026, 1, 1);
        let mut home = |slug: &str| Home {
            id: project_id(slug).unwrap(),
            slug: slug.to_owned(),
            seen_since: dice.chance(85).then(|| first.saturating_add((dice.below(60) as i64 - 40).days())),
        };
        let homes = PROJECTS.into_iter().map(&mut home).collect();
        On { seed, filter, moment: life::moment(dice, &world.lives), horizon: None, homes }
    }

    /// Calls with the ground and with the scope of the index.
    fn ground<T>(&self, world: &World, ask: impl FnOnce(&Ground<'_>, &Scope<'_>) -> T) -> T {
        let names = Catalogue::default();
        let (zone, moment) = (&world.zone, self.moment);
        let now: Timestamp = moment.map_or_else(|| NOW.parse().unwrap(), Instant::timestamp);
        let horizon = self.horizon.map(Instant::timestamp);
        let scope = filter::Scope { now, horizon, zone: zone.clone(), names: &names, account_wide: true };
        let checked = |expr: &Expr| check(expr, &scope);
        let expr = filter::parse(&self.filter).unwrap();
        let ground = Ground { filter: &expr, homes: &self.homes, zone, now, horizon, check: &checked };
        let rows: Vec<_> = self.homes.iter().map(|home| home.id).collect();
        let project = |slug: &str| Project { slug: slug.to_owned(), test: false };
        let projects = rows.iter().copied().zip(PROJECTS.map(project)).collect();
        let predicate = &filter::Predicate::everything();
        ask(&ground, &Scope { rows: &rows, projects: &projects, zone, predicate, moment, until: None })
    }
}

/// Calls with both sides that hold people with such params, who were first seen now; with a filter, and since when history is kept.
fn among<T>(
    people: &[Value],
    (filter, horizon): (&str, Option<Timestamp>),
    call: impl FnOnce(&Index, (&Ground<'_>, &Scope<'_>), &reference::World<'_>) -> T,
) -> T {
    let (now, project, zone) = (NOW.parse().unwrap(), project_id(PROJECTS[0]).unwrap(), &TimeZone::UTC);
    let row = |(person, params): (usize, &Value)| Row {
        project,
        customer: id(person),
        email: format!("p{person}@x.com"),
        user_id: None,
        name: None,
        status: None,
        status_since: None,
        first_paid: None,
        first_seen: now,
        last_activity: None,
        imported: None,
        params: params.as_object().cloned().unwrap_or_else(Map::new),
    };
    let rows: Vec<Row> = people.iter().enumerate().map(row).collect();
    let names = Catalogue::default();
    let scope = filter::Scope { now, horizon, zone: zone.clone(), names: &names, account_wide: true };
    let checked = |expr: &Expr| check(expr, &scope);
    let filter = filter::parse(filter).unwrap();
    let homes = [Home { id: project, slug: PROJECTS[0].to_owned(), seen_since: Some(Date::MIN) }];
    let ground = Ground { filter: &filter, homes: &homes, zone, now, horizon, check: &checked };

    let mut index = Index::default();
    index.apply(1, Prepared::new(&rows), &[]);
    index.untold().into_iter().for_each(|untold| index.tell(untold.finish()));
    assert!(index.remember());
    let slug = PROJECTS[0].to_owned();
    let projects = BTreeMap::from([(project, Project { slug: slug.clone(), test: false })]);
    let predicate = &filter::Predicate::everything();
    let scope = Scope { rows: &[project], projects: &projects, zone, predicate, moment: None, until: None };

    let documents = rows.iter().map(|row| (row.customer, vec![row.document(false)]));
    let customers: Vec<_> = documents.map(|(id, documents)| Customer { id, documents }).collect();
    let (projects, rows) = (&BTreeMap::from([(project, slug)]), &BTreeSet::from([project]));
    let world = reference::World { customers: &customers, projects, rows, zone: zone.clone(), moment: None };
    call(&index, (&ground, &scope), &world)
}

/// A filter with so many conditions: there is no room for many more than a thousand.
fn conditions(count: usize) -> String {
    format!("mrr in ({})", vec!["1"; count].join(", "))
}
