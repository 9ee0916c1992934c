//! Retention as the index tells it, against pandas.

use filter::calendar::Unit;
use index::insight::{
    people::paying,
    retention::{Answer, Cohort, Group, Retained, Retention, Total},
};
use serde_json::Value;

use crate::{
    whole,
    world::{World, by, day, interval, json, kept, list},
};

#[test]
fn retention_agrees() {
    let world = World::read();
    let questions = json("retention.json");
    assert_eq!(list(&questions).len(), 4);
    for written in list(&questions) {
        let question = question(written);
        let found = world.ask("", |snapshot, scope, ground| snapshot.retention(scope, ground, &question));
        agree(&found.unwrap().unwrap(), written);
    }
}

fn question(written: &Value) -> Retention {
    Retention {
        unit: match written["unit"].as_str() {
            Some("week") => Unit::Week,
            Some("month") => Unit::Month,
            _ => panic!("{}", written["unit"]),
        },
        began: filter::parse_field(written["began"].as_str().unwrap()).unwrap(),
        cohorts: (day(&written["cohorts"][0]), day(&written["cohorts"][1])),
        periods: whole(&written["periods"]) as usize,
        retained: match written["retained"].as_str() {
            Some("seen") => Some(Retained::Seen),
            Some("paid") => Some(Retained::While(Box::new(paying()))),
            _ => panic!("{}", written["retained"]),
        },
        by: by(&written["by"]),
    }
}

fn agree(found: &Answer, written: &Value) {
    let groups = list(&written["groups"]);
    assert_eq!(found.groups.len(), groups.len());
    for group in groups {
        let own = found.groups.iter().find(|own| own.kept == kept(&group["kept"]));
        agree_of(own.unwrap_or_else(|| panic!("nobody is {}", group["kept"])), group);
    }
    let inside: u64 = list(&groups[0]["cohorts"]).iter().map(|cohort| whole(&cohort[1])).sum();
    assert_eq!(inside + found.outside, 1_800);
}

fn agree_of(found: &Group, written: &Value) {
    let (cohorts, totals) = (list(&written["cohorts"]), list(&written["totals"]));
    assert_eq!(found.cohorts.len(), cohorts.len());
    found.cohorts.iter().zip(cohorts).for_each(|(own, cohort)| agree_of_cohort(own, cohort));
    // A period that has begun for no cohort is written as that of none.
    let (begun, others) = totals.split_at(found.totals.len());
    found.totals.iter().zip(begun).for_each(|(own, total)| agree_of_total(own, total));
    assert!(others.iter().all(|total| *total == serde_json::json!([0, 0, 0, null])), "{others:?}");
}

fn agree_of_cohort(found: &Cohort, written: &Value) {
    assert_eq!((found.first, found.size), (day(&written[0]), whole(&written[1])), "{written}");
    let over = found.periods.iter().take_while(|period| period.is_over).count();
    assert_eq!(over as u64, whole(&written[2]), "{written}");
    assert!(found.periods[over..].iter().all(|period| !period.is_over), "{written}");
    let rates = found.periods.iter().map(|period| period.cell.as_ref().map(|cell| cell.rate));
    let counts: Vec<Option<u64>> = rates.clone().map(|rate| Some(rate?.some)).collect();
    assert_eq!(counts, list(&written[3]).iter().map(Value::as_u64).collect::<Vec<_>>(), "{written}");
    assert!(rates.flatten().all(|rate| rate.all == found.size), "{written}");
}

fn agree_of_total(found: &Total, written: &Value) {
    let rate = found.cell.as_ref().map(|cell| cell.rate).unwrap_or_default();
    let counts = [found.cohorts as u64, rate.some, rate.all];
    assert_eq!(counts, [0, 1, 2].map(|place| whole(&written[place])), "{written}");
    interval(rate.interval(), &written[3], written);
}
