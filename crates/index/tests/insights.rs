//! The statistics, and the insights of 1,800 people, against a second opinion: what pandas, lifelines, statsmodels and exact
//! integers say of them stands in `insights/`; `make second-opinion` makes it anew.

// A failed step of a test is a panic, in its helpers too.
#![allow(clippy::unwrap_used)]

#[path = "insights/conversion.rs"]
mod conversion;
#[path = "insights/lift.rs"]
mod lift;
#[path = "insights/movements.rs"]
mod movements;
#[path = "insights/retention.rs"]
mod retention;
#[path = "insights/world.rs"]
mod world;

use index::insight::stats::{
    Exits, Interval, Rate, difference, discovery, fisher, life_table, median, ratio, wilson,
};
use serde_json::Value;

fn written(part: &str) -> Vec<Value> {
    let cases = world::json("statistics.json")[part].as_array().unwrap().clone();
    assert!(cases.len() > 30, "{part}: {} cases", cases.len());
    cases
}

fn whole(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn rate(some: &Value, all: &Value) -> Rate {
    Rate { some: whole(some), all: whole(all) }
}

/// Twelve significant digits. Near 0 a difference of two numbers has fewer, on both sides: `parts` is how large these are.
#[track_caller]
fn agree(found: f64, wanted: &Value, parts: f64, of: &Value) {
    let wanted = wanted.as_f64().unwrap();
    let off = (found - wanted).abs();
    assert!(
        off <= 1e-12 * wanted.abs() || off <= 4.0 * f64::EPSILON * parts,
        "{found} is not {wanted}, of {of}"
    );
}

#[track_caller]
fn ends(found: Interval, low: &Value, high: &Value, parts: f64, of: &Value) {
    agree(found.low, low, parts, of);
    agree(found.high, high, parts, of);
}

#[test]
fn wilson_agrees() {
    for case in written("wilson") {
        let found = wilson(whole(&case[0]), whole(&case[1]));
        assert_eq!(found.is_none(), case[2].is_null(), "{case}");
        let Some(found) = found else { continue };
        ends(found, &case[2][0], &case[2][1], 1e-3, &case);
        let exact = |end: &Value| [0.0, 1.0].into_iter().find(|exact| end.as_f64() == Some(*exact));
        assert!(exact(&case[2][0]).is_none_or(|low| found.low == low), "{case}");
        assert!(exact(&case[2][1]).is_none_or(|high| found.high == high), "{case}");
    }
}

#[test]
fn newcombe_agrees() {
    for case in written("difference") {
        let found = difference(rate(&case[0], &case[1]), rate(&case[2], &case[3]));
        assert_eq!(found.is_none(), case[4].is_null(), "{case}");
        let Some(found) = found else { continue };
        agree(found.value, &case[4][0], 0.0, &case);
        ends(found.interval, &case[4][1], &case[4][2], 1.0, &case);
    }
}

#[test]
fn ratios_agree() {
    for case in written("ratio") {
        let found = ratio(rate(&case[0], &case[1]), rate(&case[2], &case[3]));
        assert_eq!(found.is_none(), case[4].is_null(), "{case}");
        let Some(found) = found else { continue };
        assert_eq!(found.value.is_none(), case[4][0].is_null(), "{case}");
        found.value.iter().for_each(|value| agree(*value, &case[4][0], 0.0, &case));
        assert_eq!(found.interval.is_none(), case[4][1].is_null(), "{case}");
        found.interval.iter().for_each(|own| ends(*own, &case[4][1], &case[4][2], 0.0, &case));
    }
}

#[test]
fn fisher_agrees_with_exact_integers() {
    for case in written("fisher") {
        let [a, b, c, d] = [0, 1, 2, 3].map(|cell| whole(&case[cell]));
        let found = fisher([[a, b], [c, d]]);
        assert_eq!(found.is_none(), case[4].is_null(), "{case}");
        found.iter().for_each(|p| agree(*p, &case[4], 0.0, &case));
    }
}

#[test]
fn q_values_agree() {
    for case in written("discovery") {
        let p: Vec<Option<f64>> = case["p"].as_array().unwrap().iter().map(Value::as_f64).collect();
        let found = discovery(&p);
        assert_eq!(found.len(), p.len());
        for (q, wanted) in found.iter().zip(case["q"].as_array().unwrap()) {
            assert_eq!(q.is_none(), wanted.is_null(), "{case}");
            q.iter().for_each(|q| agree(*q, wanted, 0.0, &case));
        }
    }
}

#[test]
fn life_tables_agree() {
    for case in written("survival") {
        let exits = case["exits"].as_array().unwrap().iter().map(|exit| Exits {
            time: whole(&exit[0]),
            events: whole(&exit[1]),
            censored: whole(&exit[2]),
        });
        let found = life_table(exits);
        let wanted = case["rows"].as_array().unwrap();
        assert_eq!(found.len(), wanted.len(), "{case}");
        for (row, wanted) in found.iter().zip(wanted) {
            let counts = [row.time, row.at_risk, row.events, row.censored];
            assert_eq!(counts, [0, 1, 2, 3].map(|column| whole(&wanted[column])), "{wanted}");
            agree(row.survival, &wanted[4], 0.0, wanted);
            ends(row.survival_interval, &wanted[5], &wanted[6], 0.0, wanted);
            ends(row.converted_interval, &wanted[7], &wanted[8], 1.0, wanted);
            agree(row.converted, &Value::from(1.0 - wanted[4].as_f64().unwrap()), 1.0, wanted);
        }
        let middle = median(&found);
        for (time, wanted) in
            [middle.time, middle.low, middle.high].iter().zip(case["median"].as_array().unwrap())
        {
            assert_eq!(*time, wanted.as_u64(), "the median of {case}");
        }
        for error in case["error"].as_array().unwrap() {
            let row = found.iter().find(|row| row.time == whole(&error[0])).unwrap();
            agree(row.survival * row.greenwood.sqrt(), &error[1], 0.0, error);
        }
    }
}
