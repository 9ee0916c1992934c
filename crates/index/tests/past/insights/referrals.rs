//! Referrals by both sides.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use bigdecimal::BigDecimal;
use filter::{Expr, check};
use index::{
    Datum, Index, Prepared, Project, Row, Scope,
    insight::{
        Error, FILTERS_MAX, Ground, Kept, Place, Rate,
        referrals::{Answer, Brought, Carrier, Code, Order, Referrals, Unlisted},
    },
    reference::{self, Customer},
};
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::{On, ask_at_random};
use crate::{
    Asked, World,
    generator::Dice,
    id,
    life::NOW,
    table::{Catalogue, PROJECTS, project_id},
};

#[test]
fn every_cell_of_referrals_is_what_its_filter_finds() {
    let mut chains = 0;
    let told = ask_at_random(5, |world, dice, on| world.ask_referrals(on, &referrals(dice), &mut chains));
    assert!(told.people > told.tables * 2, "{told:?}: that says little");
    assert!(chains > told.tables / 10, "{chains} chains of {told:?} are longer than a step");
}

fn referrals(dice: &mut Dice) -> Referrals {
    let field = |text: &str| filter::parse_field(text).unwrap();
    let paths = ["by", "by", "by", "by", "plan", "tags", "params.company", "params.company.country", "mrr"];
    let carries = [
        "code",
        "code",
        "code",
        "code",
        "code",
        "by",
        "plan",
        "params.company.country",
        "params.company",
        "user_id",
    ];
    let sums = ["mrr", "mrr", "mrr", "plan", "params.company.size"];
    let currencies = ["params.company.country", "plan", "status", "tags"];
    Referrals {
        path: field(dice.pick::<&str>(&paths)),
        sum: dice.chance(85).then(|| field(dice.pick::<&str>(&sums))),
        currency: dice.chance(40).then(|| field(dice.pick::<&str>(&currencies))),
        carries: dice.chance(75).then(|| field(dice.pick::<&str>(&carries))),
        order: if dice.chance(50) { Order::Paid } else { Order::SignUps },
        limit: 1 + dice.below(6),
    }
}

impl World {
    /// Asks both sides what came by codes; counts chains of several steps.
    fn ask_referrals(&self, on: &On, question: &Referrals, chains: &mut u64) -> Asked {
        let ask = |ground: &Ground<'_>, scope: &Scope<'_>| {
            let found = match self.index.snapshot().referrals(scope, ground, question) {
                Err(_) => return Asked::Refused,
                Ok(None) => return Asked::Untold,
                Ok(Some(found)) => found,
            };
            let told = |world: &reference::World<'_>| reference::insight::referrals(world, ground, question);
            let expected = self.told(on.moment, scope.rows, told).unwrap();
            let what = format!("ORACLE_SEED={}: {on:?} in {:?}\n{question:?}", on.seed, self.zone);
            for (found, expected) in found.codes.iter().zip(&expected.codes) {
                assert_eq!(found, expected, "code: {what}");
            }
            assert_eq!(found, expected, "{what}");
            add_up(&found, question.order, &what);
            let depths = found.codes.iter().filter_map(|code| code.chain.as_ref()).map(|chain| chain.depth);
            *chains += u64::from(depths.max() > Some(1));
            Asked::Told(found.all.paid.all)
        };
        on.ground(self, ask)
    }
}

/// All codes together are everybody who came by one.
fn add_up(answer: &Answer, order: Order, what: &str) {
    let each = || answer.codes.iter().map(|code| &code.brought).chain(&answer.other);
    let mut all = Rate::default();
    each().for_each(|brought| all += brought.paid);
    assert_eq!(all, answer.all.paid, "{what}");
    for amount in &answer.all.sums {
        let own = each().flat_map(|brought| &brought.sums).filter(|own| own.currency == amount.currency);
        let sum: BigDecimal = own.clone().map(|own| &own.all.sum).sum();
        let paid: BigDecimal = own.map(|own| &own.paid.sum).sum();
        assert_eq!((sum, paid), (amount.all.sum.clone(), amount.paid.sum.clone()), "{what}");
    }
    for pair in answer.codes.windows(2) {
        let key = |code: &Code| {
            let Rate { some, all } = code.brought.paid;
            let first = if order == Order::Paid { (some, all) } else { (all, 0) };
            (Reverse(first), code.code.clone())
        };
        assert!(key(&pair[0]) < key(&pair[1]), "{what}");
    }
    for code in &answer.codes {
        let chain = code.chain.as_ref();
        assert!(chain.is_none_or(|chain| chain.brought.paid.all >= code.brought.paid.all), "{what}");
    }
}

