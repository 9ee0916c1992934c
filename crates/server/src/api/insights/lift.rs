//! `/v1/insights/lift`: what goes together with an outcome.

#![allow(unused_qualifications, reason = "utoipa names the parameters' type by a path")]

use axum::{Json, extract::State};
use filter::Expr;
use index::insight::{
    landmark::{DAYS_MAX, Landmark, Outside},
    lift::{Answer, Held, LeftOut, Lift, Line, Why},
    people,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{Asked, CellOut, HeadOut, InsightBody, PeopleOut, Words, answer, parsed, reading, rounded, said};
use crate::{
    api::query::{datum, field, kind, within},
    http::{
        App, Problem,
        auth::Reader,
        fields::{self, QueryString},
        problem::FieldError,
    },
    store::query::insight::{Ask, Insight},
};

/// The most fields that may be named.
const FIELDS_MAX: usize = 50;
/// What every answer says.
pub(crate) const NOT_WHY: &str =
    "This shows what goes together, not why: whoever holds a value may differ in other ways.";
/// What is said where the outcome speaks of staying.
pub(crate) const STAYING: &str = "The outcome speaks of staying, and who stays longer has more time to come by a value: that alone may make the difference. Name a landmark, in days after first_seen, to compare what was held by then.";

/// An outcome, and among whom. Only the outcome must be given.
#[derive(Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LiftIn {
    /// What has become of them: a filter.
    #[schema(required, nullable = false, format = "outcome", example = "status = paid")]
    #[param(required, nullable = false, format = "outcome", example = "status = paid")]
    outcome: Option<String>,
    /// Among whom: a filter; empty is everybody.
    #[schema(format = "filter", example = "")]
    #[param(format = "filter")]
    filter: Option<String>,
    /// The fields and paths whose values are compared, at most 50. Left out: the 50 widest with at most 20 values, but for those
    /// that the outcome names.
    #[schema(value_type = Option<Vec<crate::api::query::FieldIn>>, max_items = 50, example = json!(["params.source"]))]
    #[param(value_type = Option<Vec<crate::api::query::FieldIn>>, inline, max_items = 50)]
    fields: Option<Vec<String>>,
    /// So many days after `first_seen`: compares what each held then, among those who were still there, so that staying is not
    /// why they hold it. Left out: what they hold now.
    #[schema(minimum = 1, maximum = 1000, example = 14)]
    #[param(minimum = 1, maximum = 1000)]
    landmark: Option<u64>,
    /// What was true at the landmark of those who were still there: a filter. Left out: `not status = churned`.
    #[schema(format = "held", example = "status = trial")]
    #[param(format = "held")]
    there: Option<String>,
    /// Only this project, by its slug. A project's key sees its own in any case.
    project: Option<String>,
    /// Across all test projects instead of all others.
    test: Option<bool>,
    /// The moment that everything is asked of, as in a query.
    #[schema(format = "moment", example = "2026-03-01")]
    #[param(format = "moment", example = "2026-03-01")]
    as_of: Option<String>,
    /// Waits until the account has reached this version, as a write has answered it.
    min_version: Option<i64>,
}

/// What goes together with an outcome, of one version.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiftOut {
    #[serde(flatten)]
    head: HeadOut,
    /// The outcome in its strict form.
    outcome: String,
    /// So many days after `first_seen` is what each held that is compared; null: now.
    landmark: Option<u32>,
    /// What was true then of those who are told of, in its strict form; null without a landmark.
    there: Option<String>,
    /// Who matches the filter and is not told of; null without a landmark.
    outside: Option<LiftOutsideOut>,
    /// The outcome among everybody who is told of.
    all: CellOut,
    /// What the numbers do not say.
    notes: Vec<&'static str>,
    /// How many lines were tested: the m of each q.
    tested: usize,
    /// Those that were tested, the strongest first: by the end of the difference's interval that is nearer to zero. Those whose
    /// interval holds zero come last.
    lines: Vec<LineOut>,
    /// Those that cannot be tested: all people are on one side, or all have one outcome.
    untested: Vec<LineOut>,
    /// Fields that were left out, and why.
    left_out: Vec<LeftOutOut>,
    /// Whether there are more paths with few values than were looked at.
    more: bool,
}

