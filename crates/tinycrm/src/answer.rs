//! Answers to queries as text: the count and the aggregates, the groups, the first customers.

use std::{cmp::Reverse, collections::BTreeMap};

use filter::Status;
use serde_json::{Map, Value};

use crate::{caret, table::Table};

/// How many params a list of customers shows beside the fields, unless they are named.
const PARAMS_SHOWN: usize = 5;

/// The filters of an insight besides the one that says who is told of: their names on the wire, and on the command line.
const OF_INSIGHTS: [(&str, &str); 6] = [
    ("retained", "--retained"),
    ("outcome", "OUTCOME"),
    ("from", "--from"),
    ("to", "--to"),
    ("there", "--there"),
    ("while", "--while"),
];

/// What may have been meant otherwise, each under the words that it is about.
pub fn warnings(told: &Value) -> impl Iterator<Item = String> {
    list(told).iter().map(warning)
}

fn warning(warning: &Value) -> String {
    let place = |end: &str| warning["span"][end].as_u64().and_then(|n| usize::try_from(n).ok());
    // Of an insight's filters it must be said which one it is.
    let of = warning["in"].as_str().and_then(option).map(|of| format!("{of}: ")).unwrap_or_default();
    let mut text = format!("warning: {of}{}", plain(&warning["detail"]));
    if let (Some(start), Some(end)) = (place("start"), place("end"))
        && start < end
    {
        text += &format!("\n{}", caret::under(&plain(&warning["text"]), start, end));
    }
    match warning["fix"].as_str() {
        Some(fix) => text += &format!("\nhint: Write {fix} there."),
        None if warning["code"] == "only_test_projects" => text += "\nhint: Add --test.",
        None => {}
    }
    text
}

/// What a filter of an insight is called on the command line, besides the one that says who is told of.
pub fn option(name: &str) -> Option<&'static str> {
    OF_INSIGHTS.into_iter().find(|(wire, _)| *wire == name).map(|(_, option)| option)
}

/// Of which moment an answer is, where that is not the present.
pub fn past(moment: &str) -> String {
    format!("This is as of {moment}.")
}

/// The count and the aggregates, one a line.
pub fn totals(answer: &Value) -> String {
    let (count, relationships) = (plain(&answer["count"]), plain(&answer["relationships"]));
    let mut lines = vec![(count.clone(), if count == "1" { "customer" } else { "customers" }.to_owned())];
    if relationships != count && !relationships.is_empty() {
        lines[0].1 += &format!(", in {relationships} relationships with projects");
    }
    for total in list(&answer["aggregates"]) {
        let note = match total["skipped"].as_u64() {
            Some(skipped) if skipped > 0 => format!("  ({skipped} of another type were skipped)"),
            _ => String::new(),
        };
        lines.push((plain(&total["value"]), format!("{}{note}", plain(&total["aggregate"]))));
    }
    let width = lines.iter().map(|(number, _)| number.len()).max().unwrap_or(0);
    let lines: Vec<String> =
        lines.into_iter().map(|(number, of)| format!("{number:>width$}  {of}")).collect();
    lines.join("\n")
}

/// The groups, and what is in none of them. Periods and buckets stand in their order, values by their count.
pub fn groups(answer: &Value) -> String {
    let groups = &answer["groups"];
    let aggregates = list(&answer["aggregates"]).iter().map(|total| plain(&total["aggregate"]));
    let mut rows: Vec<&Value> = list(&groups["rows"]).iter().collect();
    let besides = [("other", "(others)"), ("skipped", "(another type)"), ("missing", "(missing)")]
        .map(|(name, shown)| (shown, &groups[name]));
    let besides = || besides.iter().filter(|(_, group)| group.is_object());
    let all = || rows.iter().copied().chain(besides().map(|(_, group)| *group));
    let occurs = |status: &&Status| all().any(|group| group["by_status"][status.as_str()].as_u64() > Some(0));
    let statuses: Vec<Status> = match groups["by"] == "status" {
        true => Vec::new(), // each group has one
        false => Status::ALL.iter().filter(occurs).copied().collect(),
    };
    let fixed = [plain(&groups["by"]), "count".to_owned(), "share".to_owned()];
    let names = statuses.iter().map(|status| status.as_str().to_owned());
    let mut table = Table::new(fixed.into_iter().chain(names).chain(aggregates));
    rows.sort_by(|a, b| {
        place(a).total_cmp(&place(b)).then_with(|| a["from"].as_str().cmp(&b["from"].as_str()))
    });
    for row in rows {
        table.row(group(shown(row), row, &statuses));
    }
    for (shown, besides) in besides() {
        table.row(group((*shown).to_owned(), besides, &statuses));
    }
    table.render()
}

