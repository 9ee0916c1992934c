//! `/v1/insights/…`: numbers to act on. Every cell carries the filter that lists its people.

pub mod breakdown;
pub mod conversion;
pub mod lift;
pub mod movements;
pub mod overlap;
pub mod referrals;
pub mod retention;

use axum::Json;
use filter::{Expr, Field, calendar::Unit};
use index::insight::{By, Cell, Kept, People, Rate};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::query::{self, WarningOut, datum, kind, milliseconds, within};
use crate::{
    http::{
        App, Problem, body,
        fields::{self, Reading},
        problem::FieldError,
    },
    store::{
        View,
        query::{
            Warning,
            insight::{Ask, Insight, Tell},
        },
    },
};

/// An insight's body: the longest filters and room for the rest.
type InsightBody = body::Json<{ 256 << 10 }>;

/// The most values that are told apart.
const VALUES_MAX: u64 = 50;
/// How many are, where nobody says.
const VALUES: u64 = 8;

/// A question as it stands on the wire, or in the address of a page.
pub(crate) trait Asked: Sized {
    /// The question itself.
    type Question: Tell;
    /// The answer as it stands on the wire.
    type Out;

    /// Checks everything that needs none of the account's words; names all that is wrong.
    fn check(self) -> Result<(Ask, Self::Question), Problem>;

    /// The answer.
    fn told(question: &Self::Question, insight: &Insight<<Self::Question as Tell>::Answer>) -> Self::Out;
}

/// Answers a question.
async fn answer<A: Asked>(app: &App, view: &View, asked: A) -> Result<Json<A::Out>, Problem> {
    let (ask, question) = asked.check()?;
    fields::seen(app, view, &ask.rows).await?;
    let insight = app.insight(view, &ask, &question).await?;
    Ok(Json(A::told(&question, &insight)))
}

/// The words that every question has.
pub(crate) struct Words {
    pub(crate) filter: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) test: Option<bool>,
    pub(crate) as_of: Option<String>,
    pub(crate) min_version: Option<i64>,
}

impl Words {
    /// Of whom it is asked, with the fields that it names; unless something is wrong.
    pub(crate) fn ask(self, fields: Vec<Field>, mut wrong: Vec<FieldError>) -> Result<Ask, Problem> {
        let rows =
            fields::rows(self.project, self.test).map_err(|error| wrong.push(error)).unwrap_or_default();
        if !wrong.is_empty() {
            return Err(Problem::fields(wrong));
        }
        let (filter, min_version) = (self.filter.unwrap_or_default(), self.min_version.unwrap_or(0));
        Ok(Ask { filter, rows, as_of: self.as_of, fields, min_version, ..Ask::default() })
    }
}

/// Some people, and the filter that lists them.
#[derive(Debug, Serialize, ToSchema)]
struct PeopleOut {
    /// How many they are.
    count: u64,
    /// Lists them: `/v1/query` finds as many, `as_of` the same moment.
    filter: String,
}

impl From<&People> for PeopleOut {
    fn from(people: &People) -> PeopleOut {
        PeopleOut { count: people.count, filter: people.people.to_string() }
    }
}

/// Some of some people.
#[derive(Debug, Serialize, ToSchema)]
struct RateOut {
    /// How many they are.
    count: u64,
    /// Of how many.
    of: u64,
    /// `count / of`, from 0 to 1; null of nobody.
    rate: Option<f64>,
    /// The lower end of its 95% interval (Wilson's).
    low: Option<f64>,
    /// The upper end.
    high: Option<f64>,
    /// Of fewer than 30, a rate says little.
    small: bool,
}

impl RateOut {
    /// A rate; what is not over is none yet.
    fn of(rate: Rate, is_over: bool) -> RateOut {
        let interval = rate.interval().filter(|_| is_over);
        RateOut {
            count: rate.some,
            of: rate.all,
            rate: rate.share().filter(|_| is_over).map(rounded),
            low: interval.map(|interval| rounded(interval.low)),
            high: interval.map(|interval| rounded(interval.high)),
            small: rate.is_small(),
        }
    }
}

/// Some of some people, and the filters that list them.
#[derive(Debug, Serialize, ToSchema)]
struct CellOut {
    #[serde(flatten)]
    rate: RateOut,
    /// Lists who is counted: `/v1/query` finds as many relationships, `as_of` the same moment.
    filter: String,
    /// Lists all of whom they are.
    of_filter: String,
}

