//! `tinycrm insight conversion`: how many came from a beginning to an end, and how long it took them.

use serde_json::{Value, json};

use super::{Apart, Common, Where, cell, days, interval, kept, paragraphs, percent, signs::Signs};
use crate::{
    answer::{list, plain},
    failure::Failure,
    table::Table,
};

/// Who came from a beginning to an end, within how many days
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A row is a number of days: of those whose days are over, how many came to the end before they were, \
with the 95% interval of that rate. Those whose days are not over are told apart, under running: they \
are in no rate. The median is the day by which half have come, as the curve has it.

The curve (Kaplan and Meier's) has everybody in it for as long as there was something to see; its days \
are rows of --csv and --json.

Examples:
  tinycrm insight conversion
  tinycrm insight conversion --within 14 --by params.source
  tinycrm insight conversion --from 'params.plan = trial' --to 'status = paid'
  tinycrm insight conversion 'params.country = DE' --days 365 --csv > curve.csv")]
pub struct Conversion {
    /// A filter: of whom, e.g. 'params.country = DE' [default: everybody]
    #[arg(default_value = "", hide_default_value = true)]
    filter: String,

    /// The beginning: first_seen, first_paid, or a filter, the first time that it was true [default: first_seen]
    #[arg(long, value_name = "MARK")]
    from: Option<String>,

    /// The end: first_paid, first_seen, or a filter, the first time that it was true [default: first_paid]
    #[arg(long, value_name = "MARK")]
    to: Option<String>,

    /// So many days people have, separated by commas, as 14, 14d or 2w [default: 7,30,90]
    #[arg(long, value_name = "DAYS", value_delimiter = ',', value_parser = days)]
    within: Vec<u32>,

    /// So many days the curve follows people [default: 90]
    #[arg(long, value_name = "DAYS", value_parser = days)]
    days: Option<u32>,

    #[command(flatten)]
    apart: Apart,

    #[command(flatten)]
    of: Where,
    #[command(flatten)]
    common: Common,
}

impl Conversion {
    /// Asks and prints the answer.
    pub fn run(self) -> Result<(), Failure> {
        let words = [
            ("from", json!(self.from)),
            ("to", json!(self.to)),
            ("within", json!(Some(&self.within).filter(|within| !within.is_empty()))),
            ("days", json!(self.days)),
            ("by", json!(self.apart.by)),
            ("limit", json!(self.apart.limit)),
            ("project", json!(self.of.project)),
        ];
        self.common.tell("conversion", &self.filter, &words, lines, |answer| self.text(answer))
    }

    fn text(&self, answer: &Value) -> String {
        let groups = list(&answer["groups"]);
        let count = |people: &Value| people["count"].as_u64().unwrap_or_default();
        let all = groups.first().unwrap_or(&Value::Null);
        let (entered, before, outside) =
            (count(&all["entered"]), count(&all["before"]), count(&answer["outside"]));
        let told =
            |count: u64, what: &str| if count == 0 { String::new() } else { format!("{count} {what}") };
        paragraphs([
            format!("From {} to {}", plain(&answer["from"]), plain(&answer["to"])),
            rates(groups),
            told(outside, "more have no beginning."),
            told(before, "more came to the end before the beginning, and are in no rate."),
            self.apart.note(answer),
            self.common.counted(&self.of, Some(entered + before + outside)),
        ])
    }
}

/// A line a rate, then a line a day of the curve: those at risk are of whom it is told, the rate is the estimate by then.
fn lines(answer: &Value) -> Vec<Vec<String>> {
    let header = ["group", "what", "days", "count", "of", "rate", "low", "high", "filter"];
    let mut lines = vec![header.map(str::to_owned).to_vec()];
    for group in list(&answer["groups"]) {
        for within in list(&group["within"]) {
            for what in ["over", "running"] {
                let head = [kept(group), what.to_owned(), plain(&within["days"])];
                lines.push(head.into_iter().chain(cell(&within[what])).collect());
            }
        }
        for point in list(&group["curve"]) {
            let head = [kept(group), "curve".to_owned(), plain(&point["day"])];
            let counts = [&point["converted"]["count"], &point["at_risk"]["count"]].map(plain);
            let figures = ["share", "low", "high"].map(|name| plain(&point[name]));
            let filter = [plain(&point["converted"]["filter"])];
            lines.push(head.into_iter().chain(counts).chain(figures).chain(filter).collect());
        }
    }
    lines
}

/// A row for each number of days of each group.
fn rates(groups: &[Value]) -> String {
    let mut signs = Signs::default();
    let mut table =
        Table::new(["", "began", "within", "converted", "of", "rate", "95% interval", "running", "median"]);
    for group in groups {
        let half = match group["median"]["days"].as_u64() {
            Some(days) => format!("{days} d"),
            None => signs.mark("-", "not half of them, as far as the curve goes", true).to_owned(),
        };
        for (place, within) in list(&group["within"]).iter().enumerate() {
            let (over, running) = (&within["over"], &within["running"]);
            let once = |text: String| if place == 0 { text } else { String::new() };
            table.row([
                once(kept(group)),
                once(plain(&group["entered"]["count"])),
                format!("{} d", plain(&within["days"])),
                plain(&over["count"]),
                plain(&over["of"]),
                percent(&over["rate"]) + signs.few(over),
                interval(&over["low"], &over["high"]),
                plain(&running["of"]),
                once(half.clone()),
            ]);
        }
    }
    signs.under(&table)
}
