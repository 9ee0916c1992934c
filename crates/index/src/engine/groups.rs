//! Groups: first how many rows each has, then, for those that are listed, everything else.

use std::{
    cmp::{Ordering, Reverse},
    collections::{BTreeMap, btree_map::Entry},
    ops::Range,
    slice,
};

use bigdecimal::BigDecimal;
use filter::{
    Field, Status,
    calendar::{Unit, first_instant},
    value::Instant,
};
use jiff::{civil::Date, tz::TimeZone};

use super::{
    Hits, each, joint,
    tally::{Tally, total},
};
use crate::{
    Aggregate, Bucket, Datum, Function, GROUP_TEXT, Group, Grouping, Groups, Question,
    chunk::Held,
    column::{Column, Dense, Symbol, Symbols},
    datum,
    decimal::Decimal,
    number,
};

/// What the rows of a group have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'s> {
    Value(Symbol<'s>),
    Period(Date),
    From(Decimal),
}

/// The groups of one part: the group of each code, and the keys of the groups with how many rows they have.
struct Local<'s> {
    /// By code: a place in `keys`; [`SKIPPED`] or [`MISSING`] where there is no group.
    groups: Vec<u32>,
    /// By code: how many rows have it, where no more than that is asked.
    counts: Vec<u32>,
    /// In order.
    keys: Vec<Named<'s>>,
}

/// A group of one part, and how many rows it has.
struct Named<'s> {
    key: Key<'s>,
    rows: u64,
}

/// Slots are numbered in two bytes: of more groups the rest are `other`.
const LISTED_MAX: usize = u16::MAX as usize - 3;

const SKIPPED: u32 = u32::MAX - 1;
const MISSING: u32 = u32::MAX;

/// The groups of rows.
pub(super) fn groups(hits: &[Hits<'_>], grouping: &Grouping, question: &Question, zone: &TimeZone) -> Groups {
    let columns: Vec<_> = hits.iter().map(|hits| hits.seen.column(grouping.field())).collect();
    let both: Vec<_> = hits.iter().zip(&columns).collect();
    let is_bare = question.bare && question.aggregates.is_empty();
    let locals = each(&both, |(hits, column)| {
        let Some(column) = column else {
            return Local { groups: vec![MISSING], counts: vec![hits.count as u32], keys: Vec::new() };
        };
        let counts = column.histogram(&hits.rows, hits.count);
        let local = Local::of(&column.symbols, &counts, grouping, zone);
        Local { counts: if is_bare { counts } else { Vec::new() }, ..local }
    });
    let together = together(&locals);
    let distinct = together.len() as u64;
    let chosen: Option<Vec<Key<'_>>> = question
        .listed
        .as_deref()
        .map(|values| values.iter().map(|value| Key::Value(Symbol::from_datum(value))).collect());
    let listed = match &chosen {
        Some(chosen) => Listed::of(chosen),
        None => Listed::of(rank(together, question.group_limit)),
    };
    let slots = Slots { listed: listed.groups.len(), aggregates: &question.aggregates };
    let work: Vec<_> = hits.iter().zip(&columns).zip(&locals).collect();
    let parts = each(&work, |((hits, column), local)| {
        let by_code = slots.by_code(local, &listed);
        match is_bare {
            true => slots.bare(&local.counts, by_code),
            false => slots.part(hits, column.as_deref(), by_code),
        }
    });
    let mut all = slots.finish(parts, zone).into_iter();
    let rows = listed.groups.iter().map(|key| key.bucket()).zip(all.by_ref()).collect();
    let mut rest = all.map(|group| (group.count > 0).then_some(group));
    let mut next = || rest.next().flatten();
    Groups { rows, distinct, other: next(), skipped: next(), missing: next() }
}

impl Key<'_> {
    /// The group as answers show it.
    fn bucket(&self) -> Bucket {
        match self {
            Key::Value(Symbol::Text(text)) => {
                Bucket::Value(Datum::String(text.chars().take(GROUP_TEXT).collect()))
            }
            Key::Value(value) => Bucket::Value(value.datum()),
            Key::Period(first) => Bucket::Period(*first),
            Key::From(number) => Bucket::From(number.exact().normalized()),
        }
    }
}

