//! What a batch enters into the past of each relationship that it writes, for the index that remembers: in hand where its
//! changes are later than all that are stored, or all there are.

use std::collections::{BTreeMap, HashMap};

use filter::value::Instant;
use index::{Entered, Fresh, Life};
use jiff::Timestamp;
use serde_json::Value;

use super::present::{Known, Present};
use crate::{
    model::{Change, change::Kept},
    store::{
        batch::Place,
        index::{enter, value},
    },
};

/// What is in hand; of the others the log must be read.
pub(super) fn all(present: &Present) -> HashMap<Place, Entered> {
    let mut changes: HashMap<Place, Vec<&Change>> = HashMap::new();
    for (place, _, change) in &present.changes {
        changes.entry(*place).or_default().push(change);
    }
    let touched = present.rows.iter().filter(|(_, known)| known.touched);
    let entered = touched.filter_map(|(place, known)| {
        let own = changes.get(place).map(Vec::as_slice).unwrap_or_default();
        Some((*place, if known.created { whole(known, own) } else { on_top(known, own)? }))
    });
    entered.collect()
}

/// Somebody new: nothing else is known of them.
fn whole(known: &Known, changes: &[&Change]) -> Entered {
    let mut ordered = changes.to_vec();
    ordered.sort_by_key(|change| change.at);
    let mut life = Life::default();
    ordered.into_iter().for_each(|change| enter(&mut life, change));
    known.days.iter().for_each(|day| life.see(*day));
    Entered::Whole(life.whole(known.row.began.into()))
}

/// A value before and after.
type Turn = (Option<Value>, Option<Value>);

/// Changes on top of those that are stored, in their order; `None` where one is not.
fn on_top(known: &Known, changes: &[&Change]) -> Option<Entered> {
    let times = || changes.iter().map(|change| change.at);
    if times().any(|at| at <= known.stored_change) || !times().is_sorted() {
        return None;
    }
    let (mut fields, mut params) = (BTreeMap::new(), BTreeMap::new());
    for change in changes {
        for (name, sides) in &change.fields {
            turn(&mut fields, (change.at, *name), &sides.before, &sides.after);
        }
        for (key, sides) in &change.params {
            turn(&mut params, (change.at, key.clone()), &sides.before, &sides.after);
        }
    }
    let days = known.days.iter().copied().collect();
    Some(Entered::Fresh(Fresh { fields: flat(fields), params: flat(params), days }))
}

/// Of what one name became at one time the last counts.
fn turn<N: Ord>(
    turns: &mut BTreeMap<(Timestamp, N), Turn>,
    key: (Timestamp, N),
    before: &Option<Kept>,
    after: &Option<Kept>,
) {
    let first = || (before.as_ref().map(value), None);
    turns.entry(key).or_insert_with(first).1 = after.as_ref().map(value);
}

fn flat<N>(turns: BTreeMap<(Timestamp, N), Turn>) -> Vec<(Instant, N, Option<Value>, Option<Value>)> {
    turns.into_iter().map(|((at, name), (before, after))| (at.into(), name, before, after)).collect()
}
