//! Insights from a snapshot: the cells of a table, counted in a pass over the rows.

mod breakdown;
mod changes;
mod conversion;
mod lift;
mod movements;
mod overlap;
mod referrals;
mod retention;
mod slots;
mod sums;

use std::collections::BTreeSet;

use filter::{Field, Predicate, value::Instant};

use super::{Counts as _, Hits, Scope, Seen, each, relationships};
use crate::{Datum, Grouping, Groups, Question, Snapshot, bits::Bits, insight::Source};

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

    /// Whether the time is over.
    fn is_late(&self) -> bool {
        self.scope.is_late()
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

    fn held(&self, field: &Field, most: usize) -> Vec<Datum> {
        let seen: Vec<Seen<'_>> = self.snapshot.seen(&self.scope, self.scope.rows);
        let held = each(&seen, |seen| held(&seen.present(), field, most));
        held.into_iter().flatten().collect::<BTreeSet<Datum>>().into_iter().take(most).collect()
    }

    fn latest(&self, predicate: &Predicate, field: &Field) -> Option<Instant> {
        let latest = |hits: &Hits<'_>| {
            let counted = hits.counted(field)?;
            let code = counted.symbols.time_codes().rfind(|code| counted.counts[*code] > 0)?;
            counted.symbols.time(code)
        };
        each(&self.hits(predicate), latest).into_iter().flatten().max().map(Instant)
    }

    fn own(&self, texts: &[&str]) -> Vec<(Field, u64)> {
        referrals::own(self, texts)
    }
}

/// The first of what the rows of a part hold in a field, and of what they held: symbols stand in the order of values.
fn held(seen: &Seen<'_>, field: &Field, most: usize) -> Vec<Datum> {
    let live = seen.live();
    let present = seen.column(field).map(|column| {
        let counts = column.histogram(&live, live.count());
        let codes = (0..column.missing()).filter(|code| counts[*code] > 0);
        codes.take(most).map(|code| column.symbols.get(code).datum()).collect()
    });
    let mut held: Vec<Datum> = present.unwrap_or_default();
    if let Some(turns) = seen.past().and_then(|past| past.turns(seen.chunk(), field)) {
        let mut codes = Bits::none(turns.track.missing() + 1);
        for place in (0..turns.track.changes()).filter(|place| live.has(turns.track.row(*place))) {
            codes.insert(turns.track.before(place));
            codes.insert(turns.after(place));
        }
        let codes = (0..turns.track.missing()).filter(|code| codes.has(*code));
        held.extend(codes.take(most).map(|code| turns.track.symbols.get(code).datum()));
    }
    held
}