/// The groups that are listed.
struct Listed<'l, 's> {
    groups: Vec<&'l Key<'s>>,
    /// Their places, in the order of their keys.
    places: BTreeMap<&'l Key<'s>, u16>,
}

impl<'l, 's> Listed<'l, 's> {
    /// Those of these keys, in this order.
    fn of(keys: impl IntoIterator<Item = &'l Key<'s>>) -> Self {
        let mut listed = Listed { groups: Vec::new(), places: BTreeMap::new() };
        for key in keys.into_iter().take(LISTED_MAX) {
            if let Entry::Vacant(place) = listed.places.entry(key) {
                place.insert(listed.groups.len() as u16);
                listed.groups.push(key);
            }
        }
        listed
    }

    /// The place of each key, which are in order; of those that are not listed `other`. Of few keys each is looked for, of many
    /// those that are listed, each as far ahead as it has to be.
    fn places(&self, keys: &[Named<'_>], other: u16) -> Vec<u16> {
        if keys.len() < self.places.len() {
            return keys.iter().map(|named| self.places.get(&named.key).copied().unwrap_or(other)).collect();
        }
        let mut places = vec![other; keys.len()];
        let mut next = 0;
        for (key, place) in &self.places {
            next += ahead(&keys[next..], |named| named.key < **key);
            match keys.get(next) {
                Some(named) if named.key == **key => places[next] = *place,
                Some(_) => {}
                None => break,
            }
        }
        places
    }
}

/// How many of these are `before`, which come first: looked for in steps that double.
fn ahead<T>(all: &[T], before: impl Fn(&T) -> bool) -> usize {
    let mut end = 1;
    while all.get(end - 1).is_some_and(&before) {
        end *= 2;
    }
    let from = end / 2;
    from + all[from..end.min(all.len())].partition_point(before)
}

/// A group of several parts, and how many rows it has in all of them.
type Summed<'l, 's> = (&'l Key<'s>, u64);

/// The groups of all parts, in order: two and two are put together, which compares what lies next to each other.
fn together<'l, 's>(locals: &'l [Local<'s>]) -> Vec<Summed<'l, 's>> {
    let mut runs: Vec<Vec<Summed<'_, '_>>> = locals
        .iter()
        .map(|local| local.keys.iter().map(|named| (&named.key, named.rows)).collect())
        .collect();
    while runs.len() > 1 {
        runs = each(&runs.chunks(2).collect::<Vec<_>>(), |pair| match pair {
            [one, other] => merged(one, other),
            rest => rest.concat(),
        });
    }
    runs.pop().unwrap_or_default()
}

/// Two runs of groups as one.
fn merged<'l, 's>(mut one: &[Summed<'l, 's>], mut other: &[Summed<'l, 's>]) -> Vec<Summed<'l, 's>> {
    let mut all = Vec::with_capacity(one.len().max(other.len()));
    while let ([(a, of_a), ..], [(b, of_b), ..]) = (one, other) {
        let order = a.cmp(b);
        let (key, rows) = match order {
            Ordering::Less => (a, *of_a),
            Ordering::Equal => (a, of_a + of_b),
            Ordering::Greater => (b, *of_b),
        };
        all.push((*key, rows));
        one = &one[usize::from(order.is_le())..];
        other = &other[usize::from(order.is_ge())..];
    }
    all.extend_from_slice(one);
    all.extend_from_slice(other);
    all
}

/// The largest groups, by count, then by key.
fn rank<'l, 's>(mut ranked: Vec<Summed<'l, 's>>, limit: usize) -> impl Iterator<Item = &'l Key<'s>> {
    let order = |(key, rows): &Summed<'l, 's>| (Reverse(*rows), *key);
    if limit < ranked.len() {
        ranked.select_nth_unstable_by(limit, |a, b| order(a).cmp(&order(b)));
        ranked.truncate(limit);
    }
    ranked.sort_unstable_by(|a, b| order(a).cmp(&order(b)));
    ranked.into_iter().map(|(key, _)| key)
}