/// Where a bucket begins; the same for all that is no bucket.
fn place(row: &Value) -> f64 {
    let bucket = !row["to"].is_null();
    row["value"].as_f64().filter(|_| bucket).unwrap_or(0.0)
}

fn group(name: String, group: &Value, statuses: &[Status]) -> Vec<String> {
    let share = share(group["share"].as_f64().unwrap_or(0.0));
    let totals = list(&group["aggregates"]).iter().map(|total| plain(&total["value"]));
    let statuses = statuses.iter().map(|status| plain(&group["by_status"][status.as_str()]));
    [name, plain(&group["count"]), share].into_iter().chain(statuses).chain(totals).collect()
}

/// A share in percent, a half of a tenth rounded up, which formatting would round to even.
pub fn share(share: f64) -> String {
    format!("{:.1}%", (share * 1_000.0).round() / 10.0)
}

/// What a group has in common; a bucket is shown with both its ends.
pub fn shown(group: &Value) -> String {
    match (&group["value"], &group["to"]) {
        (Value::Null, _) => "null".to_owned(),
        (Value::String(text), _) if text.is_empty() => "\"\"".to_owned(),
        (value, Value::Null) => plain(value),
        (from, to) => format!("{} – {}", plain(from), plain(to)),
    }
}

/// The first customers: who they are, and the params that were asked for or that occur most among them.
pub fn customers(answer: &Value, columns: &[String]) -> String {
    let customers = list(&answer["customers"]);
    if customers.is_empty() {
        return String::new();
    }
    let relationships = || customers.iter().flat_map(|customer| list(&customer["relationships"]));
    let paths =
        if columns.is_empty() { common(relationships()) } else { columns.iter().map(|c| path(c)).collect() };
    let many = relationships().any(|r| r["project"] != customers[0]["relationships"][0]["project"]);
    let header = ["email", "name", "status"].into_iter().chain(many.then_some("project")).map(str::to_owned);
    let mut table = Table::new(header.chain(paths.iter().map(|path| path.join("."))));
    for customer in customers {
        for relationship in list(&customer["relationships"]) {
            let who = [&customer["email"], &relationship["name"], &relationship["status"]].into_iter();
            let fixed = who.chain(many.then_some(&relationship["project"])).map(plain);
            let params = paths.iter().map(|path| plain(find(&relationship["params"], path)));
            table.row(fixed.chain(params));
        }
    }
    let more = if answer["next"].is_string() { "\n…" } else { "" };
    format!("{}{more}", table.render())
}

/// The keys of params that most of the listed relationships have; ties by name.
fn common<'a>(relationships: impl Iterator<Item = &'a Value>) -> Vec<Vec<String>> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for key in relationships.filter_map(|r| r["params"].as_object()).flat_map(Map::keys) {
        *counts.entry(key).or_default() += 1;
    }
    let mut keys: Vec<(&str, usize)> = counts.into_iter().collect();
    keys.sort_by_key(|(_, count)| Reverse(*count));
    keys.into_iter().take(PARAMS_SHOWN).map(|(key, _)| vec![key.to_owned()]).collect()
}

/// The keys of a path as it is written in filters; what is no path is a key.
fn path(text: &str) -> Vec<String> {
    let field = filter::parse_field(text).ok();
    let path = field.as_ref().and_then(filter::Field::path).map(|path| path.keys().to_vec());
    path.unwrap_or_else(|| vec![text.to_owned()])
}

fn find<'a>(params: &'a Value, path: &[String]) -> &'a Value {
    path.iter().fold(params, |value, key| &value[key])
}

/// The members of a list; none of anything else.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A value as people read it: no quotes around strings, nothing for what is missing.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.iter().all(|v| !v.is_array() && !v.is_object()) => {
            values.iter().map(plain).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_a_tenth_are_rounded_up() {
        for (of, shown) in
            [(0.0625, "6.3%"), (0.0005, "0.1%"), (0.666_667, "66.7%"), (0.0, "0.0%"), (1.0, "100.0%")]
        {
            assert_eq!(share(of), shown);
        }
    }
}
