//! Groups of rows that match.

use std::{cmp::Reverse, collections::BTreeMap};

use filter::Status;

use super::{Row, World, totals::totals};
use crate::{Bucket, Datum, GROUP_TEXT, Group, Grouping, Groups, Question, datum, number};

pub(super) fn groups(
    world: &World<'_>,
    rows: &[Row<'_>],
    grouping: &Grouping,
    question: &Question,
) -> Groups {
    let mut found: BTreeMap<Bucket, Vec<Row<'_>>> = BTreeMap::new();
    let (mut missing, mut skipped) = (Vec::new(), Vec::new());
    for row in rows {
        match Datum::read(row.document, grouping.field(), world.projects) {
            None => missing.push(*row),
            Some(value) => match bucket(world, grouping, value) {
                Some(bucket) => found.entry(bucket).or_default().push(*row),
                None => skipped.push(*row),
            },
        }
    }
    let distinct = found.len() as u64;
    let (listed, rest) = match &question.listed {
        Some(values) => chosen(found, values),
        None => largest(found, question.group_limit),
    };
    let group = |rows: &[Row<'_>]| Group {
        count: rows.len() as u64,
        by_status: by_status(rows),
        totals: totals(world, rows, &question.aggregates),
    };
    let some = |rows: &[Row<'_>]| (!rows.is_empty()).then(|| group(rows));
    Groups {
        rows: listed.iter().map(|(bucket, rows)| (shown(bucket), group(rows))).collect(),
        distinct,
        other: some(&rest.into_iter().flat_map(|(_, rows)| rows).collect::<Vec<_>>()),
        skipped: some(&skipped),
        missing: some(&missing),
    }
}

/// Each bucket with its rows.
type Buckets<'a> = Vec<(Bucket, Vec<Row<'a>>)>;

/// The buckets that most rows are in, and all others.
fn largest<'a>(found: BTreeMap<Bucket, Vec<Row<'a>>>, limit: usize) -> (Buckets<'a>, Buckets<'a>) {
    let mut ranked: Buckets<'a> = found.into_iter().collect();
    ranked.sort_by_key(|(_, rows)| Reverse(rows.len())); // stable: equal counts stay in order of value
    let rest = ranked.split_off(ranked.len().min(limit));
    (ranked, rest)
}

/// The buckets of these values, and all others.
fn chosen<'a>(mut found: BTreeMap<Bucket, Vec<Row<'a>>>, values: &[Datum]) -> (Buckets<'a>, Buckets<'a>) {
    let buckets = values.iter().cloned().map(Bucket::Value);
    let listed = buckets.map(|bucket| (bucket.clone(), found.remove(&bucket).unwrap_or_default())).collect();
    (listed, found.into_iter().collect())
}

fn bucket(world: &World<'_>, grouping: &Grouping, value: Datum) -> Option<Bucket> {
    match grouping {
        Grouping::Value(_) => Some(Bucket::Value(value)),
        Grouping::Period(unit, _) => {
            value.moment().map(|moment| Bucket::Period(unit.first(datum::day(moment, &world.zone))))
        }
        Grouping::Bucket(_, width) => match value {
            Datum::Number(number) => Some(Bucket::From(number::floor_to(&number, width))),
            _ => None,
        },
    }
}

fn shown(bucket: &Bucket) -> Bucket {
    match bucket {
        Bucket::Value(Datum::String(text)) => {
            Bucket::Value(Datum::String(text.chars().take(GROUP_TEXT).collect()))
        }
        other => other.clone(),
    }
}

fn by_status(rows: &[Row<'_>]) -> [u64; Status::ALL.len()] {
    Status::ALL.map(|status| rows.iter().filter(|row| row.document.status == Some(status)).count() as u64)
}