/// Asks both sides of people with such params, of whom every third pays; both say the same.
fn ask(people: &[Value], filter: &str, question: &Referrals) -> Result<Answer, Error> {
    let rows = rows(people);
    on_rows(&rows, filter, |ground, scope, index| {
        let found = index.snapshot().referrals(scope, ground, question).map(Option::unwrap);
        let documents = rows.iter().map(|row| (row.customer, vec![row.document(false)]));
        let customers: Vec<_> = documents.map(|(id, documents)| Customer { id, documents }).collect();
        let (projects, zone) =
            (BTreeMap::from([(scope.rows[0], PROJECTS[0].to_owned())]), scope.zone.clone());
        let (rows, moment) = (&BTreeSet::from([scope.rows[0]]), None);
        let world = reference::World { customers: &customers, projects: &projects, rows, zone, moment };
        assert_eq!(found, reference::insight::referrals(&world, ground, question));
        found
    })
}

fn rows(people: &[Value]) -> Vec<Row> {
    let now = NOW.parse().unwrap();
    let row = |(person, params): (usize, &Value)| Row {
        project: project_id(PROJECTS[0]).unwrap(),
        customer: id(person),
        email: format!("p{person}@x.com"),
        user_id: Some(format!("u{person}")),
        name: None,
        status: Some(if person.is_multiple_of(3) { filter::Status::Paid } else { filter::Status::Free }),
        status_since: None,
        first_paid: None,
        first_seen: now,
        last_activity: None,
        imported: None,
        params: params.as_object().cloned().unwrap_or_else(Map::new),
    };
    people.iter().enumerate().map(row).collect()
}

/// Calls with the ground and the index of some rows of one project.
fn on_rows<T>(rows: &[Row], filter: &str, ask: impl FnOnce(&Ground<'_>, &Scope<'_>, &Index) -> T) -> T {
    let (now, project, zone) = (NOW.parse().unwrap(), project_id(PROJECTS[0]).unwrap(), &TimeZone::UTC);
    let names = Catalogue::default();
    let scope = filter::Scope { now, horizon: None, zone: zone.clone(), names: &names, account_wide: true };
    let checked = |expr: &Expr| check(expr, &scope);
    let filter = filter::parse(filter).unwrap();
    let ground = Ground { filter: &filter, homes: &[], zone, now, horizon: None, check: &checked };
    let mut index = Index::default();
    index.apply(1, Prepared::new(rows), &[]);
    index.untold().into_iter().for_each(|untold| index.tell(untold.finish()));
    assert!(index.remember());
    let projects = BTreeMap::from([(project, Project { slug: PROJECTS[0].to_owned(), test: false })]);
    let predicate = &filter::Predicate::everything();
    let scope = Scope { rows: &[project], projects: &projects, zone, predicate, moment: None, until: None };
    ask(&ground, &scope, &index)
}

/// By `params.by`, of `params.mrr`.
fn question(limit: usize) -> Referrals {
    let field = |text| filter::parse_field(text).unwrap();
    Referrals {
        path: field("by"),
        sum: Some(field("mrr")),
        currency: None,
        carries: None,
        order: Order::SignUps,
        limit,
    }
}

/// What is told of codes: `code: sign-ups/paid, carriers, chain/codes/depth`.
fn told(answer: &Answer) -> Vec<String> {
    let code = |code: &Code| {
        let name = match &code.code {
            Datum::String(text) => text.clone(),
            Datum::Number(number) => index::number::plain(number),
            other => format!("{other:?}"),
        };
        let Rate { some, all } = code.brought.paid;
        let carriers = code.carriers.as_ref().map_or_else(|| "?".to_owned(), |own| own.count.to_string());
        let chain = code.chain.as_ref().map(|chain| [chain.brought.paid.all, chain.codes, chain.depth]);
        format!("{name}: {all}/{some}, {carriers}, {:?}", chain.unwrap_or_default())
    };
    answer.codes.iter().map(code).collect()
}

#[test]
fn nobody_has_the_path() {
    let answer = ask(&vec![json!({ "mrr": 5 }); 4], "", &question(20)).unwrap();
    assert_eq!((answer.codes.len(), answer.distinct, answer.all.paid.all), (0, 0, 0));
    assert_eq!(
        (answer.without.count, answer.odd.count, &answer.other, &answer.carries),
        (4, 0, &None, &None)
    );
}

