//! What rows held at moments of their own, so long after each was first seen: the present, with what changed later undone row
//! by row.

use std::sync::Arc;

use filter::Field;

use super::{Counted, Counts, Hits, each};
use crate::{
    column::Symbols,
    past::{At, Past},
};

/// Rows of a part, each at a moment of its own.
pub(super) struct Then<'h, 's> {
    hits: &'h Hits<'s>,
    past: &'s Past,
    /// By row, whether it is among them or not.
    moments: Box<[i64]>,
}

/// The rows as they were so many microseconds after each was first seen, which is not before they were there nor after the moment
/// that is asked of. Parts without a past are left out.
pub(super) fn then<'h, 's>(hits: &'h [Hits<'s>], elapsed: i64) -> Vec<Then<'h, 's>> {
    let moments = each(hits, |hits| moments(hits, elapsed));
    let then = |(hits, moments): (&'h Hits<'s>, _)| Some(Then { hits, past: hits.seen.past()?, moments });
    hits.iter().zip(moments).filter_map(then).collect()
}

/// The moments of the rows of a part.
fn moments(hits: &Hits<'_>, elapsed: i64) -> Box<[i64]> {
    match hits.seen.chunk().column(&Field::FirstSeen) {
        Some(column) => column.all_times().map(|seen| seen.map_or(i64::MIN, |seen| seen + elapsed)).collect(),
        None => vec![i64::MIN; hits.seen.chunk().rows()].into(),
    }
}

impl Counts for Then<'_, '_> {
    fn counted(&self, field: &Field) -> Option<Counted> {
        let Then { hits, past, moments } = self;
        let rows = (&hits.rows, hits.count);
        match past.histogram(hits.seen.chunk(), field, rows, At::Own(moments)) {
            Some((symbols, counts)) => Some(Counted { symbols, counts }),
            // Who a person is does not travel.
            None => hits.counted(field),
        }
    }

    fn members(&self, field: &Field) -> Vec<(Arc<Symbols>, Vec<u32>)> {
        self.past.members(self.hits.seen.chunk(), field, &self.hits.rows, At::Own(&self.moments))
    }
}
