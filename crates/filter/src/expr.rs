//! What was written: the filter as a tree, with the place of every part. Names are not looked up yet and dates are
//! not computed; two trees are equal when they say the same, wherever it is written.

use jiff::civil::Date;
use serde_json::Number;

use crate::calendar::Unit;
use crate::field::Field;
use crate::span::{Span, Spanned};
use crate::value::{Instant, Kind};

/// A filter as it was read. Displayed, it prints the strict form, which reads back as the same filter.
#[derive(Clone, Debug)]
pub struct Expr {
    /// The text that was read; spans point into it. Empty for filters made by programs.
    pub(crate) text: String,
    /// The filter; `None` is the empty one, which is everything.
    pub root: Option<Node>,
}

impl Expr {
    /// A filter that no text was read for.
    pub fn new(root: Option<Node>) -> Expr {
        Expr { text: String::new(), root }
    }

    /// The text that was read; spans point into it.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Expr) -> bool {
        self.root == other.root
    }
}

/// A part of a filter and its place.
pub type Node = Spanned<Clause>;

/// A part of a filter that is true or false by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Clause {
    /// At least one of two or more is true.
    Or(Vec<Node>),
    /// All of two or more are true.
    And(Vec<Node>),
    /// It is not true.
    Not(Box<Node>),
    /// `search "ada"`: e-mail, name or user_id contains it.
    Search(String),
    /// `in project newsletter where (…)`.
    InProject {
        /// The project's slug.
        name: Spanned<String>,
        /// What must be true of the customer there.
        filter: Option<Box<Node>>,
    },
    /// `in segment "power users"`.
    InSegment(Spanned<String>),
    /// `was (…) on 2026-03-01`: it was true once.
    Was {
        /// What must have been true.
        filter: Box<Node>,
        /// When.
        when: When,
    },
    /// `first (plan = pro) < first_seen + 14d`: the first time that it was true.
    First {
        /// What must have been true.
        filter: Box<Node>,
        /// What is asked of that time: a comparison with a date or a time of the customer's own, or a period.
        test: Test,
    },
    /// `seen at least 3 days in last 7 days`.
    Seen {
        /// On how many days at least; one is not written.
        least: u32,
        /// Of which time.
        period: Spanned<Period>,
    },
    /// A field, an operator and what it compares with.
    Condition(Condition),
}

impl Clause {
    /// The filters of each `first (…)` that it itself looks at: its own, and that which a date is counted from.
    pub fn firsts(&self) -> impl Iterator<Item = &Node> {
        let (own, test) = match self {
            Clause::First { filter, test } => (Some(&**filter), Some(test)),
            Clause::Condition(condition) => (None, Some(&condition.test)),
            _ => (None, None),
        };
        let counted = match (self, test) {
            (Clause::Was { when: When::Own(time), .. }, _) | (_, Some(Test::Own(_, time))) => {
                time.value.from.first()
            }
            _ => None,
        };
        own.into_iter().chain(counted)
    }
}

/// A field, an operator and what it compares with.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// What is asked about.
    pub field: Spanned<Field>,
    /// What is asked.
    pub test: Test,
}

/// What a condition asks of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// `= != < <= > >=`
    Compare(Comparison, Spanned<Literal>),
    /// The same with a time of the customer's own: `first_paid < first_seen + 14d`
    Own(Comparison, Spanned<Own>),
    /// `[not] in (…)`
    In {
        /// Whether it says `not in`.
        negated: bool,
        /// The values, at least one.
        values: Vec<Spanned<Literal>>,
    },
    /// `[not] in last 7 days`
    During {
        /// Whether it says `not in`.
        negated: bool,
        /// The time.
        period: Spanned<Period>,
    },
    /// `contains`, `starts with`, `ends with`
    Match(Place, Spanned<String>),
    /// `has`: membership in an array.
    Has(Spanned<Literal>),
    /// `exists`
    Exists,
    /// `is [not] number`
    Is {
        /// Whether it says `is not`.
        negated: bool,
        /// The kind of value.
        kind: Kind,
    },
    /// `changed from "free" to "pro" in last 14 days`
    Changed {
        /// What it was.
        from: Option<Spanned<Side>>,
        /// What it became.
        to: Option<Spanned<Side>>,
        /// When.
        period: Option<Spanned<Period>>,
    },
    /// `increased in last month`
    Moved(Direction, Spanned<Period>),
}

