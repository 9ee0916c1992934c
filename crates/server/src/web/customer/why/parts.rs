//! The parts of a filter as lines: what joins others stands above them, a step further out.

use filter::{
    Expr, Field,
    expr::{Clause, Node},
};

/// A part of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) depth: usize,
    /// What the line says.
    pub(super) text: String,
    /// Whether it joins the parts below it.
    pub(super) joins: bool,
    /// The part as a filter of its own.
    pub(super) filter: String,
    /// The field that it asks about.
    pub(super) field: Option<Field>,
    /// The slug of the only project of which it is asked.
    pub(super) project: Option<String>,
}

/// The parts of a filter, from the outside in.
pub(super) fn parts(filter: &Expr) -> Vec<Part> {
    let mut all = Vec::new();
    if let Some(root) = &filter.root {
        grow(root, 0, None, &mut all);
    }
    all
}

fn grow(node: &Node, depth: usize, project: Option<&str>, all: &mut Vec<Part>) {
    let clause = &node.value;
    let (text, below): (String, Vec<&Node>) = match clause {
        Clause::And(nodes) => ("all of these".to_owned(), nodes.iter().collect()),
        Clause::Or(nodes) => ("at least one of these".to_owned(), nodes.iter().collect()),
        Clause::Not(inner) => ("not".to_owned(), vec![inner]),
        Clause::InProject { name, filter: Some(inner) } => {
            (format!("in project {}", name.value), vec![inner])
        }
        other => (other.to_string(), Vec::new()),
    };
    let field = match clause {
        Clause::Condition(condition) => Some(condition.field.value.clone()),
        _ => None,
    };
    let joins = !below.is_empty();
    let own = project.map(str::to_owned);
    all.push(Part { depth, text, joins, filter: clause.to_string(), field, project: own });
    let inside = match clause {
        Clause::InProject { name, .. } => Some(name.value.as_str()),
        _ => project,
    };
    for node in below {
        grow(node, depth + 1, inside, all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_a_filter_of_its_own() {
        let filter = "plan = pro and (mrr > 5 or not status = paid) and in project shop where (cart exists)";
        let all = parts(&filter::parse(filter).unwrap());
        let told: Vec<_> =
            all.iter().map(|part| (part.depth, part.text.as_str(), part.project.as_deref())).collect();
        assert_eq!(
            told,
            [
                (0, "all of these", None),
                (1, "params.plan = \"pro\"", None),
                (1, "at least one of these", None),
                (2, "params.mrr > 5", None),
                (2, "not", None),
                (3, "status = \"paid\"", None),
                (1, "in project shop", None),
                (2, "params.cart exists", Some("shop")),
            ]
        );
        for part in all {
            assert_eq!(filter::parse(&part.filter).unwrap().to_string(), part.filter);
        }
    }
}
