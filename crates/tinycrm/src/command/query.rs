//! `tinycrm query`: customers counted, summed, grouped and listed by any param.

use serde_json::{Map, Value, json};

use super::{aggregates::Aggregates, whose::Whose};
use crate::{
    answer::{customers, groups, past, plain, totals, warnings},
    client::Remote,
    failure::Failure,
    output::{Output, note},
};

/// How many customers or groups are listed unless --limit says.
const LISTED: u32 = 20;
/// How many columns a question may name.
const COLUMNS_MAX: usize = 50;

/// Count, sum, group and list customers
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without a FILTER it speaks of all customers. Customers are listed unless a sum or a group is
asked for.

Filters:
  status = paid and mrr >= 29                 bare words are params
  trial_ends in next 7 days                   dates understand periods
  tags has vip and company.country != US      inside arrays and objects
  ada                                         e-mail, name or user_id contains it

Examples:
  tinycrm query 'plan = pro' --count --sum mrr
  tinycrm query 'status = paid' --group-by source --sum mrr
  tinycrm query --group-by 'month(signed_up_at)'
  tinycrm query 'beta exists' --sort -mrr --limit 10
  tinycrm query 'status = trial' --count
  tinycrm query 'status = paid' --sum mrr --as-of '30 days ago'")]
pub struct Query {
    /// A filter, e.g. 'plan = pro and mrr > 20'
    #[arg(default_value = "", hide_default_value = true)]
    filter: String,

    #[command(flatten)]
    aggregates: Aggregates,

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

    #[command(flatten)]
    whose: Whose,

    /// Print the count, and of the rest what is asked for; the bare number if nothing is
    #[arg(long)]
    count: bool,

    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    remote: Remote,
}

impl Query {
    /// Asks and prints the answer.
    pub fn run(self) -> Result<(), Failure> {
        let client = self.remote.client()?;
        let asked = client.ask("/v1/query", &self.question().to_string());
        let answer = asked.map_err(|error| error.about(&self.filter))?;
        warnings(&answer["warnings"]).for_each(note);
        answer["as_of"].as_str().map(past).into_iter().for_each(note);
        self.output.show(&answer, || self.text(&answer))
    }

    fn question(&self) -> Value {
        let aggregates = self.aggregates.all();
        let limit = if self.group_by.is_some() { "group_limit" } else { "limit" };
        let parts = [
            ("count", true),
            ("aggregates", !aggregates.is_empty()),
            ("groups", self.group_by.is_some()),
            ("customers", self.lists()),
        ];
        let select: Vec<&str> = parts.into_iter().filter(|(_, asked)| *asked).map(|(part, _)| part).collect();
        // Those that the server would look at for names that nobody has.
        let columns =
            Some(&self.columns[..self.columns.len().min(COLUMNS_MAX)]).filter(|all| !all.is_empty());
        let given = [
            ("filter", json!(self.filter)),
            ("select", json!(select)),
            ("project", json!(self.whose.project)),
            ("test", json!(self.whose.test.then_some(true))),
            ("as_of", json!(self.whose.as_of)),
            ("aggregates", json!(Some(&aggregates).filter(|all| !all.is_empty()))),
            ("group_by", json!(self.group_by)),
            ("sort", json!(self.sort)),
            ("columns", json!(columns)),
            (limit, json!(self.limit.unwrap_or(LISTED))),
        ];
        let given = given.into_iter().filter(|(_, value)| !value.is_null());
        given.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
    }

    /// Whether customers are listed: where nothing else is asked for, or where a flag is about the list.
    fn lists(&self) -> bool {
        let summary = !self.aggregates.all().is_empty() || self.count;
        let about_the_list = self.sort.is_some() || !self.columns.is_empty() || self.limit.is_some();
        self.group_by.is_none() && (!summary || about_the_list)
    }

    fn text(&self, answer: &Value) -> String {
        if self.count && self.aggregates.all().is_empty() && self.group_by.is_none() && !self.lists() {
            return plain(&answer["count"]);
        }
        let mut parts = vec![totals(answer)];
        if self.group_by.is_some() {
            parts.push(groups(answer));
        }
        if self.lists() {
            parts.push(customers(answer, &self.columns));
        }
        parts.retain(|part| !part.is_empty());
        parts.join("\n\n")
    }
}
