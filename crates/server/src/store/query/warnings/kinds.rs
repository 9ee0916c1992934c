//! What may be wrong with the types of values: a literal is compared with values of its own type only.

use filter::{
    expr::Literal,
    predicate::{Condition, Operator},
    value::Kind,
};
use index::Probe;

use super::{Warning, WarningCode};
use crate::store::query::Plan;

/// How many values there are, null aside.
pub(super) fn values(probe: &Probe) -> u64 {
    probe.kinds.iter().filter(|(kind, _)| *kind != Kind::Null).map(|(_, count)| count).sum()
}

/// The kinds of values that there are, in words.
pub(super) fn list(probe: &Probe) -> String {
    let kinds: Vec<String> = probe.kinds.iter().map(|(kind, _)| plural(*kind, 2)).collect();
    kinds.join(" and ")
}

/// How many there are of each kind, in words.
fn counted(probe: &Probe) -> String {
    let kinds = probe.kinds.iter().map(|(kind, count)| format!("{count} {}", plural(*kind, *count)));
    kinds.collect::<Vec<_>>().join(" and ")
}

/// So many of a kind.
fn plural(kind: Kind, count: u64) -> String {
    if count == 1 { kind.to_string() } else { format!("{kind}s") }
}

/// That a field which is said to have gone up or down holds no numbers.
pub(super) fn explain_moved(plan: &Plan, condition: &Condition, probe: &Probe) -> Option<Warning> {
    let numbers = probe.kinds.iter().any(|(kind, _)| *kind == Kind::Number);
    let (field, list) = (&condition.field, list(probe));
    let detail = format!("{field} holds {list}; only numbers increase and decrease");
    let warning = || Warning::of_filter(plan, WarningCode::TypeDiffers, condition.span, detail, None);
    (!numbers && probe.present > 0).then(warning)
}

/// That values are of another type than the literal: all of them, or at least as many as those of its own. `fix` is what
/// finds somebody in its place, and how many.
pub(super) fn explain(
    plan: &Plan,
    condition: &Condition,
    probe: &Probe,
    fix: Option<(String, u64)>,
) -> Option<Warning> {
    let (field, (span, literal)) = (&condition.field, condition.literal.as_ref()?);
    let wanted = match condition.operator {
        Operator::Equal | Operator::Ordered(_) => kind(literal)?,
        Operator::Holds(_) => Kind::String,
        Operator::Has => Kind::Array,
        Operator::During | Operator::Exists | Operator::Is | Operator::Changed | Operator::Moved(_) => {
            return None;
        }
    };
    let fitting = probe.kinds.iter().find(|(kind, _)| *kind == wanted).map_or(0, |(_, count)| *count);
    let others = values(probe).saturating_sub(fitting);
    let detail = match (condition.operator, &fix) {
        (Operator::Equal, Some((other, count))) if fitting > 0 && probe.same == 0 => {
            format!("{count} have {other} in {field}, this is a {wanted}")
        }
        (Operator::Holds(place), _) if fitting == 0 => {
            format!("{field} holds {}; {} looks inside strings", list(probe), place.as_str())
        }
        (Operator::Has, _) if fitting == 0 => {
            format!("{field} holds {}; has looks inside lists", list(probe))
        }
        (Operator::Equal, _) if fitting == 0 && wanted == Kind::Null => {
            format!("nobody has null in {field}; those who lack it have no value at all")
        }
        (Operator::Equal | Operator::Ordered(_), _) if fitting == 0 => {
            format!("{field} holds {}, this is a {wanted}", list(probe))
        }
        (Operator::Ordered(_), _) if others >= fitting => {
            format!("{field} holds {}; this compares with the {wanted}s only", counted(probe))
        }
        (Operator::Has, _) if others >= fitting => {
            format!("{field} holds {}; has looks inside the {wanted}s only", counted(probe))
        }
        _ => return None,
    };
    // What replaces more than the literal is a condition of its own; of a list it is only a part.
    let whole = matches!(condition.operator, Operator::Has)
        || wanted == Kind::Null
        || fix.as_ref().is_some_and(|(fix, _)| fix.starts_with(&format!("{field} has ")));
    let is_listed = condition.span.of(plan.expr.text()).contains('(');
    let fix = fix.filter(|_| !(whole && is_listed));
    let span = if whole && !is_listed { condition.span } else { *span };
    let fix = fix.map(|(fix, _)| fix).filter(|_| fitting == 0 || condition.operator == Operator::Equal);
    Some(Warning::of_filter(plan, WarningCode::TypeDiffers, span, detail, fix))
}

/// The kind of values that a literal is compared with.
fn kind(literal: &Literal) -> Option<Kind> {
    match literal {
        Literal::Text(_) => Some(Kind::String),
        Literal::Number(_) => Some(Kind::Number),
        Literal::Boolean(_) => Some(Kind::Boolean),
        Literal::Null => Some(Kind::Null),
        Literal::Date(_) => None,
    }
}
