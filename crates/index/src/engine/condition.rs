//! What a condition selects in a chunk. It says for the codes of a column what `filter::eval` says for values.

use std::{cmp::Ordering, ops::RangeBounds};

use filter::{
    Field,
    epoch::Epoch,
    predicate::{Condition, Limit, Order, Range, Scalar, Test},
    value::{Instant, Kind},
};

use crate::{
    bits::Bits,
    column::{self, CodeSet, Column, Symbol, Symbols, strings},
    decimal::Decimal,
};

/// What a condition selects.
pub(super) enum Selected {
    /// Rows whose value has one of these codes.
    Codes(CodeSet),
    /// These rows.
    Rows(Bits),
}

/// What the condition selects in its field's column, in a chunk of so many rows.
pub(super) fn select(column: &Column, rows: usize, condition: &Condition) -> Selected {
    if !is_of_members(&condition.test) {
        return Selected::Codes(codes(&column.symbols, &condition.field, &condition.test));
    }
    let mut found = Bits::none(rows);
    if let Some(members) = column.members.as_deref() {
        self::members(&members.symbols, &condition.test)
            .each(|code| members.each_row(code, |row| found.insert(row)));
    }
    Selected::Rows(found)
}

/// Whether a test asks for a member of a list.
pub(super) fn is_of_members(test: &Test) -> bool {
    matches!(test, Test::Has(_) | Test::HasDuring(_))
}

/// The codes of the members that such a test asks for.
pub(super) fn members(symbols: &Symbols, test: &Test) -> Bits {
    let mut codes = Bits::none(symbols.len());
    match test {
        Test::Has(scalar) => symbols.find(&symbol(scalar)).into_iter().for_each(|code| codes.insert(code)),
        Test::HasDuring(range) => (0..symbols.string_codes().end)
            .filter(|code| symbols.moment(*code).is_some_and(|moment| strings::is_within(moment, range)))
            .for_each(|code| codes.insert(code)),
        _ => {}
    }
    codes
}

/// The codes of the values of a field that pass a test; of arrays nothing is asked.
pub(super) fn codes(symbols: &Symbols, field: &Field, test: &Test) -> CodeSet {
    let json = field.path().is_some();
    match test {
        Test::Exists => CodeSet::Range(0..symbols.len()),
        Test::Is(kind) if json => CodeSet::Range(symbols.codes(*kind)),
        Test::Is(Kind::String) => CodeSet::Range(0..symbols.len()),
        Test::During(range) if field.is_time() => {
            let from = symbols.times_before(|time| is_before(time, range));
            let to = symbols
                .times_before(|time| is_before(time, range) || range.instants.contains(&Instant(time)));
            CodeSet::Range(from..to)
        }
        Test::During(range) if json => during(symbols, range),
        Test::Equals(scalar) if !field.is_time() => equals(symbols, scalar),
        Test::Ordered(order, limit) if !field.is_time() => ordered(symbols, *order, limit),
        Test::Holds(place, needle) if !field.is_time() => {
            let found = column::holding(&symbols.strings, *place, needle);
            let start = symbols.string_codes().start;
            if start == 0 {
                return CodeSet::Some(found);
            }
            let mut codes = Bits::none(symbols.len());
            found.each(|place| codes.insert(start + place));
            CodeSet::Some(codes)
        }
        _ => CodeSet::NONE,
    }
}

/// Whether a time lies before a range.
fn is_before(time: i64, range: &Range) -> bool {
    use std::ops::Bound;
    match range.instants.0 {
        Bound::Included(from) => Instant(time) < from,
        Bound::Excluded(from) => Instant(time) <= from,
        Bound::Unbounded => false,
    }
}

/// The codes of strings and numbers that are dates within a range.
fn during(symbols: &Symbols, range: &Range) -> CodeSet {
    let start = symbols.string_codes().start;
    let numbers = Epoch::ALL.into_iter().filter_map(|epoch| epoch.between(&range.instants));
    let below = |number| symbols.numbers.below(&number, false);
    let mut ranges: Vec<_> = numbers.map(|(from, until)| below(from)..below(until)).collect();
    let mut single: &[_] = &[];
    match symbols.strings.during(range) {
        strings::During::Range(places) => ranges.push(start + places.start..start + places.end),
        strings::During::Some(moments) => single = moments,
    }
    ranges.retain(|codes| !codes.is_empty());
    match (ranges.as_slice(), single) {
        ([], []) => CodeSet::NONE,
        ([only], []) => CodeSet::Range(only.clone()),
        _ => {
            let mut codes = Bits::none(symbols.len());
            ranges.into_iter().flatten().for_each(|code| codes.insert(code));
            let within = single.iter().filter(|(_, moment)| strings::is_within(*moment, range));
            within.for_each(|(place, _)| codes.insert(start + *place as usize));
            CodeSet::Some(codes)
        }
    }
}

/// The scalar as columns hold it.
fn symbol(scalar: &Scalar) -> Symbol<'_> {
    match scalar {
        Scalar::Text(text) => Symbol::Text(text),
        Scalar::Number(number) => Symbol::Number(Decimal::of(&number.exact)),
        Scalar::Boolean(false) => Symbol::False,
        Scalar::Boolean(true) => Symbol::True,
        Scalar::Null => Symbol::Null,
    }
}

fn equals(symbols: &Symbols, scalar: &Scalar) -> CodeSet {
    symbols.find(&symbol(scalar)).map_or(CodeSet::NONE, |code| CodeSet::Range(code..code + 1))
}

fn ordered(symbols: &Symbols, order: Order, limit: &Limit) -> CodeSet {
    let (all, bound) = match limit {
        Limit::Text(text) => (symbols.string_codes(), Symbol::Text(text)),
        Limit::Number(number) => (symbols.number_codes(), Symbol::Number(Decimal::of(&number.exact))),
    };
    let border = symbols.below(&bound, order.admits(Ordering::Equal) == order.admits(Ordering::Less));
    CodeSet::Range(if order.admits(Ordering::Less) { all.start..border } else { border..all.end })
}
