//! What may be wrong with conditions on params.

use filter::{
    Path, Span,
    expr::Literal,
    predicate::{Asked, Condition, Operator, Scalar, Side, Test},
    quoted,
};
use index::Probe;

use super::{Outcome, Warning, WarningCode, dates, kinds, similar, value};
use crate::store::query::Plan;

/// Conditions beyond these are not looked at.
const CONDITIONS_MAX: usize = 20;

/// The conditions on params that speak of the rows themselves, and not of the customer elsewhere nor of what was.
fn asked(plan: &Plan) -> impl Iterator<Item = Asked<'_>> {
    on_params(plan, false)
}

/// Those that speak of what was.
pub(super) fn of_the_past(plan: &Plan) -> impl Iterator<Item = Asked<'_>> {
    on_params(plan, true)
}

fn on_params(plan: &Plan, past: bool) -> impl Iterator<Item = Asked<'_>> {
    let all = plan.predicate.conditions().into_iter();
    let own = move |asked: &Asked<'_>| asked.projects.is_none() && asked.past == past;
    all.filter(move |asked| own(asked) && asked.condition.field.path().is_some()).take(CONDITIONS_MAX)
}

/// Those that are wanted false, which a row without the field is too.
fn negated(plan: &Plan) -> impl Iterator<Item = Asked<'_>> {
    asked(plan).filter(|asked| asked.negated && asked.condition.operator != Operator::Exists)
}

/// The conditions of which must be known how many rows that match lack their field.
pub(in crate::store::query) fn lacking(plan: &Plan) -> Vec<&Condition> {
    negated(plan).map(|asked| asked.condition).collect()
}

/// A condition that the rows, matching or not, must be looked at for.
#[derive(Clone, Copy)]
pub(super) struct Odd<'p> {
    pub(super) asked: Asked<'p>,
    /// Whether only because it may pass over values of another type.
    pub(super) only_if_mixed: bool,
}

/// The conditions that the rows, matching or not, must be looked at for: all that may be why nothing matches, those that
/// every row matches for want of the field, those that are about dates, and those that may pass over many values.
pub(super) fn odd<'p>(plan: &'p Plan, outcome: &Outcome<'_>) -> Vec<Odd<'p>> {
    let Some(relationships) = outcome.relationships else { return Vec::new() };
    let lacked = |condition: &Condition| {
        let counted = negated(plan).zip(outcome.lacking);
        let mut every = counted.filter(|(_, count)| **count == relationships);
        every.any(|(asked, _)| std::ptr::eq(asked.condition, condition))
    };
    let look = |asked: Asked<'p>| {
        let condition = asked.condition;
        let surely = relationships == 0
            || dates::asks(condition)
            || !dates::named(condition).is_empty()
            || lacked(condition);
        (surely || passes_over(condition)).then_some(Odd { asked, only_if_mixed: !surely })
    };
    asked(plan).filter_map(look).collect()
}

/// Whether a condition compares with values of one type in order, or looks inside lists, so that it may pass over many of
/// another type.
fn passes_over(condition: &Condition) -> bool {
    matches!(condition.operator, Operator::Ordered(_) | Operator::Has) && !dates::asks(condition)
}

/// The text that a condition demands.
pub(super) fn literal(condition: &Condition) -> Option<&str> {
    match &condition.literal {
        Some((_, Literal::Text(text))) if condition.operator == Operator::Equal => Some(text),
        _ => None,
    }
}

/// The text that a condition on what was demands, or asks for on one side of a change.
pub(super) fn literal_then(condition: &Condition) -> Option<&str> {
    let Test::Changed(changed) = &condition.test else { return literal(condition) };
    let sides = [&changed.to, &changed.from].into_iter().filter_map(Option::as_ref);
    let mut tests = sides.filter_map(|side| match side {
        Side::Any(tests) => Some(tests),
        Side::Missing => None,
    });
    tests.find_map(|tests| {
        tests.iter().find_map(|test| match test {
            Test::Equals(Scalar::Text(text)) => Some(text.as_str()),
            _ => None,
        })
    })
}

/// What is odd about a condition on what was, of which nobody is true, given what the rows hold today.
pub(super) fn explain_then(plan: &Plan, condition: &Condition, probe: &Probe) -> Option<Warning> {
    if let (Some(text), 0, Some(other)) = (literal_then(condition), probe.same, &probe.other) {
        let (text, other) = (quoted(text), quoted(other));
        let detail = format!("0 have {text} today, {} have {other}", probe.folded);
        let (span, fix) = match &condition.literal {
            Some((span, _)) => (*span, Some(other)),
            None => (condition.span, None),
        };
        return Some(Warning::of_filter(plan, WarningCode::CaseDiffers, span, detail, fix));
    }
    match condition.operator {
        _ if probe.present == 0 => None,
        Operator::Moved(_) => kinds::explain_moved(plan, condition, probe),
        _ => kinds::explain(plan, condition, probe, None)
            .or_else(|| value::explain(plan, condition, literal_then(condition), probe, true)),
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

/// What is odd about a condition, given what the rows hold there; `fix` is its literal in another form, if that finds
/// anybody, and how many.
pub(super) fn explain(
    plan: &Plan,
    condition: &Condition,
    outcome: &Outcome<'_>,
    probe: &Probe,
    paths: &[Path],
    fix: Option<(String, u64)>,
) -> Option<Warning> {
    if probe.present == 0 {
        return Some(unknown(plan, condition, paths, "has"));
    }
    if dates::asks(condition) {
        return dates::explain(plan, condition, outcome, probe);
    }
    if let Some(warning) = dates::nearly(plan, condition, probe, fix.as_ref().map(|(fix, _)| fix)) {
        return Some(warning);
    }
    if let (Some(text), 0, Some(other)) = (literal(condition), probe.same, &probe.other) {
        let (span, _) = condition.literal.as_ref()?;
        let (text, other) = (quoted(text), quoted(other));
        let detail = format!("0 have {text}, {} have {other}", probe.folded);
        return Some(Warning::of_filter(plan, WarningCode::CaseDiffers, *span, detail, Some(other)));
    }
    let unknown = || {
        let text = literal(condition).filter(|_| outcome.is_nobody());
        value::explain(plan, condition, text, probe, false)
    };
    kinds::explain(plan, condition, probe, fix).or_else(unknown)
}

/// A key that nobody has: the sentence may have been meant as a whole, or another key.
pub(super) fn unknown(plan: &Plan, condition: &Condition, paths: &[Path], has: &str) -> Warning {
    let field = &condition.field;
    let written = condition.span.of(plan.expr.text());
    // A sentence about params is the condition itself.
    let is_other =
        |sentence: &String| filter::parse(sentence).is_ok_and(|expr| !expr.to_string().contains("params."));
    let near = similar::fields(field, paths).into_iter().next();
    let (span, fix) = match (filter::meant(written).filter(is_other), near) {
        (Some(sentence), _) => (condition.span, Some(format!("({sentence})"))),
        (None, Some(near)) => match dates::of_field(condition, &near).filter(|_| near.is_time()) {
            Some(whole) => (condition.span, Some(whole)),
            None => (field_span(plan, condition), Some(near.to_string())),
        },
        (None, None) => (field_span(plan, condition), None),
    };
    let detail = match &fix {
        Some(fix) => format!("nobody {has} {field}; {}?", fix.trim_matches(['(', ')'])),
        None => format!("nobody {has} {field}"),
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
