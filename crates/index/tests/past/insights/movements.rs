//! Movements by both sides.

use std::collections::BTreeMap;

use bigdecimal::BigDecimal;
use filter::{
    calendar::{Unit, first_instant},
    value::Instant,
};
use index::{
    Scope,
    insight::{
        By, Error, FILTERS_MAX, Ground, Kept, Place,
        movements::{Amount, Answer, CURRENCIES_MAX, Group, LINES_MAX, Movements, STEPS_MAX, Step},
    },
    reference,
};
use jiff::{Timestamp, ToSpan, civil::Date};
use serde_json::{Value, json};

use super::{BYS, On, among, ask_at_random, conditions};
use crate::{Asked, World, generator::Dice, life};

#[test]
fn every_piece_of_movements_is_what_its_filter_finds() {
    let mut imported = 0;
    let told = ask_at_random(5, |world, dice, on| {
        let question = movements(dice);
        let horizon = horizon(world, dice, &question);
        world.ask_movements(&On { horizon, ..on.clone() }, &question, &mut imported)
    });
    assert!(
        told.people > told.tables && imported > told.tables / 10,
        "{told:?}, {imported}: that says little"
    );
}

fn movements(dice: &mut Dice) -> Movements {
    let unit = *dice.pick(&[Unit::Day, Unit::Week, Unit::Month, Unit::Month, Unit::Quarter]);
    let first = Date::constant(2025, 12, 20).saturating_add((dice.below(150) as i64).days());
    let holds = match dice.below(4) {
        0 => "status = paid".to_owned(),
        1 => String::new(),
        _ => life::plain(dice, 1),
    };
    let path = *dice.pick(&["mrr", "mrr", "mrr", "mrr", "plan", "params.company.size", "tags"]);
    let by = dice.chance(50).then(|| By {
        field: filter::parse_field(dice.pick::<&str>(&BYS)).unwrap(),
        limit: 1 + dice.below(3),
    });
    let currencies = ["params.company.country", "plan", "status", "tags"];
    Movements {
        path: filter::parse_field(path).unwrap(),
        holds: filter::parse(&holds).unwrap(),
        unit,
        period: (first, unit.shift(first, dice.below(5) as i64).unwrap()),
        by,
        then: dice.chance(50),
        currency: dice.chance(30).then(|| filter::parse_field(dice.pick::<&str>(&currencies)).unwrap()),
    }
}

/// Since when history is kept: mostly all of it is, else it mostly reaches to the opening of the first step.
fn horizon(world: &World, dice: &mut Dice, question: &Movements) -> Option<Instant> {
    let opening = first_instant(question.unit.first(question.period.0), &world.zone).0 - 1;
    let days = dice.below(40) as i64 * 86_400_000_000;
    dice.chance(40).then(|| Instant(opening - dice.pick(&[days, days, days, 0, -1])))
}

impl World {
    /// Asks both sides of the people that a filter finds.
    fn ask_movements(&self, on: &On, question: &Movements, imported: &mut u64) -> Asked {
        let ask = |ground: &Ground<'_>, scope: &Scope<'_>| {
            let found = match self.index.snapshot().movements(scope, ground, question) {
                Err(_) => return Asked::Refused,
                Ok(None) => return Asked::Untold,
                Ok(Some(found)) => found,
            };
            let expected = self
                .told(on.moment, scope.rows, |world| reference::insight::movements(world, ground, question));
            let expected = expected.unwrap();
            let what = format!("ORACLE_SEED={}: {on:?} in {:?}\n{question:?}", on.seed, self.zone);
            for (found, expected) in steps(&found).zip(steps(&expected)) {
                assert_eq!(found, expected, "{what}");
            }
            assert_eq!(found, expected, "{what}");
            found.currencies.iter().for_each(|currency| close(&currency.groups, &what));
            *imported +=
                steps(&found).flat_map(|step| &step.imported).map(|amount| amount.people.count).sum::<u64>();
            Asked::Told(steps(&found).flat_map(pieces).map(|(_, amount)| amount.people.count).sum())
        };
        on.ground(self, ask)
    }
}

