//! The numbers of each code, currency by currency.

use std::iter::successors;

use bigdecimal::BigDecimal;

use super::census::NONE;
use crate::{engine::insight::sums::Money, insight::cell::Figure};

/// What the numbers of some people add up to: of those who do not pay, and of those who do.
#[derive(Clone, Default)]
pub(super) struct Amount<N> {
    people: [u64; 2],
    sums: [N; 2],
}

impl<N: Money> Amount<N> {
    pub(super) fn put(&mut self, number: &N, pays: bool) {
        let side = usize::from(pays);
        self.people[side] += 1;
        self.sums[side] += number;
    }

    /// Whether nobody has a number.
    pub(super) fn is_nothing(&self) -> bool {
        self.people == [0, 0]
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
    /// None yet, of so many codes.
    pub(super) fn new(currencies: usize, codes: usize) -> Purses<N> {
        Purses { currencies, first: vec![NONE; codes], all: Vec::new() }
    }

    pub(super) fn currencies(&self) -> usize {
        self.currencies
    }

    pub(super) fn add(&mut self, id: u32, currency: usize, amount: Amount<N>) {
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
