//! What was and what changed: conditions that the past of a chunk answers.

use filter::{
    Field, Path,
    calendar::{day_of, last_instant},
    predicate::{Changed, Moved, Side, Stretch},
    value::Instant,
};

use super::{Scope, Seen, condition};
use crate::{
    Snapshot,
    bits::Bits,
    column::CodeSet,
    past::{self, Past, Track},
};

impl Snapshot {
    /// Whether some row of the scope had a path once; also where that is not kept.
    pub fn had(&self, scope: &Scope<'_>, path: &Path) -> bool {
        let field = Field::Params(path.clone());
        // What a long value held inside, its digest does not say.
        let digest = Path::new(vec![path.keys()[0].clone(), "sha256".to_owned()]).map(Field::Params);
        let digest = digest.filter(|_| path.keys().len() > 1);
        let knows = |past: &Past, field: &Field| past.has_lost(field) || past.track(field).is_some();
        let mut seen = self.seen(scope, scope.rows).into_iter();
        seen.any(|seen| {
            let past = |field: &Field| seen.past().is_some_and(|past| knows(past, field));
            seen.chunk().column(&field).is_some() || past(&field) || digest.as_ref().is_some_and(past)
        })
    }

    /// Whether it does not keep the past of some path.
    pub fn has_lost_any(&self) -> bool {
        let mut parts = self.projects.values().flat_map(|parts| parts.iter());
        parts.any(|part| part.past.as_ref().is_some_and(|past| past.has_lost_any()))
    }

    /// Whether some part does not keep the past of a field.
    pub fn has_lost(&self, field: &Field) -> bool {
        let mut parts = self.projects.values().flat_map(|parts| parts.iter());
        parts.any(|part| part.past.as_ref().is_some_and(|past| past.has_lost(field)))
    }
}

/// The rows whose field has changed so.
pub(super) fn changed(field: &Field, changed: &Changed, seen: &Seen<'_>) -> Bits {
    let mut found = Bits::none(seen.chunk().rows());
    each_change(field, changed, seen, |row, _| found.insert(row));
    found
}

/// Calls with each row whose field has changed so, and when it did.
pub(super) fn each_change(
    field: &Field,
    changed: &Changed,
    seen: &Seen<'_>,
    mut call: impl FnMut(usize, i64),
) {
    let chunk = seen.chunk();
    let turns = seen.past().and_then(|past| Some((past, past.turns(chunk, field)?)));
    let Some((past, turns)) = turns else { return };
    let track = turns.track;
    let [from, to] =
        [&changed.from, &changed.to].map(|side| side.as_ref().map(|side| sides(side, field, track)));
    let until = seen.moment.map_or(changed.within.until.0, |moment| changed.within.until.0.min(moment.at));
    let is = |side: &Option<Bits>, code: usize| side.as_ref().is_none_or(|codes| codes.has(code));
    track.between(changed.within.from.0.saturating_sub(1), until).each(|place| {
        let (row, before, time) = (track.row(place), track.before(place), track.time(place));
        let is_birth = || before == track.missing() && time <= past.began(chunk, row);
        if is(&from, before) && is(&to, turns.after(place)) && !is_birth() {
            call(row, time);
        }
    });
}

/// The codes of one side of a change, what is missing among them.
fn sides(side: &Side, field: &Field, track: &Track) -> Bits {
    let mut codes = Bits::none(track.missing() + 1);
    match side {
        Side::Missing => codes.insert(track.missing()),
        Side::Any(tests) => {
            for test in tests {
                each_code(&condition::codes(&track.symbols, field, test), |code| codes.insert(code));
            }
        }
    }
    codes
}

pub(super) fn each_code(codes: &CodeSet, mut call: impl FnMut(usize)) {
    match codes {
        CodeSet::Range(range) => range.clone().for_each(call),
        CodeSet::Some(codes) => codes.each(&mut call),
    }
}

/// The rows whose field is a number that went so.
pub(super) fn moved(field: &Field, moved: &Moved, seen: &Seen<'_>) -> Bits {
    let chunk = seen.chunk();
    let mut found = Bits::none(chunk.rows());
    let turns = seen.past().and_then(|past| Some((past, past.turns(chunk, field)?)));
    let Some((past, turns)) = turns else { return found };
    let at = |instant: Instant| seen.moment.map_or(instant.0, |moment| instant.0.min(moment.at));
    let (track, then, until) = (turns.track, at(moved.before), at(moved.after));
    let numbers = track.symbols.number_codes();
    let went = |before: usize, after: usize| {
        numbers.contains(&before) && numbers.contains(&after) && moved.direction.admits(after.cmp(&before))
    };
    // Who differs has changed between: from what it was before the first change to what it was after the last.
    let mut first = (usize::MAX, 0);
    track.between(then, until).each(|place| {
        let row = track.row(place);
        if row != first.0 {
            first = (row, track.before(place));
        }
        found.set(row, went(first.1, turns.after(place)));
    });
    for (row, began) in past.odd().filter(|(_, began)| *began > then) {
        let (before, after) = (turns.at(row, then, began), turns.at(row, until, began));
        found.set(row, went(before, after));
    }
    seen.at(Instant(then)).existing(&mut found);
    found
}

/// The rows that were seen on so many of the days that ended within a time.
pub(super) fn seen_on(least: u32, within: Stretch, seen: &Seen<'_>) -> Bits {
    let rows = seen.chunk().rows();
    let mut found = Bits::none(rows);
    let (Some(past), zone) = (seen.past(), seen.zone) else { return found };
    let number = |instant: Instant| {
        let day = day_of(instant.timestamp(), zone);
        // Of what lies before or after all that can be told, the first and the last day stand.
        let end = if instant.0 < 0 { 0 } else { u16::MAX };
        Some(past::number(day).unwrap_or(end))
    };
    // A day belongs to the time with its last instant.
    let first = number(within.from);
    let last = number(within.until).filter(|day| last_instant(past::day(*day), zone) <= within.until);
    let (Some(first), Some(mut last)) = (first, last.or_else(|| number(within.until)?.checked_sub(1))) else {
        return found;
    };
    let known =
        seen.moment.map(|moment| (moment.days(), seen.chunk().column(&Field::LastActivity), moment.at));
    let all = last;
    for row in 0..rows {
        if let Some((ended, column, at)) = &known {
            let exact = column
                .as_ref()
                .is_some_and(|column| column.symbols.time(column.code(row)).is_some_and(|time| time <= *at));
            if !exact {
                let Some(before) = ended.checked_sub(1) else { continue };
                last = all.min(before);
            } else {
                last = all;
            }
        }
        // The days are in order, and it is mostly asked about the latest ones.
        let days = past.days(row);
        let until = days.iter().rposition(|day| *day <= last).map_or(0, |place| place + 1);
        let enough = until.checked_sub(least as usize).and_then(|place| days.get(place));
        found.set(row, enough.is_some_and(|day| *day >= first));
    }
    found
}
