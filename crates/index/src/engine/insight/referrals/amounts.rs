//! The numbers of those who came by codes: as units at one scale where they fit, which is nearly always.

use filter::Field;

use super::{
    Census, Part, Reach,
    census::{NONE, scalars},
    gathered::{Gathered, by_place},
    purses::{Amount, Purses},
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
        let mut purses = Purses::new(currencies, census.nodes.len());
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
            let some = amounts.into_iter().enumerate().filter(|(_, own)| !own.is_nothing());
            told.extend(some.map(|(code, own)| (code, currency, own)));
        }
        told
    }
}
