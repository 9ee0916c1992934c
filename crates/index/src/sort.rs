//! Orders: `params.mrr`, `-last_activity`.

use std::{cmp::Ordering, fmt, str::FromStr};

use filter::{Error, Field};

use crate::{Datum, text};

/// Strings are sorted by this many code points.
pub const SORT_TEXT: usize = 128;

/// An order of customers by a field. What has no value comes last both ways; ties go by customer id, ascending.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sort {
    /// The field.
    pub field: Field,
    /// Greatest first.
    pub descending: bool,
}

/// What a customer is sorted by: its value cut to [`SORT_TEXT`]; `None` when it has none.
pub type SortKey = Option<Datum>;

impl Sort {
    /// What a value is sorted by.
    pub fn key(value: Option<Datum>) -> SortKey {
        value.map(|datum| match datum {
            Datum::String(text) => Datum::String(text.chars().take(SORT_TEXT).collect()),
            other => other,
        })
    }

    /// The order of two keys.
    pub fn compare(&self, left: &SortKey, right: &SortKey) -> Ordering {
        match (left, right) {
            (Some(left), Some(right)) if self.descending => right.cmp(left),
            (Some(left), Some(right)) => left.cmp(right),
            // `None` is last: `is_none` of what has a value is `false`, and that is less.
            _ => left.is_none().cmp(&right.is_none()),
        }
    }
}

/// Seen last, first.
impl Default for Sort {
    fn default() -> Self {
        Sort { field: Field::LastActivity, descending: true }
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.descending { "-" } else { "" }, self.field)
    }
}

impl FromStr for Sort {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let start = text::whole(text).start;
        let rest = &text[start..];
        let (descending, skipped) = match rest.as_bytes().first() {
            Some(b'-') => (true, 1),
            Some(b'+') => (false, 1),
            _ => (false, 0),
        };
        let field = text::field_at(text, start + skipped, &rest[skipped..])?;
        Ok(Sort { field, descending })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms() {
        for (text, strict) in [
            ("mrr", "params.mrr"),
            (" -mrr ", "-params.mrr"),
            ("+last_seen", "last_activity"),
            ("-params.\"-a\"", "-params.\"-a\""),
        ] {
            let read: Sort = text.parse().unwrap();
            assert_eq!(read.to_string(), strict);
            assert_eq!(strict.parse::<Sort>().unwrap(), read);
        }
        let error = "-params.".parse::<Sort>().unwrap_err();
        assert!(error.span.start >= 1 && error.column >= 2, "{error:?}");
    }

    #[test]
    fn what_has_no_value_is_last_both_ways() {
        let (one, two) = (Some(Datum::Number(1.into())), Some(Datum::Number(2.into())));
        for descending in [false, true] {
            let sort = Sort { field: Field::Email, descending };
            assert_eq!(sort.compare(&one, &two).is_lt(), !descending);
            assert_eq!(sort.compare(&one, &None), Ordering::Less);
            assert_eq!(sort.compare(&None, &two), Ordering::Greater);
            assert_eq!(sort.compare(&None, &None), Ordering::Equal);
        }
    }
}