impl CellOut {
    /// A cell; what is not over is no rate yet.
    fn of(cell: &Cell, is_over: bool) -> CellOut {
        CellOut {
            rate: RateOut::of(cell.rate, is_over),
            filter: cell.some.to_string(),
            of_filter: cell.all.to_string(),
        }
    }
}

/// What people hold who are told apart from others.
#[derive(Debug, Serialize, ToSchema)]
struct KeptOut {
    /// `all`, `value`, `other` (values that are not told apart) or `missing`.
    of: &'static str,
    /// The value.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    /// number, string, boolean, null, array or object.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
}

impl From<&Kept> for KeptOut {
    fn from(kept: &Kept) -> KeptOut {
        let of = |of| KeptOut { of, value: None, kind: None };
        match kept {
            Kept::All => of("all"),
            Kept::Value(value) => {
                KeptOut { value: Some(datum(value)), kind: Some(kind(value)), ..of("value") }
            }
            Kept::Other => of("other"),
            Kept::Missing => of("missing"),
        }
    }
}

/// What every insight says of itself.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HeadOut {
    /// The account's version that was answered from.
    version: i64,
    /// How long it took, in milliseconds.
    took_ms: f64,
    /// What `now` meant.
    #[schema(value_type = String, format = DateTime)]
    now: Timestamp,
    /// The moment that all of it is of; left out where that is the present.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    as_of: Option<Timestamp>,
    /// The filter in its strict form.
    filter: String,
    /// What you may have meant otherwise.
    warnings: Vec<WarningOut>,
}

impl HeadOut {
    pub(super) fn new<A>(insight: &Insight<A>) -> HeadOut {
        let warning = |warning: &Warning| WarningOut::from(warning.clone());
        HeadOut {
            version: insight.version,
            took_ms: milliseconds(insight.took),
            now: insight.now,
            as_of: insight.as_of,
            filter: insight.filter.clone(),
            warnings: insight.warnings.iter().map(warning).collect(),
        }
    }
}

/// Rounded half away from zero to six places.
fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

/// How the words of a question are written in an address.
pub(crate) fn reading(name: &str) -> Reading {
    match name {
        "fields" => Reading::List,
        "within" => Reading::Numbers,
        "limit" | "periods" | "days" | "landmark" | "min_version" => Reading::Number,
        "test" | "then" => Reading::Flag,
        _ => Reading::Text,
    }
}

/// What was said, if anything was: an empty word is one that is left out.
pub(crate) fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// A filter by its text, if there is one.
fn parsed(text: Option<String>, pointer: &str, wrong: &mut Vec<FieldError>) -> Option<Expr> {
    filter::parse(&said(text)?).map_err(|error| wrong.push(FieldError::of_text(pointer, &error))).ok()
}

/// A field by its name, if there is one.
pub(crate) fn field(text: Option<String>, pointer: &str, wrong: &mut Vec<FieldError>) -> Option<Field> {
    query::field(&said(text)?, pointer, wrong)
}

/// A unit of the calendar by its name.
fn unit(name: Option<String>, known: &[Unit], default: Unit, wrong: &mut Vec<FieldError>) -> Unit {
    query::unit(said(name).as_deref(), "unit", known, default, wrong)
}

/// The field whose values are told apart, and how many of them.
fn by(text: Option<String>, limit: Option<u64>, wrong: &mut Vec<FieldError>) -> Option<By> {
    let limit = within(limit, VALUES, VALUES_MAX, "/limit", wrong);
    let field = field(text, "/by", wrong)?;
    if field.is_time() {
        wrong.push(FieldError::new("/by", format!("{field} holds times, nearly all of them different")));
    }
    Some(By { field, limit })
}

/// What is said of currencies that are the same but for their letters' case.
fn spellings<'k>(currencies: impl Iterator<Item = &'k Kept>) -> Option<String> {
    let name = |currency: &Kept| match KeptOut::from(currency).value {
        Some(Value::String(name)) => Some(name),
        _ => None,
    };
    let names: Vec<String> = currencies.filter_map(name).collect();
    let is_same = |one: &String, other: &String| one != other && one.to_lowercase() == other.to_lowercase();
    let (one, other) =
        names.iter().find_map(|one| Some((one, names.iter().find(|other| is_same(one, other))?)))?;
    Some(format!(
        "{one} and {other} are told apart, as they are written: if they are one currency, write it one way."
    ))
}
