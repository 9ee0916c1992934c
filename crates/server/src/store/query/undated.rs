//! Values whose date nobody told: an import that says when people were first seen and nothing else.

use filter::Span;

use super::{Error, Plan, Warning, WarningCode};
use crate::store::{Store, View, import};

/// A warning for what counts from somebody's first day, though it may have become so later.
pub(super) async fn look(store: &Store, view: &View, plan: &Plan) -> Result<Option<Warning>, Error> {
    let undated = import::undated(store, view.account, &plan.rows).await?;
    let detail = format!(
        "{undated} came by an import that says when they were first seen, and not since when they have what they have: it \
         counts from their first day"
    );
    let warning = || Warning::of_filter(plan, WarningCode::PastUnknown, Span::default(), detail, None);
    Ok((undated > 0).then(warning))
}
