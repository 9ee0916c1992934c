//! Insights from a snapshot: the cells of a table, counted in a pass over the rows.

mod retention;
mod slots;

use filter::Predicate;

use super::{Hits, Scope, relationships};
use crate::{Grouping, Groups, Question, Snapshot, insight::Source};

/// A snapshot as it is asked about some people.
struct Asked<'s> {
    snapshot: &'s Snapshot,
    scope: Scope<'s>,
}

impl Asked<'_> {
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
}
