//! How pages write numbers and times.

use std::fmt::Display;

use jiff::Timestamp;

/// A whole number in groups of three: `12,345`.
pub fn count(number: impl Display) -> String {
    group(&number.to_string())
}

/// Groups the whole digits of a decimal number; its decimals stay as they are.
pub fn group(number: &str) -> String {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("−", rest));
    let (whole, decimals) = rest.split_once('.').map_or((rest, ""), |(whole, d)| (whole, d));
    if !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return number.to_owned();
    }
    let mut grouped = String::from(sign);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !decimals.is_empty() {
        grouped.push('.');
        grouped.push_str(decimals);
    }
    grouped
}

/// `5 people`, `1 person`.
pub fn of(number: impl Display, one: &str, many: &str) -> String {
    let number = number.to_string();
    format!("{} {}", group(&number), if number == "1" { one } else { many })
}

/// A day as `12 Mar 2026`, in UTC; the element's title has the instant.
pub fn day(at: &Timestamp) -> String {
    at.strftime("%-d %b %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(group("-1234.50"), "−1,234.50");
        assert_eq!(group("100"), "100");
        assert_eq!(group("(array)"), "(array)");
        assert_eq!(of(1, "customer", "customers"), "1 customer");
    }
}
