//! An aggregate under way: what it needs of the values that it has seen, each so many times.

use bigdecimal::BigDecimal;
use filter::value::{Instant, Moment};
use jiff::{civil::Date, tz::TimeZone};

use crate::{
    Extreme, Function, Moments, Total,
    column::{Symbols, numbers::Sum},
    decimal::Decimal,
    number,
};

/// What an aggregate has seen.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    function: Function,
    /// Rows that have a value.
    present: u64,
    numbers: u64,
    sum: Sum,
    /// The least or the greatest number.
    extreme: Option<Decimal>,
    /// For medians: numbers and how often.
    values: Vec<(Decimal, u32)>,
    dates: u64,
    moments: Moments,
}

impl Tally {
    pub(super) fn new(function: Function) -> Tally {
        Tally {
            function,
            present: 0,
            numbers: 0,
            sum: Sum::default(),
            extreme: None,
            values: Vec::new(),
            dates: 0,
            moments: Moments::default(),
        }
    }

    /// Takes in a value, by its code, so many times.
    pub(super) fn add(&mut self, symbols: &Symbols, code: usize, count: u32) {
        self.present += u64::from(count);
        if !symbols.number_codes().contains(&code) {
            if self.function.orders()
                && let Some(moment) = symbols.moment(code)
            {
                self.dates += u64::from(count);
                see(&mut self.moments, moment);
            }
            return;
        }
        self.numbers += u64::from(count);
        let number = symbols.numbers.get(code);
        match self.function {
            Function::Sum | Function::Avg => self.sum.add(&Sum::times(&number, count)),
            Function::Median => self.values.push((number, count)),
            Function::Min | Function::Max => self.meet(number),
        }
    }

    /// Takes in numbers whose sum is known; only for sums and averages.
    pub(super) fn add_sum(&mut self, numbers: u64, sum: &Sum) {
        self.present += numbers;
        self.numbers += numbers;
        self.sum.add(sum);
    }

    /// Takes in values that are no numbers, so many; only for sums and averages.
    pub(super) fn add_others(&mut self, count: u64) {
        self.present += count;
    }

    fn meet(&mut self, number: Decimal) {
        let wanted = self.function == Function::Min;
        if self.extreme.as_ref().is_none_or(|extreme| (number < *extreme) == wanted && number != *extreme) {
            self.extreme = Some(number);
        }
    }

    /// Takes in all values of a dictionary, as often as `counts` says by code; medians are worked out elsewhere.
    pub(super) fn add_all(&mut self, symbols: &Symbols, counts: &[u32]) {
        let numbers = symbols.number_codes();
        self.present += total(&counts[..symbols.len()]);
        self.numbers += total(&counts[numbers.clone()]);
        match self.function {
            Function::Sum | Function::Avg => self.sum.add(&symbols.numbers.sum(&counts[numbers])),
            Function::Median => {}
            Function::Min | Function::Max => {
                let seen = |code: &usize| counts[*code] > 0;
                let (mut ascending, mut descending) = (numbers.clone(), numbers.rev());
                let first = match self.function {
                    Function::Min => ascending.find(seen),
                    _ => descending.find(seen),
                };
                if let Some(code) = first {
                    self.meet(symbols.numbers.get(code));
                }
                let (dates, moments) = moments(symbols, counts);
                self.dates += dates;
                for moment in moments {
                    see(&mut self.moments, moment);
                }
            }
        }
    }

    /// As [`Tally::add_all`], and for a median the numbers too.
    pub(super) fn add_each(&mut self, symbols: &Symbols, counts: &[u32]) {
        self.add_all(symbols, counts);
        if self.function == Function::Median {
            let numbers = symbols.number_codes();
            let seen = numbers.clone().zip(&counts[numbers]).filter(|(_, count)| **count > 0);
            self.values.extend(seen.map(|(code, count)| (symbols.numbers.get(code), *count)));
        }
    }

