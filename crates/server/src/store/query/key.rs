//! Values as Postgres compares them: what cursors hold, and how both engines tell where a page ended.

use bigdecimal::BigDecimal;
use index::{Datum, Sort, SortKey};
use jiff::Timestamp;
use tokio_postgres::Row;

/// How a value's kind is ordered: the order of [`Datum`]. Zero and [`LAST`] are free for what is missing.
pub(super) const NUMBER: i32 = 1;
pub(super) const STRING: i32 = 2;
pub(super) const FALSE: i32 = 3;
pub(super) const TRUE: i32 = 4;
pub(super) const NULL: i32 = 5;
pub(super) const ARRAY: i32 = 6;
pub(super) const OBJECT: i32 = 7;
pub(super) const TIME: i32 = 8;
/// After every kind.
const LAST: i32 = 9;

/// The rank of what is missing: last in the order.
pub(super) fn missing(sort: &Sort) -> i32 {
    if sort.descending { 0 } else { LAST }
}

/// A value taken apart into what Postgres can compare: its kind, its number and its text. Neither of the latter is
/// null, so that equal values are equal in every column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Key {
    pub(super) rank: i32,
    pub(super) number: String,
    pub(super) text: String,
}

impl Key {
    /// What a customer is sorted by, as a cursor holds it. What is missing stands last in either direction.
    pub(super) fn of(key: &SortKey, sort: &Sort) -> Key {
        let plain = |rank| Key { rank, number: "0".to_owned(), text: String::new() };
        match key {
            None => plain(missing(sort)),
            Some(Datum::Number(number)) => Key { number: index::number::plain(number), ..plain(NUMBER) },
            Some(Datum::String(text)) => Key { text: text.clone(), ..plain(STRING) },
            Some(Datum::False) => plain(FALSE),
            Some(Datum::True) => plain(TRUE),
            Some(Datum::Null) => plain(NULL),
            Some(Datum::Array) => plain(ARRAY),
            Some(Datum::Object) => plain(OBJECT),
            Some(Datum::Time(time)) => Key { number: time.as_microsecond().to_string(), ..plain(TIME) },
        }
    }

    /// The key whose rank, number (as text) and text are the columns from `first`.
    pub(in crate::store) fn read(row: &Row, first: usize) -> Key {
        Key { rank: row.get(first), number: row.get(first + 1), text: row.get(first + 2) }
    }

    /// The value again; `None` for what is missing.
    pub(super) fn datum(self) -> Option<Datum> {
        Some(match self.rank {
            NUMBER => Datum::Number(decimal(&self.number)),
            STRING => Datum::String(self.text),
            FALSE => Datum::False,
            TRUE => Datum::True,
            NULL => Datum::Null,
            ARRAY => Datum::Array,
            OBJECT => Datum::Object,
            TIME => Datum::Time(self.number.parse().ok().and_then(time).unwrap_or_default()),
            _ => return None,
        })
    }
}

fn time(micros: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros).ok()
}

/// A number that Postgres printed.
pub(super) fn decimal(text: &str) -> BigDecimal {
    text.parse::<BigDecimal>().unwrap_or_default().normalized()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_back() {
        let time = Timestamp::from_microsecond(1_700_000_000_000_001).unwrap();
        let keys = [
            None,
            Some(Datum::Number("-19.90".parse::<BigDecimal>().unwrap().normalized())),
            Some(Datum::String("a\"b".to_owned())),
            Some(Datum::False),
            Some(Datum::True),
            Some(Datum::Null),
            Some(Datum::Array),
            Some(Datum::Object),
            Some(Datum::Time(time)),
        ];
        for descending in [false, true] {
            let sort = Sort { descending, ..Sort::default() };
            for key in &keys {
                assert_eq!(Key::of(key, &sort).datum(), *key);
            }
        }
    }
}
