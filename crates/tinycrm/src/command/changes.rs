//! `tinycrm changes`: what has become of people in a time.

use serde_json::Value;

use super::whose::Whose;
use crate::{
    answer::{list, past, plain, warnings},
    client::Remote,
    failure::Failure,
    output::{Output, csv, note},
    table::Table,
};

/// Tell what has become of customers: new, upgraded, churned, back, …
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Kinds: new, upgraded (paid for the first time), churned, back (had churned, pays again), trial_ends
(still on trial), value_up and value_down (of those who pay). Newest first; somebody is told of once
for each project and kind. Days are those of the account's time zone.

Examples:
  tinycrm changes --since yesterday
  tinycrm changes 'plan = pro' --period 'last month' --kind churned,value_down
  tinycrm changes --since 2026-03-01 --value seats --csv > changes.csv")]
pub struct Changes {
    /// A filter: of whom, as they are now [default: everybody]
    #[arg(default_value = "", hide_default_value = true)]
    filter: String,

    /// From this day until today: yesterday, 2026-03-01
    #[arg(long, value_name = "DAY", conflicts_with = "period")]
    since: Option<String>,

    /// From when to when: 'last month', '2026-03-01 .. 2026-03-31' [default: last 7 days]
    #[arg(long, value_name = "PERIOD")]
    period: Option<String>,

    /// Only this kind (may be repeated, or separated by commas)
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    kind: Vec<String>,

    /// The path of the number that goes up and down [default: params.mrr]
    #[arg(long, value_name = "PATH")]
    value: Option<String>,

    /// The path that says when a trial ends [default: params.trial_ends]
    #[arg(long, value_name = "PATH")]
    trial_ends: Option<String>,

    /// List that many, 200 at most [default: 50]
    #[arg(long, value_name = "COUNT")]
    limit: Option<u32>,

    #[command(flatten)]
    whose: Whose,

    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,

    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    remote: Remote,
}

/// The columns: what they are called, and on the wire.
const COLUMNS: [(&str, &str); 7] = [
    ("when", "at"),
    ("what", "kind"),
    ("project", "project"),
    ("who", "email"),
    ("name", "name"),
    ("before", "before"),
    ("after", "after"),
];

impl Changes {
    /// Asks and prints the answer.
    pub fn run(self) -> Result<(), Failure> {
        let asked = self.remote.client()?.find("/v1/changes", &self.question());
        let answer = asked.map_err(|error| error.about(&self.filter))?;
        warnings(&answer["warnings"]).for_each(note);
        answer["as_of"].as_str().map(past).into_iter().for_each(note);
        if !answer["next"].is_null() {
            note("There are more; --limit lists up to 200, --kind and --period narrow.");
        }
        if self.csv { csv(&rows(&answer)) } else { self.output.show(&answer, || text(&answer)) }
    }

    fn question(&self) -> Vec<(&'static str, String)> {
        let since = self.since.as_ref().map(|since| format!("{since} .. today"));
        let given = [
            ("filter", Some(self.filter.clone()).filter(|filter| !filter.is_empty())),
            ("period", since.or_else(|| self.period.clone())),
            ("kinds", Some(self.kind.join(",")).filter(|kinds| !kinds.is_empty())),
            ("value", self.value.clone()),
            ("trial_ends", self.trial_ends.clone()),
            ("limit", self.limit.map(|limit| limit.to_string())),
        ];
        given
            .into_iter()
            .chain(self.whose.parameters())
            .filter_map(|(name, text)| Some((name, text?)))
            .collect()
    }
}

/// A line a change, under the names of its columns.
fn rows(answer: &Value) -> Vec<Vec<String>> {
    let row = |change: &Value| COLUMNS.map(|(_, name)| plain(&change[name])).to_vec();
    let header = COLUMNS.map(|(column, _)| column.to_owned()).to_vec();
    std::iter::once(header).chain(list(&answer["changes"]).iter().map(row)).collect()
}

/// How many of each kind, and whom.
fn text(answer: &Value) -> String {
    let count = |count: &Value| format!("{} {}", plain(&count["count"]), plain(&count["kind"]));
    let counts: Vec<String> =
        list(&answer["counts"]).iter().filter(|count| count["count"] != 0).map(count).collect();
    let (from, to) = (plain(&answer["from"]), plain(&answer["to"]));
    if counts.is_empty() {
        return format!("Nothing changed from {from} to {to}.");
    }
    let mut rows = rows(answer).into_iter();
    let mut table = Table::new(rows.next().unwrap_or_default());
    rows.for_each(|row| table.row(row));
    format!("From {from} to {to}: {}.\n\n{}", counts.join(", "), table.render())
}
