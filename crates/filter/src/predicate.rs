//! What a filter means once it is checked: names are resolved, literals typed, dates are ranges, everything is bounded.
//! No evaluator of a predicate can fail.

mod own;

use std::ops::Bound;

use bigdecimal::BigDecimal;
use jiff::{civil::Date, tz::TimeZone};
use serde_json::{Number, Value};
use uuid::Uuid;

use crate::expr::{Comparison, Direction, Literal, Place};
use crate::field::Field;
use crate::fold::Needle;
use crate::span::Span;
use crate::value::{Instant, Kind};
pub use own::{First, Own, Start};

/// A filter that can be answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
    pub(crate) root: Node,
    /// The zone in which its days end.
    pub(crate) zone: TimeZone,
}

impl Predicate {
    /// The filter that is true of everything.
    pub fn everything() -> Predicate {
        Predicate { root: Node::All(Vec::new()), zone: TimeZone::UTC }
    }

    /// The tree, for evaluators.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Whether it asks what was, so that the present alone does not answer it.
    pub fn asks_past(&self) -> bool {
        fn asks(node: &Node) -> bool {
            match node {
                Node::All(nodes) | Node::Any(nodes) => nodes.iter().any(asks),
                Node::Not(node) | Node::Elsewhere { node, .. } => asks(node),
                Node::Was { .. } | Node::First { .. } | Node::Seen { .. } => true,
                Node::Condition(condition) => {
                    matches!(condition.test, Test::Changed(_) | Test::Moved(_))
                        || node.firsts().next().is_some()
                }
                Node::Search(_) => false,
            }
        }
        asks(&self.root)
    }

    /// Every condition that the filter's own text holds, in its order; not those of segments it names.
    pub fn conditions(&self) -> Vec<Asked<'_>> {
        let mut asked = Vec::new();
        collect(&self.root, Around::default(), &mut asked);
        asked
    }
}

/// A part of a predicate, true or false of one relationship.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// All are true; true without any.
    All(Vec<Node>),
    /// At least one is true; false without any.
    Any(Vec<Node>),
    /// It is not true.
    Not(Box<Node>),
    /// E-mail, name or user_id contains it.
    Search(Needle),
    /// The customer has a relationship in these projects of which the node is true.
    Elsewhere {
        /// Which relationships of the customer.
        projects: Projects,
        /// What must be true of one of them.
        node: Box<Node>,
        /// Whether a segment's text stands here, instead of the filter's own.
        segment: bool,
    },
    /// It was true once.
    Was {
        /// Where it stands.
        span: Span,
        /// When.
        when: When,
        /// What was true.
        node: Box<Node>,
    },
    /// The first time that something was true is asked of.
    First {
        /// Where it stands.
        span: Span,
        /// What was true.
        first: Box<First>,
        /// What is asked of the time: whether it lies within a range, or beside another. False where there is none.
        test: Test,
    },
    /// The customer was seen on some of the days that end within a time.
    Seen {
        /// Where it stands.
        span: Span,
        /// On how many at least.
        least: u32,
        /// The time.
        within: Stretch,
    },
    /// A condition.
    Condition(Condition),
}

impl Node {
    /// The first times that it itself looks at: its own, and that which a date is counted from.
    pub fn firsts(&self) -> impl Iterator<Item = &First> {
        let (own, counted) = match self {
            Node::First { first, test, .. } => (Some(&**first), test.own()),
            Node::Condition(condition) => (None, condition.test.own()),
            Node::Was { when: When::Own { time, .. }, .. } => (None, Some(time)),
            _ => (None, None),
        };
        own.into_iter().chain(counted.and_then(|time| time.from.first()))
    }
}

/// When something was true.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// At this moment.
    At(Instant),
    /// At a moment of each relationship's own; never where there is none, where history is not kept of it, or where it has not
    /// come yet at the moment that is asked of.
    Own {
        /// The moment.
        time: Own,
        /// Since when history is kept.
        since: Instant,
        /// The present, of which is asked unless it is asked of a moment.
        now: Now,
    },
    /// At one moment at least of a time.
    Within(Stretch),
}

