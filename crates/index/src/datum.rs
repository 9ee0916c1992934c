//! A field's value as groups, facets and orders see it.

use std::collections::BTreeMap;

use bigdecimal::BigDecimal;
use filter::{
    Content, Document, Field,
    calendar::day_of,
    epoch,
    value::{self, Instant, Kind, Moment},
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::Value;
use uuid::Uuid;

use crate::GROUP_TEXT;

/// A value. The order of the variants is the order of sorting; numbers are exact, strings go by code point.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Datum {
    /// A number: `1` and `1.0` are the same.
    Number(BigDecimal),
    /// A string.
    String(String),
    /// `false`
    False,
    /// `true`
    True,
    /// A stored null, which is not a missing key.
    Null,
    /// Any array.
    Array,
    /// Any object.
    Object,
    /// The value of a time field.
    Time(Timestamp),
}

impl Datum {
    /// What a JSON value is.
    pub fn of(json: &Value) -> Datum {
        match json {
            Value::Null => Datum::Null,
            Value::Bool(false) => Datum::False,
            Value::Bool(true) => Datum::True,
            Value::Number(number) => match value::decimal(number) {
                Some(number) => Datum::Number(number),
                None => Datum::String(number.to_string()),
            },
            Value::String(text) => Datum::String(text.clone()),
            Value::Array(_) => Datum::Array,
            Value::Object(_) => Datum::Object,
        }
    }

    /// The value of a field; `None` when it is missing. Projects are told by their slugs.
    pub fn read(document: &Document<'_>, field: &Field, projects: &BTreeMap<Uuid, String>) -> Option<Datum> {
        Some(match field.read(document)? {
            Content::Text(text) => Datum::String(text.to_owned()),
            Content::Time(time) => Datum::Time(time),
            Content::Project(project) => Datum::String(projects.get(&project)?.clone()),
            Content::Json(value) => Datum::of(value),
        })
    }

    /// Its kind; `None` for times, which JSON does not have.
    pub fn kind(&self) -> Option<Kind> {
        Some(match self {
            Datum::Number(_) => Kind::Number,
            Datum::String(_) => Kind::String,
            Datum::False | Datum::True => Kind::Boolean,
            Datum::Null => Kind::Null,
            Datum::Array => Kind::Array,
            Datum::Object => Kind::Object,
            Datum::Time(_) => return None,
        })
    }

    /// Whether groups show all of it. What is longer is not told apart: by what is shown nobody finds it again.
    pub fn is_whole(&self) -> bool {
        !matches!(self, Datum::String(text) if !is_whole(text))
    }

    /// When it is, if it is a time, or a string or a number that is a date.
    pub fn moment(&self) -> Option<Moment> {
        match self {
            Datum::String(text) => value::moment(text),
            Datum::Time(time) => Some(Moment::Instant(Instant::from(*time))),
            Datum::Number(number) => epoch::instant(number).map(Moment::Instant),
            _ => None,
        }
    }
}

/// Whether groups show all of a text.
pub(crate) fn is_whole(text: &str) -> bool {
    text.len() < GROUP_TEXT || text.chars().count() < GROUP_TEXT
}

/// The civil day of a moment: date-only strings have one of their own, instants have that of the zone.
pub(crate) fn day(moment: Moment, zone: &TimeZone) -> Date {
    match moment {
        Moment::Day(day) => day,
        Moment::Instant(instant) => day_of(instant, zone),
    }
}
