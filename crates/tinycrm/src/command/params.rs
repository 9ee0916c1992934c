//! `tinycrm params`: what the params hold, path by path.

use std::cmp::Reverse;

use serde_json::Value;

use super::whose::Whose;
use crate::{
    answer::{list, plain, share, shown},
    client::Remote,
    failure::Failure,
    output::{Output, note},
    table::Table,
};

/// How many paths are listed unless --limit says.
const LISTED: usize = 50;
/// How many of a path's values are told.
const VALUES: usize = 5;
/// How many distinct values are counted; of more it is only told that there are.
const COUNTED: &str = "1000+";

/// Show what the params hold: who has them, of which types and with which values
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Paths are written as filters read them, and those that most have come first. Of few values the most
frequent are told, with the share of those who have the path; of many, from where to where they go.

Examples:
  tinycrm params
  tinycrm params 'status = paid' --project my-app
  tinycrm params --as-of '30 days ago' --json")]
pub struct Params {
    /// A filter: of whom [default: everybody]
    #[arg(default_value = "", hide_default_value = true)]
    filter: String,

    /// List that many
    #[arg(long, value_name = "COUNT", default_value_t = LISTED)]
    limit: usize,

    #[command(flatten)]
    whose: Whose,

    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    remote: Remote,
}

impl Params {
    /// Asks and prints the answer.
    pub fn run(self) -> Result<(), Failure> {
        let asked = self.remote.client()?.find("/v1/params", &self.question());
        let answer = asked.map_err(|error| error.about(&self.filter))?;
        self.output.show(&answer, || self.text(&answer))
    }

    fn question(&self) -> Vec<(&'static str, String)> {
        let filter = ("filter", Some(self.filter.clone()).filter(|filter| !filter.is_empty()));
        [filter]
            .into_iter()
            .chain(self.whose.parameters())
            .filter_map(|(name, text)| Some((name, text?)))
            .collect()
    }

    fn text(&self, answer: &Value) -> String {
        let (params, all) = (list(&answer["params"]), &answer["relationships"]);
        if params.is_empty() {
            return "Nobody has any params.".to_owned();
        }
        if params.len() > self.limit {
            note(format!("There are {}; --limit lists more, --json all.", params.len()));
        }
        let mut table = Table::new(["param", "relationships", "share", "types", "distinct", "values"]);
        for param in params.iter().take(self.limit) {
            let coverage = &param["coverage"];
            let distinct =
                if param["distinct"].is_null() { COUNTED.to_owned() } else { plain(&param["distinct"]) };
            let cells = [
                plain(&param["field"]),
                plain(coverage),
                part(coverage, all),
                types(&param["types"]),
                distinct,
            ];
            table.row(cells.into_iter().chain([values(param)]));
        }
        table.render()
    }
}

/// The types, most frequent first.
fn types(types: &Value) -> String {
    let mut types: Vec<(&String, u64)> = types
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, count)| (name, count.as_u64().unwrap_or(0)))
        .collect();
    types.sort_by_key(|(_, count)| Reverse(*count));
    types.into_iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The most frequent values with the share of those who have any; or from where to where they go.
fn values(param: &Value) -> String {
    let (range, values) = (&param["range"], list(&param["values"]));
    if !range["min"].is_null() {
        return format!("{} – {}", plain(&range["min"]), plain(&range["max"]));
    }
    let value = |value: &Value| format!("{} {}", shown(value), part(&value["count"], &param["coverage"]));
    let more = if values.len() > VALUES { ", …" } else { "" };
    format!("{}{more}", values.iter().take(VALUES).map(value).collect::<Vec<_>>().join(", "))
}

/// One count as a part of another.
fn part(count: &Value, of: &Value) -> String {
    let number = |value: &Value| value.as_f64().unwrap_or(0.0);
    share(if number(of) > 0.0 { number(count) / number(of) } else { 0.0 })
}
