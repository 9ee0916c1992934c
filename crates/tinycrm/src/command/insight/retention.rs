//! `tinycrm insight retention`: of those who began in a day, week or month, who stayed.

use serde_json::{Value, json};

use super::{Apart, Common, Where, cell, interval, kept, paragraphs, percent, signs::Signs};
use crate::{
    answer::{list, plain},
    failure::Failure,
    output::note,
    table::Table,
};

/// Who stays, by when they began
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A row is a cohort: those who were first seen in a week (or --unit). Column 0 is that week itself, each \
one after it a week later: which part of the cohort was seen in it. A rate is of a week that is over \
for the whole cohort; of one that goes on it is told how many have been seen so far.

(total) pools the people of all cohorts for which a week is over; percentages are not averaged. The \
last table tells the counts and the 95% interval of one week: the last that is over for half of all \
or more. --periods chooses an earlier one, --csv and --json have them all.

Examples:
  tinycrm insight retention
  tinycrm insight retention --unit month --retained 'status = paid'
  tinycrm insight retention 'params.plan = pro' --by params.source
  tinycrm insight retention --cohorts 'last 26 weeks' --csv > retention.csv")]
pub struct Retention {
    /// A filter: of whom, e.g. 'params.plan = pro' [default: everybody]
    #[arg(default_value = "", hide_default_value = true)]
    filter: String,

    /// day, week or month [default: week]
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,

    /// When they began: 'last 26 weeks', '2026-01-01 .. 2026-03-31' [default: the last 12 units]
    #[arg(long, value_name = "PERIOD")]
    cohorts: Option<String>,

    /// How many units after it are told [default: 12]
    #[arg(long, value_name = "COUNT")]
    periods: Option<u32>,

    /// When somebody began: first_seen, or a path that holds dates [default: first_seen]
    #[arg(long, value_name = "PATH")]
    began: Option<String>,

    /// Who counts as retained: seen, or a filter that is true at a unit's end, e.g. 'status = paid'
    #[arg(long, value_name = "FILTER")]
    retained: Option<String>,

    #[command(flatten)]
    apart: Apart,

    #[command(flatten)]
    of: Where,
    #[command(flatten)]
    common: Common,
}

impl Retention {
    /// Asks and prints the answer.
    pub fn run(self) -> Result<(), Failure> {
        let words = [
            ("unit", json!(self.unit)),
            ("cohorts", json!(self.cohorts)),
            ("periods", json!(self.periods)),
            ("began", json!(self.began)),
            ("retained", json!(self.retained)),
            ("by", json!(self.apart.by)),
            ("limit", json!(self.apart.limit)),
            ("project", json!(self.of.project)),
        ];
        self.common.tell("retention", &self.filter, &words, lines, |answer| self.text(answer))
    }

    fn text(&self, answer: &Value) -> String {
        if answer["retained_by_default"] == true && answer["retained"] != "seen" {
            note(format!(
                "Activity is not known of any whole {} yet: retained means {}.",
                plain(&answer["unit"]),
                plain(&answer["retained"])
            ));
        }
        let groups = list(&answer["groups"]);
        let Some((all, values)) = groups.split_first() else { return String::new() };
        let outside = answer["outside"].as_u64().unwrap_or_default();
        let rest = match outside {
            0 => String::new(),
            1 => "1 other began in none of these.".to_owned(),
            outside => format!("{outside} others began in none of these."),
        };
        paragraphs([
            cohorts(&answer["unit"], all),
            self.apart
                .by
                .as_ref()
                .filter(|_| !values.is_empty())
                .map_or_else(String::new, |by| by_value(by, values)),
            pooled(&answer["unit"], groups),
            rest,
            self.apart.note(answer),
            self.common.counted(&self.of, Some(size(all) + outside)),
        ])
    }
}

