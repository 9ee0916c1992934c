//! What the literal of a condition may have been meant as: a date, a number in quotes, another word for yes.

use filter::{
    expr::Literal,
    predicate::{Condition, Operator},
};

use super::{dates, quoted};

/// Words for yes and no, as other systems store them.
const YES: [&str; 5] = ["true", "yes", "y", "on", "1"];
const NO: [&str; 5] = ["false", "no", "n", "off", "0"];

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
        others.extend(text.parse::<serde_json::Number>().ok().map(|number| number.to_string()));
    }
    // Text compares letter by letter: after a number that would be another question.
    if condition.operator != Operator::Equal {
        return others;
    }
    let is_in = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(&text));
    let words = [(YES, "true"), (NO, "false")].into_iter().find(|(words, _)| is_in(words));
    if let Some((words, boolean)) = words {
        others.push(boolean.to_owned());
        let (plain, text) = (words[4], words[..4].iter().map(|word| quoted(word)));
        others.extend(text.chain([quoted(plain), plain.to_owned()]));
    } else {
        others.push(quoted(&text));
    }
    others.retain(|other| *other != literal.to_string());
    others
}
