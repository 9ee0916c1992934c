//! The past in words: `who were once customers whose plan is “free”`.

use super::{clause, group, spoken, time};
use crate::expr::{Clause, Comparison, Condition, Direction, Literal, Node, Period, Side, Test, When};
use crate::field::Field;

/// `who on 1 March 2026 were customers whose plan is “free”`
pub(super) fn was(filter: &Node, when: &When, negated: bool) -> String {
    let (time, were) = match (when, negated) {
        (When::Ever, false) => ("once".to_owned(), "were"),
        (When::Ever, true) => ("never".to_owned(), "were"),
        (When::On(moment), false) => (time::compared(Comparison::Equal, moment.value), "were"),
        (When::On(moment), true) => (time::compared(Comparison::Equal, moment.value), "were not"),
        (When::Own(time), false) => (time::own(time), "were"),
        (When::Own(time), true) => (time::own(time), "were not"),
        (When::In(period), false) => (format!("at some moment {}", time::period(period.value)), "were"),
        (When::In(period), true) => (format!("at no moment {}", time::period(period.value)), "were"),
    };
    format!("who {time} {were} customers {}", clause(filter))
}

/// `whose first moment as customers whose plan is “pro” was earlier than 14 days after they were first seen`
pub(super) fn first(filter: &Node, test: &Test, negated: bool) -> String {
    let (not, when) = time::asked(test).unwrap_or_default(); // no check lets other tests pass
    let was = if not != negated { "was not" } else { "was" };
    format!("whose first moment as customers {} {was} {when}", group(filter))
}

/// Whether a clause tells of what was true once.
pub(super) fn is_was(node: &Node) -> bool {
    match &node.value {
        Clause::Not(node) => is_was(node),
        Clause::Was { .. } => true,
        other => other.firsts().next().is_some(),
    }
}

/// Whether a clause is a condition that names no time, and so could be taken for one of then.
pub(super) fn is_of_now(node: &Node) -> bool {
    match &node.value {
        Clause::Not(node) => is_of_now(node),
        Clause::Condition(Condition { field, test }) => match test {
            Test::Changed { .. } | Test::Moved(..) | Test::During { .. } | Test::Own(..) => false,
            Test::Compare(_, literal) => !field.is_time() && !matches!(literal.value, Literal::Date(_)),
            _ => !field.is_time(),
        },
        _ => false,
    }
}

/// `who were seen on at least 3 days in the last 7 days`
pub(super) fn seen(least: u32, period: Period, negated: bool) -> String {
    let seen = match (least, negated) {
        (1, false) => "were seen".to_owned(),
        (1, true) => "were not seen".to_owned(),
        (_, false) => format!("were seen on at least {least} days"),
        (_, true) => format!("were not seen on {least} days"),
    };
    format!("who {seen} {}", time::period(period))
}

/// `whose plan changed from “free” to “pro” in the last 14 days`
pub(super) fn changed(
    field: &Field,
    [from, to]: [Option<&Side>; 2],
    period: Option<Period>,
    negated: bool,
) -> String {
    let side = |word: &str, side: Option<&Side>| match side {
        None => String::new(),
        Some(Side::Missing) => format!(" {word} missing"),
        Some(Side::Value(literal)) => format!(" {word} {}", spoken(field, literal)),
    };
    let changed = if negated { "did not change" } else { "changed" };
    let period = match period {
        // "from" and "to" speak of the values.
        Some(Period::Between(from, to)) if from != to => {
            format!(" between {} and {}", time::date(from), time::date(to))
        }
        Some(period) => format!(" {}", time::period(period)),
        None => String::new(),
    };
    format!("whose {} {changed}{}{}{period}", field.spoken(), side("from", from), side("to", to))
}

/// `whose mrr increased last calendar month`
pub(super) fn moved(name: &str, direction: Direction, period: Period, negated: bool) -> String {
    let moved = match (direction, negated) {
        (Direction::Increased, false) => "increased",
        (Direction::Increased, true) => "did not increase",
        (Direction::Decreased, false) => "decreased",
        (Direction::Decreased, true) => "did not decrease",
    };
    format!("whose {name} {moved} {}", time::period(period))
}
