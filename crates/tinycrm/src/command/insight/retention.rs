//! `tinycrm insight retention`: of those who began in a day, week or month, who stayed.

use serde_json::{Value, json};

use super::{Apart, Common, Where, cell, kept, percent};
use crate::{
    answer::{list, plain},
    failure::Failure,
    output::note,
    table::Table,
};

/// Who stays, by when they began
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A row is a cohort: those who were first seen in a week (or --unit). Column 0 is that week itself, each one after it a week
later: how many of them were seen in it. * is a period that goes on, - one from before activity was recorded; neither is in
the totals. In totals people are pooled, percentages are not averaged.

Examples:
  tinycrm insight retention
  tinycrm insight retention --unit month --cohorts 'last 12 months' --retained 'status = paid'
  tinycrm insight retention 'params.plan = pro' --by params.source
  tinycrm insight retention --csv > retention.csv")]
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
        self.common.tell("retention", &self.filter, &words, lines, text)
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

fn text(answer: &Value) -> String {
    if answer["retained_by_default"] == true && answer["retained"] != "seen" {
        note(format!(
            "Activity is not known of any whole {} yet: retained means {}.",
            plain(&answer["unit"]),
            plain(&answer["retained"])
        ));
    }
    let mut groups = list(&answer["groups"]).iter();
    let mut text = groups.next().map(|all| cohorts(answer, all)).unwrap_or_default();
    let mut rest = groups.peekable();
    if rest.peek().is_some() {
        text += "\n\n";
        text += &by_value(answer, rest);
    }
    match answer["outside"].as_u64() {
        Some(outside) if outside > 0 => {
            text + &format!("\n\n{outside} others did not begin in one of these.")
        }
        _ => text,
    }
}

/// A row a cohort, a column a period, and all of them together.
fn cohorts(answer: &Value, group: &Value) -> String {
    let totals: Vec<&Value> = list(&group["totals"]).iter().collect();
    let mut table = Table::new(header(&answer["unit"], &totals));
    for cohort in list(&group["cohorts"]) {
        let period = |period: &Value| match (period["state"].as_str(), &period["retained"]) {
            (Some("over"), retained) => percent(&retained["rate"]),
            (Some("running"), retained) => format!("{}*", plain(&retained["count"])),
            _ => "-".to_owned(),
        };
        let head = [plain(&cohort["label"]), plain(&cohort["size"])];
        let blank = std::iter::repeat_with(String::new);
        let periods = list(&cohort["periods"]).iter().map(period).chain(blank).take(totals.len());
        table.row(head.into_iter().chain(periods));
    }
    table.row(total("(total)".to_owned(), group));
    table.render()
}

/// A row a value: all of its cohorts together.
fn by_value<'a>(answer: &Value, groups: impl Iterator<Item = &'a Value>) -> String {
    let groups: Vec<&Value> = groups.collect();
    let totals: Vec<&Value> = groups.iter().flat_map(|group| list(&group["totals"])).collect();
    let periods = totals.len() / groups.len().max(1);
    let mut table = Table::new(header(&answer["unit"], &totals[..periods]));
    groups.iter().for_each(|group| table.row(total(kept(group), group)));
    table.render()
}

fn header(unit: &Value, totals: &[&Value]) -> Vec<String> {
    let periods = totals.iter().map(|total| plain(&total["period"]));
    [plain(unit), "size".to_owned()].into_iter().chain(periods).collect()
}

/// The cohorts of a group together.
fn total(name: String, group: &Value) -> Vec<String> {
    let size: u64 = list(&group["cohorts"]).iter().filter_map(|cohort| cohort["size"].as_u64()).sum();
    let rates = list(&group["totals"]).iter().map(|total| percent(&total["retained"]["rate"]));
    [name, size.to_string()].into_iter().chain(rates).collect()
}