fn steps(answer: &Answer) -> impl Iterator<Item = &Step> {
    answer.currencies.iter().flat_map(|currency| &currency.groups).flat_map(|group| &group.steps)
}

/// What is told of a step, by name.
fn pieces(step: &Step) -> BTreeMap<&'static str, &Amount> {
    let always = [
        ("opening", &step.opening),
        ("new", &step.new),
        ("expansion", &step.expansion),
        ("contraction", &step.contraction),
        ("churned", &step.churned),
        ("reactivated", &step.reactivated),
        ("closing", &step.closing),
    ];
    let seldom = [("entered", &step.entered), ("left", &step.left), ("imported", &step.imported)];
    let seldom = seldom.into_iter().filter_map(|(name, amount)| Some((name, amount.as_ref()?)));
    always.into_iter().chain(seldom).collect()
}

/// How many people there are, and what they have; of nobody nothing.
fn figure(amount: Option<&Amount>) -> (u64, BigDecimal) {
    amount.map(|amount| (amount.people.count, amount.sum.clone())).unwrap_or_default()
}

/// What came to those who were there at both ends.
fn between(step: &Step) -> BigDecimal {
    let [entered, left] = [&step.entered, &step.left].map(|amount| figure(amount.as_ref()).1);
    &step.expansion.sum - &step.contraction.sum + entered - left
}

/// Each step closes, opens with what the one before closes with, and is that of all slices together.
fn close(groups: &[Group], what: &str) {
    for group in groups {
        for step in &group.steps {
            let Step { opening, new, expansion, contraction, churned, reactivated, closing, .. } = step;
            let elsewhere = [&step.entered, &step.left, &step.imported];
            let [entered, left, imported] = elsewhere.map(|amount| figure(amount.as_ref()));
            let came = &new.sum + &expansion.sum + &reactivated.sum + entered.1 + imported.1;
            let went = &contraction.sum + &churned.sum + left.1;
            assert_eq!(&opening.sum + came - went, closing.sum, "{what}");
            let came = opening.people.count + new.people.count + reactivated.people.count + entered.0;
            assert_eq!(came + imported.0, churned.people.count + left.0 + closing.people.count, "{what}");
        }
        for pair in group.steps.windows(2) {
            let ends = [&pair[0].closing, &pair[1].opening].map(|own| (own.people.count, &own.sum));
            assert_eq!(ends[0], ends[1], "{what}");
        }
    }
    let [all, slices @ ..] = groups else { panic!("nobody: {what}") };
    assert_eq!(all.kept, Kept::All);
    for (place, step) in all.steps.iter().enumerate().filter(|_| !slices.is_empty()) {
        let odd: u64 = slices.iter().map(|slice| slice.steps[place].odd.count).sum();
        assert_eq!(odd, step.odd.count, "{what}");
        let between: BigDecimal = slices.iter().map(|slice| between(&slice.steps[place])).sum();
        assert_eq!(between, self::between(step), "{what}");
        let stays = slices.iter().all(|slice| figure(slice.steps[place].left.as_ref()).0 == 0);
        for (piece, own) in pieces(step) {
            // Whoever goes from slice to slice may have more or less among all.
            if ["expansion", "contraction", "entered", "left"].contains(&piece) && !stays {
                continue;
            }
            let each = || slices.iter().map(|slice| pieces(&slice.steps[place])[piece]);
            let people: u64 = each().map(|amount| amount.people.count).sum();
            let sum: BigDecimal = each().map(|amount| &amount.sum).sum();
            assert_eq!((people, sum), (own.people.count, own.sum.clone()), "{what}");
        }
    }
}