#[test]
fn ties_go_by_the_code_and_the_rest_is_told_together() {
    let people: Vec<Value> = ["b", "a", "d", "c"].map(|by| json!({ "by": by, "mrr": 1 })).to_vec();
    let answer = ask(&people, "", &question(2)).unwrap();
    assert_eq!(told(&answer), ["a: 1/0, ?, [0, 0, 0]", "b: 1/1, ?, [0, 0, 0]"]);
    let other = answer.other.unwrap();
    assert_eq!(
        (other.paid, other.unlisted, &other.sums[0].all.sum),
        (Rate { some: 1, all: 2 }, None, &BigDecimal::from(2))
    );
    assert_eq!(ask(&people, "", &question(4)).unwrap().other, None);
}

#[test]
fn values_that_are_no_texts_are_codes_as_the_language_compares_them() {
    let one: Value = serde_json::from_str("1.0").unwrap();
    let people: Vec<Value> =
        [json!(1), one, json!("1"), json!(true), json!(null), json!([1]), json!({ "a": 1 })]
            .map(|by| json!({ "by": by }))
            .into_iter()
            .chain([json!({ "code": 1 })])
            .collect();
    let carries = filter::parse_field("code").ok();
    let answer = ask(&people, "", &Referrals { carries, ..question(20) }).unwrap();
    assert_eq!(told(&answer), ["1: 2/1, 1, [2, 1, 1]", "1: 1/0, 0, [1, 1, 1]", "True: 1/1, 0, [1, 1, 1]"]);
    assert_eq!((answer.odd.count, answer.without.count, answer.distinct), (3, 1, 3));
    // No user_id is a number: nobody carries it, and no filter can ask for it.
    let user_id = Referrals { carries: filter::parse_field("user_id").ok(), ..question(20) };
    let carriers = ask(&people, "", &user_id).unwrap().codes[0].carriers.clone().unwrap();
    assert_eq!((carriers.count, carriers.people), (0, None));
}

#[test]
fn circles_and_own_codes_end_a_chain() {
    let itself = [json!({ "by": "A", "code": "A" }), json!({ "by": "A" })];
    assert_eq!(told(&ask(&itself, "", &question(20)).unwrap()), ["A: 2/1, 1, [2, 1, 1]"]);
    let circle = [json!({ "by": "A", "code": "B" }), json!({ "by": "B", "code": "A" }), json!({ "by": "B" })];
    let answer = ask(&circle, "", &question(20)).unwrap();
    assert_eq!(told(&answer), ["B: 2/0, 1, [3, 2, 2]", "A: 1/1, 1, [3, 2, 2]"]);
    let carrier = Carrier { id: id(0), email: "p0@x.com".to_owned() };
    assert_eq!(answer.codes[0].carriers.as_ref().unwrap().customer, Some(carrier));
}

#[test]
fn chains_go_through_those_who_are_not_told_of() {
    let people = [
        json!({ "code": "A" }),
        json!({ "by": "A", "code": "B", "who": "left out" }),
        json!({ "by": "B", "code": "C" }),
        json!({ "by": "C" }),
        json!({ "by": "A" }),
    ];
    let answer = ask(&people, "not who exists", &question(20)).unwrap();
    // Two codes are carried by whom is told of or not; C has the third step.
    assert_eq!(told(&answer), ["A: 1/0, 1, [3, 3, 3]", "B: 1/0, 1, [2, 2, 2]", "C: 1/1, 1, [1, 1, 1]"]);
    let chain = answer.codes[0].chain.as_ref().unwrap();
    assert_eq!(
        chain.brought.people.as_ref().unwrap().to_string(),
        r#"not params.who exists and params.by in ("A", "B", "C")"#
    );
}

#[test]
fn where_codes_are_carried_is_found_by_what_one_customer_each_holds() {
    let mut people = vec![
        json!({ "code": "A", "team": "A", "deep": { "own": "A" } }),
        json!({ "code": "B", "team": "B", "deep": { "own": "B" } }),
        json!({ "by": "A", "team": "A", "deep": { "own": "C" } }),
        json!({ "by": "B", "team": "B" }),
        json!({ "by": "C" }),
    ];
    let found = |people: &[Value]| {
        let carries = ask(people, "", &question(20)).unwrap().carries;
        carries.map(|carries| (carries.field.to_string(), carries.is_found))
    };
    // Each team is of two; three codes stand in deep.own.
    assert_eq!(found(&people), Some(("params.deep.own".to_owned(), true)));
    people[2]["deep"] = json!({});
    // Two fields hold as many: the first in the order of fields.
    assert_eq!(found(&people), Some(("params.code".to_owned(), true)));
    // Ids are carried too.
    assert_eq!(found(&[json!({}), json!({ "by": "u0" })]), Some(("user_id".to_owned(), true)));
    // Several carry it: nothing is found, but it may be named, and says so.
    let several = [json!({ "code": "A" }), json!({ "code": "A" }), json!({ "by": "A" })];
    assert_eq!(found(&several), None);
    let carries = filter::parse_field("code").ok();
    let answer = ask(&several, "", &Referrals { carries, ..question(20) }).unwrap();
    let carriers = answer.codes[0].carriers.as_ref().unwrap();
    assert_eq!((carriers.count, &carriers.customer), (2, &None));
}

