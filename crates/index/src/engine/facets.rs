//! Facets: for each field its kinds, and its top values or its range.
//!
//! A field with more distinct values than a facet counts is found out early: mostly one chunk alone has as many. Paths
//! are looked at in the order of how many rows have them at all, until no other can be among the widest.

use std::{cmp::Reverse, collections::BinaryHeap, iter::successors, sync::Arc};

use bigdecimal::BigDecimal;
use filter::{Field, value::Kind};
use hashbrown::HashMap;
use jiff::tz::TimeZone;

use super::{
    Counted, Counts, Hits, each,
    tally::{extremes, moments, total},
};
use crate::{
    Bin, Extreme, FACET_TEXT, Facet, FacetValue, Facets, Function, Reach, Shape,
    bits::Bits,
    chunk::{self, Place},
    column::{Column, ColumnBuilder, Symbol, Symbols},
    past::Past,
};

/// Paths that are looked at at once.
const STEP: usize = 16;

/// Distinct values and members with how many rows have each.
type Values<'s> = HashMap<(Symbol<'s>, bool), u64>;

/// What the rows hold in a field.
struct Held {
    field: Field,
    coverage: u64,
    kinds: Vec<(Kind, u64)>,
    distinct: Option<u64>,
    /// The top values, where there are few.
    top: Vec<FacetValue>,
    parts: Vec<Counted>,
}

/// The facets of a question: the named fields, and if it asks for them the widest paths, so many with few values and as
/// many with many.
pub(super) fn facets(hits: &[Hits<'_>], facets: &Facets, reach: &Reach, zone: &TimeZone) -> Vec<Facet> {
    let mut chosen: Vec<Held> = each(&facets.fields, |field| Held::of(hits, field.clone(), reach));
    if facets.auto {
        let widest = widest(hits, reach, false);
        chosen.extend(widest.into_iter().filter(|held| !facets.fields.contains(&held.field)));
    }
    each(&chosen, |held| held.facet(zone))
}

/// The facet of a field.
pub(super) fn one(rows: &[impl Counts], field: &Field, zone: &TimeZone) -> Facet {
    Held::of(rows, field.clone(), &Reach::default()).facet(zone)
}

/// The facets of fields. What few fields take long to count is counted part by part.
pub(super) fn of_fields(
    rows: &[impl Counts],
    fields: &[Field],
    reach: &Reach,
    zone: &TimeZone,
) -> Vec<Facet> {
    let tasks: Vec<_> = fields.iter().flat_map(|field| rows.iter().map(move |rows| (field, rows))).collect();
    let mut counted = each(&tasks, |(field, rows)| parted(*rows, field)).into_iter();
    let held = |field: &Field| {
        let parts = counted.by_ref().take(rows.len()).flatten().unzip();
        Held::of_parts(parts, field.clone(), reach).facet(zone)
    };
    fields.iter().map(held).collect()
}

/// Members of lists, by one dictionary or several, with how many rows have each.
type Members = Vec<(Arc<Symbols>, Vec<u32>)>;

/// What some rows of a part hold in a field; `None` when none of the part has it.
fn parted(rows: &impl Counts, field: &Field) -> Option<(Counted, Members)> {
    Some((rows.counted(field)?, rows.members(field)))
}

/// The widest paths as facets, those that hold nothing but objects too.
pub(super) fn catalogue(hits: &[Hits<'_>], paths: usize, zone: &TimeZone) -> Vec<Facet> {
    let reach = Reach { paths, ..Reach::default() };
    each(&widest(hits, &reach, true), |held| held.facet(zone))
}

/// A path that may be among the widest.
struct Candidate<'s> {
    key: &'s str,
    /// So many rows have it at most.
    rows: u64,
    /// So many distinct scalars it has at most.
    scalars: u64,
    /// The last of its sites.
    last: Option<u32>,
}

/// Where the values of a path are in one part, and the path's site before that. Those of all paths stand in one list: of rare paths
/// there may be a million.
struct Site<'s> {
    part: u32,
    before: Option<u32>,
    place: Place<'s>,
}

