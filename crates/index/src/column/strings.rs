//! The distinct strings of a column, in order of code point, end to end in one buffer.

use std::ops::{Bound, Range};

use filter::value::{self, Instant, Moment};
use jiff::civil::Date;

/// Distinct strings, ascending.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    text: Box<str>,
    /// Where each ends in the buffer.
    ends: Box<[u32]>,
    /// The places of those that are not plain ASCII.
    foreign: Box<[u32]>,
    /// Whether any has a capital letter of ASCII.
    has_capitals: bool,
    dates: Dates,
}

/// Which of the strings are dates.
#[derive(Debug, Default)]
enum Dates {
    /// None is.
    #[default]
    None,
    /// All are, of one kind, and in the order of time: a range of time is a range of places.
    Ordered,
    /// The places of those that are, and what they say.
    Some(Box<[(u32, Moment)]>),
}

/// A range of time, as filters hold it against moments.
pub(crate) use filter::predicate::Range as TimeRange;

impl Strings {
    /// The strings, which are distinct and in order.
    pub(crate) fn new<'a>(sorted: impl Iterator<Item = &'a str>) -> Strings {
        let (mut text, mut ends, mut foreign, mut moments) =
            (String::new(), Vec::new(), Vec::new(), Vec::new());
        for (place, string) in sorted.enumerate() {
            text.push_str(string);
            ends.push(text.len() as u32); // fits: a chunk is cut before its texts pass 4 GiB
            if !string.is_ascii() {
                foreign.push(place as u32);
            }
            moments.extend(value::moment(string).map(|moment| (place as u32, moment)));
        }
        let has_capitals = text.bytes().any(|byte| byte.is_ascii_uppercase());
        let dates = match moments.as_slice() {
            [] => Dates::None,
            all if all.len() == ends.len() && in_order(all) => Dates::Ordered,
            _ => Dates::Some(moments.into()),
        };
        Strings { text: text.into(), ends: ends.into(), foreign: foreign.into(), has_capitals, dates }
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// All strings end to end.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The places of those that are not plain ASCII.
    pub(crate) fn foreign(&self) -> &[u32] {
        &self.foreign
    }

    /// Where a string stands in [`Strings::text`].
    pub(crate) fn range(&self, place: usize) -> Range<usize> {
        let start = if place == 0 { 0 } else { self.ends[place - 1] as usize };
        start..self.ends[place] as usize
    }

    /// Whether any has a capital letter of ASCII.
    pub(crate) fn has_capitals(&self) -> bool {
        self.has_capitals
    }

    /// The place of the string that holds a byte of the text; it is known not to be before `from`, and looked for in steps that
    /// double from there.
    pub(crate) fn holder(&self, byte: usize, from: usize) -> usize {
        let is_before = |place: &usize| self.ends.get(*place).is_some_and(|end| *end as usize <= byte);
        let (mut low, mut step) = (from, 1);
        while is_before(&(low + step)) {
            low += step;
            step *= 2;
        }
        low + partition(step, |ahead| is_before(&(low + ahead)))
    }

    /// A string by its place.
    pub(crate) fn get(&self, place: usize) -> &str {
        &self.text[self.range(place)]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|place| self.get(place))
    }

    /// How many are less than the bound; with `equal`, how many are not greater.
    pub(crate) fn below(&self, bound: &str, equal: bool) -> usize {
        partition(self.len(), |place| match self.get(place).cmp(bound) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Equal => equal,
            std::cmp::Ordering::Greater => false,
        })
    }

    /// Whether any has more bytes, and so may have more characters.
    pub(crate) fn are_longer_than(&self, bytes: usize) -> bool {
        (0..self.len()).any(|place| self.range(place).len() > bytes)
    }

    /// Whether any of them is a date.
    pub(crate) fn has_dates(&self) -> bool {
        !matches!(self.dates, Dates::None)
    }

    /// Whether all are dates in the order of time, so that a range of time is a range of places.
    pub(crate) fn are_timeline(&self) -> bool {
        matches!(self.dates, Dates::Ordered)
    }

    /// The places of those that are dates, in order; of a timeline, which is nothing else, none.
    pub(crate) fn dates(&self) -> impl Iterator<Item = usize> {
        let dates: &[(u32, Moment)] = match &self.dates {
            Dates::Some(moments) => moments,
            Dates::None | Dates::Ordered => &[],
        };
        dates.iter().map(|(place, _)| *place as usize)
    }

    /// What a string says, if it is a date.
    pub(crate) fn moment(&self, place: usize) -> Option<Moment> {
        match &self.dates {
            Dates::None => None,
            Dates::Ordered => value::moment(self.get(place)),
            Dates::Some(moments) => {
                let found = moments.binary_search_by_key(&(place as u32), |(place, _)| *place);
                found.ok().map(|found| moments[found].1)
            }
        }
    }

    /// The places of the dates within a range of time, in order.
    pub(crate) fn during(&self, range: &TimeRange) -> During<'_> {
        match &self.dates {
            Dates::None => During::Range(0..0),
            Dates::Some(moments) => During::Some(moments),
            Dates::Ordered => {
                let start = partition(self.len(), |place| self.is_before(place, range));
                let end = partition(self.len(), |place| !self.is_after(place, range));
                During::Range(start..end.max(start))
            }
        }
    }

    /// Whether a date of a timeline lies before a range.
    fn is_before(&self, place: usize, range: &TimeRange) -> bool {
        match self.moment(place) {
            Some(Moment::Day(day)) => before(day, range.days.0),
            Some(Moment::Instant(instant)) => before(instant, range.instants.0),
            None => false,
        }
    }

    /// Whether a date of a timeline lies after a range.
    fn is_after(&self, place: usize, range: &TimeRange) -> bool {
        match self.moment(place) {
            Some(Moment::Day(day)) => after(day, range.days.1),
            Some(Moment::Instant(instant)) => after(instant, range.instants.1),
            None => true,
        }
    }

    /// Bytes in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        let dates = match &self.dates {
            Dates::Some(moments) => size_of_val(&**moments),
            Dates::None | Dates::Ordered => 0,
        };
        self.text.len() + size_of_val(&*self.ends) + size_of_val(&*self.foreign) + dates
    }
}

