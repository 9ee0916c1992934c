//! A value as columns tell it apart.

use bigdecimal::BigDecimal;
use filter::{Content, Document, Field};
use jiff::Timestamp;
use serde_json::Value;

use crate::{Datum, decimal::Decimal};

/// A value: what a [`Datum`] is, borrowed. The order of the variants is the order of sorting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Symbol<'a> {
    /// A number.
    Number(Decimal),
    /// A string.
    Text(&'a str),
    /// `false`
    False,
    /// `true`
    True,
    /// A stored null.
    Null,
    /// Any array.
    Array,
    /// Any object.
    Object,
    /// The value of a time field, in microseconds since 1970.
    Time(i64),
}

impl<'a> Symbol<'a> {
    /// What a JSON value is.
    pub(crate) fn of(json: &'a Value) -> Symbol<'a> {
        match json {
            Value::Null => Symbol::Null,
            Value::Bool(false) => Symbol::False,
            Value::Bool(true) => Symbol::True,
            // What is beyond the limits of numbers is stored by nobody; it is then a text, as `Datum::of` says.
            Value::Number(number) => {
                Decimal::read(number).map_or(Symbol::Text(number.as_str()), Symbol::Number)
            }
            Value::String(text) => Symbol::Text(text),
            Value::Array(_) => Symbol::Array,
            Value::Object(_) => Symbol::Object,
        }
    }

    /// What a document holds in a field; `None` when it is missing, and for projects, of which all rows of a chunk
    /// have the same.
    #[inline]
    pub(crate) fn read(document: &Document<'a>, field: &Field) -> Option<Symbol<'a>> {
        match field.read(document)? {
            Content::Text(text) => Some(Symbol::Text(text)),
            Content::Time(time) => Some(Symbol::Time(micros(time))),
            Content::Json(value) => Some(Symbol::of(value)),
            Content::Project(_) => None,
        }
    }

    /// What a datum is.
    pub(crate) fn from_datum(datum: &'a Datum) -> Symbol<'a> {
        match datum {
            Datum::Number(number) => Symbol::Number(Decimal::of(number)),
            Datum::String(text) => Symbol::Text(text),
            Datum::False => Symbol::False,
            Datum::True => Symbol::True,
            Datum::Null => Symbol::Null,
            Datum::Array => Symbol::Array,
            Datum::Object => Symbol::Object,
            Datum::Time(time) => Symbol::Time(micros(*time)),
        }
    }

    /// The value as answers hold it.
    pub(crate) fn datum(&self) -> Datum {
        match self {
            Symbol::Number(number) => Datum::Number(normal(number)),
            Symbol::Text(text) => Datum::String((*text).to_owned()),
            Symbol::False => Datum::False,
            Symbol::True => Datum::True,
            Symbol::Null => Datum::Null,
            Symbol::Array => Datum::Array,
            Symbol::Object => Datum::Object,
            Symbol::Time(micros) => Datum::Time(Timestamp::from_microsecond(*micros).unwrap_or_default()),
        }
    }
}

/// A number without trailing zeros, on either side of the point. Small ones are spared a look at their digits one by one.
fn normal(number: &Decimal) -> BigDecimal {
    let Decimal::Small { units: mut digits, scale } = *number else {
        return number.exact().normalized();
    };
    let mut scale = i64::from(scale);
    while digits != 0 && digits % 10 == 0 {
        digits /= 10;
        scale -= 1;
    }
    BigDecimal::new(digits.into(), scale)
}

/// A time as microseconds since 1970, which is what Postgres stores of it.
pub(crate) fn micros(time: Timestamp) -> i64 {
    filter::value::Instant::from(time).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_are_normal_as_large_ones_are() {
        for text in ["0", "1", "-1", "100", "-2000", "1.5", "0.001", "-0.05", "9223372036854775807", "1e30"] {
            let number = Decimal::of(&text.parse().unwrap());
            let exact: BigDecimal = text.parse().unwrap();
            assert_eq!(
                normal(&number).as_bigint_and_exponent(),
                exact.normalized().as_bigint_and_exponent(),
                "{text}"
            );
        }
    }
}
