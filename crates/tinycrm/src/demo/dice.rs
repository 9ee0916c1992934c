//! Chance with a seed: the same seed throws the same dice.

use rand::{RngExt, SeedableRng, rngs::StdRng};

/// A source of chance.
pub struct Dice(StdRng);

impl Dice {
    /// Dice that always fall the same way for a seed.
    pub fn new(seed: u64) -> Dice {
        Dice(StdRng::seed_from_u64(seed))
    }

    /// A number from 0 up to, and without, 1.
    pub fn unit(&mut self) -> f64 {
        self.0.random_range(0.0..1.0)
    }

    /// True this often.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A whole number of the range, its end left out.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        self.0.random_range(from..to)
    }

    /// One of the things, all alike.
    pub fn pick<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.0.random_range(0..things.len())]
    }

    /// One of the things, by weight.
    pub fn weighted<'a, T>(&mut self, things: &'a [(T, u32)]) -> &'a T {
        let total: u32 = things.iter().map(|(_, weight)| weight).sum();
        let mut left = self.0.random_range(0..total);
        for (thing, weight) in things {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return thing,
            }
        }
        &things[0].0
    }

    /// An index below `count`; the first ones come up far more often, with a long tail.
    pub fn long_tail(&mut self, count: usize) -> usize {
        // A power of a uniform number; it stays below 1, so the index stays below the count.
        (self.unit().powi(3) * count as f64) as usize
    }

    /// A waiting time with this mean; any wait may end at any moment.
    pub fn wait(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }
}
