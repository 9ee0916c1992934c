//! Insights by the index and by the reference, which asks the filter of every cell.

use filter::{Expr, calendar::Unit, check, value::Instant};
use index::{
    Project, Scope,
    insight::{
        By, Ground, Home,
        retention::{Retained, Retention},
    },
    reference,
};
use jiff::{Timestamp, ToSpan, civil::Date};

use crate::{
    Asked, CASES, QUESTIONS, STEPS, World,
    generator::Dice,
    life::{self, NOW},
    number,
    table::{Catalogue, PROJECTS, project_id},
};

const BYS: [&str; 7] = ["plan", "status", "mrr", "tags", "params.company.country", "email", "project"];

#[test]
fn every_cell_is_as_many_as_its_filter_finds() {
    let cases = number("ORACLE_CASES").unwrap_or(CASES) / 8;
    let mut seed = number("ORACLE_SEED").unwrap_or(1);
    let (mut asked, mut told, mut about) = (0, 0, 0);
    while asked < cases {
        let mut dice = Dice::new(seed);
        let mut world = World::new(&mut dice);
        for _ in 0..STEPS {
            world.step(&mut dice);
            for _ in 0..QUESTIONS / 8 {
                let (question, text) = (retention(&mut dice), life::plain(&mut dice, 1));
                let text = if dice.chance(40) { String::new() } else { text };
                let moment = life::moment(&mut dice, &world.lives);
                let homes = homes(&mut dice);
                match world.ask_retention(&text, moment, &homes, &question, &format!("ORACLE_SEED={seed}")) {
                    Asked::Refused => continue,
                    Asked::Untold => {}
                    Asked::Told(people) => {
                        told += 1;
                        about += people;
                    }
                }
                asked += 1;
            }
        }
        seed += 1;
    }
    println!("{asked} tables, {told} by the index, {about} people stayed in them");
    assert!(told > asked / 2 && about > told, "{told} of {asked}, {about}: that says little");
}

/// Projects, and since when it is known who was seen in each.
fn homes(dice: &mut Dice) -> Vec<Home> {
    let first = Date::constant(2026, 1, 1);
    let home = |slug: &str| Home {
        id: project_id(slug).unwrap(),
        slug: slug.to_owned(),
        seen_since: dice.chance(85).then(|| first.saturating_add((dice.below(60) as i64 - 40).days())),
    };
    PROJECTS.into_iter().map(home).collect()
}

fn retention(dice: &mut Dice) -> Retention {
    let unit = *dice.pick(&[Unit::Day, Unit::Week, Unit::Month]);
    let first = Date::constant(2025, 12, 20).saturating_add((dice.below(120) as i64).days());
    let cohorts = 1 + dice.below(6) as i64;
    let retained = match dice.below(5) {
        0 => Retained::Unsaid,
        1 | 2 => Retained::Seen,
        _ => Retained::While(filter::parse(&life::plain(dice, 1)).unwrap()),
    };
    let by = dice.chance(60).then(|| By {
        field: filter::parse_field(dice.pick::<&str>(&BYS)).unwrap(),
        limit: 1 + dice.below(4),
    });
    Retention {
        unit,
        began: filter::parse_field(if dice.chance(85) { "first_seen" } else { "plan" }).unwrap(),
        cohorts: (first, unit.shift(first, cohorts - 1).unwrap()),
        periods: dice.below(7),
        retained,
        by,
    }
}

impl World {
    /// Asks both sides of the people that a filter finds.
    fn ask_retention(
        &self,
        text: &str,
        moment: Option<Instant>,
        homes: &[Home],
        question: &Retention,
        what: &str,
    ) -> Asked {
        let names = Catalogue::default();
        let now: Timestamp = moment.map_or_else(|| NOW.parse().unwrap(), Instant::timestamp);
        let scope =
            filter::Scope { now, horizon: None, zone: self.zone.clone(), names: &names, account_wide: true };
        let checked = |expr: &Expr| check(expr, &scope);
        let expr = filter::parse(text).unwrap();
        let ground = Ground { filter: &expr, homes, zone: &self.zone, now, horizon: None, check: &checked };
        let rows: Vec<_> = homes.iter().map(|home| home.id).collect();
        let project = |slug: &str| Project { slug: slug.to_owned(), test: false };
        let projects = rows.iter().copied().zip(PROJECTS.map(project)).collect();
        let everybody = filter::Predicate::everything();
        let (predicate, zone) = (&everybody, &self.zone);
        let scope = Scope { rows: &rows, projects: &projects, zone, predicate, moment, until: None };
        let found = match self.index.snapshot().retention(&scope, &ground, question) {
            Err(_) => return Asked::Refused,
            Ok(None) => return Asked::Untold,
            Ok(Some(found)) => found,
        };
        let expected =
            self.told(moment, &rows, |world| reference::insight::retention(world, &ground, question));
        let expected = expected.unwrap();
        let what = format!("{what}: {text} as of {moment:?} in {:?}\n{question:?}\n{homes:?}", self.zone);
        assert_eq!(found.outside, expected.outside, "outside: {what}");
        assert_eq!(found.groups.len(), expected.groups.len(), "groups: {what}");
        for (found, expected) in found.groups.iter().zip(&expected.groups) {
            for (found, expected) in found.cohorts.iter().zip(&expected.cohorts) {
                assert_eq!(found, expected, "cohort: {what}");
            }
            assert_eq!(found, expected, "{what}");
        }
        assert_eq!(found, expected, "{what}");
        let totals = found.groups[0].totals.iter().filter_map(|total| total.cell.as_ref());
        Asked::Told(totals.map(|cell| cell.rate.some).sum())
    }
}
