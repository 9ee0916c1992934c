//! What was and what changed: conditions that the past of a chunk answers.

use filter::{
    Field,
    calendar::day_of,
    predicate::{Changed, Condition, Moved, Node, Side, Stretch, Test},
    value::Instant,
};

use super::{Seen, condition, select::Ready};
use crate::{
    Snapshot,
    bits::Bits,
    column::CodeSet,
    past::{self, Past, Track},
};

impl Snapshot {
    /// Whether the past that a predicate asks for, at a moment or not, is all in memory. What is not: members of arrays as
    /// they were, what somebody's other relationships or days were at one moment of a time, and paths that change without end.
    pub fn can_tell(&self, predicate: &Node, moment: bool) -> bool {
        self.remembers() && self.tells(predicate, moment, false)
    }

    /// `within`: the node is asked of each moment of a time.
    fn tells(&self, node: &Node, past: bool, within: bool) -> bool {
        match node {
            Node::All(nodes) | Node::Any(nodes) => nodes.iter().all(|node| self.tells(node, past, within)),
            Node::Not(node) => self.tells(node, past, within),
            Node::Was { when: filter::predicate::When::At(_), node, .. } => self.tells(node, true, false),
            Node::Was { node, .. } => self.tells(node, true, true),
            Node::Elsewhere { node, .. } => !within && self.tells(node, past, false),
            Node::Seen { .. } => !within,
            Node::Search(_) => true,
            Node::Condition(condition) => self.tells_condition(condition, past, within),
        }
    }

