//! `tinycrm insight movements`: what came to a sum, and what left it.

use serde_json::{Value, json};

use super::{Apart, Common, Where, kept, percent};
use crate::{
    answer::{list, plain},
    failure::Failure,
    output::note,
    table::Table,
};

/// What moves revenue, or another sum
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A row is a month (or --unit): opening + new + expansion + reactivated - contraction - churned = closing, exactly. Both ends of
it are compared, person by person. + is one that goes on. Gross is what is left of the opening, net with what it has grown.

Examples:
  tinycrm insight movements
  tinycrm insight movements --period 'last 24 months' --by params.plan
  tinycrm insight movements --path params.seats --while 'params.plan = team' --unit quarter
  tinycrm insight movements --csv > movements.csv")]
pub struct Movements {
    /// A filter: of whom, e.g. 'params.source = ad' [default: everybody]
    #[arg(default_value = "", hide_default_value = true)]
    filter: String,

    /// The number [default: params.mrr]
    #[arg(long, value_name = "PATH")]
    path: Option<String>,

    /// While this filter is true it counts [default: 'status = paid']
    #[arg(long = "while", value_name = "FILTER")]
    holds: Option<String>,

    /// day, week, month or quarter [default: month]
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,

    /// From when to when: 'last 24 months', '2026-01-01 .. 2026-06-30' [default: the last 12 units]
    #[arg(long, value_name = "PERIOD")]
    period: Option<String>,

    #[command(flatten)]
    apart: Apart,

    /// The path of the currency [default: params.currency, where somebody has it]
    #[arg(long, value_name = "PATH")]
    currency: Option<String>,

    #[command(flatten)]
    of: Where,
    #[command(flatten)]
    common: Common,
}

impl Movements {
    /// Asks and prints the answer.
    pub fn run(self) -> Result<(), Failure> {
        let words = [
            ("path", json!(self.path)),
            ("while", json!(self.holds)),
            ("unit", json!(self.unit)),
            ("period", json!(self.period)),
            ("by", json!(self.apart.by)),
            ("limit", json!(self.apart.limit)),
            ("currency", json!(self.currency)),
            ("project", json!(self.of.project)),
        ];
        self.common.tell("movements", &self.filter, &words, lines, text)
    }
}

/// What there is of a unit.
const PIECES: [&str; 7] = ["opening", "new", "expansion", "reactivated", "contraction", "churned", "closing"];

/// A line a piece.
fn lines(answer: &Value) -> Vec<Vec<String>> {
    let header = ["currency", "group", "from", "to", "over", "piece", "sum", "count", "filter"];
    let mut lines = vec![header.map(str::to_owned).to_vec()];
    for currency in list(&answer["currencies"]) {
        for group in list(&currency["groups"]) {
            for step in list(&group["steps"]) {
                let when = ["from", "to", "over"].map(|name| plain(&step[name]));
                for piece in PIECES {
                    let own = ["sum", "count", "filter"].map(|name| plain(&step[piece][name]));
                    let head = [kept(currency), kept(group)].into_iter().chain(when.clone());
                    lines.push(head.chain([piece.to_owned()]).chain(own).collect());
                }
            }
        }
    }
    lines
}

fn text(answer: &Value) -> String {
    list(&answer["notes"]).iter().map(plain).for_each(note);
    let mut tables = Vec::new();
    for currency in list(&answer["currencies"]) {
        for group in list(&currency["groups"]) {
            let names = [currency, group].map(kept).into_iter().filter(|name| name != "(all)");
            let title = names.collect::<Vec<_>>().join(", ");
            let table = steps(answer, group);
            tables.push(if title.is_empty() { table } else { format!("{title}\n{table}") });
        }
    }
    tables.join("\n\n")
}

fn steps(answer: &Value, group: &Value) -> String {
    let header = [plain(&answer["unit"])].into_iter().chain(PIECES.map(str::to_owned));
    let mut table = Table::new(header.chain(["gross", "net", "churned"].map(str::to_owned)));
    for step in list(&group["steps"]) {
        let label = plain(&step["label"]) + if step["over"] == true { "" } else { "+" };
        let sums = PIECES.map(|piece| plain(&step[piece]["sum"]));
        let rates = ["gross_retention", "net_retention", "churn_rate"].map(|name| percent(&step[name]));
        table.row([label].into_iter().chain(sums).chain(rates));
    }
    table.render()
}
