//! The rail beside the table: which keys there are under the present filter, what they hold, how many customers have them,
//! and their top values. A facet is counted without what the filter itself says of its field, so from one value it is one click
//! to the next; what is chosen never drops out.

use filter::{Expr, Field, value::Kind};
use index::{Bin, Datum, Facet, FacetValue, Shape, WIDE};

use super::{
    address::Address,
    narrow::{self, Chosen, Own},
    share,
};
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
/// With fewer customers there is nothing to narrow.
pub(super) const RAIL_MIN: u64 = 5;

/// A key.
pub(super) struct FacetView {
    /// Its name, without `params.`.
    pub(super) label: String,
    /// The kinds of its values, those that most have first: `text`, `number, null`.
    pub(super) kinds: String,
    /// How many of the relationships have it, in percent.
    pub(super) coverage: String,
    /// How many values there are, in words.
    pub(super) distinct: String,
    /// Whether they are few enough to narrow by.
    few: bool,
    /// Whether it is open at first.
    pub(super) open: bool,
    /// What the filter says of it that is none of its values: `mrr > 20`, and the link without it.
    pub(super) conditions: Vec<(String, String)>,
    /// The top values, those that are chosen, and those who have none.
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
    /// How many that is, of how many.
    pub(super) told: String,
    /// The length of its bar, in percent of all.
    pub(super) share: String,
    /// Narrows to it, or says nothing of it any more where it is chosen; empty where no filter can say it.
    pub(super) link: String,
    /// Leaves it out; empty where it is chosen already.
    pub(super) but: String,
    chosen: Option<Chosen>,
}

impl ValueView {
    pub(super) fn is_chosen(&self) -> bool {
        self.chosen.is_some()
    }

    pub(super) fn is_left_out(&self) -> bool {
        self.chosen == Some(Chosen::Out)
    }
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
    /// Narrows to it.
    pub(super) link: String,
}

/// A facet beside what the filter says of its field.
struct Side<'a> {
    address: &'a Address,
    facet: &'a Facet,
    own: Own,
    /// The relationships that it speaks of.
    whole: u64,
}

/// The rail: every facet that is not empty, what decides most first.
pub(super) fn rail(address: &Address, filter: &Expr, facets: &[Facet], total: u64) -> Vec<FacetView> {
    let side = |facet| Side::new(address, filter, facet, total);
    let mut rail: Vec<FacetView> =
        facets.iter().map(side).filter(Side::says_something).map(|side| side.view()).collect();
    // What groups customers narrows; what tells them apart does not.
    rail.sort_by_key(|facet| (!facet.few, facet.top.is_empty()));
    for (place, facet) in rail.iter_mut().enumerate() {
        let is_chosen = !facet.conditions.is_empty() || facet.top.iter().any(ValueView::is_chosen);
        facet.open = place < OPEN || is_chosen;
    }
    rail
}

