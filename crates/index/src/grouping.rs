//! Groupings: `params.source`, `month(params.signed_up_at)`, `bucket(params.mrr, 10)`.

use std::{fmt, str::FromStr};

use bigdecimal::{BigDecimal, Zero};
use filter::{Error, Field, Span, calendar::Unit, value};

use crate::{
    number,
    text::{self, Call, Hint},
};

/// How relationships are put into groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// One group per type and value.
    Value(Field),
    /// One group per calendar unit of the field's dates, in the account's zone.
    Period(Unit, Field),
    /// One group per interval of this width; an interval holds its lower end.
    Bucket(Field, BigDecimal),
}

impl Grouping {
    /// The field that is grouped by.
    pub fn field(&self) -> &Field {
        match self {
            Grouping::Value(field) | Grouping::Period(_, field) | Grouping::Bucket(field, _) => field,
        }
    }
}

impl fmt::Display for Grouping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Grouping::Value(field) => write!(f, "{field}"),
            Grouping::Period(unit, field) => write!(f, "{}({field})", unit.as_str()),
            Grouping::Bucket(field, width) => write!(f, "bucket({field}, {})", number::plain(width)),
        }
    }
}

impl FromStr for Grouping {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let Some(call) = text::call(text)? else {
            return text::field_at(text, 0, text).map(Grouping::Value);
        };
        let name = call.name.to_ascii_lowercase();
        match Unit::ALL.into_iter().find(|unit| unit.as_str() == name) {
            Some(unit) => period(text, unit, &call),
            None if name == "bucket" => bucket(text, &call),
            None => Err(text::error(text, call.name_span, format!("{} is not a way to group", call.name))
                .hint(
                    "there are day, week, month, quarter, year and bucket, as in month(params.signed_up_at)",
                )),
        }
    }
}

fn period(text: &str, unit: Unit, call: &Call<'_>) -> Result<Grouping, Error> {
    let field = text::field_at(text, call.argument_start, call.argument)?;
    if field.path().is_some() || field.is_time() {
        return Ok(Grouping::Period(unit, field));
    }
    let span = Span::new(call.argument_start, call.argument_start + call.argument.len());
    Err(text::error(text, span, format!("{field} holds no dates"))
        .hint(format!("use a time field or a path, as in {}(first_seen)", unit.as_str())))
}

fn bucket(text: &str, call: &Call<'_>) -> Result<Grouping, Error> {
    let example = "write the path and the width, as in bucket(params.mrr, 10)";
    let Some((path, width)) = call.argument.rsplit_once(',') else {
        let span = Span::new(call.argument_start, call.argument_start + call.argument.len());
        return Err(text::error(text, span, "a bucket needs a width").hint(example));
    };
    let field = text::field_at(text, call.argument_start, path)?;
    if field.path().is_none() {
        let span = Span::new(call.argument_start, call.argument_start + path.len());
        return Err(text::error(text, span, format!("{field} holds no numbers")).hint(example));
    }
    let start = call.argument_start + path.len() + 1;
    let read = width.trim().parse().ok().and_then(|number| value::decimal(&number));
    match read.filter(|width: &BigDecimal| *width > BigDecimal::zero()) {
        Some(width) => Ok(Grouping::Bucket(field, width)),
        None => {
            let span = Span::new(start, start + width.len());
            let message = format!("{:?} is not a width: it must be a number above 0", width.trim());
            Err(text::error(text, span, message).hint(example))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms() {
        for (text, strict) in [
            ("source", "params.source"),
            ("status", "status"),
            ("Month( signed_up_at )", "month(params.signed_up_at)"),
            ("year(first_seen)", "year(first_seen)"),
            ("bucket(mrr,10)", "bucket(params.mrr, 10)"),
            ("bucket(params.\"a,b\", 0.50)", "bucket(params.\"a,b\", 0.5)"),
            ("params.\"month(x)\"", "params.\"month(x)\""),
        ] {
            let read: Grouping = text.parse().unwrap();
            assert_eq!(read.to_string(), strict);
            assert_eq!(strict.parse::<Grouping>().unwrap(), read);
        }
    }

    #[test]
    fn errors_point_at_the_words() {
        for (text, start, end, message) in [
            ("decade(x)", 0, 6, "decade is not a way to group"),
            ("month(email)", 6, 11, "email holds no dates"),
            ("bucket(mrr)", 7, 10, "a bucket needs a width"),
            ("bucket(mrr, 0)", 11, 13, "\"0\" is not a width: it must be a number above 0"),
            ("bucket(mrr, 1e99)", 11, 16, "\"1e99\" is not a width: it must be a number above 0"),
            ("bucket(status, 1)", 7, 13, "status holds no numbers"),
        ] {
            let error = text.parse::<Grouping>().unwrap_err();
            assert_eq!((error.span.start, error.span.end, error.message.as_str()), (start, end, message));
        }
    }
}
