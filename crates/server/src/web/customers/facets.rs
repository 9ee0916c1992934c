//! The rail beside the table: which keys there are under the present filter, how many customers have them, their top
//! values; one click narrows.

use filter::{Expr, Field};
use index::{Bin, Facet, Shape, WIDE};

use super::{address::Address, narrow};
use crate::web::page::{
    format,
    value::{Shown, extreme, number_text},
};

/// Values of a facet that are shown at once; the others unfold.
const SHOWN: usize = 5;
/// Facets that are open at first.
const OPEN: usize = 8;
/// A key with more values than this is listed after the others.
const FEW: u64 = 20;

/// A key.
pub(super) struct FacetView {
    /// Its name, without `params.`.
    pub(super) label: String,
    /// How many of the relationships have it, in percent; 1 when there are any.
    pub(super) coverage: u64,
    /// The kinds of its values: `string`, `number, null`.
    pub(super) kinds: String,
    /// How many values there are, in words.
    pub(super) distinct: String,
    /// Whether they are few enough to narrow by.
    few: bool,
    /// Whether it is open at first.
    pub(super) open: bool,
    /// The top values.
    pub(super) top: Vec<ValueView>,
    /// The values after them.
    pub(super) rest: Vec<ValueView>,
    /// From and to, where there are too many values to list.
    pub(super) range: Option<(String, String)>,
    /// The histogram between them.
    pub(super) bins: Vec<BinView>,
}

/// A value of a key.
pub(super) struct ValueView {
    pub(super) shown: Shown,
    pub(super) count: u64,
    /// The length of its bar, in percent of the largest.
    pub(super) share: u64,
    /// Narrows to it, or widens again; empty where no filter can say it.
    pub(super) link: String,
    /// Whether the filter demands it.
    pub(super) on: bool,
}

/// A bar of a histogram.
pub(super) struct BinView {
    /// Its left edge, in percent.
    pub(super) x: usize,
    /// Its height, in percent of the highest.
    pub(super) height: u64,
    /// Its upper edge, in percent from above.
    pub(super) y: u64,
    /// What it stands for.
    pub(super) title: String,
}

/// The rail: every facet that is not empty, what decides most first.
pub(super) fn rail(address: &Address, filter: &Expr, facets: &[Facet], total: u64) -> Vec<FacetView> {
    let mut rail: Vec<FacetView> = facets
        .iter()
        .filter(|facet| facet.coverage > 0)
        .map(|facet| view(address, filter, facet, total))
        .collect();
    // What groups customers narrows; what tells them apart does not.
    rail.sort_by_key(|facet| (!facet.few, facet.top.is_empty()));
    for facet in rail.iter_mut().take(OPEN) {
        facet.open = true;
    }
    rail
}

fn view(address: &Address, filter: &Expr, facet: &Facet, total: u64) -> FacetView {
    let mut top = values(address, filter, facet);
    let rest = top.split_off(top.len().min(SHOWN));
    let (range, bins) = match &facet.shape {
        Shape::Values(_) => (None, Vec::new()),
        Shape::Range { min, max, bins } => {
            (min.as_ref().zip(max.as_ref()).map(|(min, max)| (extreme(min), extreme(max))), histogram(bins))
        }
    };
    let kinds: Vec<&str> = facet.kinds.iter().map(|(kind, _)| kind.as_str()).collect();
    FacetView {
        label: label(&facet.field),
        coverage: percent(facet.coverage, total),
        kinds: kinds.join(", "),
        distinct: distinct(facet),
        few: facet.distinct.is_some_and(|distinct| distinct <= FEW),
        open: false,
        top,
        rest,
        range,
        bins,
    }
}

/// How many values a key has; beyond a thousand nobody counts them.
fn distinct(facet: &Facet) -> String {
    match facet.distinct {
        Some(distinct) => format::of(distinct, "value", "different values"),
        None => format!("more than {} different values", format::count(WIDE)),
    }
}

fn values(address: &Address, filter: &Expr, facet: &Facet) -> Vec<ValueView> {
    let Shape::Values(values) = &facet.shape else { return Vec::new() };
    let most = values.iter().map(|value| value.count).max().unwrap_or(1);
    let view = |value: &index::FacetValue| {
        let condition = narrow::condition(&facet.field, &value.value, value.member);
        let toggled = condition.as_ref().and_then(|condition| narrow::toggle(filter, condition));
        ValueView {
            shown: Shown::datum(&value.value),
            count: value.count,
            share: percent(value.count, most),
            link: toggled.map_or_else(String::new, |filter| address.filtered(filter).link()),
            on: condition.is_some_and(|condition| narrow::holds(filter, &condition)),
        }
    };
    values.iter().map(view).collect()
}

fn histogram(bins: &[Bin]) -> Vec<BinView> {
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or(1);
    let view = |(place, bin): (usize, &Bin)| {
        let height = percent(bin.count, most);
        BinView {
            x: place * 10,
            height,
            y: 100 - height,
            title: format!(
                "{} to {}: {}",
                number_text(&bin.from),
                number_text(&bin.to),
                format::count(bin.count)
            ),
        }
    };
    bins.iter().enumerate().map(view).collect()
}

/// A field as people call it: paths without their `params.`.
pub(super) fn label(field: &Field) -> String {
    let text = field.to_string();
    text.strip_prefix("params.").unwrap_or(&text).to_owned()
}

/// The whole percent; what is there at all is at least 1.
fn percent(part: u64, whole: u64) -> u64 {
    if part == 0 { 0 } else { ((part * 200 + whole) / (2 * whole.max(1))).clamp(1, 100) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_seen() {
        assert_eq!((percent(0, 10), percent(1, 1_000), percent(5, 10), percent(10, 10)), (0, 1, 50, 100));
        assert_eq!(label(&filter::parse_field("params.plan").unwrap()), "plan");
        assert_eq!(label(&filter::parse_field("status").unwrap()), "status");
    }
}