/// Those of whom nothing can be told at their landmark, or who were not there.
#[derive(Debug, Serialize, ToSchema)]
struct LiftOutsideOut {
    /// Whose landmark has not come yet.
    early: PeopleOut,
    /// Whose landmark is before history is kept; null where all of it is.
    unknown: Option<PeopleOut>,
    /// Who was not there at it.
    away: PeopleOut,
}

impl From<&Outside> for LiftOutsideOut {
    fn from(outside: &Outside) -> LiftOutsideOut {
        LiftOutsideOut {
            early: (&outside.early).into(),
            unknown: outside.unknown.as_ref().map(PeopleOut::from),
            away: (&outside.away).into(),
        }
    }
}

/// Those who hold something, and all others.
#[derive(Debug, Serialize, ToSchema)]
struct LineOut {
    /// The field, in its strict form.
    field: String,
    /// What those hold.
    held: HeldOut,
    /// What all others hold, where it is one thing: their line would be this one said twice.
    others: Option<HeldOut>,
    /// The outcome among those who hold it.
    with: CellOut,
    /// The outcome among the others.
    without: CellOut,
    /// The rate with it less that without; null where one is of nobody.
    difference: Option<f64>,
    /// The lower end of its 95% interval (Newcombe's).
    difference_low: Option<f64>,
    /// The upper end.
    difference_high: Option<f64>,
    /// The rate with it over that without; null where that is 0.
    ratio: Option<f64>,
    /// The lower end of its 95% interval (log-adjusted); null where all on both sides have the outcome.
    ratio_low: Option<f64>,
    /// The upper end.
    ratio_high: Option<f64>,
    /// The chance of a difference as large where there is none (Fisher's exact test, two-sided), to six digits.
    p: Option<f64>,
    /// Among all lines with such a q or a lower one, about this share is chance (Benjamini and Hochberg), to six digits.
    q: Option<f64>,
}

/// What somebody holds in a field.
#[derive(Debug, Serialize, ToSchema)]
struct HeldOut {
    /// `value`; `member`: it is in a list; `missing`: nothing.
    of: &'static str,
    /// The value.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    /// number, string, boolean, null, array or object.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
}

/// A field that was left out.
#[derive(Debug, Serialize, ToSchema)]
struct LeftOutOut {
    /// The field, in its strict form.
    field: String,
    /// `outcome`: the outcome names it; `values`: it has more than are compared, or had at the landmark; `text`: some are too long to be told.
    why: &'static str,
}

/// Tells what goes together with an outcome: for each value of each field, how often it is met with it and without.
///
/// It shows what goes together, not why. Many lines are tested at once, so some differ by chance: look at q.
#[utoipa::path(post, path = "/v1/insights/lift", tag = "insights", security(("key" = [])),
    request_body(content = LiftIn, example = json!({ "outcome": "status = paid" })),
    responses((status = 200, body = LiftOut, description = "The lines, of one version")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "query_too_slow", "version_not_reached", "index_not_ready"]))))]
pub async fn lift(
    State(app): State<App>,
    reader: Reader,
    body: InsightBody,
) -> Result<Json<LiftOut>, Problem> {
    answer(&app, &reader.view(), fields::body::<LiftIn>(&body.typed()?)?).await
}

/// Tells what goes together with an outcome, asked in the address.
///
/// Takes the same parameters; lists are separated by commas.
#[utoipa::path(get, path = "/v1/insights/lift", tag = "insights", security(("key" = [])), params(LiftIn),
    responses((status = 200, body = LiftOut, description = "The lines, of one version")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "query_too_slow", "version_not_reached", "index_not_ready"]))))]
pub async fn lift_by_address(
    State(app): State<App>,
    reader: Reader,
    address: QueryString,
) -> Result<Json<LiftOut>, Problem> {
    answer(&app, &reader.view(), address.read::<LiftIn>(reading)?).await
}

impl Asked for LiftIn {
    type Question = Lift;
    type Out = LiftOut;

    fn check(self) -> Result<(Ask, Lift), Problem> {
        let mut wrong = Vec::new();
        let LiftIn { outcome, filter, fields, landmark, there, project, test, as_of, min_version } = self;
        let outcome = outcome_of(said(outcome), &mut wrong);
        let named = fields.as_deref().unwrap_or_default();
        if named.len() > FIELDS_MAX {
            let detail = format!("{} are too many; at most {FIELDS_MAX} are compared at once", named.len());
            wrong.push(FieldError::new("/fields", detail));
        }
        let named: Vec<_> = named.iter().enumerate().take(FIELDS_MAX).collect();
        let named = named
            .into_iter()
            .filter_map(|(place, text)| field(text, &format!("/fields/{place}"), &mut wrong));
        let named: Vec<_> = named.collect();
        let fields = fields.filter(|fields| !fields.is_empty()).map(|_| named.clone());
        let landmark = landmark_of(landmark, said(there), &mut wrong);
        let question = Lift { outcome, fields, landmark };
        Ok((Words { filter, project, test, as_of, min_version }.ask(named, wrong)?, question))
    }

