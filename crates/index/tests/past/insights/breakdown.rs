//! Breakdown by both sides.

use index::{
    Aggregate, Function, Scope,
    insight::{By, Ground, breakdown::Breakdown},
    reference,
};

use super::{BYS, On, ask_at_random};
use crate::{Asked, World, generator::Dice};

fn by(dice: &mut Dice) -> By {
    By { field: filter::parse_field(dice.pick::<&str>(&BYS)).unwrap(), limit: 1 + dice.below(4) }
}

fn question(dice: &mut Dice) -> Breakdown {
    let field = |path: &str| filter::parse_field(path).unwrap();
    let number = dice.chance(60).then(|| Aggregate {
        function: if dice.chance(50) { Function::Sum } else { Function::Avg },
        field: field(dice.pick::<&str>(&["mrr", "plan", "params.company.size"])),
    });
    let currencies = ["params.company.country", "plan", "status", "tags"];
    Breakdown {
        by: by(dice),
        across: dice.chance(80).then(|| by(dice)),
        currency: dice.chance(40).then(|| field(dice.pick::<&str>(&currencies))),
        number,
    }
}

#[test]
fn every_cell_of_a_breakdown_is_what_its_filter_finds() {
    let told = ask_at_random(13, |world, dice, on| {
        let question = question(dice);
        world.ask_breakdown(on, &question)
    });
    assert!(told.people > told.tables * 2, "{told:?}: that says little");
}

impl World {
    /// Asks both sides of the people of a filter, told apart by two fields.
    fn ask_breakdown(&self, on: &On, question: &Breakdown) -> Asked {
        let ask = |ground: &Ground<'_>, scope: &Scope<'_>| {
            let found = match self.index.snapshot().breakdown(scope, ground, question) {
                Err(_) => return Asked::Refused,
                Ok(None) => return Asked::Untold,
                Ok(Some(found)) => found,
            };
            let expected = self
                .told(on.moment, scope.rows, |world| reference::insight::breakdown(world, ground, question))
                .unwrap();
            let what = format!("ORACLE_SEED={}: {on:?} in {:?}\n{question:?}", on.seed, self.zone);
            for (found, expected) in found.cells.iter().zip(&expected.cells) {
                assert_eq!(found, expected, "{what}");
            }
            assert_eq!(found, expected, "{what}");
            Asked::Told(found.cells.iter().map(|cell| cell.count).sum())
        };
        on.ground(self, ask)
    }
}
