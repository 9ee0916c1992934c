//! Relationships in the order of the view, for exports: customers as the pages show them, each with its projects together.

use filter::{Bind, Binds};
use index::Sort;

use super::{
    field,
    order::{after, by, keys},
};
use crate::store::{query::Plan, row::RELATIONSHIP_COLUMNS, statement::Statement};

impl Plan {
    /// Opens a cursor over each row's key (rank, number, text), which is null unless rows are `told` by it, and its
    /// relationship. Of its params only the members of `names`, if that names any: one that is missing is null there.
    pub(in crate::store) fn declare(&self, cursor: &str, told: bool, names: Option<&[String]>) -> Statement {
        Statement::make(|binds| {
            let sort = &self.question.sort;
            let place = place(sort);
            let by = place.as_ref().map_or_else(|| by(sort), |_| by_place(sort));
            let keys = keys(self, binds);
            let params = names.map_or_else(|| "r.params".to_owned(), |names| members(names, binds));
            let hits = self.hits(binds);
            let columns: Vec<&str> = RELATIONSHIP_COLUMNS
                .split(", ")
                .filter_map(|column| Some(column.split_once('.')?.1))
                .collect();
            let columns = columns.join(", ");
            let relationship = RELATIONSHIP_COLUMNS.replace("r.params", &format!("{params} as params"));
            let place = place.as_deref().unwrap_or("null");
            let keyed = format!("select {relationship}, {keys}, {place} as place {hits}");
            // A customer of several projects stands where the first of its rows does.
            let first = "first_value(rank) over own as rank, first_value(number) over own as number, \
                         first_value(text) over own as text, first_value(place) over own as place";
            let lines = match self.is_wide() {
                true => format!(
                    "select {columns}, {first} from ({keyed}) hit \
                     window own as (partition by customer_id order by {by})"
                ),
                false => keyed,
            };
            let after = after(self, binds, &["customer_id", "project_id"]);
            let key = match told {
                true => "rank, number::text as told, text",
                false => "null::int as untold, null::text as told, null::text as nothing",
            };
            format!(
                "declare {cursor} no scroll cursor for \
                 select {key}, {columns} from ({lines}) line {after} \
                 order by {by}, customer_id, project_id"
            )
        })
    }
}

/// What a built-in field is sorted by: its values are of one kind, so one column says it, and comparing two rows by the first
/// column is what Postgres does quickly.
fn place(sort: &Sort) -> Option<String> {
    let column = field::column(&sort.field)?;
    let is_time = sort.field.is_time();
    Some(if is_time { column } else { format!("left({column}, {}) collate \"C\"", index::SORT_TEXT) })
}

/// The order of that column: what is missing comes last.
fn by_place(sort: &Sort) -> String {
    let direction = if sort.descending { "desc" } else { "asc" };
    format!("place {direction} nulls last")
}

/// Params with these members only.
fn members(names: &[String], binds: &mut Binds) -> String {
    let pairs = names.iter().map(|name| {
        let name = binds.bind(Bind::Text(name.clone()));
        format!("{name}::text, r.params -> {name}::text")
    });
    format!("jsonb_build_object({})", pairs.collect::<Vec<_>>().join(", "))
}
