//! What there is of several codes together: of all of them, of the others, of each one and of each chain.

use bigdecimal::BigDecimal;
use filter::CONDITIONS_MAX;

use super::{
    Census, Reach,
    purses::{Amount, Purses},
};
use crate::{
    column::Symbol,
    engine::insight::sums::Money,
    insight::{cell::Figure, referrals::Links},
};

/// The places before those of codes: all, and all others.
pub(super) const TOGETHER: usize = 2;

/// What there is at a place.
pub(super) struct Gathered<A> {
    /// How many people, and how many of them pay.
    pub(super) people: [u64; 2],
    /// What their numbers are, currency by currency.
    pub(super) sums: Vec<A>,
}

impl<N: Money> Gathered<Amount<N>> {
    fn none(purses: &Purses<N>) -> Gathered<Amount<N>> {
        Gathered { people: [0, 0], sums: vec![Amount::default(); purses.currencies()] }
    }

    fn add(&mut self, other: &Gathered<Amount<N>>) {
        self.people.iter_mut().zip(other.people).for_each(|(own, other)| *own += other);
        self.sums.iter_mut().zip(&other.sums).for_each(|(own, other)| own.add(other));
    }

    /// Takes in the people of a code.
    fn take(&mut self, id: u32, (census, purses): (&Census<'_>, &Purses<N>)) {
        let node = &census.nodes[id as usize];
        self.people[0] += node.people;
        self.people[1] += node.paid;
        purses.of(id).for_each(|(currency, amount)| self.sums[currency].add(amount));
    }
}

/// What there is at each place, and the chain of each code. Each is walked once.
pub(super) fn by_place<N: Money>(
    of: (&Census<'_>, &Purses<N>),
    ids: &[u32],
    reach: Reach<'_>,
    exact: impl Fn(N) -> BigDecimal,
) -> (Vec<Gathered<[Figure; 2]>>, Vec<Links>) {
    let (census, purses) = of;
    let mut places = vec![Gathered::none(purses), Gathered::none(purses)];
    let mut is_listed = vec![false; census.nodes.len()];
    ids.iter().for_each(|id| is_listed[*id as usize] = true);
    let others = (0..).zip(is_listed).filter(|(_, is_listed)| !is_listed);
    others.for_each(|(id, _)| places[1].take(id, of));
    for id in ids {
        let mut own = Gathered::none(purses);
        own.take(*id, of);
        places.push(own);
    }
    let (all, each) = places.split_at_mut(1);
    each.iter().for_each(|own| all[0].add(own));
    let mut links = Vec::with_capacity(ids.len());
    for id in ids {
        let mut chain = Gathered::none(purses);
        let (mut codes, mut count, mut depth) = (Vec::new(), 0, 0);
        reach(*id, &mut |id, level| {
            chain.take(id, of);
            let node = &census.nodes[id as usize];
            if node.people > 0 {
                (count, depth) = (count + 1, level);
                if codes.len() < CONDITIONS_MAX {
                    codes.push(&node.symbol);
                }
            }
        });
        codes.sort_unstable();
        links.push(Links { codes: codes.into_iter().map(Symbol::datum).collect(), count, depth });
        places.push(chain);
    }
    let told = |Gathered { people, sums }: Gathered<Amount<N>>| {
        let sums = sums.into_iter().map(|amount| amount.figures(&exact)).collect();
        Gathered { people, sums }
    };
    (places.into_iter().map(told).collect(), links)
}
