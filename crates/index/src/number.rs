//! Exact decimals: printing, and the one rounding that a query does.

use bigdecimal::{BigDecimal, RoundingMode};

/// Places after the point of an average.
const AVG_PLACES: i64 = 12;

/// A decimal without an exponent and without trailing zeros: `19.9`, `0`, `-1200`.
///
/// ```
/// assert_eq!(index::number::plain(&"19.90".parse().unwrap()), "19.9");
/// assert_eq!(index::number::plain(&"1.2e3".parse().unwrap()), "1200");
/// ```
pub fn plain(number: &BigDecimal) -> String {
    number.normalized().to_plain_string()
}

/// `sum / count`, rounded half away from zero to 12 places. `count` is not 0.
///
/// ```
/// assert_eq!(index::number::plain(&index::number::average(&2.into(), 3)), "0.666666666667");
/// assert_eq!(index::number::plain(&index::number::average(&(-2).into(), 3)), "-0.666666666667");
/// ```
pub fn average(sum: &BigDecimal, count: u64) -> BigDecimal {
    (sum / BigDecimal::from(count)).with_scale_round(AVG_PLACES, RoundingMode::HalfUp).normalized()
}

/// The mean of two numbers, exactly.
pub fn middle(lower: &BigDecimal, upper: &BigDecimal) -> BigDecimal {
    ((lower + upper) * BigDecimal::new(5.into(), 1)).normalized()
}

/// The lower end of the interval of this width that holds a number; intervals begin at multiples of the width.
pub fn floor_to(number: &BigDecimal, width: &BigDecimal) -> BigDecimal {
    let rest = number % width;
    let below = if rest < 0 { rest + width } else { rest };
    (number - below).normalized()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> BigDecimal {
        text.parse().unwrap()
    }

    #[test]
    fn buckets_hold_their_lower_end() {
        for (value, width, lower) in [
            ("0", "10", "0"),
            ("9.99", "10", "0"),
            ("10", "10", "10"),
            ("-0.01", "10", "-10"),
            ("-10", "10", "-10"),
            ("0.3", "0.1", "0.3"),
            ("12345678901234567890123456789012345678.9", "0.2", "12345678901234567890123456789012345678.8"),
        ] {
            assert_eq!(plain(&floor_to(&number(value), &number(width))), lower, "{value} by {width}");
        }
    }

    #[test]
    fn averages_round_half_away_from_zero() {
        assert_eq!(plain(&average(&number("0.000000000001"), 2)), "0.000000000001");
        assert_eq!(plain(&average(&number("-0.000000000001"), 2)), "-0.000000000001");
        assert_eq!(plain(&average(&number("0.0000000000009"), 2)), "0");
        assert_eq!(plain(&middle(&number("0.1"), &number("0.2"))), "0.15");
    }
}
