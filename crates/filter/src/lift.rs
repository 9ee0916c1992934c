//! A filter without the conditions that it has on a field of its own: so many would have each value if the filter did not
//! choose among them already.

use crate::expr::{self, Clause, Expr};
use crate::field::Field;
use crate::predicate::{Condition, Node, Predicate, Test};
use crate::span::Spanned;

/// The conditions of a filter on one field, lifted.
///
/// These are the parts of the filter's outermost `and` that are a condition on the field's present value, or the `not` of one:
/// `plan = "pro"`, `plan in ("pro", "free")`, `mrr >= 29`. What asks of the past (`changed`, `was`), of other projects or
/// segments, or stands inside `or`, stays.
#[derive(Clone, Debug, PartialEq)]
pub struct Lift {
    /// The field.
    pub field: Field,
    /// The places of its conditions among the parts of the predicate's outermost `and`.
    pub places: Vec<usize>,
    /// The filter without them.
    pub expr: Expr,
    /// What that means.
    pub predicate: Predicate,
    /// The values that they name: a condition for each, which is true of whoever has it.
    pub named: Vec<Condition>,
}

impl Lift {
    /// A lift for every field that is wanted and that a filter has such a condition on, in the filter's order. The predicate is
    /// what the filter was checked to. Each takes a copy of the rest of the filter.
    pub fn all(expr: &Expr, predicate: &Predicate, wanted: impl FnMut(&&Field) -> bool) -> Vec<Lift> {
        let parts = expr.parts();
        let own: Vec<Option<&Field>> = parts.iter().map(|part| own(part)).collect();
        let mut fields: Vec<&Field> = Vec::new();
        for field in own.iter().flatten() {
            if !fields.contains(field) {
                fields.push(field);
            }
        }
        fields.into_iter().filter(wanted).map(|field| Lift::of(field, &parts, &own, predicate)).collect()
    }

    fn of(field: &Field, parts: &[&expr::Node], own: &[Option<&Field>], predicate: &Predicate) -> Lift {
        let (places, rest): (Vec<usize>, Vec<usize>) =
            (0..parts.len()).partition(|place| own[*place] == Some(field));
        let nodes = predicate.parts();
        let mut named = Vec::new();
        places.iter().for_each(|place| values(&nodes[*place], &mut named));
        let kept = rest.iter().map(|place| nodes[*place].clone()).collect();
        Lift {
            field: field.clone(),
            places,
            expr: joined(rest.iter().map(|place| parts[*place].clone()).collect()),
            predicate: Predicate { root: Node::All(kept), zone: predicate.zone.clone() },
            named,
        }
    }
}

impl Expr {
    /// The parts of its outermost `and` that a [`Lift`] of the field leaves out, and those that it keeps.
    pub fn own(&self, field: &Field) -> (Vec<expr::Node>, Vec<expr::Node>) {
        self.parts().into_iter().cloned().partition(|part| own(part) == Some(field))
    }

    /// The filter of which all these parts must be true.
    pub fn all(parts: Vec<expr::Node>) -> Expr {
        joined(parts)
    }

    /// The parts of its outermost `and`.
    pub fn parts(&self) -> Vec<&expr::Node> {
        parts(self.root.as_ref())
    }

    /// The filter of which both must be true; what both ask is asked once.
    pub fn and(&self, other: &Expr) -> Expr {
        let mut all: Vec<expr::Node> = self.parts().into_iter().cloned().collect();
        for part in other.parts() {
            if !all.contains(part) {
                all.push(part.clone());
            }
        }
        joined(all)
    }
}

impl Predicate {
    /// The same, where one more condition is true.
    pub fn with(&self, condition: &Condition) -> Predicate {
        let nodes = self.parts().iter().cloned().chain([Node::Condition(condition.clone())]);
        Predicate { root: Node::All(nodes.collect()), zone: self.zone.clone() }
    }

    /// The parts of its outermost `and`, in the order of the filter's text.
    pub fn parts(&self) -> &[Node] {
        match &self.root {
            Node::All(nodes) => nodes,
            other => std::slice::from_ref(other),
        }
    }
}

/// The parts of the outermost `and`.
fn parts(root: Option<&expr::Node>) -> Vec<&expr::Node> {
    match root {
        None => Vec::new(),
        Some(Spanned { value: Clause::And(nodes), .. }) => nodes.iter().collect(),
        Some(only) => vec![only],
    }
}

fn joined(mut parts: Vec<expr::Node>) -> Expr {
    let root = match parts.len() {
        0 | 1 => parts.pop(),
        _ => Some(Spanned::new(parts[0].span.to(parts[parts.len() - 1].span), Clause::And(parts))),
    };
    Expr::new(root)
}

/// The field of whose present value alone a part asks.
fn own(part: &expr::Node) -> Option<&Field> {
    match &part.value {
        Clause::Not(inner) => own(inner),
        Clause::Condition(condition) => match condition.test {
            expr::Test::Own(..) | expr::Test::Changed { .. } | expr::Test::Moved(..) => None,
            _ => Some(&condition.field.value),
        },
        _ => None,
    }
}

/// The values that a part names, each once.
fn values(node: &Node, named: &mut Vec<Condition>) {
    match node {
        Node::Any(nodes) => nodes.iter().for_each(|node| values(node, named)),
        Node::Not(node) => values(node, named),
        Node::Condition(condition) => {
            let names = matches!(condition.test, Test::Equals(_) | Test::Has(_) | Test::Project(_));
            if names && named.iter().all(|other| other.test != condition.test) {
                named.push(condition.clone());
            }
        }
        _ => {}
    }
}
