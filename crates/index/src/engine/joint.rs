//! How many rows of each group have each value of another field.

use std::borrow::Cow;

use super::{Hits, tally::Tally};
use crate::{
    Function,
    column::{Column, Dense, numbers::Sum},
};

/// Tables of so many counts, 512 KiB, stay in a core's cache; beyond, pairs are sorted instead.
const TABLE_MAX: usize = 1 << 17;

/// Takes a column's values into the tallies of the rows' groups, `groups` says which by row: one tally per group and
/// function.
pub(super) fn tally(
    hits: &Hits<'_>,
    groups: &Dense<'_>,
    column: &Column,
    tallies: &mut [Vec<Tally>],
    functions: &[Function],
) {
    let width = column.missing() + 1;
    let sums = functions.iter().all(|function| matches!(function, Function::Sum | Function::Avg));
    if width * tallies.len() <= TABLE_MAX {
        take(&table(hits, groups, tallies.len(), column), column, tallies);
    } else if sums && column.symbols.len() == column.symbols.numbers.len() {
        add_sums(hits, groups, column, tallies);
    } else {
        let mut all = Vec::with_capacity(hits.count);
        pairs(hits, groups, column, |group, code| {
            if code + 1 < width {
                all.push((group as u16, code as u16));
            }
        });
        all.sort_unstable();
        for same in all.chunk_by(|a, b| a == b) {
            let (group, code) = same[0];
            let (tallies, count) = (&mut tallies[usize::from(group)], same.len() as u32);
            tallies.iter_mut().for_each(|tally| tally.add(&column.symbols, usize::from(code), count));
        }
    }
}

/// How many rows of each group, so many, have each value of a column; what is missing comes last.
pub(super) fn table(hits: &Hits<'_>, rows: &Dense<'_>, groups: usize, column: &Column) -> Vec<u32> {
    let width = column.missing() + 1;
    let mut table = vec![0_u32; width * groups];
    pairs(hits, rows, column, |group, code| table[group * width + code] += 1);
    table
}

/// Takes what [`table`] says of a column's values into the tallies of each group.
pub(super) fn take(table: &[u32], column: &Column, tallies: &mut [Vec<Tally>]) {
    let values = column.missing();
    for (tallies, counts) in tallies.iter_mut().zip(table.chunks_exact(values + 1)) {
        tallies.iter_mut().for_each(|tally| tally.add_each(&column.symbols, counts));
    }
}

/// The groups of rows, so many, taken apart by the value that each row has in a column: those of a group are next to each
/// other, in the order of the values' codes, what is missing last. That must be at most 65,536 in all.
pub(super) fn crossed<'c>(rows: &Dense<'_>, groups: usize, column: &'c Column) -> Dense<'c> {
    let (len, width) = (column.rows(), column.missing() + 1);
    match (rows, column.dense()) {
        (Dense::Same, codes) => codes,
        (Dense::Bytes(rows), Dense::Bytes(codes)) if groups * width <= 1 << 8 => {
            let width = width as u8;
            Dense::Bytes(zipped(rows, &codes, move |group, code| group * width + code))
        }
        (rows, codes) => {
            let (rows, codes) = (rows.shorts(len), codes.shorts(len));
            let width = width as u16;
            Dense::Shorts(zipped(&rows, &codes, move |group, code| group * width + code))
        }
    }
}

fn zipped<T: Copy>(groups: &[T], codes: &[T], cell: impl Fn(T, T) -> T) -> Cow<'static, [T]> {
    groups.iter().zip(codes).map(|(group, code)| cell(*group, *code)).collect()
}

/// Adds up numbers, of which there are too many for a table, group by group.
fn add_sums(hits: &Hits<'_>, groups: &Dense<'_>, column: &Column, tallies: &mut [Vec<Tally>]) {
    let mut sums = vec![(0_u64, Sum::default()); tallies.len()];
    let missing = column.missing();
    match column.symbols.numbers.units() {
        Some((scale, units)) => {
            let mut fixed = vec![(0_u64, 0_i128); tallies.len()];
            pairs(hits, groups, column, |group, code| {
                if code < missing {
                    fixed[group].0 += 1;
                    fixed[group].1 += i128::from(units.get(code));
                }
            });
            for (sum, (count, units)) in sums.iter_mut().zip(fixed) {
                *sum = (count, Sum::of(units, scale));
            }
        }
        None => pairs(hits, groups, column, |group, code| {
            if code < missing {
                sums[group].0 += 1;
                sums[group].1.add(&Sum::times(&column.symbols.numbers.get(code), 1));
            }
        }),
    }
    for (tallies, (count, sum)) in tallies.iter_mut().zip(&sums) {
        tallies.iter_mut().for_each(|tally| tally.add_sum(*count, sum));
    }
}

/// Calls with each row's group and code.
pub(super) fn pairs(hits: &Hits<'_>, groups: &Dense<'_>, column: &Column, call: impl FnMut(usize, usize)) {
    match groups {
        Dense::Same => coded(hits, |_| 0, column, call),
        Dense::Bytes(groups) => coded(hits, by_row(groups), column, call),
        Dense::Shorts(groups) => coded(hits, by_row(groups), column, call),
    }
}

fn coded(
    hits: &Hits<'_>,
    group: impl Fn(usize) -> usize,
    column: &Column,
    mut call: impl FnMut(usize, usize),
) {
    match column.dense() {
        Dense::Same => hits.rows.each(|row| call(group(row), 0)),
        Dense::Bytes(codes) => {
            let code = by_row(&codes);
            hits.rows.each(|row| call(group(row), code(row)));
        }
        Dense::Shorts(codes) => {
            let code = by_row(&codes);
            hits.rows.each(|row| call(group(row), code(row)));
        }
    }
}

/// The code of a row. Whose codes they are is looked at once, not at every row.
fn by_row<T: Copy + Into<usize>>(codes: &[T]) -> impl Fn(usize) -> usize + '_ {
    move |row| codes[row].into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::{ColumnBuilder, Symbol};

    #[test]
    fn groups_are_taken_apart_in_one_byte_or_in_two() {
        const ROWS: usize = 500;
        let texts = ["churned", "free", "paid", "trial"];
        let mut builder = ColumnBuilder::default();
        // Every fifth row has none.
        for row in (0..ROWS).filter(|row| row % 5 < texts.len()) {
            builder.put(row as u16, &Symbol::Text(texts[row % 5]));
        }
        let column = builder.finish(ROWS);
        for groups in [1, 12, 51, 52, 60] {
            let bytes: Vec<u8> = (0..ROWS).map(|row| (row % groups) as u8).collect();
            let crossed = crossed(&Dense::Bytes(bytes.into()), groups, &column);
            assert_eq!(matches!(crossed, Dense::Bytes(_)), groups * 5 <= 256, "{groups} groups");
            let expected: Vec<u16> = (0..ROWS).map(|row| (row % groups * 5 + row % 5) as u16).collect();
            assert_eq!(*crossed.shorts(ROWS), expected, "{groups} groups");
        }
        let alone = crossed(&Dense::Same, 1, &column);
        assert!((0..ROWS).map(|row| (row % 5) as u16).eq(alone.shorts(ROWS).iter().copied()));
    }
}
