//! Why nobody is found under an address that somebody has given: since two people were merged it is an alias, and filters
//! ask for the address that a customer has.

use filter::{
    Field, Span, email,
    expr::{Clause, Comparison, Condition, Literal, Node, Test},
    quoted,
};

use super::{Plan, Warning, WarningCode};
use crate::store::{Store, View, alias};

/// Addresses beyond these are not looked up.
const ADDRESSES_MAX: usize = 20;

/// An address that a filter asks for, and where.
struct Asked {
    /// In its form.
    address: String,
    /// The words that the fix stands for.
    span: Span,
    /// Whether these are the literal of a condition, and not a search or a condition themselves.
    literal: bool,
}

/// A warning for each address that is an alias of somebody whom the view may know as such. It is asked of Postgres, which the
/// answer itself may not have needed: if that fails, only the warnings are lost.
pub(super) async fn look(store: &Store, view: &View, plan: &Plan) -> Vec<Warning> {
    let mut asked = Vec::new();
    if let Some(root) = plan.expr.root.as_ref().filter(|_| plan.wants_counts()) {
        collect(root, &mut asked);
    }
    asked.truncate(ADDRESSES_MAX);
    if asked.is_empty() {
        return Vec::new();
    }
    let addresses: Vec<String> = asked.iter().flat_map(|one| email::forms(&one.address)).collect();
    let aliases = alias::find(store, view, &addresses).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "whether an address is an alias could not be looked up");
        Vec::new()
    });
    let warning = |one: &Asked| {
        let forms = email::forms(&one.address);
        let (alias, kept) = aliases.iter().find(|(alias, _)| forms.contains(alias))?;
        Some(one.explain(plan, alias, kept))
    };
    asked.iter().filter_map(warning).collect()
}

impl Asked {
    fn explain(&self, plan: &Plan, alias: &str, kept: &str) -> Warning {
        let detail = format!("the address {alias} is an alias of {kept}");
        let fix = if self.literal { quoted(kept) } else { format!("email = {}", quoted(kept)) };
        Warning::of_filter(plan, WarningCode::IsAlias, self.span, detail, Some(fix))
    }
}

/// The addresses under a node that are wanted to be somebody's.
fn collect(node: &Node, asked: &mut Vec<Asked>) {
    node.value.firsts().for_each(|filter| collect(filter, asked));
    let mut add = |text: &str, span: Span, literal: bool| {
        let address = email::normalised(text);
        if address.contains('@') && !address.contains('\0') {
            asked.push(Asked { address, span, literal });
        }
    };
    match &node.value {
        Clause::Or(nodes) | Clause::And(nodes) => nodes.iter().for_each(|node| collect(node, asked)),
        Clause::InProject { filter: Some(filter), .. } | Clause::Was { filter, .. } => collect(filter, asked),
        Clause::Search(text) => add(text, node.span, false),
        Clause::Condition(Condition { field, test }) if field.value == Field::Email => match test {
            Test::Compare(Comparison::Equal, value) => {
                text(&value.value, |text| add(text, value.span, true));
            }
            Test::In { negated: false, values } => {
                values.iter().for_each(|value| text(&value.value, |text| add(text, value.span, true)));
            }
            Test::Match(_, part) => add(&part.value, node.span, false),
            _ => {}
        },
        Clause::Condition(_)
        | Clause::Not(_)
        | Clause::InProject { .. }
        | Clause::InSegment(_)
        | Clause::First { .. }
        | Clause::Seen { .. } => {}
    }
}

fn text(literal: &Literal, add: impl FnOnce(&str)) {
    if let Literal::Text(text) = literal {
        add(text);
    }
}
