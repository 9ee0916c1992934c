//! Groups: first how many rows each has, then, for those that are listed, everything else.

use std::{
    cmp::Reverse,
    hash::{BuildHasher, Hash},
    sync::LazyLock,
};

use bigdecimal::BigDecimal;
use filter::{
    Field, Status,
    calendar::{Unit, first_instant},
    value::Instant,
};
use hashbrown::{DefaultHashBuilder, HashMap, HashTable, hash_table::Entry};
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    keys: Vec<Named<'s>>,
}

/// A group of one part, with the hash of its key and how many rows it has.
struct Named<'s> {
    hash: u64,
    key: Key<'s>,
    rows: u64,
}

/// One hasher for all parts, so that their hashes can be compared.
static HASHER: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);

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
    let chosen = question.listed.as_deref().map(named);
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
    let named = listed.groups.iter().map(|(named, _)| named.key.bucket());
    let rows = named.zip(all.by_ref()).collect();
    let mut rest = all.map(|group| (group.count > 0).then_some(group));
    let mut next = || rest.next().flatten();
    Groups { rows, distinct, other: next(), skipped: next(), missing: next() }
}

impl<'s> Named<'s> {
    fn new(key: Key<'s>, rows: u64) -> Named<'s> {
        Named { hash: HASHER.hash_one(&key), key, rows }
    }
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

/// Groups by the hash of their key.
struct Listed<'l, 's> {
    groups: Vec<(&'l Named<'s>, u64)>,
    places: HashTable<u32>,
}

impl<'l, 's> Listed<'l, 's> {
    fn new() -> Self {
        Listed { groups: Vec::new(), places: HashTable::new() }
    }

    /// Those of these keys, in their order.
    fn of(keys: impl IntoIterator<Item = &'l Named<'s>>) -> Self {
        let mut listed = Listed::new();
        keys.into_iter().for_each(|named| listed.add(named));
        listed
    }

    /// Adds rows to the group of a key.
    fn add(&mut self, named: &'l Named<'s>) {
        let groups = &mut self.groups;
        let entry = self.places.entry(
            named.hash,
            |place| groups[*place as usize].0.key == named.key,
            |place| groups[*place as usize].0.hash,
        );
        match entry {
            Entry::Occupied(entry) => groups[*entry.get() as usize].1 += named.rows,
            Entry::Vacant(entry) => {
                entry.insert(groups.len() as u32);
                groups.push((named, named.rows));
            }
        }
    }

    /// The place of a key's group.
    fn find(&self, named: &Named<'_>) -> Option<u32> {
        self.places.find(named.hash, |place| self.groups[*place as usize].0.key == named.key).copied()
    }
}

/// Shares of the keys that are put together on a core each.
const SHARES: [u64; 4] = [0, 1, 2, 3];

/// The groups of these values.
fn named(values: &[Datum]) -> Vec<Named<'_>> {
    values.iter().map(|value| Named::new(Key::Value(Symbol::from_datum(value)), 0)).collect()
}

/// The groups of all parts.
fn together<'l, 's>(locals: &'l [Local<'s>]) -> Vec<(&'l Named<'s>, u64)> {
    let keys = || locals.iter().flat_map(|local| &local.keys);
    let many = keys().count() > 10_000;
    let shares = if many { &SHARES[..] } else { &SHARES[..1] };
    let together = each(shares, |share| {
        let mut all = Listed::new();
        // The lowest and the highest bits are the table's own.
        keys().filter(|named| !many || named.hash >> 32 & 3 == *share).for_each(|named| all.add(named));
        all.groups
    });
    together.into_iter().flatten().collect()
}

/// The largest groups, by count, then by key.
fn rank<'l, 's>(mut ranked: Vec<(&'l Named<'s>, u64)>, limit: usize) -> impl Iterator<Item = &'l Named<'s>> {
    let order = |(named, rows): &(&'l Named<'s>, u64)| (Reverse(*rows), &named.key);
    if limit < ranked.len() {
        ranked.select_nth_unstable_by(limit, |a, b| order(a).cmp(&order(b)));
        ranked.truncate(limit);
    }
    ranked.sort_unstable_by(|a, b| order(a).cmp(&order(b)));
    ranked.into_iter().map(|(named, _)| named)
}

