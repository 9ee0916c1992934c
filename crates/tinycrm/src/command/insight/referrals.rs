//! `tinycrm insight referrals`: what came by each code, who carries it, and what his chain has brought.

use serde_json::{Value, json};

use super::{Common, Where, kept, many, percent, signs::Signs};
use crate::{
    answer::{list, plain, shown},
    failure::Failure,
    output::note,
    table::Table,
};

/// What came by each referral code, who carries it, and what the chain has brought
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A row is a code: how many came by it, how many of them pay, what the numbers of those who pay add up \
to, and who carries it. The chain are those who came by it, all who came by the codes that they carry, \
and so on, each once. What the numbers of all add up to, of those too who do not pay, is in --csv and \
--json.

Examples:
  tinycrm insight referrals params.referred_by
  tinycrm insight referrals params.referred_by 'source = ad' --limit 50
  tinycrm insight referrals params.referred_by --carries params.referral_code
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

    /// Which codes come first: paid, by how many pay; sign_ups, by how many came [default: paid]
    #[arg(long, value_name = "ORDER")]
    order: Option<String>,

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
            ("order", json!(self.order)),
            ("limit", json!(self.limit)),
            ("project", json!(self.of.project)),
        ];
        self.common.tell("referrals", &self.filter, &words, lines, |answer| self.text(answer))
    }

    fn text(&self, answer: &Value) -> String {
        list(&answer["notes"]).iter().map(plain).for_each(note);
        match (answer["carries"].as_str(), &answer["carries_found"]) {
            (None, _) => note("nobody seems to carry one of these codes; --carries PATH names where"),
            (Some(path), Value::Bool(true)) => note(format!("codes are carried in {path}, it seems")),
            _ => {}
        }
        table(answer, self.common.is_wide(&self.of))
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

/// A row a code, then the others and all of them.
fn table(answer: &Value, is_wide: bool) -> String {
    let mut signs = Signs::default();
    let sum = answer["sum"].as_str().map(last_key);
    // Of money that is in no currency it need not be said, unless some is.
    let is_named = list(&answer["all"]["sums"]).iter().any(|sum| sum["of"] == "value");
    let own = ["code", "sign-ups", "paid", "rate"]
        .map(str::to_owned)
        .into_iter()
        .chain(sum.map(|sum| format!("{sum} of paid")));
    let chained = ["carried by", "chain", "chain paid"].map(str::to_owned).into_iter();
    let chained = chained.chain(sum.map(|sum| format!("chain {sum}"))).chain(["steps".to_owned()]);
    let mut table = Table::new(own.chain(chained));
    let mut row = |name: String, people: &Value| {
        let chain = &people["chain"];
        let summed = |people: &Value| answer["sum"].is_string().then(|| sums(people, is_named));
        let rate = percent(&people["rate"]) + signs.few(people);
        let own =
            [name, plain(&people["of"]), plain(&people["count"]), rate].into_iter().chain(summed(people));
        let chained = [carrier(people, is_wide), plain(&chain["of"]), plain(&chain["count"])].into_iter();
        table.row(own.chain(chained).chain(summed(chain)).chain([plain(&chain["depth"])]));
    };
    for code in list(&answer["codes"]) {
        row(shown(&json!({ "value": code["code"], "type": code["type"] })), code);
    }
    if answer["other"].is_object() {
        row("(others)".to_owned(), &answer["other"]);
    }
    row("(all)".to_owned(), &answer["all"]);
    signs.under(&table)
}

/// The last key of a path, by which a sum is called.
fn last_key(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// What the numbers of those who pay add up to, currency by currency.
fn sums(people: &Value, is_named: bool) -> String {
    let sum = |sum: &Value| match is_named {
        true => format!("{} {}", plain(&sum["paid"]["sum"]), kept(sum)),
        false => plain(&sum["paid"]["sum"]),
    };
    list(&people["sums"]).iter().map(sum).collect::<Vec<_>>().join(", ")
}

/// Who carries a code: the one, or how many do. Relationships are counted: in one project they are customers, and so are two, which of one
/// customer would be told as that.
fn carrier(people: &Value, is_wide: bool) -> String {
    let carriers = &people["carriers"];
    match (carriers["customer"]["email"].as_str(), carriers["count"].as_u64()) {
        (Some(email), _) => email.to_owned(),
        (None, None) => String::new(),
        (None, Some(0)) => "nobody".to_owned(),
        (None, Some(count)) => many(count, if is_wide && count > 2 { "relationship" } else { "customer" }),
    }
}
