//! Answers questions from a snapshot: which rows match, then everything that is said of them.
//!
//! Each part of an answer goes over the chunks one by one, on all cores where there are many, and then puts together
//! what the chunks say. Within a chunk everything is done with codes; values are looked at once for each code, or only
//! when they are shown.

mod condition;
mod facets;
mod groups;
mod insight;
mod joint;
mod leaves;
mod lifted;
mod order;
mod past;
mod probe;
mod select;
mod series;
mod tally;
mod then;
mod totals;

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use filter::{Field, Path, Predicate};
use jiff::tz::TimeZone;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use uuid::Uuid;

pub use order::{After, Ranked};
pub use probe::{Foreign, Probe};

use crate::{
    Facet, Groups, Part as Wanted, Question, Snapshot, Total,
    bits::Bits,
    chunk::{Chunk, Held},
    column::{Column, Symbols},
    live::Part,
    past::{At, Moment, Past},
};

/// A project as questions see it.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its slug, by which groups and orders tell it.
    pub slug: String,
    /// Whether it is a test project.
    pub test: bool,
}

/// What a question is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The projects whose relationships are rows.
    pub rows: &'a [Uuid],
    /// Every project of the account.
    pub projects: &'a BTreeMap<Uuid, Project>,
    /// The account's zone.
    pub zone: &'a TimeZone,
    /// Which rows match.
    pub predicate: &'a Predicate,
    /// The moment that everything is asked of; without one it is the present.
    pub moment: Option<filter::value::Instant>,
    /// When there is no more time: conditions then select nothing, and whoever asked throws the answer away.
    pub until: Option<Instant>,
}

impl Scope<'_> {
    /// Whether the time is over.
    fn is_late(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }
}

/// What the index answers to a question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Customers with at least one relationship that matches, when they were asked for.
    pub customers: u64,
    /// Relationships that match.
    pub relationships: u64,
    /// One page of customers, in order, one more than the limit if there is a next page.
    pub page: Vec<Ranked>,
    /// One per aggregate, in the order asked.
    pub aggregates: Vec<Total>,
    /// The groups, when they were asked for.
    pub groups: Option<Groups>,
    /// The facets: named fields first, then the widest paths.
    pub facets: Vec<Facet>,
    /// For each field of `lacking`: how many of the rows that match have no value there.
    pub lacking: Vec<u64>,
}

/// A part that is asked about.
#[derive(Clone, Copy)]
struct Seen<'s> {
    project: Uuid,
    slug: &'s str,
    part: &'s Part,
    zone: &'s TimeZone,
    /// As of when; without one it is the present.
    moment: Option<Moment<'s>>,
    until: Option<Instant>,
}

impl<'s> Seen<'s> {
    /// Whether the time is over.
    fn is_late(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    fn chunk(&self) -> &'s Chunk {
        &self.part.chunk
    }

    /// What its rows were, where that is known.
    fn past(&self) -> Option<&'s Past> {
        self.part.past.as_deref()
    }

    /// The same part as of a moment.
    fn at(&self, moment: filter::value::Instant) -> Seen<'s> {
        Seen { moment: Some(Moment { at: moment.0, zone: self.zone }), ..*self }
    }

    /// The same part as it is.
    fn present(&self) -> Seen<'s> {
        Seen { moment: None, ..*self }
    }

    /// The rows that live; of the past those that there were.
    fn live(&self) -> Cow<'s, Bits> {
        if self.moment.is_none() {
            return Cow::Borrowed(&self.part.live);
        }
        let mut live = (*self.part.live).clone();
        self.existing(&mut live);
        Cow::Owned(live)
    }

    /// Keeps the rows that there were.
    fn existing(&self, rows: &mut Bits) {
        if let (Some(past), Some(moment)) = (self.past(), self.moment) {
            rows.keep(&past.existing(self.chunk(), moment.at));
        }
    }

    /// The column of a field; `None` when no row has it.
    fn column(&self, field: &Field) -> Option<Held<'s>> {
        match field {
            Field::Project => Some(Held::Made(Box::new(Column::constant(self.slug, self.chunk().rows())))),
            _ => match (self.past(), self.moment) {
                (Some(past), Some(moment)) => past.column(self.chunk(), field, moment),
                _ => self.chunk().column(field),
            },
        }
    }
}

/// The rows of a part that match; at least one.
struct Hits<'s> {
    seen: Seen<'s>,
    rows: Bits,
    count: usize,
}

