//! Conversion by both sides.

use filter::{Field, expr::Start};
use index::{
    Scope,
    insight::{By, Ground, Source as _, conversion::Conversion},
    reference,
};

use super::{BYS, On, ask_at_random};
use crate::{Asked, World, generator::Dice, life};

#[test]
fn every_cell_of_conversion_is_as_many_as_its_filter_finds() {
    let told = ask_at_random(8, |world, dice, on| world.ask_conversion(on, &conversion(dice)));
    assert!(told.people > told.tables, "{told:?}: that says little");
}

fn conversion(dice: &mut Dice) -> Conversion {
    let mut within: Vec<u32> = (0..dice.below(4)).map(|_| 1 + dice.below(60) as u32).collect();
    within.sort_unstable();
    within.dedup();
    let by = dice.chance(60).then(|| By {
        field: filter::parse_field(dice.pick::<&str>(&BYS)).unwrap(),
        limit: 1 + dice.below(4),
    });
    let mut time = |field: Field| match dice.chance(50) {
        true => Start::Field(field),
        false => Start::First(Box::new(filter::parse(&life::plain(dice, 1)).unwrap().root.unwrap())),
    };
    let times = [time(Field::FirstSeen), time(Field::FirstPaid)];
    let [from, to] = if dice.chance(85) {
        times
    } else {
        let [a, b] = times;
        [b, a]
    };
    Conversion { from, to, within, days: 1 + dice.below(15) as u32, by }
}

impl World {
    /// Asks both sides of the people that a filter finds; the reference also who is at risk.
    fn ask_conversion(&self, on: &On, question: &Conversion) -> Asked {
        let ask = |ground: &Ground<'_>, scope: &Scope<'_>| {
            let found = match self.index.snapshot().conversion(scope, ground, question) {
                Err(_) => return Asked::Refused,
                Ok(None) => return Asked::Untold,
                Ok(Some(found)) => found,
            };
            let what = format!("ORACLE_SEED={}: {on:?} in {:?}\n{question:?}", on.seed, self.zone);
            self.told(on.moment, scope.rows, |world| {
                let expected = reference::insight::conversion(world, ground, question).unwrap();
                for (found, expected) in found.groups.iter().zip(&expected.groups) {
                    assert_eq!(found, expected, "group: {what}");
                    for point in &expected.curve {
                        let at_risk = world.count(&(ground.check)(&point.at_risk).unwrap());
                        assert_eq!(at_risk, point.row.at_risk, "at risk on {}: {what}", point.row.time);
                    }
                }
                assert_eq!(found, expected, "{what}");
            });
            Asked::Told(found.groups[0].converted.count)
        };
        on.ground(self, ask)
    }
}