/// When a filter is asked. Two filters that say the same mean the same, whenever they are asked: so all are equal.
#[derive(Clone, Copy, Debug, Eq)]
pub struct Now(pub Instant);

impl PartialEq for Now {
    fn eq(&self, _: &Now) -> bool {
        true
    }
}

/// A time of the past. Both ends belong to it; there is none where it ends before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its first instant.
    pub from: Instant,
    /// Its last.
    pub until: Instant,
}

impl Stretch {
    /// The instants within bounds.
    pub(crate) fn of((from, until): &(Bound<Instant>, Bound<Instant>)) -> Stretch {
        let end = |bound: &Bound<Instant>, open: i64, inwards: i64| match bound {
            Bound::Included(instant) => *instant,
            Bound::Excluded(instant) => Instant(instant.0 + inwards),
            Bound::Unbounded => Instant(open),
        };
        Stretch { from: end(from, i64::MIN, 1), until: end(until, i64::MAX, -1) }
    }

    /// Whether an instant lies within it.
    pub fn contains(&self, instant: Instant) -> bool {
        self.from <= instant && instant <= self.until
    }
}

/// A change of a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// What it was.
    pub from: Option<Side>,
    /// What it became.
    pub to: Option<Side>,
    /// When it changed.
    pub within: Stretch,
}

/// A value on one side of a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Side {
    /// There was none.
    Missing,
    /// One of these is true of it.
    Any(Vec<Test>),
}

/// A number at two moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Which way it went.
    pub direction: Direction,
    /// The moment before.
    pub before: Instant,
    /// The moment after.
    pub after: Instant,
}

/// The projects in which another relationship of the customer is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Projects {
    /// This one.
    One(Uuid),
    /// All but test projects.
    Live,
}

/// One question about one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Where the condition stands.
    pub span: Span,
    /// The field.
    pub field: Field,
    /// What is asked of it.
    pub test: Test,
    /// The operator that asks.
    pub operator: Operator,
    /// The literal and where it stands, for operators that take one.
    pub literal: Option<(Span, Literal)>,
}

impl Condition {
    /// The fields that it looks at: its own, and that of a time it is held against.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        let other = self.test.own().and_then(|time| time.from.field());
        [&self.field].into_iter().chain(other)
    }
}

/// What is asked of a field's value. False when the field is missing.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// It is this scalar.
    Equals(Scalar),
    /// It is of the limit's kind and on this side of it.
    Ordered(Order, Limit),
    /// It is a date within the range.
    During(Range),
    /// It is a time on this side of one of the relationship's own, or without a side the same.
    Own(Option<Order>, Own),
    /// It is a string that holds the needle there.
    Holds(Place, Needle),
    /// It is an array with this scalar.
    Has(Scalar),
    /// It is an array with a date within the range.
    HasDuring(Range),
    /// It is there.
    Exists,
    /// It is of this kind.
    Is(Kind),
    /// It is this project.
    Project(Uuid),
    /// It has changed so.
    Changed(Changed),
    /// It is a number that went this way.
    Moved(Moved),
}

impl Test {
    /// The time of the relationship's own that it holds a time against.
    pub fn own(&self) -> Option<&Own> {
        match self {
            Test::Own(_, time) => Some(time),
            _ => None,
        }
    }
}

/// A value to be equal to.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// Text, compared exactly.
    Text(String),
    /// A number, compared by its exact value.
    Number(Decimal),
    /// A boolean.
    Boolean(bool),
    /// JSON's null.
    Null,
}

impl Scalar {
    /// The scalar as JSON.
    pub fn to_json(&self) -> Value {
        match self {
            Scalar::Text(text) => Value::String(text.clone()),
            Scalar::Number(number) => Value::Number(number.written.clone()),
            Scalar::Boolean(boolean) => Value::Bool(*boolean),
            Scalar::Null => Value::Null,
        }
    }
}

/// A number of the filter's text.
#[derive(Clone, Debug, PartialEq)]
pub struct Decimal {
    /// As it was written.
    pub written: Number,
    /// Its exact value.
    pub exact: BigDecimal,
}