/// How many rows of a part have each value of a field.
struct Counted {
    symbols: Arc<Symbols>,
    /// By code; what is missing comes last.
    counts: Vec<u32>,
}

/// Rows of a part, whose values are counted.
trait Counts: Sync {
    /// Counts the values of a field; `None` when no row of the part has it.
    fn counted(&self, field: &Field) -> Option<Counted>;

    /// Counts the members of lists, where there are any: by one dictionary or several.
    fn members(&self, field: &Field) -> Vec<(Arc<Symbols>, Vec<u32>)>;
}

impl Counts for Hits<'_> {
    fn counted(&self, field: &Field) -> Option<Counted> {
        if let (Some(past), Some(moment)) = (self.seen.past(), self.seen.moment)
            && let Some((symbols, counts)) =
                past.histogram(self.seen.chunk(), field, (&self.rows, self.count), At::One(moment.at))
        {
            return Some(Counted { symbols, counts });
        }
        let column = self.seen.column(field)?;
        let counts = column.histogram(&self.rows, self.count);
        Some(Counted { symbols: column.symbols.clone(), counts })
    }

    fn members(&self, field: &Field) -> Vec<(Arc<Symbols>, Vec<u32>)> {
        let chunk = self.seen.chunk();
        if let (Some(past), Some(moment)) = (self.seen.past(), self.seen.moment) {
            return past.members(chunk, field, &self.rows, At::One(moment.at));
        }
        let column = chunk.column(field);
        let members = column.as_ref().and_then(|column| column.members.as_ref());
        members.map(|members| (members.symbols.clone(), members.histogram(&self.rows))).into_iter().collect()
    }
}

impl Snapshot {
    /// Answers a question. `lacking` are fields of which is counted how many matching rows lack them.
    pub fn answer(
        &self,
        scope: &Scope<'_>,
        question: &Question,
        after: Option<&After>,
        lacking: &[Field],
    ) -> Found {
        let test = self.ready(scope, scope.predicate.root());
        let parts = self.seen(scope, scope.rows);
        let hits = select::hits(&parts, &test);
        let wants = |part| question.wants(part);
        let aggregates = if wants(Wanted::Aggregates) { question.aggregates.as_slice() } else { &[] };
        let grouping = question.group_by.as_ref().filter(|_| wants(Wanted::Groups));
        let asked = wants(Wanted::Facets).then_some(&question.facets);
        Found {
            customers: if wants(Wanted::Count) { self.customers(&hits) } else { 0 },
            relationships: relationships(&hits),
            page: if wants(Wanted::Customers) { self.page(&hits, question, after) } else { Vec::new() },
            aggregates: totals::totals(&hits, aggregates, scope.zone),
            groups: grouping.map(|grouping| groups::groups(&hits, grouping, question, scope.zone)),
            facets: asked.map_or_else(Vec::new, |facets| {
                lifted::facets((&hits, &parts), &test, (facets, &question.lifts), scope)
            }),
            lacking: lacking.iter().map(|field| totals::lacking(&hits, field)).collect(),
        }
    }

    /// How many rows match, and their widest paths, so many with few values and so many with many; those of objects only
    /// too.
    pub fn catalogue(&self, scope: &Scope<'_>, paths: usize) -> (u64, Vec<Facet>) {
        let hits = self.hits(scope);
        (relationships(&hits), facets::catalogue(&hits, paths, scope.zone))
    }

    /// The paths of the rows that match, by how many hold there something else than an object with members: the widest, so
    /// many at most. Only of the present.
    pub fn leaves(&self, scope: &Scope<'_>, limit: usize) -> Vec<Path> {
        leaves::leaves(&self.hits(scope), limit)
    }

    /// What the rows of the scope, whether they match or not, hold in a field, how many have a text, and where `dates` are
    /// asked for, how many have one.
    pub fn probe(&self, scope: &Scope<'_>, field: &Field, text: Option<&str>, dates: bool) -> Probe {
        probe::probe(&self.living(scope), field, text, dates)
    }

    /// Whether rows of the scope may hold values of several kinds in a field, null aside. Costs next to nothing.
    pub fn is_mixed(&self, scope: &Scope<'_>, field: &Field) -> bool {
        probe::is_mixed(&self.seen(scope, scope.rows), field)
    }

    /// The widest paths of the rows of the scope, whether they match or not; so many at most.
    pub fn paths(&self, scope: &Scope<'_>, limit: usize) -> Vec<Path> {
        probe::paths(&self.living(scope), limit)
    }

