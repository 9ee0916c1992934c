//! The meaning of filters: whether a predicate is true of a relationship. SQL and the index must agree with this.

use std::ops::RangeBounds as _;

use serde_json::Value;

use crate::document::Document;
use crate::epoch::dated;
use crate::expr::Place;
use crate::field::Content;
use crate::predicate::{Condition, Limit, Node, Order, Predicate, Projects, Range, Scalar, Test};
use crate::value::{self, Instant, Kind, Moment};

/// Whether the predicate is true of `customer[at]`; the other documents are the same customer's other projects.
///
/// # Panics
///
/// When `at` is not a document of the customer.
pub fn eval(predicate: &Predicate, customer: &[Document<'_>], at: usize) -> bool {
    holds(&predicate.root, customer, &customer[at])
}

fn holds(node: &Node, customer: &[Document<'_>], document: &Document<'_>) -> bool {
    match node {
        Node::All(nodes) => nodes.iter().all(|node| holds(node, customer, document)),
        Node::Any(nodes) => nodes.iter().any(|node| holds(node, customer, document)),
        Node::Not(node) => !holds(node, customer, document),
        Node::Search(needle) => {
            let searched = [Some(document.email), document.name, document.user_id];
            searched.into_iter().flatten().any(|text| needle.is_in(text, Place::Anywhere))
        }
        Node::Elsewhere { projects, node, .. } => {
            customer.iter().any(|other| belongs(other, *projects) && holds(node, customer, other))
        }
        Node::Condition(condition) => answers(condition, document),
    }
}

fn belongs(document: &Document<'_>, projects: Projects) -> bool {
    match projects {
        Projects::One(project) => document.project == project,
        Projects::Live => !document.test,
    }
}

/// A condition on something missing is false.
fn answers(condition: &Condition, document: &Document<'_>) -> bool {
    let Some(found) = condition.field.read(document) else { return false };
    match (&condition.test, found) {
        (Test::Exists, _) => true,
        (Test::Project(wanted), Content::Project(project)) => *wanted == project,
        (Test::Is(kind), Content::Json(value)) => Kind::of(value) == *kind,
        (Test::Is(kind), _) => *kind == Kind::String,
        (Test::During(range), Content::Time(time)) => range.instants.contains(&Instant::from(time)),
        (Test::During(range), Content::Json(value)) => is_during(value, range),
        (Test::Equals(scalar), Content::Text(text)) => {
            matches!(scalar, Scalar::Text(wanted) if wanted == text)
        }
        (Test::Equals(scalar), Content::Json(value)) => is_same(value, scalar),
        (Test::Ordered(order, limit), Content::Text(text)) => is_text_on_side(text, *order, limit),
        (Test::Ordered(order, limit), Content::Json(value)) => is_on_side(value, *order, limit),
        (Test::Holds(place, needle), Content::Text(text)) => needle.is_in(text, *place),
        (Test::Holds(place, needle), Content::Json(value)) => {
            value.as_str().is_some_and(|text| needle.is_in(text, *place))
        }
        (Test::Has(scalar), Content::Json(value)) => {
            value.as_array().is_some_and(|members| members.iter().any(|member| is_same(member, scalar)))
        }
        (Test::HasDuring(range), Content::Json(value)) => {
            value.as_array().is_some_and(|members| members.iter().any(|member| is_during(member, range)))
        }
        _ => false,
    }
}

fn is_same(value: &Value, scalar: &Scalar) -> bool {
    match (value, scalar) {
        (Value::String(text), Scalar::Text(wanted)) => text == wanted,
        (Value::Number(number), Scalar::Number(wanted)) => {
            value::decimal(number).is_some_and(|exact| exact == wanted.exact)
        }
        (Value::Bool(boolean), Scalar::Boolean(wanted)) => boolean == wanted,
        (Value::Null, Scalar::Null) => true,
        _ => false,
    }
}

fn is_on_side(value: &Value, order: Order, limit: &Limit) -> bool {
    match (value, limit) {
        (Value::String(text), Limit::Text(_)) => is_text_on_side(text, order, limit),
        (Value::Number(number), Limit::Number(limit)) => {
            value::decimal(number).is_some_and(|exact| order.admits(exact.cmp(&limit.exact)))
        }
        _ => false,
    }
}

/// Text is ordered by code point, which is how its bytes are ordered.
fn is_text_on_side(text: &str, order: Order, limit: &Limit) -> bool {
    matches!(limit, Limit::Text(limit) if order.admits(text.cmp(limit.as_str())))
}

fn is_during(value: &Value, range: &Range) -> bool {
    match dated(value) {
        Some(Moment::Day(day)) => range.days.contains(&day),
        Some(Moment::Instant(instant)) => range.instants.contains(&instant),
        None => false,
    }
}
