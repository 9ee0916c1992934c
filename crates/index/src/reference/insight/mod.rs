//! Insights by their definition: each cell is as many as its filter finds.

mod breakdown;
mod changes;
mod conversion;
mod lift;
mod movements;
mod overlap;
mod referrals;
mod retention;

use std::collections::BTreeSet;

use filter::{Content, Expr, Field, History, Predicate, Track, value::Instant};
use serde_json::{Map, Value};

pub use breakdown::breakdown;
pub use changes::changes;
pub use conversion::conversion;
pub use lift::lift;
pub use movements::movements;
pub use overlap::overlap;
pub use referrals::referrals;
pub use retention::retention;

use super::{Row, World, answer, matching};
use crate::{
    Datum, Grouping, Groups, Part, Question,
    insight::{Ground, Source},
};

impl Source for World<'_> {
    fn count(&self, predicate: &Predicate) -> u64 {
        answer(self, predicate, &Question { select: vec![Part::Count], ..Question::default() }).relationships
    }

    fn groups(&self, predicate: &Predicate, by: &Grouping, limit: usize) -> Groups {
        let question = Question { group_by: Some(by.clone()), group_limit: limit, ..Question::default() };
        answer(self, predicate, &question).groups.unwrap_or_default()
    }

    fn held(&self, field: &Field, most: usize) -> Vec<Datum> {
        let documents = self.customers.iter().flat_map(|customer| &customer.documents);
        let rows = documents.filter(|document| self.rows.contains(&document.project));
        let values = rows.flat_map(|document| {
            let past = document.history.map(|history| was(history, field)).unwrap_or_default();
            Datum::read(document, field, self.projects).into_iter().chain(past)
        });
        values.collect::<BTreeSet<Datum>>().into_iter().take(most).collect()
    }

    fn latest(&self, predicate: &Predicate, field: &Field) -> Option<Instant> {
        let time = |row: &Row<'_>| match field.read(row.document) {
            Some(Content::Time(time)) => Some(Instant::from(time)),
            _ => None,
        };
        self.then(|world| matching(world, predicate).iter().filter_map(time).max())
    }

    fn own(&self, texts: &[&str]) -> Vec<(Field, u64)> {
        self.then(|world| referrals::own(world, texts))
    }
}

/// What a field held at one time or another.
fn was(history: &History, field: &Field) -> Vec<Datum> {
    let values = |track: Option<&Track>| -> Vec<Value> {
        track.into_iter().flat_map(Track::values).flatten().cloned().collect()
    };
    let values = match field {
        Field::Params(path) => {
            let key = &path.keys()[0];
            let whole = values(history.params.get(key)).into_iter();
            whole.filter_map(|value| path.find(&Map::from_iter([(key.clone(), value)])).cloned()).collect()
        }
        field => values(history.fields.get(field.to_string().as_str())),
    };
    values.iter().map(Datum::of).collect()
}

/// How many a cell's filter finds.
fn found(world: &World<'_>, ground: &Ground<'_>, people: &Expr) -> u64 {
    (ground.check)(people).map_or(0, |predicate| world.count(&predicate))
}

/// How many customers a cell's filter finds.
fn customers(world: &World<'_>, ground: &Ground<'_>, people: &Expr) -> u64 {
    let question = Question { select: vec![Part::Count], ..Question::default() };
    (ground.check)(people).map_or(0, |predicate| answer(world, &predicate, &question).count)
}