    /// Whether some row of a project has a path, given as its keys, or had it not long ago.
    pub fn knows(&self, project: &Uuid, path: &[&str]) -> bool {
        let key = path.join("\0");
        self.projects.get(project).is_some_and(|parts| parts.iter().any(|part| part.chunk.has(&key)))
    }

    /// The parts of a scope's rows.
    fn seen<'s>(&'s self, scope: &Scope<'s>, projects: &[Uuid]) -> Vec<Seen<'s>> {
        let mut seen = Vec::new();
        for project in projects {
            let slug = scope.projects.get(project).map_or("", |project| project.slug.as_str());
            let parts = self.projects.get(project).map(|parts| &**parts).unwrap_or_default();
            let (zone, until) = (scope.zone, scope.until);
            let moment = scope.moment.map(|moment| Moment { at: moment.0, zone });
            seen.extend(parts.iter().map(|part| Seen { project: *project, slug, part, zone, moment, until }));
        }
        seen
    }

    /// The rows that match.
    fn hits<'s>(&'s self, scope: &Scope<'s>) -> Vec<Hits<'s>> {
        let test = self.ready(scope, scope.predicate.root());
        select::hits(&self.seen(scope, scope.rows), &test)
    }

    /// All rows of the scope that live.
    fn living<'s>(&'s self, scope: &Scope<'s>) -> Vec<Hits<'s>> {
        let all = self.seen(scope, scope.rows).into_iter();
        let hits = |seen: Seen<'s>| {
            let rows = seen.live().into_owned();
            let count = rows.count();
            (count > 0).then_some(Hits { seen, rows, count })
        };
        all.filter_map(hits).collect()
    }

    /// How many customers have a row among the hits.
    fn customers(&self, hits: &[Hits<'_>]) -> u64 {
        if !is_wide(hits) {
            return relationships(hits);
        }
        self.numbers(hits).count() as u64
    }

    /// The numbers of the customers of the hits.
    fn numbers<'h>(&self, hits: impl IntoIterator<Item = &'h Hits<'h>>) -> Bits {
        let mut numbers = Bits::none(self.ids.len());
        for hits in hits {
            let customers = &hits.seen.part.customers;
            hits.rows.each(|row| numbers.insert(customers[row] as usize));
        }
        numbers
    }
}

/// How many rows are among the hits.
fn relationships(hits: &[Hits<'_>]) -> u64 {
    hits.iter().map(|hits| hits.count as u64).sum()
}

/// Whether hits are of several projects, so that a customer may have several rows.
fn is_wide(hits: &[Hits<'_>]) -> bool {
    hits.windows(2).any(|pair| pair[0].seen.project != pair[1].seen.project)
}

/// Chunks beyond this many are worth a second core.
const ALONE: usize = 2;

/// Whether a question has the threads of the pool. Another one that comes would wait for all that the first has begun.
static SPREAD: AtomicBool = AtomicBool::new(false);

/// Does something for each item: on all cores when there are many, unless another question is there before. Then it is done
/// where it was asked for, beside the other, and the system shares the cores out.
fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
    if items.len() <= ALONE || SPREAD.swap(true, Ordering::Acquire) {
        return items.iter().map(work).collect();
    }
    let _over = Over;
    items.par_iter().map(work).collect()
}

/// Goes through items with a table, one for each core at work, and puts these together.
fn gather<T: Sync, R: Send>(
    items: &[T],
    empty: impl Fn() -> R + Sync + Send,
    work: impl Fn(&mut R, &T) + Sync + Send,
    add: impl Fn(&mut R, &R) + Sync + Send,
) -> R {
    let enter = |mut table: R, item: &T| {
        work(&mut table, item);
        table
    };
    if items.len() <= ALONE || SPREAD.swap(true, Ordering::Acquire) {
        return items.iter().fold(empty(), enter);
    }
    let _over = Over;
    let together = |mut table: R, other: R| {
        add(&mut table, &other);
        table
    };
    items.par_iter().fold(&empty, enter).reduce_with(together).unwrap_or_else(&empty)
}

/// How many there are: never less than none.
fn whole(count: i64) -> u64 {
    debug_assert!(count >= 0);
    count.unsigned_abs()
}

/// Gives the threads free, also when the work panics.
struct Over;

impl Drop for Over {
    fn drop(&mut self) {
        SPREAD.store(false, Ordering::Release);
    }
}
