//! `tinycrm insight lift`: what goes together with an outcome.

use serde_json::{Value, json};

use super::{Common, Where, percent};
use crate::{
    answer::{list, plain, shown},
    failure::Failure,
    output::note,
    table::Table,
};

/// What goes together with an outcome
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A row is a value: how often the outcome is met among those who hold it, among all others, the difference in points with its
95% interval, and q: among all rows with such a q or a lower one, about this share is chance. The strongest come first. It
shows what goes together, not why.

Who stays longer has more time to come by a value. So where the outcome speaks of staying, name a landmark: values are then
those that each held so many days after first_seen, among those who were still there.

Examples:
  tinycrm insight lift 'status = paid'
  tinycrm insight lift 'status = churned' 'was (status = paid)' --field params.source --field params.plan
  tinycrm insight lift 'status = paid' --landmark 14
  tinycrm insight lift 'status = paid' --landmark 14 --there 'status = trial'
  tinycrm insight lift 'status = paid' --csv > lift.csv")]
pub struct Lift {
    /// What has become of them: a filter
    outcome: String,

    /// Among whom: a filter [default: everybody]
    #[arg(default_value = "", hide_default_value = true)]
    filter: String,

    /// A field or path whose values are compared (may be repeated) [default: the widest with few values]
    #[arg(long = "field", value_name = "PATH")]
    fields: Vec<String>,

    /// Compares what each held so many days after first_seen, among those who were still there [default: what they hold now]
    #[arg(long, value_name = "DAYS")]
    landmark: Option<u32>,

    /// What was true of those who were still there: a filter [default: not status = churned]
    #[arg(long, value_name = "FILTER")]
    there: Option<String>,

    #[command(flatten)]
    of: Where,
    #[command(flatten)]
    common: Common,
}

impl Lift {
    /// Asks and prints the answer.
    pub fn run(self) -> Result<(), Failure> {
        let words = [
            ("outcome", json!(self.outcome)),
            ("fields", json!(Some(&self.fields).filter(|fields| !fields.is_empty()))),
            ("landmark", json!(self.landmark)),
            ("there", json!(self.there)),
            ("project", json!(self.of.project)),
        ];
        self.common.tell("lift", &self.filter, &words, lines, text)
    }
}

const FIGURES: [&str; 8] =
    ["difference", "difference_low", "difference_high", "ratio", "ratio_low", "ratio_high", "p", "q"];

/// A line a value.
fn lines(answer: &Value) -> Vec<Vec<String>> {
    let header = ["field", "value", "with", "with_of", "without", "without_of"];
    let header = header.into_iter().chain(FIGURES).chain(["filter", "without_filter"]);
    let mut lines = vec![header.map(str::to_owned).collect()];
    for line in list(&answer["lines"]).iter().chain(list(&answer["untested"])) {
        let sides = ["with", "without"].map(|side| ["count", "of"].map(|name| plain(&line[side][name])));
        let figures = FIGURES.iter().map(|name| plain(&line[name]));
        let filters = ["with", "without"].map(|side| plain(&line[side]["filter"]));
        let head = [plain(&line["field"]), held(&line["held"])].into_iter();
        lines.push(head.chain(sides.into_iter().flatten()).chain(figures).chain(filters).collect());
    }
    lines
}

fn text(answer: &Value) -> String {
    list(&answer["notes"]).iter().map(plain).for_each(note);
    let all = &answer["all"];
    let head = format!(
        "{} of {} ({}): {}",
        plain(&all["count"]),
        plain(&all["of"]),
        percent(&all["rate"]),
        plain(&answer["outcome"])
    );
    let head = format!("{head}{}", landmark(answer));
    let mut table =
        Table::new(["field", "value", "people", "with", "without", "points", "95% interval", "q"]);
    for line in list(&answer["lines"]) {
        let few = if line["with"]["small"] == true || line["without"]["small"] == true { "*" } else { "" };
        table.row([
            plain(&line["field"]),
            held(&line["held"]),
            format!("{}{few}", plain(&line["with"]["of"])),
            percent(&line["with"]["rate"]),
            percent(&line["without"]["rate"]),
            points(&line["difference"]),
            format!("{} to {}", points(&line["difference_low"]), points(&line["difference_high"])),
            line["q"].as_f64().map(chance).unwrap_or_default(),
        ]);
    }
    let untested = list(&answer["untested"]).len();
    let rest = if untested > 0 {
        format!("\n\n{untested} values cannot be tested: --json lists them.")
    } else {
        String::new()
    };
    format!("{head}\n\n{}{rest}", table.render())
}

/// When each held what is compared, and who is left out.
fn landmark(answer: &Value) -> String {
    let outside = &answer["outside"];
    if answer["landmark"].is_null() {
        return String::new();
    }
    let unknown = match outside["unknown"]["count"].as_u64() {
        Some(count) if count > 0 => format!("; of {count} no history is kept of then"),
        _ => String::new(),
    };
    format!(
        "\nas they were {} days after first_seen, where {}; {} were not there, {} have not come so far{unknown}",
        plain(&answer["landmark"]),
        plain(&answer["there"]),
        plain(&outside["away"]["count"]),
        plain(&outside["early"]["count"]),
    )
}

/// What somebody holds.
fn held(held: &Value) -> String {
    match held["of"].as_str() {
        Some("member") => format!("has {}", shown(held)),
        Some("missing") => "(missing)".to_owned(),
        _ => shown(held),
    }
}

/// A difference of shares in points of a hundred.
fn points(difference: &Value) -> String {
    difference.as_f64().map_or_else(String::new, |part| format!("{:+.1}", (part * 1000.0).round() / 10.0))
}

fn chance(q: f64) -> String {
    if q < 0.001 { "<0.001".to_owned() } else { format!("{q:.3}") }
}
