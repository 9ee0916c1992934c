//! What changed, by both sides.

use index::{
    Scope,
    insight::{
        Ground,
        changes::{Changes, Kind, Mark},
    },
    reference,
};
use jiff::{ToSpan, civil::Date};

use super::{On, ask_at_random};
use crate::{Asked, World, generator::Dice, life};

/// Paths that hold numbers and dates, and some that hold neither.
const VALUES: [&str; 4] = ["params.mrr", "params.mrr", "params.plan", "params.company.size"];
const ENDS: [&str; 2] = ["params.plan", "params.tags"];

#[test]
fn what_has_become_of_people_is_what_the_filters_find_and_their_history_says() {
    let told = ask_at_random(4, |world, dice, on| {
        let filter = if dice.chance(30) { life::filter(dice, 1) } else { on.filter.clone() };
        let on = On { filter, homes: on.homes.clone(), ..*on };
        world.ask_changes(&on, dice)
    });
    assert!(told.people > told.tables * 2, "{told:?}: that says little");
}

fn question(dice: &mut Dice) -> Changes {
    let kinds = Kind::ALL.into_iter().filter(|_| dice.chance(70)).collect();
    let first = Date::constant(2025, 12, 20).saturating_add((dice.below(100) as i64).days());
    let last = first.saturating_add((dice.below(60) as i64).days());
    let field = |text: &str| filter::parse_field(text).unwrap();
    let (value, trial_ends) = (field(VALUES[dice.below(VALUES.len())]), field(ENDS[dice.below(ENDS.len())]));
    Changes { kinds, period: (first, last), value, trial_ends, after: None, limit: 1 + dice.below(6) }
}

impl World {
    /// Asks both sides, page by page, to the end.
    fn ask_changes(&self, on: &On, dice: &mut Dice) -> Asked {
        let mut question = question(dice);
        let ask = |ground: &Ground<'_>, scope: &Scope<'_>| {
            let mut listed: Vec<Mark> = Vec::new();
            loop {
                let found = match self.index.snapshot().changes(scope, ground, &question) {
                    Err(_) => return Asked::Refused,
                    Ok(None) => return Asked::Untold,
                    Ok(Some(found)) => found,
                };
                let expected = self.told(on.moment, scope.rows, |world| {
                    reference::insight::changes(world, ground, &question)
                });
                let what = format!("ORACLE_SEED={}: {on:?} {question:?} in {:?}", on.seed, self.zone);
                let expected = expected.unwrap();
                assert_eq!(found.counts, expected.counts, "counts: {what}");
                assert_eq!(found.changes, expected.changes, "changes: {what}");
                assert_eq!(found.more, expected.more, "{what}");
                listed.extend(found.changes.iter().map(|change| change.mark));
                if !found.more {
                    let counted: u64 = found.counts.iter().map(|count| count.people.count).sum();
                    assert_eq!(listed.len() as u64, counted, "the list is as long as the counts say: {what}");
                    assert!(listed.windows(2).all(|two| two[0].at >= two[1].at), "newest first: {what}");
                    return Asked::Told(counted);
                }
                question.after = listed.last().copied();
            }
        };
        on.ground(self, ask)
    }
}
