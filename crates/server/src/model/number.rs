//! Exact numbers: any JSON number as plain digits, the way jsonb keeps it, within the limits that keep it harmless.
//!
//! `1e131071` is eight characters that Postgres stores and prints as 131,079, and `1e400` passes jsonb only to fail every
//! later cast to a float. Both end here.

use bigdecimal::BigDecimal;
use serde_json::Number;

/// The most digits that a number may have when it is written plainly. It also keeps every number within f64.
pub(crate) const DIGITS_MAX: usize = 40;

/// The number written plainly: no exponent, its decimals kept (`19.90`), no negative zero. `None` over
/// [`DIGITS_MAX`] digits.
pub(crate) fn plain(number: &Number) -> Option<Number> {
    let text = number.as_str();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_plain = !text.contains(['e', 'E']) && !text.starts_with("-0");
    match is_plain {
        true => (digits <= DIGITS_MAX).then(|| number.clone()),
        false => unfold(text).map(Number::from_string_unchecked),
    }
}

/// The exact value, for arithmetic. Every number that went through [`plain`] has one.
pub(crate) fn exact(number: &Number) -> Option<BigDecimal> {
    number.as_str().parse().ok()
}

/// A result of arithmetic as a JSON number, or `None` over the limit.
pub(crate) fn from_exact(value: &BigDecimal) -> Option<Number> {
    plain(&Number::from_string_unchecked(value.to_plain_string()))
}

/// Writes out an exponent: `-1.50e1` is `-15.0`.
fn unfold(text: &str) -> Option<String> {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{decimals}");
    let zero = digits.bytes().all(|digit| digit == b'0');
    let point = exponent.parse::<i64>().ok()?.checked_add(whole.len() as i64)?;
    let text = match usize::try_from(point) {
        Ok(_) if zero && point >= digits.len() as i64 => "0".to_owned(),
        Ok(point) if point > 0 => place(&digits, point)?,
        _ => format!("0.{}{digits}", zeros(usize::try_from(-point).ok()?)?),
    };
    let sign = if zero { "" } else { sign };
    (text.bytes().filter(u8::is_ascii_digit).count() <= DIGITS_MAX).then(|| format!("{sign}{text}"))
}

/// The digits with the point after the first `point` of them, without leading zeros.
fn place(digits: &str, point: usize) -> Option<String> {
    let padded = format!("{digits}{}", zeros(point.saturating_sub(digits.len()))?);
    let (whole, decimals) = padded.split_at(point);
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    Some(if decimals.is_empty() { whole.to_owned() } else { format!("{whole}.{decimals}") })
}

fn zeros(count: usize) -> Option<String> {
    (count <= DIGITS_MAX).then(|| "0".repeat(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Option<String> {
        plain(&serde_json::from_str(text).unwrap()).map(|number| number.to_string())
    }

    #[test]
    fn numbers_keep_their_value_and_their_decimals() {
        for (given, expected) in [
            ("19.90", "19.90"),
            ("9007199254740993", "9007199254740993"),
            ("0", "0"),
            ("-0", "0"),
            ("-0.0", "0.0"),
            ("-0.5", "-0.5"),
            ("1e2", "100"),
            ("1.50e1", "15.0"),
            ("15e-1", "1.5"),
            ("1E-3", "0.001"),
            ("0.5e1", "5"),
            ("0.05e1", "0.5"),
            ("-1.25e-2", "-0.0125"),
            ("0e400", "0"),
            ("1e39", "1000000000000000000000000000000000000000"),
            ("1e-39", "0.000000000000000000000000000000000000001"),
        ] {
            assert_eq!(written(given).as_deref(), Some(expected), "{given}");
        }
    }

    #[test]
    fn what_takes_over_forty_digits_is_refused() {
        let long = "1".repeat(41);
        for text in [
            "1e40",
            "1e400",
            "1e-40",
            "1e131071",
            "1e-400",
            "1e99999999999999999999",
            "-1e9223372036854775807",
            &long,
        ] {
            assert_eq!(written(text), None, "{text}");
        }
        assert!(written(&"1".repeat(40)).is_some());
    }

    #[test]
    fn arithmetic_is_exact() {
        let sum = exact(&serde_json::from_str("0.1").unwrap()).unwrap()
            + exact(&serde_json::from_str("0.20").unwrap()).unwrap();
        assert_eq!(from_exact(&sum).unwrap().to_string(), "0.30");
    }
}