/// A line a cell.
fn lines(answer: &Value) -> Vec<Vec<String>> {
    let header =
        ["group", "cohort", "period", "from", "to", "state", "count", "of", "rate", "low", "high", "filter"];
    let mut lines = vec![header.map(str::to_owned).to_vec()];
    for group in list(&answer["groups"]) {
        for cohort in list(&group["cohorts"]) {
            for period in list(&cohort["periods"]) {
                let own = ["period", "from", "to", "state"].map(|name| plain(&period[name]));
                let head = [kept(group), plain(&cohort["label"])];
                lines.push(head.into_iter().chain(own).chain(cell(&period["retained"])).collect());
            }
        }
        for total in list(&group["totals"]) {
            let head = [kept(group), "(total)".to_owned(), plain(&total["period"])];
            let blank = [String::new(), String::new(), String::new()];
            lines.push(head.into_iter().chain(blank).chain(cell(&total["retained"])).collect());
        }
    }
    lines
}

/// A row a cohort, a column a period, and all of them together.
fn cohorts(unit: &Value, group: &Value) -> String {
    let mut signs = Signs::default();
    let periods = list(&group["totals"]).len();
    let mut table = Table::new(header(plain(unit), group));
    for cohort in list(&group["cohorts"]) {
        let mut period = |period: &Value| match (period["state"].as_str(), &period["retained"]) {
            (Some("over"), retained) => whole(retained, &mut signs),
            (Some("running"), retained) => {
                let sign = signs.mark("+", "so far: it is not over", true);
                format!("{}{sign}", plain(&retained["count"]))
            }
            _ => signs.mark("-", "from before activity or history is known", true).to_owned(),
        };
        let mut row = vec![plain(&cohort["label"]), plain(&cohort["size"])];
        row.extend(list(&cohort["periods"]).iter().map(&mut period));
        row.resize(periods + 2, String::new());
        table.row(row);
    }
    table.row(total("(total)".to_owned(), group, &mut signs));
    signs.under(&table)
}

/// A row a value: all of its cohorts together.
fn by_value(by: &str, groups: &[Value]) -> String {
    let mut signs = Signs::default();
    let mut table = Table::new(header(by.to_owned(), &groups[0]));
    groups.iter().for_each(|group| table.row(total(kept(group), group, &mut signs)));
    signs.under(&table)
}

fn header(name: String, group: &Value) -> Vec<String> {
    let periods = list(&group["totals"]).iter().map(|total| plain(&total["period"]));
    [name, "size".to_owned()].into_iter().chain(periods).collect()
}

/// The cohorts of a group together.
fn total(name: String, group: &Value, signs: &mut Signs) -> Vec<String> {
    let rates = list(&group["totals"]).iter().map(|total| whole(&total["retained"], signs));
    [name, size(group).to_string()].into_iter().chain(rates).collect()
}

/// How many began in one of the cohorts.
fn size(group: &Value) -> u64 {
    list(&group["cohorts"]).iter().filter_map(|cohort| cohort["size"].as_u64()).sum()
}

/// A rate in a narrow column. Some are not called none, nor nearly all all.
fn whole(cell: &Value, signs: &mut Signs) -> String {
    let Some(rate) = cell["rate"].as_f64() else { return String::new() };
    let percent = match (rate * 100.0).round() {
        0.0 if rate > 0.0 => "<1%".to_owned(),
        100.0 if rate < 1.0 => ">99%".to_owned(),
        percent => format!("{percent}%"),
    };
    percent + signs.few(cell)
}

/// Groups beside each other, with counts and intervals: in the last period that is over for half of all people, or more.
fn pooled(unit: &Value, groups: &[Value]) -> String {
    let is_of_most = |total: &Value| {
        total["retained"]["of"].as_u64().is_some_and(|of| 0 < of && size(&groups[0]) <= 2 * of)
    };
    let Some(place) = list(&groups[0]["totals"]).iter().rposition(is_of_most) else { return String::new() };
    let mut signs = Signs::default();
    let mut table = Table::new(["", "retained", "of", "rate", "95% interval"]);
    for group in groups {
        let cell = &group["totals"][place]["retained"];
        table.row([
            kept(group),
            plain(&cell["count"]),
            plain(&cell["of"]),
            percent(&cell["rate"]) + signs.few(cell),
            interval(&cell["low"], &cell["high"]),
        ]);
    }
    let period = plain(&groups[0]["totals"][place]["period"]);
    format!("In {} {period}, of those for whom it is over:\n{}", plain(unit), signs.under(&table))
}