/// The paths of the parts, by how many rows may have them, and their sites.
fn candidates<'s>(hits: &[Hits<'s>]) -> (Vec<Candidate<'s>>, Vec<Site<'s>>) {
    let (mut candidates, mut sites): (Vec<Candidate<'_>>, Vec<Site<'_>>) = (Vec::new(), Vec::new());
    let mut known: HashMap<&str, u32> = HashMap::new();
    let mut add = |key, rows: u64, scalars: usize, site: Option<(u32, Place<'s>)>| {
        let own = *known.entry(key).or_insert_with(|| {
            candidates.push(Candidate { key, rows: 0, scalars: 0, last: None });
            candidates.len() as u32 - 1
        });
        let candidate = &mut candidates[own as usize];
        candidate.rows += rows;
        candidate.scalars += scalars as u64;
        if let Some((part, place)) = site {
            let before = candidate.last.replace(sites.len() as u32);
            sites.push(Site { part, before, place });
        }
    };
    for (part, hits) in (0..).zip(hits) {
        let at_most = |rows: usize| rows.min(hits.count) as u64;
        for path in hits.seen.chunk().paths(&hits.rows) {
            add(path.key, at_most(path.rows), path.scalars, Some((part, path.place)));
        }
        // Who has not a path any more may have had it.
        let past = hits.seen.past().filter(|_| hits.seen.moment.is_some());
        for (key, rows, scalars) in past.into_iter().flat_map(Past::paths) {
            add(key, at_most(rows), scalars, None);
        }
    }
    candidates.sort_unstable_by(|a, b| b.rows.cmp(&a.rows).then(a.key.cmp(b.key)));
    (candidates, sites)
}

impl Candidate<'_> {
    /// What the rows hold there; `None` for what is no path.
    fn held(&self, hits: &[Hits<'_>], sites: &[Site<'_>], reach: &Reach) -> Option<Held> {
        let field = Field::Params(chunk::path(self.key)?);
        if hits.iter().any(|hits| hits.seen.moment.is_some()) {
            return Some(Held::of(hits, field, reach));
        }
        let (mut parts, mut cells) = (Vec::new(), Vec::new());
        let site = |place: u32| &sites[place as usize];
        for site in successors(self.last.map(site), |later| later.before.map(site)) {
            let Hits { rows, count, .. } = &hits[site.part as usize];
            match site.place {
                Place::Column(column) => parts.push(tallied(column, rows, *count)),
                Place::Cells(own) => {
                    cells.extend(own.iter().map(|(_, cell)| cell).filter(|cell| rows.has(cell.row.into())));
                }
            }
        }
        // The few values that some parts have are counted as if they were those of one.
        parts.extend(cells.chunks(chunk::ROWS_MAX).map(|cells| {
            let mut column = ColumnBuilder::default();
            (0..).zip(cells).for_each(|(row, cell)| column.put_cell(row, cell));
            tallied(&column.finish(cells.len()), &Bits::all(cells.len()), cells.len())
        }));
        Some(Held::of_parts(parts.into_iter().unzip(), field, reach))
    }
}

/// What some rows, so many, have in a column.
fn tallied(column: &Column, rows: &Bits, count: usize) -> (Counted, Members) {
    let members = column.members.as_ref();
    let members = members.map(|members| (members.symbols.clone(), members.histogram(rows)));
    let counts = column.histogram(rows, count);
    (Counted { symbols: column.symbols.clone(), counts }, members.into_iter().collect())
}

