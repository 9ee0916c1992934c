//! Retention by both sides.

use filter::calendar::Unit;
use index::{
    Scope,
    insight::{
        By, Error, FILTERS_MAX, Ground, Place,
        retention::{COHORTS_MAX, Retained, Retention},
    },
    reference,
};
use jiff::{ToSpan, civil::Date};
use serde_json::json;

use super::{BYS, On, among, ask_at_random, conditions};
use crate::{Asked, World, generator::Dice, life};

#[test]
fn every_cell_of_retention_is_as_many_as_its_filter_finds() {
    let told = ask_at_random(5, |world, dice, on| world.ask_retention(on, &retention(dice)));
    assert!(told.people > told.tables, "{told:?}: that says little");
}

fn retention(dice: &mut Dice) -> Retention {
    let unit = *dice.pick(&[Unit::Day, Unit::Week, Unit::Month]);
    let first = Date::constant(2025, 12, 20).saturating_add((dice.below(120) as i64).days());
    let cohorts = 1 + dice.below(6) as i64;
    let retained = match dice.below(5) {
        0 => None,
        1 | 2 => Some(Retained::Seen),
        _ => Some(Retained::While(Box::new(filter::parse(&life::plain(dice, 1)).unwrap()))),
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

/// Why both sides tell of no cohorts; `None` where they do.
fn refusal(filter: &str, question: &Retention) -> Option<Error> {
    among(&[json!({ "plan": "pro" })], (filter, None), |index, (ground, scope), world| {
        let refused = index.snapshot().retention(scope, ground, question).err();
        if refused.is_some() {
            assert_eq!(refused, reference::insight::retention(world, ground, question).err());
        }
        refused
    })
}

/// Cohorts of days up to a day, so many, and who was seen in each period after.
fn daily(cohorts: usize, last: Date, periods: usize) -> Retention {
    let cohorts = (last.saturating_add((1 - cohorts as i64).days()), last);
    Retention {
        unit: Unit::Day,
        began: filter::Field::FirstSeen,
        cohorts,
        periods,
        retained: Some(Retained::Seen),
        by: None,
    }
}

#[test]
fn cohorts_that_nobody_can_tell_of_are_refused() {
    let today = Date::constant(2026, 6, 30);
    let question = daily(2, today, 3);
    assert_eq!(refusal("", &question), None);
    assert_eq!(refusal("", &daily(1, today.tomorrow().unwrap(), 3)), Some(Error::NotBegun(Place::Cohorts)));
    let (first, last) = question.cohorts;
    let reversed = Retention { cohorts: (last, first), ..question };
    assert_eq!(refusal("", &reversed), Some(Error::Reversed(Place::Cohorts)));
    let long = Retention { cohorts: (Date::constant(1001, 1, 1), today), ..daily(1, today, 3) };
    assert_eq!(refusal("", &daily(COHORTS_MAX, today, 3)), None);
    assert_eq!(refusal("", &daily(COHORTS_MAX + 1, today, 3)), Some(Error::TooManyCohorts));
    assert_eq!(refusal("", &long), Some(Error::TooManyCohorts));
    let many = daily(COHORTS_MAX, today.saturating_add((-200).days()), 400);
    let many = refusal("", &many);
    assert!(matches!(many, Some(Error::TooLarge(bytes)) if bytes > FILTERS_MAX), "{many:?}");
}

#[test]
fn parts_of_retention_that_make_no_sense_are_refused_with_their_place() {
    let question = daily(20, Date::constant(2026, 6, 30), 3);
    let place = |filter: &str, question: &Retention| match refusal(filter, question) {
        Some(Error::Filter(place, _)) => place,
        other => panic!("{other:?}"),
    };
    let was = filter::parse("was (plan = pro) in last 3 days").unwrap();
    let retained = Retention { retained: Some(Retained::While(Box::new(was))), ..question.clone() };
    assert_eq!(place("", &retained), Place::Retained);
    // What fits by itself has no room for what is said of all cohorts together.
    assert_eq!(refusal(&conditions(950), &question), None);
    assert_eq!(place(&conditions(990), &question), Place::Filter);
}