impl<'s> Local<'s> {
    fn of(symbols: &'s Symbols, counts: &[u32], grouping: &Grouping, zone: &TimeZone) -> Local<'s> {
        let values = symbols.len();
        let groups = vec![SKIPPED; values + 1];
        let mut local = Local { groups, counts: Vec::new(), keys: Vec::new() };
        local.groups[values] = MISSING;
        match grouping {
            Grouping::Value(_) => {
                for (code, rows) in counts[..values].iter().enumerate().filter(|(_, rows)| **rows > 0) {
                    local.groups[code] = local.keys.len() as u32;
                    local.keys.push(Named { key: Key::Value(symbols.get(code)), rows: u64::from(*rows) });
                }
            }
            Grouping::Bucket(_, width) => local.buckets(symbols, counts, width),
            Grouping::Period(unit, _) => local.periods(symbols, counts, *unit, zone),
        }
        local
    }

    /// Makes the codes of ranges a group, if any row has one of them.
    fn group(&mut self, key: Key<'s>, codes: &[Range<usize>], counts: &[u32]) {
        let rows = codes.iter().map(|codes| total(&counts[codes.clone()])).sum();
        if rows > 0 {
            codes.iter().for_each(|codes| self.groups[codes.clone()].fill(self.keys.len() as u32));
            self.keys.push(Named { key, rows });
        }
    }

    /// Numbers are in order, so that each interval is a range of codes.
    fn buckets(&mut self, symbols: &Symbols, counts: &[u32], width: &BigDecimal) {
        let numbers = symbols.number_codes();
        let mut code = numbers.start;
        while code < numbers.end {
            let from = number::floor_to(&symbols.numbers.get(code).exact(), width);
            let end = symbols.numbers.below(&(&from + width), false).max(code + 1);
            self.group(Key::From(Decimal::of(&from)), slice::from_ref(&(code..end)), counts);
            code = end;
        }
    }

    /// What is in the order of time goes period by period; other dates one by one.
    fn periods(&mut self, symbols: &Symbols, counts: &[u32], unit: Unit, zone: &TimeZone) {
        let mut known: BTreeMap<Date, Vec<Range<usize>>> = BTreeMap::new();
        let mut add = |first, codes: Range<usize>| {
            if total(&counts[codes.clone()]) > 0 {
                known.entry(first).or_default().push(codes);
            }
        };
        for codes in symbols.timelines() {
            let mut code = codes.start;
            while let Some(moment) = symbols.moment(code).filter(|_| code < codes.end) {
                let first = unit.first(datum::day(moment, zone));
                let next = unit.next(first);
                let start = next.map(|next| first_instant(next, zone));
                let before = |code: usize| match symbols.moment(code) {
                    Some(filter::value::Moment::Day(day)) => next.is_none_or(|next| day < next),
                    Some(filter::value::Moment::Instant(instant)) => is_before(instant, start),
                    None => false,
                };
                let length =
                    crate::column::strings::partition(codes.end - code, |ahead| before(code + ahead));
                let end = code + length.max(1);
                add(first, code..end);
                code = end;
            }
        }
        if symbols.strings.has_dates() && !symbols.strings.are_timeline() {
            for code in symbols.string_codes().filter(|code| counts[*code] > 0) {
                if let Some(moment) = symbols.moment(code) {
                    add(unit.first(datum::day(moment, zone)), code..code + 1);
                }
            }
        }
        for (first, codes) in known {
            self.group(Key::Period(first), &codes, counts);
        }
    }
}

fn is_before(instant: Instant, start: Option<Instant>) -> bool {
    start.is_none_or(|start| instant < start)
}

/// Every row has a slot: a listed group, then other, skipped, missing.
struct Slots<'q> {
    listed: usize,
    aggregates: &'q [Aggregate],
}

/// How many rows have each status, and how many none, as there may be in the past.
type Statuses = [u64; Status::ALL.len() + 1];

/// What a part says of each of its groups.
struct PartGroups {
    /// The slot of each.
    slots: Vec<u16>,
    by_status: Vec<Statuses>,
    /// One per group and aggregate.
    tallies: Vec<Vec<Tally>>,
}

/// So many codes are groups of their own.
const FEW: usize = 64;

