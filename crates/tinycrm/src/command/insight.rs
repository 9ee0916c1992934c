//! `tinycrm insight …`: numbers to act on, one command an insight.

mod conversion;
mod lift;
mod movements;
mod overlap;
mod referrals;
mod retention;

use serde_json::{Map, Value, json};

use crate::{
    answer::{past, plain, share, shown, warnings},
    client::Remote,
    failure::Failure,
    output::{Output, csv, note},
};

/// Numbers to act on: who stays, who converts, what moves revenue, what goes together, what projects share
#[derive(Debug, clap::Subcommand)]
pub enum Insight {
    Retention(retention::Retention),
    Conversion(conversion::Conversion),
    Movements(movements::Movements),
    Lift(lift::Lift),
    Overlap(overlap::Overlap),
    Referrals(referrals::Referrals),
}

impl Insight {
    /// Asks and prints the answer.
    pub fn run(self) -> Result<(), Failure> {
        match self {
            Insight::Retention(retention) => retention.run(),
            Insight::Conversion(conversion) => conversion.run(),
            Insight::Movements(movements) => movements.run(),
            Insight::Lift(lift) => lift.run(),
            Insight::Overlap(overlap) => overlap.run(),
            Insight::Referrals(referrals) => referrals.run(),
        }
    }
}

/// Of which project.
#[derive(Debug, clap::Args)]
struct Where {
    /// Only customers of this project (account keys see all)
    #[arg(long, value_name = "SLUG", conflicts_with = "test")]
    project: Option<String>,
}

/// Whose values are told apart.
#[derive(Debug, clap::Args)]
struct Apart {
    /// Tell the values of a field or a path apart
    #[arg(long, value_name = "PATH")]
    by: Option<String>,

    /// Tell that many values apart [default: 8]
    #[arg(long, value_name = "COUNT")]
    limit: Option<u32>,
}

/// Of whom, when, and how it is printed.
#[derive(Debug, clap::Args)]
struct Common {
    /// Ask all test projects instead of all others
    #[arg(long)]
    test: bool,

    /// Ask what was so at a moment of the past: 2026-03-01 (the end of that day), '30 days ago'
    #[arg(long, value_name = "MOMENT")]
    as_of: Option<String>,

    /// Print CSV, a line a number, with the filter that lists its people
    #[arg(long, conflicts_with = "json")]
    csv: bool,

    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    remote: Remote,
}

impl Common {
    /// Asks an insight of a filter with these words, and prints it: as lines under a header, or as text.
    fn tell(
        &self,
        kind: &str,
        filter: &str,
        words: &[(&str, Value)],
        lines: impl FnOnce(&Value) -> Vec<Vec<String>>,
        text: impl FnOnce(&Value) -> String,
    ) -> Result<(), Failure> {
        let own = [
            ("filter", json!(filter)),
            ("test", json!(self.test.then_some(true))),
            ("as_of", json!(self.as_of)),
        ];
        let given = own.iter().chain(words).filter(|(_, value)| !value.is_null());
        let question: Value =
            given.map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<Map<_, _>>().into();
        let asked = self.remote.client()?.ask(&format!("/v1/insights/{kind}"), &question.to_string());
        let answer = asked.map_err(|error| error.about(filter))?;
        warnings(&answer["warnings"]).for_each(note);
        answer["as_of"].as_str().map(past).into_iter().for_each(note);
        if self.csv { csv(&lines(&answer)) } else { self.output.show(&answer, || text(&answer)) }
    }
}

/// What people hold who are told apart.
fn kept(group: &Value) -> String {
    match group["of"].as_str() {
        Some("value") => shown(group),
        Some("other") => "(others)".to_owned(),
        Some("missing") => "(missing)".to_owned(),
        _ => "(all)".to_owned(),
    }
}

/// A part of all, as people read it; nothing where there is none.
fn percent(rate: &Value) -> String {
    rate.as_f64().map_or_else(String::new, share)
}

/// The figures of a cell as the columns `count, of, rate, low, high, filter` show them.
fn cell(cell: &Value) -> impl Iterator<Item = String> {
    ["count", "of", "rate", "low", "high", "filter"].into_iter().map(|name| plain(&cell[name]))
}
