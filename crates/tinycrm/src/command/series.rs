//! `tinycrm series`: customers counted and summed at the end of each day, week, month or quarter.

use serde_json::{Map, Value, json};

use super::aggregates::Aggregates;
use crate::{
    answer::{list, plain, shown, warnings},
    client::Remote,
    failure::Failure,
    output::{Output, csv, note},
    table::Table,
};

/// Count and sum customers over time
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each line is what `tinycrm query --as-of` says at the end of that day, week, month or quarter; the
last one, if it is not over, is as of now and has a +. Without a FILTER it speaks of all customers.

Examples:
  tinycrm series 'status = paid' --sum mrr
  tinycrm series 'status = paid' --by plan --period 'last 24 months'
  tinycrm series 'status = trial' --step day --period 'this month' --csv > trials.csv")]
pub struct Series {
    /// A filter, e.g. 'plan = pro and mrr > 20'; its relative dates are relative to each point
    #[arg(default_value = "", hide_default_value = true)]
    filter: String,

    /// day, week, month or quarter
    #[arg(long, value_name = "STEP", default_value = "month")]
    step: String,

    /// From when to when: 'last 24 months', '2025-01-01 .. 2026-06-30' [default: last 12 months]
    #[arg(long, value_name = "PERIOD")]
    period: Option<String>,

    #[command(flatten)]
    aggregates: Aggregates,

    /// Tell the values of a field or a path apart
    #[arg(long, value_name = "PATH")]
    by: Option<String>,

    /// Tell that many values apart [default: 10]
    #[arg(long, value_name = "COUNT")]
    limit: Option<u32>,

    /// Only customers of this project (account keys see all)
    #[arg(long, value_name = "SLUG")]
    project: Option<String>,

    /// Ask all test projects instead of all others
    #[arg(long, conflicts_with = "project")]
    test: bool,

    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,

    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    remote: Remote,
}

impl Series {
    /// Asks and prints the answer.
    pub fn run(self) -> Result<(), Failure> {
        let client = self.remote.client()?;
        let asked = client.ask("/v1/series", &self.question().to_string());
        let answer = asked.map_err(|error| error.about(&self.filter))?;
        warnings(&answer["warnings"]).for_each(note);
        if self.csv {
            list(&answer["points"]).iter().filter(|point| point["over"] != true).for_each(|point| {
                note(format!("{} is not over: what it says is as of now", plain(&point["label"])));
            });
            return csv(&rows(&answer, ""));
        }
        self.output.show(&answer, || text(rows(&answer, "+")))
    }

    fn question(&self) -> Value {
        let given = [
            ("filter", json!(self.filter)),
            ("step", json!(self.step)),
            ("period", json!(self.period)),
            ("aggregates", json!(self.aggregates.all())),
            ("by", json!(self.by)),
            ("limit", json!(self.limit)),
            ("project", json!(self.project)),
            ("test", json!(self.test.then_some(true))),
        ];
        let given = given.into_iter().filter(|(_, value)| !value.is_null());
        given.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
    }
}

/// A line per point under the names of its columns: the step, the count, the aggregates; by value the same again for each, the
/// counts of relationships. A step that is not over has a mark.
fn rows(answer: &Value, mark: &str) -> Vec<Vec<String>> {
    let points: Vec<&Value> = answer["points"].as_array().into_iter().flatten().collect();
    // Which of the rest there is, some point may say and others not.
    let rest =
        REST.into_iter().filter(|(name, _)| points.iter().any(|point| !point["groups"][name].is_null()));
    let rest: Vec<(&str, &str)> = rest.collect();
    let Some(first) = points.first() else { return Vec::new() };
    let names: Vec<String> =
        list(&first["aggregates"]).iter().map(|total| plain(&total["aggregate"])).collect();
    let mut header = vec![plain(&answer["step"]), "count".to_owned()];
    header.extend(names.iter().cloned());
    let values = list(&first["groups"]["rows"])
        .iter()
        .map(shown)
        .chain(rest.iter().map(|(_, word)| (*word).to_owned()));
    for value in values {
        header.push(value.clone());
        header.extend(names.iter().map(|name| format!("{value} {name}")));
    }
    let row = |point: &&Value| {
        let groups = &point["groups"];
        let label = plain(&point["label"]) + if point["over"] == true { "" } else { mark };
        let mut row = vec![label, plain(&point["count"])];
        row.extend(totals(point, &names));
        for group in list(&groups["rows"]).iter().chain(rest.iter().map(|(name, _)| &groups[name])) {
            row.push(group["count"].as_u64().unwrap_or(0).to_string());
            row.extend(totals(group, &names));
        }
        row
    };
    std::iter::once(header).chain(points.iter().map(row)).collect()
}

/// What is told apart from the values, and how it is called.
const REST: [(&str, &str); 3] =
    [("other", "(others)"), ("skipped", "(another type)"), ("missing", "(missing)")];

/// The aggregates of a point or a group; where a group is not told, nobody is in it.
fn totals<'a>(of: &'a Value, names: &'a [String]) -> impl Iterator<Item = String> + use<'a> {
    let nothing = |name: &str| if name.starts_with("sum(") { "0" } else { "" }.to_owned();
    let total = move |(place, name): (usize, &String)| match &of["aggregates"][place]["value"] {
        Value::Null => nothing(name),
        value => plain(value),
    };
    names.iter().enumerate().map(total)
}

fn text(rows: Vec<Vec<String>>) -> String {
    let mut rows = rows.into_iter();
    let mut table = Table::new(rows.next().unwrap_or_default());
    rows.for_each(|row| table.row(row));
    table.render()
}