/// Why both sides tell no movements; `None` where they do.
fn refusal(on: (&str, Option<Timestamp>), question: &Movements) -> Option<Error> {
    let person = |n: usize| json!({ "mrr": 5, "n": n, "few": n % 12, "most": n % CURRENCIES_MAX });
    let people: Vec<Value> = (0..=CURRENCIES_MAX).map(person).collect();
    among(&people, on, |index, (ground, scope), world| {
        let refused = index.snapshot().movements(scope, ground, question).err();
        if refused.is_some() {
            assert_eq!(refused, reference::insight::movements(world, ground, question).err());
        }
        refused
    })
}

/// The last days before now, so many.
fn daily(days: usize) -> Movements {
    let (holds, last) = (filter::parse("").unwrap(), Date::constant(2026, 6, 30));
    let period = (last.saturating_add((1 - days as i64).days()), last);
    Movements { path: field("mrr"), holds, unit: Unit::Day, period, by: None, then: false, currency: None }
}

fn field(name: &str) -> filter::Field {
    filter::parse_field(name).unwrap()
}

#[test]
fn steps_that_nobody_can_tell_are_refused() {
    let refused = |question: &Movements| refusal(("", None), question);
    let (day, few) = (daily(1), By { field: field("few"), limit: 9 });
    let next = Date::constant(2026, 7, 1);
    assert_eq!(
        refused(&Movements { period: (next, next), ..day.clone() }),
        Some(Error::NotBegun(Place::Period))
    );
    let reversed = (day.period.1, day.period.0.yesterday().unwrap());
    assert_eq!(refused(&Movements { period: reversed, ..day.clone() }), Some(Error::Reversed(Place::Period)));
    assert_eq!(refused(&daily(STEPS_MAX)), None);
    assert_eq!(refused(&daily(STEPS_MAX + 1)), Some(Error::TooManySteps(STEPS_MAX)));
    // Everybody, nine values and the others: of so many lines the filters are too long before the steps are too many.
    let by = |days| refused(&Movements { by: Some(few.clone()), ..daily(days) });
    assert_eq!(by(100), None);
    assert!(matches!(by(LINES_MAX / 11), Some(Error::TooLarge(_))));
    assert_eq!(by(LINES_MAX / 11 + 1), Some(Error::TooManySteps(LINES_MAX)));
    let currency = |name| Movements { currency: Some(field(name)), ..day.clone() };
    assert_eq!(refused(&currency("most")), None);
    assert_eq!(refused(&currency("n")), Some(Error::TooManyCurrencies));
}

#[test]
fn movements_from_before_the_horizon_are_refused_with_the_first_unit_that_is_told() {
    let since: Timestamp = "2026-04-10T08:00:00Z".parse().unwrap();
    let from = |month| Movements {
        unit: Unit::Month,
        period: (Date::constant(2026, month, 10), Date::constant(2026, 6, 30)),
        ..daily(1)
    };
    let refused = |month| refusal(("", Some(since)), &from(month));
    assert_eq!(refused(4), Some(Error::BeforeHorizon(since, Date::constant(2026, 5, 1))));
    assert_eq!(refused(5), None);
}

#[test]
fn parts_of_movements_that_make_no_sense_are_refused_with_their_place() {
    let place = |filter: &str, question: &Movements| match refusal((filter, None), question) {
        Some(Error::Filter(place, _)) => place,
        other => panic!("{other:?}"),
    };
    let holds = |text: &str| Movements { holds: filter::parse(text).unwrap(), ..daily(1) };
    assert_eq!(place("", &holds("was (plan = pro) in last 3 days")), Place::While);
    assert_eq!(place("", &Movements { path: field("email"), ..daily(1) }), Place::Path);
    // What fits by itself has no room for what is said of a piece.
    assert_eq!(refusal((&conditions(990), None), &daily(1)), None);
    assert_eq!(place(&conditions(1_000), &daily(1)), Place::Filter);
    let long = holds(&format!("plan = \"{}\"", "x".repeat(900)));
    let long = refusal(("", None), &Movements { period: daily(STEPS_MAX).period, ..long });
    assert!(matches!(long, Some(Error::TooLarge(bytes)) if bytes > FILTERS_MAX), "{long:?}");
}
