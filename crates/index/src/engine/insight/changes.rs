//! What changed, from memory: when it was is looked up for all of whom it is true, what was before and after for those who are
//! listed.

use filter::{
    Field,
    predicate::{Changed, Node, Stretch, Test},
    value::Instant,
};

use super::Asked;
use crate::{
    Datum, Snapshot,
    engine::{Hits, Scope, Seen, past::each_change},
    insight::{
        Error, Ground, People,
        changes::{self, Answer, Change, Changes, Count, Mark, Told},
    },
};

/// A row of some hits of a kind.
#[derive(Clone, Copy)]
struct Spot {
    kind: usize,
    hits: usize,
    row: usize,
}

/// So many times as many as are listed are held at most, while they come in any order.
const HELD: usize = 8;

/// What is listed, of changes that come in any order.
struct Newest<'q> {
    question: &'q Changes,
    held: Vec<(Mark, Spot)>,
    more: bool,
}

impl Newest<'_> {
    fn of(question: &Changes) -> Newest<'_> {
        Newest { question, held: Vec::new(), more: false }
    }

    fn enter(&mut self, mark: Mark, spot: Spot) {
        if self.question.after.is_some_and(|after| mark.key() <= after.key()) {
            return;
        }
        self.held.push((mark, spot));
        if self.held.len() > HELD * self.question.limit {
            self.cut();
        }
    }

    /// Leaves as many as are listed.
    fn cut(&mut self) {
        let limit = self.question.limit;
        if self.held.len() > limit {
            self.held.select_nth_unstable_by_key(limit, |(mark, _)| mark.key());
            self.held.truncate(limit);
            self.more = true;
        }
    }

    /// They in order, and whether there are more.
    fn told(mut self) -> (Vec<(Mark, Spot)>, bool) {
        self.cut();
        self.held.sort_unstable_by_key(|(mark, _)| mark.key());
        (self.held, self.more)
    }
}

impl Snapshot {
    /// What has become of people; `None` where it does not know what is asked of the past.
    pub fn changes(
        &self,
        scope: &Scope<'_>,
        ground: &Ground<'_>,
        question: &Changes,
    ) -> Result<Option<Answer>, Error> {
        let asked = Asked { snapshot: self, scope: *scope };
        let kinds = question.asked(ground)?;
        // The status is told of most of them, whoever they are.
        let lost = self.has_lost(&Field::Status) || kinds.iter().any(|kind| self.has_lost(kind.told.field()));
        if lost || !self.remembers() || kinds.iter().any(|kind| !asked.tells(&kind.predicate)) {
            return Ok(None);
        }
        let hits: Vec<Vec<Hits<'_>>> = kinds.iter().map(|kind| asked.hits(&kind.predicate)).collect();
        let ends = question.ends(ground);
        let (mut newest, mut counts) = (Newest::of(question), Vec::new());
        for (place, (kind, hits)) in kinds.iter().zip(&hits).enumerate() {
            for (part, hits) in hits.iter().enumerate() {
                each_time(hits, (kind.told, &kind.predicate), ends, ground, |row, at| {
                    let customer = self.ids.get(hits.seen.part.customers[row]);
                    let mark = Mark { at, kind: kind.kind, project: hits.seen.project, customer };
                    newest.enter(mark, Spot { kind: place, hits: part, row });
                });
            }
            let of = |project| {
                hits.iter().filter(|hits| hits.seen.project == project).map(|hits| hits.count as u64).sum()
            };
            let projects = scope.rows.iter().map(|project| (*project, of(*project)));
            let count = super::relationships(hits);
            let people = People { count, people: kind.people.clone() };
            counts.push(Count {
                kind: kind.kind,
                people,
                projects: projects.filter(|(_, count)| *count > 0).collect(),
            });
        }
        let (listed, more) = newest.told();
        let change = |(mark, spot): (Mark, Spot)| {
            let seen = &hits[spot.kind][spot.hits].seen;
            let (before, after) = sides(seen, spot.row, kinds[spot.kind].told, mark.at, ends);
            Change { mark, before, after }
        };
        Ok(Some(Answer { counts, changes: listed.into_iter().map(change).collect(), more }))
    }
}

/// Calls with each of the rows and when it was.
fn each_time(
    hits: &Hits<'_>,
    (told, predicate): (Told<'_>, &filter::Predicate),
    ends: (Instant, Instant),
    ground: &Ground<'_>,
    mut call: impl FnMut(usize, Instant),
) {
    let seen = &hits.seen;
    match told {
        Told::At(field) => {
            let Some(column) = seen.chunk().column(field) else { return };
            hits.rows.each(|row| {
                if let Some(time) = column.symbols.time(column.code(row)) {
                    call(row, Instant(time));
                }
            });
        }
        Told::On(field) => {
            let Some(column) = seen.column(field) else { return };
            hits.rows.each(|row| {
                let code = column.code(row);
                let value = (code < column.missing()).then(|| column.symbols.get(code).datum());
                if let Some(at) = value.and_then(|value| changes::instant(&value, ground)) {
                    call(row, at);
                }
            });
        }
        Told::Turned(field) => {
            let own = predicate.parts().last();
            if let Some(Node::Condition(condition)) = own
                && let Test::Changed(changed) = &condition.test
            {
                each_last(hits, field, changed, call);
            }
        }
        Told::Moved(field) => {
            let within = Stretch { from: Instant(ends.0.0 + 1), until: ends.1 };
            each_last(hits, field, &Changed { from: None, to: None, within }, call);
        }
    }
}

/// Calls with each of the rows that has changed so, and when last.
fn each_last(hits: &Hits<'_>, field: &Field, changed: &Changed, mut call: impl FnMut(usize, Instant)) {
    let mut last: Option<(usize, i64)> = None;
    // They come by row, then by time.
    each_change(field, changed, &hits.seen, |row, time| {
        if let Some((before, at)) = last.replace((row, time)).filter(|(before, _)| *before != row)
            && hits.rows.has(before)
        {
            call(before, Instant(at));
        }
    });
    if let Some((row, at)) = last.filter(|(row, _)| hits.rows.has(*row)) {
        call(row, Instant(at));
    }
}

/// What was so before and after.
fn sides(
    seen: &Seen<'_>,
    row: usize,
    told: Told<'_>,
    at: Instant,
    ends: (Instant, Instant),
) -> (Option<Datum>, Option<Datum>) {
    let before = Instant(at.0 - 1);
    match told {
        Told::At(_) => (value_at(seen, &Field::Status, row, before), value_at(seen, &Field::Status, row, at)),
        Told::On(field) => {
            let value = |column: crate::chunk::Held<'_>| {
                let code = column.code(row);
                (code < column.missing()).then(|| column.symbols.get(code).datum())
            };
            (None, seen.column(field).and_then(value))
        }
        Told::Turned(field) => (value_at(seen, field, row, before), value_at(seen, field, row, at)),
        Told::Moved(field) => (value_at(seen, field, row, ends.0), value_at(seen, field, row, ends.1)),
    }
}

/// What a row held at a moment.
fn value_at(seen: &Seen<'_>, field: &Field, row: usize, at: Instant) -> Option<Datum> {
    let (chunk, past) = (seen.chunk(), seen.past()?);
    let began = past.began(chunk, row);
    let Some(turns) = past.turns(chunk, field) else {
        let column = chunk.column(field).filter(|_| began <= at.0)?;
        let code = column.code(row);
        return (code < column.missing()).then(|| column.symbols.get(code).datum());
    };
    let code = turns.at(row, at.0, began);
    (code < turns.track.missing()).then(|| turns.track.symbols.get(code).datum())
}
