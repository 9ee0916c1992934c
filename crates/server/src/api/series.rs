//! `/v1/series`: one question at the end of each step of a period.

#![allow(unused_qualifications, reason = "utoipa names the parameters' type by a path")]

use axum::{Json, extract::State};
use filter::calendar::Unit;
use index::Grouping;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::query::{AggregateOut, GroupsOut, WarningOut, engine, field, list, milliseconds, unit, within};
use crate::{
    http::{
        App, Problem,
        auth::Reader,
        body,
        fields::{self, QueryString, Reading},
    },
    store::query::{Fallback, Point, Series, SeriesAnswer},
};

/// A series' body: the longest filter and room for the rest.
type SeriesBody = body::Json<{ 256 << 10 }>;

/// Values that may be told apart.
const LIMIT_MAX: u64 = 100;
/// The steps that there are.
const STEPS: [Unit; 4] = [Unit::Day, Unit::Week, Unit::Month, Unit::Quarter];

/// A question, and when it is asked. Everything may be left out.
#[derive(Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SeriesIn {
    /// A sentence of the filter language; empty is everybody. Its relative dates are relative to each point.
    #[schema(format = "filter", example = "status = paid")]
    #[param(format = "filter", example = "status = paid")]
    filter: Option<String>,
    /// Only this project, by its slug. A project's key sees its own in any case.
    project: Option<String>,
    /// Across all test projects instead of all others.
    test: Option<bool>,
    /// day, week, month (which it is when left out) or quarter, in the account's zone; weeks begin on Monday.
    #[schema(value_type = Option<StepIn>)]
    #[param(value_type = Option<StepIn>, inline)]
    step: Option<String>,
    /// A period as filters write it: the steps that it touches are answered, at most 1,000. Left out: `last 12 months`, or
    /// since when history is kept.
    #[schema(format = "period", example = "last 24 months")]
    #[param(format = "period", example = "last 24 months")]
    period: Option<String>,
    /// sum, avg, min, max or median of a path.
    #[schema(value_type = Option<Vec<super::query::AggregateIn>>, max_items = 50, example = json!(["sum(params.mrr)"]))]
    #[param(value_type = Option<Vec<super::query::AggregateIn>>, inline, max_items = 50)]
    aggregates: Option<Vec<String>>,
    /// A field or path whose values are told apart.
    #[schema(format = "field", example = "params.plan")]
    #[param(format = "field", example = "params.plan")]
    by: Option<String>,
    /// How many values are, 1 to 100 (10 when left out): those that most have at the last point. The rest are `other`.
    #[schema(minimum = 1, maximum = 100)]
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// Waits until the account has reached this version, as a write has answered it.
    min_version: Option<i64>,
    /// `index` or `sql`: only this one answers, for tests. Both answer the same.
    #[schema(value_type = Option<super::query::EngineIn>)]
    #[param(value_type = Option<super::query::EngineIn>, inline)]
    engine: Option<String>,
}

/// What a period is cut into.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "a schema: Unit has the names that are read")]
pub(super) enum StepIn {
    Day,
    Week,
    Month,
    Quarter,
}

/// The points of a series, all of one version.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeriesOut {
    /// The account's version that was answered from.
    version: i64,
    /// What answered: `index` or `sql`.
    engine: &'static str,
    /// Why the index did not answer, as in a query's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<&'static str>,
    /// How long it took, in milliseconds.
    took_ms: f64,
    /// The present that it was asked in.
    #[schema(value_type = String, format = DateTime)]
    now: Timestamp,
    /// The filter in its strict form.
    filter: String,
    /// day, week, month or quarter.
    step: &'static str,
    /// The points, oldest first.
    points: Vec<PointOut>,
    /// What you may have meant otherwise.
    warnings: Vec<WarningOut>,
}

/// What a query says as of the end of one step.
#[derive(Debug, Serialize, ToSchema)]
struct PointOut {
    /// What the step is called: `2026-03`, `2026-Q1`; days and weeks by their first day.
    label: String,
    /// The first day of the step.
    #[schema(format = Date)]
    from: String,
    /// The last one.
    #[schema(format = Date)]
    to: String,
    /// The moment that it is of: the last instant of that day, or now.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Whether the step is over; the last one that is not is as of now.
    over: bool,
    /// Customers that matched.
    count: u64,
    /// Relationships that matched.
    relationships: u64,
    /// The aggregates, in the order asked.
    aggregates: Vec<AggregateOut>,
    /// By value: the same rows at every point, in the same order.
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<GroupsOut>,
}

