//! The numbers of those who came by codes: as units at one scale where they fit, which is nearly always.

use filter::Field;

use super::{By, Census, Part, Reach, census::NONE};
use crate::{
    chunk::Held,
    column::{Symbols, numbers::Sum},
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
    numbers: Vec<Numbers<'a>>,
    /// The scale of all of them; `None` where they need numbers of any size.
    scale: Option<u8>,
}

/// The numbers of a part.
struct Numbers<'a> {
    /// What each row has at the path of the code.
    came: Vec<u16>,
    /// The column of the numbers, and what each row has there.
    column: Option<Held<'a>>,
    own: Vec<u16>,
    /// The currency of each row.
    slots: Vec<u16>,
}

/// What the numbers of some people add up to: of all of them, and of those who pay.
#[derive(Clone, Default)]
pub(super) struct Amount<N> {
    people: [u64; 2],
    sums: [N; 2],
}

impl<N: Money> Amount<N> {
    fn put(&mut self, number: &N, pays: bool) {
        for side in 0..=usize::from(pays) {
            self.people[side] += 1;
            self.sums[side] += number;
        }
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
        let numbers = each(parts, |part| {
            let column = part.column.as_ref().and_then(|_| part.seen.column(sum));
            let codes =
                |held: &Option<Held<'_>>| held.as_ref().map_or_else(Vec::new, |held| held.all_codes());
            let slots = if column.is_some() { slots(&part.seen, currency, currencies) } else { Vec::new() };
            Numbers { came: codes(&part.column), own: codes(&column), column, slots }
        });
        let scales = numbers.iter().filter_map(|part| part.column.as_deref());
        let scales = scales.filter(|column| !column.symbols.number_codes().is_empty());
        let scales: Option<Vec<u8>> =
            scales.map(|column| column.symbols.numbers.units().map(|(scale, _)| scale)).collect();
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
            self.numbers[*place].by_code((&self.parts[*place], &census.ids[*place]), currency, &worth)
        });
        let mut all = vec![Amount::default(); census.nodes.len()];
        for (ids, part) in census.ids.iter().zip(parts) {
            let codes = ids.iter().zip(part).filter(|(id, own)| **id != NONE && own.people[0] > 0);
            codes.for_each(|(id, own)| all[*id as usize].add(&own));
        }
        By(&all).put_together(ids, reach, |all, own| all.add(own))
    }
}

impl Numbers<'_> {
    /// What there is in a currency of each code of the part.
    fn by_code<N: Money>(
        &self,
        (part, ids): (&Part<'_>, &[u32]),
        currency: usize,
        worth: &impl Fn(&Symbols, usize) -> N,
    ) -> Vec<Amount<N>> {
        let Some(column) = self.column.as_deref() else { return Vec::new() };
        let numbers: Vec<N> =
            column.symbols.number_codes().map(|code| worth(&column.symbols, code)).collect();
        let mut amounts = vec![Amount::default(); ids.len()];
        part.people.each(|row| {
            let came = usize::from(self.came[row]);
            if let Some(number) = numbers.get(usize::from(self.own[row]))
                && ids[came] != NONE
                && usize::from(self.slots[row]) == currency
            {
                amounts[came].put(number, part.paid.has(row));
            }
        });
        amounts
    }
}

fn figures<N>(amounts: Vec<Amount<N>>, exact: impl Fn(N) -> bigdecimal::BigDecimal) -> Vec<[Figure; 2]> {
    let figure = |Amount { people, sums: [all, paid] }: Amount<N>| {
        [Figure { people: people[0], sum: exact(all) }, Figure { people: people[1], sum: exact(paid) }]
    };
    amounts.into_iter().map(figure).collect()
}
