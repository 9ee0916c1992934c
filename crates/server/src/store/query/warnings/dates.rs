//! What may be wrong with dates: those that rows hold in another form, and those that a condition names in one.

use filter::{
    Field, date_form,
    expr::{Comparison, Literal},
    predicate::{Condition, Operator, Order, Test},
    value::{Kind, moment},
};
use index::{Foreign, Probe};

use super::{Outcome, Warning, WarningCode, kinds};
use crate::{model::flag::flag, store::query::Plan};

/// Whether a condition asks for a date.
pub(super) fn asks(condition: &Condition) -> bool {
    matches!(condition.test, Test::During(_))
}

/// The dates that the text or the number of a comparison names in a form that is not read as one, as they are written.
pub(super) fn named(condition: &Condition) -> Vec<String> {
    let Some(comparison) = comparison(condition) else { return Vec::new() };
    let named = match &condition.literal {
        Some((_, Literal::Text(text))) => date_form::named(text),
        Some((_, Literal::Number(number))) => date_form::named(number.as_str()),
        _ => return Vec::new(),
    };
    named.into_iter().flat_map(|named| named.literals(Some(comparison))).collect()
}

/// The operator of a condition that compares.
fn comparison(condition: &Condition) -> Option<Comparison> {
    Some(match condition.operator {
        Operator::Equal => Comparison::Equal,
        Operator::Ordered(Order::Less) => Comparison::Less,
        Operator::Ordered(Order::LessOrEqual) => Comparison::LessOrEqual,
        Operator::Ordered(Order::Greater) => Comparison::Greater,
        Operator::Ordered(Order::GreaterOrEqual) => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

/// `created > 2026` of another field, which is a time: the date that is named must be written as one too. Only an ordered
/// comparison stands for itself; another may be negated or one of a list.
pub(super) fn of_field(condition: &Condition, field: &Field) -> Option<String> {
    let Operator::Ordered(order) = condition.operator else { return None };
    Some(format!("{field} {} {}", order.as_str(), named(condition).first()?))
}

/// What is odd about a condition that asks for dates.
pub(super) fn explain(
    plan: &Plan,
    condition: &Condition,
    outcome: &Outcome<'_>,
    probe: &Probe,
) -> Option<Warning> {
    let field = &condition.field;
    if let Some(detail) = stored(field, &probe.foreign) {
        return Some(Warning::of_filter(plan, WarningCode::DateForm, condition.span, detail, None));
    }
    let others = kinds::values(probe) - probe.dated;
    let detail = match probe.dated {
        0 if others > 0 || outcome.is_nobody() => none(field, probe),
        dated if dated > 0 && others >= dated => {
            format!("{others} have something in {field} that is no date, {dated} have a date")
        }
        _ => return None,
    };
    Some(Warning::of_filter(plan, WarningCode::TypeDiffers, condition.span, detail, None))
}

/// That none of the values of a field is a date.
pub(super) fn none(field: &Field, probe: &Probe) -> String {
    format!("{field} holds {}, none of them a date", kinds::list(probe))
}

/// What is odd about a comparison whose text or number nearly is a date; `fix` is one that finds somebody.
pub(super) fn nearly(
    plan: &Plan,
    condition: &Condition,
    probe: &Probe,
    fix: Option<&String>,
) -> Option<Warning> {
    let (span, literal) = condition.literal.as_ref()?;
    let (field, named) = (&condition.field, named(condition));
    let holds = |wanted: Kind| probe.kinds.iter().any(|(kind, _)| *kind == wanted);
    // Where the rows have such a value, it is what was asked for; a date of ours in quotes compares as text does.
    let is_meant = match literal {
        Literal::Text(text) => probe.same > 0 || holds(Kind::String) && moment(text).is_some(),
        _ => holds(Kind::Number),
    };
    if named.is_empty() || is_meant {
        return None;
    }
    if probe.dated > probe.foreign.count {
        let is_quoted = matches!(literal, Literal::Text(text) if moment(text).is_some());
        let why = if is_quoted { "in quotes is text" } else { "is not read as one" };
        let meant = named.iter().take(2).map(String::as_str).collect::<Vec<_>>().join(" or ");
        let detail = format!("{field} holds dates, and {literal} {why}: {meant}?");
        let fix = fix.filter(|fix| named.contains(fix)).cloned();
        return Some(Warning::of_filter(plan, WarningCode::DateForm, *span, detail, fix));
    }
    let detail = stored(field, &probe.foreign)?;
    Some(Warning::of_filter(plan, WarningCode::DateForm, condition.span, detail, None))
}

/// That a field holds dates in a form that is not read, with an example and how to import it.
pub(super) fn stored(field: &Field, foreign: &Foreign) -> Option<String> {
    let example =
        [&foreign.day_first, &foreign.month_first, &foreign.least].into_iter().find_map(Option::as_deref)?;
    let count = foreign.count;
    let hint = match (&foreign.day_first, &foreign.month_first) {
        (Some(_), Some(month_first)) => format!(
            " and {month_first:?}; some begin with the day and some with the month, so no import can tell them apart"
        ),
        _ => import(field, foreign),
    };
    Some(format!("{count} have text in {field} that is not read as a date, as {example:?}{hint}"))
}

/// How to import a column as dates.
fn import(field: &Field, foreign: &Foreign) -> String {
    let examples = [&foreign.day_first, &foreign.month_first, &foreign.least];
    let examples: Vec<&str> = examples.into_iter().filter_map(Option::as_deref).collect();
    let forms: Vec<String> = date_form::common(&examples).into_iter().map(date_form::format).collect();
    let (Some(format), Some(path)) = (forms.first(), field.path()) else {
        return "; dates are written 2026-03-29 or 2026-03-29T10:00:00Z".to_owned();
    };
    // A column is named as it stands in its file, a key inside an object by its path.
    let name = match path.keys() {
        [only] => only.clone(),
        _ => path.to_string(),
    };
    let typed = |format: &str| flag("type", &format!("{name}=date:{format}"));
    let hint = format!("; import it with {}", typed(format));
    match date_form::swapped(format).filter(|other| forms.contains(other)) {
        Some(other) => format!("{hint} or, if the day comes first, with {}", typed(&other)),
        None => hint,
    }
}