impl<'a> Side<'a> {
    fn new(address: &'a Address, filter: &Expr, facet: &'a Facet, total: u64) -> Side<'a> {
        let whole = facet.lifted.as_ref().map_or(total, |lifted| lifted.relationships);
        Side { address, facet, own: Own::of(filter, &facet.field), whole }
    }

    fn says_something(&self) -> bool {
        self.facet.coverage > 0 || self.facet.lifted.is_some()
    }

    fn view(&self) -> FacetView {
        let facet = self.facet;
        let (mut top, rest): (Vec<_>, Vec<_>) = self
            .values()
            .into_iter()
            .enumerate()
            .partition(|(place, value)| *place < SHOWN || value.is_chosen());
        top.extend(self.none().map(|none| (0, none)));
        let (range, bins) = match &facet.shape {
            Shape::Values(_) => (None, Vec::new()),
            Shape::Range { min, max, bins } => {
                let ends = min.as_ref().zip(max.as_ref());
                (ends.map(|(min, max)| (extreme(min), extreme(max))), self.histogram(bins))
            }
        };
        FacetView {
            label: label(&facet.field),
            kinds: kinds(facet),
            coverage: format!("{}%", percent(facet.coverage, self.whole)),
            distinct: distinct(facet),
            few: facet.distinct.is_some_and(|distinct| distinct <= FEW),
            open: false,
            conditions: self.conditions(),
            top: top.into_iter().map(|(_, value)| value).collect(),
            rest: rest.into_iter().map(|(_, value)| value).collect(),
            range,
            bins,
        }
    }

    /// The values that it lists, and those that the filter names beside them.
    fn listed(&self) -> impl Iterator<Item = &FacetValue> {
        let values = match &self.facet.shape {
            Shape::Values(values) => values.as_slice(),
            Shape::Range { .. } => &[],
        };
        values.iter().chain(self.facet.lifted.iter().flat_map(|lifted| &lifted.rest))
    }

    fn condition(&self, value: &FacetValue) -> Option<String> {
        narrow::condition(&self.facet.field, &value.value, value.member)
    }

    fn values(&self) -> Vec<ValueView> {
        let view = |value: &FacetValue| {
            self.value(Shown::datum(&value.value), value.count, self.condition(value).as_deref())
        };
        self.listed().map(view).collect()
    }

    /// Those who have no value: `null` is one.
    fn none(&self) -> Option<ValueView> {
        let (missing, condition) =
            (self.whole.saturating_sub(self.facet.coverage), narrow::none(&self.facet.field));
        let is_told = missing > 0 || self.own.says(&condition).is_some();
        let shown = Shown { text: "(none)".to_owned(), kind: "none" };
        (is_told && self.facet.field != Field::Project).then(|| self.value(shown, missing, Some(&condition)))
    }

    fn value(&self, shown: Shown, count: u64, condition: Option<&str>) -> ValueView {
        let link = |filter: Option<String>| {
            filter.map_or_else(String::new, |filter| self.address.filtered(filter).link())
        };
        let chosen = condition.and_then(|condition| self.own.says(condition));
        let (to, but) = match chosen {
            Some(_) => (condition.and_then(|condition| self.own.without(condition)), None),
            None => (
                condition.and_then(|condition| self.own.only(condition)),
                condition.and_then(|condition| self.own.but(condition)),
            ),
        };
        ValueView {
            told: told(count, self.whole),
            share: share(count, self.whole),
            link: link(to),
            but: link(but),
            shown,
            count,
            chosen,
        }
    }

    fn conditions(&self) -> Vec<(String, String)> {
        let mut listed: Vec<String> = self.listed().filter_map(|value| self.condition(value)).collect();
        listed.push(narrow::none(&self.facet.field));
        let others = self.own.others(&listed).into_iter();
        others.map(|(text, rest)| (short(&text), self.address.filtered(rest).link())).collect()
    }

    fn histogram(&self, bins: &[Bin]) -> Vec<BinView> {
        let most = bins.iter().map(|bin| bin.count).max().unwrap_or(1);
        let view = |(place, bin): (usize, &Bin)| {
            let height = percent(bin.count, most);
            let people = format::of(bin.count, "customer", "customers");
            BinView {
                x: place * 10,
                height,
                y: 100 - height,
                title: format!("{} to {}: {people}", number_text(&bin.from), number_text(&bin.to)),
                link: self.between(bin, place + 1 == bins.len()),
            }
        };
        bins.iter().enumerate().map(view).collect()
    }

    /// The link to those whose number is in a bin; the last bin holds its upper end too.
    fn between(&self, bin: &Bin, is_last: bool) -> String {
        let number = |number| narrow::condition(&self.facet.field, &Datum::Number(number), false);
        let side = |end: &bigdecimal::BigDecimal, operator: &str| {
            number(end.clone()).map(|condition| condition.replacen(" = ", operator, 1))
        };
        let (from, to) = (side(&bin.from, " >= "), side(&bin.to, if is_last { " <= " } else { " < " }));
        let both = from.zip(to).and_then(|(from, to)| self.own.only(&format!("{from} and {to}")));
        both.map_or_else(String::new, |filter| self.address.filtered(filter).link())
    }
}

/// `412 of 3,000, 13.7%`.
fn told(count: u64, whole: u64) -> String {
    format!("{} of {}, {}", format::count(count), format::count(whole), share(count, whole))
}

/// What the values are, in words, those that most have first.
fn kinds(facet: &Facet) -> String {
    let mut kinds = facet.kinds.clone();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let word = |kind: &Kind| match kind {
        Kind::String => "text",
        Kind::Array => "list",
        other => other.as_str(),
    };
    kinds.iter().filter(|(_, count)| *count > 0).map(|(kind, _)| word(kind)).collect::<Vec<_>>().join(", ")
}

/// How many values a key has; beyond a thousand nobody counts them.
fn distinct(facet: &Facet) -> String {
    match facet.distinct {
        Some(distinct) => format::of(distinct, "value", "different values"),
        None => format!("more than {} different values", format::count(WIDE)),
    }
}

/// A field as people call it: paths without their `params.`.
pub(super) fn label(field: &Field) -> String {
    short(&field.to_string())
}

/// A text that begins with a field, as people write it.
fn short(text: &str) -> String {
    let (not, rest) = text.strip_prefix("not ").map_or(("", text), |rest| ("not ", rest));
    format!("{not}{}", rest.strip_prefix("params.").unwrap_or(rest))
}

/// The whole percent; what is there at all is at least 1, and what is not all is less than 100.
fn percent(part: u64, whole: u64) -> u64 {
    match part {
        0 => 0,
        _ if part >= whole => 100,
        _ => ((part * 200 + whole) / (2 * whole)).clamp(1, 99),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_seen() {
        assert_eq!((percent(0, 10), percent(1, 1_000), percent(5, 10), percent(10, 10)), (0, 1, 50, 100));
        assert_eq!(percent(9_999, 10_000), 99, "not all");
        assert_eq!(label(&filter::parse_field("params.plan").unwrap()), "plan");
        assert_eq!(label(&filter::parse_field("status").unwrap()), "status");
        assert_eq!(short("not params.plan exists"), "not plan exists");
        assert_eq!(told(412, 3_000), "412 of 3,000, 13.7%");
    }
}
