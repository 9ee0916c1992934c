//! A page of customers in order.
//!
//! Codes are in the order of values, and the rows of a chunk in the order of customers' ids. So the histogram of a
//! chunk says up to which code the page reaches, and its first rows in that order are found without comparing values.
//! Only these meet the rows of other chunks.

use std::ops::Range;

use hashbrown::HashSet;
use uuid::Uuid;

use super::{Hits, each, is_wide};
use crate::{
    Datum, Question, SORT_TEXT, Snapshot, Sort, SortKey,
    bits::Bits,
    column::{Column, Dense, Symbol, Symbols},
};

/// Where a page begins: after this key and this customer.
pub type After = (SortKey, Uuid);

/// A customer of a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// What the customer is sorted by.
    pub key: SortKey,
    /// The customer.
    pub customer: Uuid,
    /// The projects of its relationships that match.
    pub projects: Vec<Uuid>,
}

/// A row that may be on the page.
struct Candidate {
    key: SortKey,
    customer: Uuid,
    number: u32,
    project: Uuid,
}

impl Snapshot {
    /// The first customers of the hits in the question's order, one more than its limit if there are as many.
    pub(super) fn page(&self, hits: &[Hits<'_>], question: &Question, after: Option<&After>) -> Vec<Ranked> {
        let (sort, limit) = (&question.sort, question.limit.saturating_add(1));
        let wide = is_wide(hits);
        // A customer stands where the first of its rows does: one that was shown must not come again by another.
        let shown = after.filter(|_| wide).map(|after| self.shown(hits, sort, after));
        let ordered = each(hits, |hits| match &shown {
            None => self.first(hits, sort, after, limit),
            Some(shown) => {
                let customers = &hits.seen.part.customers;
                let mut rows = hits.rows.clone();
                hits.rows.each(|row| {
                    if shown.has(customers[row] as usize) {
                        rows.remove(row);
                    }
                });
                let count = rows.count();
                self.first(&Hits { seen: hits.seen, rows, count }, sort, after, limit)
            }
        });
        let mut candidates: Vec<Candidate> = ordered.into_iter().flatten().collect();
        let place =
            |a: &Candidate, b: &Candidate| sort.compare(&a.key, &b.key).then(a.customer.cmp(&b.customer));
        candidates.sort_by(place);
        let mut seen = HashSet::new();
        candidates.retain(|candidate| seen.insert(candidate.number));
        candidates.truncate(limit);
        if wide {
            self.with_projects(hits, candidates)
        } else {
            candidates.into_iter().map(Ranked::of).collect()
        }
    }

    /// The first rows of a part, after a place.
    fn first(&self, hits: &Hits<'_>, sort: &Sort, after: Option<&After>, limit: usize) -> Vec<Candidate> {
        let column = hits.seen.column(&sort.field);
        let line = column.as_ref().map(|column| Line::of(column, sort));
        let rows = match &line {
            Some(line) => line.first(hits, after, limit, |row| self.customer(hits, row)),
            None => {
                // Nobody has a value: the order is that of the ids.
                let from = after.filter(|(key, _)| key.is_none()).map(|(_, id)| *id);
                let rows =
                    hits.rows.iter().filter(|row| from.is_none_or(|from| self.customer(hits, *row) > from));
                rows.take(limit).collect()
            }
        };
        let candidate = |row: usize| Candidate {
            key: line.as_ref().and_then(|line| line.key(row)),
            customer: self.customer(hits, row),
            number: hits.seen.part.customers[row],
            project: hits.seen.project,
        };
        rows.into_iter().map(candidate).collect()
    }

    fn customer(&self, hits: &Hits<'_>, row: usize) -> Uuid {
        self.ids.get(hits.seen.part.customers[row])
    }

    /// The numbers of customers who have a row at a place or before it.
    fn shown(&self, hits: &[Hits<'_>], sort: &Sort, (key, last): &After) -> Bits {
        let mut shown = Bits::none(self.ids.len());
        for hits in hits {
            let column = hits.seen.column(&sort.field);
            let line = column.as_ref().map(|column| Line::of(column, sort));
            let place = line.as_ref().map(|line| (line.place(key), line.missing));
            hits.rows.each(|row| {
                let (place, own) = match (&line, &place) {
                    (Some(line), Some((place, _))) => (place.clone(), line.position(row)),
                    // All of them are missing, which is one place.
                    _ if key.is_none() => (0..1, 0),
                    _ => (0..0, 1),
                };
                let before = own < place.start || (place.contains(&own) && self.customer(hits, row) <= *last);
                if before {
                    shown.insert(hits.seen.part.customers[row] as usize);
                }
            });
        }
        shown
    }

    /// Adds the projects in which each customer matches.
    fn with_projects(&self, hits: &[Hits<'_>], candidates: Vec<Candidate>) -> Vec<Ranked> {
        let mut wanted = Bits::none(self.ids.len());
        candidates.iter().for_each(|candidate| wanted.insert(candidate.number as usize));
        let places: hashbrown::HashMap<u32, usize> =
            candidates.iter().enumerate().map(|(place, candidate)| (candidate.number, place)).collect();
        let mut page: Vec<Ranked> = candidates.into_iter().map(Ranked::of).collect();
        page.iter_mut().for_each(|ranked| ranked.projects.clear());
        for hits in hits {
            hits.rows.each(|row| {
                let number = hits.seen.part.customers[row];
                if wanted.has(number as usize)
                    && let Some(place) = places.get(&number)
                {
                    page[*place].projects.push(hits.seen.project);
                }
            });
        }
        page.iter_mut().for_each(|ranked| ranked.projects.sort_unstable());
        page
    }
}

impl Ranked {
    fn of(candidate: Candidate) -> Ranked {
        Ranked { key: candidate.key, customer: candidate.customer, projects: vec![candidate.project] }
    }
}

/// The rows of a part along an order: each has a position, the first ones come first.
struct Line<'c> {
    column: &'c Column,
    descending: bool,
    /// The position of what is missing, the last.
    missing: usize,
    /// For each code the first of those that are sorted alike, where there are texts so long that some are.
    alike: Option<Vec<usize>>,
}

impl<'c> Line<'c> {
    fn of(column: &'c Column, sort: &Sort) -> Line<'c> {
        let symbols = &column.symbols;
        let long = |text: &str| text.chars().nth(SORT_TEXT).is_some();
        let alike = symbols.strings.are_longer_than(SORT_TEXT).then(|| {
            let mut first = 0;
            let mut all = Vec::with_capacity(symbols.len());
            for code in 0..symbols.len() {
                let alike = matches!((symbols.get(first), symbols.get(code)),
                    (Symbol::Text(a), Symbol::Text(b)) if cut(a) == cut(b) && (long(a) || long(b)));
                first = if alike { first } else { code };
                all.push(first);
            }
            all
        });
        Line { column, descending: sort.descending, missing: symbols.len(), alike }
    }

    /// The position of a code.
    fn of_code(&self, code: usize) -> usize {
        let code = self.alike.as_ref().and_then(|alike| alike.get(code)).copied().unwrap_or(code);
        if self.descending && code < self.missing { self.missing - 1 - code } else { code }
    }

    fn position(&self, row: usize) -> usize {
        self.of_code(self.column.code(row))
    }

    fn key(&self, row: usize) -> SortKey {
        let code = self.column.code(row);
        Sort::key((code < self.missing).then(|| self.column.symbols.get(code).datum()))
    }

    /// The positions of what is sorted like a key; empty, but in its place, when nothing is.
    fn place(&self, key: &SortKey) -> Range<usize> {
        let Some(datum) = key else { return self.missing..self.missing + 1 };
        let (low, high) = alike(&self.column.symbols, datum);
        if self.descending { self.missing - high..self.missing - low } else { low..high }
    }

    /// The first rows that match, after a place. Those that are sorted alike are in the order of their ids.
    fn first(
        &self,
        hits: &Hits<'_>,
        after: Option<&After>,
        limit: usize,
        customer: impl Fn(usize) -> Uuid,
    ) -> Vec<usize> {
        let tie = after.map(|(key, last)| (self.place(key), *last));
        let mut best = Best::new(limit);
        let mut meet = |row: usize, code: usize| {
            let position = self.of_code(code);
            let is_after = tie.as_ref().is_none_or(|(place, last)| {
                position >= place.end || (place.contains(&position) && customer(row) > *last)
            });
            if is_after {
                best.meet(position, row);
            }
        };
        match self.column.dense() {
            Dense::Same => hits.rows.each(|row| meet(row, 0)),
            Dense::Bytes(codes) => hits.rows.each(|row| meet(row, usize::from(codes[row]))),
            Dense::Shorts(codes) => hits.rows.each(|row| meet(row, usize::from(codes[row]))),
        }
        best.finish()
    }
}

/// The first so many of rows by position and row, packed into one number each.
struct Best {
    limit: usize,
    held: Vec<u64>,
    /// What does not come before this is not among them.
    worst: u64,
}

impl Best {
    fn new(limit: usize) -> Best {
        Best { limit, held: Vec::new(), worst: u64::MAX }
    }

    fn meet(&mut self, position: usize, row: usize) {
        let place = (position as u64) << 32 | row as u64;
        if place >= self.worst {
            return;
        }
        self.held.push(place);
        // Sorting out now and then costs a few steps a row, even when each row comes before all that were met.
        if self.held.len() >= self.limit.saturating_mul(4).max(64) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.held.len() > self.limit {
            let (_, last, _) = self.held.select_nth_unstable(self.limit - 1);
            self.worst = *last;
            self.held.truncate(self.limit);
        }
    }

    fn finish(mut self) -> Vec<usize> {
        self.cut();
        self.held.sort_unstable();
        self.held.into_iter().map(|place| (place & u64::from(u32::MAX)) as usize).collect()
    }
}

/// The codes that are sorted like a datum.
fn alike(symbols: &Symbols, datum: &Datum) -> (usize, usize) {
    let symbol = Symbol::from_datum(datum);
    let low = symbols.below(&symbol, false);
    let Symbol::Text(text) = symbol else { return (low, symbols.below(&symbol, true)) };
    // A key of full length stands for everything that begins with it.
    let strings = symbols.string_codes();
    let full = text.chars().nth(SORT_TEXT - 1).is_some();
    let like = |code: usize| {
        let own = symbols.strings.get(code - strings.start);
        if full { own.starts_with(text) } else { own == text }
    };
    let high = (low..strings.end).find(|code| !like(*code)).unwrap_or(strings.end.max(low));
    (low, high)
}

/// A text as far as it is sorted by.
fn cut(text: &str) -> &str {
    text.char_indices().nth(SORT_TEXT).map_or(text, |(end, _)| &text[..end])
}
