//! Spans: units of the calendar that have begun.

use filter::{
    calendar::{Unit, first_instant, last_instant},
    value::Instant,
};
use jiff::civil::Date;

use super::Ground;

/// A unit that has begun.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) first: Date,
    pub(crate) last: Date,
    /// Its last instant, or the present where it goes on.
    pub(crate) end: Instant,
    pub(crate) is_over: bool,
}

impl Span {
    /// The units that have begun, from the one that holds a day.
    pub(super) fn begun<'g>(
        unit: Unit,
        from: Date,
        ground: &'g Ground<'_>,
    ) -> impl Iterator<Item = Span> + 'g {
        let now = Instant::from(ground.now);
        let firsts = unit.firsts(from).take_while(move |first| first_instant(*first, ground.zone) <= now);
        firsts.map(move |first| {
            let last = unit.last(first);
            let over = last_instant(last, ground.zone);
            Span { first, last, end: over.min(now), is_over: over <= now }
        })
    }
}
