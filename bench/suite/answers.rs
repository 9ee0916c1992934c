//! Every engine's answers in one form, and whether they are the same: nothing is timed before they are.
//!
//! The form is a list of rows of text, sorted: counts and sums, groups, facets, and the e-mails of a page with their
//! places. Numbers may differ in the tenth digit, because some engines add binary fractions.

use std::{collections::BTreeMap, fs};

use serde_json::{Value, json};

use crate::{
    Failure, Run,
    http::Request,
    insights,
    questions::{ENGINES, INSIGHTS, Question},
};

/// The keys by which catalogues are compared: those that never hold null, which ClickHouse takes for missing.
const KEYS: [&str; 8] = ["plan", "role", "beta", "score", "seats", "billing_cycle", "signed_up_at", "source"];

pub(crate) type Rows = Vec<Vec<String>>;

/// What TinyCRM is sent for a question.
pub(crate) fn request(question: &Question) -> Request {
    match question.body() {
        Some(body) => Request::post(question.path(), body),
        None => Request::get("/v1/params"),
    }
}

/// Asks TinyCRM every question. What it gives up, because it takes too long, is left out and told as such.
pub(crate) fn tinycrm(run: &Run, questions: &[Question]) -> Result<(), Failure> {
    let mut answers = serde_json::Map::new();
    for question in questions {
        let (status, body) = run.server_for(question).open()?.try_send(&request(question))?;
        let answer: Value = serde_json::from_slice(&body)?;
        match (status, answer["code"].as_str()) {
            (200, _) => {
                let rows = match question.path().strip_prefix(INSIGHTS) {
                    Some(kind) => insights::rows(kind, &answer)?,
                    None => rows(&answer),
                };
                answers.insert(question.name.clone(), json!(rows));
            }
            (_, Some("query_too_slow")) => println!("{} takes too long and has no answer", question.name),
            _ => return Err(format!("{}: {status}, {answer}", question.name).into()),
        }
    }
    run.write("answers-tinycrm", &Value::Object(answers))
}

/// TinyCRM's answers.
pub(crate) fn answered(run: &Run) -> Result<BTreeMap<String, Rows>, Failure> {
    read(run, ENGINES[0]).ok_or_else(|| "no answers of TinyCRM".into())
}

fn read(run: &Run, engine: &str) -> Option<BTreeMap<String, Rows>> {
    serde_json::from_str(&fs::read_to_string(run.out.join(format!("answers-{engine}.json"))).ok()?).ok()
}

/// The rows of an answer of TinyCRM.
fn rows(answer: &Value) -> Rows {
    let list = |name: &str| answer[name].as_array().map_or(&[][..], Vec::as_slice);
    let mut rows = Rows::new();
    if !answer["count"].is_null() {
        let aggregates = list("aggregates").iter().map(|aggregate| text(&aggregate["value"]));
        rows.push(std::iter::once(text(&answer["count"])).chain(aggregates).collect());
    }
    let groups = &answer["groups"];
    for group in groups["rows"].as_array().into_iter().flatten() {
        rows.push(self::group(text(&group["value"]), group));
    }
    if !groups["missing"].is_null() {
        rows.push(group("null".to_owned(), &groups["missing"]));
    }
    for point in list("points") {
        let totals = point["aggregates"].as_array().into_iter().flatten();
        let totals = totals.map(|aggregate| text(&aggregate["value"]));
        rows.push([text(&point["label"]), text(&point["count"])].into_iter().chain(totals).collect());
    }
    for facet in list("facets") {
        let field = text(&facet["field"]).replace("params.", "");
        for value in facet["values"].as_array().into_iter().flatten() {
            rows.push(vec![field.clone(), text(&value["value"]), text(&value["count"])]);
        }
    }
    rows.extend(
        list("customers").iter().enumerate().map(|(place, customer)| page(place, &text(&customer["email"]))),
    );
    rows.extend(list("params").iter().filter_map(|facet| {
        let key = text(&facet["field"]).replace("params.", "");
        KEYS.contains(&key.as_str()).then(|| vec![key, text(&facet["coverage"])])
    }));
    rows
}

