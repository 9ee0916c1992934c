//! `was (…)` at some moment or other of a time: what was true at its ends, and after each change between.

use filter::{Field, predicate::Stretch, value::Instant};

use super::{Ready, turning::once};
use crate::{bits::Bits, column::CodeSet, engine::Seen};

/// The rows of which a node was true at one moment at least of a time: at its first, at its last, or after a change between.
pub(super) fn within(test: &Ready<'_>, within: Stretch, seen: &Seen<'_>) -> Bits {
    let chunk = seen.chunk();
    let until = seen.moment.map_or(within.until, |moment| within.until.min(Instant(moment.at)));
    let (Some(past), Some(first_seen)) = (seen.past(), chunk.column(&Field::FirstSeen)) else {
        return Bits::none(chunk.rows());
    };
    if within.from > until {
        return Bits::none(chunk.rows());
    }
    let walker = test.walker(&seen.at(within.from), &seen.at(until));
    let ever = walker.ever(false, (within.from.0, until.0), chunk.rows());
    let (mut found, mut doubtful) = match ever.is_exact {
        true => (ever.rows, Bits::none(chunk.rows())),
        false => {
            let before = |time: i64| first_seen.symbols.times_before(|own| own <= time);
            let mut doubtful = first_seen.select(&CodeSet::Range(before(within.from.0)..before(until.0)));
            doubtful.add(&ever.turned);
            doubtful.keep(&ever.rows);
            let mut found = ever.first;
            seen.at(within.from).existing(&mut found);
            found.add(&ever.last);
            (found, doubtful)
        }
    };
    seen.at(until).existing(&mut found);
    past.odd().for_each(|(row, _)| {
        found.set(row, false);
        doubtful.insert(row);
    });
    // Who is not found at the ends is looked at after each change between.
    doubtful.remove_all(&found);
    let mut moments: Vec<i64> = Vec::new();
    doubtful.each(|row| {
        let Some(born) = first_seen.symbols.time(first_seen.code(row)) else { return };
        let began = past.began(chunk, row);
        moments.clear();
        moments.push(born);
        if born != began {
            moments.extend([within.from.0, until.0, began]);
        }
        walker.moments(row, &mut moments);
        once(&mut moments);
        let mut counts = moments.iter().filter(|at| born <= **at && within.from.0 <= **at && **at <= until.0);
        if counts.any(|at| walker.holds(row, *at, began)) {
            found.insert(row);
        }
    });
    found
}
