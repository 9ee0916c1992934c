//! The tables of insights as rows of text: every count, sum and rate. What is computed of the counts besides (intervals, p, q) is
//! checked by the product's own tests.

use serde_json::Value;

use crate::{
    Failure,
    answers::{Rows, text},
};

/// What a step of movements tells, in this order.
const PIECES: [&str; 7] = ["opening", "new", "expansion", "reactivated", "contraction", "churned", "closing"];
const RATES: [&str; 4] = ["gross_retention", "net_retention", "churn_rate", "quick_ratio"];

/// The rows of an insight of this kind.
pub(crate) fn rows(kind: &str, answer: &Value) -> Result<Rows, Failure> {
    match kind {
        "retention" => Ok(retention(answer)),
        "conversion" => Ok(list(&answer["groups"]).flat_map(conversion).collect()),
        "movements" => Ok(list(&answer["currencies"]).flat_map(movements).collect()),
        "lift" => Ok(lift(answer)),
        "referrals" => Ok(list(&answer["codes"]).map(referrals).collect()),
        "overlap" => Ok(overlap(answer)),
        _ => Err(format!("nobody has written how {kind} is read").into()),
    }
}

/// Who is told of, the cohort, the period, its state or how many cohorts it has, how many, of how many, the rate.
fn retention(answer: &Value) -> Rows {
    let of_group = |group: &Value| -> Rows {
        let who = kept(group);
        let row = |cohort: String, period: String, state: String, cell: &Value| {
            let numbers = ["count", "of", "rate"].map(|name| text(&cell[name]));
            [who.clone(), cohort, period, state].into_iter().chain(numbers).collect::<Vec<_>>()
        };
        let mut rows = Rows::new();
        for cohort in list(&group["cohorts"]) {
            let label = text(&cohort["label"]);
            rows.push(row(label.clone(), "size".into(), text(&cohort["size"]), &Value::Null));
            let periods = list(&cohort["periods"]);
            rows.extend(periods.map(|period| {
                row(label.clone(), text(&period["period"]), text(&period["state"]), &period["retained"])
            }));
        }
        let totals = list(&group["totals"]);
        rows.extend(totals.map(|total| {
            row("total".into(), text(&total["period"]), text(&total["cohorts"]), &total["retained"])
        }));
        rows
    };
    let mut rows: Rows = list(&answer["groups"]).flat_map(of_group).collect();
    rows.push(vec!["outside".to_owned(), text(&answer["outside"])]);
    rows
}

/// Who is told of, how many days and what became of those whose days are over and of the others; then the days of the curve: at
/// risk, at the end, still on the way, the estimate.
fn conversion(group: &Value) -> Rows {
    let who = kept(group);
    let row = |cells: Vec<&Value>| [who.clone()].into_iter().chain(cells.into_iter().map(text)).collect();
    let within = list(&group["within"]).map(|within| {
        let (over, running) = (&within["over"], &within["running"]);
        row(vec![&within["days"], &over["count"], &over["of"], &running["count"], &running["of"]])
    });
    let curve = list(&group["curve"]).map(|point| {
        let counts = ["at_risk", "converted", "censored"].map(|name| &point[name]["count"]);
        row([&point["day"]].into_iter().chain(counts).chain([&point["share"]]).collect())
    });
    within.chain(curve).collect()
}

/// Who is told of, the step, whether it is over, how many and how much of each piece, how many are odd, the rates.
fn movements(currency: &Value) -> Rows {
    let of_group = |group: &Value| -> Rows {
        let who = kept(group);
        let of_step = |step: &Value| {
            let pieces = PIECES.iter().flat_map(|piece| [&step[piece]["count"], &step[piece]["sum"]]);
            let rates = RATES.iter().map(|rate| &step[rate]);
            let cells =
                [&step["label"], &step["over"]].into_iter().chain(pieces).chain([&step["odd"]["count"]]);
            [who.clone()].into_iter().chain(cells.chain(rates).map(text)).collect()
        };
        list(&group["steps"]).map(of_step).collect()
    };
    list(&currency["groups"]).flat_map(of_group).collect()
}

/// The field, what is held, and how many of how many have the outcome with it and without. What all others hold is a line too.
fn lift(answer: &Value) -> Rows {
    let counts = |cell: &Value| [text(&cell["count"]), text(&cell["of"])];
    let row = |field: &str, held: &Value, [with, without]: [&Value; 2]| {
        let held = [field.replace("params.", ""), text(&held["of"]), text(&held["value"])];
        held.into_iter().chain(counts(with)).chain(counts(without)).collect::<Vec<_>>()
    };
    let mut rows = vec![vec!["all".to_owned()].into_iter().chain(counts(&answer["all"])).collect()];
    for line in list(&answer["lines"]).chain(list(&answer["untested"])) {
        let (field, with, without) = (text(&line["field"]), &line["with"], &line["without"]);
        rows.push(row(&field, &line["held"], [with, without]));
        if !line["others"].is_null() {
            rows.push(row(&field, &line["others"], [without, with]));
        }
    }
    rows
}

/// The code, how many came by it, how many pay, the numbers of all and of those who pay; who carries it; the same of its chain.
fn referrals(code: &Value) -> Vec<String> {
    let brought = |side: &Value| {
        let sums = ["all", "paid"].map(|who| match &side["sums"][0][who]["sum"] {
            Value::Null => "0".to_owned(),
            sum => text(sum),
        });
        [text(&side["of"]), text(&side["count"])].into_iter().chain(sums).collect::<Vec<_>>()
    };
    let carriers = text(&code["carriers"]["count"]);
    [text(&code["code"])]
        .into_iter()
        .chain(brought(code))
        .chain([carriers])
        .chain(brought(&code["chain"]))
        .collect()
}

/// Each project with its customers and those who pay; and each two, by name: in both, of the one, of the other, paying in both, in
/// either, Jaccard's index.
fn overlap(answer: &Value) -> Rows {
    let project = |side: &Value| {
        vec![text(&side["project"]), text(&side["customers"]["count"]), text(&side["paid"]["count"])]
    };
    let pair = |pair: &Value| {
        let mut sides =
            [("first", "of_first"), ("second", "of_second")].map(|(name, of)| (&pair[name], &pair[of]));
        sides.sort_by_key(|(name, _)| text(name));
        let [(one, of_one), (other, of_other)] = sides;
        let cells = [one, other, &of_one["count"], &of_one["of"], &of_other["of"], &pair["paid"]["count"]];
        cells.into_iter().chain([&pair["either"], &pair["jaccard"]]).map(text).collect()
    };
    list(&answer["projects"]).map(project).chain(list(&answer["pairs"]).map(pair)).collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Who is told of: `all`, `other`, `missing`, or `value` and the value.
fn kept(group: &Value) -> String {
    let of = text(&group["of"]);
    if group["value"].is_null() { of } else { format!("{of} {}", text(&group["value"])) }
}
