//! What may be wrong with questions about the past: what lies before history begins, who somebody was, and those who did not
//! exist then.

use filter::{
    Field, Span,
    expr::{Clause, Condition, Node, Test, When},
    predicate::{self, Stretch},
    value::Instant,
};

use super::{Warning, WarningCode};
use crate::store::query::Plan;

/// Warnings of one sort beyond these are not given.
const TOLD_MAX: usize = 5;

/// What a part of a filter asks that history cannot tell.
enum Cannot<'e> {
    /// It asks of any time, and history begins at some.
    Begin,
    /// It asks what the present tells of only.
    Who(&'e Field),
    /// A search does that too.
    Search,
}

/// What is known without looking at any row.
pub(in crate::store::query) fn told(plan: &Plan) -> Vec<Warning> {
    let mut found = Vec::new();
    if let Some(root) = &plan.expr.root {
        collect(root, plan.past.is_some(), &mut found);
    }
    let present = |what: String| format!("{what}: who a person is does not travel");
    let explain = |(span, cannot): (Span, Cannot<'_>)| {
        let (code, detail) = match cannot {
            Cannot::Begin => {
                let horizon = plan.lexicon.horizon?;
                let detail = format!("history is kept since {horizon}; what was so before is not known");
                (WarningCode::PastUnknown, detail)
            }
            Cannot::Who(field) => {
                (WarningCode::AsksPresent, present(format!("{field} is asked of the present")))
            }
            Cannot::Search => (WarningCode::AsksPresent, present("a search asks of the present".to_owned())),
        };
        Some(Warning::of_filter(plan, code, span, detail, None))
    };
    found.into_iter().filter_map(explain).take(TOLD_MAX).collect()
}

fn collect<'e>(node: &'e Node, past: bool, found: &mut Vec<(Span, Cannot<'e>)>) {
    for filter in node.value.firsts() {
        found.push((node.span, Cannot::Begin));
        collect(filter, true, found);
    }
    match &node.value {
        Clause::Or(nodes) | Clause::And(nodes) => nodes.iter().for_each(|node| collect(node, past, found)),
        Clause::Not(node) => collect(node, past, found),
        Clause::InProject { filter: Some(filter), .. } => collect(filter, past, found),
        Clause::Was { filter, when } => {
            let is_told = node.value.firsts().next().is_some();
            if matches!(when, When::Ever | When::Own(_)) && !is_told {
                found.push((node.span, Cannot::Begin));
            }
            collect(filter, true, found);
        }
        Clause::Search(_) if past => found.push((node.span, Cannot::Search)),
        Clause::Condition(Condition { test: Test::Changed { period, .. }, .. }) => {
            if period.is_none() {
                found.push((node.span, Cannot::Begin));
            }
        }
        Clause::Condition(Condition { field, .. }) if past && is_who(field) => {
            found.push((node.span, Cannot::Who(field)));
        }
        Clause::Search(_)
        | Clause::Condition(_)
        | Clause::First { .. }
        | Clause::Seen { .. }
        | Clause::InProject { filter: None, .. }
        | Clause::InSegment(_) => {}
    }
}

/// Whether a field says who somebody is.
fn is_who(field: &Field) -> bool {
    matches!(field, Field::Email | Field::Domain | Field::Name | Field::UserId | Field::Project)
}

/// A `not was (…)`, and the trial that counts those of whom the filter is true who did not exist then.
pub(super) struct Unborn {
    span: Span,
    trial: usize,
}

/// Every `not was (…)` that speaks of the rows themselves, and may be true of those who did not exist yet.
pub(super) fn unborn(plan: &Plan, mut trial: impl FnMut(&str) -> Option<usize>) -> Vec<Unborn> {
    let mut found = Vec::new();
    negated(plan.predicate.root(), false, &mut found);
    found.retain(|(_, last)| *last < Instant::from(plan.now));
    let text = plan.expr.text();
    let mut unborn = |(span, last): (Span, Instant)| {
        Some(Unborn { span, trial: trial(&format!("first_seen > {last} and ({text})"))? })
    };
    found.into_iter().take(TOLD_MAX).filter_map(&mut unborn).collect()
}

/// What is wanted not to have been, and the last moment of which that is asked.
fn negated(node: &predicate::Node, not: bool, found: &mut Vec<(Span, Instant)>) {
    match node {
        predicate::Node::All(nodes) | predicate::Node::Any(nodes) => {
            nodes.iter().for_each(|node| negated(node, not, found));
        }
        predicate::Node::Not(node) => negated(node, !not, found),
        predicate::Node::Was { span, when, .. } if not => match when {
            predicate::When::At(moment) => found.push((*span, *moment)),
            predicate::When::Within(Stretch { until, .. }) => found.push((*span, *until)),
            // It is another moment for each: no one filter tells who did not exist then.
            predicate::When::Own { .. } => {}
        },
        predicate::Node::Was { .. }
        | predicate::Node::First { .. }
        | predicate::Node::Elsewhere { .. }
        | predicate::Node::Search(_)
        | predicate::Node::Seen { .. }
        | predicate::Node::Condition(_) => {}
    }
}

impl Unborn {
    /// How many of those that match did not exist then.
    pub(super) fn explain(&self, plan: &Plan, counts: &[u64]) -> Option<Warning> {
        let count = counts.get(self.trial).copied().filter(|count| *count > 0)?;
        let detail = format!("{count} of these did not exist then");
        Some(Warning::of_filter(plan, WarningCode::IncludesMissing, self.span, detail, None))
    }
}
