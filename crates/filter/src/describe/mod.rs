//! Filters in plain English, as relative clauses: "customers whose plan is “pro” and who are in project newsletter".

mod past;
mod time;

use crate::expr::{Clause, Comparison, Condition, Expr, Literal, Node, Place, Test};
use crate::field::{Field, FieldKind};
use crate::span::Spanned;
use crate::value::Kind;

/// The filter in plain English.
///
/// ```
/// let filter = filter::parse("status in (free, trial) and mrr > 20").unwrap();
/// assert_eq!(
///     filter::describe(&filter),
///     "customers whose status is free or trial and whose mrr is more than 20"
/// );
/// ```
pub fn describe(expr: &Expr) -> String {
    match &expr.root {
        Some(root) => format!("customers {}", clause(root)),
        None => "all customers".to_owned(),
    }
}

fn clause(node: &Node) -> String {
    match &node.value {
        Clause::Or(nodes) => joined(nodes, " or "),
        Clause::And(nodes) => joined(nodes, " and "),
        Clause::Not(node) => negation(node),
        Clause::Search(text) => format!("whose e-mail, name or user id contains {}", quoted(text)),
        Clause::InProject { name, filter } => {
            format!("who are in project {}{}", name.value, there(filter.as_deref()))
        }
        Clause::InSegment(name) => format!("who are in segment {}", quoted(name)),
        Clause::Was { filter, when } => past::was(filter, when, false),
        Clause::First { filter, test } => past::first(filter, test, false),
        Clause::Seen { least, period } => past::seen(*least, period.value, false),
        Clause::Condition(condition) => self::condition(condition, false),
    }
}

fn negation(node: &Node) -> String {
    match &node.value {
        Clause::Not(node) => clause(node),
        Clause::Search(text) => format!("whose e-mail, name and user id do not contain {}", quoted(text)),
        Clause::InProject { name, filter } => {
            format!("who are not in project {}{}", name.value, there(filter.as_deref()))
        }
        Clause::InSegment(name) => format!("who are not in segment {}", quoted(name)),
        Clause::Was { filter, when } => past::was(filter, when, true),
        Clause::First { filter, test } => past::first(filter, test, true),
        Clause::Seen { least, period } => past::seen(*least, period.value, true),
        Clause::Condition(condition) => self::condition(condition, true),
        Clause::Or(_) | Clause::And(_) => format!("who are not among those {}", group(node)),
    }
}

fn there(filter: Option<&Node>) -> String {
    filter.map(|filter| format!(" (as customers {})", clause(filter))).unwrap_or_default()
}

/// Clauses side by side. What stands beside a `was` is said to be of now, and a comma ends what was.
fn joined(nodes: &[Node], join: &str) -> String {
    let beside_past = nodes.iter().any(past::is_was);
    let mut sentence = String::new();
    for (place, node) in nodes.iter().enumerate() {
        if place > 0 {
            sentence.push_str(if past::is_was(&nodes[place - 1]) { "," } else { "" });
            sentence.push_str(join);
        }
        sentence.push_str(&group(node));
        sentence.push_str(if beside_past && past::is_of_now(node) { " now" } else { "" });
    }
    sentence
}

/// A clause with parentheses where it joins others itself.
fn group(node: &Node) -> String {
    match node.value {
        Clause::Or(_) | Clause::And(_) => format!("({})", clause(node)),
        _ => clause(node),
    }
}

