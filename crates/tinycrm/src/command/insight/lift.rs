//! `tinycrm insight lift`: what goes together with an outcome.

use serde_json::{Value, json};

use super::{Common, Where, days, many, paragraphs, percent, signs::Signs};
use crate::{
    answer::{list, plain, shown},
    failure::Failure,
    output::note,
    table::Table,
};

/// What goes together with an outcome
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A row is a value: how often the outcome is met among those who hold it, among all others, the \
difference in points with its 95% interval, and q: among all rows with such a q or a lower one, about \
this share is chance. The strongest come first. It shows what goes together, not why.

Who stays longer has more time to come by a value. So where the outcome speaks of staying, name a \
landmark: values are then those that each held so many days after first_seen, among those who were \
still there.

Examples:
  tinycrm insight lift 'status = paid'
  tinycrm insight lift 'status = churned' 'was (status = paid)' --field plan
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
    #[arg(long, value_name = "DAYS", value_parser = days)]
    landmark: Option<u32>,

    /// What was true of those who were still there: a filter [default: not status = churned]
    #[arg(long, value_name = "FILTER")]
    there: Option<String>,

    /// Print that many rows; --csv and --json have them all
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    limit: u32,

    /// Print all rows
    #[arg(long, conflicts_with = "limit")]
    all: bool,

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
        self.common.tell("lift", &self.filter, &words, lines, |answer| self.text(answer))
    }

    fn text(&self, answer: &Value) -> String {
        list(&answer["notes"]).iter().map(plain).for_each(note);
        let all = &answer["all"];
        let head = format!(
            "{} of {} ({}): {}{}",
            plain(&all["count"]),
            plain(&all["of"]),
            percent(&all["rate"]),
            plain(&answer["outcome"]),
            landmark(answer)
        );
        let rows = list(&answer["lines"]);
        let shown = if self.all { rows.len() } else { rows.len().min(self.limit as usize) };
        let more = match rows.len() - shown {
            0 => String::new(),
            more => format!("{}: --all prints {}.", many(more as u64, "more row"), them(more)),
        };
        paragraphs([
            head,
            table(&rows[..shown]),
            more,
            untested(list(&answer["untested"]).len()),
            left_out(answer),
            self.common.counted(&self.of, all["of"].as_u64()),
        ])
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

/// A row a value.
fn table(rows: &[Value]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut signs = Signs::default();
    let mut table = Table::new(["field", "value", "of", "with", "without", "points", "95% interval", "q"]);
    for row in rows {
        table.row([
            plain(&row["field"]),
            held(&row["held"]),
            plain(&row["with"]["of"]),
            percent(&row["with"]["rate"]) + signs.few(&row["with"]),
            percent(&row["without"]["rate"]) + signs.few(&row["without"]),
            points(&row["difference"]),
            format!("{} to {}", points(&row["difference_low"]), points(&row["difference_high"])),
            row["q"].as_f64().map(chance).unwrap_or_default(),
        ]);
    }
    signs.under(&table)
}

/// When each held what is compared, and who is left out.
fn landmark(answer: &Value) -> String {
    let days = &answer["landmark"];
    if days.is_null() {
        return String::new();
    }
    let (days, there) = (plain(days), plain(&answer["there"]));
    let outside = |who: &str| answer["outside"][who]["count"].as_u64().filter(|count| *count > 0);
    let parts = [
        outside("away").map(|count| format!("{count} were not there")),
        outside("early").map(|count| format!("for {count} that day has not come yet")),
        outside("unknown").map(|count| format!("of {count} no history is kept of that day")),
    ];
    let parts = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
    let line = if parts.is_empty() { "" } else { "\n" };
    format!("\nas they were {days} days after first_seen, where then {there}{line}{parts}")
}

/// How many values cannot be tested, and why.
fn untested(count: usize) -> String {
    if count == 0 {
        return String::new();
    }
    let values = many(count as u64, "value");
    let why = "all people are on one side, or all have one outcome";
    format!("{values} cannot be tested ({why}): --json lists {}.", them(count))
}

fn them(count: usize) -> &'static str {
    if count == 1 { "it" } else { "them" }
}

/// How many fields that are left out are named.
const NAMED: usize = 8;
/// Why a field is left out.
const WHY: [(&str, &str); 3] = [
    ("outcome", "the outcome names it"),
    ("values", "more values than are compared"),
    ("text", "texts that are too long"),
];

/// Which fields are left out, and why; whether there are others.
fn left_out(answer: &Value) -> String {
    let fields = |why: &str| {
        let left = list(&answer["left_out"]).iter().filter(|left| left["why"] == why);
        left.map(|left| plain(&left["field"])).collect::<Vec<_>>()
    };
    let line = |(why, said): (&str, &str)| {
        let fields = fields(why);
        let rest = match fields.len().saturating_sub(NAMED) {
            0 => String::new(),
            rest => format!(" and {rest} more (--json lists them)"),
        };
        let named = fields.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        (!fields.is_empty()).then(|| format!("Left out ({said}):\n  {named}{rest}"))
    };
    let more = "There are more paths than were looked at: --field names those that you mean.";
    let more = (answer["more"] == true).then(|| more.to_owned());
    WHY.into_iter().filter_map(line).chain(more).collect::<Vec<_>>().join("\n")
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
