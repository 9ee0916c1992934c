//! `tinycrm query`: customers counted, summed, grouped and listed by any param.

use serde_json::{Map, Value, json};

use crate::{
    client::Remote,
    failure::Failure,
    output::{Output, note},
    table::Table,
};

/// How many params a list of customers shows beside the fields; `--columns` chooses them.
const PARAMS_SHOWN: usize = 5;

/// Count, sum, group and list customers
///
/// Without a FILTER it speaks of all customers. Customers are listed unless a sum or a group is asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Filters:
  status = paid and mrr >= 29                 bare words are params
  trial_ends in next 7 days                   dates understand periods
  tags has vip and company.country != US      inside arrays and objects
  ada                                         e-mail, name or user_id contains it

Examples:
  tinycrm query 'plan = pro' --sum mrr
  tinycrm query 'status = paid' --group-by source --sum mrr
  tinycrm query --group-by 'month(signed_up_at)'
  tinycrm query 'beta exists' --sort -mrr --limit 10
  tinycrm query 'status = trial' --count")]
pub struct Query {
    /// A filter, e.g. 'params.plan = \"pro\"'
    #[arg(default_value = "", hide_default_value = true)]
    filter: String,

    /// The sum of a number (may be repeated)
    #[arg(long, value_name = "PATH")]
    sum: Vec<String>,

    /// The average of a number (may be repeated)
    #[arg(long, value_name = "PATH")]
    avg: Vec<String>,

    /// The least number or date (may be repeated)
    #[arg(long, value_name = "PATH")]
    min: Vec<String>,

    /// The greatest number or date (may be repeated)
    #[arg(long, value_name = "PATH")]
    max: Vec<String>,

    /// The median of a number (may be repeated)
    #[arg(long, value_name = "PATH")]
    median: Vec<String>,

    /// Group by a field, a path, month(PATH) or bucket(PATH, 10)
    #[arg(long, value_name = "PATH")]
    group_by: Option<String>,

    /// Sort by a field or path; a minus in front sorts downwards
    #[arg(long, value_name = "[-]PATH", allow_hyphen_values = true)]
    sort: Option<String>,

    /// List that many customers, or groups
    #[arg(long, value_name = "COUNT")]
    limit: Option<u32>,

    /// The params to list, as plan,mrr,company.country [default: those that occur most]
    #[arg(long, value_name = "PATHS", value_delimiter = ',')]
    columns: Vec<String>,

    /// Only customers of this project (account keys see all)
    #[arg(long, value_name = "SLUG")]
    project: Option<String>,

    /// Print nothing but the count
    #[arg(long, conflicts_with_all = ["sum", "avg", "min", "max", "median", "group_by", "sort", "limit", "columns"])]
    count: bool,

    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    output: Output,
}

impl Query {
    /// Asks and prints the answer.
    pub fn run(self) -> Result<(), Failure> {
        let client = self.remote.client()?;
        let answer =
            client.post("/v1/query", &self.question().to_string(), None).map_err(|error| error.about(&self.filter))?;
        for warning in answer["warnings"].as_array().into_iter().flatten() {
            note(format_args!("warning: {}", warning["detail"].as_str().unwrap_or_default()));
        }
        self.output.show(&answer, || self.text(&answer))
    }

    fn question(&self) -> Value {
        let aggregates = self.aggregates();
        let mut select = vec!["count"];
        let mut question = Map::new();
        question.insert("filter".to_owned(), json!(self.filter));
        if let Some(project) = &self.project {
            question.insert("project".to_owned(), json!(project));
        }
        if !aggregates.is_empty() {
            select.push("aggregates");
            question.insert("aggregates".to_owned(), json!(aggregates));
        }
        if let Some(path) = &self.group_by {
            select.push("groups");
            question.insert("group_by".to_owned(), json!(path));
        }
        if self.lists() {
            select.push("customers");
            question.insert("limit".to_owned(), json!(self.limit.unwrap_or(20)));
        }
        if let Some(sort) = &self.sort {
            question.insert("sort".to_owned(), json!(sort));
        }
        question.insert("select".to_owned(), json!(select));
        Value::Object(question)
    }

    /// Whether customers are to be listed.
    fn lists(&self) -> bool {
        let summary = self.group_by.is_some() || !self.aggregates().is_empty() || self.count;
        let asked = self.sort.is_some() || !self.columns.is_empty() || self.limit.is_some();
        !summary || asked && self.group_by.is_none()
    }

    fn aggregates(&self) -> Vec<String> {
        let kinds = [
            ("sum", &self.sum),
            ("avg", &self.avg),
            ("min", &self.min),
            ("max", &self.max),
            ("median", &self.median),
        ];
        let each = |(kind, paths): (&str, &Vec<String>)| {
            paths.iter().map(|path| format!("{kind}({path})")).collect::<Vec<_>>()
        };
        kinds.into_iter().flat_map(each).collect()
    }

    fn text(&self, answer: &Value) -> String {
        if self.count {
            return plain(&answer["count"]);
        }
        let mut parts = vec![totals(answer)];
        if let Some(path) = &self.group_by {
            parts.push(groups(path, &answer["groups"], self.limit));
        }
        if self.lists() {
            parts.push(customers(&answer["customers"], &self.columns));
        }
        parts.retain(|part| !part.is_empty());
        parts.join("\n\n")
    }
}
