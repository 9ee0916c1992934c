//! The distinct numbers of a column, ascending: integers at one common scale where they fit, which is nearly always.

use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive};

use crate::decimal::{Decimal, SCALE_MAX};

/// Distinct numbers, ascending.
#[derive(Debug)]
pub(crate) enum Numbers {
    /// `units / 10^scale`
    Fixed {
        /// Places after the point that all of them share.
        scale: u8,
        /// The digits with their signs.
        units: Units,
    },
    /// Where some do not fit.
    Exact(Box<[BigDecimal]>),
}

/// Integers, as narrow as they can be.
#[derive(Debug)]
pub(crate) enum Units {
    /// All fit into 32 bits.
    Narrow(Box<[i32]>),
    /// All fit into 64 bits.
    Wide(Box<[i64]>),
}

impl Units {
    fn new(units: &[i64]) -> Units {
        match units.iter().map(|unit| i32::try_from(*unit)).collect::<Result<_, _>>() {
            Ok(narrow) => Units::Narrow(narrow),
            Err(_) => Units::Wide(units.into()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Units::Narrow(units) => units.len(),
            Units::Wide(units) => units.len(),
        }
    }

    pub(crate) fn get(&self, place: usize) -> i64 {
        match self {
            Units::Narrow(units) => i64::from(units[place]),
            Units::Wide(units) => units[place],
        }
    }

    /// How many are less than the bound.
    fn below(&self, bound: i128) -> usize {
        match self {
            Units::Narrow(units) => units.partition_point(|unit| i128::from(*unit) < bound),
            Units::Wide(units) => units.partition_point(|unit| i128::from(*unit) < bound),
        }
    }

    /// The sum of each taken so many times.
    fn dot(&self, counts: &[u32]) -> i128 {
        match self {
            // Fits: a chunk has 65,536 rows at most, and none of these numbers has more than 32 bits.
            Units::Narrow(units) => {
                let products =
                    units.iter().zip(counts).map(|(unit, count)| i64::from(*unit) * i64::from(*count));
                i128::from(products.sum::<i64>())
            }
            Units::Wide(units) => {
                let products = units.iter().zip(counts).filter(|(_, count)| **count != 0);
                products.map(|(unit, count)| i128::from(*unit) * i128::from(*count)).sum()
            }
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Units::Narrow(units) => size_of_val(&**units),
            Units::Wide(units) => size_of_val(&**units),
        }
    }
}

impl Default for Numbers {
    fn default() -> Self {
        Numbers::Fixed { scale: 0, units: Units::Narrow(Box::default()) }
    }
}

impl Numbers {
    /// The distinct ones of numbers in any order, and the order of all of them.
    pub(crate) fn sort(numbers: &[&Decimal]) -> (Numbers, Vec<u32>) {
        match fixed(numbers) {
            Some((scale, units)) => {
                let order = ordered(&units);
                let mut sorted: Vec<i64> = order.iter().map(|place| units[*place as usize]).collect();
                sorted.dedup();
                (Numbers::Fixed { scale, units: Units::new(&sorted) }, order)
            }
            None => {
                let order = ordered(numbers);
                let mut sorted: Vec<_> = order.iter().map(|place| numbers[*place as usize]).collect();
                sorted.dedup();
                (Numbers::Exact(sorted.into_iter().map(Decimal::exact).collect()), order)
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Numbers::Fixed { units, .. } => units.len(),
            Numbers::Exact(numbers) => numbers.len(),
        }
    }

    /// The numbers as integers and the scale of these, where they fit.
    pub(crate) fn units(&self) -> Option<(u8, &Units)> {
        match self {
            Numbers::Fixed { scale, units } => Some((*scale, units)),
            Numbers::Exact(_) => None,
        }
    }

    /// A number by its place.
    pub(crate) fn get(&self, place: usize) -> Decimal {
        match self {
            Numbers::Fixed { scale, units } => Decimal::small(units.get(place), *scale),
            Numbers::Exact(numbers) => Decimal::of(&numbers[place]),
        }
    }

    /// How many are less than the bound; with `equal`, how many are not greater.
    pub(crate) fn below(&self, bound: &BigDecimal, equal: bool) -> usize {
        match self {
            Numbers::Exact(numbers) if equal => numbers.partition_point(|number| number <= bound),
            Numbers::Exact(numbers) => numbers.partition_point(|number| number < bound),
            Numbers::Fixed { scale, units } => {
                let scaled = bound * BigDecimal::new(1.into(), -i64::from(*scale));
                let floor = scaled.with_scale_round(0, RoundingMode::Floor);
                let whole = floor == scaled;
                match floor.to_i128() {
                    // What is below a bound that is not whole is everything up to its whole part.
                    Some(floor) => units.below(floor.saturating_add(i128::from(equal || !whole))),
                    None if *bound < BigDecimal::default() => 0,
                    None => units.len(),
                }
            }
        }
    }

    /// The sum of each number taken so many times, as units at a scale where they fit.
    pub(crate) fn sum(&self, counts: &[u32]) -> Sum {
        match self {
            Numbers::Fixed { scale, units } => Sum::of(units.dot(counts), *scale),
            Numbers::Exact(numbers) => {
                let products = numbers.iter().zip(counts).filter(|(_, count)| **count != 0);
                Sum {
                    units: 0,
                    scale: 0,
                    rest: products.map(|(number, count)| number * BigDecimal::from(*count)).sum(),
                }
            }
        }
    }

    /// Bytes in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Numbers::Fixed { units, .. } => units.bytes(),
            Numbers::Exact(numbers) => numbers.len() * 64,
        }
    }
}

