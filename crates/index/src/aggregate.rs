//! Aggregates: `sum(params.mrr)`, `median(params.score)`, `max(last_activity)`.

use std::{fmt, str::FromStr};

use filter::{Error, Field, Span};

use crate::text::{self, Hint};

/// What is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// The exact sum of the numbers; 0 without any.
    Sum,
    /// Sum divided by count, rounded half away from zero to 12 places.
    Avg,
    /// The least number; where there is no number, the earliest date. A number that could be a date is a number.
    Min,
    /// The greatest number; where there is no number, the latest date.
    Max,
    /// The exact mean of the two middle numbers.
    Median,
}

impl Function {
    /// Every function.
    pub const ALL: [Function; 5] =
        [Function::Sum, Function::Avg, Function::Min, Function::Max, Function::Median];

    /// Its name in texts.
    pub fn as_str(self) -> &'static str {
        match self {
            Function::Sum => "sum",
            Function::Avg => "avg",
            Function::Min => "min",
            Function::Max => "max",
            Function::Median => "median",
        }
    }

    /// Whether it also speaks of dates.
    pub fn orders(self) -> bool {
        matches!(self, Function::Min | Function::Max)
    }
}

/// A function of a field over the relationships that match.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Aggregate {
    /// What is computed.
    pub function: Function,
    /// Of which field: a path, or for [`Function::orders`] a time field too.
    pub field: Field,
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.function.as_str(), self.field)
    }
}

impl FromStr for Aggregate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let Some(call) = text::call(text)? else {
            return Err(text::error(
                text,
                text::whole(text),
                format!("{:?} is not an aggregate", text.trim()),
            )
            .hint("write sum, avg, min, max or median and a path, as in sum(params.mrr)"));
        };
        let known = Function::ALL.into_iter().find(|f| f.as_str().eq_ignore_ascii_case(call.name));
        let function = known.ok_or_else(|| unknown(text, call.name_span, call.name))?;
        let field = text::field_at(text, call.argument_start, call.argument)?;
        if field.path().is_some() || (function.orders() && field.is_time()) {
            return Ok(Aggregate { function, field });
        }
        let span = Span::new(call.argument_start, call.argument_start + call.argument.len());
        let name = function.as_str();
        Err(text::error(text, span, format!("{field} holds no numbers: {name} cannot use it"))
            .hint(format!("use a path of params, as in {name}(params.mrr)")))
    }
}

fn unknown(text: &str, span: Span, name: &str) -> Error {
    let candidates = match name.to_ascii_lowercase().as_str() {
        "average" | "mean" => vec!["avg".to_owned()],
        "total" => vec!["sum".to_owned()],
        "minimum" | "least" => vec!["min".to_owned()],
        "maximum" | "greatest" => vec!["max".to_owned()],
        _ => Vec::new(),
    };
    let error = text::error(text, span, format!("{name} is not an aggregate"))
        .hint("there are sum, avg, min, max and median");
    Error { candidates, ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms() {
        for (text, strict) in [
            ("sum(params.mrr)", "sum(params.mrr)"),
            (" SUM( mrr ) ", "sum(params.mrr)"),
            ("max(last_seen)", "max(last_activity)"),
            ("median(params.\"a)b\".c)", "median(params.\"a)b\".c)"),
        ] {
            let read: Aggregate = text.parse().unwrap();
            assert_eq!(read.to_string(), strict);
            assert_eq!(strict.parse::<Aggregate>().unwrap(), read);
        }
    }

    #[test]
    fn errors_point_at_the_words() {
        for (text, start, end, message) in [
            ("params.mrr", 0, 10, "\"params.mrr\" is not an aggregate"),
            ("average(mrr)", 0, 7, "average is not an aggregate"),
            ("sum(email)", 4, 9, "email holds no numbers: sum cannot use it"),
            ("sum(first_seen)", 4, 14, "first_seen holds no numbers: sum cannot use it"),
            ("sum(params.mrr", 14, 14, "the parenthesis is never closed"),
            ("sum()", 4, 4, "expected a field, found nothing"),
        ] {
            let error = text.parse::<Aggregate>().unwrap_err();
            assert_eq!((error.span.start, error.span.end, error.message.as_str()), (start, end, message));
        }
    }
}
