//! What rows hold, for saying what somebody may have meant.

use filter::{
    Field, Path,
    date_form::{self, Begin},
    value::Kind,
};
use hashbrown::HashMap;

use super::{Counted, Counts, Hits, Seen, each, tally::total};
use crate::{
    chunk,
    column::{CodeSet, Symbol, Symbols},
};

/// What all rows of a scope, matching or not, hold in a field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Probe {
    /// Rows that have a value.
    pub present: u64,
    /// Rows that have this text.
    pub same: u64,
    /// Rows that have this text but for the case of ASCII letters.
    pub folded: u64,
    /// The least text among those.
    pub other: Option<String>,
    /// Where no row has this text in any case: the texts that there are and how many rows have each, the most common first, if they
    /// are few and short ([`Probe::TEXTS_MAX`], [`Probe::TEXT_BYTES_MAX`]).
    pub texts: Vec<(String, u64)>,
    /// Rows that have a date: a string or a number that is read as one. This and the next are zero where nobody asked.
    pub dated: u64,
    /// Strings that look like dates in another form.
    pub foreign: Foreign,
    /// How many rows hold each kind that occurs.
    pub kinds: Vec<(Kind, u64)>,
}

impl Probe {
    /// So many different texts of a field are few.
    pub const TEXTS_MAX: usize = 50;
    /// So many bytes of a text are few.
    pub const TEXT_BYTES_MAX: usize = 100;

    /// What the kinds of parts say, each by how many rows of it hold each of [`Kind::ALL`].
    fn of_kinds(parts: &[[u64; Kind::ALL.len()]]) -> Probe {
        let of = |kind: usize| parts.iter().map(|part| part[kind]).sum::<u64>();
        let kinds = Kind::ALL.into_iter().enumerate().map(|(place, kind)| (kind, of(place)));
        let kinds: Vec<(Kind, u64)> = kinds.filter(|(_, count)| *count > 0).collect();
        Probe { present: kinds.iter().map(|(_, count)| count).sum(), kinds, ..Probe::default() }
    }
}

/// Strings that look like dates in another form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Foreign {
    /// Rows that have one.
    pub count: u64,
    /// The least of them.
    pub least: Option<String>,
    /// The least that can only begin with the day.
    pub day_first: Option<String>,
    /// The least that can only begin with the month.
    pub month_first: Option<String>,
}

impl Foreign {
    fn add(&mut self, text: &str, rows: u32) {
        self.count += u64::from(rows);
        lower(&mut self.least, text);
        match date_form::begins_with(text) {
            Some(Begin::Day) => lower(&mut self.day_first, text),
            Some(Begin::Month) => lower(&mut self.month_first, text),
            None => {}
        }
    }

    fn merge(&mut self, other: &Foreign) {
        self.count += other.count;
        for (own, other) in [
            (&mut self.least, &other.least),
            (&mut self.day_first, &other.day_first),
            (&mut self.month_first, &other.month_first),
        ] {
            other.iter().for_each(|text| lower(own, text));
        }
    }
}

/// Makes it the least text.
fn lower(least: &mut Option<String>, text: &str) {
    if least.as_deref().is_none_or(|least| text < least) {
        *least = Some(text.to_owned());
    }
}

