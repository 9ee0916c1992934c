//! What may be wrong with a text that nobody has where there are few others: `plan = prro`.

use filter::{predicate::Condition, quoted};
use index::Probe;

use super::{Warning, WarningCode};
use crate::store::query::Plan;

/// So many of the texts that there are are named, where none looks like the one that was asked for.
const NAMED_MAX: usize = 5;

/// That nobody has a text: with the one that was probably meant, or the most common. Of what was only the former is told, for what
/// nobody has today somebody may have had.
pub(super) fn explain(
    plan: &Plan,
    condition: &Condition,
    text: Option<&str>,
    probe: &Probe,
    past: bool,
) -> Option<Warning> {
    let text = text.filter(|_| !probe.texts.is_empty())?;
    let names: Vec<String> = probe.texts.iter().map(|(name, _)| name.clone()).collect();
    let near = filter::similar(text, &names).into_iter().next();
    let today = if past { " today" } else { "" };
    let said = match &near {
        Some(near) => format!("{near}?"),
        None if past => return None,
        None => listed(&names),
    };
    let detail = format!("nobody has {} in {}{today}; {said}", quoted(text), condition.field);
    let (span, fix) = match &condition.literal {
        Some((span, _)) => (*span, near.as_deref().map(quoted)),
        None => (condition.span, None),
    };
    Some(Warning::of_filter(plan, WarningCode::UnknownValue, span, detail, fix))
}

/// The most common texts, in words.
fn listed(names: &[String]) -> String {
    let more = if names.len() > NAMED_MAX { " and more" } else { "" };
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("there {verb} {}{more}", names.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", "))
}
