//! Conversion as the index tells it, against pandas and lifelines.

use filter::{Field, expr::Start};
use index::insight::conversion::{Conversion, DAYS_MAX, Group};
use serde_json::Value;

use crate::{
    agree, ends, whole,
    world::{World, by, interval, json, kept, list},
};

#[test]
fn conversion_agrees() {
    let world = World::read();
    let question = Conversion {
        from: Start::Field(Field::FirstSeen),
        to: Start::Field(Field::FirstPaid),
        within: vec![1, 14, 30],
        days: DAYS_MAX,
        by: by(&"params.source".into()),
    };
    let found = world.ask("", |snapshot, scope, ground| snapshot.conversion(scope, ground, &question));
    let found = found.unwrap().unwrap();
    let groups = json("conversion.json");
    assert_eq!((found.groups.len(), &found.outside), (list(&groups).len(), &None));
    for written in list(&groups) {
        let own = found.groups.iter().find(|own| own.kept == kept(&written["kept"]));
        agree_of(own.unwrap_or_else(|| panic!("nobody is {}", written["kept"])), written);
    }
}

fn agree_of(found: &Group, written: &Value) {
    let counts = [&found.entered, &found.before, &found.converted].map(|people| people.count);
    assert_eq!(
        counts,
        ["people", "before", "converted"].map(|name| whole(&written[name])),
        "{}",
        written["kept"]
    );
    let within = list(&written["within"]);
    assert_eq!(found.within.len(), within.len());
    for (own, within) in found.within.iter().zip(within) {
        let (over, running) = (own.over.rate, own.running.rate);
        let counts = [own.days.into(), over.all, over.some, running.all, running.some];
        let names = ["days", "over", "converted", "running", "running_converted"];
        assert_eq!(counts, names.map(|name| whole(&within[name])), "{within}");
        interval(over.interval(), &within["wilson"], within);
    }
    let rows = list(&written["rows"]);
    assert_eq!(found.curve.len(), rows.len(), "{}", written["kept"]);
    for (point, wanted) in found.curve.iter().zip(rows) {
        let row = &point.row;
        let counts = [row.time, row.at_risk, row.events, row.censored];
        assert_eq!(counts, [0, 1, 2, 3].map(|column| whole(&wanted[column])), "{wanted}");
        agree(row.survival, &wanted[4], 0.0, wanted);
        ends(row.survival_interval, &wanted[5], &wanted[6], 0.0, wanted);
        ends(row.converted_interval, &wanted[7], &wanted[8], 1.0, wanted);
    }
    let median = [found.median.time, found.median.low, found.median.high];
    assert_eq!(median.map(Value::from).to_vec(), *list(&written["median"]), "{}", written["kept"]);
}
