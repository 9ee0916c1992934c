//! Insights from a snapshot: the cells of a table, counted in a pass over the rows.

mod conversion;
mod lift;
mod movements;
mod overlap;
mod referrals;
mod retention;
mod slots;
mod sums;

use filter::{Field, Predicate};

use super::{Hits, Scope, relationships};
use crate::{Grouping, Groups, Question, Snapshot, insight::Source};

/// A snapshot as it is asked about some people.
struct Asked<'s> {
    snapshot: &'s Snapshot,
    scope: Scope<'s>,
}

impl Asked<'_> {
    /// Whether the snapshot knows what a predicate asks.
    fn tells(&self, predicate: &Predicate) -> bool {
        let is_past = self.scope.moment.is_some();
        !(is_past || predicate.asks_past()) || self.snapshot.can_tell(predicate.root(), is_past)
    }

    fn hits<'p>(&'p self, predicate: &'p Predicate) -> Vec<Hits<'p>> {
        self.snapshot.hits(&Scope { predicate, ..self.scope })
    }
}

impl Source for Asked<'_> {
    fn count(&self, predicate: &Predicate) -> u64 {
        relationships(&self.hits(predicate))
    }

    fn groups(&self, predicate: &Predicate, by: &Grouping, limit: usize) -> Groups {
        let question = Question { group_limit: limit, ..Question::default() };
        super::groups::groups(&self.hits(predicate), by, &question, self.scope.zone)
    }

    fn own(&self, texts: &[&str]) -> Vec<(Field, u64)> {
        referrals::own(self, texts)
    }
}
