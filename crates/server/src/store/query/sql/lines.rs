//! Relationships in the order of the view, for exports: customers as the pages show them, each with its projects together.

use super::order::{after, by, keys};
use crate::store::{query::Plan, row::RELATIONSHIP_COLUMNS, statement::Statement};

impl Plan {
    /// Opens a cursor over each row's key (rank, number, text) and its relationship.
    pub(in crate::store) fn declare(&self, cursor: &str) -> Statement {
        Statement::make(|binds| {
            let by = by(&self.question.sort);
            let keys = keys(self, binds);
            let hits = self.hits(binds);
            let names: Vec<&str> = RELATIONSHIP_COLUMNS
                .split(", ")
                .filter_map(|column| Some(column.split_once('.')?.1))
                .collect();
            let names = names.join(", ");
            let keyed = format!("select {RELATIONSHIP_COLUMNS}, {keys} {hits}");
            // A customer of several projects stands where the first of its rows does.
            let first = "first_value(rank) over own as rank, first_value(number) over own as number, \
                         first_value(text) over own as text";
            let lines = match self.is_wide() {
                true => format!(
                    "select {names}, {first} from ({keyed}) hit \
                     window own as (partition by customer_id order by {by})"
                ),
                false => keyed,
            };
            let after = after(self, binds, &["customer_id", "project_id"]);
            format!(
                "declare {cursor} no scroll cursor for \
                 select rank, number::text as told, text, {names} from ({lines}) line {after} \
                 order by {by}, customer_id, project_id"
            )
        })
    }
}