/// A value to be less or greater than.
#[derive(Clone, Debug, PartialEq)]
pub enum Limit {
    /// Text, ordered by code point.
    Text(String),
    /// A number.
    Number(Decimal),
}

/// Which side of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// Whether a time is on that side of another, or the same without a side.
pub fn is_beside(order: Option<Order>, time: Instant, other: Instant) -> bool {
    let ordering = time.cmp(&other);
    order.map_or(ordering.is_eq(), |order| order.admits(ordering))
}

impl Order {
    /// The operator.
    pub fn as_str(self) -> &'static str {
        match self {
            Order::Less => "<",
            Order::LessOrEqual => "<=",
            Order::Greater => ">",
            Order::GreaterOrEqual => ">=",
        }
    }

    /// Whether a value that compares so with the limit is on this side.
    pub fn admits(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Order::Less => ordering.is_lt(),
            Order::LessOrEqual => ordering.is_le(),
            Order::Greater => ordering.is_gt(),
            Order::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// A stretch of time, said twice: date-times and time fields are held against the instants, date-only strings
/// against the days.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// From and to as instants; an end is excluded, so that ranges that touch do not overlap.
    pub instants: (Bound<Instant>, Bound<Instant>),
    /// From and to as civil days of the account's zone.
    pub days: (Bound<Date>, Bound<Date>),
}

impl Range {
    /// How many days there are in it.
    pub(crate) fn days_in(&self) -> i64 {
        let (Bound::Included(first), Bound::Included(last)) = self.days else { return i64::MAX };
        first.duration_until(last).as_hours() / 24 + 1
    }
}

/// The operator of a condition, without its negation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `=`, and each value of `in (…)`.
    Equal,
    /// `< <= > >=`
    Ordered(Order),
    /// `in` a period.
    During,
    /// `contains`, `starts with`, `ends with`
    Holds(Place),
    /// `has`
    Has,
    /// `exists`
    Exists,
    /// `is`
    Is,
    /// `changed`
    Changed,
    /// `increased`, `decreased`
    Moved(Direction),
}

impl Operator {
    /// The operator of a comparison; `!=` is the negation of `=`.
    pub(crate) fn of(comparison: Comparison) -> Operator {
        match comparison {
            Comparison::Equal | Comparison::NotEqual => Operator::Equal,
            Comparison::Less => Operator::Ordered(Order::Less),
            Comparison::LessOrEqual => Operator::Ordered(Order::LessOrEqual),
            Comparison::Greater => Operator::Ordered(Order::Greater),
            Comparison::GreaterOrEqual => Operator::Ordered(Order::GreaterOrEqual),
        }
    }
}

/// A condition and how the filter uses it, for warnings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked<'p> {
    /// The condition.
    pub condition: &'p Condition,
    /// Whether the filter wants it false: an odd number of negations stands around it.
    pub negated: bool,
    /// The other projects whose relationships it speaks of, inside `in project … where (…)`.
    pub projects: Option<Projects>,
    /// Whether it asks what was, or what changed.
    pub past: bool,
}

/// What stands around a part of a filter.
#[derive(Clone, Copy, Default)]
struct Around {
    negated: bool,
    projects: Option<Projects>,
    past: bool,
}

fn collect<'p>(node: &'p Node, around: Around, asked: &mut Vec<Asked<'p>>) {
    node.firsts().for_each(|first| collect(&first.node, Around { past: true, ..around }, asked));
    match node {
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().for_each(|node| collect(node, around, asked)),
        Node::Not(node) => collect(node, Around { negated: !around.negated, ..around }, asked),
        Node::Elsewhere { segment: true, .. } | Node::Search(_) | Node::Seen { .. } | Node::First { .. } => {}
        Node::Was { node, .. } => collect(node, Around { past: true, ..around }, asked),
        Node::Elsewhere { projects, node, .. } => {
            collect(node, Around { projects: Some(*projects), ..around }, asked);
        }
        Node::Condition(condition) => {
            let Around { negated, projects, past } = around;
            let past = past || matches!(condition.operator, Operator::Changed | Operator::Moved(_));
            asked.push(Asked { condition, negated, projects, past });
        }
    }
}
