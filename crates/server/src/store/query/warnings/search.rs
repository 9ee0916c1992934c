//! What may be wrong with searches that find nobody.

use filter::{
    Span, Status,
    expr::{Clause, Node},
};

use super::{Warning, WarningCode, quoted};
use crate::store::query::Plan;

/// Searches beyond these are not looked at.
const GROUPS_MAX: usize = 5;
const TERMS_MAX: usize = 5;

/// Words that are searched for together.
pub(super) struct Group {
    /// The whole of them.
    span: Span,
    /// Whether the filter is nothing else.
    alone: bool,
    terms: Vec<Term>,
    /// Conditions that may have been meant, with their trials.
    fixes: Vec<(String, usize)>,
}

/// A text that is searched for, and the trial that says how many it finds by itself.
struct Term {
    text: String,
    span: Span,
    trial: usize,
}

/// The searches of a filter that speak of the rows themselves and are wanted true. `trial` asks how many a filter finds.
pub(super) fn groups(plan: &Plan, mut trial: impl FnMut(&str) -> Option<usize>) -> Vec<Group> {
    let mut found = Vec::new();
    if let Some(root) = &plan.expr.root {
        collect(root, &mut found);
    }
    let whole = plan.expr.root.as_ref().map(|root| root.span);
    let mut group = |(span, terms): (Span, Vec<(Span, &str)>)| {
        let fixes = meant(&terms).into_iter().filter_map(|fix| Some((fix.clone(), trial(&fix)?))).collect();
        let term = |(span, text): (Span, &str)| {
            let trial = trial(&format!("search {}", quoted(text)))?;
            Some(Term { text: text.to_owned(), span, trial })
        };
        let terms = terms.into_iter().take(TERMS_MAX).filter_map(term).collect();
        Group { span, alone: whole == Some(span), terms, fixes }
    };
    found.into_iter().take(GROUPS_MAX).map(&mut group).collect()
}

/// The searches under a node; those that are joined by and stand together.
fn collect<'e>(node: &'e Node, found: &mut Vec<(Span, Vec<(Span, &'e str)>)>) {
    match &node.value {
        Clause::Search(text) => found.push((node.span, vec![(node.span, text)])),
        Clause::Or(nodes) => nodes.iter().for_each(|node| collect(node, found)),
        Clause::And(nodes) => {
            for run in nodes.chunk_by(|a, b| text(a).is_some() && text(b).is_some()) {
                match run.iter().map(text).collect::<Option<Vec<_>>>() {
                    Some(terms) => {
                        let span = terms.iter().map(|(span, _)| *span).reduce(Span::to);
                        found.push((span.unwrap_or(node.span), terms));
                    }
                    None => run.iter().for_each(|node| collect(node, found)),
                }
            }
        }
        Clause::Not(_) | Clause::InProject { .. } | Clause::InSegment(_) | Clause::Condition(_) => {}
    }
}

/// The text that a node searches for.
fn text(node: &Node) -> Option<(Span, &str)> {
    match &node.value {
        Clause::Search(text) => Some((node.span, text)),
        _ => None,
    }
}

/// What words may have been meant as: a status in another word, a key and its value.
fn meant(terms: &[(Span, &str)]) -> Option<String> {
    match terms {
        [(_, word)] => Status::guess(word).map(|status| format!("status = {status}")),
        [(_, key), (_, value)] => Some(format!("{key} = {value}")),
        _ => None,
    }
}

impl Group {
    /// Says where was looked, if nobody was found.
    pub(super) fn explain(&self, plan: &Plan, counts: &[u64]) -> Option<Warning> {
        let count = |trial: usize| counts.get(trial).copied().unwrap_or_default();
        let absent: Vec<&Term> = self.terms.iter().filter(|term| count(term.trial) == 0).collect();
        let said = |term: &&Term| quoted(&term.text);
        let detail = match absent.as_slice() {
            [] if self.alone => "no e-mail, name or user_id contains all of these".to_owned(),
            [] => return None,
            some => {
                let words: Vec<String> = some.iter().map(said).collect();
                format!("no e-mail, name or user_id contains {}", words.join(" or "))
            }
        };
        let fix = self.fixes.iter().find(|(_, trial)| count(*trial) > 0).map(|(fix, _)| fix.clone());
        let span = match absent.as_slice() {
            [only] if fix.is_none() => only.span,
            _ => self.span,
        };
        Some(Warning::of_filter(plan, WarningCode::NothingFound, span, detail, fix))
    }
}
