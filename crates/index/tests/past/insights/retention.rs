//! Retention by both sides.

use filter::calendar::Unit;
use index::{
    Scope,
    insight::{
        By, Ground,
        retention::{Retained, Retention},
    },
    reference,
};
use jiff::{ToSpan, civil::Date};

use super::{BYS, On, ask_at_random};
use crate::{Asked, World, generator::Dice, life};

#[test]
fn every_cell_of_retention_is_as_many_as_its_filter_finds() {
    let told = ask_at_random(8, |world, dice, on| world.ask_retention(on, &retention(dice)));
    assert!(told.people > told.tables, "{told:?}: that says little");
}

fn retention(dice: &mut Dice) -> Retention {
    let unit = *dice.pick(&[Unit::Day, Unit::Week, Unit::Month]);
    let first = Date::constant(2025, 12, 20).saturating_add((dice.below(120) as i64).days());
    let cohorts = 1 + dice.below(6) as i64;
    let retained = match dice.below(5) {
        0 => Retained::Unsaid,
        1 | 2 => Retained::Seen,
        _ => Retained::While(Box::new(filter::parse(&life::plain(dice, 1)).unwrap())),
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
    fn ask_retention(&self, on: &On, question: &Retention) -> Asked {
        let ask = |ground: &Ground<'_>, scope: &Scope<'_>| {
            let found = match self.index.snapshot().retention(scope, ground, question) {
                Err(_) => return Asked::Refused,
                Ok(None) => return Asked::Untold,
                Ok(Some(found)) => found,
            };
            let expected = self
                .told(on.moment, scope.rows, |world| reference::insight::retention(world, ground, question));
            let expected = expected.unwrap();
            let what = format!("ORACLE_SEED={}: {on:?} in {:?}\n{question:?}", on.seed, self.zone);
            assert_eq!(found.outside, expected.outside, "outside: {what}");
            for (found, expected) in found.groups.iter().zip(&expected.groups) {
                for (found, expected) in found.cohorts.iter().zip(&expected.cohorts) {
                    assert_eq!(found, expected, "cohort: {what}");
                }
            }
            assert_eq!(found, expected, "{what}");
            let totals = found.groups[0].totals.iter().filter_map(|total| total.cell.as_ref());
            Asked::Told(totals.map(|cell| cell.rate.some).sum())
        };
        on.ground(self, ask)
    }
}
