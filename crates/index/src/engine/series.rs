//! One question as of many moments, as a series asks it.
//!
//! Where the filter does not move with the clock, it goes over what has changed once: a row counts in the step in which it begins
//! to match, and is taken out again in that in which it ceases to; what it holds goes along. The sums of these differences,
//! step by step, are the answers. Everything else is asked moment by moment.

mod course;
mod part;
mod shares;

use std::sync::Mutex;

use filter::{Field, predicate::Node, value::Instant};

use super::{Found, Scope, Seen, each, select::is_still};
use crate::{Datum, Function, Grouping, Part as Wanted, Question, Snapshot};
pub(super) use course::{Course, OUT, Steps, Values, values};
use part::Pass;
use shares::Shares;

/// So few moments are asked one by one.
const FEW: usize = 3;
/// Steps are taken together as long as there are so many figures of them.
const FIGURES: usize = 1 << 19;
/// A field with more values in one part is asked moment by moment.
const VALUES: usize = 1 << 12;

impl Snapshot {
    /// Answers a question as of each of the moments, which are in order; the scope's own says nothing. When the time is over it
    /// ends early, so that some are missing.
    pub fn answer_each(&self, scope: &Scope<'_>, question: &Question, moments: &[Instant]) -> Vec<Found> {
        let parts = self.seen(&Scope { moment: None, ..*scope }, scope.rows);
        let Some(plan) = Plan::of(question, scope.predicate.root(), &parts).filter(|_| moments.len() > FEW)
        else {
            return self.one_by_one(scope, question, moments);
        };
        let mut found = Vec::with_capacity(moments.len());
        for moments in moments.chunks(plan.together(&parts)) {
            let Some(some) = self.pass(scope, &plan, &parts, moments) else { break };
            found.extend(some);
        }
        found
    }

    fn one_by_one(&self, scope: &Scope<'_>, question: &Question, moments: &[Instant]) -> Vec<Found> {
        let then = |moment: &Instant| Scope { moment: Some(*moment), ..*scope };
        let answers = moments.iter().map(|moment| self.answer(&then(moment), question, None, &[]));
        answers.take_while(|_| !scope.is_late()).collect()
    }

    /// All moments in one pass; `None` when there is no more time.
    fn pass(
        &self,
        scope: &Scope<'_>,
        plan: &Plan<'_>,
        parts: &[Seen<'_>],
        moments: &[Instant],
    ) -> Option<Vec<Found>> {
        let last = *moments.last()?;
        let (times, node) = (moments.iter().map(|moment| moment.0).collect(), scope.predicate.root());
        let pass = Pass {
            plan,
            steps: Steps::new(times),
            test: self.ready(&Scope { moment: Some(last), ..*scope }, node),
            is_wide: parts.windows(2).any(|pair| pair[0].project != pair[1].project),
        };
        let shares = Mutex::new(Shares::new(plan, moments.len()));
        let told = each(parts, |seen| {
            let share = (!seen.is_late()).then(|| pass.share(seen))??;
            shares.lock().ok()?.add(share);
            Some(())
        });
        told.into_iter().collect::<Option<Vec<()>>>()?;
        let shares = shares.into_inner().ok()?;
        Some(shares.found(plan, self.ids.len(), pass.is_wide, scope.zone))
    }
}

/// What is asked of the rows at each step.
struct Plan<'q> {
    question: &'q Question,
    /// The fields of the aggregates, each once, in order.
    fields: Vec<&'q Field>,
    /// Whose values are told apart, and which are listed.
    by: Option<(&'q Field, &'q [Datum])>,
}

impl<'q> Plan<'q> {
    /// `None` where one pass does not answer it.
    fn of(question: &'q Question, predicate: &Node, parts: &[Seen<'_>]) -> Option<Plan<'q>> {
        let wants = |part| question.wants(part);
        let aggregates = question.aggregates.iter();
        let adds = aggregates.clone().all(|one| matches!(one.function, Function::Sum | Function::Avg));
        let by = match (&question.group_by, &question.listed) {
            _ if !wants(Wanted::Groups) => None,
            (None, _) => None,
            (Some(Grouping::Value(field)), Some(values)) if course::turns(field) => {
                Some((field, values.as_slice()))
            }
            _ => return None,
        };
        let is_known = |seen: &Seen<'_>| seen.past().is_some();
        if wants(Wanted::Customers) || wants(Wanted::Facets) || !adds || !is_still(predicate) {
            return None;
        }
        let mut fields: Vec<&Field> = aggregates.map(|aggregate| &aggregate.field).collect();
        fields.sort_unstable();
        fields.dedup();
        // What is missing needs a code of its own.
        let is_coded =
            |seen: &Seen<'_>| fields.iter().all(|field| values(seen, field) <= usize::from(u16::MAX));
        if !parts.iter().all(|seen| is_known(seen) && is_coded(seen)) {
            return None;
        }
        let plan = Plan { question, fields, by };
        (plan.values(parts) <= VALUES).then_some(plan)
    }

    /// The most values that are told apart in one part.
    fn values(&self, parts: &[Seen<'_>]) -> usize {
        let of = |field| parts.iter().map(move |seen| values(seen, field)).max();
        self.by.and_then(|(field, _)| of(field)).unwrap_or(0)
    }

    /// Where a row can count: in a listed value, in others, or in none; all rows are one without values.
    fn slots(&self) -> usize {
        self.by.map_or(1, |(_, listed)| listed.len() + 2)
    }

    /// How many moments are gone through together.
    fn together(&self, parts: &[Seen<'_>]) -> usize {
        let figures = self.slots() * (self.fields.len() + 2);
        // Each part may have values of its own.
        let of = |(field, _): (&Field, _)| parts.iter().map(|seen| values(seen, field)).sum::<usize>();
        (FIGURES / figures.max(self.by.map_or(0, of))).max(1)
    }
}
