//! What JSON values mean to filters: their kinds, their exact numbers, and the strings among them that are dates.

use std::fmt;

use bigdecimal::BigDecimal;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Number, Value};

/// The kind of a JSON value, as `is` asks for it. Ordered as sorting orders the kinds of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A number.
    Number,
    /// A string.
    String,
    /// `true` or `false`.
    Boolean,
    /// `null`, which is a value: a key that holds it exists.
    Null,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 6] =
        [Kind::Number, Kind::String, Kind::Boolean, Kind::Null, Kind::Array, Kind::Object];

    /// The kind of a value.
    pub fn of(value: &Value) -> Kind {
        match value {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Boolean,
            Value::Number(_) => Kind::Number,
            Value::String(_) => Kind::String,
            Value::Array(_) => Kind::Array,
            Value::Object(_) => Kind::Object,
        }
    }

    /// The word of the filter language, which is also what Postgres' `jsonb_typeof` answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Boolean => "boolean",
            Kind::Number => "number",
            Kind::String => "string",
            Kind::Array => "array",
            Kind::Object => "object",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Words for yes, as programs and people write them, those of several letters first.
pub const YES: [&str; 6] = ["true", "yes", "on", "y", "t", "1"];
/// Their opposites, in the same order.
pub const NO: [&str; 6] = ["false", "no", "off", "n", "f", "0"];

/// What a word says that is one for yes or no.
///
/// ```
/// use filter::value::yes_or_no;
/// assert_eq!([yes_or_no("Yes"), yes_or_no("f"), yes_or_no("2")], [Some(true), Some(false), None]);
/// ```
pub fn yes_or_no(word: &str) -> Option<bool> {
    let is = |words: [&str; 6]| words.iter().any(|other| other.eq_ignore_ascii_case(word));
    if is(YES) { Some(true) } else { is(NO).then_some(false) }
}

/// Signs and codes of money that people write beside a number.
const CURRENCIES: [&str; 16] = [
    "$", "€", "£", "¥", "₹", "usd", "eur", "gbp", "jpy", "inr", "chf", "cad", "aud", "us$", "dollars",
    "euros",
];

/// The number of a text that is one, perhaps with a currency before or behind it.
///
/// ```
/// use filter::value::money;
/// let number = |text| money(text).map(|number| number.to_string());
/// for text in ["19.90", "$19.90", "19.90$", "19.90 EUR", "€ 19.90"] {
///     assert_eq!(number(text).as_deref(), Some("19.90"), "{text}");
/// }
/// assert!(["pro", "", "$", "20 users", "1,000 EUR"].map(number).iter().all(Option::is_none));
/// ```
pub fn money(text: &str) -> Option<Number> {
    let number = text.trim_matches(|c: char| !(c.is_ascii_digit() || c == '-'));
    let (before, after) = text.split_once(number).filter(|_| !number.is_empty())?;
    let currency = match (before.trim(), after.trim()) {
        (currency, "") | ("", currency) => currency.to_lowercase(),
        _ => return None,
    };
    let is_money = currency.is_empty() || CURRENCIES.contains(&currency.as_str());
    number.parse().ok().filter(|_| is_money)
}

/// The most digits that a number may have when it is written plainly, without an exponent.
pub const DIGITS_MAX: i64 = 40;

/// The exact value of a JSON number; `None` beyond [`DIGITS_MAX`] digits, which nothing stores and no filter asks for.
/// The bound keeps comparison cheap: `1e999999999` would otherwise be a gigabyte.
pub fn decimal(number: &Number) -> Option<BigDecimal> {
    let exact: BigDecimal = number.as_str().parse().ok()?;
    let exact = exact.normalized();
    let below_point = exact.fractional_digit_count().max(0);
    let above_point = (exact.digits() as i64).saturating_sub(exact.fractional_digit_count()).max(1);
    (above_point.saturating_add(below_point) <= DIGITS_MAX).then_some(exact)
}

/// A point in time in microseconds since 1970-01-01T00:00Z. Wider than [`Timestamp`], because a stored date-time can
/// name the last hours of the year 9999 west of Greenwich.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub i64);

impl Instant {
    /// The instant at which clocks at `offset` from Greenwich show `local`, cut to the microsecond.
    pub(crate) fn at(local: DateTime, offset: Offset) -> Instant {
        let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
        let elapsed = epoch.duration_until(local);
        let micros = elapsed.as_micros() as i64; // fits: twenty thousand years are 6e17 microseconds
        Instant(micros - i64::from(offset.seconds()) * 1_000_000)
    }

    /// Whether it lies in the years 0001-9999 of Greenwich, so that the language can write it.
    pub(crate) fn is_printable(self) -> bool {
        (-62_135_596_800_000_000..253_402_300_800_000_000).contains(&self.0)
    }

    /// The date and time of the instant in Greenwich.
    pub(crate) fn utc(self) -> DateTime {
        let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
        epoch.saturating_add(SignedDuration::from_micros(self.0))
    }

    /// The same instant as a [`Timestamp`], or the nearest that one can hold.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }

    /// What the clocks of a zone show.
    pub(crate) fn shown(self, zone: &TimeZone) -> DateTime {
        let offset = zone.to_offset(self.timestamp());
        Instant(self.0.saturating_add(i64::from(offset.seconds()) * 1_000_000)).utc()
    }
}