impl<'s> Local<'s> {
    fn of(symbols: &'s Symbols, counts: &[u32], grouping: &Grouping, zone: &TimeZone) -> Local<'s> {
        let values = symbols.len();
        let groups = vec![SKIPPED; values + 1];
        let mut local = Local { groups, counts: Vec::new(), keys: Vec::new() };
        local.groups[values] = MISSING;
        match grouping {
            Grouping::Value(_) => {
                for code in (0..values).filter(|code| counts[*code] > 0) {
                    local.group(Key::Value(symbols.get(code)), code, code + 1, counts);
                }
            }
            Grouping::Bucket(_, width) => local.buckets(symbols, counts, width),
            Grouping::Period(unit, _) => local.periods(symbols, counts, *unit, zone),
        }
        local
    }

    /// Makes the codes of a range a group, if any row has one of them.
    fn group(&mut self, key: Key<'s>, from: usize, to: usize, counts: &[u32]) {
        let rows = total(&counts[from..to]);
        if rows > 0 {
            self.groups[from..to].fill(self.keys.len() as u32);
            self.keys.push(Named::new(key, rows));
        }
    }

    /// Numbers are in order, so that each interval is a range of codes.
    fn buckets(&mut self, symbols: &Symbols, counts: &[u32], width: &BigDecimal) {
        let numbers = symbols.number_codes();
        let mut code = numbers.start;
        while code < numbers.end {
            let from = number::floor_to(&symbols.numbers.get(code).exact(), width);
            let end = symbols.numbers.below(&(&from + width), false).max(code + 1);
            self.group(Key::From(Decimal::of(&from)), code, end, counts);
            code = end;
        }
    }

    /// What is in the order of time goes period by period; other dates one by one.
    fn periods(&mut self, symbols: &Symbols, counts: &[u32], unit: Unit, zone: &TimeZone) {
        let mut known: HashMap<Date, u32> = HashMap::new();
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
                self.period(&mut known, first, code, end, counts);
                code = end;
            }
        }
        if symbols.strings.has_dates() && !symbols.strings.are_timeline() {
            for code in symbols.string_codes() {
                if let Some(moment) = symbols.moment(code) {
                    self.period(&mut known, unit.first(datum::day(moment, zone)), code, code + 1, counts);
                }
            }
        }
    }

    /// Adds the codes of a range to a period.
    fn period(
        &mut self,
        known: &mut HashMap<Date, u32>,
        first: Date,
        from: usize,
        to: usize,
        counts: &[u32],
    ) {
        let rows = total(&counts[from..to]);
        if rows == 0 {
            return;
        }
        let place = *known.entry(first).or_insert_with(|| {
            self.keys.push(Named::new(Key::Period(first), 0));
            self.keys.len() as u32 - 1
        });
        self.keys[place as usize].rows += rows;
        self.groups[from..to].fill(place);
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
        let slots: Vec<u16> =
            local.keys.iter().map(|named| listed.find(named).map_or(other, |place| place as u16)).collect();
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

    /// What a part says of the groups of its rows, each of which belongs to a slot.
    fn counted(&self, hits: &Hits<'_>, rows: &Dense<'_>, slots: Vec<u16>) -> PartGroups {
        let functions: Vec<Function> = self.aggregates.iter().map(|aggregate| aggregate.function).collect();
        let tallies = |functions: &[Function]| -> Vec<Vec<Tally>> {
            vec![functions.iter().map(|function| Tally::new(*function)).collect(); slots.len()]
        };
        let mut all = tallies(&functions);
        let mut fields: Vec<&Field> = self.aggregates.iter().map(|aggregate| &aggregate.field).collect();
        fields.sort_unstable();
        fields.dedup();
        for field in fields {
            let Some(column) = hits.seen.column(field) else { continue };
            let own: Vec<usize> =
                (0..functions.len()).filter(|at| self.aggregates[*at].field == *field).collect();
            let own_functions: Vec<Function> = own.iter().map(|at| functions[*at]).collect();
            let mut of_field = tallies(&own_functions);
            joint::tally(hits, rows, &column, &mut of_field, &own_functions);
            for (tallies, of_field) in all.iter_mut().zip(of_field) {
                own.iter().zip(of_field).for_each(|(at, tally)| tallies[*at] = tally);
            }
        }
        PartGroups { by_status: by_status(hits, rows, slots.len()), tallies: all, slots }
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

/// How many rows of each group, so many, have each status.
fn by_status(hits: &Hits<'_>, rows: &Dense<'_>, groups: usize) -> Vec<Statuses> {
    let column = hits.seen.column(&Field::Status);
    let column = column.unwrap_or_else(|| Held::Made(Box::new(Column::constant("", hits.rows.len()))));
    let width = column.missing() + 1;
    let mut table = vec![0_u32; width * groups];
    joint::pairs(hits, rows, &column, |group, code| table[group * width + code] += 1);
    let codes = Status::ALL.map(|status| column.symbols.find(&Symbol::Text(status.as_str())));
    let statuses = |counts: &[u32]| {
        let mut statuses = Statuses::default();
        let [named @ .., none] = &mut statuses;
        let count = |code: &Option<usize>| code.map_or(0, |code| u64::from(counts[code]));
        named.iter_mut().zip(&codes).for_each(|(named, code)| *named = count(code));
        *none = total(counts) - named.iter().sum::<u64>();
        statuses
    };
    table.chunks_exact(width).map(statuses).collect()
}