/// The widest paths: so many with few values and so many with many, all by coverage, then by name. Those without any
/// scalar only if `hollow`.
fn widest(hits: &[Hits<'_>], reach: &Reach, hollow: bool) -> Vec<Held> {
    let (candidates, sites) = candidates(hits);
    let (mut narrow, mut wide) = (Best::new(reach.paths), Best::new(reach.paths));
    let mut rest = candidates.iter().peekable();
    while let Some(next) = rest.peek() {
        if !narrow.admits(next) && !wide.admits(next) {
            break;
        }
        let possible = |candidate: &&Candidate<'_>| {
            narrow.admits(candidate) || (candidate.scalars > reach.few && wide.admits(candidate))
        };
        // While there is room, nothing is looked at in vain.
        let step = STEP.max(narrow.room());
        let step: Vec<&Candidate<'_>> = rest.by_ref().take(step).filter(possible).collect();
        let found = each(&step, |candidate| candidate.held(hits, &sites, reach));
        for (candidate, held) in step.iter().zip(found) {
            let counts = |held: &Held| held.coverage > 0 && (hollow || held.distinct != Some(0));
            if let Some(held) = held.filter(counts) {
                if held.distinct.is_some() { &mut narrow } else { &mut wide }.add(candidate.key, held);
            }
        }
    }
    let mut widest: Vec<(Order<'_>, Held)> = narrow.finish().chain(wide.finish()).collect();
    widest.sort_unstable_by_key(|(order, _)| *order);
    widest.into_iter().map(|(_, held)| held).collect()
}

/// Where a path stands among the widest: by how many rows have it, then by its key.
type Order<'s> = (Reverse<u64>, &'s str);

/// The so many widest of those that were seen.
struct Best<'s> {
    limit: usize,
    /// The last of them is on top; each with its place in `held`.
    order: BinaryHeap<(Order<'s>, usize)>,
    /// What was seen; `None` where it is not among them any more.
    held: Vec<Option<Held>>,
}

impl<'s> Best<'s> {
    fn new(limit: usize) -> Best<'s> {
        Best { limit, order: BinaryHeap::new(), held: Vec::new() }
    }

    /// How many more there may be.
    fn room(&self) -> usize {
        self.limit - self.order.len()
    }

    /// Whether a path may be among them: at best as many rows have it as may, and then its name decides.
    fn admits(&self, candidate: &Candidate<'_>) -> bool {
        let before = |(last, _): &(Order<'_>, usize)| (Reverse(candidate.rows), candidate.key) < *last;
        self.room() > 0 || self.order.peek().is_some_and(before)
    }

    fn add(&mut self, key: &'s str, held: Held) {
        self.order.push(((Reverse(held.coverage), key), self.held.len()));
        self.held.push(Some(held));
        if self.order.len() > self.limit
            && let Some((_, last)) = self.order.pop()
        {
            self.held[last] = None;
        }
    }

    /// All of them, in no order.
    fn finish(mut self) -> impl Iterator<Item = (Order<'s>, Held)> {
        let order = std::mem::take(&mut self.order);
        order.into_iter().filter_map(move |(order, place)| Some((order, self.held[place].take()?)))
    }
}

impl Held {
    fn of(rows: &[impl Counts], field: Field, reach: &Reach) -> Held {
        let parts = rows.iter().filter_map(|rows| parted(rows, &field)).unzip();
        Held::of_parts(parts, field, reach)
    }

    fn of_parts((parts, members): (Vec<Counted>, Vec<Members>), field: Field, reach: &Reach) -> Held {
        let kinds: Vec<(Kind, u64)> = Kind::ALL
            .into_iter()
            .map(|kind| (kind, parts.iter().map(|part| of_kind(part, kind)).sum()))
            .filter(|(_, count)| *count > 0)
            .collect();
        let coverage = kinds.iter().map(|(_, count)| count).sum();
        let few = values(&parts, &members, reach.few)
            .map(|values| (values.len() as u64, top(values, reach.values)));
        let (distinct, top) = few.map_or((None, Vec::new()), |(distinct, top)| (Some(distinct), top));
        Held { field, coverage, kinds, distinct, top, parts }
    }

    fn facet(&self, zone: &TimeZone) -> Facet {
        let shape = match self.distinct {
            Some(_) => Shape::Values(self.top.clone()),
            None => self.range(zone),
        };
        let (field, kinds) = (self.field.clone(), self.kinds.clone());
        Facet { field, coverage: self.coverage, kinds, distinct: self.distinct, shape, lifted: None }
    }

