//! `tinycrm insight movements`: what came to a sum, and what left it.

use serde_json::{Value, json};

use super::{Apart, Common, FEW, Where, interval, kept, paragraphs, percent, signs::Signs};
use crate::{
    answer::{list, plain},
    failure::Failure,
    output::note,
    table::Table,
};

/// What moves revenue, or another sum
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A row is a month (or --unit); its two ends are compared, person by person:
  opening      what there was before it
  new          of those who had never had any before
  expansion    by how much more those have who had some
  reactivated  of those who are back
  entered      of those who had it in another currency, or with --then in another group
  imported     of whom an import told without dates: neither gain nor loss
  contraction  by how much less those have who still have some
  churned      what those had who have none any more
  left         what those had who have it elsewhere now
  closing      what there is at its end: opening and gains less losses, exactly

The second table counts people:
  opening      who had some before it
  came, lost   who has some at its end and had none, or the other way round; who entered,
               left or was imported is told beside it
  closing      who has some at its end
  people lost  lost over opening (logo churn), with its 95% interval
  gross        what is left of the opening sum, without growth
  net          what those of the opening have now, over it

Examples:
  tinycrm insight movements
  tinycrm insight movements --period 'last 24 months' --by params.plan --then
  tinycrm insight movements --path params.seats --unit quarter
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

    /// Tell the values of --by apart as they were at both ends of a unit, not as they are now
    #[arg(long, requires = "by")]
    then: bool,

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
            ("then", json!(self.then.then_some(true))),
            ("currency", json!(self.currency)),
            ("project", json!(self.of.project)),
        ];
        self.common.tell("movements", &self.filter, &words, lines, |answer| self.text(answer))
    }

    fn text(&self, answer: &Value) -> String {
        list(&answer["notes"]).iter().map(plain).for_each(note);
        let blocks = Blocks::of(answer);
        let told = blocks.told.iter().map(|block| block.text(&answer["unit"]));
        let left_out = match (blocks.told.len(), blocks.left_out) {
            (0, _) => format!(
                "All is 0: while {} was true nobody had a number above 0 in {}.",
                plain(&answer["while"]),
                plain(&answer["path"])
            ),
            (_, 0) => String::new(),
            (_, 1) => "1 group in which all is 0 is left out: --csv and --json have it.".to_owned(),
            (_, count) => {
                format!("{count} groups in which all is 0 are left out: --csv and --json have them.")
            }
        };
        let of_now = if self.then { String::new() } else { self.apart.note(answer) };
        let rest = [left_out, of_now, self.common.counted(&self.of, None)];
        paragraphs(told.chain(odd(answer)).chain(rest))
    }
}

/// What there is of a unit.
const PIECES: [&str; 10] = [
    "opening",
    "new",
    "expansion",
    "reactivated",
    "entered",
    "imported",
    "contraction",
    "churned",
    "left",
    "closing",
];
/// What is only told where there is any.
const SELDOM: [&str; 3] = ["entered", "imported", "left"];

/// A line a piece.
fn lines(answer: &Value) -> Vec<Vec<String>> {
    let header = ["currency", "group", "from", "to", "over", "piece", "sum", "count", "filter"];
    let mut lines = vec![header.map(str::to_owned).to_vec()];
    for currency in list(&answer["currencies"]) {
        for group in list(&currency["groups"]) {
            for step in list(&group["steps"]) {
                let when = ["from", "to", "over"].map(|name| plain(&step[name]));
                for piece in PIECES.into_iter().filter(|piece| step[piece].is_object()) {
                    let own = ["sum", "count", "filter"].map(|name| plain(&step[piece][name]));
                    let head = [kept(currency), kept(group)].into_iter().chain(when.clone());
                    lines.push(head.chain([piece.to_owned()]).chain(own).collect());
                }
            }
        }
    }
    lines
}

/// The groups that say something.
struct Blocks<'a> {
    told: Vec<Block<'a>>,
    /// In how many others all is 0.
    left_out: usize,
}

/// A group of a currency.
struct Block<'a> {
    title: String,
    steps: &'a [Value],
}

