//! Facets of rows that match.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use bigdecimal::BigDecimal;
use filter::{Field, Path, value::Kind};
use serde_json::{Map, Value};

use super::{Row, World, totals::total};
use crate::{Aggregate, Bin, Datum, Extreme, FACET_TEXT, Facet, FacetValue, Facets, Function, Reach, Shape};

/// What was seen of a field.
#[derive(Default)]
struct Seen {
    kinds: BTreeMap<Kind, u64>,
    /// By value, and whether it is a member of an array.
    values: BTreeMap<(Datum, bool), u64>,
}

impl Seen {
    fn add(&mut self, value: &Value) {
        *self.kinds.entry(Kind::of(value)).or_default() += 1;
        match value {
            Value::Object(_) => {}
            Value::Array(members) => {
                let scalars = members.iter().filter(|member| !member.is_array() && !member.is_object());
                for member in scalars.map(Datum::of).collect::<BTreeSet<_>>() {
                    *self.values.entry((member, true)).or_default() += 1;
                }
            }
            scalar => *self.values.entry((Datum::of(scalar), false)).or_default() += 1,
        }
    }

    fn coverage(&self) -> u64 {
        self.kinds.values().sum()
    }

    fn distinct(&self) -> u64 {
        self.values.len() as u64
    }

    fn is_wide(&self, reach: &Reach) -> bool {
        self.distinct() > reach.few
    }
}

pub(super) fn facets(world: &World<'_>, rows: &[Row<'_>], facets: &Facets, reach: &Reach) -> Vec<Facet> {
    let named = facets.fields.iter().map(|field| (field.clone(), named(world, rows, field)));
    let mut chosen: Vec<(Field, Seen)> = named.collect();
    if facets.auto {
        chosen.extend(widest(rows, reach).into_iter().filter(|(field, _)| !facets.fields.contains(field)));
    }
    chosen.into_iter().map(|(field, seen)| facet(world, rows, field, &seen, reach)).collect()
}

fn named(world: &World<'_>, rows: &[Row<'_>], field: &Field) -> Seen {
    let mut seen = Seen::default();
    for row in rows {
        match (field, Datum::read(row.document, field, world.projects)) {
            (Field::Params(path), _) => {
                path.find(row.document.params).into_iter().for_each(|value| seen.add(value));
            }
            (_, Some(Datum::String(text))) => seen.add(&Value::String(text)),
            _ => {}
        }
    }
    seen
}

/// The widest paths: so many with few values and so many with many, all by coverage, then by name.
fn widest(rows: &[Row<'_>], reach: &Reach) -> Vec<(Field, Seen)> {
    let mut paths = BTreeMap::new();
    for row in rows {
        walk(row.document.params, &mut Vec::new(), &mut paths);
    }
    let mut ranked: Vec<(Field, Seen)> = paths.into_iter().filter(|(_, seen)| seen.distinct() > 0).collect();
    ranked.sort_by_key(|(_, seen)| Reverse(seen.coverage())); // stable: equal ones stay in order of their keys
    let (mut narrow, mut wide) = (0, 0);
    ranked.retain(|(_, seen)| {
        let taken = if seen.is_wide(reach) { &mut wide } else { &mut narrow };
        *taken += 1;
        *taken <= reach.paths
    });
    ranked
}

fn walk(object: &Map<String, Value>, keys: &mut Vec<String>, paths: &mut BTreeMap<Field, Seen>) {
    for (key, value) in object {
        keys.push(key.clone());
        if let Some(path) = Path::new(keys.clone()) {
            paths.entry(Field::Params(path)).or_default().add(value);
        }
        if let Value::Object(inner) = value {
            walk(inner, keys, paths);
        }
        keys.pop();
    }
}

fn facet(world: &World<'_>, rows: &[Row<'_>], field: Field, seen: &Seen, reach: &Reach) -> Facet {
    let is_wide = seen.is_wide(reach);
    let shape = if is_wide { range(world, rows, &field) } else { Shape::Values(top(seen, reach.values)) };
    let kinds = seen.kinds.iter().map(|(kind, count)| (*kind, *count)).collect();
    let distinct = (!is_wide).then(|| seen.distinct());
    Facet { coverage: seen.coverage(), kinds, distinct, shape, field, lifted: None }
}

fn top(seen: &Seen, limit: usize) -> Vec<FacetValue> {
    let listed = |value: &Datum| !matches!(value, Datum::String(text) if text.chars().count() > FACET_TEXT);
    let values = seen.values.iter().filter(|((value, _), _)| listed(value));
    let mut values: Vec<FacetValue> = values
        .map(|((value, member), count)| FacetValue { value: value.clone(), member: *member, count: *count })
        .collect();
    values.sort_by_key(|value| Reverse(value.count)); // stable, as above
    values.truncate(limit);
    values
}

fn range(world: &World<'_>, rows: &[Row<'_>], field: &Field) -> Shape {
    if field.path().is_none() {
        return Shape::Range { min: None, max: None, bins: Vec::new() };
    }
    let extreme = |function| total(world, rows, &Aggregate { function, field: field.clone() }).value;
    let (min, max) = (extreme(Function::Min), extreme(Function::Max));
    let bins = match (&min, &max) {
        (Some(Extreme::Number(min)), Some(Extreme::Number(max))) if min < max => {
            histogram(world, rows, field, min, max)
        }
        _ => Vec::new(),
    };
    Shape::Range { min, max, bins }
}

fn histogram(
    world: &World<'_>,
    rows: &[Row<'_>],
    field: &Field,
    min: &BigDecimal,
    max: &BigDecimal,
) -> Vec<Bin> {
    let mut bins = Bin::between(min, max);
    for row in rows {
        if let Some(Datum::Number(number)) = Datum::read(row.document, field, world.projects) {
            let place = bins.iter().rposition(|bin| bin.from <= number).unwrap_or_default();
            bins[place].count += 1;
        }
    }
    bins
}
