//! What changed, by its definition: who is found by the filter of each kind, and what their history says of them.

use filter::{Field, History, is_same, value::Instant};
use serde_json::{Map, Value};

use crate::{
    Datum,
    insight::{
        Error, Ground, People,
        changes::{self, Answer, Asked, Change, Changes, Count, Mark, Told},
    },
    reference::{Row, World, matching},
};

/// What has become of people.
pub fn changes(world: &World<'_>, ground: &Ground<'_>, question: &Changes) -> Result<Answer, Error> {
    let kinds = question.asked(ground)?;
    Ok(world.then(|world| {
        let (mut counts, mut all) = (Vec::new(), Vec::new());
        for asked in &kinds {
            let rows = matching(world, &asked.predicate);
            let of = |project| rows.iter().filter(|row| row.document.project == project).count() as u64;
            let projects = ground.homes.iter().map(|home| (home.id, of(home.id)));
            let people = People { count: rows.len() as u64, people: asked.people.clone() };
            let projects = projects.filter(|(_, count)| *count > 0).collect();
            counts.push(Count { kind: asked.kind, people, projects });
            all.extend(rows.iter().map(|row| change(world, ground, question, asked, row)));
        }
        all.retain(|change| question.after.is_none_or(|after| change.mark.key() > after.key()));
        all.sort_by_key(|change| change.mark.key());
        let more = all.len() > question.limit;
        all.truncate(question.limit);
        Answer { counts, changes: all, more }
    }))
}

/// What has become of one of whom the filter is true.
fn change(
    world: &World<'_>,
    ground: &Ground<'_>,
    question: &Changes,
    asked: &Asked<'_>,
    row: &Row<'_>,
) -> Change {
    let document = row.document;
    let was = |field: &Field, at: Instant| {
        let past = document.at(at)?;
        Datum::read(&past.document(), field, world.projects)
    };
    let (opening, closing) = question.ends(ground);
    let own = |field: &Field| Datum::read(document, field, world.projects);
    let before = |at: Instant| Instant(at.0 - 1);
    let (at, before, after) = match asked.told {
        Told::At(field) => {
            let at = own(field)
                .and_then(|time| changes::instant(&time, ground))
                .expect("the filter has found a time");
            (at, was(&Field::Status, before(at)), was(&Field::Status, at))
        }
        Told::On(field) => {
            let value = own(field);
            let at = value.as_ref().and_then(|value| changes::instant(value, ground));
            (at.expect("the filter has found a date"), None, value)
        }
        Told::Turned(field) => {
            let turns = turns(document.history, field, (opening, closing));
            let wanted = |at: &Instant| match asked.kind {
                changes::Kind::Back => {
                    was(field, before(*at)) == text("churned") && was(field, *at) == text("paid")
                }
                _ => was(field, *at) == text("churned"),
            };
            let at = turns.into_iter().rfind(wanted).expect("the filter has found a change");
            (at, was(field, before(at)), was(field, at))
        }
        Told::Moved(field) => {
            let at = turns(document.history, field, (opening, closing)).pop();
            (at.expect("the filter has found a change"), was(field, opening), was(field, closing))
        }
    };
    Change {
        mark: Mark { at, kind: asked.kind, project: document.project, customer: row.customer },
        before,
        after,
    }
}

fn text(word: &str) -> Option<Datum> {
    Some(Datum::String(word.to_owned()))
}

/// When a field became another after one moment and not after the other, in order. What a relationship was born with is no
/// change.
fn turns(history: Option<&History>, field: &Field, (after, until): (Instant, Instant)) -> Vec<Instant> {
    let Some(history) = history else { return Vec::new() };
    let track = match field {
        Field::Params(path) => history.params.get(&path.keys()[0]),
        field => history.fields.get(field.to_string().as_str()),
    };
    let inside = |value: &Value| match field {
        Field::Params(path) => path.find(&Map::from_iter([(path.keys()[0].clone(), value.clone())])).cloned(),
        _ => Some(value.clone()),
    };
    let (mut turns, mut before) = (Vec::new(), None);
    for (at, value) in track.into_iter().flatten() {
        let value = value.as_ref().and_then(inside);
        let is_birth = before.is_none() && *at <= history.began;
        if !is_same(before.as_ref(), value.as_ref()) && !is_birth && *at > after && *at <= until {
            turns.push(*at);
        }
        before = value;
    }
    turns
}
