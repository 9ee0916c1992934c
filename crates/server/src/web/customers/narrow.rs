//! One click that narrows a filter, and the same click that widens it again.

use filter::{
    Expr, Field, Span, Spanned,
    expr::{Clause, Node},
};
use index::Datum;

/// The condition that a value of a facet stands for, in strict form; `None` for what cannot be written.
pub(crate) fn condition(field: &Field, value: &Datum, member: bool) -> Option<String> {
    let literal = match value {
        Datum::Number(number) => index::number::plain(number),
        Datum::String(text) => serde_json::Value::from(text.as_str()).to_string(),
        Datum::False => "false".to_owned(),
        Datum::True => "true".to_owned(),
        Datum::Null => "null".to_owned(),
        Datum::Array | Datum::Object | Datum::Time(_) => return None,
    };
    Some(format!("{field} {} {literal}", if member { "has" } else { "=" }))
}

/// Whether a condition is one of those that must all be true.
pub(super) fn holds(filter: &Expr, condition: &str) -> bool {
    let Some(wanted) = filter::parse(condition).ok().and_then(|expr| expr.root) else { return false };
    parts(filter).contains(&wanted)
}

/// The filter with the condition added, or without it if it is there already, in strict form.
pub(super) fn toggle(filter: &Expr, condition: &str) -> Option<String> {
    let wanted = filter::parse(condition).ok()?.root?;
    let mut parts = parts(filter);
    match parts.iter().position(|part| *part == wanted) {
        Some(place) => drop(parts.remove(place)),
        None => parts.push(wanted),
    }
    Some(join(parts).to_string())
}

/// What must all be true.
fn parts(filter: &Expr) -> Vec<Node> {
    match &filter.root {
        None => Vec::new(),
        Some(Spanned { value: Clause::And(parts), .. }) => parts.clone(),
        Some(one) => vec![one.clone()],
    }
}

fn join(mut parts: Vec<Node>) -> Expr {
    Expr::new(if parts.len() > 1 {
        Some(Spanned::new(Span::default(), Clause::And(parts)))
    } else {
        parts.pop()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn click(filter: &str, condition: &str) -> String {
        toggle(&filter::parse(filter).unwrap(), condition).unwrap()
    }

    #[test]
    fn a_click_narrows_and_the_same_click_widens() {
        let pro = "params.plan = \"pro\"";
        assert_eq!(click("", pro), pro);
        assert_eq!(click("mrr > 20", pro), "params.mrr > 20 and params.plan = \"pro\"");
        assert_eq!(click("plan = pro and mrr > 20", pro), "params.mrr > 20");
        assert_eq!(click("plan = pro", pro), "");
        let either = click("status = paid or mrr > 20", pro);
        assert!(either.starts_with('(') && either.ends_with(") and params.plan = \"pro\""), "{either}");
        assert_eq!(
            filter::parse(&click(&either, pro)).unwrap(),
            filter::parse("status = paid or mrr > 20").unwrap()
        );
    }

    #[test]
    fn any_value_is_written_so_that_it_reads_back() {
        let field = filter::parse_field("params.\"a b\"").unwrap();
        for text in ["", "pro", "a\"b\\", "line\nbreak", "<script>", "ünï", "now", "\u{2028}\u{202e}"] {
            let condition = condition(&field, &Datum::String(text.to_owned()), false).unwrap();
            assert!(holds(&filter::parse(&condition).unwrap(), &condition), "{condition}");
        }
        assert_eq!(condition(&field, &Datum::True, true).unwrap(), "params.\"a b\" has true");
        assert_eq!(condition(&field, &Datum::Array, false), None);
    }
}
