//! What is true of one person: each of some filters, in each of their projects. Asked of Postgres, for the rows of one person are
//! soon looked at.

use std::sync::Arc;

use filter::Bind;
use uuid::Uuid;

use super::{Error, Plan, Query};
use crate::{
    model::{CustomerId, ProjectId},
    store::{
        Store, View,
        lexicon::{self, Lexicon},
        snapshot::Snapshot,
        statement::Statement,
    },
};

/// Filters that are asked at once.
pub const ASKED_MAX: usize = 64;

/// Of each relationship of the person whether each filter is true, in their order; as of a moment, where one is named. A filter that means nothing any more is of
/// nobody. Those after the first [`ASKED_MAX`] are not asked.
pub async fn truths(
    store: &Store,
    view: &View,
    customer: CustomerId,
    filters: &[String],
    as_of: Option<&str>,
) -> Result<Vec<(ProjectId, Vec<bool>)>, Error> {
    let lexicon = Arc::new(lexicon::load(store, view).await?);
    let filters = filters.iter().take(ASKED_MAX);
    let plans: Vec<Option<Plan>> = filters.map(|filter| plan(&lexicon, view, filter, as_of).ok()).collect();
    let Some(any) = plans.iter().flatten().next() else { return Ok(Vec::new()) };
    let statement = Statement::make(|binds| {
        let id = binds.bind(Bind::Uuid(customer.0));
        let visible = any.visible_of(&id, binds);
        let holds = plans.iter().map(|plan| match plan {
            Some(plan) => format!("coalesce({}, false)", plan.matches(binds)),
            None => "false".to_owned(),
        });
        let holds = holds.collect::<Vec<_>>().join(", ");
        format!("select r.project_id, array[{holds}] {visible}")
    });
    let rows = Snapshot::open(store, view).await?.ask(&[statement], true).await?.swap_remove(0);
    Ok(rows.iter().map(|row| (ProjectId(row.get(0)), row.get(1))).collect())
}

/// A filter over the relationships of all projects, test projects too.
fn plan(lexicon: &Arc<Lexicon>, view: &View, filter: &str, as_of: Option<&str>) -> Result<Plan, Error> {
    let everywhere: Vec<Uuid> = lexicon.projects.iter().map(|project| project.id.0).collect();
    let query = Query { filter: filter.to_owned(), as_of: as_of.map(str::to_owned), ..Query::default() };
    Ok(Plan { rows: everywhere, ..Plan::make(lexicon.clone(), view, &query)? })
}
