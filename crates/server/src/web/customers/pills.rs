//! The conditions of a filter as pills under its text: each says one, drops it, turns it round, and opens a small form that
//! changes it. The text stays the truth: what a pill leads to is written by the language's printer.

use filter::{
    Expr, Field, FieldKind,
    expr::{Clause, Comparison, Condition, Literal, Node, Test},
};

use super::facets::label;

/// Operators of params, as a form offers them.
const JSON: [&str; 18] = [
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "in",
    "not in",
    "contains",
    "not contains",
    "starts with",
    "not starts with",
    "ends with",
    "not ends with",
    "has",
    "not has",
    "exists",
    "not exists",
];
/// Those of texts.
const TEXT: [&str; 12] = [
    "=",
    "!=",
    "in",
    "not in",
    "contains",
    "not contains",
    "starts with",
    "not starts with",
    "ends with",
    "not ends with",
    "exists",
    "not exists",
];
/// Those of times: after `in` stands a period.
const TIME: [&str; 8] = ["<", "<=", ">", ">=", "in", "not in", "exists", "not exists"];
/// Those of statuses and projects.
const CHOICE: [&str; 4] = ["=", "!=", "in", "not in"];

/// A part of the filter's outermost `and`.
pub(crate) struct Pill {
    /// What it says, in short; `advanced` where it has no short form.
    pub(crate) label: String,
    /// The same in the strict form.
    pub(crate) strict: String,
    /// Whether it has a short form.
    pub(crate) is_plain: bool,
    /// Whether it leaves people out.
    pub(crate) is_but: bool,
    /// The filter without it.
    pub(crate) drop: String,
    /// The filter with its opposite, where it includes or excludes.
    pub(crate) flip: Option<String>,
    /// What its form holds, where it has one.
    pub(crate) form: Option<Form>,
}

/// The small form of a pill.
pub(crate) struct Form {
    /// Where it stands among the parts.
    pub(crate) place: usize,
    /// What is asked about.
    pub(crate) field: String,
    /// The operators, and which is said.
    pub(crate) operators: Vec<(&'static str, bool)>,
    /// What it compares with, as people type it.
    pub(crate) value: String,
}

/// The pills of a filter; `link` leads to the page under another one.
pub(super) fn pills(filter: &Expr, link: &dyn Fn(&str) -> String) -> Vec<Pill> {
    let parts = filter.parts();
    (0..parts.len()).map(|place| pill(&parts, place, link)).collect()
}

fn pill(parts: &[&Node], place: usize, link: &dyn Fn(&str) -> String) -> Pill {
    let part = parts[place];
    let said = said(part);
    let strict = alone(part.clone());
    let flip = said.as_ref().and_then(|said| said.opposite.clone());
    Pill {
        label: said.as_ref().map_or_else(|| "advanced".to_owned(), Said::in_short),
        is_plain: said.is_some(),
        is_but: said.as_ref().is_some_and(|said| said.negated),
        drop: link(&replaced(parts, place, None)),
        flip: flip.map(|opposite| link(&replaced(parts, place, Some(opposite)))),
        form: said.and_then(|said| said.form(place)),
        strict,
    }
}

/// The filter with other words in the place of a part: what stands in a pill's form, read by the language. Where that is
/// no condition of the field, the words go into the text as they are, and the page says what is wrong with them.
pub(super) fn changed(filter: &Expr, place: usize, operator: &str, value: &str) -> Option<String> {
    let parts = filter.parts();
    let field = said(parts.get(place)?)?.field?;
    let node = read(field, operator, value.trim());
    Some(match node {
        Some(node) => replaced(&parts, place, Some(node)),
        None => {
            let rest = replaced(&parts, place, None);
            let wrong = format!("{field} {operator} {value}");
            if rest.is_empty() { wrong } else { format!("{rest} and {wrong}") }
        }
    })
}

/// A condition of the field as somebody typed it: a value, a list without its parentheses, or a text without its quotes.
fn read(field: &Field, operator: &str, value: &str) -> Option<Node> {
    let listed = value.split(',').map(|value| word(value.trim())).collect::<Vec<_>>().join(", ");
    let forms = match operator {
        "exists" | "not exists" => vec![String::new()],
        "in" | "not in" => vec![value.to_owned(), format!("({value})"), format!("({listed})")],
        _ => vec![value.to_owned(), filter::quoted(value)],
    };
    forms.iter().find_map(|form| {
        let node = filter::parse(&format!("{field} {operator} {form}")).ok()?.root?;
        (said(&node)?.field? == field).then_some(node)
    })
}

fn word(text: &str) -> String {
    if text.starts_with(['"', '\'']) { text.to_owned() } else { filter::quoted(text) }
}

/// The parts with another in the place of one, or without that.
fn replaced(parts: &[&Node], place: usize, other: Option<Node>) -> String {
    let mut kept: Vec<Node> = parts.iter().map(|part| (*part).clone()).collect();
    match other {
        Some(node) => kept[place] = node,
        None => drop(kept.remove(place)),
    }
    Expr::all(kept).to_string()
}

fn alone(part: Node) -> String {
    Expr::all(vec![part]).to_string()
}

/// What a pill says.
struct Said<'n> {
    field: Option<&'n Field>,
    negated: bool,
    /// The operator without its `not`.
    operator: &'static str,
    /// What stands after it.
    value: String,
    opposite: Option<Node>,
}

