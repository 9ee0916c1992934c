//! What rows hold, for saying what somebody may have meant.

use filter::{Field, Path, value::Kind};
use hashbrown::HashMap;

use super::{Counted, Hits, tally::total};
use crate::{chunk, column::Symbol};

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
    /// How many rows hold each kind that occurs.
    pub kinds: Vec<(Kind, u64)>,
}

pub(super) fn probe(living: &[Hits<'_>], field: &Field, text: Option<&str>) -> Probe {
    let counted: Vec<Counted<'_>> = living.iter().filter_map(|hits| hits.counted(field)).collect();
    let of = |kind: Kind| {
        counted.iter().map(|part| total(&part.counts[part.column.symbols.codes(kind)])).sum::<u64>()
    };
    let kinds: Vec<(Kind, u64)> =
        Kind::ALL.into_iter().map(|kind| (kind, of(kind))).filter(|(_, n)| *n > 0).collect();
    let mut probe = Probe { present: kinds.iter().map(|(_, count)| count).sum(), kinds, ..Probe::default() };
    for part in counted.iter().filter(|_| text.is_some()) {
        let symbols = &part.column.symbols;
        for code in symbols.string_codes().filter(|code| part.counts[*code] > 0) {
            let (Symbol::Text(own), Some(text)) = (symbols.get(code), text) else { continue };
            if own.eq_ignore_ascii_case(text) {
                probe.folded += u64::from(part.counts[code]);
                probe.same += if own == text { u64::from(part.counts[code]) } else { 0 };
                if probe.other.as_deref().is_none_or(|other| own < other) {
                    probe.other = Some(own.to_owned());
                }
            }
        }
    }
    probe
}

/// The paths that most rows have, so many at most; those whose rows are all gone are left out.
pub(super) fn paths(living: &[Hits<'_>], limit: usize) -> Vec<Path> {
    let mut known: HashMap<&str, usize> = HashMap::new();
    for hits in living {
        hits.seen.chunk().paths(&hits.rows).for_each(|(key, rows, _)| *known.entry(key).or_default() += rows);
    }
    let mut known: Vec<(&str, usize)> = known.into_iter().collect();
    known.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let lives = |path: &Path| {
        let field = Field::Params(path.clone());
        living
            .iter()
            .filter_map(|hits| hits.counted(&field))
            .any(|part| total(&part.counts[..part.column.missing()]) > 0)
    };
    known.into_iter().filter_map(|(key, _)| chunk::path(key)).filter(lives).take(limit).collect()
}
