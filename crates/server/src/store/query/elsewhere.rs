//! Why nobody is found where nobody is: a question leaves test projects out unless it says so, and there may be no others
//! with customers yet.

use filter::Span;

use super::{Error, Query, Subject, Warning, WarningCode, by_project};
use crate::store::{Rows, Store, View, project};

/// The warning, if it is so: of a query that was counted, and whether nobody was.
pub(super) async fn look(
    store: &Store,
    view: &View,
    query: &Query,
    nobody: bool,
) -> Result<Option<Warning>, Error> {
    if !nobody || query.rows != Rows::Live || view.project.is_some() {
        return Ok(None);
    }
    let counts = by_project(store, view.account).await?;
    let mut projects = project::list(store, view.account).await?;
    projects.retain(|project| !project.archived && counts.get(&project.id).is_some_and(|count| *count > 0));
    let only_test = !projects.is_empty() && projects.iter().all(|project| project.test);
    Ok(only_test.then(|| Warning {
        code: WarningCode::OnlyTestProjects,
        subject: Subject::Filter,
        text: query.filter.clone(),
        span: Span::new(0, 0),
        detail: "all customers are in test projects, which are left out unless they are asked for".to_owned(),
        fix: None,
    }))
}