/// Whether rows hold values of several kinds in a field, null aside. Nothing is counted, so values that are not there any
/// more are taken for some.
pub(super) fn is_mixed(seen: &[Seen<'_>], field: &Field) -> bool {
    let columns: Vec<_> = seen.iter().filter_map(|seen| seen.column(field)).collect();
    let holds = |kind: &&Kind| columns.iter().any(|column| !column.symbols.codes(**kind).is_empty());
    Kind::ALL.iter().filter(|kind| **kind != Kind::Null).filter(holds).count() > 1
}

pub(super) fn probe(living: &[Hits<'_>], field: &Field, text: Option<&str>, dates: bool) -> Probe {
    if text.is_none() && !dates {
        return Probe::of_kinds(&each(living, |hits| kinds(hits, field)));
    }
    let counted: Vec<Counted> = each(living, |hits| hits.counted(field)).into_iter().flatten().collect();
    let mut probe = Probe::of_kinds(&counted.iter().map(counted_kinds).collect::<Vec<_>>());
    if dates {
        for (dated, foreign) in each(&counted, |part| look_for_dates(&part.symbols, &part.counts)) {
            probe.dated += dated;
            probe.foreign.merge(&foreign);
        }
    }
    for part in counted.iter().filter(|_| text.is_some()) {
        let symbols = &part.symbols;
        for code in symbols.string_codes().filter(|code| part.counts[*code] > 0) {
            let (Symbol::Text(own), Some(text)) = (symbols.get(code), text) else { continue };
            if own.eq_ignore_ascii_case(text) {
                probe.folded += u64::from(part.counts[code]);
                probe.same += if own == text { u64::from(part.counts[code]) } else { 0 };
                lower(&mut probe.other, own);
            }
        }
    }
    if text.is_some() && probe.folded == 0 {
        probe.texts = few(&counted);
    }
    probe
}

/// How many rows of a part hold each of [`Kind::ALL`]. The codes of a kind are a range, and comparing them is less than counting
/// each.
fn kinds(hits: &Hits<'_>, field: &Field) -> [u64; Kind::ALL.len()] {
    if hits.seen.moment.is_some() {
        return hits.counted(field).as_ref().map(counted_kinds).unwrap_or_default();
    }
    let Some(column) = hits.seen.column(field) else { return Default::default() };
    let count = |codes| column.select(&CodeSet::Range(codes)).common_with(&hits.rows) as u64;
    Kind::ALL.map(|kind| match column.symbols.codes(kind) {
        codes if codes.is_empty() => 0,
        codes => count(codes),
    })
}

/// The same of values that have been counted.
fn counted_kinds(part: &Counted) -> [u64; Kind::ALL.len()] {
    Kind::ALL.map(|kind| total(&part.counts[part.symbols.codes(kind)]))
}

/// The texts of a field and how many rows have each, the most common first; none where they are many or long.
fn few(counted: &[Counted]) -> Vec<(String, u64)> {
    let mut known: HashMap<&str, u64> = HashMap::new();
    for part in counted {
        for code in part.symbols.string_codes().filter(|code| part.counts[*code] > 0) {
            let Symbol::Text(text) = part.symbols.get(code) else { continue };
            *known.entry(text).or_default() += u64::from(part.counts[code]);
            if known.len() > Probe::TEXTS_MAX || text.len() > Probe::TEXT_BYTES_MAX {
                return Vec::new();
            }
        }
    }
    let mut known: Vec<(String, u64)> =
        known.into_iter().map(|(text, rows)| (text.to_owned(), rows)).collect();
    known.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    known
}

/// How many rows have a date, and what looks like one. Where all strings are dates in order, none needs a look.
fn look_for_dates(symbols: &Symbols, counts: &[u32]) -> (u64, Foreign) {
    let mut dated = symbols.timelines().into_iter().map(|codes| total(&counts[codes])).sum::<u64>();
    let mut foreign = Foreign::default();
    if symbols.strings.are_timeline() {
        return (dated, foreign);
    }
    let mut dates = symbols.strings.dates().peekable();
    for (place, code) in symbols.string_codes().enumerate() {
        let is_date = dates.next_if_eq(&place).is_some();
        if counts[code] == 0 {
            continue;
        }
        if is_date {
            dated += u64::from(counts[code]);
        } else if date_form::is_foreign(symbols.strings.get(place)) {
            foreign.add(symbols.strings.get(place), counts[code]);
        }
    }
    (dated, foreign)
}

/// The paths that most rows have, so many at most; those whose rows are all gone are left out.
pub(super) fn paths(living: &[Hits<'_>], limit: usize) -> Vec<Path> {
    let mut known: HashMap<&str, usize> = HashMap::new();
    for hits in living {
        hits.seen.chunk().paths(&hits.rows).for_each(|path| *known.entry(path.key).or_default() += path.rows);
    }
    let mut known: Vec<(&str, usize)> = known.into_iter().collect();
    known.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let lives = |path: &Path| {
        let field = Field::Params(path.clone());
        living
            .iter()
            .filter_map(|hits| hits.counted(&field))
            .any(|part| total(&part.counts[..part.symbols.len()]) > 0)
    };
    known.into_iter().filter_map(|(key, _)| chunk::path(key)).filter(lives).take(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_parts_hold_of_foreign_dates_is_what_one_would() {
        let texts = ["31.12.2025", "12/31/2025", "01.02.2025", "2025/12/31", "12/13/2025", "30.11.2025"];
        let of = |texts: &[&str]| {
            let mut foreign = Foreign::default();
            texts.iter().for_each(|text| foreign.add(text, 2));
            foreign
        };
        let whole = of(&texts);
        let least = [&whole.least, &whole.day_first, &whole.month_first].map(Option::as_deref);
        assert_eq!(least, [Some("01.02.2025"), Some("30.11.2025"), Some("12/13/2025")]);
        for first in 0..=texts.len() {
            let mut parts = of(&texts[..first]);
            parts.merge(&of(&texts[first..]));
            assert_eq!(parts, whole, "{first} and the rest");
        }
    }
}
