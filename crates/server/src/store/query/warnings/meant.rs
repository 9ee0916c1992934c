//! What the literal of a condition may have been meant as: a date, a number in quotes, an amount of money, another word for
//! yes.

use filter::{
    expr::Literal,
    predicate::{Condition, Operator},
    quoted, value,
};

use super::dates;

/// What may have been meant by a literal, best first, each with the filter that it makes.
pub(super) fn literals(condition: &Condition, negated: bool) -> Vec<(String, String)> {
    let (field, Some((_, literal))) = (&condition.field, &condition.literal) else { return Vec::new() };
    let operator = match condition.operator {
        Operator::Equal => "=",
        Operator::Ordered(order) => order.as_str(),
        // What stands in place of the whole condition would lose its negation.
        _ if negated && (condition.operator == Operator::Has || *literal == Literal::Null) => {
            return Vec::new();
        }
        Operator::Has => {
            let whole = format!("{field} = {literal}");
            return vec![(whole.clone(), whole)];
        }
        _ => return Vec::new(),
    };
    if *literal == Literal::Null {
        let whole = format!("not {field} exists");
        return vec![(whole.clone(), whole)];
    }
    let others = dates::named(condition).into_iter().chain(other_types(condition, literal));
    let mut meant: Vec<(String, String)> =
        others.map(|other| (other.clone(), format!("{field} {operator} {other}"))).collect();
    if condition.operator == Operator::Equal && !negated {
        let whole = format!("{field} has {literal}");
        meant.push((whole.clone(), whole));
    }
    meant
}

/// The literal in other types.
fn other_types(condition: &Condition, literal: &Literal) -> Vec<String> {
    let text = match literal {
        Literal::Text(text) => text.trim().to_owned(),
        Literal::Number(number) => number.to_string(),
        Literal::Boolean(boolean) => boolean.to_string(),
        Literal::Null | Literal::Date(_) => return Vec::new(),
    };
    let mut others = Vec::new();
    if matches!(literal, Literal::Text(_)) {
        others.extend(value::money(&text).map(|number| number.to_string()));
    }
    // Text compares letter by letter: after a number that would be another question.
    if condition.operator != Operator::Equal {
        return others;
    }
    match value::yes_or_no(&text) {
        Some(boolean) => {
            others.push(boolean.to_string());
            let words = if boolean { value::YES } else { value::NO };
            others.extend(words.map(quoted));
            others.push(u8::from(boolean).to_string());
        }
        None => others.push(quoted(&text)),
    }
    others.retain(|other| *other != literal.to_string());
    others
}