    fn tells_condition(&self, condition: &Condition, past: bool, within: bool) -> bool {
        let asks = past || matches!(condition.test, Test::Changed(_) | Test::Moved(_));
        let members = matches!(condition.test, Test::Has(_) | Test::HasDuring(_));
        let moves = matches!(condition.test, Test::Changed(_) | Test::Moved(_));
        let days = condition.field == Field::LastActivity;
        !asks || !members && !(within && (moves || days)) && !self.has_lost(&condition.field)
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
    let Some((past, track)) = seen.past().and_then(|past| Some((past, past.track(field)?))) else {
        return found;
    };
    let [from, to] =
        [&changed.from, &changed.to].map(|side| side.as_ref().map(|side| sides(side, field, track)));
    let until = seen.moment.map_or(i64::MAX, |moment| moment.at);
    let is = |side: &Option<Bits>, code: usize| side.as_ref().is_none_or(|codes| codes.has(code));
    track.each_row(|row, times, codes| {
        let mut before = track.missing();
        for (time, code) in times.iter().zip(codes) {
            let after = usize::from(*code);
            let is_birth = before == track.missing() && *time <= past.began(row);
            let counts = *time <= until && changed.within.contains(Instant(*time)) && !is_birth;
            if counts && is(&from, before) && is(&to, after) {
                found.insert(row);
            }
            before = after;
        }
    });
    found
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

fn each_code(codes: &CodeSet, mut call: impl FnMut(usize)) {
    match codes {
        CodeSet::Range(range) => range.clone().for_each(call),
        CodeSet::Some(codes) => codes.each(&mut call),
    }
}

/// The rows whose field is a number that went so.
pub(super) fn moved(field: &Field, moved: &Moved, seen: &Seen<'_>) -> Bits {
    let rows = seen.chunk().rows();
    let Some(track) = seen.past().and_then(|past| past.track(field)) else { return Bits::none(rows) };
    let after = seen.moment.map_or(moved.after, |moment| moved.after.min(Instant(moment.at)));
    let (then, later) = (seen.at(moved.before), seen.at(after));
    let (Some(before), Some(after)) = (then.column(field), later.column(field)) else {
        return Bits::none(rows);
    };
    let numbers = track.symbols.number_codes();
    let mut found = Bits::none(rows);
    track.each_row(|row, _, _| {
        let (before, after) = (before.code(row), after.code(row));
        let both = numbers.contains(&before) && numbers.contains(&after);
        if both && moved.direction.admits(after.cmp(&before)) {
            found.insert(row);
        }
    });
    then.existing(&mut found);
    found
}

/// The rows that were seen on so many of the days that ended within a time.
pub(super) fn seen_on(least: u32, within: Stretch, seen: &Seen<'_>) -> Bits {
    let rows = seen.chunk().rows();
    let mut found = Bits::none(rows);
    let (Some(past), zone) = (seen.past(), seen.zone) else { return found };
    let number = |instant: Instant| {
        let day = day_of(instant.timestamp(), zone);
        past::number(day)
    };
    // A day belongs to the time with its last instant.
    let first = number(within.from);
    let last = number(within.until).filter(|day| past::end_of(past::day(*day), zone) <= within.until.0);
    let (Some(first), Some(mut last)) = (first, last.or_else(|| number(within.until)?.checked_sub(1))) else {
        return found;
    };
    let known =
        seen.moment.map(|moment| (moment.days(), seen.chunk().column(&Field::LastActivity), moment.at));
    let all = last;
    for row in 0..rows {
        if let Some((ended, column, at)) = &known {
            let exact = column.as_ref().is_some_and(|column| {
                matches!(column.symbols.get(column.code(row)), crate::column::Symbol::Time(time) if time <= *at)
            });
            if !exact {
                let Some(before) = ended.checked_sub(1) else { continue };
                last = all.min(before);
            } else {
                last = all;
            }
        }
        let days = past.days(row);
        let from = days.partition_point(|day| *day < first);
        let until = days.partition_point(|day| *day <= last);
        if until.saturating_sub(from) >= least as usize {
            found.insert(row);
        }
    }
    found
}

/// The rows of which a node was true at one moment at least of a time: at its first, at its last, or after a change between.
pub(super) fn within(test: &Ready<'_>, within: Stretch, seen: &Seen<'_>) -> Bits {
    let chunk = seen.chunk();
    let mut found = Bits::none(chunk.rows());
    let Some(past) = seen.past() else { return found };
    let until = seen.moment.map_or(within.until, |moment| within.until.min(Instant(moment.at)));
    if within.from > until {
        return found;
    }
    found.add(&test.rows_at(&seen.at(within.from)));
    found.add(&test.rows_at(&seen.at(until)));
    let mut tracks = Vec::new();
    test.tracks(past, &mut tracks);
    let mut turns: Vec<(u16, i64)> = Vec::new();
    let between = |time: i64| within.from.0 < time && time < until.0;
    for track in tracks {
        track.each_row(|row, times, _| {
            if !found.has(row) {
                let own = times.iter().copied().filter(|time| between(*time));
                turns.extend(own.map(|time| (row as u16, time)));
            }
        });
    }
    // What comes without a change: the first moment, and the first payment.
    for field in [Field::FirstSeen, Field::FirstPaid] {
        let Some(column) = chunk.column(&field) else { continue };
        let times = column.symbols.time_codes();
        let from = column.symbols.times_before(|time| time <= within.from.0);
        let to = column.symbols.times_before(|time| time < until.0);
        debug_assert!(times.start <= from);
        column.select(&CodeSet::Range(from..to.max(from))).each(|row| {
            if let Some(time) = time(Some(&column), row).filter(|_| !found.has(row)) {
                turns.push((row as u16, time));
            }
        });
    }
    let began = (0..chunk.rows()).map(|row| (row as u16, past.began(row)));
    turns.extend(began.filter(|(row, began)| between(*began) && !found.has(usize::from(*row))));
    turns.sort_unstable();
    turns.dedup();
    walk(test, seen, &turns, &mut found);
    found
}

/// Looks at each row that is not found yet at each of its moments.
fn walk(test: &Ready<'_>, seen: &Seen<'_>, turns: &[(u16, i64)], found: &mut Bits) {
    let walker = Walk { born: seen.chunk().column(&Field::FirstSeen), walker: test.walker(seen) };
    for turns in turns.chunk_by(|a, b| a.0 == b.0) {
        let row = usize::from(turns[0].0);
        if turns.iter().any(|(_, at)| walker.holds(row, *at)) {
            found.insert(row);
        }
    }
}

/// A test that is asked of single rows at single moments.
pub(super) enum Walker<'w> {
    All(Vec<Walker<'w>>),
    Any(Vec<Walker<'w>>),
    Not(Box<Walker<'w>>),
    /// It does not change: who somebody is.
    Rows(Bits),
    /// A value that has a track.
    Track {
        past: &'w Past,
        track: &'w Track,
        column: Option<crate::chunk::Held<'w>>,
        codes: Bits,
    },
    /// A value that has been the same since the row began.
    Begun {
        past: &'w Past,
        rows: Bits,
    },
    /// When a status began.
    Since {
        past: &'w Past,
        track: Option<&'w Track>,
        column: Option<crate::chunk::Held<'w>>,
        test: &'w Test,
    },
    /// A time that had come.
    Paid {
        column: Option<crate::chunk::Held<'w>>,
        test: &'w Test,
    },
}

/// A walker over rows that there were.
struct Walk<'w> {
    born: Option<crate::chunk::Held<'w>>,
    walker: Walker<'w>,
}

impl Walk<'_> {
    fn holds(&self, row: usize, at: i64) -> bool {
        time(self.born.as_deref(), row).is_some_and(|born| born <= at) && self.walker.holds(row, at)
    }
}

fn time(column: Option<&crate::column::Column>, row: usize) -> Option<i64> {
    let column = column?;
    let code = column.code(row);
    match (code < column.missing()).then(|| column.symbols.get(code))? {
        crate::column::Symbol::Time(time) => Some(time),
        _ => None,
    }
}

impl<'w> Walker<'w> {
    /// The walker of a condition.
    pub(super) fn of(condition: &'w Condition, seen: &Seen<'w>) -> Walker<'w> {
        let Some(past) = seen.past() else { return Walker::Any(Vec::new()) };
        let (chunk, test) = (seen.chunk(), &condition.test);
        let column = chunk.column(&condition.field);
        match &condition.field {
            Field::StatusSince => Walker::Since { past, track: past.track(&Field::Status), column, test },
            Field::FirstPaid => Walker::Paid { column, test },
            field @ (Field::Status | Field::Params(_)) => match past.track(field) {
                Some(track) => {
                    let mut codes = Bits::none(track.missing() + 1);
                    each_code(&condition::codes(&track.symbols, field, test), |code| codes.insert(code));
                    Walker::Track { past, track, column, codes }
                }
                None => Walker::Begun { past, rows: Ready::Condition(condition).rows_of(&seen.present()) },
            },
            _ => Walker::Rows(Ready::Condition(condition).rows_of(&seen.present())),
        }
    }

    fn holds(&self, row: usize, at: i64) -> bool {
        match self {
            Walker::All(all) => all.iter().all(|walker| walker.holds(row, at)),
            Walker::Any(any) => any.iter().any(|walker| walker.holds(row, at)),
            Walker::Not(walker) => !walker.holds(row, at),
            Walker::Rows(rows) => rows.has(row),
            Walker::Begun { past, rows } => past.began(row) <= at && rows.has(row),
            Walker::Track { past, track, column, codes } => {
                let (times, own) = track.of(row);
                let present = || {
                    column
                        .as_ref()
                        .map_or(track.missing(), |column| usize::from(track.present(column.code(row))))
                };
                let code = match times.last() {
                    Some(last) if *last > at => match times.partition_point(|time| *time <= at) {
                        0 => track.missing(),
                        known => usize::from(own[known - 1]),
                    },
                    None if past.began(row) > at => track.missing(),
                    _ => present(),
                };
                codes.has(code)
            }
            Walker::Since { past, track, column, test } => {
                let own = track.map(|track| (track.of(row), track.missing()));
                let since = match own {
                    Some(((times, codes), missing)) if times.last().is_some_and(|last| *last > at) => {
                        past::run(times, codes, missing, at)
                    }
                    Some(((times, _), _)) if !times.is_empty() => time(column.as_deref(), row),
                    _ if past.began(row) > at => None,
                    _ => time(column.as_deref(), row),
                };
                since.is_some_and(|since| is_time(test, since))
            }
            Walker::Paid { column, test } => {
                time(column.as_deref(), row).is_some_and(|paid| paid <= at && is_time(test, paid))
            }
        }
    }
}

/// Whether a test is true of a point in time.
fn is_time(test: &Test, time: i64) -> bool {
    use std::ops::RangeBounds;
    match test {
        Test::Exists | Test::Is(filter::value::Kind::String) => true,
        Test::During(range) => range.instants.contains(&Instant(time)),
        _ => false,
    }
}
