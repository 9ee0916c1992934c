//! What may be wrong with searches that find nobody: `plan` was hardly meant as a name.

use filter::{
    Span, Status,
    expr::{Clause, Node},
    quoted,
};

use super::{Seen, Warning, WarningCode, values};
use crate::store::query::Plan;

/// Searches beyond these are not looked at.
const GROUPS_MAX: usize = 5;
const TERMS_MAX: usize = 5;

/// Words that are searched for together.
pub(super) struct Group {
    /// The whole of them.
    span: Span,
    /// Where they stand.
    place: Place,
    terms: Vec<Term>,
    /// Whether they are all of the filter and find nobody, and few enough to be looked for among values.
    may_be_values: bool,
    /// Conditions that may have been meant, with trials that find somebody if so.
    fixes: Vec<(String, usize)>,
}

/// Where words stand in a filter, which says what it means if they find nobody.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// They are all of it.
    Alone,
    /// They must be found.
    Needed,
    /// They need not be found: others are, behind an `or`.
    Optional,
    /// They must not be found: a `not` that excludes nobody.
    Negated,
}

/// A text that is searched for, and the trial that says how many it finds by itself.
struct Term {
    text: String,
    span: Span,
    trial: usize,
}

/// The searches of a filter that speak of the rows themselves: all of them where nobody was found, else those that need
/// not find anybody. `trial` asks how many a filter finds.
pub(super) fn groups(
    plan: &Plan,
    is_nobody: bool,
    mut trial: impl FnMut(&str) -> Option<usize>,
) -> Vec<Group> {
    let Some(root) = &plan.expr.root else { return Vec::new() };
    let mut found = Vec::new();
    collect(root, Place::Needed, &mut found);
    found.retain(|(place, ..)| is_nobody || *place != Place::Needed);
    let mut group = |(place, span, terms): Words<'_>| {
        let fixes = meant(&terms).into_iter();
        let fixes = fixes.filter_map(|(fix, holds)| Some((fix, trial(&holds)?))).collect();
        let is_all = root.span == span;
        let may_be_values = is_all && is_nobody && terms.len() <= values::WORDS_MAX;
        let term = |(span, text): (Span, &str)| {
            let trial = trial(&format!("search {}", quoted(text)))?;
            Some(Term { text: text.to_owned(), span, trial })
        };
        let terms = terms.into_iter().take(TERMS_MAX).filter_map(term).collect();
        let place = if is_all { Place::Alone } else { place };
        Group { span, place, terms, may_be_values, fixes }
    };
    found.into_iter().take(GROUPS_MAX).map(&mut group).collect()
}

/// Words that are searched for together, and where they stand.
type Words<'e> = (Place, Span, Vec<(Span, &'e str)>);

/// The searches under a node; those that are joined by and stand together.
fn collect<'e>(node: &'e Node, place: Place, found: &mut Vec<Words<'e>>) {
    match &node.value {
        Clause::Search(text) => found.push((place, node.span, vec![(node.span, text)])),
        Clause::Or(nodes) => {
            let place = if place == Place::Needed { Place::Optional } else { place };
            nodes.iter().for_each(|node| collect(node, place, found));
        }
        Clause::And(nodes) => {
            for run in nodes.chunk_by(|a, b| text(a).is_some() && text(b).is_some()) {
                match run.iter().map(text).collect::<Option<Vec<_>>>() {
                    Some(terms) => {
                        let span = terms.iter().map(|(span, _)| *span).reduce(Span::to);
                        found.push((place, span.unwrap_or(node.span), terms));
                    }
                    None => run.iter().for_each(|node| collect(node, place, found)),
                }
            }
        }
        // Twice negated is rare, and says nothing that is wrong.
        Clause::Not(node) if place != Place::Negated => collect(node, Place::Negated, found),
        Clause::Not(_)
        | Clause::InProject { .. }
        | Clause::InSegment(_)
        | Clause::Was { .. }
        | Clause::First { .. }
        | Clause::Seen { .. }
        | Clause::Condition(_) => {}
    }
}

