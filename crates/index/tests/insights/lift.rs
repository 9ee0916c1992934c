//! Lift as the index tells it, against statsmodels and exact integers.

use index::{
    Datum,
    insight::{
        Cell,
        lift::{Answer, Held, Lift, Line},
    },
};
use serde_json::Value;

use crate::{
    agree, ends, whole,
    world::{World, interval, json, list},
};

#[test]
fn lift_agrees() {
    let world = World::read();
    let questions = json("lift.json");
    assert_eq!(list(&questions).len(), 4);
    for written in list(&questions) {
        let fields = list(&written["paths"]).iter().map(|path| filter::parse_field(path.as_str().unwrap()));
        let outcome = filter::parse(written["outcome"].as_str().unwrap()).unwrap();
        let question = Lift { outcome, fields: Some(fields.map(Result::unwrap).collect()), landmark: None };
        let population = written["population"].as_str().unwrap();
        let found = world.ask(population, |snapshot, scope, ground| snapshot.lift(scope, ground, &question));
        agree_of(&found.unwrap().unwrap(), written);
    }
}

fn agree_of(found: &Answer, written: &Value) {
    let all = [found.all.rate.some, found.all.rate.all, found.tested as u64];
    assert_eq!(all, ["with_outcome", "people", "tested"].map(|name| whole(&written[name])));
    assert!(found.left_out.is_empty() && !found.more);
    let rows = list(&written["rows"]);
    assert_eq!(found.lines.len() + found.untested.len(), rows.len());
    for row in rows {
        let (field, held) = (filter::parse_field(row["path"].as_str().unwrap()).unwrap(), held(row));
        let mut lines = found.lines.iter().chain(&found.untested);
        let line = lines.find(|line| line.field == field && line.held == held);
        agree_of_line(line.unwrap_or_else(|| panic!("there is no such line: {row}")), row);
    }
}

fn held(row: &Value) -> Held {
    match row.get("value") {
        Some(value) => Held::Value(Datum::of(value)),
        None => {
            assert_eq!(row["missing"], true, "{row}");
            Held::Missing
        }
    }
}

fn agree_of_line(found: &Line, row: &Value) {
    agree_of_cell(&found.with, &row["with"], row);
    agree_of_cell(&found.without, &row["without"], row);
    let (difference, ratio, test) = (&row["difference"], &row["ratio"], found.test);
    let are_there = [found.difference.is_some(), found.ratio.is_some(), test.is_some(), test.is_some()];
    assert_eq!(are_there, ["difference", "ratio", "p", "q"].map(|name| !row[name].is_null()), "{row}");
    if let Some(found) = found.difference {
        agree(found.value, &difference[0], 0.0, row);
        ends(found.interval, &difference[1], &difference[2], 1.0, row);
    }
    if let Some(found) = found.ratio {
        assert_eq!(found.value.is_none(), ratio[0].is_null(), "{row}");
        found.value.iter().for_each(|value| agree(*value, &ratio[0], 0.0, row));
        assert_eq!(found.interval.is_none(), ratio[1].is_null(), "{row}");
        found.interval.iter().for_each(|own| ends(*own, &ratio[1], &ratio[2], 0.0, row));
    }
    if let Some(found) = test {
        agree(found.p, &row["p"], 0.0, row);
        agree(found.q, &row["q"], 0.0, row);
    }
}

fn agree_of_cell(found: &Cell, written: &Value, row: &Value) {
    let counts = [found.rate.some, found.rate.all];
    assert_eq!(counts, [0, 1].map(|place| whole(&written[place])), "{row}");
    interval(found.rate.interval(), &written[2], row);
}