impl Slots<'_> {
    fn count(&self) -> usize {
        self.listed + 3
    }

    /// The slot of each code of a part.
    fn by_code(&self, local: &Local<'_>, listed: &Listed<'_, '_>) -> Vec<u16> {
        let (other, skipped, missing) = (self.listed as u16, self.listed as u16 + 1, self.listed as u16 + 2);
        let slots = listed.places(&local.keys, other);
        let slot = |group: &u32| match *group {
            SKIPPED => skipped,
            MISSING => missing,
            group => slots.get(group as usize).copied().unwrap_or(other),
        };
        local.groups.iter().map(slot).collect()
    }

    /// Nothing but how many rows each slot has: nobody looks at their status.
    fn bare(&self, counts: &[u32], by_code: Vec<u16>) -> PartGroups {
        let mut by_status = vec![Statuses::default(); self.count()];
        for (slot, rows) in by_code.into_iter().zip(counts) {
            by_status[usize::from(slot)][Status::ALL.len()] += u64::from(*rows);
        }
        let tallies = vec![Vec::new(); self.count()];
        PartGroups { slots: (0..self.count() as u16).collect(), by_status, tallies }
    }

    /// What a part says of its groups: of its codes where they are few, which spares a look at the slot of each row; else of the
    /// slots.
    fn part(&self, hits: &Hits<'_>, column: Option<&Column>, by_code: Vec<u16>) -> PartGroups {
        let own = column.map_or(Dense::Same, Column::dense);
        if by_code.len() <= FEW.min(self.count()) {
            return self.counted(hits, &own, by_code);
        }
        let slot = |code: usize| by_code[code];
        let rows = match own {
            Dense::Same => vec![slot(0); hits.rows.len()],
            Dense::Bytes(codes) => codes.iter().map(|code| slot(usize::from(*code))).collect(),
            Dense::Shorts(codes) => codes.iter().map(|code| slot(usize::from(*code))).collect(),
        };
        self.counted(hits, &Dense::Shorts(rows.into()), (0..self.count() as u16).collect())
    }

    /// What a part says of the groups of its rows, each of which belongs to a slot. Statuses are counted together with a
    /// field, if one does not hold too many values for that.
    fn counted(&self, hits: &Hits<'_>, rows: &Dense<'_>, slots: Vec<u16>) -> PartGroups {
        let functions: Vec<Function> = self.aggregates.iter().map(|aggregate| aggregate.function).collect();
        let tallies = |functions: &[Function]| -> Vec<Vec<Tally>> {
            vec![functions.iter().map(|function| Tally::new(*function)).collect(); slots.len()]
        };
        let mut all = tallies(&functions);
        let mut fields: Vec<&Field> = self.aggregates.iter().map(|aggregate| &aggregate.field).collect();
        fields.sort_unstable();
        fields.dedup();
        let mut by_status = ByStatus::new(hits);
        for field in fields {
            let Some(column) = hits.seen.column(field) else { continue };
            let own: Vec<usize> =
                (0..functions.len()).filter(|at| self.aggregates[*at].field == *field).collect();
            let own_functions: Vec<Function> = own.iter().map(|at| functions[*at]).collect();
            let mut of_field = tallies(&own_functions);
            match by_status.count(rows, slots.len(), &column) {
                Some(table) => joint::take(&table, &column, &mut of_field),
                None => joint::tally(hits, rows, &column, &mut of_field, &own_functions),
            }
            for (tallies, of_field) in all.iter_mut().zip(of_field) {
                own.iter().zip(of_field).for_each(|(at, tally)| tallies[*at] = tally);
            }
        }
        PartGroups { by_status: by_status.finish(rows, slots.len()), tallies: all, slots }
    }

    /// The groups of all slots.
    fn finish(&self, parts: Vec<PartGroups>, zone: &TimeZone) -> Vec<Group> {
        let functions = self.aggregates.iter().map(|aggregate| Tally::new(aggregate.function)).collect();
        let mut by_status = vec![Statuses::default(); self.count()];
        let mut tallies: Vec<Vec<Tally>> = vec![functions; self.count()];
        for part in parts {
            for ((slot, statuses), own) in part.slots.into_iter().zip(part.by_status).zip(part.tallies) {
                let slot = usize::from(slot);
                by_status[slot].iter_mut().zip(statuses).for_each(|(all, own)| *all += own);
                tallies[slot].iter_mut().zip(own).for_each(|(all, own)| all.merge(own));
            }
        }
        let group = |(statuses, tallies): (Statuses, Vec<Tally>)| {
            let count = statuses.iter().sum();
            let [by_status @ .., _] = statuses;
            Group {
                count,
                by_status,
                totals: tallies.into_iter().map(|tally| tally.finish(count, zone)).collect(),
            }
        };
        by_status.into_iter().zip(tallies).map(group).collect()
    }
}

