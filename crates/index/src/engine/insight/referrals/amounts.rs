//! The numbers of those who came by codes: as units at one scale where they fit, which is nearly always.

use std::iter::successors;

use bigdecimal::BigDecimal;
use filter::Field;

use super::{
    Census, Part, Reach,
    census::{NONE, scalars},
    gathered::{Gathered, by_place},
};
use crate::{
    bits::Bits,
    chunk::Held,
    column::{CodeSet, Symbols, numbers::Sum},
    engine::{
        each,
        insight::{slots::slots, sums::Money},
    },
    insight::{Slice, cell::Figure, referrals::Links},
};

/// Scales that are as far apart leave room for the sum of as many numbers as there may be rows.
const APART: u8 = 7;

/// The numbers of all parts.
pub(super) struct Amounts<'a> {
    parts: &'a [Part<'a>],
    /// Part by part.
    numbers: Vec<Option<Numbers<'a>>>,
    /// The scale of all of them; `None` where they need numbers of any size.
    scale: Option<u8>,
}

/// The numbers of a part where somebody came by a code.
struct Numbers<'a> {
    /// Those who are told of, came by a code and have a number.
    rows: Bits,
    /// What each row has at the path of the code.
    came: Vec<u16>,
    /// The column of the numbers, and what each row has there.
    column: Held<'a>,
    own: Vec<u16>,
    /// The currency of each row.
    slots: Vec<u16>,
}

/// What the numbers of some people add up to: of those who do not pay, and of those who do.
#[derive(Clone, Default)]
pub(super) struct Amount<N> {
    people: [u64; 2],
    sums: [N; 2],
}

impl<N: Money> Amount<N> {
    fn put(&mut self, number: &N, pays: bool) {
        let side = usize::from(pays);
        self.people[side] += 1;
        self.sums[side] += number;
    }

    pub(super) fn add(&mut self, other: &Amount<N>) {
        for side in 0..2 {
            self.people[side] += other.people[side];
            self.sums[side] += &other.sums[side];
        }
    }

    /// The figures of everybody and of those who pay.
    pub(super) fn figures(self, exact: impl Fn(N) -> BigDecimal) -> [Figure; 2] {
        let Amount { people: [others, pay], sums: [mut all, paid] } = self;
        all += &paid;
        [Figure { people: others + pay, sum: exact(all) }, Figure { people: pay, sum: exact(paid) }]
    }
}

/// The numbers of those who came by each code; few codes have several currencies, of many.
pub(super) struct Purses<N> {
    currencies: usize,
    /// By code: where its first is among all.
    first: Vec<u32>,
    all: Vec<Purse<N>>,
}

/// The numbers of a code in a currency.
struct Purse<N> {
    currency: usize,
    amount: Amount<N>,
    /// Where the next one of the code is.
    next: u32,
}

/// Without any number.
impl<N> Default for Purses<N> {
    fn default() -> Purses<N> {
        Purses { currencies: 0, first: Vec::new(), all: Vec::new() }
    }
}

impl<N: Money> Purses<N> {
    pub(super) fn currencies(&self) -> usize {
        self.currencies
    }

    fn add(&mut self, id: u32, currency: usize, amount: Amount<N>) {
        let first = self.first[id as usize];
        let mut place = first;
        while let Some(purse) = self.all.get_mut(place as usize) {
            if purse.currency == currency {
                return purse.amount.add(&amount);
            }
            place = purse.next;
        }
        self.first[id as usize] = self.all.len() as u32; // fits: there are not as many rows
        self.all.push(Purse { currency, amount, next: first });
    }

    /// What a code has, with its currencies.
    pub(super) fn of(&self, id: u32) -> impl Iterator<Item = (usize, &Amount<N>)> {
        let at = |place: u32| self.all.get(place as usize);
        let first = self.first.get(id as usize).and_then(|first| at(*first));
        successors(first, move |purse| at(purse.next)).map(|purse| (purse.currency, &purse.amount))
    }
}