impl Said<'_> {
    fn in_short(&self) -> String {
        let words = [self.field.map(label), Some(self.operator()), Some(self.value.clone())];
        words.into_iter().flatten().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }

    fn operator(&self) -> String {
        match (self.negated, self.operator) {
            (true, "=") => "!=".to_owned(),
            (true, other) => format!("not {other}"),
            (false, other) => other.to_owned(),
        }
    }

    fn form(self, place: usize) -> Option<Form> {
        let field = self.field?;
        let all: &[&'static str] = match field.kind() {
            FieldKind::Json => &JSON,
            FieldKind::Text => &TEXT,
            FieldKind::Time => &TIME,
            FieldKind::Status | FieldKind::Project => &CHOICE,
        };
        let said = self.operator();
        // One that the form does not offer would be lost by opening it.
        if !all.contains(&said.as_str()) {
            return None;
        }
        let operators = all.iter().map(|operator| (*operator, *operator == said)).collect();
        Some(Form { place, field: label(field), operators, value: self.value })
    }
}

/// What a part of a filter says, where it has a short form.
fn said(part: &Node) -> Option<Said<'_>> {
    match &part.value {
        Clause::Condition(condition) => of_condition(part, condition),
        Clause::Not(inner) => {
            let said = said(inner).filter(|said| !said.negated)?;
            // `not plan = pro` is another text than `plan != pro`, and reads as it.
            Some(Said { negated: true, opposite: Some((**inner).clone()), ..said })
        }
        Clause::Search(text) => Some(Said::word("search", text.clone(), part)),
        Clause::InSegment(name) => Some(Said::word("in segment", name.value.clone(), part)),
        Clause::InProject { name, filter: None } => Some(Said::word("in project", name.value.clone(), part)),
        _ => None,
    }
}

impl<'n> Said<'n> {
    fn word(operator: &'static str, value: String, part: &Node) -> Said<'n> {
        Said { field: None, negated: false, operator, value, opposite: Some(not(part)) }
    }
}

fn of_condition<'n>(part: &Node, condition: &'n Condition) -> Option<Said<'n>> {
    let field = &condition.field.value;
    let with = |test: Test| Some(Condition { field: condition.field.clone(), test }.into());
    let (negated, operator, value, opposite) = match &condition.test {
        Test::Compare(Comparison::Equal, to) => {
            (false, "=", bare(&to.value), with(Test::Compare(Comparison::NotEqual, to.clone())))
        }
        Test::Compare(Comparison::NotEqual, to) => {
            (true, "=", bare(&to.value), with(Test::Compare(Comparison::Equal, to.clone())))
        }
        Test::Compare(comparison, to) => (false, comparison.as_str(), bare(&to.value), None),
        Test::In { negated, values } => {
            let listed = values.iter().map(|value| bare(&value.value)).collect::<Vec<_>>().join(", ");
            (*negated, "in", listed, with(Test::In { negated: !negated, values: values.clone() }))
        }
        Test::During { negated, period } => {
            let opposite = with(Test::During { negated: !negated, period: *period });
            (*negated, "in", period.value.to_string(), opposite)
        }
        Test::Match(place, text) => (false, place.as_str(), bare_text(text), Some(not(part))),
        Test::Has(value) => (false, "has", bare(&value.value), Some(not(part))),
        Test::Exists => (false, "exists", String::new(), Some(not(part))),
        Test::Is { negated, kind } => {
            let operator = if *negated { "is not" } else { "is" };
            let opposite = with(Test::Is { negated: !negated, kind: *kind });
            // Its `not` stands inside.
            return Some(Said {
                field: Some(field),
                negated: false,
                operator,
                value: kind.to_string(),
                opposite,
            });
        }
        Test::Own(..) | Test::Changed { .. } | Test::Moved(..) => return None,
    };
    Some(Said { field: Some(field), negated, operator, value, opposite })
}