    fn told(question: &Lift, insight: &Insight<Answer>) -> LiftOut {
        let Answer { all, outside, staying, tested, lines, untested, left_out, more } = &insight.answer;
        let landmark = question.landmark.as_ref();
        LiftOut {
            head: HeadOut::new(insight),
            outcome: question.outcome.to_string(),
            landmark: landmark.map(|landmark| landmark.days),
            there: landmark.map(|landmark| landmark.there.to_string()),
            outside: outside.as_ref().map(LiftOutsideOut::from),
            all: CellOut::of(all, true),
            notes: [NOT_WHY].into_iter().chain(staying.then_some(STAYING)).collect(),
            tested: *tested,
            lines: lines.iter().map(LineOut::from).collect(),
            untested: untested.iter().map(LineOut::from).collect(),
            left_out: left_out.iter().map(LeftOutOut::from).collect(),
            more: *more,
        }
    }
}

/// The outcome, which must be given.
fn outcome_of(text: Option<String>, wrong: &mut Vec<FieldError>) -> Expr {
    if text.is_none() {
        let detail = "an outcome is needed, as in \"outcome\": \"status = paid\"";
        wrong.push(FieldError::new("/outcome", detail.to_owned()));
    }
    parsed(text, "/outcome", wrong).unwrap_or_else(|| Expr::new(None))
}

/// The landmark, and who was there, which says nothing without one.
fn landmark_of(days: Option<u64>, there: Option<String>, wrong: &mut Vec<FieldError>) -> Option<Landmark> {
    if days.is_none() && there.is_some() {
        let detail = "this is asked at a landmark, and none is named, as in \"landmark\": 14";
        wrong.push(FieldError::new("/there", detail.to_owned()));
        return None;
    }
    let days = within(Some(days?), 1, DAYS_MAX.into(), "/landmark", wrong);
    let there = parsed(there, "/there", wrong).unwrap_or_else(people::staying);
    Some(Landmark { days: u32::try_from(days).unwrap_or(DAYS_MAX), there })
}

impl From<&Line> for LineOut {
    fn from(line: &Line) -> LineOut {
        let (difference, ratio) = (line.difference, line.ratio);
        let interval = ratio.and_then(|ratio| ratio.interval);
        LineOut {
            field: line.field.to_string(),
            held: (&line.held).into(),
            others: line.others.as_ref().map(HeldOut::from),
            with: CellOut::of(&line.with, true),
            without: CellOut::of(&line.without, true),
            difference: difference.map(|difference| rounded(difference.value)),
            difference_low: difference.map(|difference| rounded(difference.interval.low)),
            difference_high: difference.map(|difference| rounded(difference.interval.high)),
            ratio: ratio.and_then(|ratio| ratio.value).map(rounded),
            ratio_low: interval.map(|interval| rounded(interval.low)),
            ratio_high: interval.map(|interval| rounded(interval.high)),
            p: line.test.map(|test| six_digits(test.p)),
            q: line.test.map(|test| six_digits(test.q)),
        }
    }
}

/// To six digits, however small it is.
fn six_digits(number: f64) -> f64 {
    format!("{number:.5e}").parse().unwrap_or(number)
}

impl From<&Held> for HeldOut {
    fn from(held: &Held) -> HeldOut {
        let some = |of, value| HeldOut { of, value: Some(datum(value)), kind: Some(kind(value)) };
        match held {
            Held::Value(value) => some("value", value),
            Held::Member(value) => some("member", value),
            Held::Missing => HeldOut { of: "missing", value: None, kind: None },
        }
    }
}

impl From<&LeftOut> for LeftOutOut {
    fn from(left: &LeftOut) -> LeftOutOut {
        let why = match left.why {
            Why::Outcome => "outcome",
            Why::Values => "values",
            Why::Text => "text",
        };
        LeftOutOut { field: left.field.to_string(), why }
    }
}
