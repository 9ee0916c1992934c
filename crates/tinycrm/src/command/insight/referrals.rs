//! `tinycrm insight referrals`: what came by each code, who carries it, and what his chain has brought.

use serde_json::{Value, json};

use super::{Common, Where, kept, percent};
use crate::{
    answer::{list, plain, shown},
    failure::Failure,
    output::note,
    table::Table,
};

/// What came by each referral code, who carries it, and what the chain has brought
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A row is a code: how many came by it, how many of them pay, what their numbers add up to, and who carries it. The chain are
those people, all who came by the codes that they carry, and so on, each once.

Examples:
  tinycrm insight referrals params.referred_by
  tinycrm insight referrals params.referred_by 'first_seen in last 90 days' --limit 50
  tinycrm insight referrals params.referred_by --carries params.referral_code --sum params.total_spent
  tinycrm insight referrals params.referred_by --csv > referrals.csv")]
pub struct Referrals {
    /// The path of the code that somebody came by, e.g. params.referred_by
    path: String,

    /// A filter: of whom, e.g. 'params.source = ad' [default: everybody]
    #[arg(default_value = "", hide_default_value = true)]
    filter: String,

    /// The path in which people carry a code of their own, or user_id [default: it is found]
    #[arg(long, value_name = "PATH")]
    carries: Option<String>,

    /// The number that is added up; '' for none [default: params.mrr, where somebody has it]
    #[arg(long, value_name = "PATH")]
    sum: Option<String>,

    /// The path of the currency [default: params.currency, where somebody has it]
    #[arg(long, value_name = "PATH")]
    currency: Option<String>,

    /// Tell that many codes one by one [default: 20]
    #[arg(long, value_name = "COUNT")]
    limit: Option<u32>,

    #[command(flatten)]
    of: Where,
    #[command(flatten)]
    common: Common,
}

impl Referrals {
    /// Asks and prints the answer.
    pub fn run(self) -> Result<(), Failure> {
        let words = [
            ("path", json!(self.path)),
            ("carries", json!(self.carries)),
            ("sum", json!(self.sum)),
            ("currency", json!(self.currency)),
            ("limit", json!(self.limit)),
            ("project", json!(self.of.project)),
        ];
        self.common.tell("referrals", &self.filter, &words, lines, text)
    }
}

/// A line a number.
fn lines(answer: &Value) -> Vec<Vec<String>> {
    let header = ["code", "what", "currency", "sum", "count", "filter"];
    let mut lines = vec![header.map(str::to_owned).to_vec()];
    let mut add = |code: &str, people: &Value, prefix: &str| {
        let mut line = |what: &str, currency: String, [sum, count, filter]: [&Value; 3]| {
            let figures = [sum, count, filter].map(plain);
            let head = [code.to_owned(), format!("{prefix}{what}"), currency];
            lines.push(head.into_iter().chain(figures).collect());
        };
        line("sign-ups", String::new(), [&Value::Null, &people["of"], &people["of_filter"]]);
        line("paid", String::new(), [&Value::Null, &people["count"], &people["filter"]]);
        for sum in list(&people["sums"]) {
            for (what, own) in [("sum", &sum["all"]), ("sum of paid", &sum["paid"])] {
                line(what, kept(sum), [&own["sum"], &own["count"], &own["filter"]]);
            }
        }
        if people["carriers"].is_object() {
            let carriers = &people["carriers"];
            line("carriers", String::new(), [&Value::Null, &carriers["count"], &carriers["filter"]]);
        }
    };
    for code in list(&answer["codes"]) {
        let name = plain(&code["code"]);
        add(&name, code, "");
        if code["chain"].is_object() {
            add(&name, &code["chain"], "chain: ");
        }
    }
    if answer["other"].is_object() {
        add("(others)", &answer["other"], "");
    }
    add("(all)", &answer["all"], "");
    lines
}

fn text(answer: &Value) -> String {
    list(&answer["notes"]).iter().map(plain).for_each(note);
    match (answer["carries"].as_str(), &answer["carries_found"]) {
        (None, _) => note("nobody seems to carry one of these codes; --carries PATH names where"),
        (Some(path), Value::Bool(true)) => note(format!("codes are carried in {path}, it seems")),
        _ => {}
    }
    let header = ["code", "sign-ups", "paid", "rate", "sum", "carried by", "chain", "paid", "sum", "steps"];
    let mut table = Table::new(header);
    let mut row = |name: String, people: &Value| {
        let chain = &people["chain"];
        let whole = |people: &Value| [plain(&people["of"]), plain(&people["count"])];
        let own = whole(people).into_iter().chain([percent(&people["rate"]), sums(people), carrier(people)]);
        let chained = whole(chain).into_iter().chain([sums(chain), plain(&chain["depth"])]);
        table.row([name].into_iter().chain(own).chain(chained));
    };
    for code in list(&answer["codes"]) {
        row(shown(&json!({ "value": code["code"], "type": code["type"] })), code);
    }
    if answer["other"].is_object() {
        row("(others)".to_owned(), &answer["other"]);
    }
    row("(all)".to_owned(), &answer["all"]);
    table.render()
}

/// What people's numbers add up to, currency by currency.
fn sums(people: &Value) -> String {
    let sum = |sum: &Value| match sum["of"].as_str() {
        Some("all") => plain(&sum["all"]["sum"]),
        _ => format!("{} {}", plain(&sum["all"]["sum"]), kept(sum)),
    };
    list(&people["sums"]).iter().map(sum).collect::<Vec<_>>().join(", ")
}

/// Who carries a code: the one, or how many do.
fn carrier(people: &Value) -> String {
    let carriers = &people["carriers"];
    carriers["customer"]["email"].as_str().map_or_else(|| plain(&carriers["count"]), str::to_owned)
}