/// When something was true.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// At some moment or other.
    Ever,
    /// `on 2026-03-01`: at that moment; of a day, at its end.
    On(Spanned<DateLiteral>),
    /// `on first_seen + 14d`: at a moment of each customer's own.
    Own(Spanned<Own>),
    /// `in last 90 days`: at some moment of that time.
    In(Spanned<Period>),
}

/// A value on one side of a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Side {
    /// `missing`: there was none.
    Missing,
    /// A value.
    Value(Literal),
}

/// Which way a number went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Up.
    Increased,
    /// Down.
    Decreased,
}

impl Direction {
    /// The operator.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Increased => "increased",
            Direction::Decreased => "decreased",
        }
    }

    /// Whether a number went this way that compares so with the one before it.
    pub fn admits(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Direction::Increased => ordering.is_gt(),
            Direction::Decreased => ordering.is_lt(),
        }
    }
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// The strict spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }
}

/// Where a text must hold another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// `contains`
    Anywhere,
    /// `starts with`
    Start,
    /// `ends with`
    End,
}

impl Place {
    /// The operator.
    pub fn as_str(self) -> &'static str {
        match self {
            Place::Anywhere => "contains",
            Place::Start => "starts with",
            Place::End => "ends with",
        }
    }
}

/// A value to compare with.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `"pro"`
    Text(String),
    /// `19.90`, with its decimals as they were written.
    Number(Number),
    /// `true`
    Boolean(bool),
    /// `null`
    Null,
    /// `2026-03-29`, `today`, `now - 14d`
    Date(DateLiteral),
}

/// A date or a point in time, before "now" is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateLiteral {
    /// `2026-03-29`
    Day(Date),
    /// `2026-03-29T10:00:00Z`
    Instant(Instant),
    /// `yesterday`
    Yesterday,
    /// `today`
    Today,
    /// `tomorrow`
    Tomorrow,
    /// `now`
    Now,
    /// `now - 14d`, `today + 1mo`
    Shifted {
        /// Where counting starts.
        from: Origin,
        /// Backwards (`-`) instead of forwards (`+`).
        back: bool,
        /// How many steps.
        amount: u32,
        /// How long each is.
        step: Step,
    },
}

/// A time of the customer's own: `first_seen + 14d`.
#[derive(Clone, Debug, PartialEq)]
pub struct Own {
    /// What it is counted from.
    pub from: Start,
    /// How long before or after.
    pub shift: Option<Elapsed>,
}

/// What a time of the customer's own is counted from.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// A time field.
    Field(Field),
    /// `first (plan = trial)`: the first time that it was true.
    First(Box<Node>),
}

impl Start {
    /// The filter of `first (…)`.
    pub fn first(&self) -> Option<&Node> {
        match self {
            Start::Field(_) => None,
            Start::First(filter) => Some(filter),
        }
    }
}

/// A length of elapsed time, of whatever zone: a day is 24 hours, and no month is as long as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed {
    /// Backwards (`-`) instead of forwards (`+`).
    pub back: bool,
    /// How many steps.
    pub amount: u32,
    /// How long each is: a week at most.
    pub step: Step,
}

/// Where a shifted date starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This moment.
    Now,
    /// This day.
    Today,
}

/// What time is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Sixty seconds.
    Minute,
    /// Sixty minutes.
    Hour,
    /// A unit of the calendar. No quarters, which are counted in months.
    Calendar(Unit),
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// `last 7 days`: they include the present one.
    Last(u32, Step),
    /// `next 7 days`: they include the present one.
    Next(u32, Step),
    /// `last month`, `this month`, `next month`: a whole unit of the calendar.
    Calendar(Turn, Unit),
    /// `2026-01-01 .. 2026-03-31`: both included.
    Between(DateLiteral, DateLiteral),
}

/// Which of the calendar's units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The whole one before the present one.
    Last,
    /// The present one, from its start to its end.
    This,
    /// The whole one after the present one.
    Next,
}

/// The node of a condition, for programs that write filters.
impl From<Condition> for Node {
    fn from(condition: Condition) -> Node {
        Spanned::new(Span::default(), Clause::Condition(condition))
    }
}