#[test]
fn sums_are_exact_by_currency_whatever_their_size_and_sign() {
    let number = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let person = |mrr: &str, currency: Value| json!({ "by": "A", "mrr": number(mrr), "currency": currency });
    let mut people = vec![
        person("0.1", json!("EUR")),
        person("0.2", json!("EUR")),
        person("-5", json!("EUR")),
        person("19.90", json!("eur")),
        person("7", json!(null)),
        person("\"9\"", json!("USD")),
    ];
    let currency = filter::parse_field("currency").ok();
    let question = Referrals { currency, ..question(20) };
    let sums = |people: &[Value]| {
        let answer = ask(people, "", &question).unwrap();
        let sum = |amount: &index::insight::referrals::Amount| {
            let currency = match &answer.currencies[amount.currency] {
                Kept::Value(Datum::String(text)) => text.clone(),
                other => format!("{other:?}"),
            };
            let [all, paid] =
                [&amount.all, &amount.paid].map(|own| (own.count, index::number::plain(&own.sum)));
            format!("{currency}: {} of {}, paid {} of {}", all.1, all.0, paid.1, paid.0)
        };
        answer.codes[0].brought.sums.iter().map(sum).collect::<Vec<_>>()
    };
    assert_eq!(
        sums(&people),
        [
            "EUR: -4.7 of 3, paid 0.1 of 1",
            "eur: 19.9 of 1, paid 19.9 of 1",
            "Value(Null): 7 of 1, paid 0 of 0"
        ]
    );
    people.push(person("1e30", json!("EUR")));
    people.push(person("0.000000000000000000001", json!("EUR")));
    assert_eq!(
        sums(&people)[0],
        "EUR: 999999999999999999999999999995.300000000000000000001 of 5, \
         paid 1000000000000000000000000000000.1 of 2"
    );
}

#[test]
fn numbers_whose_scales_are_far_apart_are_added_exactly() {
    let number = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    // Two chunks, so that each has a scale of its own.
    let of = |mrr: &str, count| vec![json!({ "by": "A", "mrr": number(mrr) }); count];
    let people = [of("9000000000000000000", 65_536), of("0.000000000000000001", 3)].concat();
    let rows = rows(&people);
    let sum = on_rows(&rows, "", |ground, scope, index| {
        let answer = index.snapshot().referrals(scope, ground, &question(1)).unwrap().unwrap();
        index::number::plain(&answer.codes[0].brought.sums[0].all.sum)
    });
    assert_eq!(sum, "589824000000000000000000.000000000000000003");
}

#[test]
fn more_codes_than_a_filter_holds_are_counted_without_one() {
    // Each comes by the code of the one before: a chain of two thousand, and as many codes.
    let person = |n: usize| json!({ "by": format!("r{n:04}"), "code": format!("r{:04}", n + 1), "mrr": 1 });
    let people: Vec<Value> = (0..2_000).map(person).collect();
    let answer = ask(&people, "", &question(3)).unwrap();
    let chain = answer.codes[0].chain.as_ref().unwrap();
    assert_eq!((chain.brought.paid.all, chain.codes, chain.depth), (2_000, 2_000, 2_000));
    let unlisted =
        |brought: &Brought| (brought.people.is_some(), brought.paid_people.is_some(), brought.unlisted);
    assert_eq!(unlisted(&chain.brought), (false, false, Some(Unlisted::Long)));
    assert_eq!(chain.brought.sums[0].all.sum, BigDecimal::from(2_000));
    let rest = on_rows(&rows(&people), "by > \"r1500\"", |ground, scope, index| {
        index.snapshot().referrals(scope, ground, &question(3)).unwrap().unwrap()
    });
    assert_eq!(unlisted(&rest.codes[0].chain.as_ref().unwrap().brought), (true, true, None));
    assert_eq!(unlisted(rest.other.as_ref().unwrap()), (true, true, None));
}

