//! `tinycrm insight …`: numbers to act on, one command an insight.

mod breakdown;
mod conversion;
mod lift;
mod movements;
mod overlap;
mod referrals;
mod retention;
mod signs;

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
    Breakdown(breakdown::Breakdown),
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
            Insight::Breakdown(breakdown) => breakdown.run(),
        }
    }
}

/// Of fewer people than these a rate says little: the server calls it small.
const FEW: u64 = 30;

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
    /// What is counted, where a customer counts more than once: in each project that is asked.
    fn counted(&self, of: &Where, relationships: Option<u64>) -> String {
        let what = match relationships {
            _ if !self.is_wide(of) => return String::new(),
            Some(relationships) => many(relationships, "relationship"),
            None => "Relationships are counted".to_owned(),
        };
        format!("{what}; a customer in two projects counts twice.")
    }

    /// Whether several projects are asked.
    fn is_wide(&self, of: &Where) -> bool {
        of.project.is_none() && self.remote.of_account()
    }

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

impl Apart {
    /// Which values are told apart, where any are.
    fn note(&self, answer: &Value) -> String {
        let when = if answer["as_of"].is_null() { "now" } else { "that moment" };
        let said = |by: &String| {
            format!("Values of {by} are those of {when}: whoever changed takes the past along.")
        };
        self.by.as_ref().map(said).unwrap_or_default()
    }
}

/// The parts of a text that say something, a line between each two.
fn paragraphs(parts: impl IntoIterator<Item = String>) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// So many of something.
fn many(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The 95% interval of a rate, as people read it.
fn interval(low: &Value, high: &Value) -> String {
    match (low.as_f64(), high.as_f64()) {
        (Some(low), Some(high)) => format!("{} to {}", share(low), share(high)),
        _ => String::new(),
    }
}

/// A number of days, which may say so, or be one of weeks.
fn days(text: &str) -> Result<u32, String> {
    let text = text.trim();
    let (number, each) = match (text.strip_suffix('d'), text.strip_suffix('w')) {
        (Some(days), _) => (days, 1),
        (_, Some(weeks)) => (weeks, 7),
        _ => (text, 1),
    };
    let days = number.trim_end().parse::<u32>().ok().and_then(|number| number.checked_mul(each));
    days.ok_or_else(|| "write a number of days, as 14, 14d or 2w".to_owned())
}

/// A part of all, as people read it; nothing where there is none.
fn percent(rate: &Value) -> String {
    rate.as_f64().map_or_else(String::new, share)
}

/// The figures of a cell as the columns `count, of, rate, low, high, filter` show them.
fn cell(cell: &Value) -> impl Iterator<Item = String> {
    ["count", "of", "rate", "low", "high", "filter"].into_iter().map(|name| plain(&cell[name]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_numbers_of_days_or_weeks() {
        for (text, expected) in [
            ("14", Some(14)),
            ("14d", Some(14)),
            ("2w", Some(14)),
            (" 30", Some(30)),
            ("30 d ", Some(30)),
            ("0", Some(0)),
            ("", None),
            ("d", None),
            ("2m", None),
            ("-1", None),
            ("1.5w", None),
            ("4294967295w", None),
        ] {
            assert_eq!(days(text).ok(), expected, "{text:?}");
        }
    }
}
