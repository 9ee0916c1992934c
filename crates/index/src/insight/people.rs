//! Filters that list the people of a cell, put together from parts.

use filter::{
    Expr, Field, Span, Spanned, Status,
    calendar::Unit,
    expr::{
        Clause, Comparison, Condition, DateLiteral, Direction, Elapsed, Literal, Node, Own, Period, Side,
        Start, Step, Test, When,
    },
    value::{Instant, Kind},
};
use jiff::civil::Date;

use crate::{Datum, number};

/// The filter of those of whom all of these are true.
pub fn all(nodes: impl IntoIterator<Item = Node>) -> Expr {
    let flat = nodes.into_iter().flat_map(|node| match node.value {
        Clause::And(nodes) => nodes,
        _ => vec![node],
    });
    Expr::new(joined(flat.collect(), Clause::And))
}

/// The node that one is true, and all others.
pub(crate) fn both(first: Node, others: impl IntoIterator<Item = Node>) -> Node {
    node(Clause::And([first].into_iter().chain(others).collect()))
}

/// The node that one of these is true; `None` without any.
pub(crate) fn any(nodes: Vec<Node>) -> Option<Node> {
    joined(nodes, Clause::Or)
}

fn joined(mut nodes: Vec<Node>, join: impl FnOnce(Vec<Node>) -> Clause) -> Option<Node> {
    if nodes.len() > 1 { Some(node(join(nodes))) } else { nodes.pop() }
}

fn node(clause: Clause) -> Node {
    Node::new(Span::default(), clause)
}

fn condition(field: &Field, test: Test) -> Node {
    Condition { field: field.clone().into(), test }.into()
}

pub(crate) fn not(inner: Node) -> Node {
    node(Clause::Not(Box::new(inner)))
}

/// From the first to the last of some days, both included.
pub(crate) fn days(from: Date, to: Date) -> Period {
    Period::Between(DateLiteral::Day(from), DateLiteral::Day(to))
}

/// The field is a date of these days.
pub(crate) fn during(field: &Field, from: Date, to: Date) -> Node {
    condition(field, Test::During { negated: false, period: days(from, to).into() })
}

/// They were seen on one of these days.
pub(crate) fn seen(from: Date, to: Date) -> Node {
    node(Clause::Seen { least: 1, period: days(from, to).into() })
}

/// It was true at the end of a day.
pub(crate) fn was(filter: Node, day: Date) -> Node {
    node(Clause::Was { filter: Box::new(filter), when: When::On(DateLiteral::Day(day).into()) })
}

/// It was true at a time of each relationship's own.
pub(crate) fn was_at(filter: Node, own: Own) -> Node {
    node(Clause::Was { filter: Box::new(filter), when: When::Own(Spanned::new(Span::default(), own)) })
}

/// It was true at one moment at least of a time.
pub(crate) fn was_in(filter: Node, period: Period) -> Node {
    node(Clause::Was { filter: Box::new(filter), when: When::In(period.into()) })
}

/// It was true at one moment at least.
pub(crate) fn was_once(filter: Node) -> Node {
    node(Clause::Was { filter: Box::new(filter), when: When::Ever })
}

/// A time of each one's own compares so with an instant.
pub(crate) fn is_at(time: &Start, comparison: Comparison, instant: Instant) -> Node {
    beside(time, Test::Compare(comparison, Literal::Date(DateLiteral::Instant(instant)).into()))
}

/// A time of each one's own compares so with another, some days later.
pub(crate) fn is_after(time: &Start, comparison: Comparison, other: &Start, days: u32) -> Node {
    let shift = Elapsed { back: false, amount: days, step: Step::Calendar(Unit::Day) };
    let own = Own { from: other.clone(), shift: (days > 0).then_some(shift) };
    beside(time, Test::Own(comparison, own.into()))
}

fn beside(time: &Start, test: Test) -> Node {
    match time {
        Start::Field(field) => condition(field, test),
        Start::First(filter) => node(Clause::First { filter: filter.clone(), test }),
    }
}

/// The field is a number above 0.
pub(crate) fn above_zero(field: &Field) -> Node {
    condition(field, Test::Compare(Comparison::Greater, zero().into()))
}

/// Whether the past keeps what a field was: who somebody is does not travel.
pub(crate) fn travels(field: &Field) -> bool {
    matches!(field, Field::Status | Field::Params(_))
}

/// The field is a number below 0.
pub(crate) fn below_zero(field: &Field) -> Node {
    condition(field, Test::Compare(Comparison::Less, zero().into()))
}

fn zero() -> Literal {
    Literal::Number(0.into())
}

