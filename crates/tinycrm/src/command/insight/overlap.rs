//! `tinycrm insight overlap`: how many customers projects have in common.

use serde_json::Value;

use super::{Common, cell, percent, signs::Signs};
use crate::{
    answer::{list, plain},
    failure::Failure,
    table::Table,
};

/// How many customers projects have in common
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A row is two projects: how many customers are in both, which share that is of the first and of the \
second, and how many of them pay in both. Customers are counted: who is in two projects is one.

Examples:
  tinycrm insight overlap
  tinycrm insight overlap 'status = paid'
  tinycrm insight overlap --csv > overlap.csv")]
pub struct Overlap {
    /// A filter: of whom, asked in each project [default: everybody]
    #[arg(default_value = "", hide_default_value = true)]
    filter: String,

    #[command(flatten)]
    common: Common,
}

impl Overlap {
    /// Asks and prints the answer.
    pub fn run(self) -> Result<(), Failure> {
        self.common.tell("overlap", &self.filter, &[], lines, text)
    }
}

/// A line a share.
fn lines(answer: &Value) -> Vec<Vec<String>> {
    let header = ["project", "other", "count", "of", "rate", "low", "high", "filter"];
    let mut lines = vec![header.map(str::to_owned).to_vec()];
    for pair in list(&answer["pairs"]) {
        for (own, other, of) in [("first", "second", "of_first"), ("second", "first", "of_second")] {
            let head = [plain(&pair[own]), plain(&pair[other])];
            lines.push(head.into_iter().chain(cell(&pair[of])).collect());
        }
    }
    lines
}

fn text(answer: &Value) -> String {
    let mut projects = Table::new(["project", "customers", "paid"]);
    for project in list(&answer["projects"]) {
        let counts = ["customers", "paid"].map(|name| plain(&project[name]["count"]));
        projects.row([plain(&project["project"])].into_iter().chain(counts));
    }
    let mut signs = Signs::default();
    let mut pairs = Table::new(["", "and", "both", "of the first", "of the second", "paid in both"]);
    for pair in list(&answer["pairs"]) {
        let names = ["first", "second"].map(|name| plain(&pair[name]));
        let shares =
            ["of_first", "of_second"].map(|name| percent(&pair[name]["rate"]) + signs.few(&pair[name]));
        let both = [plain(&pair["of_first"]["count"])].into_iter();
        pairs.row(names.into_iter().chain(both).chain(shares).chain([plain(&pair["paid"]["count"])]));
    }
    match list(&answer["pairs"]).iter().next() {
        Some(_) => format!("{}\n\n{}", projects.render(), signs.under(&pairs)),
        None => projects.render(),
    }
}