fn condition(condition: &Condition, negated: bool) -> String {
    let field = &condition.field.value;
    if field.is_time()
        && let Some(sentence) = time::condition(field, &condition.test, negated)
    {
        return sentence;
    }
    let name = field.spoken();
    match &condition.test {
        Test::Compare(comparison, literal) => {
            let negated = (*comparison == Comparison::NotEqual) != negated;
            format!("whose {name} {} {}", is(field, negated), compared(field, *comparison, literal))
        }
        // Programs can write it of a field that is no time; no check lets it pass.
        Test::Own(comparison, time) => {
            let negated = (*comparison == Comparison::NotEqual) != negated;
            format!("whose {name} {} {}", is(field, negated), time::against(*comparison, time))
        }
        Test::In { negated: not, values } => {
            format!("whose {name} {}", listed(field, values, *not != negated))
        }
        Test::During { negated: not, period } => {
            format!("whose {name} {} {}", is(field, *not != negated), time::period(period.value))
        }
        Test::Match(place, text) => format!("whose {name} {} {}", matches(*place, negated), quoted(text)),
        Test::Has(literal) => {
            let with = if negated { "without" } else { "with" };
            format!("{with} {} in {name}", value(literal))
        }
        Test::Exists => format!("whose {name} is {}", if negated { "missing" } else { "set" }),
        Test::Is { negated: not, kind } => {
            format!("whose {name} {} {}", is(field, *not != negated), kind_name(*kind))
        }
        Test::Changed { from, to, period } => {
            past::changed(field, [from.as_deref(), to.as_deref()], period.map(|period| period.value), negated)
        }
        Test::Moved(direction, period) => past::moved(&name, *direction, period.value, negated),
    }
}

/// The verb. What is not true of a value is also not true where the value is missing, and the sentence says so.
fn is(field: &Field, negated: bool) -> &'static str {
    let may_be_missing = field.is_optional() && !field.is_time();
    match (negated, may_be_missing) {
        (false, _) => "is",
        (true, false) => "is not",
        (true, true) => "is missing or not",
    }
}

/// What a value is compared with: `more than 20`, `before 14 days ago`.
fn compared(field: &Field, comparison: Comparison, literal: &Literal) -> String {
    let relation = match (literal, comparison) {
        (Literal::Date(date), _) => return time::compared(comparison, *date),
        (_, Comparison::Equal | Comparison::NotEqual) => return spoken(field, literal),
        (Literal::Text(_), Comparison::Less) => "before",
        (Literal::Text(_), Comparison::LessOrEqual) => "up to",
        (Literal::Text(_), Comparison::Greater) => "after",
        (Literal::Text(_), Comparison::GreaterOrEqual) => "from",
        (_, Comparison::Less) => "less than",
        (_, Comparison::LessOrEqual) => "at most",
        (_, Comparison::Greater) => "more than",
        (_, Comparison::GreaterOrEqual) => "at least",
    };
    format!("{relation} {}", value(literal))
}

/// `is free or trial`, `is neither free nor trial`
fn listed(field: &Field, values: &[Spanned<Literal>], negated: bool) -> String {
    let mut values: Vec<String> = values.iter().map(|literal| spoken(field, literal)).collect();
    let Some(last) = values.pop() else { return is(field, negated).to_owned() };
    match (values.is_empty(), negated) {
        (true, _) => format!("{} {last}", is(field, negated)),
        (false, false) => format!("is {} or {last}", values.join(", ")),
        (false, true) => {
            let missing = is(field, true).trim_end_matches("not").trim_end();
            format!("{missing} neither {} nor {last}", values.join(", "))
        }
    }
}

fn matches(place: Place, negated: bool) -> &'static str {
    match (place, negated) {
        (Place::Anywhere, false) => "contains",
        (Place::Start, false) => "starts with",
        (Place::End, false) => "ends with",
        (Place::Anywhere, true) => "does not contain",
        (Place::Start, true) => "does not start with",
        (Place::End, true) => "does not end with",
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::String => "text",
        Kind::Number => "a number",
        Kind::Boolean => "true or false",
        Kind::Array => "a list",
        Kind::Object => "an object",
    }
}

/// A value; the words of the house need no quotes.
fn spoken(field: &Field, literal: &Literal) -> String {
    match literal {
        Literal::Text(word) if matches!(field.kind(), FieldKind::Status | FieldKind::Project) => word.clone(),
        other => value(other),
    }
}

fn value(literal: &Literal) -> String {
    match literal {
        Literal::Text(text) => quoted(text),
        Literal::Date(date) => time::date(*date),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    format!("“{text}”")
}
