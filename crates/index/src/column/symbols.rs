//! The distinct values of a column in order: a value's code is its place among them.

use std::ops::Range;

use filter::{
    epoch::Epoch,
    value::{Kind, Moment},
};

use super::{
    numbers::Numbers,
    strings::{Strings, partition},
    symbol::Symbol,
    times::Times,
};
use crate::decimal::Decimal;

/// The values that have one form only, in the order of sorting.
const PLAIN: [Symbol<'static>; 5] =
    [Symbol::False, Symbol::True, Symbol::Null, Symbol::Array, Symbol::Object];

/// Distinct values, ascending: numbers, strings, `false`, `true`, null, array, object, times.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    pub(crate) numbers: Numbers,
    pub(crate) strings: Strings,
    /// Which of [`PLAIN`] occur, a bit each.
    plain: u8,
    times: Times,
}

impl Symbols {
    /// The symbols of values in any order, and for each of these its code.
    pub(crate) fn sort(values: &[Symbol<'_>]) -> (Symbols, Vec<u32>) {
        let mut parts: [Vec<usize>; 4] = Default::default();
        for (place, value) in values.iter().enumerate() {
            let part = match value {
                Symbol::Number(_) => 0,
                Symbol::Text(_) => 1,
                Symbol::Time(_) => 3,
                _ => 2,
            };
            parts[part].push(place);
        }
        let [numbers, mut texts, mut plain, mut times] = parts;
        let decimals: Vec<&Decimal> = numbers.iter().filter_map(|place| number(&values[*place])).collect();
        let (sorted, order) = Numbers::sort(&decimals);
        let mut numbers: Vec<usize> = order.into_iter().map(|place| numbers[place as usize]).collect();
        for places in [&mut texts, &mut plain, &mut times] {
            put_in_order(values, places);
        }
        let mut codes = vec![0; values.len()];
        let mut next = 0;
        for places in [&mut numbers, &mut texts, &mut plain, &mut times] {
            encode(values, places, &mut codes, &mut next);
        }
        let is_there = |value: &Symbol<'_>| plain.iter().any(|place| values[*place] == *value);
        let symbols = Symbols {
            numbers: sorted,
            strings: Strings::new(texts.iter().filter_map(|place| text(&values[*place]))),
            plain: PLAIN.iter().enumerate().map(|(bit, value)| u8::from(is_there(value)) << bit).sum(),
            times: Times::new(&times.iter().filter_map(|place| time(&values[*place])).collect::<Vec<_>>()),
        };
        debug_assert_eq!(symbols.len(), next as usize, "what is equal here is equal to the numbers too");
        (symbols, codes)
    }

    /// The symbols of distinct times, which are in order.
    pub(crate) fn of_times(times: &[i64]) -> Symbols {
        Symbols { times: Times::new(times), ..Symbols::default() }
    }

    /// How many there are; this is also the code of what is missing.
    pub(crate) fn len(&self) -> usize {
        self.times_start() + self.times.len()
    }

    fn plain_start(&self) -> usize {
        self.numbers.len() + self.strings.len()
    }

    fn times_start(&self) -> usize {
        self.plain_start() + self.plain.count_ones() as usize
    }

    /// A value by its code.
    pub(crate) fn get(&self, code: usize) -> Symbol<'_> {
        if code < self.numbers.len() {
            return Symbol::Number(self.numbers.get(code));
        }
        if code < self.plain_start() {
            return Symbol::Text(self.strings.get(code - self.numbers.len()));
        }
        match self.plain().nth(code - self.plain_start()) {
            Some(plain) => plain,
            None => Symbol::Time(self.times.get(code - self.times_start())),
        }
    }

    /// Those of [`PLAIN`] that occur.
    fn plain(&self) -> impl Iterator<Item = Symbol<'static>> + '_ {
        PLAIN.into_iter().enumerate().filter(|(bit, _)| self.plain >> bit & 1 == 1).map(|(_, value)| value)
    }

    /// A time by its code; `None` of another value.
    pub(crate) fn time(&self, code: usize) -> Option<i64> {
        self.time_codes().contains(&code).then(|| self.times.get(code - self.times_start()))
    }

    /// The code of a value.
    pub(crate) fn find(&self, value: &Symbol<'_>) -> Option<usize> {
        let code = self.below(value, false);
        (code < self.len() && self.get(code) == *value).then_some(code)
    }

    /// How many are less than a value; with `equal`, how many are not greater.
    pub(crate) fn below(&self, value: &Symbol<'_>, equal: bool) -> usize {
        match value {
            Symbol::Number(number) => self.numbers.below(&number.exact(), equal),
            Symbol::Text(text) => self.numbers.len() + self.strings.below(text, equal),
            Symbol::Time(time) => {
                self.times_before(|other| if equal { other <= *time } else { other < *time })
            }
            plain => {
                let below = |other: &Symbol<'_>| if equal { other <= plain } else { other < plain };
                self.plain_start() + self.plain().filter(below).count()
            }
        }
    }