    /// Takes in what another of the same function has seen.
    pub(super) fn merge(&mut self, other: Tally) {
        self.present += other.present;
        self.numbers += other.numbers;
        self.sum.add(&other.sum);
        self.values.extend(other.values);
        self.dates += other.dates;
        if let Some(extreme) = other.extreme {
            self.meet(extreme);
        }
        let days = other.moments.days.into_iter().flat_map(|(first, last)| [first, last]);
        days.for_each(|day| see(&mut self.moments, Moment::Day(day)));
        let instants = other.moments.instants.into_iter().flat_map(|(first, last)| [first, last]);
        instants.for_each(|instant| see(&mut self.moments, Moment::Instant(instant)));
    }

    /// The aggregate over so many rows.
    pub(super) fn finish(mut self, rows: u64, zone: &TimeZone) -> Total {
        let dates = self.numbers == 0 && self.function.orders();
        let counted = if dates { self.dates } else { self.numbers };
        let number = |number: BigDecimal| Some(Extreme::Number(number.normalized()));
        let value = match self.function {
            _ if dates => self.moments.extreme(self.function, zone),
            Function::Sum => number(self.sum.exact()),
            _ if self.numbers == 0 => None,
            Function::Avg => number(number::average(&self.sum.exact(), self.numbers)),
            Function::Min | Function::Max => self.extreme.as_ref().map(Decimal::exact).and_then(number),
            Function::Median => {
                self.values.sort_unstable();
                let (lower, upper) =
                    (nth(&self.values, (self.numbers - 1) / 2), nth(&self.values, self.numbers / 2));
                lower
                    .zip(upper)
                    .and_then(|(lower, upper)| number(number::middle(&lower.exact(), &upper.exact())))
            }
        };
        Total { value, counted, skipped: self.present - counted, missing: rows - self.present }
    }

    /// The aggregate, for a median whose two middle numbers are known.
    pub(super) fn finish_median(self, middle: Option<(BigDecimal, BigDecimal)>, rows: u64) -> Total {
        let value = middle.map(|(lower, upper)| Extreme::Number(number::middle(&lower, &upper)));
        Total {
            value,
            counted: self.numbers,
            skipped: self.present - self.numbers,
            missing: rows - self.present,
        }
    }
}

pub(super) fn total(counts: &[u32]) -> u64 {
    counts.iter().map(|count| u64::from(*count)).sum()
}

/// The number at a place, when each stands there as often as it was seen.
fn nth(values: &[(Decimal, u32)], mut place: u64) -> Option<&Decimal> {
    for (value, count) in values {
        match place.checked_sub(u64::from(*count)) {
            None => return Some(value),
            Some(rest) => place = rest,
        }
    }
    None
}

/// How many of the values are times or strings that are dates, and among these the first and the last of each kind. Of
/// what is in the order of time, only the ends are looked at.
pub(super) fn moments(symbols: &Symbols, counts: &[u32]) -> (u64, Vec<Moment>) {
    let (mut dates, mut found) = (0, Vec::new());
    let strings = symbols.string_codes();
    let timeline = symbols.strings.are_timeline();
    for codes in [strings.clone(), symbols.time_codes()] {
        if codes == strings && !timeline {
            continue;
        }
        dates += total(&counts[codes.clone()]);
        let seen = |code: &usize| counts[*code] > 0;
        let ends = [codes.clone().find(seen), codes.rev().find(seen)];
        found.extend(ends.into_iter().flatten().filter_map(|code| symbols.moment(code)));
    }
    if symbols.strings.has_dates() && !timeline {
        for code in strings.filter(|code| counts[*code] > 0) {
            if let Some(moment) = symbols.moment(code) {
                dates += u64::from(counts[code]);
                found.push(moment);
            }
        }
    }
    (dates, found)
}

/// Widens the first and the last by a moment.
fn see(moments: &mut Moments, moment: Moment) {
    fn widen<T: Copy + Ord>(range: Option<(T, T)>, value: T) -> Option<(T, T)> {
        Some(range.map_or((value, value), |(least, greatest)| (least.min(value), greatest.max(value))))
    }
    match moment {
        Moment::Day(day) => moments.days = widen::<Date>(moments.days, day),
        Moment::Instant(instant) => moments.instants = widen::<Instant>(moments.instants, instant),
    }
}

/// The first and the last of moments.
pub(super) fn extremes(all: impl IntoIterator<Item = Moment>) -> Moments {
    all.into_iter().collect()
}