/// Answers a question at the end of each day, week, month or quarter of a period.
///
/// Each point is exactly what `/v1/query` answers with `as_of` that moment; all are of one version.
#[utoipa::path(post, path = "/v1/series", tag = "query", security(("key" = [])),
    request_body(content = Option<SeriesIn>, example = json!({ "filter": "status = paid", "step": "month", "period": "last 24 months",
        "aggregates": ["sum(params.mrr)"], "by": "params.plan" })),
    responses((status = 200, body = SeriesOut, description = "The points, of one version")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "query_too_slow", "version_not_reached", "index_not_ready"]))))]
pub async fn series(
    State(app): State<App>,
    reader: Reader,
    body: SeriesBody,
) -> Result<Json<SeriesOut>, Problem> {
    run(&app, &reader, fields::body(&body.typed()?)?).await.map(Json)
}

/// Answers a series that stands in the address.
///
/// Takes the same parameters; lists are separated by commas.
#[utoipa::path(get, path = "/v1/series", tag = "query", security(("key" = [])), params(SeriesIn),
    responses((status = 200, body = SeriesOut, description = "The points, of one version")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "query_too_slow", "version_not_reached", "index_not_ready"]))))]
pub async fn series_by_address(
    State(app): State<App>,
    reader: Reader,
    address: QueryString,
) -> Result<Json<SeriesOut>, Problem> {
    run(&app, &reader, address.read(SeriesIn::reading)?).await.map(Json)
}

async fn run(app: &App, reader: &Reader, ask: SeriesIn) -> Result<SeriesOut, Problem> {
    let series = ask.check()?;
    fields::seen(app, &reader.view(), &series.rows).await?;
    let answer = app.series(&reader.view(), &series).await?;
    Ok(SeriesOut::new(&series, answer))
}

impl SeriesIn {
    fn reading(name: &str) -> Reading {
        match name {
            "aggregates" => Reading::List,
            "limit" | "min_version" => Reading::Number,
            "test" => Reading::Flag,
            _ => Reading::Text,
        }
    }

    /// Checks everything but the filter and the period, which need the account's words; names all that is wrong.
    fn check(self) -> Result<Series, Problem> {
        let mut wrong = Vec::new();
        let aggregates = list(self.aggregates.as_deref().unwrap_or_default(), "/aggregates", &mut wrong);
        let step = unit(self.step.as_deref(), "step", &STEPS, Unit::Month, &mut wrong);
        let by = self.by.as_deref().and_then(|text| field(text, "/by", &mut wrong));
        let limit = within(self.limit, 10, LIMIT_MAX, "/limit", &mut wrong);
        let engine = engine(self.engine.as_deref(), &mut wrong);
        let rows =
            fields::rows(self.project, self.test).map_err(|error| wrong.push(error)).unwrap_or_default();
        if !wrong.is_empty() {
            return Err(Problem::fields(wrong));
        }
        Ok(Series {
            filter: self.filter.unwrap_or_default(),
            rows,
            aggregates,
            step,
            period: self.period.filter(|period| !period.trim().is_empty()),
            by,
            limit,
            listed: None,
            min_version: self.min_version.unwrap_or(0),
            engine,
        })
    }
}

impl SeriesOut {
    fn new(series: &Series, answer: SeriesAnswer) -> SeriesOut {
        SeriesOut {
            version: answer.version,
            engine: answer.engine.as_str(),
            fallback: answer.fallback.map(Fallback::as_str),
            took_ms: milliseconds(answer.took),
            now: answer.now,
            filter: answer.filter,
            step: series.step.as_str(),
            points: answer.points.into_iter().map(|point| PointOut::new(series, point)).collect(),
            warnings: answer.warnings.into_iter().map(WarningOut::from).collect(),
        }
    }
}

impl PointOut {
    fn new(series: &Series, point: Point) -> PointOut {
        let names: Vec<String> = series.aggregates.iter().map(ToString::to_string).collect();
        let by = series.by.clone().map(Grouping::Value);
        let groups = point.groups.zip(by).map(|(groups, by)| GroupsOut::new(&by, &groups, &names));
        let totals = names.into_iter().zip(&point.totals);
        PointOut {
            label: series.step.label(point.from),
            from: point.from.to_string(),
            to: point.to.to_string(),
            at: point.at,
            over: point.is_over,
            count: point.count.customers,
            relationships: point.count.relationships,
            aggregates: totals.map(|(name, total)| AggregateOut::new(name, total)).collect(),
            groups,
        }
    }
}