fn not(part: &Node) -> Node {
    Node::new(part.span, Clause::Not(Box::new(part.clone())))
}

/// A value as people type it: a text without its quotes, where it reads back as the same.
fn bare(literal: &Literal) -> String {
    match literal {
        Literal::Text(text) => bare_text(text),
        other => other.to_string(),
    }
}

/// A text without its quotes, where it reads back as the same.
pub(super) fn bare_text(text: &str) -> String {
    let is_same = filter::parse(&format!("x = {text}")).is_ok_and(|read| {
        matches!(read.root.map(|root| root.value), Some(Clause::Condition(Condition {
            test: Test::Compare(Comparison::Equal, value), ..
        })) if value.value == Literal::Text(text.to_owned()))
    });
    if is_same && !text.contains(',') { text.to_owned() } else { filter::quoted(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Expr {
        filter::parse(text).unwrap()
    }

    fn of(text: &str) -> Vec<Pill> {
        pills(&parsed(text), &str::to_owned)
    }

    #[test]
    fn a_condition_is_said_in_short_dropped_and_turned_round() {
        for (filter, label, flip) in [
            ("plan = pro", "plan = pro", "params.plan != \"pro\""),
            ("plan != pro", "plan != pro", "params.plan = \"pro\""),
            ("plan = \"20\"", "plan = \"20\"", "params.plan != \"20\""),
            ("plan = \"a or b\"", "plan = \"a or b\"", "params.plan != \"a or b\""),
            ("plan in (pro, free)", "plan in pro, free", "params.plan not in (\"pro\", \"free\")"),
            ("plan not in (pro, free)", "plan not in pro, free", "params.plan in (\"pro\", \"free\")"),
            ("first_seen in last 7 days", "first_seen in last 7 days", "first_seen not in last 7 days"),
            ("email contains ada", "email contains ada", "not email contains \"ada\""),
            ("tags has vip", "tags has vip", "not params.tags has \"vip\""),
            ("plan exists", "plan exists", "not params.plan exists"),
            ("not plan exists", "plan not exists", "params.plan exists"),
            ("plan is not number", "plan is not number", "params.plan is number"),
            ("in segment \"power users\"", "in segment power users", "not in segment \"power users\""),
            ("search \"ada\"", "search ada", "not search \"ada\""),
            ("beta = true", "beta = true", "params.beta != true"),
        ] {
            let both = of(&format!("mrr > 20 and {filter}"));
            let [first, pill] = both.as_slice() else { panic!("{filter}") };
            assert_eq!((first.label.as_str(), first.flip.as_deref()), ("mrr > 20", None));
            assert_eq!(pill.label, label);
            assert_eq!(pill.drop, "params.mrr > 20", "{filter}");
            assert_eq!(
                pill.flip.as_deref(),
                Some(format!("params.mrr > 20 and {flip}").as_str()),
                "{filter}"
            );
            assert_eq!(first.drop, pill.strict, "{filter}");
        }
    }

    #[test]
    fn what_has_no_short_form_is_advanced_and_can_be_dropped() {
        for filter in [
            "(plan = pro or mrr > 20)",
            "not (plan = pro and mrr > 20)",
            "in project app where (plan = pro)",
            "was (plan = pro) on 2026-01-01",
            "status changed to paid in last 7 days",
            "seen in last 7 days",
            "first_paid < first_seen + 14d",
        ] {
            let pill = &of(&format!("{filter} and beta = true"))[0];
            assert_eq!((pill.label.as_str(), pill.is_plain), ("advanced", false), "{filter}");
            assert_eq!(pill.drop, "params.beta = true", "{filter}");
            assert!(pill.flip.is_none() && pill.form.is_none(), "{filter}");
        }
        let only = of("plan = pro or mrr > 20");
        assert_eq!((only.len(), only[0].drop.as_str()), (1, ""));
        assert!(of("").is_empty());
    }

    #[test]
    fn a_form_rewrites_one_condition_and_nothing_else() {
        for (filter, operator, value, changed_to) in [
            ("plan = pro", "=", "free", "params.plan = \"free\""),
            ("plan = pro", "!=", "free", "params.plan != \"free\""),
            ("plan = pro", "=", "20", "params.plan = 20"),
            ("plan = pro", "=", "\"20\"", "params.plan = \"20\""),
            ("plan = pro", "=", "", "params.plan = \"\""),
            ("plan = pro", "=", "pro or beta = true", "params.plan = \"pro or beta = true\""),
            ("plan = pro", "=", "a\" or \"b", "params.plan = \"a\\\" or \\\"b\""),
            ("plan = pro", "in", "pro, free", "params.plan in (\"pro\", \"free\")"),
            ("plan = pro", "in", "a b, c", "params.plan in (\"a b\", \"c\")"),
            ("plan = pro", "not in", "pro, 3", "params.plan not in (\"pro\", 3)"),
            ("plan = pro", "in", "last 7 days", "params.plan in last 7 days"),
            ("plan = pro", "exists", "whatever", "params.plan exists"),
            ("plan = pro", "not exists", "", "not params.plan exists"),
            ("plan = pro", "not contains", "x", "not params.plan contains \"x\""),
            ("plan = pro", "starts with", "New York", "params.plan starts with \"New York\""),
            ("not plan has a", "has", "true", "params.plan has true"),
            ("mrr > 20", "<=", "9.90", "params.mrr <= 9.90"),
            ("status = paid", "=", "trial", "status = \"trial\""),
            ("first_seen > 2026-01-01", "in", "last month", "first_seen in last month"),
            ("first_seen > 2026-01-01", "<", "soon", "first_seen < \"soon\""),
            ("plan = pro", "over", "20", "params.plan over 20"),
        ] {
            let filter = format!("beta = true and {filter}");
            let text = changed(&parsed(&filter), 1, operator, value).unwrap();
            assert_eq!(text, format!("params.beta = true and {changed_to}"), "{filter} {operator} {value}");
        }
        for (filter, place) in [("plan = pro", 1), ("plan = pro or mrr > 20", 0), ("search \"ada\"", 0)] {
            assert_eq!(changed(&parsed(filter), place, "=", "x"), None, "{filter}");
        }
    }

    #[test]
    fn what_a_form_holds_reads_back_as_the_same_filter() {
        for filter in [
            "params.plan = \"pro\"",
            "params.plan = \"20\"",
            "params.plan = \"\"",
            "params.plan != \"a, b\"",
            "params.plan in (\"a, b\", \"c\", 3, null)",
            "params.\"a b\".c = \"x\\\"y\"",
            "params.plan not in (\"now\", \"true\")",
            "not params.plan starts with \"5%\"",
            "email contains \"a and b\"",
            "first_seen in 2026-01-01 .. 2026-01-31",
            "params.at >= now - 14d",
            "status in (\"paid\", \"trial\")",
        ] {
            let filter = parsed(filter);
            let form = pills(&filter, &str::to_owned).remove(0).form.unwrap();
            let operator = form.operators.iter().find(|(_, is_said)| *is_said).unwrap().0;
            assert_eq!(changed(&filter, 0, operator, &form.value).unwrap(), filter.to_string());
        }
    }
}