/// The field is no number, or missing.
pub(crate) fn no_number(field: &Field) -> Node {
    condition(field, Test::Is { negated: true, kind: Kind::Number })
}

/// The field is something, and no number.
pub(crate) fn other_than_number(field: &Field) -> Option<Node> {
    any([Kind::String, Kind::Boolean, Kind::Array, Kind::Object].map(|own| kind(field, own)).to_vec())
}

/// The field is a number that went so in a time.
pub(crate) fn moved(field: &Field, direction: Direction, period: Period) -> Node {
    condition(field, Test::Moved(direction, period.into()))
}

/// The field has changed so in a time: from one value, to another, where they are named.
pub(crate) fn changed(field: &Field, sides: [Option<Side>; 2], period: Period) -> Node {
    let [from, to] = sides.map(|side| side.map(|side| Spanned::new(Span::default(), side)));
    condition(field, Test::Changed { from, to, period: Some(period.into()) })
}

/// The field is a time before an instant.
pub(crate) fn before(field: &Field, instant: Instant) -> Node {
    is_at(&Start::Field(field.clone()), Comparison::Less, instant)
}

/// The field is a time after an instant.
pub(crate) fn after(field: &Field, instant: Instant) -> Node {
    is_at(&Start::Field(field.clone()), Comparison::Greater, instant)
}

/// The field is a time after a date: of a day, after all of it.
pub(crate) fn later(field: &Field, date: DateLiteral) -> Node {
    condition(field, Test::Compare(Comparison::Greater, Literal::Date(date).into()))
}

/// They are customers of one of these projects; `None` without any.
pub(crate) fn project_in<'s>(slugs: impl Iterator<Item = &'s str>) -> Option<Node> {
    let values: Vec<_> = slugs.map(|slug| Literal::Text(slug.to_owned()).into()).collect();
    (!values.is_empty()).then(|| condition(&Field::Project, Test::In { negated: false, values }))
}

/// Their customer is one of a project, and all of these are true there.
pub(crate) fn in_project(slug: &str, nodes: Vec<Node>) -> Node {
    let name = Spanned::new(Span::default(), slug.to_owned());
    node(Clause::InProject { name, filter: all(nodes).root.map(Box::new) })
}

/// Who pays.
pub fn paying() -> Expr {
    Expr::new(Some(has_status(Status::Paid)))
}

/// Who has not left.
pub fn staying() -> Expr {
    Expr::new(Some(not(has_status(Status::Churned))))
}

pub(crate) fn has_status(status: Status) -> Node {
    is(&Field::Status, &Datum::String(status.as_str().to_owned()))
}

/// The field is a string, a number or a boolean.
pub(crate) fn scalar(field: &Field) -> Option<Node> {
    any([Kind::String, Kind::Number, Kind::Boolean].map(|own| kind(field, own)).to_vec())
}

/// The field is of a kind.
pub(crate) fn kind(field: &Field, kind: Kind) -> Node {
    condition(field, Test::Is { negated: false, kind })
}

/// The field is one of these scalars.
pub(crate) fn one_of(field: &Field, values: &[Datum]) -> Node {
    match values {
        [value] => is(field, value),
        values => {
            let values = values.iter().filter_map(literal).map(Spanned::from).collect();
            condition(field, Test::In { negated: false, values })
        }
    }
}

pub(crate) fn exists(field: &Field) -> Node {
    condition(field, Test::Exists)
}

/// The field is this value: of arrays and objects, one of them.
pub(crate) fn is(field: &Field, value: &Datum) -> Node {
    match (value, literal(value)) {
        (Datum::Object, _) => kind(field, Kind::Object),
        (_, Some(literal)) => condition(field, Test::Compare(Comparison::Equal, literal.into())),
        (_, None) => kind(field, Kind::Array),
    }
}

/// The field is a list with this scalar.
pub(crate) fn has(field: &Field, member: &Datum) -> Node {
    literal(member).map_or_else(|| exists(field), |literal| condition(field, Test::Has(literal.into())))
}

/// A value as filters write it; `None` for what they cannot.
fn literal(value: &Datum) -> Option<Literal> {
    Some(match value {
        Datum::Number(exact) => Literal::Number(number::plain(exact).parse().ok()?),
        Datum::String(text) => Literal::Text(text.clone()),
        Datum::False => Literal::Boolean(false),
        Datum::True => Literal::Boolean(true),
        Datum::Null => Literal::Null,
        Datum::Time(time) => Literal::Date(DateLiteral::Instant((*time).into())),
        Datum::Array | Datum::Object => return None,
    })
}
