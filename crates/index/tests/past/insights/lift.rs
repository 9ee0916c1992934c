//! Lift by both sides.

use index::{
    Scope,
    insight::{
        Ground,
        lift::{Answer, Lift},
    },
    reference,
};

use super::{On, ask_at_random};
use crate::{Asked, World, generator::Dice, life};

/// Fields that are named; times are refused.
const FIELDS: [&str; 11] = [
    "plan",
    "mrr",
    "tags",
    "params.company",
    "params.company.country",
    "params.company.size",
    "status",
    "email",
    "project",
    "params.nobody",
    "first_seen",
];

#[test]
fn every_cell_of_lift_is_as_many_as_its_filter_finds() {
    let told = ask_at_random(8, |world, dice, on| world.ask_lift(on, &lift(dice)));
    assert!(told.people > told.tables * 3, "{told:?}: that says little");
}

fn lift(dice: &mut Dice) -> Lift {
    let outcome = match dice.below(10) {
        0 => String::new(),
        1..=3 => life::filter(dice, 1),
        _ => life::plain(dice, 1),
    };
    let field = |dice: &mut Dice| filter::parse_field(dice.pick::<&str>(&FIELDS)).unwrap();
    let fields = dice.chance(50).then(|| (0..1 + dice.below(4)).map(|_| field(dice)).collect());
    Lift { outcome: filter::parse(&outcome).unwrap(), fields }
}

impl World {
    /// Asks both sides what goes together with an outcome.
    fn ask_lift(&self, on: &On, question: &Lift) -> Asked {
        let ask = |ground: &Ground<'_>, scope: &Scope<'_>| {
            let found = match self.index.snapshot().lift(scope, ground, question) {
                Err(_) => return Asked::Refused,
                Ok(None) => return Asked::Untold,
                Ok(Some(found)) => found,
            };
            let told = |world: &reference::World<'_>| reference::insight::lift(world, ground, question);
            let expected = self.told(on.moment, scope.rows, told).unwrap();
            let what = format!("ORACLE_SEED={}: {on:?} in {:?}\n{question:?}", on.seed, self.zone);
            for (found, expected) in found.lines.iter().zip(&expected.lines) {
                assert_eq!(found, expected, "line: {what}");
            }
            assert_eq!(found, expected, "{what}");
            add_up(&found, &what);
            Asked::Told(found.lines.len() as u64)
        };
        on.ground(self, ask)
    }
}

/// The sides of every line are everybody, and the lines are in order.
fn add_up(answer: &Answer, what: &str) {
    for line in answer.lines.iter().chain(&answer.untested) {
        let mut both = line.with.rate;
        both += line.without.rate;
        assert_eq!(both, answer.all.rate, "{what}");
    }
    for pair in answer.lines.windows(2) {
        assert!(pair[0].strength() >= pair[1].strength(), "{what}");
    }
    assert!(answer.untested.iter().all(|line| line.test.is_none()), "{what}");
    assert_eq!(answer.tested, answer.lines.len(), "{what}");
}