impl<'a> Blocks<'a> {
    fn of(answer: &'a Value) -> Blocks<'a> {
        let mut blocks = Blocks { told: Vec::new(), left_out: 0 };
        let mut currencies: Vec<(&Value, Vec<&Value>)> = Vec::new();
        for currency in list(&answer["currencies"]) {
            let groups: Vec<&Value> = list(&currency["groups"]).iter().filter(|group| moves(group)).collect();
            blocks.left_out += list(&currency["groups"]).len() - groups.len();
            currencies.push((currency, groups));
        }
        currencies.retain(|(_, groups)| !groups.is_empty());
        // Of money that is in no currency it need not be said, unless some is.
        let is_one = currencies.len() == 1;
        for (currency, mut groups) in currencies {
            let is_said = currency["of"] != "all" && !(is_one && currency["of"] == "missing");
            // All of whom hold the same are told already.
            let only = if groups.len() == 2 { groups.pop() } else { None };
            for group in groups {
                let told_apart = only.or(Some(group)).filter(|group| group["of"] != "all");
                let names = is_said.then(|| kept(currency)).into_iter().chain(told_apart.map(kept));
                let title = names.collect::<Vec<_>>().join(", ");
                blocks.told.push(Block { title, steps: list(&group["steps"]) });
            }
        }
        blocks
    }
}

/// Whether there is anything in a group, ever.
fn moves(group: &Value) -> bool {
    let is_some = |step: &Value, piece: &str| step[piece]["sum"].as_f64().is_some_and(|sum| sum != 0.0);
    list(&group["steps"]).iter().any(|step| PIECES.iter().any(|piece| is_some(step, piece)))
}

impl Block<'_> {
    /// What it is of; the sums; the people, and the rates.
    fn text(&self, unit: &Value) -> String {
        let title = Some(&self.title).filter(|title| !title.is_empty()).map(|title| format!("{title}\n"));
        format!("{}{}\n\n{}", title.unwrap_or_default(), self.sums(unit), self.people(unit))
    }

    /// Whether somebody is told in a piece: in those that most have not, somebody must be.
    fn has(&self, piece: &str) -> bool {
        let is_in = |step: &Value| step[piece]["count"].as_u64() > Some(0);
        !SELDOM.contains(&piece) || self.steps.iter().any(is_in)
    }

    fn sums(&self, unit: &Value) -> String {
        let mut signs = Signs::default();
        let pieces: Vec<&str> = PIECES.into_iter().filter(|piece| self.has(piece)).collect();
        let names = pieces.iter().map(|piece| (*piece).to_owned());
        let mut table = Table::new([plain(unit)].into_iter().chain(names));
        for step in self.steps {
            let sums = pieces.iter().map(|piece| plain(&step[piece]["sum"]));
            table.row([label(step, &mut signs)].into_iter().chain(sums));
        }
        signs.under(&table)
    }

    fn people(&self, unit: &Value) -> String {
        let mut signs = Signs::default();
        let counted = ["opening", "came", "entered", "imported", "lost", "left", "closing"];
        let counted: Vec<&str> = counted.into_iter().filter(|name| self.has(name)).collect();
        let rated = ["people lost", "95% interval", "gross", "net"];
        let names = counted.iter().copied().chain(rated).map(str::to_owned);
        let mut table = Table::new([plain(unit)].into_iter().chain(names));
        for step in self.steps {
            let count = |piece: &str| step[piece]["count"].as_u64().unwrap_or_default();
            let counts = counted.iter().map(|name| match *name {
                "came" => (count("new") + count("reactivated")).to_string(),
                "lost" => count("churned").to_string(),
                piece => count(piece).to_string(),
            });
            let opening = count("opening");
            let few = signs.few(&json!({ "of": opening, "small": opening < FEW }));
            let rates = [
                percent(&step["churn_rate"]) + few,
                interval(&step["churn_low"], &step["churn_high"]),
                percent(&step["gross_retention"]),
                percent(&step["net_retention"]),
            ];
            table.row([label(step, &mut signs)].into_iter().chain(counts).chain(rates));
        }
        signs.under(&table)
    }
}

/// What a unit is called.
fn label(step: &Value, signs: &mut Signs) -> String {
    plain(&step["label"]) + signs.mark("+", "so far: it is not over", step["over"] != true)
}

/// Whose number is no number or below 0 and therefore counts as 0, in each currency: at the last end at which there is anybody.
fn odd(answer: &Value) -> Vec<String> {
    let currencies = list(&answer["currencies"]);
    let last = |currency: &Value| {
        let step = list(&currency["groups"][0]["steps"]).iter().rfind(|step| step["odd"]["count"] != 0)?;
        let (when, path, odd) = (plain(&step["label"]), plain(&answer["path"]), &step["odd"]);
        let of = if currencies.len() > 1 { format!(" in {}", kept(currency)) } else { String::new() };
        let told = format!("the {path} of {}{of} counts as 0", plain(&odd["count"]));
        Some(format!("In {when} {told}, being no number or below 0:\n  {}", plain(&odd["filter"])))
    };
    currencies.iter().filter_map(last).collect()
}