/// How many rows of each group have each status, which may be counted with something else.
struct ByStatus<'h> {
    hits: &'h Hits<'h>,
    statuses: Held<'h>,
    /// By group and the code of the status.
    counts: Option<Vec<u32>>,
}

/// Groups by status and by the values of a field, at most so many, are counted for less than another pass over the rows costs.
const CELLS_MAX: usize = 1 << 14;

impl<'h> ByStatus<'h> {
    fn new(hits: &'h Hits<'h>) -> ByStatus<'h> {
        let statuses = hits.seen.column(&Field::Status);
        let statuses =
            statuses.unwrap_or_else(|| Held::Made(Box::new(Column::constant("", hits.rows.len()))));
        ByStatus { hits, statuses, counts: None }
    }

    /// How many rows of each group, so many, have each value of a field, where that can tell for the first time how many have
    /// each status.
    fn count(&mut self, rows: &Dense<'_>, groups: usize, column: &Column) -> Option<Vec<u32>> {
        let (statuses, values) = (self.statuses.missing() + 1, column.missing() + 1);
        let cells = groups * statuses;
        if self.counts.is_some() || cells * values > CELLS_MAX {
            return None;
        }
        let table = joint::table(self.hits, &joint::crossed(rows, groups, &self.statuses), cells, column);
        self.counts = Some(table.chunks_exact(values).map(|cell| cell.iter().sum()).collect());
        let together = |cells: &[u32]| {
            let mut all = vec![0; values];
            for cell in cells.chunks_exact(values) {
                all.iter_mut().zip(cell).for_each(|(all, count)| *all += count);
            }
            all
        };
        Some(table.chunks_exact(statuses * values).flat_map(together).collect())
    }

    /// How many rows of each group have each status.
    fn finish(self, rows: &Dense<'_>, groups: usize) -> Vec<Statuses> {
        let width = self.statuses.missing() + 1;
        let counts = self.counts.unwrap_or_else(|| joint::table(self.hits, rows, groups, &self.statuses));
        let codes = Status::ALL.map(|status| self.statuses.symbols.find(&Symbol::Text(status.as_str())));
        let statuses = |counts: &[u32]| {
            let mut statuses = Statuses::default();
            let [named @ .., none] = &mut statuses;
            let count = |code: &Option<usize>| code.map_or(0, |code| u64::from(counts[code]));
            named.iter_mut().zip(&codes).for_each(|(named, code)| *named = count(code));
            *none = total(counts) - named.iter().sum::<u64>();
            statuses
        };
        counts.chunks_exact(width).map(statuses).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_ahead_is_found_in_steps_that_double() {
        for len in 0..20 {
            let all: Vec<usize> = (0..len).collect();
            for before in 0..=len {
                assert_eq!(ahead(&all, |number| *number < before), before, "of {len}");
            }
        }
    }

    #[test]
    fn parts_are_put_together_in_order() {
        let keys: Vec<Key<'_>> = ["a", "b", "c", "d"].map(|text| Key::Value(Symbol::Text(text))).into();
        let run = |rows: &[(usize, u64)]| -> Vec<Summed<'_, '_>> {
            rows.iter().map(|(key, rows)| (&keys[*key], *rows)).collect()
        };
        let all = merged(&run(&[(0, 1), (2, 2), (3, 4)]), &run(&[(1, 8), (2, 16)]));
        assert_eq!(all, run(&[(0, 1), (1, 8), (2, 18), (3, 4)]));
        assert_eq!(merged(&all, &[]), all);
        assert_eq!(merged(&[], &all), all);
    }
}
