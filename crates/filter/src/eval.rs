//! The meaning of filters: whether a predicate is true of a relationship. SQL and the index must agree with this.
//!
//! Of the past it is asked as of the present: [`Document::at`] is a document like any other.

use std::collections::BTreeSet;
use std::ops::RangeBounds as _;

use serde_json::Value;

use crate::document::Document;
use crate::epoch::dated;
use crate::expr::Place;
use crate::field::{Content, Field};
use crate::history::History;
use crate::past::Past;
use crate::predicate::{
    Changed, Condition, First, Limit, Moved, Node, Order, Own, Predicate, Projects, Range, Scalar, Side,
    Start, Stretch, Test, When, is_beside,
};
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
        Node::Was { when, node, .. } => match when {
            When::At(moment) => held(node, customer, document, *moment),
            When::Own { time, since, now } => {
                let asked = document.history.and_then(|history| history.moment).unwrap_or(now.0);
                let known = own(time, customer, document);
                let known = known.filter(|moment| *since <= *moment && *moment <= asked);
                known.is_some_and(|moment| held(node, customer, document, moment))
            }
            When::Within(within) => {
                moments(customer, *within).into_iter().any(|moment| held(node, customer, document, moment))
            }
        },
        Node::First { first, test, .. } => {
            first_time(first, customer, document).is_some_and(|time| match test {
                Test::Own(order, other) => is_beside_own(*order, time, other, customer, document),
                Test::During(range) => range.instants.contains(&time),
                _ => false,
            })
        }
        Node::Seen { least, within, .. } => {
            let days = document.history.into_iter().flat_map(|history| &history.days);
            days.filter(|day| within.contains(**day)).count() >= *least as usize
        }
        Node::Condition(condition) => answers(condition, customer, document),
    }
}

/// Whether the node was true of the relationship at a moment, when the customer's others were what they were.
fn held(node: &Node, customer: &[Document<'_>], document: &Document<'_>, moment: Instant) -> bool {
    let past: Vec<Past<'_>> = customer.iter().filter_map(|document| document.at(moment)).collect();
    let past: Vec<Document<'_>> = past.iter().map(Past::document).collect();
    past.iter().find(|past| past.project == document.project).is_some_and(|then| holds(node, &past, then))
}

/// A time of the relationship's own; `None` where it has none.
fn own(time: &Own, customer: &[Document<'_>], document: &Document<'_>) -> Option<Instant> {
    let from = match &time.from {
        Start::Field(field) => time_of(field, document),
        Start::First(first) => first_time(first, customer, document),
    };
    from.map(|from| Instant(from.0 + time.shift))
}

/// What a time field holds.
fn time_of(field: &Field, document: &Document<'_>) -> Option<Instant> {
    match field.read(document)? {
        Content::Time(at) => Some(at.into()),
        _ => None,
    }
}

/// When it was first true of the relationship; `None` if it never was.
fn first_time(first: &First, customer: &[Document<'_>], document: &Document<'_>) -> Option<Instant> {
    let holds = |moment: &Instant| held(&first.node, customer, document, *moment);
    moments(customer, first.within).into_iter().find(holds)
}

fn is_beside_own(
    order: Option<Order>,
    time: Instant,
    other: &Own,
    customer: &[Document<'_>],
    document: &Document<'_>,
) -> bool {
    own(other, customer, document).is_some_and(|other| is_beside(order, time, other))
}

/// The moments of a time at which the answer may become another: its begin, and whenever something happened.
fn moments(customer: &[Document<'_>], within: Stretch) -> BTreeSet<Instant> {
    let mut moments = BTreeSet::from([within.from]);
    for document in customer {
        let dates = [Some(document.first_seen), document.first_paid, document.last_activity];
        moments.extend(dates.into_iter().flatten().map(Instant::from));
        if let Some(History { fields, params, days, .. }) = document.history {
            let tracks = fields.values().chain(params.values());
            moments.extend(tracks.flat_map(|track| track.keys()).chain(days));
        }
    }
    moments.retain(|moment| within.contains(*moment));
    moments
}

/// Whether the field has changed so.
fn has_changed(field: &Field, changed: &Changed, history: &History) -> bool {
    history.changes(field).into_iter().any(|(at, before, after)| {
        let is_birth = before.is_none() && at <= history.began;
        changed.within.contains(at)
            && !is_birth
            && is_side(changed.from.as_ref(), before)
            && is_side(changed.to.as_ref(), after)
    })
}

fn is_side(side: Option<&Side>, value: Option<&Value>) -> bool {
    match (side, value) {
        (None, _) | (Some(Side::Missing), None) => true,
        (Some(Side::Any(tests)), Some(value)) => tests.iter().any(|test| passes(test, Content::Json(value))),
        _ => false,
    }
}

/// Whether the field is a number that went this way.
fn has_moved(field: &Field, moved: &Moved, document: &Document<'_>) -> bool {
    let number = |moment| {
        let past = document.at(moment)?;
        match field.read(&past.document())? {
            Content::Json(Value::Number(number)) => value::decimal(number),
            _ => None,
        }
    };
    let ends = number(moved.before).zip(number(moved.after));
    ends.is_some_and(|(before, after)| moved.direction.admits(after.cmp(&before)))
}

fn belongs(document: &Document<'_>, projects: Projects) -> bool {
    match projects {
        Projects::One(project) => document.project == project,
        Projects::Live => !document.test,
    }
}

/// A condition on something missing is false.
fn answers(condition: &Condition, customer: &[Document<'_>], document: &Document<'_>) -> bool {
    match &condition.test {
        Test::Changed(changed) => {
            document.history.is_some_and(|history| has_changed(&condition.field, changed, history))
        }
        Test::Moved(moved) => has_moved(&condition.field, moved, document),
        Test::Own(order, other) => time_of(&condition.field, document)
            .is_some_and(|time| is_beside_own(*order, time, other, customer, document)),
        test => condition.field.read(document).is_some_and(|found| passes(test, found)),
    }
}

/// Whether a test is true of what a field holds.
fn passes(test: &Test, found: Content<'_>) -> bool {
    match (test, found) {
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
