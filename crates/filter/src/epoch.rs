//! Numbers that are points in time: seconds or milliseconds since 1970, as billing providers and JavaScript send them.

use std::ops::Bound;

use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive};
use serde_json::Value;

use crate::value::{Instant, Moment, decimal, moment};

/// When a stored value is, if it is asked as a date: a string that [`moment`] reads, or a number that [`instant`] does.
pub fn dated(value: &Value) -> Option<Moment> {
    match value {
        Value::String(text) => moment(text),
        Value::Number(number) => instant(&decimal(number)?).map(Moment::Instant),
        _ => None,
    }
}

/// Reads a number as a point in time: seconds from 1e9 up to 1e10 (the years 2001 to 2286), or milliseconds from 1e12 up to
/// 1e13. What is finer than a microsecond is cut off. Other numbers are no dates.
///
/// ```
/// use filter::{epoch::instant, value::Instant};
/// assert_eq!(instant(&1_789_344_000.into()), Some(Instant(1_789_344_000_000_000)));
/// assert_eq!(instant(&1_789_344_000_000_i64.into()), Some(Instant(1_789_344_000_000_000)));
/// assert_eq!(instant(&29.into()), None);
/// ```
pub fn instant(number: &BigDecimal) -> Option<Instant> {
    let (units, scale) = (number.with_scale_round(6, RoundingMode::Floor).into_bigint_and_scale().0, 6);
    instant_of(units.to_i128()?, scale)
}

/// Reads the number `units / 10^scale` so; the scale is 18 at most.
pub fn instant_of(units: i128, scale: u32) -> Option<Instant> {
    let one = 10_i128.pow(scale);
    let is_in =
        |(from, until): (i64, i64)| units >= i128::from(from) * one && units < i128::from(until) * one;
    let epoch = Epoch::ALL.into_iter().find(|epoch| is_in(epoch.numbers()))?;
    // The number has 13 digits before the point, and thousandths of those that have more than ten.
    Some(Instant((units * 10_i128.pow(epoch.places()) / one) as i64))
}

/// What a number that is a point in time counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epoch {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
}

impl Epoch {
    /// Both, in the order of their numbers.
    pub const ALL: [Epoch; 2] = [Epoch::Seconds, Epoch::Milliseconds];

    /// How many decimals make it microseconds.
    pub fn places(self) -> u32 {
        match self {
            Epoch::Seconds => 6,
            Epoch::Milliseconds => 3,
        }
    }

    /// The numbers that are read so: from the first, up to the second and without it.
    pub fn numbers(self) -> (i64, i64) {
        match self {
            Epoch::Seconds => (1_000_000_000, 10_000_000_000),
            Epoch::Milliseconds => (1_000_000_000_000, 10_000_000_000_000),
        }
    }

    /// The numbers that are points in time between two instants: from the first, up to the second and without it; `None`
    /// where there are none. A number is cut off to its microsecond, so those of an instant end where the next begins.
    pub fn between(self, bounds: &(Bound<Instant>, Bound<Instant>)) -> Option<(BigDecimal, BigDecimal)> {
        let number = |instant: i64| BigDecimal::new(instant.into(), self.places().into());
        let (from, until) = self.numbers();
        let (mut from, mut until) = (BigDecimal::from(from), BigDecimal::from(until));
        from = match bounds.0 {
            Bound::Included(least) => from.max(number(least.0)),
            Bound::Excluded(before) => from.max(number(before.0.saturating_add(1))),
            Bound::Unbounded => from,
        };
        until = match bounds.1 {
            Bound::Included(last) => until.min(number(last.0.saturating_add(1))),
            Bound::Excluded(end) => until.min(number(end.0)),
            Bound::Unbounded => until,
        };
        (from < until).then_some((from, until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> BigDecimal {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_are_read_between_their_limits() {
        for (text, micros) in [
            ("999999999.999999", None),
            ("1000000000", Some(1_000_000_000_000_000)),
            ("1773136800.25", Some(1_773_136_800_250_000)),
            ("1773136800.0000019", Some(1_773_136_800_000_001)),
            ("9999999999.9999999", Some(9_999_999_999_999_999)),
            ("10000000000", None),
            ("999999999999.9", None),
            ("1e12", Some(1_000_000_000_000_000)),
            ("1773136800123.4567", Some(1_773_136_800_123_456)),
            ("9999999999999.9999", Some(9_999_999_999_999_999)),
            ("1e13", None),
            ("-1773136800", None),
        ] {
            assert_eq!(instant(&number(text)), micros.map(Instant), "{text}");
        }
    }

    /// The numbers of a range are those whose instants lie in it.
    #[test]
    fn a_range_of_instants_is_one_of_numbers() {
        let ends = [1_773_136_800_000_000, 1_773_136_800_000_001, 999_999_999_999_999, i64::MIN, i64::MAX];
        let bounds = ends.into_iter().map(Instant);
        let bounds: Vec<_> = bounds
            .flat_map(|at| [Bound::Included(at), Bound::Excluded(at)])
            .chain([Bound::Unbounded])
            .collect();
        let numbers = ["1773136800", "1773136800.000001", "1773136800.0000015", "1773136799.9999999", "1e9"]
            .map(number)
            .into_iter()
            .flat_map(|seconds| [seconds.clone(), seconds * BigDecimal::from(1_000)]);
        for number in numbers {
            let at = instant(&number).unwrap();
            for (from, to) in bounds.iter().flat_map(|from| bounds.iter().map(move |to| (*from, *to))) {
                let found = Epoch::ALL.iter().filter_map(|epoch| epoch.between(&(from, to)));
                let found = found.into_iter().any(|(from, until)| number >= from && number < until);
                let expected = std::ops::RangeBounds::contains(&(from, to), &at);
                assert_eq!(found, expected, "{number} in {from:?} .. {to:?}");
            }
        }
    }
}