/// The text that a node searches for.
fn text(node: &Node) -> Option<(Span, &str)> {
    match &node.value {
        Clause::Search(text) => Some((node.span, text)),
        _ => None,
    }
}

/// Words for a key that is there, and for one that is not.
const WITH: [&str; 4] = ["has", "have", "with", "exists"];
const WITHOUT: [&str; 5] = ["no", "without", "missing", "lacks", "hasnt"];

/// What words may have been meant as, best first: a status in another word, a key that is there or not, a key and its value.
/// Each with a filter that finds somebody if so.
fn meant(terms: &[(Span, &str)]) -> Vec<(String, String)> {
    let is = |word: &str, words: &[&str]| words.iter().any(|other| other.eq_ignore_ascii_case(word));
    let as_it_is = |condition: String| (condition.clone(), condition);
    let exists = |key: &str| Some(format!("{} exists", filter::parse_field(key).ok()?));
    match terms {
        [(_, word)] => {
            let status = Status::guess(word).map(|status| format!("status = {status}"));
            let flag = filter::parse_field(word).ok().map(|field| format!("{field} = true"));
            [status, flag, exists(word)].into_iter().flatten().map(as_it_is).collect()
        }
        [(_, word), (_, key)] if is(word, &WITH) => exists(key).map(as_it_is).into_iter().collect(),
        [(_, word), (_, key)] if is(word, &WITHOUT) => {
            exists(key).map(|exists| (format!("not {exists}"), exists)).into_iter().collect()
        }
        [(_, key), (_, value)] => vec![as_it_is(format!("{key} = {value}"))],
        _ => Vec::new(),
    }
}

impl Group {
    /// Whether it is worth to look which values people have: nothing else is offered.
    pub(super) fn seeks_values(&self, counts: &[u64]) -> bool {
        self.may_be_values && self.fix(counts).is_none()
    }

    /// The first condition that finds somebody.
    fn fix(&self, counts: &[u64]) -> Option<String> {
        let finds = |trial: usize| counts.get(trial).is_some_and(|count| *count > 0);
        self.fixes.iter().find(|(_, trial)| finds(*trial)).map(|(fix, _)| fix.clone())
    }

    /// The conditions of words that are values.
    fn values(&self, seen: &Seen) -> Option<values::Meant> {
        let words: Vec<&str> = self.terms.iter().map(|term| term.text.as_str()).collect();
        self.seeks_values(&seen.counts).then(|| values::meant(&words, &seen.values))?
    }

    /// Says where was looked, if nobody was found.
    pub(super) fn explain(&self, plan: &Plan, seen: &Seen) -> Option<Warning> {
        let count = |trial: usize| seen.counts.get(trial).copied().unwrap_or_default();
        let absent: Vec<&Term> = self.terms.iter().filter(|term| count(term.trial) == 0).collect();
        let said = |term: &&Term| quoted(&term.text);
        let values = self.values(seen);
        let fix = self.fix(&seen.counts).or_else(|| values.as_ref().map(|meant| meant.fix.clone()));
        let detail = match absent.as_slice() {
            // Others were found; only a key is no name.
            _ if self.place == Place::Optional && fix.is_none() => return None,
            [] if self.place == Place::Alone => "no e-mail, name or user_id contains all of these".to_owned(),
            [] => return None,
            some => {
                let words: Vec<String> = some.iter().map(said).collect();
                format!("no e-mail, name or user_id contains {}", words.join(" or "))
            }
        };
        let detail = match self.place {
            Place::Negated => format!("{detail}, so not leaves out nobody"),
            _ => detail,
        };
        let detail = match values {
            Some(meant) => format!("{detail}; {}", meant.said),
            None => detail,
        };
        let span = match absent.as_slice() {
            [only] if fix.is_none() => only.span,
            _ => self.span,
        };
        let fix = fix.map(|fix| if self.place == Place::Negated { format!("({fix})") } else { fix });
        Some(Warning::of_filter(plan, WarningCode::NothingFound, span, detail, fix))
    }
}