/// The numbers as integers at the least scale that all share, if they fit.
fn fixed(numbers: &[&Decimal]) -> Option<(u8, Vec<i64>)> {
    let scale_of = |number: &&Decimal| match number {
        Decimal::Small { scale, .. } => Some(*scale),
        Decimal::Big(_) => None,
    };
    let scale = numbers.iter().map(scale_of).try_fold(0, |most, scale| Some(scale?.max(most)))?;
    let unit = |number: &&Decimal| match number {
        Decimal::Small { units, scale: own } => {
            units.checked_mul(10_i64.checked_pow(u32::from(scale - own))?)
        }
        Decimal::Big(_) => None,
    };
    Some((scale, numbers.iter().map(unit).collect::<Option<_>>()?))
}

/// The places of values in ascending order.
fn ordered<T: Ord>(values: &[T]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    order.sort_unstable_by(|a, b| values[*a as usize].cmp(&values[*b as usize]));
    order
}

/// A sum under way: integers at one scale as long as that works, the rest as exact decimals.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sum {
    units: i128,
    scale: u8,
    rest: BigDecimal,
}

impl Sum {
    /// `units / 10^scale`
    pub(crate) fn of(units: i128, scale: u8) -> Sum {
        Sum { units, scale, rest: BigDecimal::default() }
    }

    /// A number so many times.
    pub(crate) fn times(number: &Decimal, count: u32) -> Sum {
        match number {
            Decimal::Small { units, scale } => Sum::of(i128::from(*units) * i128::from(count), *scale),
            Decimal::Big(exact) => Sum { units: 0, scale: 0, rest: &**exact * BigDecimal::from(count) },
        }
    }

    /// The sum with the other sign.
    pub(crate) fn negated(self) -> Sum {
        Sum { units: -self.units, rest: -self.rest, ..self }
    }

    /// Adds another sum.
    pub(crate) fn add(&mut self, other: &Sum) {
        if other.rest != BigDecimal::default() {
            self.rest += &other.rest;
        }
        let scale = self.scale.max(other.scale);
        let raised = |sum: &Sum| sum.units.checked_mul(10_i128.pow(u32::from(scale - sum.scale)));
        match (raised(self), raised(other)) {
            (Some(own), Some(others)) if own.checked_add(others).is_some() => {
                (self.units, self.scale) = (own + others, scale);
            }
            _ => self.rest += BigDecimal::new(other.units.into(), i64::from(other.scale)),
        }
    }

    /// The exact sum.
    pub(crate) fn exact(&self) -> BigDecimal {
        BigDecimal::new(self.units.into(), i64::from(self.scale)) + &self.rest
    }
}

const _: () = assert!(SCALE_MAX <= 18, "ten to the greatest scale fits into 64 bits");

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(texts: &[&str]) -> Numbers {
        let read: Vec<Decimal> =
            texts.iter().map(|text| Decimal::read(&text.parse().unwrap()).unwrap()).collect();
        Numbers::sort(&read.iter().collect::<Vec<_>>()).0
    }

    #[test]
    fn bounds_are_exact_in_both_forms() {
        let all = ["-3", "-0.5", "0", "19.9", "20", "9000000000"];
        let (small, large) = (numbers(&all), numbers(&[&all[..], &["1e30"]].concat()));
        assert!(matches!(small, Numbers::Fixed { scale: 1, .. }) && matches!(large, Numbers::Exact(_)));
        for bound in
            ["-1e39", "-3", "-2.99", "-0.5", "-0.49", "0", "19.89", "19.9", "19.91", "20", "1e25", "1e39"]
        {
            let bound: BigDecimal = bound.parse().unwrap();
            for numbers in [&small, &large] {
                let less = (0..numbers.len()).filter(|place| numbers.get(*place).exact() < bound).count();
                let equal = (0..numbers.len()).filter(|place| numbers.get(*place).exact() == bound).count();
                assert_eq!(
                    (numbers.below(&bound, false), numbers.below(&bound, true)),
                    (less, less + equal),
                    "{bound}"
                );
            }
        }
    }

    #[test]
    fn sums_are_exact_at_any_scale() {
        let mut sum = numbers(&["0.1", "0.25", "7"]).sum(&[3, 0, 1]);
        sum.add(&numbers(&["0.001", "1e30"]).sum(&[2, 1]));
        sum.add(&Sum::times(&Decimal::read(&"0.000000000000000001".parse().unwrap()).unwrap(), 2));
        let expected: BigDecimal = "1000000000000000000000000000007.302000000000000002".parse().unwrap();
        assert_eq!(sum.exact(), expected);
    }
}