    /// From the least to the greatest number; where there is none, from the first to the last date.
    fn range(&self, zone: &TimeZone) -> Shape {
        if self.field.path().is_none() {
            return Shape::Range { min: None, max: None, bins: Vec::new() };
        }
        let numbers = self.parts.iter().filter_map(ends);
        let range = numbers.reduce(|(low, high), (least, greatest)| (low.min(least), high.max(greatest)));
        if let Some((min, max)) = range {
            let bins = if min < max { self.histogram(&min, &max) } else { Vec::new() };
            let (min, max) = (min.normalized(), max.normalized());
            return Shape::Range { min: Some(Extreme::Number(min)), max: Some(Extreme::Number(max)), bins };
        }
        let dates = self.parts.iter().flat_map(|part| moments(&part.symbols, &part.counts).1);
        let dates = extremes(dates);
        let (min, max) = (dates.extreme(Function::Min, zone), dates.extreme(Function::Max, zone));
        Shape::Range { min, max, bins: Vec::new() }
    }

    /// Bins between two numbers; each is a range of codes in every part.
    fn histogram(&self, min: &BigDecimal, max: &BigDecimal) -> Vec<Bin> {
        let mut bins = Bin::between(min, max);
        for part in &self.parts {
            let numbers = &part.symbols.numbers;
            let starts: Vec<usize> = bins.iter().map(|bin| numbers.below(&bin.from, false)).collect();
            let ends = starts.iter().copied().skip(1).chain([numbers.len()]);
            for ((bin, start), end) in bins.iter_mut().zip(&starts).zip(ends) {
                bin.count += total(&part.counts[*start..end]);
            }
        }
        bins
    }
}

/// The distinct values of parts; `members` says for each part how many rows have each member of its arrays, by one dictionary
/// or several. `None` where there are more values than these.
fn values<'p>(parts: &'p [Counted], members: &'p [Members], few: u64) -> Option<Values<'p>> {
    let mut values: Values<'_> = HashMap::new();
    let there = |counts: &[u32]| counts.iter().filter(|count| **count > 0).count();
    for (part, members) in parts.iter().zip(members) {
        let scalars = &part.counts[part.symbols.scalar_codes()];
        let own = there(scalars) + members.iter().map(|(_, counts)| there(counts)).max().unwrap_or(0);
        if own as u64 > few {
            return None;
        }
        let mut add = |symbols: &'p Symbols, counts: &[u32], member| {
            for (code, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                *values.entry((symbols.get(code), member)).or_default() += u64::from(*count);
            }
        };
        add(&part.symbols, scalars, false);
        members.iter().for_each(|(symbols, counts)| add(symbols, counts, true));
        if values.len() as u64 > few {
            return None;
        }
    }
    Some(values)
}

/// How many of the rows hold a kind; times count as strings.
fn of_kind(part: &Counted, kind: Kind) -> u64 {
    let symbols = &part.symbols;
    let own = total(&part.counts[symbols.codes(kind)]);
    if kind == Kind::String { own + total(&part.counts[symbols.time_codes()]) } else { own }
}

/// The least and the greatest number of a part.
fn ends(part: &Counted) -> Option<(BigDecimal, BigDecimal)> {
    let numbers = part.symbols.number_codes();
    let seen = |code: &usize| part.counts[*code] > 0;
    let number = |code: usize| part.symbols.numbers.get(code).exact();
    Some((number(numbers.clone().find(seen)?), number(numbers.rev().find(seen)?)))
}

/// The values that most rows have, so many, most first, then by value.
fn top(values: Values<'_>, limit: usize) -> Vec<FacetValue> {
    let listed =
        |symbol: &Symbol<'_>| !matches!(symbol, Symbol::Text(text) if text.chars().nth(FACET_TEXT).is_some());
    let mut top: Vec<((Symbol<'_>, bool), u64)> =
        values.into_iter().filter(|((symbol, _), _)| listed(symbol)).collect();
    let order = |a: &((Symbol<'_>, bool), u64), b: &((Symbol<'_>, bool), u64)| {
        b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0))
    };
    if top.len() > limit {
        top.select_nth_unstable_by(limit, order);
        top.truncate(limit);
    }
    top.sort_unstable_by(order);
    top.into_iter()
        .map(|((symbol, member), count)| FacetValue { value: symbol.datum(), member, count })
        .collect()
}