/// A group; calendar months are told by year and month, as the peers tell them.
fn group(label: String, group: &Value) -> Vec<String> {
    let is_day = label.len() == 10 && label.ends_with("-01");
    let label = if is_day { label[..7].to_owned() } else { label };
    let totals =
        group["aggregates"].as_array().into_iter().flatten().map(|aggregate| text(&aggregate["value"]));
    [label, text(&group["count"])].into_iter().chain(totals).collect()
}

/// A customer of a page.
pub(crate) fn page(place: usize, email: &str) -> Vec<String> {
    vec![format!("{place}"), email.to_owned()]
}

/// A cell without quotes.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Compares every engine's answers with TinyCRM's; what differs is told and fails the run.
pub(crate) fn compare(run: &Run, questions: &[Question]) -> Result<(), Failure> {
    let ours = answered(run)?;
    let (mut wrong, mut compared) = (Vec::new(), serde_json::Map::new());
    for engine in &ENGINES[1..] {
        let Some(theirs) = read(run, engine) else { continue };
        let mut same = 0;
        for question in questions.iter().filter(|question| question.statements(engine).is_ok()) {
            let name = &question.name;
            let Some(our) = ours.get(name) else { continue };
            let (our, their) = (sorted(our, name), theirs.get(name).map(|rows| sorted(rows, name)));
            match their {
                Some(their) if equal(&our, &their) => same += 1,
                their => {
                    wrong.push(format!("{engine}, {name}: {}", difference(&our, &their.unwrap_or_default())));
                }
            }
        }
        compared.insert((*engine).to_owned(), json!(same));
    }
    run.write("compare", &Value::Object(compared))?;
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

fn sorted(rows: &Rows, question: &str) -> Rows {
    let known = |row: &&Vec<String>| question != "catalogue" || KEYS.contains(&row[0].as_str());
    let mut rows: Rows =
        rows.iter().filter(known).map(|row| row.iter().map(|cell| plain(cell)).collect()).collect();
    rows.sort_unstable();
    rows
}

/// A number without the zeros at its end.
fn plain(cell: &str) -> String {
    match cell.split_once('.') {
        Some((_, cents)) if cents.bytes().all(|byte| byte.is_ascii_digit()) => {
            cell.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => cell.to_owned(),
    }
}

fn equal(ours: &Rows, theirs: &Rows) -> bool {
    ours.len() == theirs.len()
        && ours.iter().zip(theirs).all(|(our, their)| {
            our.len() == their.len() && our.iter().zip(their).all(|(one, other)| alike(one, other))
        })
}

fn alike(one: &str, other: &str) -> bool {
    // What lies in the middle of two numbers of six places may be rounded to either: floats do not say which.
    let is_rounded = |text: &str| text.split_once('.').is_some_and(|(_, places)| places.len() == 6);
    let last_place: f64 = if is_rounded(one) && is_rounded(other) { 1.000_001e-6 } else { 0.0 };
    one == other
        || match (one.parse::<f64>(), other.parse::<f64>()) {
            (Ok(one), Ok(other)) => (one - other).abs() <= last_place.max(1e-9 * one.abs().max(1.0)),
            _ => false,
        }
}

fn difference(ours: &Rows, theirs: &Rows) -> String {
    let none = Vec::new();
    let first = (0..ours.len().max(theirs.len())).find_map(|place| {
        let (our, their) = (ours.get(place).unwrap_or(&none), theirs.get(place).unwrap_or(&none));
        let differ = our.len() != their.len() || !our.iter().zip(their).all(|(one, other)| alike(one, other));
        differ.then(|| format!("{our:?} is there {their:?}"))
    });
    format!("{} rows, there {}; {}", ours.len(), theirs.len(), first.unwrap_or_default())
}
