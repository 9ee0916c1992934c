//! Lift by both sides.

use std::{collections::BTreeSet, time::Instant};

use filter::{Expr, Field, value};
use index::{
    Datum, Scope,
    insight::{
        Error, Ground, Place, Rate,
        landmark::Landmark,
        lift::{Answer, FEW, Held, LeftOut, Lift, VALUES_MAX, Why},
        people,
    },
    reference,
};
use serde_json::{Value, json};

use super::{On, among, ask_at_random};
use crate::{
    Asked, STEPS, World,
    generator::Dice,
    life::{self, NOW},
};

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
    let told = ask_at_random(5, |world, dice, on| {
        let question = lift(dice);
        let horizon = question.landmark.as_ref().and_then(|_| horizon(dice, on));
        world.ask_lift(&On { horizon, ..on.clone() }, &question)
    });
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
    let landmark = dice.chance(50).then(|| landmark(dice));
    Lift { outcome: filter::parse(&outcome).unwrap(), fields, landmark }
}

fn landmark(dice: &mut Dice) -> Landmark {
    let there = match dice.below(10) {
        0 | 1 => Expr::new(None),
        2..=4 => filter::parse(&life::plain(dice, 1)).unwrap(),
        _ => people::staying(),
    };
    Landmark { days: *dice.pick(&[1, 2, 3, 7, 14, 30]), there }
}