    /// The codes of numbers.
    pub(crate) fn number_codes(&self) -> Range<usize> {
        0..self.numbers.len()
    }

    /// The codes of strings.
    pub(crate) fn string_codes(&self) -> Range<usize> {
        self.numbers.len()..self.plain_start()
    }

    /// The codes of times.
    pub(crate) fn time_codes(&self) -> Range<usize> {
        self.times_start()..self.len()
    }

    /// The codes of a kind; times are none of them.
    pub(crate) fn codes(&self, kind: Kind) -> Range<usize> {
        let until = |plain: Symbol<'static>, equal| self.below(&plain, equal);
        match kind {
            Kind::Number => self.number_codes(),
            Kind::String => self.string_codes(),
            Kind::Boolean => self.plain_start()..until(Symbol::True, true),
            Kind::Null => until(Symbol::Null, false)..until(Symbol::Null, true),
            Kind::Array => until(Symbol::Array, false)..until(Symbol::Array, true),
            Kind::Object => until(Symbol::Object, false)..until(Symbol::Object, true),
        }
    }

    /// The codes of scalars: all but arrays, objects and times.
    pub(crate) fn scalar_codes(&self) -> Range<usize> {
        0..self.below(&Symbol::Null, true)
    }

    /// The codes of values that are in the order of time: seconds, milliseconds, strings that are dates in order, times.
    /// Where strings are not in order, those among them that are dates are to be looked for one by one.
    pub(crate) fn timelines(&self) -> Vec<Range<usize>> {
        let below = |number: i64| self.numbers.below(&number.into(), false);
        let numbers = Epoch::ALL.map(Epoch::numbers).map(|(from, until)| below(from)..below(until));
        let strings = if self.strings.are_timeline() { self.string_codes() } else { 0..0 };
        numbers.into_iter().chain([strings, self.time_codes()]).filter(|codes| !codes.is_empty()).collect()
    }

    /// When a value is, if it is a time, or a string or a number that is a date.
    pub(crate) fn moment(&self, code: usize) -> Option<Moment> {
        if self.number_codes().contains(&code) {
            return self.numbers.get(code).instant().map(Moment::Instant);
        }
        if self.time_codes().contains(&code) {
            return Some(Moment::Instant(filter::value::Instant(self.times.get(code - self.times_start()))));
        }
        let strings = self.string_codes();
        strings.contains(&code).then(|| self.strings.moment(code - strings.start)).flatten()
    }

    /// The codes of times for which `before` is true: they come first.
    pub(crate) fn times_before(&self, before: impl Fn(i64) -> bool) -> usize {
        self.times_start() + partition(self.times.len(), |place| before(self.times.get(place)))
    }

    /// Bytes in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        self.numbers.bytes() + self.strings.bytes() + self.times.bytes()
    }
}

/// Puts the places of texts, of times or of values of one form only in order. Keys decide most comparisons of the first two without a
/// look at the values.
fn put_in_order(values: &[Symbol<'_>], places: &mut Vec<usize>) {
    let mut keyed: Vec<(u64, usize)> = places.iter().map(|place| (key(&values[*place]), *place)).collect();
    keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| values[a.1].cmp(&values[b.1])));
    places.clear();
    places.extend(keyed.into_iter().map(|(_, place)| place));
}

/// What is in the order of the values of a kind, as far as it goes: of a text the first eight bytes.
fn key(value: &Symbol<'_>) -> u64 {
    match value {
        Symbol::Text(text) => {
            let mut first = [0; 8];
            let length = text.len().min(8);
            first[..length].copy_from_slice(&text.as_bytes()[..length]);
            u64::from_be_bytes(first)
        }
        Symbol::Time(time) => time.cast_unsigned() ^ 1 << 63, // those before 1970 first
        _ => 0,
    }
}

/// Gives the values at places that are in order their codes, from the next one on, and leaves one place for each code.
fn encode(values: &[Symbol<'_>], places: &mut Vec<usize>, codes: &mut [u32], next: &mut u32) {
    let mut last = None;
    places.retain(|place| {
        let is_new = last.is_none_or(|last| values[last] != values[*place]);
        last = Some(*place);
        *next += u32::from(is_new);
        codes[*place] = *next - 1;
        is_new
    });
}

fn number<'a>(symbol: &'a Symbol<'_>) -> Option<&'a Decimal> {
    match symbol {
        Symbol::Number(number) => Some(number),
        _ => None,
    }
}

fn text<'a>(symbol: &Symbol<'a>) -> Option<&'a str> {
    match symbol {
        Symbol::Text(text) => Some(text),
        _ => None,
    }
}

fn time(symbol: &Symbol<'_>) -> Option<i64> {
    match symbol {
        Symbol::Time(time) => Some(*time),
        _ => None,
    }
}
