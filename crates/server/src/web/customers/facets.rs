//! The rail beside the table: which keys there are under the present filter, what they hold, how many customers have them,
//! and their top values. A facet is counted without what the filter itself says of its field, so from one value it is one click
//! to the next; what is chosen never drops out.

use filter::{Expr, Field, value::Kind};
use index::{Datum, Facet, FacetValue, Shape, WIDE};

use super::{
    address::Address,
    narrow::{self, Chosen, Own},
    share,
    spread::{Spread, SpreadView},
};
use crate::{
    model::Formats,
    web::page::value::{Shown, extreme},
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
    /// How its numbers or dates are spread.
    pub(super) spread: Option<SpreadView>,
    /// Of an object, what is inside.
    pub(super) inner: Vec<FacetView>,
    /// The object that it lies in.
    object: Option<String>,
}

/// A value of a key.
pub(super) struct ValueView {
    pub(super) shown: Shown,
    pub(super) count: u64,
    /// The same as people read it.
    pub(super) written: String,
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

/// A facet beside what the filter says of its field.
struct Side<'a> {
    address: &'a Address,
    facet: &'a Facet,
    own: Own,
    /// The relationships that it speaks of.
    whole: u64,
    formats: Formats,
    spread: Option<SpreadView>,
}

/// The rail: every facet that is not empty, what decides most first; then the times of each relationship.
pub(super) fn rail(
    address: &Address,
    filter: &Expr,
    (facets, spreads): (&[Facet], &[Spread]),
    total: u64,
    formats: Formats,
) -> Vec<FacetView> {
    let of_field = |field: &Field| spreads.iter().find(|spread| spread.field == *field);
    let spread = |field: &Field| of_field(field).map(|spread| spread.view(address, filter));
    let mut rail: Vec<FacetView> = facets
        .iter()
        .map(|facet| Side {
            spread: spread(&facet.field),
            ..Side::new(address, filter, facet, (total, formats))
        })
        .filter(Side::says_something)
        .map(Side::into_view)
        .collect();
    // What groups customers narrows; what tells them apart does not.
    rail.sort_by_key(|facet| (!facet.few, facet.top.is_empty()));
    rail = nested(rail);
    let times = spreads.iter().filter(|spread| spread.field.is_time());
    rail.extend(times.map(|spread| time(address, filter, spread, total)));
    for (place, facet) in rail.iter_mut().enumerate() {
        facet.open = place < OPEN && facet.kinds != TIME || facet.is_chosen();
    }
    rail
}

/// What lies in an object stands under it, where the first of it would stand.
fn nested(facets: Vec<FacetView>) -> Vec<FacetView> {
    let mut rail: Vec<FacetView> = Vec::new();
    for mut facet in facets {
        facet.open = facet.is_chosen();
        let Some(object) = facet.object.clone() else {
            rail.push(facet);
            continue;
        };
        match rail.iter_mut().find(|other| !other.inner.is_empty() && other.label == object) {
            Some(other) => other.inner.push(facet),
            None => rail.push(FacetView { inner: vec![facet], ..FacetView::bare(object, "object") }),
        }
    }
    rail
}

/// What a facet of times says of its values.
const TIME: &str = "date";

fn time(address: &Address, filter: &Expr, spread: &Spread, total: u64) -> FacetView {
    let own = Own::of(filter, &spread.field);
    let view = spread.view(address, filter);
    let ready: Vec<String> = view.ready.iter().map(|ready| ready.condition.clone()).collect();
    FacetView {
        coverage: format!("{}%", percent(spread.counted, total.max(spread.counted))),
        conditions: others(address, &own, &ready),
        spread: Some(view),
        ..FacetView::bare(label(&spread.field), TIME)
    }
}

/// What a filter says of a field that is not listed under it, and the links without.
fn others(address: &Address, own: &Own, listed: &[String]) -> Vec<(String, String)> {
    let others = own.others(listed).into_iter();
    others.map(|(text, without)| (short(&text), address.filtered(without).link())).collect()
}

impl FacetView {
    fn bare(label: String, kinds: &str) -> FacetView {
        FacetView {
            label,
            kinds: kinds.to_owned(),
            coverage: String::new(),
            distinct: String::new(),
            few: false,
            open: false,
            conditions: Vec::new(),
            top: Vec::new(),
            rest: Vec::new(),
            range: None,
            spread: None,
            inner: Vec::new(),
            object: None,
        }
    }

    fn is_chosen(&self) -> bool {
        let is_ready = |spread: &SpreadView| spread.ready.iter().any(|ready| ready.on);
        !self.conditions.is_empty()
            || self.top.iter().any(ValueView::is_chosen)
            || self.spread.as_ref().is_some_and(is_ready)
            || self.inner.iter().any(FacetView::is_chosen)
    }
}

