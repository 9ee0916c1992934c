//! Movements of `params.mrr` while people paid, as the index tells them, against pandas.

use bigdecimal::BigDecimal;
use filter::calendar::Unit;
use index::insight::{
    Kept,
    movements::{Amount, Answer, Group, Movements, Step},
    people::paying,
};
use serde_json::{Value, json};

use crate::{
    agree, whole,
    world::{self, World, by, day, kept, list},
};

const COLUMNS: [&str; 9] =
    ["opening", "new", "expansion", "contraction", "churned", "reactivated", "entered", "left", "closing"];

#[test]
fn movements_agree() {
    let written = world::json("movements.json");
    assert_eq!(written["columns"], json!(COLUMNS));
    let months = list(&written["months"]);
    let question = Movements {
        path: filter::parse_field("params.mrr").unwrap(),
        holds: paying(),
        unit: Unit::Month,
        period: (day(&months[0]), day(&months[months.len() - 1])),
        by: None,
        then: false,
        currency: Some(filter::parse_field("params.currency").unwrap()),
    };
    let groups = list(&written["groups"]);
    for (then, path) in [(false, "params.source"), (true, "params.plan")] {
        let question = Movements { by: by(&json!(path)), then, ..question.clone() };
        let found =
            World::read().ask("", |snapshot, scope, ground| snapshot.movements(scope, ground, &question));
        let found = found.unwrap().unwrap();
        no_other_currency(&found, groups);
        let groups: Vec<Value> = groups.iter().filter(|group| group["then"] == then).cloned().collect();
        groups.iter().for_each(|group| agree_of(&found, group, months));
        nobody_else(&found, &groups);
        odd_now(&found, &written["left_out"]);
    }
}

/// Months in which there was nothing of a group that the index does not list.
fn agree_of(found: &Answer, written: &Value, months: &[Value]) {
    let steps = list(&written["steps"]);
    assert_eq!(steps.len(), months.len());
    let Some(group) = find(found, written) else {
        assert!(steps.iter().all(is_nothing), "{} has nobody", written["kept"]);
        return;
    };
    assert_eq!(group.steps.len(), months.len());
    for (place, (step, month)) in group.steps.iter().zip(months).enumerate() {
        assert_eq!((step.first, step.is_over), (day(month), place + 1 < months.len()));
        agree_of_step(step, &steps[place]);
    }
}

fn find<'a>(found: &'a Answer, written: &Value) -> Option<&'a Group> {
    let currency = kept(&written["currency"]);
    let currency = found.currencies.iter().find(|own| own.kept == currency)?;
    let kept = kept(&written["kept"]);
    currency.groups.iter().find(|own| own.kept == kept)
}

fn is_nothing(step: &Value) -> bool {
    list(&step["people"]).iter().all(|count| *count == 0) && step["odd"] == 0
}

fn agree_of_step(found: &Step, written: &Value) {
    for (place, amount) in amounts(found).into_iter().enumerate() {
        let Amount { people, sum } = amount.expect("all are told of then");
        let what = || format!("{} of {}: {written}", COLUMNS[place], found.first);
        assert_eq!(people.count, whole(&written["people"][place]), "{}", what());
        let is_loss = ["contraction", "churned", "left"].contains(&COLUMNS[place]);
        let wanted: BigDecimal = written["sums"][place].as_str().unwrap().parse().unwrap();
        assert_eq!(*sum, if is_loss { -wanted } else { wanted }, "{}", what());
    }
    assert_eq!(found.imported, None, "nobody was imported without dates");
    assert_eq!(found.odd.count, whole(&written["odd"]), "odd of {}: {written}", found.first);
    let rates = &found.rates;
    for (found, name) in
        [(rates.gross, "gross_retention"), (rates.net, "net_retention"), (rates.quick, "quick_ratio")]
    {
        assert_eq!(found.is_none(), written[name].is_null(), "{name}: {written}");
        found.iter().for_each(|found| agree(*found, &written[name], 0.0, written));
    }
}

fn amounts(step: &Step) -> [Option<&Amount>; 9] {
    let Step { opening, new, expansion, contraction, churned, reactivated, closing, .. } = step;
    let known = [opening, new, expansion, contraction, churned, reactivated].map(Some);
    let [one, two, three, four, five, six] = known;
    [one, two, three, four, five, six, step.entered.as_ref(), step.left.as_ref(), Some(closing)]
}

/// Every currency that anything is told of is written, whose currency it was then.
fn no_other_currency(found: &Answer, written: &[Value]) {
    let told: Vec<&Kept> = found.currencies.iter().map(|currency| &currency.kept).collect();
    assert!(told.len() > 3, "{told:?}");
    for own in told {
        assert!(written.iter().any(|group| kept(&group["currency"]) == *own), "{own:?} is not written");
    }
}

/// Of the currency whose groups are written, every group that anything is told of.
fn nobody_else(found: &Answer, written: &[Value]) {
    let apart = written.iter().find(|group| group["kept"]["all"] != true).unwrap();
    let is_then = apart["then"] == true;
    let apart = kept(&apart["currency"]);
    let currency = found.currencies.iter().find(|own| own.kept == apart).unwrap();
    let of = |group: &Value| (kept(&group["currency"]), kept(&group["kept"]));
    for Group { kept, steps } in &currency.groups {
        let is_told = written.iter().any(|group| of(group) == (apart.clone(), kept.clone()));
        let people = steps.iter().flat_map(amounts).flatten().map(|amount| amount.people.count).sum::<u64>();
        // Everybody of the currency is written once.
        assert!(is_told || people == 0 || is_then && *kept == Kept::All, "{kept:?} is not written");
    }
}

/// Who pays now and has a value that is no number or below 0.
fn odd_now(found: &Answer, left_out: &Value) {
    let everybody = found.currencies.iter().map(|currency| &currency.groups[0]);
    let odd = everybody.map(|group| {
        assert_eq!(group.kept, Kept::All);
        group.steps.last().unwrap().odd.count
    });
    assert_eq!(odd.sum::<u64>(), whole(&left_out["no_number"]) + whole(&left_out["negative"]));
}
