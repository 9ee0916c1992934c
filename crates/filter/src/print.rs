//! The strict form: what is stored, echoed and read back as the same filter.

use std::fmt::{self, Display, Formatter};

use crate::calendar::Unit;
use crate::expr::{
    Clause, Condition, DateLiteral, Elapsed, Expr, Literal, Node, Origin, Own, Period, Side, Start, Step,
    Test, Turn, When,
};
use crate::path::write_name;
use crate::span::Spanned;
use crate::text::quoted;
use crate::value::Instant;

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.root {
            Some(root) => root.value.fmt(f),
            None => Ok(()),
        }
    }
}

impl Display for Clause {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Clause::Or(nodes) => joined(f, nodes, " or ", |node| matches!(node.value, Clause::Or(_))),
            Clause::And(nodes) => {
                joined(f, nodes, " and ", |node| matches!(node.value, Clause::Or(_) | Clause::And(_)))
            }
            Clause::Not(node) => {
                f.write_str("not ")?;
                grouped(f, node, matches!(node.value, Clause::Or(_) | Clause::And(_)))
            }
            Clause::Search(text) => write!(f, "search {}", quoted(text)),
            Clause::InProject { name, filter } => {
                f.write_str("in project ")?;
                write_name(f, name)?;
                filter.as_ref().map_or(Ok(()), |filter| write!(f, " where ({})", filter.value))
            }
            Clause::InSegment(name) => {
                f.write_str("in segment ")?;
                write_name(f, name)
            }
            Clause::Was { filter, when } => {
                write!(f, "was ({})", filter.value)?;
                match when {
                    When::Ever => Ok(()),
                    When::On(moment) => write!(f, " on {}", moment.value),
                    When::Own(time) => write!(f, " on {}", time.value),
                    When::In(period) => write!(f, " in {}", period.value),
                }
            }
            Clause::First { filter, test } => write!(f, "first ({}) {test}", filter.value),
            Clause::Seen { least: 1, period } => write!(f, "seen in {}", period.value),
            Clause::Seen { least, period } => write!(f, "seen at least {least} days in {}", period.value),
            Clause::Condition(condition) => condition.fmt(f),
        }
    }
}

fn joined(f: &mut Formatter<'_>, nodes: &[Node], join: &str, needs_group: fn(&Node) -> bool) -> fmt::Result {
    for (position, node) in nodes.iter().enumerate() {
        if position > 0 {
            f.write_str(join)?;
        }
        grouped(f, node, needs_group(node))?;
    }
    Ok(())
}

fn grouped(f: &mut Formatter<'_>, node: &Node, group: bool) -> fmt::Result {
    if group { write!(f, "({})", node.value) } else { node.value.fmt(f) }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field.value, self.test)
    }
}

impl Display for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let not = |negated: &bool| if *negated { "not " } else { "" };
        match self {
            Test::Compare(comparison, literal) => write!(f, "{} {}", comparison.as_str(), literal.value),
            Test::Own(comparison, time) => write!(f, "{} {}", comparison.as_str(), time.value),
            Test::In { negated, values } => {
                write!(f, "{}in (", not(negated))?;
                listed(f, values)?;
                f.write_str(")")
            }
            Test::During { negated, period } => write!(f, "{}in {}", not(negated), period.value),
            Test::Match(place, text) => write!(f, "{} {}", place.as_str(), quoted(text)),
            Test::Has(literal) => write!(f, "has {}", literal.value),
            Test::Exists => f.write_str("exists"),
            Test::Is { negated, kind } => write!(f, "is {}{kind}", not(negated)),
            Test::Changed { from, to, period } => {
                f.write_str("changed")?;
                for (word, side) in [("from", from), ("to", to)] {
                    side.as_ref().map_or(Ok(()), |side| write!(f, " {word} {}", side.value))?;
                }
                period.map_or(Ok(()), |period| write!(f, " in {}", period.value))
            }
            Test::Moved(direction, period) => write!(f, "{} in {}", direction.as_str(), period.value),
        }
    }
}

impl Display for Side {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Side::Missing => f.write_str("missing"),
            Side::Value(literal) => literal.fmt(f),
        }
    }
}

fn listed(f: &mut Formatter<'_>, values: &[Spanned<Literal>]) -> fmt::Result {
    for (position, value) in values.iter().enumerate() {
        if position > 0 {
            f.write_str(", ")?;
        }
        value.value.fmt(f)?;
    }
    Ok(())
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Text(text) => f.write_str(&quoted(text)),
            Literal::Number(number) => number.fmt(f),
            Literal::Boolean(boolean) => boolean.fmt(f),
            Literal::Null => f.write_str("null"),
            Literal::Date(date) => date.fmt(f),
        }
    }
}

impl Display for DateLiteral {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            DateLiteral::Day(day) => write!(f, "{day}"),
            DateLiteral::Instant(instant) => instant.fmt(f),
            DateLiteral::Yesterday => f.write_str("yesterday"),
            DateLiteral::Today => f.write_str("today"),
            DateLiteral::Tomorrow => f.write_str("tomorrow"),
            DateLiteral::Now => f.write_str("now"),
            DateLiteral::Shifted { from, back, amount, step } => {
                let from = if *from == Origin::Now { "now" } else { "today" };
                write!(f, "{from} {}", Elapsed { back: *back, amount: *amount, step: *step })
            }
        }
    }
}

impl Display for Own {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.from {
            Start::Field(field) => field.fmt(f)?,
            Start::First(filter) => write!(f, "first ({})", filter.value)?,
        }
        self.shift.map_or(Ok(()), |shift| write!(f, " {shift}"))
    }
}

impl Display for Elapsed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let sign = if self.back { '-' } else { '+' };
        write!(f, "{sign} {}{}", self.amount, abbreviation(self.step))
    }
}

/// `2026-03-29T10:00:00Z`, with a fraction where there is one.
impl Display for Instant {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}Z", self.utc())
    }
}

impl Display for Period {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let counted = |f: &mut Formatter<'_>, word: &str, amount: u32, step: Step| {
            write!(f, "{word} {amount} {}{}", step.as_str(), if amount == 1 { "" } else { "s" })
        };
        match *self {
            Period::Last(amount, step) => counted(f, "last", amount, step),
            Period::Next(amount, step) => counted(f, "next", amount, step),
            Period::Calendar(turn, unit) => write!(f, "{} {}", turn.as_str(), unit.as_str()),
            Period::Between(from, to) => write!(f, "{from} .. {to}"),
        }
    }
}

impl Turn {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Turn::Last => "last",
            Turn::This => "this",
            Turn::Next => "next",
        }
    }
}

impl Step {
    /// Its name, for one of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Step::Minute => "minute",
            Step::Hour => "hour",
            Step::Calendar(unit) => unit.as_str(),
        }
    }
}

/// What stands behind a number that shifts a date.
fn abbreviation(step: Step) -> &'static str {
    match step {
        Step::Minute => "min",
        Step::Hour => "h",
        Step::Calendar(Unit::Day) => "d",
        Step::Calendar(Unit::Week) => "w",
        Step::Calendar(Unit::Month) => "mo",
        Step::Calendar(Unit::Quarter) => "quarter",
        Step::Calendar(Unit::Year) => "y",
    }
}
