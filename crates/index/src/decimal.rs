//! Exact decimals, small ones without an allocation.

use std::cmp::Ordering;

use bigdecimal::{BigDecimal, ToPrimitive};
use filter::{
    epoch,
    value::{self, Instant},
};
use serde_json::Number;

/// The most places after the point of a [`Decimal::Small`]: a number of as many places more still fits into an `i128`.
pub(crate) const SCALE_MAX: u8 = 18;

/// An exact number. A number that can be `Small` is, without trailing zeros, so that equal numbers are equal in form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Decimal {
    /// `units / 10^scale`
    Small {
        /// The digits with their sign.
        units: i64,
        /// Places after the point, [`SCALE_MAX`] at most.
        scale: u8,
    },
    /// Anything else.
    Big(Box<BigDecimal>),
}

impl Decimal {
    /// The value of a JSON number; `None` for what nothing stores ([`value::decimal`]).
    pub(crate) fn read(number: &Number) -> Option<Decimal> {
        Decimal::plain(number.as_str()).or_else(|| Decimal::any(number))
    }

    /// The value of a JSON number by its text.
    pub(crate) fn parse(text: &str) -> Option<Decimal> {
        Decimal::plain(text).or_else(|| Decimal::any(&text.parse().ok()?))
    }

    fn any(number: &Number) -> Option<Decimal> {
        value::decimal(number).map(|exact| Decimal::of(&exact))
    }

    /// Reads `-19.90`, as nearly all numbers are written: up to 18 digits and no exponent.
    fn plain(text: &str) -> Option<Decimal> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        if digits.len() > usize::from(SCALE_MAX) {
            return None;
        }
        let (mut units, mut scale, mut point) = (0_i64, 0_u8, false);
        for byte in digits.bytes() {
            match byte {
                b'0'..=b'9' => {
                    units = units * 10 + i64::from(byte - b'0');
                    scale += u8::from(point);
                }
                b'.' if !point => point = true,
                _ => return None,
            }
        }
        Some(Decimal::small(if negative { -units } else { units }, scale))
    }

    /// `units / 10^scale` in its only form.
    pub(crate) fn small(mut units: i64, mut scale: u8) -> Decimal {
        while scale > 0 && units % 10 == 0 {
            units /= 10;
            scale -= 1;
        }
        Decimal::Small { units, scale }
    }

    /// The same number in its only form.
    pub(crate) fn of(exact: &BigDecimal) -> Decimal {
        let (digits, scale) = exact.as_bigint_and_scale();
        if let (Some(units), Ok(scale @ 0..=SCALE_MAX)) = (digits.to_i64(), u8::try_from(scale)) {
            return Decimal::small(units, scale);
        }
        let normal = exact.normalized();
        let scale = normal.fractional_digit_count();
        let small = match u8::try_from(scale) {
            Ok(scale) if scale <= SCALE_MAX => {
                normal.as_bigint_and_scale().0.to_i64().map(|units| (units, scale))
            }
            // Zeros before the point: at most 40 of them, see `value::DIGITS_MAX`.
            Err(_) if (-40..0).contains(&scale) => normal.to_i64().map(|units| (units, 0)),
            _ => None,
        };
        match small {
            Some((units, scale)) => Decimal::Small { units, scale },
            None => Decimal::Big(Box::new(normal)),
        }
    }

    /// When it is, if it is asked as a date.
    pub(crate) fn instant(&self) -> Option<Instant> {
        match self {
            Decimal::Small { units, scale } => epoch::instant_of((*units).into(), (*scale).into()),
            Decimal::Big(exact) => epoch::instant(exact),
        }
    }

    /// The number for calculating.
    pub(crate) fn exact(&self) -> BigDecimal {
        match self {
            Decimal::Small { units, scale } => BigDecimal::new((*units).into(), i64::from(*scale)),
            Decimal::Big(exact) => (**exact).clone(),
        }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        match (self, other) {
            (Decimal::Small { units: a, scale: s }, Decimal::Small { units: b, scale: t }) => {
                let power = |scale: u8| 10_i128.pow(u32::from(scale));
                let (a, b) = (i128::from(*a), i128::from(*b));
                (a * power(t.saturating_sub(*s))).cmp(&(b * power(s.saturating_sub(*t))))
            }
            (Decimal::Big(a), Decimal::Big(b)) => a.cmp(b),
            _ => self.exact().cmp(&other.exact()),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Decimal {
        Decimal::read(&text.parse().unwrap()).unwrap()
    }

    #[test]
    fn equal_numbers_have_one_form() {
        for (a, b) in
            [("1", "1.0"), ("19.90", "19.9"), ("1e2", "100"), ("-0", "0"), ("0.000", "0"), ("12e-1", "1.2")]
        {
            assert_eq!(read(a), read(b), "{a} {b}");
        }
        assert_eq!(read("1e30"), read("1000000000000000000000000000000"));
        assert!(matches!(read("9223372036854775807"), Decimal::Small { units: i64::MAX, scale: 0 }));
        assert!(matches!(read("9223372036854775808"), Decimal::Big(_)));
    }

    #[test]
    fn numbers_are_ordered_by_value() {
        let ascending = [
            "-1e30",
            "-9223372036854775809",
            "-2.5",
            "-2",
            "0",
            "0.000000000000000001",
            "1",
            "1.5",
            "9e18",
            "1e19",
        ];
        for pair in ascending.windows(2) {
            assert!(read(pair[0]) < read(pair[1]), "{pair:?}");
            assert!(read(pair[0]).exact() < read(pair[1]).exact(), "{pair:?}");
        }
    }
}