impl From<Timestamp> for Instant {
    fn from(timestamp: Timestamp) -> Instant {
        // Seconds and the rest are of one sign, and the rest is rounded down. No 128 bits: this is done for every row.
        Instant(
            timestamp.as_second() * 1_000_000 + i64::from(timestamp.subsec_nanosecond().div_euclid(1_000)),
        )
    }
}

/// A stored string that says when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// `2026-03-29`: a whole civil day, whatever the zone.
    Day(Date),
    /// `2026-03-29T10:00:00Z`: a point in time.
    Instant(Instant),
}

/// Reads a string as a date: `YYYY-MM-DD`, or that and `T`, `t` or one space and `HH:MM[:SS[.f…]]` with `Z`, `z`, ` UTC`,
/// `±HH[[:]MM]`, which may have a space before it, or nothing, which means UTC. A real calendar day, years 0001-9999,
/// hour ≤ 23, second ≤ 59, offset ≤ 14:00; digits beyond microseconds are cut off. `sql` has the same rule as a regular
/// expression.
///
/// ```
/// use filter::value::{Moment, moment};
/// assert!(matches!(moment("2024-02-29"), Some(Moment::Day(_))));
/// assert!(matches!(moment("2024-02-29 10:00+0530"), Some(Moment::Instant(_))));
/// assert_eq!(moment("2026-02-29"), None);
/// ```
pub fn moment(text: &str) -> Option<Moment> {
    let bytes = text.as_bytes();
    let date = day(bytes.get(..10)?)?;
    match bytes.get(10) {
        None => Some(Moment::Day(date)),
        Some(b'T' | b't' | b' ') => instant(date, &bytes[11..]).map(Moment::Instant),
        Some(_) => None,
    }
}

/// `YYYY-MM-DD`, a day that exists.
fn day(bytes: &[u8]) -> Option<Date> {
    let [year @ .., b'-', m1, m2, b'-', d1, d2] = bytes else { return None };
    let year = two_digits(&year[..2])? * 100 + two_digits(&year[2..])?;
    if year == 0 {
        return None;
    }
    Date::new(year, two_digits(&[*m1, *m2])? as i8, two_digits(&[*d1, *d2])? as i8).ok()
}

/// `HH:MM[:SS[.f…]]` and a zone, on the given day.
fn instant(date: Date, bytes: &[u8]) -> Option<Instant> {
    let (clock, rest) = bytes.split_at_checked(5)?;
    let [h1, h2, b':', m1, m2] = clock else { return None };
    let (hour, minute) = (two_digits(&[*h1, *h2])?, two_digits(&[*m1, *m2])?);
    let (second, micros, zone) = seconds(rest)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let local = date.at(hour as i8, minute as i8, second as i8, micros * 1_000);
    Some(Instant::at(local, offset(zone)?))
}

/// The optional `:SS[.f…]`: seconds, microseconds and what follows them.
fn seconds(bytes: &[u8]) -> Option<(i16, i32, &[u8])> {
    let [b':', s1, s2, rest @ ..] = bytes else { return Some((0, 0, bytes)) };
    let second = two_digits(&[*s1, *s2])?;
    let [b'.', rest @ ..] = rest else { return Some((second, 0, rest)) };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let shown = rest[..digits].iter().map(|byte| i32::from(byte - b'0'));
    let micros = shown.chain(std::iter::repeat(0)).take(6).fold(0, |micros, digit| micros * 10 + digit);
    Some((second, micros, &rest[digits..]))
}

/// `Z`, ` UTC`, `±HH[[:]MM]` with or without a space before it, or nothing.
fn offset(bytes: &[u8]) -> Option<Offset> {
    let bytes = match bytes {
        [] | b"Z" | b"z" | b" UTC" => return Some(Offset::UTC),
        [b' ', bytes @ ..] => bytes,
        bytes => bytes,
    };
    let (sign, hours, minutes) = match bytes {
        [sign @ (b'+' | b'-'), h1, h2] => (sign, [*h1, *h2], *b"00"),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] | [sign @ (b'+' | b'-'), h1, h2, m1, m2] => {
            (sign, [*h1, *h2], [*m1, *m2])
        }
        _ => return None,
    };
    let (hours, minutes) = (i32::from(two_digits(&hours)?), i32::from(two_digits(&minutes)?));
    if minutes > 59 || hours * 60 + minutes > 14 * 60 {
        return None;
    }
    let seconds = (hours * 60 + minutes) * 60;
    Offset::from_seconds(if *sign == b'-' { -seconds } else { seconds }).ok()
}

fn two_digits(bytes: &[u8]) -> Option<i16> {
    match bytes {
        [tens @ b'0'..=b'9', units @ b'0'..=b'9'] => {
            Some(i16::from(tens - b'0') * 10 + i16::from(units - b'0'))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_cut_down_to_the_microsecond() {
        for (nanoseconds, microseconds) in
            [(1_500, 1), (-1, -1), (-1_000, -1), (-1_500, -2), (-1_000_000_500, -1_000_001), (0, 0)]
        {
            let timestamp = Timestamp::from_nanosecond(nanoseconds).unwrap();
            assert_eq!(Instant::from(timestamp), Instant(microseconds), "{nanoseconds} ns");
        }
    }
}
