//! `tinycrm insight breakdown`: people told apart by any two fields.

use serde_json::{Value, json};

use super::{Common, Where, kept, paragraphs};
use crate::{
    answer::{list, plain},
    failure::Failure,
    output::note,
    table::Table,
};

/// How many hold each value of a field, across another, or what a number of theirs is
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A row is a value of --by, a column one of --across. The values that most have are told one by one, \
then all others, and those without any. Sums are told currency by currency. Averages have two \
decimals: --csv and --json have them as they are.

Examples:
  tinycrm insight breakdown --by params.plan
  tinycrm insight breakdown --by status --across params.plan
  tinycrm insight breakdown --by params.source --number params.mrr
  tinycrm insight breakdown --by status --across project --csv > breakdown.csv")]
pub struct Breakdown {
    /// A filter: of whom, e.g. 'status = paid' [default: everybody]
    #[arg(default_value = "", hide_default_value = true)]
    filter: String,

    /// The field whose values are rows [default: status]
    #[arg(long, value_name = "PATH")]
    by: Option<String>,

    /// The field whose values are columns
    #[arg(long, value_name = "PATH")]
    across: Option<String>,

    /// Tell that many values of --by apart [default: 15]
    #[arg(long, value_name = "COUNT")]
    limit: Option<u32>,

    /// Tell a number instead of how many people there are, e.g. params.mrr
    #[arg(long, value_name = "PATH")]
    number: Option<String>,

    /// sum or avg of the number [default: sum]
    #[arg(long, value_name = "HOW", requires = "number")]
    how: Option<String>,

    /// The path of the currency [default: params.currency, where somebody has it]
    #[arg(long, value_name = "PATH")]
    currency: Option<String>,

    #[command(flatten)]
    of: Where,
    #[command(flatten)]
    common: Common,
}

impl Breakdown {
    /// Asks and prints the answer.
    pub fn run(self) -> Result<(), Failure> {
        let words = [
            ("by", json!(self.by)),
            ("across", json!(self.across)),
            ("limit", json!(self.limit)),
            ("number", json!(self.number)),
            ("how", json!(self.how)),
            ("currency", json!(self.currency)),
            ("project", json!(self.of.project)),
        ];
        self.common.tell("breakdown", &self.filter, &words, lines, |answer| self.text(answer))
    }

    fn text(&self, answer: &Value) -> String {
        list(&answer["notes"]).iter().map(plain).for_each(note);
        let tables = match answer["number"].as_str() {
            None => vec![table(answer, |cell| plain(&cell["count"]))],
            Some(_) => currencies(answer).into_iter().map(|currency| numbers(answer, currency)).collect(),
        };
        let none = tables.is_empty().then(|| format!("Nobody has a number in {}.", plain(&answer["number"])));
        paragraphs(tables.into_iter().chain(none).chain([self.common.counted(&self.of, None)]))
    }
}

/// The currencies in which somebody has a number: those of everybody.
fn currencies(answer: &Value) -> Vec<&Value> {
    list(&answer["rows"][0]["cells"][0]["numbers"]).iter().map(|number| &number["currency"]).collect()
}

/// What the numbers of one currency come to.
fn numbers(answer: &Value, currency: &Value) -> String {
    let is_average = plain(&answer["number"]).starts_with("avg(");
    let of = |cell: &Value| {
        let number = list(&cell["numbers"]).iter().find(|number| number["currency"] == *currency);
        match number.map(|number| &number["value"]) {
            Some(average) if is_average => rounded(average),
            other => other.map_or_else(String::new, plain),
        }
    };
    let title = if currency["of"] == "all" { String::new() } else { format!("{}\n\n", kept(currency)) };
    format!("{title}{}", table(answer, of))
}

/// A row a line, a column a value across.
fn table(answer: &Value, shown: impl Fn(&Value) -> String) -> String {
    let rows = list(&answer["rows"]);
    let columns = rows.first().map_or(&[][..], |row| list(&row["cells"]));
    let by = plain(&answer["by"]);
    let mut table = Table::new([by].into_iter().chain(columns.iter().map(kept)));
    for row in rows {
        table.row([kept(row)].into_iter().chain(list(&row["cells"]).iter().map(&shown)));
    }
    table.render()
}

/// An average with as many decimals as money has: `--csv` and `--json` have it as it is told.
fn rounded(average: &Value) -> String {
    average.as_f64().map_or_else(|| plain(average), |average| format!("{average:.2}"))
}

/// A line a cell, or where a number is told a line a currency of it.
fn lines(answer: &Value) -> Vec<Vec<String>> {
    let header = ["by", "across", "count", "filter", "currency", "number", "counted", "number_filter"];
    let mut lines = vec![header.map(str::to_owned).to_vec()];
    for row in list(&answer["rows"]) {
        for cell in list(&row["cells"]) {
            let head = [kept(row), kept(cell), plain(&cell["count"]), plain(&cell["filter"])];
            let number = |number: &Value| {
                [kept(&number["currency"])]
                    .into_iter()
                    .chain(["value", "count", "filter"].map(|name| plain(&number[name])))
                    .collect::<Vec<_>>()
            };
            let mut numbers: Vec<Vec<String>> = list(&cell["numbers"]).iter().map(number).collect();
            if numbers.is_empty() {
                numbers.push(vec![String::new(); 4]);
            }
            lines.extend(numbers.into_iter().map(|number| head.iter().cloned().chain(number).collect()));
        }
    }
    lines
}