impl<'a> Amounts<'a> {
    pub(super) fn of(
        parts: &'a [Part<'a>],
        sum: &Field,
        currency: Option<&Field>,
        currencies: &[Slice],
    ) -> Amounts<'a> {
        let numbers = each(parts, |part| Numbers::of(part, sum, currency, currencies));
        let scales = numbers.iter().flatten().map(|part| part.column.symbols.numbers.units());
        let scales: Option<Vec<u8>> = scales.map(|units| units.map(|(scale, _)| scale)).collect();
        let scale = scales.and_then(|scales| {
            let (least, most) =
                (scales.iter().min().copied().unwrap_or(0), scales.iter().max().copied().unwrap_or(0));
            (most - least <= APART).then_some(most)
        });
        Amounts { parts, numbers, scale }
    }

    /// What there is at each place, and the chain of each code.
    pub(super) fn told(
        &self,
        census: &Census<'_>,
        currencies: usize,
        ids: &[u32],
        reach: Reach<'_>,
    ) -> (Vec<Gathered<[Figure; 2]>>, Vec<Links>) {
        match self.scale {
            Some(scale) => {
                let worth = |symbols: &Symbols, code| match symbols.numbers.units() {
                    Some((own, units)) => i128::from(units.get(code)) * 10_i128.pow(u32::from(scale - own)),
                    None => 0,
                };
                let purses = self.purses(census, currencies, worth);
                by_place((census, &purses), ids, reach, |units| Sum::of(units, scale).exact())
            }
            None => {
                let worth = |symbols: &Symbols, code| symbols.numbers.get(code).exact();
                by_place((census, &self.purses(census, currencies, worth)), ids, reach, |exact| exact)
            }
        }
    }

    fn purses<N: Money + Send + Sync>(
        &self,
        census: &Census<'_>,
        currencies: usize,
        worth: impl Fn(&Symbols, usize) -> N + Sync,
    ) -> Purses<N> {
        let places: Vec<usize> = (0..self.numbers.len()).collect();
        let parts = each(&places, |place| {
            let numbers = self.numbers[*place].as_ref();
            numbers.map_or_else(Vec::new, |numbers| numbers.by_code(&self.parts[*place], currencies, &worth))
        });
        let mut purses = Purses { currencies, first: vec![NONE; census.nodes.len()], all: Vec::new() };
        for (ids, part) in census.ids.iter().zip(parts) {
            let known = part.into_iter().filter(|(code, ..)| ids[*code] != NONE);
            known.for_each(|(code, currency, amount)| purses.add(ids[code], currency, amount));
        }
        purses
    }
}

impl<'a> Numbers<'a> {
    fn of(
        part: &Part<'a>,
        sum: &Field,
        currency: Option<&Field>,
        currencies: &[Slice],
    ) -> Option<Numbers<'a>> {
        let (path, column) = (part.column.as_deref()?, part.seen.column(sum)?);
        let (codes, numbers) = (0..scalars(&path.symbols), column.symbols.number_codes());
        if codes.is_empty() || numbers.is_empty() {
            return None;
        }
        let mut rows = path.select(&CodeSet::Range(codes));
        rows.keep(&column.select(&CodeSet::Range(numbers)));
        rows.keep(&part.people);
        let (came, own) = (path.all_codes(), column.all_codes());
        Some(Numbers { rows, came, own, column, slots: slots(&part.seen, currency, currencies) })
    }

    /// What there is of each code of the part, with the currency.
    fn by_code<N: Money>(
        &self,
        part: &Part<'_>,
        currencies: usize,
        worth: &impl Fn(&Symbols, usize) -> N,
    ) -> Vec<(usize, usize, Amount<N>)> {
        let symbols = &self.column.symbols;
        let numbers: Vec<N> = symbols.number_codes().map(|code| worth(symbols, code)).collect();
        let codes = part.column.as_ref().map_or(0, |path| scalars(&path.symbols));
        let mut told = Vec::new();
        for currency in 0..currencies {
            let mut amounts = vec![Amount::default(); codes];
            self.rows.each(|row| {
                if usize::from(self.slots[row]) == currency {
                    let amount = &mut amounts[usize::from(self.came[row])];
                    amount.put(&numbers[usize::from(self.own[row])], part.paid.has(row));
                }
            });
            let some = amounts.into_iter().enumerate().filter(|(_, own)| own.people != [0, 0]);
            told.extend(some.map(|(code, own)| (code, currency, own)));
        }
        told
    }
}
