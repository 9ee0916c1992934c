//! Chance that never changes: the same seed throws the same dice on every machine and with every compiler.

/// SplitMix64. Not a crate's generator: those may throw otherwise in their next version.
pub(crate) struct Dice(u64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Dice {
    /// The dice of one thing of many: row `n` is the same whichever rows were made before it.
    pub(crate) fn of(seed: u64, n: u64) -> Dice {
        let mut dice = Dice(seed ^ n.wrapping_mul(STEP));
        dice.next();
        dice
    }

    /// 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// True in so many of a thousand throws.
    pub(crate) fn permille(&mut self, of_1000: u64) -> bool {
        self.below(1000) < of_1000
    }

    /// One of the things, all alike.
    pub(crate) fn pick<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len() as u64) as usize]
    }
}

/// Zipf's law: the second comes up half as often as the first, the third a third as often, and so on.
pub(crate) struct Zipf(Vec<u64>);

impl Zipf {
    pub(crate) fn new(count: usize) -> Zipf {
        let mut sum = 0;
        // Integers, so that no machine's floating point can tell rows apart.
        let ends = (1..=count as u64).map(|rank| {
            sum += 1_000_000_000_000 / rank;
            sum
        });
        Zipf(ends.collect())
    }

    /// A place below the count.
    pub(crate) fn throw(&self, dice: &mut Dice) -> usize {
        let at = dice.below(self.0.last().copied().unwrap_or(1));
        self.0.partition_point(|&end| end <= at)
    }

    /// One of the things, which are as many as the places.
    pub(crate) fn pick<'a, T>(&self, dice: &mut Dice, things: &'a [T]) -> &'a T {
        &things[self.throw(dice) % things.len()]
    }
}
