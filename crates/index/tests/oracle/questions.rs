//! Random questions about the fields that random people have.

use filter::expr::{Clause, Expr};
use index::{Aggregate, Datum, Facets, Function, Grouping, Part, Question, Sort};

use super::generator::{Dice, KEYS};

/// Everything about everybody.
pub(crate) fn whole() -> Question {
    Question { select: Part::ALL.to_vec(), ..Question::default() }
}

/// A random question, all of whose parts are asked for.
pub(crate) fn question(dice: &mut Dice) -> Question {
    let count = dice.below(4);
    Question {
        select: Part::ALL.to_vec(),
        sort: Sort {
            field: filter::parse_field(&field(dice)).expect("a field"),
            descending: dice.chance(50),
        },
        limit: 1 + dice.below(40),
        aggregates: (0..count).map(|_| aggregate(dice)).collect(),
        group_by: dice.chance(70).then(|| grouping(dice)),
        group_limit: if dice.chance(25) { 1_000 } else { 1 + dice.below(8) },
        listed: dice.chance(20).then(|| listed(dice)),
        facets: facets(dice),
        ..Question::default()
    }
}

/// Values that some have, in any order.
fn listed(dice: &mut Dice) -> Vec<Datum> {
    let all = [
        Datum::String("free".to_owned()),
        Datum::String("pro".to_owned()),
        Datum::Null,
        Datum::True,
        Datum::Array,
    ];
    let first = dice.below(all.len());
    (0..dice.below(4)).map(|place| all[(first + place * 2) % all.len()].clone()).collect()
}

fn field(dice: &mut Dice) -> String {
    let built_in: Vec<&str> = filter::Field::names().collect();
    if dice.chance(30) { (*dice.pick(&built_in)).to_owned() } else { path(dice) }
}

fn path(dice: &mut Dice) -> String {
    let mut key = || serde_json::Value::from(*dice.pick(&KEYS)).to_string();
    let (outer, inner) = (key(), key());
    if dice.chance(25) { format!("params.{outer}.{inner}") } else { format!("params.{outer}") }
}

fn aggregate(dice: &mut Dice) -> Aggregate {
    let function = *dice.pick(&Function::ALL);
    let time = function.orders() && dice.chance(20);
    let field = if time { "first_paid".to_owned() } else { path(dice) };
    format!("{}({field})", function.as_str()).parse().expect("its text form")
}

fn grouping(dice: &mut Dice) -> Grouping {
    let unit = *dice.pick(&["day", "week", "month", "quarter", "year"]);
    let text = match dice.below(6) {
        0 => format!("{unit}({})", path(dice)),
        1 => format!("{unit}(first_seen)"),
        2 => format!("bucket({}, {})", path(dice), dice.pick(&["10", "0.3", "7"])),
        _ => field(dice),
    };
    text.parse().unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// Asks for the facets of the fields that a filter speaks of, where they have any.
pub(crate) fn ask_of(question: &mut Question, expr: &Expr) {
    let conditions = match expr.root.as_ref().map(|root| &root.value) {
        Some(Clause::And(parts)) => parts.iter().collect(),
        _ => expr.root.iter().collect::<Vec<_>>(),
    };
    for part in conditions {
        if let Clause::Condition(condition) = &part.value
            && !condition.field.is_time()
        {
            question.facets.add(&condition.field.to_string()).expect("a field that can be counted");
        }
    }
}

fn facets(dice: &mut Dice) -> Facets {
    let mut facets = Facets { auto: dice.chance(50), fields: Vec::new() };
    for _ in 0..dice.below(3) {
        let named = ["status", "project", "domain", "name"];
        let name = if dice.chance(40) { (*dice.pick(&named)).to_owned() } else { path(dice) };
        facets.add(&name).expect("a field that can be counted");
    }
    facets
}
