//! The filters of an insight besides the one that says who is told of: what is misspelt in one of them is answered by zeros,
//! and that is said.

use std::time::Instant;

use filter::{Expr, Span};
use index::{Part, Question, insight::Place};

use super::{Ask, Told, on};
use crate::{
    model::now,
    store::{
        View,
        query::{LONGEST, Plan, Query, Subject, Warning, live},
    },
};

/// The words that ask whether something was ever true.
const WAS: (&str, &str) = ("was (", ")");

/// A filter besides the one that says who is told of.
pub struct Further {
    place: Place,
    /// As it was written, or in its strict form.
    text: String,
    /// Whether it is asked of the past of each, and not of the moment that all of it is of.
    is_past: bool,
    /// Whether the answer looks odd: nobody was found by it.
    is_odd: bool,
}

impl Further {
    /// One that is asked of the moment that all of it is of.
    pub(super) fn now(place: Place, filter: &Expr) -> Further {
        Further { place, text: written(filter), is_past: false, is_odd: true }
    }

    /// One that is asked of what was.
    pub(super) fn then(place: Place, filter: &Expr, is_odd: bool) -> Further {
        Further { place, text: written(filter), is_past: true, is_odd }
    }

    /// What may be wrong with it: looked for where nobody was found by it, or it names what nobody has or had.
    pub(super) fn doubts(&self, view: &View, ask: &Ask, told: &Told<'_>) -> Vec<Warning> {
        let (filter, before) = match self.is_past {
            true => (format!("{}{}{}", WAS.0, self.text, WAS.1), WAS.0.len()),
            false => (self.text.clone(), 0),
        };
        let question = Question { select: vec![Part::Count], ..Question::default() };
        let as_of = told.plan.past.map(|moment| moment.to_string());
        let query = Query { filter, rows: ask.rows.clone(), as_of, question, ..Query::default() };
        // What makes no sense there is refused, not doubted.
        let Ok(plan) = Plan::make_at(told.plan.lexicon.clone(), view, &query, now()) else {
            return Vec::new();
        };
        let looks = self.is_odd || self.names_unknown(&plan, told);
        if self.text.is_empty() || !looks || !live::tells(&plan, told.live) {
            return Vec::new();
        }
        let (_, warnings) = on(&plan, told.live, &[], Instant::now() + LONGEST, |asked| {
            live::compute(&plan, told.live, &asked.scope)
        });
        warnings.into_iter().map(|warning| self.own(warning, before)).collect()
    }

    /// Whether it names a key that nobody has or had.
    fn names_unknown(&self, plan: &Plan, told: &Told<'_>) -> bool {
        let conditions = plan.predicate.conditions();
        let mut own = conditions.iter().filter(|asked| asked.projects.is_none());
        own.any(|asked| {
            asked.condition.field.path().is_some_and(|path| !told.snapshot.had(&told.scope, path))
        })
    }

    /// A warning of the question that was asked, as one of these words: so many bytes were written before them.
    fn own(&self, warning: Warning, before: usize) -> Warning {
        let place = |byte: usize| byte.saturating_sub(before).min(self.text.len());
        let span = Span::new(place(warning.span.start), place(warning.span.end));
        Warning { subject: Subject::Insight(self.place), text: self.text.clone(), span, ..warning }
    }
}

/// A filter as it was written; one that was part of a question is told in its strict form.
fn written(filter: &Expr) -> String {
    if filter.text().is_empty() { filter.to_string() } else { filter.text().to_owned() }
}