impl<'a> Side<'a> {
    fn new(
        address: &'a Address,
        filter: &Expr,
        facet: &'a Facet,
        (total, formats): (u64, Formats),
    ) -> Side<'a> {
        let whole = facet.lifted.as_ref().map_or(total, |lifted| lifted.relationships);
        Side { address, facet, own: Own::of(filter, &facet.field), whole, formats, spread: None }
    }

    fn says_something(&self) -> bool {
        self.facet.coverage > 0 || self.facet.lifted.is_some()
    }

    fn into_view(self) -> FacetView {
        let facet = self.facet;
        let (mut top, rest): (Vec<_>, Vec<_>) = self
            .values()
            .into_iter()
            .enumerate()
            .partition(|(place, value)| *place < SHOWN || value.is_chosen());
        top.extend(self.none().map(|none| (0, none)));
        let ends = match &facet.shape {
            Shape::Range { min, max, .. } => min.as_ref().zip(max.as_ref()),
            Shape::Values(_) => None,
        };
        FacetView {
            coverage: format!("{}%", percent(facet.coverage, self.whole)),
            distinct: distinct(facet, self.formats),
            few: facet.distinct.is_some_and(|distinct| distinct <= FEW),
            conditions: self.conditions(),
            top: top.into_iter().map(|(_, value)| value).collect(),
            rest: rest.into_iter().map(|(_, value)| value).collect(),
            range: ends.map(|(min, max)| (extreme(min, self.formats), extreme(max, self.formats))),
            object: facet.field.path().and_then(|path| match path.keys() {
                [first, _, ..] => Some(first.clone()),
                _ => None,
            }),
            spread: self.spread,
            ..FacetView::bare(label(&facet.field), &kinds(facet))
        }
    }

    /// Whether it is yes or no.
    fn is_flag(&self) -> bool {
        let is_boolean = |kind: &Kind| matches!(kind, Kind::Boolean | Kind::Null);
        let has = |kind| self.facet.kinds.iter().any(|(own, count)| *own == kind && *count > 0);
        has(Kind::Boolean) && self.facet.kinds.iter().all(|(kind, count)| *count == 0 || is_boolean(kind))
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
            self.value(
                Shown::datum(&value.value, self.formats),
                value.count,
                self.condition(value).as_deref(),
            )
        };
        if !self.is_flag() {
            return self.listed().map(view).collect();
        }
        // Yes stands before no, whichever has more, and both stand there.
        let flag = |value: Datum| {
            let found = self.listed().find(|listed| listed.value == value);
            found.cloned().unwrap_or(FacetValue { value, member: false, count: 0 })
        };
        let others = self.listed().filter(|listed| !matches!(listed.value, Datum::True | Datum::False));
        let both = [flag(Datum::True), flag(Datum::False)];
        let mut flags: Vec<ValueView> = both.iter().map(view).collect();
        flags.extend(others.map(view));
        flags
    }

    /// Those who have no value: `null` is one.
    fn none(&self) -> Option<ValueView> {
        let (missing, condition) =
            (self.whole.saturating_sub(self.facet.coverage), narrow::none(&self.facet.field));
        let is_told = missing > 0 || self.is_flag() || self.own.says(&condition).is_some();
        let shown = Shown::new("(none)".to_owned(), "none");
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
            told: told(count, self.whole, self.formats),
            written: self.formats.count(count),
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
        listed
            .extend(self.spread.iter().flat_map(|spread| &spread.ready).map(|ready| ready.condition.clone()));
        others(self.address, &self.own, &listed)
    }
}

/// `412 of 3,000, 13.7%`.
fn told(count: u64, whole: u64, formats: Formats) -> String {
    let share = formats.decimal(&share(count, whole));
    format!("{} of {}, {share}", formats.count(count), formats.count(whole))
}

/// What the values are, in words, those that most have first.
pub(super) fn kinds(facet: &Facet) -> String {
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
fn distinct(facet: &Facet, formats: Formats) -> String {
    match facet.distinct {
        Some(distinct) => formats.of(distinct, "value", "different values"),
        None => format!("more than {} different values", formats.count(WIDE)),
    }
}

/// A field as people call it: paths without their `params.`.
pub(super) fn label(field: &Field) -> String {
    short(&field.to_string())
}

/// A text that begins with a field, as people write it.
pub(super) fn short(text: &str) -> String {
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
        assert_eq!(told(412, 3_000, Formats::default()), "412 of 3,000, 13.7%");
    }
}