#[test]
fn the_answer_has_room_for_so_many_filters_of_chains() {
    // A thousand codes, each of which begins a chain of a few hundred.
    let person = |n: usize| json!({ "by": format!("r{n:04}"), "code": format!("r{:04}", (n + 1) % 990) });
    let people: Vec<Value> = (0..990).map(person).collect();
    let answer = on_rows(&rows(&people), "", |ground, scope, index| {
        let question = Referrals { sum: None, ..question(1_000) };
        index.snapshot().referrals(scope, ground, &question).unwrap().unwrap()
    });
    let chains: Vec<&Brought> =
        answer.codes.iter().map(|code| &code.chain.as_ref().unwrap().brought).collect();
    assert!(chains.iter().all(|chain| chain.paid.all == 990));
    let full = chains.iter().position(|chain| chain.unlisted.is_some()).unwrap();
    assert!(full > 0 && chains[full..].iter().all(|chain| chain.unlisted == Some(Unlisted::Full)));
    let length = |chain: &&Brought| {
        [&chain.people, &chain.paid_people].map(|own| own.as_ref().unwrap().to_string().len())
    };
    let taken: usize = chains[..full].iter().flat_map(length).sum();
    assert!(taken < FILTERS_MAX && taken > FILTERS_MAX / 2, "{taken}");
}

#[test]
fn who_carries_codes_is_found_however_few_are_told() {
    // Of the ten codes with the most sign-ups nobody carries one.
    let came = (0..40).flat_map(|n| vec![json!({ "by": format!("r{n:02}") }); if n < 10 { 2 } else { 1 }]);
    let people: Vec<Value> = came.chain((10..40).map(|n| json!({ "code": format!("r{n:02}") }))).collect();
    for limit in [3, 20] {
        let found = ask(&people, "", &question(limit)).unwrap().carries.unwrap();
        assert_eq!((found.field.to_string(), found.is_found), ("params.code".to_owned(), true), "{limit}");
    }
}

#[test]
fn a_code_too_long_to_be_shown_is_among_the_others() {
    let long = "x".repeat(1_000);
    let people = [json!({ "by": long }), json!({ "by": long }), json!({ "by": "A", "code": long })];
    let answer = ask(&people, "", &question(20)).unwrap();
    assert_eq!((told(&answer), answer.distinct), (vec!["A: 1/0, ?, [0, 0, 0]".to_owned()], 2));
    assert_eq!(answer.other.unwrap().paid, Rate { some: 1, all: 2 });
    // But a chain goes through it.
    let carries = filter::parse_field("code").ok();
    let answer = ask(&people, "", &Referrals { carries, ..question(20) }).unwrap();
    assert_eq!(told(&answer), ["A: 1/0, 0, [3, 2, 2]"]);
}

#[test]
fn what_has_no_room_is_refused() {
    let people: Vec<Value> = (0..60).map(|n| json!({ "by": "A", "mrr": 1, "n": n })).collect();
    let currency = filter::parse_field("n").ok();
    let refused = ask(&people, "", &Referrals { currency, ..question(20) });
    assert_eq!(refused, Err(Error::TooManyCurrencies));
    let many = format!("n in ({})", vec!["1"; 1_000].join(", "));
    assert!(matches!(ask(&people, &many, &question(20)), Err(Error::Filter(Place::Filter, _))));
    // Of forty currencies each code has one: what is not told takes no room.
    let apart: Vec<Value> = (0..400).map(|n| json!({ "by": n, "mrr": 1, "n": n % 40 })).collect();
    let (currency, long) = (filter::parse_field("n").ok(), format!("email != \"{}\"", "x".repeat(5_000)));
    let apart = ask(&apart, &long, &Referrals { currency, ..question(400) }).unwrap();
    let told = |brought: &Brought| {
        let sums =
            brought.sums.iter().flat_map(|amount| [amount.all.people.clone(), amount.paid.people.clone()]);
        sums.chain([brought.people.clone(), brought.paid_people.clone()]).flatten().collect::<Vec<Expr>>()
    };
    let filters = apart.codes.iter().flat_map(|code| told(&code.brought)).chain(told(&apart.all));
    let taken: usize = filters.map(|filter| filter.to_string().len()).sum();
    assert!(taken > FILTERS_MAX / 3 && taken < FILTERS_MAX, "{taken}");
    let people: Vec<Value> = (0..999).map(|n| json!({ "by": n })).collect();
    let long = format!("email != \"{}\"", "x".repeat(8_000));
    assert!(
        matches!(ask(&people, &long, &question(1_000)), Err(Error::TooLarge(bytes)) if bytes > FILTERS_MAX)
    );
}
