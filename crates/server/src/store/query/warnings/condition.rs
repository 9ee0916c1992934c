//! What may be wrong with conditions on params.

use filter::{
    Path, Span,
    expr::Literal,
    predicate::{Asked, Condition, Operator, Test},
    value::Kind,
};
use index::Probe;

use super::{Outcome, Warning, WarningCode, named::date_form, quoted, similar};
use crate::store::query::Plan;

/// Conditions beyond these are not looked at.
const CONDITIONS_MAX: usize = 20;

/// The conditions on params that speak of the rows themselves, and not of the customer elsewhere.
fn asked(plan: &Plan) -> impl Iterator<Item = Asked<'_>> {
    let all = plan.predicate.conditions().into_iter();
    all.filter(|asked| asked.projects.is_none() && asked.condition.field.path().is_some())
        .take(CONDITIONS_MAX)
}

/// Those that are wanted false, which a row without the field is too.
fn negated(plan: &Plan) -> impl Iterator<Item = Asked<'_>> {
    asked(plan).filter(|asked| asked.negated && asked.condition.operator != Operator::Exists)
}

/// The conditions of which must be known how many rows that match lack their field.
pub(in crate::store::query) fn lacking(plan: &Plan) -> Vec<&Condition> {
    negated(plan).map(|asked| asked.condition).collect()
}

/// The conditions that the rows, matching or not, must be looked at for: all that may be why nothing matches, those that
/// every row matches for want of the field, and those that ask for dates.
pub(super) fn odd<'p>(plan: &'p Plan, outcome: &Outcome<'_>) -> Vec<&'p Condition> {
    let Some(relationships) = outcome.relationships else { return Vec::new() };
    let lacked = |condition: &Condition| {
        let counted = negated(plan).zip(outcome.lacking);
        let mut every = counted.filter(|(_, count)| **count == relationships);
        every.any(|(asked, _)| std::ptr::eq(asked.condition, condition))
    };
    let is_odd = |condition: &&Condition| relationships == 0 || is_date(condition) || lacked(condition);
    asked(plan).map(|asked| asked.condition).filter(is_odd).collect()
}

/// Whether a condition asks for a date.
pub(super) fn is_date(condition: &Condition) -> bool {
    matches!(condition.test, Test::During(_))
}

/// The text that a condition demands.
pub(super) fn literal(condition: &Condition) -> Option<&str> {
    match &condition.literal {
        Some((_, Literal::Text(text))) if condition.operator == Operator::Equal => Some(text),
        _ => None,
    }
}

/// How many of those that match lack a field whose condition is wanted false.
pub(super) fn including(plan: &Plan, outcome: &Outcome<'_>) -> Vec<Warning> {
    let counted = negated(plan).zip(outcome.lacking).filter(|(_, count)| **count > 0);
    counted.map(|(asked, count)| includes(plan, asked.condition, *count)).collect()
}

fn includes(plan: &Plan, condition: &Condition, count: u64) -> Warning {
    let written = condition.span.of(plan.expr.text());
    // Where the negation is outside of the words, adding to them would be negated too.
    let inside = written.contains('!') || written.contains("<>") || written.to_lowercase().contains(" not ");
    let detail = format!("{count} of these have no {}", condition.field);
    let fix = inside.then(|| format!("({written} and {} exists)", condition.field));
    Warning::of_filter(plan, WarningCode::IncludesMissing, condition.span, detail, fix)
}

/// What is odd about a condition, given what the rows hold there; `converted` is its literal in another type, if that finds
/// anybody.
pub(super) fn explain(
    plan: &Plan,
    condition: &Condition,
    outcome: &Outcome<'_>,
    probe: &Probe,
    paths: &[Path],
    converted: Option<String>,
) -> Option<Warning> {
    if probe.present == 0 {
        return Some(unknown(plan, condition, paths));
    }
    let field = &condition.field;
    if is_date(condition) {
        let detail = match date_form(field, probe) {
            Some(detail) => (WarningCode::DateForm, detail),
            None if outcome.is_nobody() && probe.dated == 0 => {
                (WarningCode::TypeDiffers, format!("{field} holds {}, none of them a date", kinds(probe)))
            }
            None => return None,
        };
        return Some(Warning::of_filter(plan, detail.0, condition.span, detail.1, None));
    }
    let (span, literal) = condition.literal.as_ref()?;
    if let (Some(text), 0, Some(other)) = (self::literal(condition), probe.same, &probe.other) {
        let (text, other) = (quoted(text), quoted(other));
        let detail = format!("0 have {text}, {} have {other}", probe.folded);
        return Some(Warning::of_filter(plan, WarningCode::CaseDiffers, *span, detail, Some(other)));
    }
    let wanted = kind(literal)?;
    let holds = probe.kinds.iter().any(|(kind, _)| *kind == wanted);
    if holds || !matches!(condition.operator, Operator::Equal | Operator::Ordered(_)) {
        return None;
    }
    let detail = format!("{field} holds {}, this is a {wanted}", kinds(probe));
    Some(Warning::of_filter(plan, WarningCode::TypeDiffers, *span, detail, converted))
}

/// A key that nobody has: the sentence may have been meant as a whole, or another key.
fn unknown(plan: &Plan, condition: &Condition, paths: &[Path]) -> Warning {
    let field = &condition.field;
    let written = condition.span.of(plan.expr.text());
    // A sentence about params is the condition itself.
    let is_other =
        |sentence: &String| filter::parse(sentence).is_ok_and(|expr| !expr.to_string().contains("params."));
    let (span, fix) = match filter::meant(written).filter(is_other) {
        Some(sentence) => (condition.span, Some(format!("({sentence})"))),
        None => (field_span(plan, condition), similar::fields(field, paths).first().map(ToString::to_string)),
    };
    let detail = match &fix {
        Some(fix) => format!("nobody has {field}; {}?", fix.trim_matches(['(', ')'])),
        None => format!("nobody has {field}"),
    };
    Warning::of_filter(plan, WarningCode::UnknownPath, span, detail, fix)
}

/// The field of a condition: the words before its operator.
fn field_span(plan: &Plan, condition: &Condition) -> Span {
    let mut quoted = false;
    let ends = |c: char| {
        quoted ^= c == '"';
        !quoted && (c.is_whitespace() || "=!<>:".contains(c))
    };
    let written = condition.span.of(plan.expr.text());
    let length = written.find(ends).unwrap_or(written.len());
    Span::new(condition.span.start, condition.span.start + length)
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

/// The kinds of values that there are, in words.
fn kinds(probe: &Probe) -> String {
    let kinds: Vec<String> = probe.kinds.iter().map(|(kind, _)| format!("{kind}s")).collect();
    kinds.join(" and ")
}

/// The literal of a condition as another type that was probably meant, and the condition with it.
pub(super) fn converted(condition: &Condition) -> Option<(String, String)> {
    let (_, literal) = condition.literal.as_ref()?;
    let other = match literal {
        Literal::Text(text) => {
            let word = text.trim().to_ascii_lowercase();
            let number = text.trim().parse::<serde_json::Number>().ok().map(|number| number.to_string());
            number.or_else(|| matches!(word.as_str(), "true" | "false").then_some(word))?
        }
        Literal::Number(number) => quoted(&number.to_string()),
        Literal::Boolean(boolean) => quoted(&boolean.to_string()),
        Literal::Null | Literal::Date(_) => return None,
    };
    let operator = match condition.operator {
        Operator::Equal => "=",
        Operator::Ordered(order) => order.as_str(),
        _ => return None,
    };
    let filter = format!("{} {operator} {other}", condition.field);
    Some((other, filter))
}
