//! One click that narrows a filter, and the same click that widens it again. A click on a value takes the place of what the
//! filter says of that field so far; each click is a filter of its own, written by the language's printer.

use filter::{
    Expr, Field,
    expr::{Clause, Comparison, Condition, Node, Test},
};
use index::Datum;
use serde_json::Value;

/// The condition that a value of a facet stands for, in strict form; `None` for what cannot be written.
pub(crate) fn condition(field: &Field, value: &Datum, member: bool) -> Option<String> {
    let literal = match value {
        Datum::Number(number) => index::number::plain(number),
        Datum::String(text) => Value::from(text.as_str()).to_string(),
        Datum::False => "false".to_owned(),
        Datum::True => "true".to_owned(),
        Datum::Null => "null".to_owned(),
        Datum::Array | Datum::Object | Datum::Time(_) => return None,
    };
    Some(format!("{field} {} {literal}", if member { "has" } else { "=" }))
}

/// The condition that somebody has one of some addresses.
pub(crate) fn any_of(emails: &[String]) -> String {
    let texts: Vec<String> = emails.iter().map(|email| Value::from(email.as_str()).to_string()).collect();
    format!("email in ({})", texts.join(", "))
}

/// The condition of those who have no value at all: `null` is one.
pub(super) fn none(field: &Field) -> String {
    format!("not {field} exists")
}

/// The filter with more conditions; those that it has already are said once.
pub(crate) fn with(filter: &Expr, conditions: &str) -> Option<String> {
    Some(filter.and(&filter::parse(conditions).ok()?).to_string())
}

/// Whether conditions are among those that must all be true.
pub(super) fn holds(filter: &Expr, conditions: &str) -> bool {
    let all = filter.parts();
    filter::parse(conditions).is_ok_and(|wanted| wanted.parts().iter().all(|part| all.contains(part)))
}

/// Whether a value is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    /// Only those who have it.
    In,
    /// All but those who have it.
    Out,
}

/// What a filter itself says of a field, and the rest of it.
pub(super) struct Own {
    own: Vec<Node>,
    rest: Vec<Node>,
}

impl Own {
    pub(super) fn of(filter: &Expr, field: &Field) -> Own {
        let (own, rest) = filter.own(field);
        Own { own, rest }
    }

    /// Whether the value of a condition is chosen.
    pub(super) fn says(&self, condition: &str) -> Option<Chosen> {
        let wanted = node(condition)?;
        self.own.iter().find_map(|part| says(part, &wanted))
    }

    /// The filter that chooses the value of a condition and no other, or what several conditions say together.
    pub(super) fn only(&self, condition: &str) -> Option<String> {
        let wanted = filter::parse(condition).ok()?;
        Some(self.filter(wanted.parts().into_iter().cloned()))
    }

    /// The filter that leaves out the value of a condition, beside those that it leaves out already.
    pub(super) fn but(&self, condition: &str) -> Option<String> {
        let wanted = node(condition)?;
        let kept = self.own.iter().filter(|part| !is_choice(part)).cloned();
        Some(self.filter(kept.chain([opposite(wanted)])))
    }

    /// The filter that says nothing of the value of a condition any more.
    pub(super) fn without(&self, condition: &str) -> Option<String> {
        let wanted = node(condition)?;
        Some(self.filter(self.own.iter().filter_map(|part| dropped(part, &wanted))))
    }

    /// The filter that says nothing of the field any more.
    pub(super) fn nothing(&self) -> String {
        self.filter([])
    }

    /// What none of these conditions' values stands for, as text, and the filter without it.
    pub(super) fn others(&self, listed: &[String]) -> Vec<(String, String)> {
        let listed: Vec<Node> = listed.iter().filter_map(|condition| node(condition)).collect();
        let others = self.own.iter().filter(|part| listed.iter().all(|value| says(part, value).is_none()));
        let told = |part: &Node| {
            let kept = self.own.iter().filter(|other| *other != part).cloned();
            (Expr::all(vec![part.clone()]).to_string(), self.filter(kept))
        };
        others.map(told).collect()
    }

    fn filter(&self, own: impl IntoIterator<Item = Node>) -> String {
        Expr::all(self.rest.iter().cloned().chain(own).collect()).to_string()
    }
}

fn node(condition: &str) -> Option<Node> {
    filter::parse(condition).ok()?.root
}

/// What a part of a filter says of a value.
fn says(part: &Node, wanted: &Node) -> Option<Chosen> {
    if part == wanted {
        return Some(Chosen::In);
    }
    if *part == opposite(wanted.clone()) {
        return Some(Chosen::Out);
    }
    let (Clause::Condition(part), Clause::Condition(wanted)) = (&part.value, &wanted.value) else {
        return None;
    };
    match (&part.test, &wanted.test) {
        (Test::In { negated, values }, Test::Compare(Comparison::Equal, value)) if values.contains(value) => {
            Some(if *negated { Chosen::Out } else { Chosen::In })
        }
        _ => None,
    }
}

/// A part that says nothing of a value any more; of a list the others stay.
fn dropped(part: &Node, wanted: &Node) -> Option<Node> {
    if says(part, wanted).is_none() {
        return Some(part.clone());
    }
    let (Clause::Condition(own), Clause::Condition(wanted)) = (&part.value, &wanted.value) else {
        return None;
    };
    let (Test::In { negated, values }, Test::Compare(_, value)) = (&own.test, &wanted.test) else {
        return None;
    };
    let mut values: Vec<_> = values.iter().filter(|other| *other != value).cloned().collect();
    let test = match values.len() {
        0 => return None,
        1 => Test::Compare(if *negated { Comparison::NotEqual } else { Comparison::Equal }, values.remove(0)),
        _ => Test::In { negated: *negated, values },
    };
    Some(Condition { field: own.field.clone(), test }.into())
}

