//! Aggregates over everything that matches, by the histograms of their fields.

use bigdecimal::BigDecimal;
use filter::Field;
use jiff::tz::TimeZone;

use super::{Counted, Counts, Hits, each, relationships, tally::Tally};
use crate::{Aggregate, Function, Total, decimal::Decimal};

/// The aggregates, in order; those of one field share its histogram.
pub(super) fn totals(hits: &[Hits<'_>], aggregates: &[Aggregate], zone: &TimeZone) -> Vec<Total> {
    let rows = relationships(hits);
    let mut fields: Vec<&Field> = aggregates.iter().map(|aggregate| &aggregate.field).collect();
    fields.sort_unstable();
    fields.dedup();
    let counted: Vec<Vec<Counted>> = fields
        .iter()
        .map(|field| each(hits, |hits| hits.counted(field)).into_iter().flatten().collect())
        .collect();
    let total = |aggregate: &Aggregate| {
        let place = fields.binary_search(&&aggregate.field).unwrap_or_default();
        total(aggregate.function, &counted[place], rows, zone)
    };
    aggregates.iter().map(total).collect()
}

fn total(function: Function, parts: &[Counted], rows: u64, zone: &TimeZone) -> Total {
    let mut tally = Tally::new(function);
    parts.iter().for_each(|part| tally.add_all(&part.symbols, &part.counts));
    if function == Function::Median {
        return tally.finish_median(median(parts), rows);
    }
    tally.finish(rows, zone)
}

/// How many of the rows lack a field.
pub(super) fn lacking(hits: &[Hits<'_>], field: &Field) -> u64 {
    let lacking = |hits: &Hits<'_>| match hits.counted(field) {
        Some(counted) => counted.counts.last().map_or(0, |missing| u64::from(*missing)),
        None => hits.count as u64,
    };
    each(hits, lacking).into_iter().sum()
}

/// The numbers of a part that are still in question: codes, with how many rows come before each.
struct Window {
    /// `before[code]` rows have a lesser number.
    before: Vec<u64>,
    low: usize,
    high: usize,
}

impl Window {
    fn of(part: &Counted) -> Window {
        let numbers = part.symbols.number_codes();
        let mut before = Vec::with_capacity(numbers.len() + 1);
        let mut sum = 0;
        before.push(sum);
        for count in &part.counts[numbers] {
            sum += u64::from(*count);
            before.push(sum);
        }
        Window { low: 0, high: before.len() - 1, before }
    }

    fn rows(&self, from: usize, to: usize) -> u64 {
        self.before[to] - self.before[from]
    }

    fn weight(&self) -> u64 {
        self.rows(self.low, self.high)
    }

    /// The code in the middle of the rows.
    fn middle(&self) -> usize {
        let half = self.before[self.low] + self.weight() / 2;
        self.before[self.low..self.high].partition_point(|before| *before <= half) - 1 + self.low
    }
}

/// The two middle numbers of all parts.
fn median(parts: &[Counted]) -> Option<(BigDecimal, BigDecimal)> {
    let count: u64 = parts.iter().map(|part| Window::of(part).weight()).sum();
    let last = count.checked_sub(1)?;
    let lower = nth(parts, last / 2)?;
    let upper = if count.is_multiple_of(2) { nth(parts, count / 2)? } else { lower.clone() };
    Some((lower, upper))
}

/// The number at a place in the order of all parts' numbers. Each step takes the middle number of every part, and the
/// weighted middle of these as a pivot: at least a quarter of the rows is out of question after it.
fn nth(parts: &[Counted], mut place: u64) -> Option<BigDecimal> {
    let mut windows: Vec<Window> = parts.iter().map(Window::of).collect();
    loop {
        let pivot = pivot(parts, &windows)?;
        let borders: Vec<(usize, usize)> = parts
            .iter()
            .zip(&windows)
            .map(|(part, window)| {
                let numbers = &part.symbols.numbers;
                let border = |equal| numbers.below(&pivot, equal).clamp(window.low, window.high);
                (border(false), border(true))
            })
            .collect();
        let sum = |rows: &dyn Fn(&Window, (usize, usize)) -> u64| -> u64 {
            windows.iter().zip(&borders).map(|(window, borders)| rows(window, *borders)).sum()
        };
        let less = sum(&|window, (from, _)| window.rows(window.low, from));
        let equal = sum(&|window, (from, to)| window.rows(from, to));
        if place < less {
            windows.iter_mut().zip(&borders).for_each(|(window, (from, _))| window.high = *from);
        } else if place < less + equal {
            return Some(pivot);
        } else {
            place -= less + equal;
            windows.iter_mut().zip(&borders).for_each(|(window, (_, to))| window.low = *to);
        }
    }
}

/// The weighted middle of the parts' middle numbers; `None` when nothing is in question any more.
fn pivot(parts: &[Counted], windows: &[Window]) -> Option<BigDecimal> {
    let mut middles: Vec<(Decimal, u64)> = parts
        .iter()
        .zip(windows)
        .filter(|(_, window)| window.weight() > 0)
        .map(|(part, window)| (part.symbols.numbers.get(window.middle()), window.weight()))
        .collect();
    middles.sort_unstable();
    let half = middles.iter().map(|(_, weight)| weight).sum::<u64>() / 2;
    let mut sum = 0;
    let middle = middles.iter().find(|(_, weight)| {
        sum += weight;
        sum > half
    });
    middle.map(|(number, _)| number.exact())
}