/// History is sometimes kept since a moment that is not after the one that is asked of.
fn horizon(dice: &mut Dice, on: &On) -> Option<value::Instant> {
    let now = on.moment.unwrap_or_else(|| NOW.parse::<jiff::Timestamp>().unwrap().into());
    dice.chance(20).then(|| value::Instant(now.0 - dice.below(60 * 24) as i64 * 3_600_000_000))
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

/// Asks both sides of people with such params who were first seen now, one by one.
fn ask(people: &[Value], filter: &str, question: &Lift) -> Result<Answer, Error> {
    among(people, (filter, None), |index, (ground, scope), world| {
        let found = index.snapshot().lift(scope, ground, question).map(Option::unwrap);
        assert_eq!(found, reference::insight::lift(world, ground, question));
        found
    })
}

fn question(outcome: &str, fields: Option<&str>) -> Lift {
    let named = |text: &str| text.split(' ').map(|field| filter::parse_field(field).unwrap()).collect();
    Lift { outcome: filter::parse(outcome).unwrap(), fields: fields.map(named), landmark: None }
}

/// The lines, tested or not: what is held, what the others hold, and how many of how many on both sides.
fn told(answer: &Answer) -> Vec<String> {
    let held = |held: &Held| match held {
        Held::Value(Datum::String(text)) => text.clone(),
        Held::Value(value) => format!("{value:?}"),
        Held::Member(value) => format!("has {value:?}"),
        Held::Missing => "missing".to_owned(),
    };
    let rate = |rate: Rate| format!("{}/{}", rate.some, rate.all);
    let line = |line: &index::insight::lift::Line| {
        let others =
            line.others.as_ref().map_or_else(String::new, |others| format!(", not {}", held(others)));
        let (with, without) = (rate(line.with.rate), rate(line.without.rate));
        format!("{} {}{others}: {with} {without}", line.field, held(&line.held))
    };
    answer.lines.iter().chain(&answer.untested).map(line).collect()
}

#[test]
fn one_test_is_told_once() {
    let person = |n: usize| match n % 4 {
        0 => {
            json!({ "flag": true, "only": true, "side": "a", "tags": ["x", "y"], "paid": n.is_multiple_of(3) })
        }
        1 => json!({ "flag": false, "side": "b", "tags": ["x"], "paid": true }),
        2 => json!({ "flag": false, "side": "a", "tags": ["y"], "paid": n.is_multiple_of(3) }),
        _ => json!({ "flag": true, "only": true, "side": "b", "paid": false }),
    };
    let people: Vec<Value> = (0..40).map(person).collect();
    let answer = ask(&people, "", &question("paid = true", Some("flag only side tags"))).unwrap();
    let mut lines = told(&answer);
    lines.sort();
    assert_eq!(
        lines,
        [
            "params.flag True, not False: 4/20 13/20",
            "params.only True, not missing: 4/20 13/20",
            "params.side a, not b: 7/20 10/20",
            "params.tags has String(\"x\"): 14/20 3/20",
            "params.tags has String(\"y\"): 7/20 10/20",
            "params.tags missing: 0/10 17/30",
        ]
    );
    assert_eq!((answer.tested, answer.all.rate), (6, Rate { some: 17, all: 40 }));
    // The strongest first: both flags are one table, so that the order in which they were named decides.
    let strongest = [&lines[3], &lines[5], &lines[0], &lines[1]];
    assert_eq!(told(&answer)[..4].iter().collect::<Vec<_>>(), strongest);
    assert!(answer.lines.iter().all(|line| line.is_small() && line.with.rate.all <= 20));
}

#[test]
fn what_is_left_out_is_said() {
    let person = |n: usize| {
        let mut params = json!({
            "many": n, "few": n % FEW as usize, "plan": (["pro", "free"][n % 2]),
            "company": { "country": "DE", "size": n % 2 }, "note": "x".repeat(300 + n % 2), "kind": n % 3,
        });
        (0..60).filter(|flag| n > *flag).for_each(|flag| params[format!("flag{flag:02}")] = json!(true));
        params
    };
    let people: Vec<Value> = (0..100).map(person).collect();
    let answer = ask(&people, "", &question("plan = pro and company.size = 0", None)).unwrap();
    let left_out = |field: &str, why| LeftOut { field: filter::parse_field(field).unwrap(), why };
    assert_eq!(
        answer.left_out,
        [
            left_out("params.company.size", Why::Outcome),
            left_out("params.many", Why::Values),
            left_out("params.note", Why::Text),
            left_out("params.plan", Why::Outcome),
        ]
    );
    assert!(answer.more, "of 60 flags only the widest are told");
    let fields: BTreeSet<&Field> =
        answer.lines.iter().chain(&answer.untested).map(|line| &line.field).collect();
    // Of 50 paths two are named by the outcome, and one has nothing but long texts.
    assert_eq!(fields.len(), 47);
    let inside = ask(&people, "", &question("company exists", None)).unwrap();
    let why: Vec<_> = inside.left_out.iter().filter(|left| left.why == Why::Outcome).collect();
    assert_eq!(why.len(), 2, "what lies inside of what is named says it too: {why:?}");
    assert!(!ask(&people, "", &question("", Some("kind"))).unwrap().more);
}

#[test]
fn nobody_everybody_and_nothing_are_right_answers() {
    let people: Vec<Value> = (0..30).map(|n| json!({ "plan": (["free", "pro"][n % 2]) })).collect();
    for (outcome, some) in [("plan exists", 30), ("", 30), ("plan = none", 0)] {
        let answer = ask(&people, "", &question(outcome, Some("plan nothing"))).unwrap();
        assert_eq!((answer.lines.len(), answer.tested, answer.untested.len()), (0, 0, 2), "{outcome}");
        assert_eq!(answer.all.rate, Rate { some, all: 30 });
        // Everybody lacks the other field, and there is no rate of nobody.
        let nothing = &answer.untested[1];
        assert_eq!((&nothing.held, nothing.difference, nothing.ratio), (&Held::Missing, None, None));
    }
    for fields in [None, Some("plan nothing")] {
        let answer = ask(&people, "plan = none", &question("plan = pro", fields)).unwrap();
        assert_eq!((answer.all.rate, told(&answer)), (Rate::default(), Vec::new()));
    }
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let people: Vec<Value> =
        (0..=VALUES_MAX).map(|n| json!({ "n": n, "most": n.min(VALUES_MAX - 1) })).collect();
    let field = |name: &str| filter::parse_field(name).unwrap();
    let refused = |outcome, fields| ask(&people, "", &question(outcome, Some(fields))).unwrap_err();
    assert_eq!(refused("n = 1", "most n"), Error::Values(field("n")));
    assert_eq!(refused("n = 1", "email"), Error::Values(field("email")));
    assert_eq!(refused("n = 1", "first_seen"), Error::Time(field("first_seen")));
    assert!(
        matches!(refused("first_seen = 3", "most"), Error::Filter(Place::Outcome, error) if error.span.start > 0)
    );
    assert!(ask(&people, "", &question("n = 1", Some("most"))).is_ok());
}

/// What is told then is thrown away, but it is told.
#[test]
fn the_time_may_be_over_at_any_moment() {
    let mut dice = Dice::new(1);
    let mut world = World::new(&mut dice);
    (0..STEPS).for_each(|_| world.step(&mut dice));
    for round in 0..60 {
        let on = On::at_random(1, &world, &mut dice);
        let landmark = (round % 4 > 0).then(|| landmark(&mut dice));
        let question = Lift { landmark, ..question("plan exists", [None, Some("mrr")][round % 2]) };
        on.ground(&world, |ground, scope| {
            let ask = |until| index_lift(&world, &Scope { until, ..*scope }, ground, &question);
            let began = Instant::now();
            ask(None);
            let takes = began.elapsed();
            (0..60).for_each(|share| ask(Some(Instant::now() + takes * share / 60)));
        });
    }
}

fn index_lift(world: &World, scope: &Scope<'_>, ground: &Ground<'_>, question: &Lift) {
    let told = world.index.snapshot().lift(scope, ground, question);
    assert!(told.is_ok(), "{question:?}");
}

#[test]
fn outcomes_about_staying_are_marked() {
    for (outcome, staying) in [
        ("status = paid", true),
        ("last_activity in last 30 days", true),
        ("seen in last 30 days", true),
        ("was (status = paid) on yesterday", true),
        ("not status changed to churned", true),
        ("status_since < today", true),
        ("first_paid exists and plan = pro", false),
    ] {
        let answer = ask(&[json!({ "plan": "pro" })], "", &question(outcome, None));
        assert_eq!(answer.map(|answer| answer.staying).ok(), Some(staying), "{outcome}");
    }
}