/// Whether a part chooses values: another choice takes its place.
fn is_choice(part: &Node) -> bool {
    match &part.value {
        Clause::Condition(condition) => matches!(
            condition.test,
            Test::Compare(Comparison::Equal, _) | Test::In { negated: false, .. } | Test::Has(_)
        ),
        Clause::Not(inner) => {
            matches!(&inner.value, Clause::Condition(Condition { test: Test::Exists, .. }))
        }
        _ => false,
    }
}

/// The part that is true where the other is not.
fn opposite(mut part: Node) -> Node {
    match &mut part.value {
        Clause::Condition(Condition { test: Test::Compare(comparison @ Comparison::Equal, _), .. }) => {
            *comparison = Comparison::NotEqual;
            part
        }
        Clause::Not(inner) => (**inner).clone(),
        _ => Node::new(part.span, Clause::Not(Box::new(part))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRO: &str = "params.plan = \"pro\"";
    const FREE: &str = "params.plan = \"free\"";

    fn own(filter: &str) -> Own {
        Own::of(&filter::parse(filter).unwrap(), &filter::parse_field("params.plan").unwrap())
    }

    #[test]
    fn a_click_takes_the_place_of_what_was_chosen_and_the_same_click_widens() {
        assert_eq!(own("").only(PRO).unwrap(), PRO);
        assert_eq!(own("mrr > 20").only(PRO).unwrap(), "params.mrr > 20 and params.plan = \"pro\"");
        assert_eq!(
            own("plan = pro and mrr > 20").only(FREE).unwrap(),
            "params.mrr > 20 and params.plan = \"free\""
        );
        assert_eq!(own("plan = pro and mrr > 20").without(PRO).unwrap(), "params.mrr > 20");
        assert_eq!(own("plan = pro").without(PRO).unwrap(), "");
        assert_eq!(
            own("plan in (pro, free, solo)").without(PRO).unwrap(),
            "params.plan in (\"free\", \"solo\")"
        );
        assert_eq!(own("plan in (pro, free)").without(PRO).unwrap(), FREE);
        let either = own("status = paid or mrr > 20").only(PRO).unwrap();
        assert!(either.starts_with('(') && either.ends_with(") and params.plan = \"pro\""), "{either}");
        assert_eq!(own(&either).without(PRO).unwrap(), "status = \"paid\" or params.mrr > 20");
    }

    #[test]
    fn what_is_left_out_adds_up_and_ends_a_choice() {
        assert_eq!(own("plan = pro").but(FREE).unwrap(), "params.plan != \"free\"");
        let both = own("plan != pro").but(FREE).unwrap();
        assert_eq!(both, "params.plan != \"pro\" and params.plan != \"free\"");
        assert_eq!(own(&both).without(PRO).unwrap(), "params.plan != \"free\"");
        assert_eq!(own("not plan exists").but("not params.plan exists").unwrap(), "params.plan exists");
        assert_eq!(own("plan has a").but("params.plan has \"b\"").unwrap(), "not params.plan has \"b\"");
    }

    #[test]
    fn what_is_chosen_is_known() {
        for (filter, chosen) in [
            ("plan = pro and mrr > 20", Some(Chosen::In)),
            ("plan != pro", Some(Chosen::Out)),
            ("plan in (pro, free)", Some(Chosen::In)),
            ("plan not in (pro, free)", Some(Chosen::Out)),
            ("plan starts with p", None),
            ("plan = pro or mrr > 20", None),
        ] {
            assert_eq!(own(filter).says(PRO), chosen, "{filter}");
        }
        assert_eq!(own("not plan exists").says("not params.plan exists"), Some(Chosen::In));
        assert_eq!(own("plan exists").says("not params.plan exists"), Some(Chosen::Out));
        let others = own("mrr > 20 and plan starts with p and plan != pro").others(&[PRO.to_owned()]);
        let without = "params.mrr > 20 and params.plan != \"pro\"".to_owned();
        assert_eq!(others, [("params.plan starts with \"p\"".to_owned(), without)]);
    }

    #[test]
    fn a_condition_is_added_once() {
        let filter = |text: &str| filter::parse(text).unwrap();
        assert_eq!(with(&filter("mrr > 20"), PRO).unwrap(), "params.mrr > 20 and params.plan = \"pro\"");
        assert_eq!(with(&filter("plan = pro"), PRO).unwrap(), PRO);
        assert!(holds(&filter("plan = pro and mrr > 20"), PRO) && !holds(&filter("plan = free"), PRO));
    }

    #[test]
    fn any_value_is_written_so_that_it_reads_back() {
        let field = filter::parse_field("params.\"a b\"").unwrap();
        for text in ["", "pro", "a\"b\\", "line\nbreak", "<script>", "ünï", "now", "\u{2028}\u{202e}"] {
            let condition = condition(&field, &Datum::String(text.to_owned()), false).unwrap();
            let filter = filter::parse(&condition).unwrap();
            assert_eq!(Own::of(&filter, &field).says(&condition), Some(Chosen::In), "{condition}");
        }
        assert_eq!(condition(&field, &Datum::True, true).unwrap(), "params.\"a b\" has true");
        assert_eq!(condition(&field, &Datum::Array, false), None);
    }
}
