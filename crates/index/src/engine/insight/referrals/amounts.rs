//! The numbers of those who came by codes: as units at one scale where they fit, which is nearly always.

use filter::Field;

use super::{
    By, Census, Part, Reach,
    census::{NONE, scalars},
};
use crate::{
    bits::Bits,
    chunk::Held,
    column::{CodeSet, Symbols, numbers::Sum},
    engine::{
        each,
        insight::{slots::slots, sums::Money},
    },
    insight::{Slice, referrals::Figure},
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

    fn add(&mut self, other: &Amount<N>) {
        for side in 0..2 {
            self.people[side] += other.people[side];
            self.sums[side] += &other.sums[side];
        }
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

    /// What there is in a currency at each place, of all and of those who pay.
    pub(super) fn told(
        &self,
        census: &Census<'_>,
        currency: usize,
        ids: &[u32],
        reach: Reach<'_>,
    ) -> Vec<[Figure; 2]> {
        match self.scale {
            Some(scale) => {
                let worth = |symbols: &Symbols, code| match symbols.numbers.units() {
                    Some((own, units)) => i128::from(units.get(code)) * 10_i128.pow(u32::from(scale - own)),
                    None => 0,
                };
                let told = self.put_together(census, currency, ids, reach, worth);
                figures(told, |units| Sum::of(units, scale).exact())
            }
            None => {
                let worth = |symbols: &Symbols, code| symbols.numbers.get(code).exact();
                figures(self.put_together(census, currency, ids, reach, worth), |exact| exact)
            }
        }
    }

    fn put_together<N: Money + Send + Sync>(
        &self,
        census: &Census<'_>,
        currency: usize,
        ids: &[u32],
        reach: Reach<'_>,
        worth: impl Fn(&Symbols, usize) -> N + Sync,
    ) -> Vec<Amount<N>> {
        let places: Vec<usize> = (0..self.numbers.len()).collect();
        let parts = each(&places, |place| {
            let numbers = self.numbers[*place].as_ref();
            numbers.map_or_else(Vec::new, |numbers| numbers.by_code(&self.parts[*place], currency, &worth))
        });
        let mut all = vec![Amount::default(); census.nodes.len()];
        for (ids, part) in census.ids.iter().zip(parts) {
            let codes = ids.iter().zip(part).filter(|(id, own)| **id != NONE && own.people != [0, 0]);
            codes.for_each(|(id, own)| all[*id as usize].add(&own));
        }
        By(&all).put_together(ids, reach, |all, own| all.add(own))
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

    /// What there is in a currency of each code of the part.
    fn by_code<N: Money>(
        &self,
        part: &Part<'_>,
        currency: usize,
        worth: &impl Fn(&Symbols, usize) -> N,
    ) -> Vec<Amount<N>> {
        let symbols = &self.column.symbols;
        let numbers: Vec<N> = symbols.number_codes().map(|code| worth(symbols, code)).collect();
        let codes = part.column.as_ref().map_or(0, |path| scalars(&path.symbols));
        let mut amounts = vec![Amount::default(); codes];
        self.rows.each(|row| {
            if usize::from(self.slots[row]) == currency {
                let amount = &mut amounts[usize::from(self.came[row])];
                amount.put(&numbers[usize::from(self.own[row])], part.paid.has(row));
            }
        });
        amounts
    }
}

fn figures<N: Money>(
    amounts: Vec<Amount<N>>,
    exact: impl Fn(N) -> bigdecimal::BigDecimal,
) -> Vec<[Figure; 2]> {
    let figure = |Amount { people: [others, pay], sums: [mut all, paid] }: Amount<N>| {
        all += &paid;
        [Figure { people: others + pay, sum: exact(all) }, Figure { people: pay, sum: exact(paid) }]
    };
    amounts.into_iter().map(figure).collect()
}
