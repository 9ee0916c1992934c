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
        index::Live,
        query::{Plan, Query, Subject, Warning, live},
    },
};

/// A filter besides the one that says who is told of.
pub struct Further {
    pub(super) place: Place,
    /// As it was written, or in its strict form.
    text: String,
    of: Of,
}

/// Of which moments it is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Of the one that all of it is of.
    Now,
    /// Of several of the past.
    Then,
    /// Of all, until the first at which it was true.
    First,
}

/// What stands before it and after it in a filter that asks whether it was ever true.
const WAS: (&str, &str) = ("was (", ")");

impl Further {
    /// One that is asked of the moment that all of it is of.
    pub(super) fn now(place: Place, filter: &Expr) -> Further {
        Further { place, text: written(filter), of: Of::Now }
    }

    /// One that is asked of what was.
    pub(super) fn then(place: Place, filter: &Expr) -> Further {
        Further { place, text: written(filter), of: Of::Then }
    }

    /// One whose first time is asked for.
    pub(super) fn first(place: Place, filter: &Expr) -> Further {
        Further { place, text: written(filter), of: Of::First }
    }

    /// What may be wrong with it: looked for where nobody was found by it, or it names what nobody has or had.
    pub(super) fn doubts(&self, view: &View, ask: &Ask, told: &Told<'_>, is_odd: bool) -> Vec<Warning> {
        let (before, after) = if self.of == Of::Now { ("", "") } else { WAS };
        let Some(plan) = self.asked((before, after), view, ask, told.plan) else { return Vec::new() };
        let looks = is_odd || self.names_unknown(&plan, told);
        if !looks || !live::tells(&plan, told.live) {
            return Vec::new();
        }
        // What is late by now is not told at all.
        let until = told.scope.until.unwrap_or_else(Instant::now);
        let (_, warnings) =
            on(&plan, told.live, &[], until, |asked| live::compute(&plan, told.live, &asked.scope));
        warnings.into_iter().map(|warning| self.own(warning, before.len())).collect()
    }

    /// Whether the index keeps what it asks of the past.
    pub(super) fn is_kept(&self, view: &View, ask: &Ask, plan: &Plan, live: &Live) -> bool {
        let words = match self.of {
            Of::Now => ("", ""),
            Of::Then => WAS,
            Of::First => ("first (", ") <= now"),
        };
        self.asked(words, view, ask, plan).is_none_or(|plan| live::tells(&plan, live))
    }

    /// A question of whom it is true, between other words; none where that makes no sense, which is refused and not doubted.
    fn asked(&self, (before, after): (&str, &str), view: &View, ask: &Ask, plan: &Plan) -> Option<Plan> {
        let filter = format!("{before}{}{after}", self.text);
        let question = Question { select: vec![Part::Count], ..Question::default() };
        let as_of = plan.past.map(|moment| moment.to_string());
        let query = Query { filter, rows: ask.rows.clone(), as_of, question, ..Query::default() };
        let asked = Plan::make_at(plan.lexicon.clone(), view, &query, now()).ok();
        asked.filter(|_| !self.text.is_empty())
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
