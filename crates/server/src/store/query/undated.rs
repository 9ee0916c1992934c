//! Values whose date nobody told: of an import that says what people have and not since when.

use filter::{Predicate, Span, predicate::Node};

use super::{Plan, Warning, WarningCode};

/// A warning for what counts from somebody's first day, though it may have become so later; `count` says how many there are of
/// whom something is true.
pub(super) fn look(plan: &Plan, count: impl Fn(&Predicate) -> u64) -> Option<Warning> {
    let imported = plan.check("imported exists").ok()?;
    let [Node::Condition(imported)] = imported.parts() else { return None };
    let undated = count(&plan.predicate.with(imported));
    let detail = format!(
        "{undated} came by an import that does not say since when they have what they have: it counts from their first day; \
         not imported exists leaves them out"
    );
    let warning = || Warning::of_filter(plan, WarningCode::PastUnknown, Span::default(), detail, None);
    (undated > 0).then(warning)
}