/// The dates of strings within a range.
pub(crate) enum During<'a> {
    /// The strings of these places.
    Range(Range<usize>),
    /// Those of these that lie within.
    Some(&'a [(u32, Moment)]),
}

/// Whether dates are of one kind and ascending.
fn in_order(moments: &[(u32, Moment)]) -> bool {
    moments.is_sorted_by(|(_, a), (_, b)| match (a, b) {
        (Moment::Day(a), Moment::Day(b)) => a <= b,
        (Moment::Instant(a), Moment::Instant(b)) => a <= b,
        _ => false,
    })
}

fn before<T: Ord + Copy>(value: T, from: Bound<T>) -> bool {
    match from {
        Bound::Included(from) => value < from,
        Bound::Excluded(from) => value <= from,
        Bound::Unbounded => false,
    }
}

fn after<T: Ord + Copy>(value: T, to: Bound<T>) -> bool {
    match to {
        Bound::Included(to) => value > to,
        Bound::Excluded(to) => value >= to,
        Bound::Unbounded => false,
    }
}

/// Whether a moment lies within a range.
pub(crate) fn is_within(moment: Moment, range: &TimeRange) -> bool {
    let day = |day: Date| !before(day, range.days.0) && !after(day, range.days.1);
    let instant = |instant: Instant| !before(instant, range.instants.0) && !after(instant, range.instants.1);
    match moment {
        Moment::Day(of) => day(of),
        Moment::Instant(at) => instant(at),
    }
}

/// How many places come first of which the test is true; those after them are false.
pub(crate) fn partition(len: usize, test: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low + (high - low) / 2;
        if test(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_held_by_the_string_that_it_stands_in() {
        let texts: Vec<String> = (0..300).map(|n| format!("{n:03}").repeat(n * 7 % 5)).collect();
        let strings = Strings::new(texts.iter().map(String::as_str));
        for place in 0..strings.len() {
            for byte in strings.range(place) {
                for from in [0, place / 2, place.saturating_sub(1), place] {
                    assert_eq!(strings.holder(byte, from), place, "{byte} from {from}");
                }
            }
        }
    }
}
